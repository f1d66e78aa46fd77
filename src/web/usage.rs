//! A tenant's usage, for its admins: its licenses day by day, its people's minutes, and the meetings that were refused.
//!
//! Only the tenant's own facts are told: what others use shows nowhere.

pub(super) mod days;
pub(super) mod words;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web;
use askama::Template;
use futures_util::stream::{self, StreamExt as _};

use crate::app::usage::Usage;
use crate::domain::ids::{MeetingId, UserId};
use crate::domain::ledger::{Part, Piece, Sums, by_day, sums_by};
use crate::domain::names::ZoneName;
use crate::domain::time::Window;
use crate::domain::zone;
use crate::store::refusals::Shown;
use crate::store::{StoreError, users};

use super::forms::Errors;
use super::page::{Answer, Chrome, WebError, invalid, page};
use super::routes::{Access, RouteRow};
use super::scope::Admin;
use super::server::Site;
use super::sheet;
use days::{Asked, Days};
use words::{Day, Minutes, by_reason, most_attached, most_in_use, rounded};

#[derive(Template)]
#[template(path = "usage/show.html")]
struct UsagePage {
    chrome: Chrome,
    errors: Errors,
    here: String,
    from: String,
    until: String,
    zone: String,
    earlier: String,
    sheet: String,
    cap: u32,
    in_use: u32,
    attached: u32,
    minutes: Minutes,
    refused: usize,
    days: Vec<Day>,
    /// What the bars of the days are measured by.
    scale: u32,
    people: Vec<PersonRow>,
    reasons: Vec<(&'static str, usize)>,
}

/// What one user's meetings used.
struct PersonRow {
    name: String,
    meetings: usize,
    live: i64,
    ready: i64,
    refused: usize,
}

/// A tenant's users as a sheet names them.
struct Names {
    people: BTreeMap<UserId, (String, String)>,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/usage", Access::Admin, || web::to(show)),
        RouteRow::get("/t/{slug}/usage.csv", Access::Admin, || web::to(sheet)),
    ]
}

async fn show(admin: Admin, site: web::Data<Site>, asked: web::Query<Asked>) -> Answer {
    let (days, errors) = Days::parse(&asked, site.app.now(), admin.zone());
    let usage = site.app.usage(&admin.scope, days.window).await?;
    let names = Names::read(&site, &admin).await?;
    let is_wrong = !errors.0.is_empty();
    let in_use = most_in_use(&usage.pieces);
    let shown = UsagePage {
        chrome: admin.chrome(),
        errors,
        here: admin.path("/usage"),
        zone: zone::place(admin.zone()),
        earlier: days.month_before(admin.zone()),
        sheet: admin.path(&format!("/usage.csv?{}", days.query())),
        cap: admin.tenant.share.cap,
        in_use,
        attached: most_attached(&usage.pieces),
        minutes: Minutes::of(Sums::of(&usage.pieces)),
        refused: usage.refusals.len(),
        days: chart(&days, &usage),
        scale: admin.tenant.share.cap.max(in_use).max(1),
        people: people(&usage, &names),
        reasons: by_reason(usage.refusals.iter().map(|refused| refused.refusal)),
        from: days.from,
        until: days.until,
    };
    if is_wrong { invalid(&shown) } else { page(&shown) }
}

/// The days on which something happened.
pub(super) fn chart(days: &Days, usage: &Usage) -> Vec<Day> {
    let cut = by_day(&usage.pieces, &days.windows());
    let line = |((date, window), pieces): (&(String, Window), Vec<Piece>)| Day {
        date: date.clone(),
        in_use: most_in_use(&pieces),
        attached: most_attached(&pieces),
        minutes: Minutes::of(Sums::of(&pieces)),
        refused: usage.refusals.iter().filter(|refused| window.contains(refused.at)).count(),
        moves: 0,
    };
    let lines =
        days.each.iter().zip(cut).filter(|((_, window), pieces)| {
            !pieces.is_empty() || usage.refusals.iter().any(|refused| window.contains(refused.at))
        });
    lines.map(line).collect()
}

