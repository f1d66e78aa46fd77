//! One meeting: its state, its two sides, its letters and what happened to it. All of that changes by itself: it is a fragment
//! that the page asks for again.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::app::meetings::Record;
use crate::domain::meeting::{Kind, Stage};
use crate::domain::when;
use crate::store::meetings::MeetingView;

use super::super::page::{Answer, Chrome, WebError, page};
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;
use super::history::{self, Happened, Sent};
use super::license::{self, Around, Notice};
use super::words::{self, Badge, Presence};
use super::{line, path};

/// Its state, and the buttons that go with it.
#[expect(clippy::struct_excessive_bools, reason = "one for each button of the page")]
pub(in crate::web) struct Status {
    csrf: String,
    href: String,
    stage: Badge,
    license: Option<Badge>,
    client: Option<Presence>,
    /// What Zoom knows of it, while that matters.
    zoom: Option<Badge>,
    countdown: String,
    /// The sentence about the license, unless the notice says it.
    license_words: String,
    notice: Option<Notice>,
    /// What is to be known while its host is in line.
    in_line: Option<&'static str>,
    /// What the Start button says; none: there is nothing to start, or it is somebody else's.
    start: Option<&'static str>,
    can_go_without: bool,
    can_end: bool,
    can_move: bool,
    can_cancel: bool,
    can_invite: bool,
}

/// Everything that is told of a meeting below its heading.
struct Shown {
    client_name: String,
    client_email: String,
    host: String,
    kind: &'static str,
    times: Vec<String>,
    /// What is said instead of the times while there are none.
    no_time_yet: Option<String>,
    zone: String,
    zone_label: String,
    join_link: Option<String>,
    letters: Vec<Sent>,
    history: Vec<Happened>,
    status: Status,
}

#[derive(Template)]
#[template(path = "meetings/show.html")]
struct ShowPage {
    chrome: Chrome,
    home: String,
    topic: String,
    iso: String,
    shown: Shown,
}

#[derive(Template)]
#[template(path = "meetings/shown.html")]
struct Fragment {
    shown: Shown,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/meetings/{id}", Access::Staff, || web::to(show)),
        RouteRow::get("/t/{slug}/meetings/{id}/status", Access::Staff, || web::to(status)),
    ]
}

async fn show(staff: Staff, site: web::Data<Site>) -> Answer {
    let record = record(&staff, &site).await?;
    let chrome = staff.chrome();
    let meeting = &record.view.meeting;
    page(&ShowPage {
        home: staff.path(""),
        topic: meeting.topic.to_string(),
        iso: meeting.window.start().to_string(),
        shown: Shown::of(&staff, &site, record, &chrome.csrf).await?,
        chrome,
    })
}

async fn status(staff: Staff, site: web::Data<Site>) -> Answer {
    let record = record(&staff, &site).await?;
    let shown = Shown::of(&staff, &site, record, &staff.chrome().csrf).await?;
    let html = Fragment { shown }.render().map_err(|error| WebError::failed(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

async fn record(staff: &Staff, site: &Site) -> Result<Record, WebError> {
    let id = super::meeting_id(staff.request())?;
    Ok(site.app.meeting_record(&staff.scope(), &staff.user, &id).await?)
}

impl Shown {
    async fn of(staff: &Staff, site: &Site, record: Record, csrf: &str) -> Result<Self, WebError> {
        let (view, zone) = (&record.view, staff.zone());
        let around = Around::of(staff, site, view).await?;
        let (meeting, now) = (&view.meeting, around.now);
        Ok(Self {
            client_name: view.client.name.to_string(),
            client_email: view.client.email.to_string(),
            host: view.host_name.clone(),
            kind: match meeting.kind {
                Kind::Scheduled => "Booked for a time",
                Kind::OnDemand => "On the spot",
            },
            times: when::both(meeting.window, zone, view.client.zone.as_ref().unwrap_or(zone)),
            no_time_yet: line::no_time_yet(meeting),
            zone: zone.to_string(),
            zone_label: when::zone_label(now, zone),
            join_link: meeting.link_works_at(now).then(|| site.app.join_link(&meeting.id, meeting.link_version)),
            status: Status::of(staff, view, &around, csrf),
            history: history::history(&record.history, now, zone),
            letters: history::letters(record.letters, now, zone),
        })
    }
}

impl Status {
    fn of(staff: &Staff, view: &MeetingView, around: &Around, csrf: &str) -> Self {
        let (meeting, now) = (&view.meeting, around.now);
        let (stage, is_host) = (meeting.state.stage(), meeting.host == staff.user.id);
        let in_line = license::is_in_line(view, around);
        let (notice, license_words) = (license::notice(view, around), license::sentence(view, around));
        let is_said = notice.as_ref().is_some_and(|notice| notice.text.starts_with(&license_words));
        let place = around.wait.as_ref().filter(|_| in_line).map(line::place);
        Self {
            csrf: csrf.to_owned(),
            href: path(staff, &meeting.id, ""),
            stage: words::stage(view),
            license: license::badge(view, around),
            client: words::client(view, now, staff.zone()),
            zoom: words::at_zoom(view, now),
            countdown: place.unwrap_or_else(|| words::countdown(view, now)),
            license_words: if is_said { String::new() } else { license_words },
            notice,
            in_line: in_line.then(|| line::advice(meeting)),
            start: start_label(stage).filter(|_| is_host && !in_line),
            can_go_without: is_host && license::can_go_without(view, around),
            can_end: is_host && stage == Stage::Live,
            can_move: stage == Stage::Booked && !in_line,
            can_cancel: matches!(stage, Stage::Booked | Stage::Missed) && !meeting.waits_to_begin(),
            can_invite: meeting.state.holds() && meeting.queued_at.is_none(),
        }
    }
}

/// What pressing Start would do.
pub(in crate::web) fn start_label(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Booked | Stage::Missed => Some("Start meeting"),
        Stage::Live => Some("Return to meeting"),
        Stage::Ended => Some("Start again"),
        Stage::Cancelled => None,
    }
}
