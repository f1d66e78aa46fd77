//! What happened in a tenant, for its admins: newest first, and all of it as a sheet, oldest first.

pub(super) mod words;

use std::collections::BTreeSet;

use actix_web::web;
use askama::Template;
use futures_util::stream;
use serde::Deserialize;

use crate::domain::ids::SeatId;
use crate::domain::names::ZoneName;
use crate::domain::time::Instant;
use crate::domain::{when, zone};
use crate::store::audit::{self, Shown};
use crate::store::scope::TenantScope;
use crate::store::{ReadTx, StoreError, seats, users};

use super::page::{Answer, Chrome, WebError, page};
use super::routes::{Access, RouteRow};
use super::scope::Admin;
use super::server::Site;
use super::sheet;
use words::{Names, named};

/// Rows on a page.
const ROWS: i64 = 50;
/// The last page that can be turned to; what is older is found in the database.
const LAST_PAGE: i64 = 1000;

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    page: String,
}

struct Row {
    at: String,
    iso: String,
    who: String,
    what: String,
    detail: String,
    /// The meeting's page.
    meeting: Option<String>,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct AuditPage {
    chrome: Chrome,
    zone: String,
    sheet: String,
    rows: Vec<Row>,
    summary: String,
    newer: Option<String>,
    older: Option<String>,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/audit", Access::Admin, || web::to(list)),
        RouteRow::get("/t/{slug}/audit.csv", Access::Admin, || web::to(sheet)),
    ]
}

async fn list(admin: Admin, site: web::Data<Site>, place: web::Query<Place>) -> Answer {
    let number = place.page.parse::<i64>().unwrap_or(1).clamp(1, LAST_PAGE);
    let (scope, offset) = (admin.scope(), (number - 1) * ROWS);
    let (mut shown, names) = site
        .app
        .store
        .read::<_, StoreError, _>(move |tx| {
            let shown = audit::list(tx, &scope, offset, ROWS + 1)?;
            let mut names = people(tx, &scope)?;
            let ids: BTreeSet<SeatId> = shown.iter().flat_map(|entry| entry.detail.split(' ')).map(SeatId::new).collect();
            names.extend(seats::addresses(tx, &ids)?.into_iter().map(|(seat, address)| (seat.to_string(), address.to_string())));
            Ok((shown, names))
        })
        .await?;
    let more = shown.len() as i64 > ROWS;
    shown.truncate(ROWS as usize);
    let link = |number: i64| admin.path(&format!("/audit?page={number}"));
    let rows: Vec<Row> = shown.iter().map(|entry| row(&admin, &names, entry)).collect();
    page(&AuditPage {
        chrome: admin.chrome(),
        zone: admin.zone().to_string(),
        sheet: admin.path("/audit.csv"),
        summary: if rows.is_empty() { String::new() } else { format!("{}-{}", offset + 1, offset + rows.len() as i64) },
        rows,
        newer: (number > 1).then(|| link(number - 1)),
        older: (more && number < LAST_PAGE).then(|| link(number + 1)),
    })
}

/// The tenant's users by id.
fn people(tx: &mut ReadTx<'_>, scope: &TenantScope) -> Result<Names, StoreError> {
    Ok(users::list(tx, scope)?.into_iter().map(|user| (user.id.to_string(), user.name.to_string())).collect())
}

/// How many entries of a sheet are read at once.
const AT_ONCE: i64 = 500;

async fn sheet(admin: Admin, site: web::Data<Site>) -> Answer {
    let scope = admin.scope();
    let names = site.app.store.read::<_, StoreError, _>(move |tx| people(tx, &scope)).await?;
    let name = format!("audit-{}", admin.tenant.slug);
    let pieces = stream::try_unfold((None, admin, site, names), |(after, admin, site, names)| async move {
        let entries = entries_after(&site, &admin, after).await?;
        let Some((id, last)) = entries.last() else { return Ok(None) };
        let next = Some((last.at(), id.clone()));
        let rows = entries.iter().map(|(_, entry)| cells(entry, &names, admin.zone())).collect();
        Ok(Some((rows, (next, admin, site, names))))
    });
    sheet::answer(&name, &["at", "who", "what", "meeting", "detail"], pieces)
}

async fn entries_after(site: &Site, admin: &Admin, after: Option<(Instant, String)>) -> Result<Vec<(String, Shown)>, WebError> {
    let scope = admin.scope();
    let read = site.app.store.read::<_, StoreError, _>(move |tx| audit::list_from(tx, &scope, after.as_ref(), AT_ONCE));
    Ok(read.await?)
}

fn cells(entry: &Shown, names: &Names, zone: &ZoneName) -> Vec<String> {
    vec![
        zone::iso(entry.at(), zone),
        who(names, entry),
        entry.action.clone(),
        entry.meeting_id.clone().unwrap_or_default(),
        named(names, &entry.detail),
    ]
}

fn who(names: &Names, entry: &Shown) -> String {
    let unknown = || "A former user".to_owned();
    entry.user().map_or_else(|| actor(&entry.actor).to_owned(), |id| names.get(id.as_str()).cloned().unwrap_or_else(unknown))
}

fn row(admin: &Admin, names: &Names, entry: &Shown) -> Row {
    Row {
        at: when::moment(entry.at(), admin.zone()),
        iso: entry.at().to_string(),
        who: who(names, entry),
        what: words::what(&entry.action),
        detail: words::more(entry, names, admin.zone()),
        meeting: entry.meeting_id.as_ref().map(|id| admin.path(&format!("/meetings/{id}"))),
    }
}

fn actor(kind: &str) -> &'static str {
    match kind {
        "operator" => "Operator",
        "client" => "Client",
        "zoom" => "Zoom",
        "console" => "Operator, at the console",
        _ => "Duologue",
    }
}
