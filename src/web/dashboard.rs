//! A user's first page: what runs now, what is next, and the days ahead, from one statement. How long a host will wait for a
//! license takes more of them: the part of the page that changes by itself tells it a moment later.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::domain::meeting::{Meeting, Stage};
use crate::domain::names::ZoneName;
use crate::domain::time::{Instant, Span, Window};
use crate::domain::{when, zone};
use crate::store::StoreError;
use crate::store::meetings::{self, MeetingView};

use super::meetings::license::{self, Around, Notice};
use super::meetings::line;
use super::meetings::show::start_label;
use super::meetings::words::{self, Badge};
use super::page::{Answer, Chrome, WebError, page};
use super::routes::{Access, RouteRow};
use super::scope::Staff;
use super::server::Site;

/// How far back a meeting that has not ended is looked for.
const BACK: Span = Span::hours(12);
/// How far ahead the page looks.
const AHEAD: Span = Span::days(7);
/// How long after its start a meeting that has not begun still is the next one, however short it is.
const LATE: Span = Span::minutes(15);

/// The part that changes by itself.
struct Region {
    csrf: String,
    home: String,
    zone: String,
    zone_label: String,
    hero: Option<Hero>,
    /// What comes next, while one runs.
    next: Option<Hero>,
    today: Vec<Line>,
}

/// A meeting that runs or comes next.
struct Hero {
    kicker: &'static str,
    href: String,
    topic: String,
    client: String,
    iso: String,
    when: String,
    /// What is said instead of the time while there is none.
    no_time_yet: Option<String>,
    countdown: String,
    license: Option<Badge>,
    arrived: Option<Badge>,
    notice: Option<Notice>,
    can_go_without: bool,
    /// What the Start button says; none: the host waits in line.
    start: Option<&'static str>,
}

/// A meeting in a day's list.
struct Line {
    href: String,
    iso: String,
    time: String,
    client: String,
    topic: String,
    state: Badge,
    license: Option<Badge>,
}

/// A day with its meetings.
struct Day {
    name: String,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "dashboard/show.html")]
struct DashboardPage {
    chrome: Chrome,
    today: String,
    region: Region,
    days: Vec<Day>,
}

#[derive(Template)]
#[template(path = "dashboard/now.html")]
struct Fragment {
    region: Region,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}", Access::Staff, || web::to(show)),
        RouteRow::get("/t/{slug}/now", Access::Staff, || web::to(now)),
    ]
}

async fn show(staff: Staff, site: web::Data<Site>) -> Answer {
    let now = site.app.now();
    let found = around(&staff, &site, now).await?;
    let chrome = staff.chrome();
    page(&DashboardPage {
        today: when::day(now, staff.zone()),
        days: days(&staff, &found, now),
        region: Region::of(&staff, &found, &Around::plain(&staff, now), &chrome.csrf),
        chrome,
    })
}

