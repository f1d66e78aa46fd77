//! The host presses Start: on to Zoom, or a page that says why not and what can be done.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::line::Wait;
use crate::app::start::{Start, With};
use crate::domain::admission::Refusal;
use crate::domain::ids::MeetingId;
use crate::domain::meeting::{LONGEST, Stage};
use crate::domain::plan::Problem;
use crate::domain::time::{Instant, Window};
use crate::domain::when;
use crate::store::meetings::{self, MeetingView};
use crate::store::pool;

use super::super::departure::leave_for;
use super::super::forms::Form;
use super::super::page::{Answer, Chrome, page_with};
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;
use super::line;

#[derive(Deserialize)]
struct Fields {
    /// Set when the host begins without a license if need be.
    #[serde(default)]
    without: String,
}

/// Another page that helps.
struct Way {
    href: String,
    label: &'static str,
}

#[derive(Template)]
#[template(path = "meetings/start.html")]
struct StartPage {
    chrome: Chrome,
    href: String,
    title: &'static str,
    words: String,
    /// How long it may take until a license comes free, and what the client sees meanwhile.
    wait: Option<String>,
    can_retry: bool,
    can_wait: bool,
    /// What beginning without a license means, when that is possible.
    without: Option<&'static str>,
    ways: Vec<Way>,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![RouteRow::post("/t/{slug}/meetings/{id}/start", Access::Staff, || web::to(start))]
}

async fn start(staff: Staff, site: web::Data<Site>, Form(form): Form<Fields>) -> Answer {
    let id = super::meeting_id(staff.request())?;
    let with = if form.without == "1" { With::WhateverThereIs } else { With::License };
    match site.app.start(&staff.scope(), &staff.user, &id, with).await? {
        Start::Go(url) => leave_for(&site, url.reveal()),
        Start::NoLicense(problem) => no_license(&staff, &site, &id, problem).await,
        Start::Refused(Refusal::SeatBusy) => seat_busy(&staff, &site, &id).await,
        Start::Refused(refusal) => refused(&staff, &site, &id, refusal).await,
        Start::TooEarly(at) => too_early(&staff, &id, at),
        Start::Cancelled => {
            let words = "It was called off. Book a new meeting instead, or start one now.";
            let ways = vec![
                Way::new(staff.path("/meetings/new"), "Book a meeting"),
                Way::new(staff.path("/meetings/now"), "Start a meeting now"),
            ];
            page_with(StatusCode::CONFLICT, &StartPage { ways, ..start_page(&staff, &id, "This meeting was cancelled", words) })
        }
        Start::Zoom(words) => {
            let page = StartPage { can_retry: true, ..start_page(&staff, &id, "Zoom did not start the meeting", words) };
            page_with(StatusCode::SERVICE_UNAVAILABLE, &page)
        }
    }
}

fn too_early(staff: &Staff, id: &MeetingId, at: Instant) -> Answer {
    let words = format!(
        "It is planned for {}, and can be begun from two hours before. To meet now, move it to now, or start another meeting.",
        when::moment(at, staff.zone())
    );
    let ways = vec![
        Way::new(super::path(staff, id, "/reschedule"), "Reschedule it"),
        Way::new(staff.path("/meetings/now"), "Start another meeting now"),
    ];
    page_with(StatusCode::CONFLICT, &StartPage { ways, ..start_page(staff, id, "It is too early to begin", words) })
}

/// A license is promised to the meeting and cannot be had: it needs no place in line, because it comes before the line.
async fn no_license(staff: &Staff, site: &Site, id: &MeetingId, problem: Problem) -> Answer {
    let (status, title, words) = match problem {
        Problem::NoneFree => (
            StatusCode::CONFLICT,
            "No license is free yet",
            "All licenses are on meetings that run, most likely because one of them runs late. You get the next one that comes free.",
        ),
        Problem::Frozen => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Zoom is not letting licenses move",
            "Zoom limits how often licenses move, and says that the limit is reached for now. It is asked again every 15 minutes.",
        ),
        Problem::Refused => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Zoom did not give the license",
            "Zoom refused or did not answer when the license was to be put on your seat. It is asked again by itself.",
        ),
        Problem::SeatBusy => return seat_busy(staff, site, id).await,
    };
    let wait = match problem {
        Problem::NoneFree => Some(site.app.wait_for_license(&staff.scope(), &staff.user, id).await?),
        Problem::Frozen | Problem::Refused | Problem::SeatBusy => None,
    };
    let page = StartPage {
        wait: Some(wait.map_or_else(|| CLIENT_WAITS.to_owned(), |wait| waits(&wait))),
        can_retry: true,
        without: Some(WITHOUT_AT_FIRST),
        ways: vec![Way::new(super::path(staff, id, ""), "Wait on the meeting's page")],
        ..start_page(staff, id, title, words)
    };
    page_with(status, &page)
}