/// Everybody who met or was refused, by name.
fn people(usage: &Usage, names: &Names) -> Vec<PersonRow> {
    let host = |piece: &Piece| piece.meeting.as_ref().map(|(_, host)| host.clone());
    let sums = sums_by(&usage.pieces, host);
    let mut meetings: BTreeMap<&UserId, BTreeSet<&MeetingId>> = BTreeMap::new();
    for (meeting, host) in usage.pieces.iter().filter(|piece| piece.part == Part::Live).filter_map(|piece| piece.meeting.as_ref())
    {
        meetings.entry(host).or_default().insert(meeting);
    }
    let hosts: BTreeSet<&UserId> = sums.keys().flatten().chain(usage.refusals.iter().map(|refused| &refused.host)).collect();
    let line = |host: &UserId| {
        let sums = sums.get(&Some(host.clone())).copied().unwrap_or_default();
        PersonRow {
            name: names.person(host).0,
            meetings: meetings.get(host).map_or(0, BTreeSet::len),
            live: rounded(sums.live),
            ready: rounded(sums.ready),
            refused: usage.refusals.iter().filter(|refused| refused.host == *host).count(),
        }
    };
    let mut lines: Vec<PersonRow> = hosts.into_iter().map(line).collect();
    lines.sort_by(|one, other| one.name.cmp(&other.name));
    lines
}

const HEADINGS: [&str; 11] =
    ["what", "from", "until", "seconds", "license", "host", "host_email", "seat", "meeting", "reason", "asked_at"];

async fn sheet(admin: Admin, site: web::Data<Site>, asked: web::Query<Asked>) -> Answer {
    let days = right_days(&asked, &site, admin.zone())?;
    let names = std::rc::Rc::new(Names::read(&site, &admin).await?);
    let name = format!("usage-{}-{}", admin.tenant.slug, days.name());
    let pieces = stream::iter(days.windows()).then(move |day| {
        let (admin, site, names) = (admin.clone(), site.clone(), names.clone());
        async move {
            let usage = site.app.usage(&admin.scope, day).await?;
            let spans = usage.pieces.iter().map(|piece| span_cells(piece, usage.seat(&piece.seat), &names, admin.zone()));
            Ok(spans.chain(usage.refusals.iter().map(|refused| refusal_cells(refused, &names, admin.zone()))).collect())
        }
    });
    sheet::answer(&name, &HEADINGS, pieces)
}

/// The days of a sheet; there is no form to show what is wrong beside.
pub(super) fn right_days(asked: &Asked, site: &Site, zone: &ZoneName) -> Result<Days, WebError> {
    let (days, errors) = Days::parse(asked, site.app.now(), zone);
    match errors.0.into_iter().next() {
        Some(error) => Err(WebError::bad_request(error.text)),
        None => Ok(days),
    }
}

fn span_cells(piece: &Piece, seat: String, names: &Names, zone: &ZoneName) -> Vec<String> {
    let (meeting, host) = piece.meeting.as_ref().map(|(meeting, host)| (meeting.to_string(), host)).unzip();
    let (name, email) = host.map(|host| names.person(host)).unwrap_or_default();
    vec![
        piece.part.label().to_owned(),
        zone::iso(piece.window.start(), zone),
        zone::iso(piece.window.end(), zone),
        piece.window.length().as_seconds().to_string(),
        piece.license.to_string(),
        name,
        email,
        seat,
        meeting.unwrap_or_default(),
        String::new(),
        String::new(),
    ]
}

fn refusal_cells(refused: &Shown, names: &Names, zone: &ZoneName) -> Vec<String> {
    let (name, email) = names.person(&refused.host);
    vec![
        "Refused".to_owned(),
        zone::iso(refused.window.start(), zone),
        zone::iso(refused.window.end(), zone),
        refused.window.length().as_seconds().to_string(),
        String::new(),
        name,
        email,
        String::new(),
        String::new(),
        words::reason(refused.refusal).to_owned(),
        zone::iso(refused.at, zone),
    ]
}

impl Names {
    async fn read(site: &Site, admin: &Admin) -> Result<Self, WebError> {
        let scope = admin.scope();
        let people = site.app.store.read::<_, StoreError, _>(move |tx| users::list(tx, &scope)).await?;
        Ok(Self { people: people.into_iter().map(|user| (user.id, (user.name.to_string(), user.email.to_string()))).collect() })
    }

    /// A user's name and address.
    fn person(&self, id: &UserId) -> (String, String) {
        self.people.get(id).cloned().unwrap_or_else(|| ("A former user".to_owned(), String::new()))
    }
}
