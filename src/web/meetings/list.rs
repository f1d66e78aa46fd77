//! The list of meetings: to come or past, searched, 25 to a page.

use actix_web::web;
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::domain::meeting::Stage;
use crate::domain::time::Instant;
use crate::domain::when;
use crate::store::meetings::{self, Filter, MeetingView};

use super::super::forms::Errors;
use super::super::page::{Answer, Chrome, WebError, invalid, page};
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;
use super::license::{self, Around};
use super::words::{self, Badge};

/// How many meetings a page shows.
const PER_PAGE: usize = 25;
/// The last page that is looked for; nobody leafs further.
const LAST_PAGE: usize = 100_000;
/// The longest search.
const LONGEST_SEARCH: usize = 100;

#[derive(Debug, Default, Deserialize)]
struct Query {
    #[serde(default)]
    q: String,
    #[serde(default)]
    when: String,
    #[serde(default)]
    page: String,
}

/// One meeting of a list.
pub(super) struct Row {
    pub(super) href: String,
    pub(super) day: String,
    pub(super) time: String,
    pub(super) iso: String,
    pub(super) client: String,
    pub(super) email: String,
    pub(super) topic: String,
    pub(super) host: String,
    pub(super) state: Badge,
    /// What is unusual about its license.
    pub(super) license: Option<Badge>,
    /// Where to move it, while it can be moved.
    pub(super) reschedule: Option<String>,
}

#[derive(Template)]
#[template(path = "meetings/list.html")]
struct ListPage {
    chrome: Chrome,
    home: String,
    zone: String,
    query: String,
    past: bool,
    is_admin: bool,
    rows: Vec<Row>,
    summary: String,
    previous: Option<String>,
    next: Option<String>,
    /// The same search among the other meetings.
    other: String,
    errors: Errors,
}

impl ListPage {
    /// What the search's hidden field says.
    fn when(&self) -> &'static str {
        if self.past { "past" } else { "coming" }
    }

    fn other_label(&self) -> &'static str {
        if self.past { "Search those to come" } else { "Search those over or cancelled" }
    }
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![RouteRow::get("/t/{slug}/meetings", Access::Staff, || web::to(list))]
}

async fn list(staff: Staff, site: web::Data<Site>, query: web::Query<Query>) -> Answer {
    let past = match query.when.as_str() {
        "" | "coming" => false,
        "past" => true,
        _ => return Err(WebError::bad_request("There are meetings to come and past ones, and no others.")),
    };
    let number = page_number(&query.page)?;
    let search = query.q.trim();
    let mut errors = Errors::default();
    if search.chars().count() > LONGEST_SEARCH {
        errors.add("q", format!("Search for at most {LONGEST_SEARCH} characters."));
    } else if search.chars().any(char::is_control) {
        errors.add("q", "The search contains a character that cannot be searched for. Type it again.");
    }
    if !errors.0.is_empty() {
        return invalid(&list_page(&staff, search, past, number, Vec::new(), site.app.now(), errors));
    }
    let filter = Filter {
        host: (!staff.user.role.is_admin()).then(|| staff.user.id.clone()),
        search: search.to_owned(),
        past,
        now: site.app.now(),
        offset: i64::try_from((number - 1) * PER_PAGE).unwrap_or(i64::MAX),
        // One more than is shown says whether there is a next page.
        limit: i64::try_from(PER_PAGE + 1).unwrap_or(i64::MAX),
    };
    let scope = staff.scope();
    let found = site.app.store.read(move |tx| meetings::list(tx, &scope, &filter)).await?;
    page(&list_page(&staff, search, past, number, found, site.app.now(), errors))
}

fn page_number(text: &str) -> Result<usize, WebError> {
    let number = if text.is_empty() { Some(1) } else { text.parse().ok() };
    number
        .filter(|number| (1..=LAST_PAGE).contains(number))
        .ok_or_else(|| WebError::bad_request("There is no such page of meetings. Go back to the first one."))
}

fn list_page(
    staff: &Staff,
    search: &str,
    past: bool,
    number: usize,
    found: Vec<MeetingView>,
    now: Instant,
    errors: Errors,
) -> ListPage {
    let more = found.len() > PER_PAGE;
    let rows: Vec<Row> = found.into_iter().take(PER_PAGE).map(|view| row(staff, &view, now)).collect();
    let link = |past: bool, number: usize| {
        let when = if past { "past" } else { "coming" };
        let q = utf8_percent_encode(search, NON_ALPHANUMERIC);
        let page = if number > 1 { format!("&page={number}") } else { String::new() };
        staff.path(&format!("/meetings?when={when}&q={q}{page}"))
    };
    let first = (number - 1) * PER_PAGE;
    ListPage {
        chrome: staff.chrome(),
        home: staff.path(""),
        zone: when::zone_label(now, staff.zone()),
        query: search.to_owned(),
        past,
        is_admin: staff.user.role.is_admin(),
        summary: format!("{}–{}", first + 1, first + rows.len()),
        previous: (number > 1).then(|| link(past, number - 1)),
        next: more.then(|| link(past, number + 1)),
        other: link(!past, 1),
        rows,
        errors,
    }
}

/// A meeting as a row, in the reader's zone.
pub(super) fn row(staff: &Staff, view: &MeetingView, now: Instant) -> Row {
    let (meeting, zone) = (&view.meeting, staff.zone());
    let href = super::path(staff, &meeting.id, "");
    Row {
        day: when::relative_day(meeting.window.start(), now, zone),
        time: when::time_range(meeting.window, zone),
        iso: meeting.window.start().to_string(),
        client: view.client.name.to_string(),
        email: view.client.email.to_string(),
        topic: meeting.topic.to_string(),
        host: view.host_name.clone(),
        state: words::stage(view),
        license: license::unusual(view, &Around::plain(staff, now)),
        reschedule: (meeting.state.stage() == Stage::Booked && meeting.queued_at.is_none() && now < meeting.window.start())
            .then(|| format!("{href}/reschedule")),
        href,
    }
}