/// Nothing is promised to the meeting now, and it is not admitted either.
async fn refused(staff: &Staff, site: &Site, id: &MeetingId, refusal: Refusal) -> Answer {
    let title = match refusal {
        Refusal::NoSeat => "No Zoom seat can host this meeting",
        Refusal::TenantCap | Refusal::PoolFull => "No license is free now",
        Refusal::LicenseFrozen => "Zoom is not letting licenses move",
        Refusal::SeatBusy | Refusal::TooSoon | Refusal::TooFar => "It cannot be started now",
    };
    let words = match refusal {
        Refusal::TenantCap => "Your organization uses all of its licenses, and this meeting has none reserved for now.",
        Refusal::PoolFull => "All licenses are in use or reserved, and this meeting has none reserved for now.",
        Refusal::LicenseFrozen => {
            "Zoom limits how often licenses move, and says that the limit is reached for now. It is asked again every 15 minutes."
        }
        // It was booked on one; Zoom has stopped letting it host since.
        Refusal::NoSeat => {
            "Zoom lets nobody host on the seat of this meeting, and no other one is free for you. Tell your administrator: the portal's \
             operator can repair the seat or give you another. Start then uses it."
        }
        other => other.message(),
    };
    let page = start_page(staff, id, title, words);
    if !line::helps(refusal) {
        return page_with(StatusCode::CONFLICT, &StartPage { can_retry: true, ..page });
    }
    let in_line = site.app.meeting_for(&staff.scope(), &staff.user, id).await?.meeting.queued_at.is_some();
    let wait = site.app.wait_for_license(&staff.scope(), &staff.user, id).await?;
    let late = site.app.store.read(pool::settings).await?.late_attach;
    let place = if in_line { waits(&wait) } else { format!("{} {CLIENT_WAITS}", line::offer(refusal, &wait)) };
    let page = StartPage {
        wait: Some(place),
        can_retry: !in_line,
        can_wait: !in_line,
        without: Some(if late { WITHOUT_AT_FIRST } else { WITHOUT }),
        ways: if in_line { vec![Way::new(page.href.clone(), "Back to your place in line")] } else { Vec::new() },
        ..page
    };
    page_with(StatusCode::CONFLICT, &page)
}

/// What the other side knows while the host waits.
const CLIENT_WAITS: &str = "Your client sees that you are not there yet.";

const WITHOUT: &str = "Zoom ends a meeting without a license after 40 minutes.";
const WITHOUT_AT_FIRST: &str =
    "Zoom ends a meeting without a license after 40 minutes. When one comes free before, the meeting gets it.";

fn waits(wait: &Wait) -> String {
    format!("{}. {CLIENT_WAITS}", line::place(wait))
}

/// One seat and one host are in one meeting at a time: which one is it, and what helps?
async fn seat_busy(staff: &Staff, site: &Site, id: &MeetingId) -> Answer {
    let (scope, host, around) = (staff.scope(), staff.user.id.clone(), Window::lasting(site.app.now(), LONGEST));
    let own = site.app.store.read(move |tx| meetings::list_of_host(tx, &scope, &host, around)).await?;
    let other = |stage: Stage| {
        let in_the_way = |view: &&MeetingView| view.meeting.state.stage() == stage && view.meeting.queued_at.is_none();
        own.iter().filter(in_the_way).find(|view| view.meeting.id != *id)
    };
    let page = if let Some(running) = other(Stage::Live) {
        in_a_meeting(staff, id, running)
    } else if let Some(next) = other(Stage::Booked) {
        before_the_next(staff, id, next)
    } else {
        let words = "Somebody else meets on the Zoom seat of this meeting, and no other seat is free. Wait until they are done, and \
                     press Start again.";
        start_page(staff, id, "The Zoom seat is in use", words)
    };
    page_with(StatusCode::CONFLICT, &StartPage { can_retry: true, ..page })
}

fn in_a_meeting(staff: &Staff, id: &MeetingId, running: &MeetingView) -> StartPage {
    let words = format!(
        "“{}” with {} runs on your Zoom seat, and Zoom would end it if another one began. End it first, or wait until it is over.",
        running.meeting.topic, running.client.name
    );
    let ways = vec![Way::new(super::path(staff, &running.meeting.id, ""), "Go to the meeting that runs")];
    StartPage { ways, ..start_page(staff, id, "You are in another meeting", words) }
}

fn before_the_next(staff: &Staff, id: &MeetingId, next: &MeetingView) -> StartPage {
    let words = format!(
        "“{}” with {} is booked for {}, before this one would be over. Start that one, or reschedule it first.",
        next.meeting.topic,
        next.client.name,
        when::moment(next.meeting.window.start(), staff.zone())
    );
    let ways = vec![Way::new(super::path(staff, &next.meeting.id, ""), "Go to the meeting that is booked")];
    StartPage { ways, ..start_page(staff, id, "Another meeting of yours comes first", words) }
}

impl Way {
    fn new(href: String, label: &'static str) -> Self {
        Self { href, label }
    }
}

fn start_page(staff: &Staff, id: &MeetingId, title: &'static str, words: impl Into<String>) -> StartPage {
    StartPage {
        chrome: staff.chrome(),
        href: super::path(staff, id, ""),
        title,
        words: words.into(),
        wait: None,
        can_retry: false,
        can_wait: false,
        without: None,
        ways: Vec::new(),
    }
}
