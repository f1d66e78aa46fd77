//! The host presses Start: on to Zoom, or a page that says why not and what can be done.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::start::{Start, With};
use crate::domain::admission::Refusal;
use crate::domain::ids::MeetingId;
use crate::domain::plan::Problem;
use crate::domain::time::{Span, Window};
use crate::domain::when;

use super::super::departure::leave_for;
use super::super::forms::Form;
use super::super::page::{Answer, Chrome, page_with};
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;
use super::words;

#[derive(Deserialize)]
struct Fields {
    /// Set when the host begins without a license if need be.
    #[serde(default)]
    without: String,
}

#[derive(Template)]
#[template(path = "meetings/start.html")]
struct StartPage {
    chrome: Chrome,
    href: String,
    title: &'static str,
    words: String,
    /// How long it may take until a license comes free.
    wait: Option<String>,
    can_retry: bool,
    can_go_without: bool,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![RouteRow::post("/t/{slug}/meetings/{id}/start", Access::Staff, || web::to(start))]
}

async fn start(staff: Staff, site: web::Data<Site>, Form(form): Form<Fields>) -> Answer {
    let id = super::meeting_id(staff.request())?;
    let with = if form.without == "1" { With::WhateverThereIs } else { With::License };
    match site.app.start(&staff.scope(), &staff.user, &id, with).await? {
        Start::Go(url) => leave_for(&site, url.reveal()),
        Start::NoLicense(problem) => no_license(&staff, &id, problem),
        Start::Refused(refusal) => refused(&staff, &site, &id, refusal).await,
        Start::TooEarly(at) => {
            let words = format!(
                "It is planned for {}. You can begin up to two hours before; to meet now, reschedule it first.",
                when::full(Window::lasting(at, Span::ZERO), staff.zone())
            );
            page_with(StatusCode::CONFLICT, &start_page(&staff, &id, "It is too early to begin", words))
        }
        Start::Cancelled => {
            let words = "It was called off, and the client was told. Book a new meeting instead.";
            page_with(StatusCode::CONFLICT, &start_page(&staff, &id, "This meeting was cancelled", words))
        }
        Start::Zoom(words) => {
            let page = StartPage { can_retry: true, ..start_page(&staff, &id, "Zoom did not start the meeting", words) };
            page_with(StatusCode::SERVICE_UNAVAILABLE, &page)
        }
    }
}

fn no_license(staff: &Staff, id: &MeetingId, problem: Problem) -> Answer {
    let (status, title, words) = match problem {
        Problem::NoneFree => (
            StatusCode::CONFLICT,
            "No license is free yet",
            "An earlier meeting runs late and still has the license that was meant for this one. You get the next one that comes free.",
        ),
        Problem::Frozen => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Zoom is not letting licenses move",
            "Zoom limits how often licenses move, and the limit is reached for now. It is tried again by itself.",
        ),
        Problem::Refused => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Zoom did not give the license",
            "Zoom refused or did not answer when the license was to be put on your seat. It is tried again by itself.",
        ),
    };
    let wait = (problem == Problem::NoneFree).then(|| "This often takes only a few minutes.".to_owned());
    let page = StartPage { wait, can_retry: true, can_go_without: true, ..start_page(staff, id, title, words) };
    page_with(status, &page)
}

async fn refused(staff: &Staff, site: &Site, id: &MeetingId, refusal: Refusal) -> Answer {
    let title = match refusal {
        Refusal::SeatBusy => "You are in another meeting",
        Refusal::NoSeat => "You have no Zoom seat",
        Refusal::TenantCap | Refusal::PoolFull => "No license is free now",
        Refusal::LicenseFrozen => "Zoom is not letting licenses move",
        Refusal::TooSoon | Refusal::TooFar => "It cannot be started now",
    };
    let lacks_license = matches!(refusal, Refusal::TenantCap | Refusal::PoolFull | Refusal::LicenseFrozen);
    let words = match refusal {
        Refusal::SeatBusy => {
            "Your Zoom seat hosts one meeting at a time, and Zoom would end the other one. End it first, or wait until it is over."
        }
        Refusal::TenantCap => "Your organization uses all of its licenses, and this meeting has none reserved for now.",
        Refusal::PoolFull => "All licenses are in use, and this meeting has none reserved for now.",
        Refusal::LicenseFrozen => "Zoom limits how often licenses move, and the limit is reached for now.",
        other => other.message(),
    };
    let wait = site.app.wait_for_license(&staff.scope(), &staff.user, id).await?;
    let wait = wait.about.filter(|_| lacks_license);
    let wait = wait.map(|about| format!("As meetings are planned, one is free in about {}.", words::span(about)));
    let page = StartPage { wait, can_retry: true, can_go_without: lacks_license, ..start_page(staff, id, title, words) };
    page_with(StatusCode::CONFLICT, &page)
}

fn start_page(staff: &Staff, id: &MeetingId, title: &'static str, words: impl Into<String>) -> StartPage {
    StartPage {
        chrome: staff.chrome(),
        href: super::path(staff, id, ""),
        title,
        words: words.into(),
        wait: None,
        can_retry: false,
        can_go_without: false,
    }
}