async fn now(staff: Staff, site: web::Data<Site>) -> Answer {
    let now = site.app.now();
    let found = around(&staff, &site, now).await?;
    let around = match current(&found, now) {
        Some(view) => Around::of(&staff, &site, view).await?,
        None => Around::plain(&staff, now),
    };
    let region = Region::of(&staff, &found, &around, &staff.chrome().csrf);
    let html = Fragment { region }.render().map_err(|error| WebError::failed(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

/// The user's own meetings around now: the page's one statement.
async fn around(staff: &Staff, site: &Site, now: Instant) -> Result<Vec<MeetingView>, StoreError> {
    let today = zone::day_bounds(now, staff.zone());
    let from = today.start().min(now - BACK);
    let during = Window::new(from, today.end() + AHEAD).unwrap_or(today);
    let (scope, host) = (staff.scope(), staff.user.id.clone());
    site.app.store.read(move |tx| meetings::list_of_host(tx, &scope, &host, during)).await
}

impl Region {
    fn of(staff: &Staff, found: &[MeetingView], around: &Around, csrf: &str) -> Self {
        let now = around.now;
        let bounds = zone::day_bounds(now, staff.zone());
        let today = found.iter().filter(|view| bounds.overlaps(view.meeting.window));
        Self {
            csrf: csrf.to_owned(),
            home: staff.path(""),
            zone: staff.zone().to_string(),
            zone_label: when::zone_label(now, staff.zone()),
            hero: current(found, now).map(|view| Hero::of(staff, view, around)),
            next: live(found).and(next(found, now)).map(|view| Hero::of(staff, view, &Around::plain(staff, now))),
            today: today.map(|view| Line::of(staff, view, now)).collect(),
        }
    }
}

/// What runs, or else what is next.
fn current(found: &[MeetingView], now: Instant) -> Option<&MeetingView> {
    live(found).or_else(|| next(found, now))
}

fn live(found: &[MeetingView]) -> Option<&MeetingView> {
    found.iter().find(|view| view.meeting.state.stage() == Stage::Live)
}

fn next(found: &[MeetingView], now: Instant) -> Option<&MeetingView> {
    found.iter().find(|view| is_to_come(&view.meeting, now))
}

/// Whether it may still begin: nobody started a missed one in time, and somebody may yet.
fn is_to_come(meeting: &Meeting, now: Instant) -> bool {
    match meeting.state.stage() {
        Stage::Booked | Stage::Missed if meeting.queued_at.is_some() => true,
        Stage::Booked => now < meeting.window.end().max(meeting.window.start() + LATE),
        Stage::Missed => now < meeting.window.end(),
        // Its host looked into the room before the time.
        Stage::Ended => meeting.is_awaited_at(now) && now < meeting.window.end(),
        Stage::Live | Stage::Cancelled => false,
    }
}

impl Hero {
    fn of(staff: &Staff, view: &MeetingView, around: &Around) -> Self {
        let (meeting, zone, now) = (&view.meeting, staff.zone(), around.now);
        let (stage, in_line) = (meeting.state.stage(), license::is_in_line(view, around));
        let place = around.wait.as_ref().filter(|_| in_line).map(line::place);
        Self {
            kicker: match stage {
                Stage::Live => "Now",
                _ if in_line => "Waiting",
                _ if now >= meeting.window.start() => "Due now",
                _ => "Next meeting",
            },
            href: staff.path(&format!("/meetings/{}", meeting.id)),
            topic: meeting.topic.to_string(),
            client: view.client.name.to_string(),
            iso: meeting.window.start().to_string(),
            no_time_yet: line::no_time_yet(meeting),
            when: day_and_time(meeting.window, now, zone),
            countdown: place.unwrap_or_else(|| words::countdown(view, now)),
            license: license::badge(view, around),
            arrived: words::client(view, now, zone).and_then(|client| client.badge),
            notice: license::notice(view, around),
            can_go_without: license::can_go_without(view, around),
            start: start_label(stage).filter(|_| !in_line),
        }
    }
}

/// `Today, 14:00–14:30`.
fn day_and_time(window: Window, now: Instant, zone: &ZoneName) -> String {
    format!("{}, {}", when::relative_day(window.start(), now, zone), when::time_range(window, zone))
}

impl Line {
    fn of(staff: &Staff, view: &MeetingView, now: Instant) -> Self {
        let meeting = &view.meeting;
        Self {
            href: staff.path(&format!("/meetings/{}", meeting.id)),
            iso: meeting.window.start().to_string(),
            time: when::time_range(meeting.window, staff.zone()),
            client: view.client.name.to_string(),
            topic: meeting.topic.to_string(),
            state: words::stage(view),
            license: license::unusual(view, &Around::plain(staff, now)),
        }
    }
}

/// The days after today that have meetings.
fn days(staff: &Staff, found: &[MeetingView], now: Instant) -> Vec<Day> {
    let tomorrow = zone::day_bounds(now, staff.zone()).end();
    let ahead =
        found.iter().filter(|view| view.meeting.window.start() >= tomorrow && view.meeting.state.stage() != Stage::Cancelled);
    let mut days: Vec<Day> = Vec::new();
    for view in ahead {
        let name = when::relative_day(view.meeting.window.start(), now, staff.zone());
        match days.last_mut() {
            Some(day) if day.name == name => day.lines.push(Line::of(staff, view, now)),
            _ => days.push(Day { name, lines: vec![Line::of(staff, view, now)] }),
        }
    }
    days
}
