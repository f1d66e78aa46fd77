//! What happened in a tenant, for its admins: newest first, and all of it as a sheet, oldest first.

use std::collections::HashMap;

use actix_web::web;
use askama::Template;
use futures_util::stream;
use serde::Deserialize;

use crate::domain::names::ZoneName;
use crate::domain::time::Instant;
use crate::domain::{when, zone};
use crate::store::audit::{self, Shown};
use crate::store::{StoreError, users};

use super::page::{Answer, Chrome, WebError, page};
use super::routes::{Access, RouteRow};
use super::scope::Admin;
use super::server::Site;
use super::sheet;

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
    let (mut shown, people) = site
        .app
        .store
        .read::<_, StoreError, _>(move |tx| Ok((audit::list(tx, &scope, offset, ROWS + 1)?, users::list(tx, &scope)?)))
        .await?;
    let more = shown.len() as i64 > ROWS;
    shown.truncate(ROWS as usize);
    let names: HashMap<String, String> = people.into_iter().map(|user| (user.id.to_string(), user.name.to_string())).collect();
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

/// How many entries of a sheet are read at once.
const AT_ONCE: i64 = 500;

async fn sheet(admin: Admin, site: web::Data<Site>) -> Answer {
    let scope = admin.scope();
    let people = site.app.store.read::<_, StoreError, _>(move |tx| users::list(tx, &scope)).await?;
    let names: HashMap<String, String> = people.into_iter().map(|user| (user.id.to_string(), user.name.to_string())).collect();
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

fn cells(entry: &Shown, names: &HashMap<String, String>, zone: &ZoneName) -> Vec<String> {
    vec![
        zone::iso(entry.at(), zone),
        who(names, entry),
        entry.action.clone(),
        entry.meeting_id.clone().unwrap_or_default(),
        named(names, &entry.detail),
    ]
}

fn who(names: &HashMap<String, String>, entry: &Shown) -> String {
    let unknown = || "A former user".to_owned();
    entry.user().map_or_else(|| actor(&entry.actor).to_owned(), |id| names.get(id.as_str()).cloned().unwrap_or_else(unknown))
}

fn row(admin: &Admin, names: &HashMap<String, String>, entry: &Shown) -> Row {
    Row {
        at: when::moment(entry.at(), admin.zone()),
        iso: entry.at().to_string(),
        who: who(names, entry),
        what: words(&entry.action),
        detail: named(names, &entry.detail),
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

/// `user.role_changed` as people read it: `User: role changed`.
fn words(action: &str) -> String {
    let (noun, verb) = action.split_once('.').unwrap_or(("", action));
    let mut noun: String = noun.replace('_', " ");
    if let Some(first) = noun.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if noun.is_empty() { verb.replace('_', " ") } else { format!("{noun}: {}", verb.replace('_', " ")) }
}

/// The detail with users' names in the place of their ids.
fn named(names: &HashMap<String, String>, detail: &str) -> String {
    let word = |word| names.get(word).map_or(word, String::as_str);
    detail.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_reads_as_words() {
        assert_eq!(words("user.role_changed"), "User: role changed");
        assert_eq!(words("odd"), "odd");
    }

    #[test]
    fn an_id_in_the_detail_becomes_a_name() {
        let names = HashMap::from([("7".to_owned(), "Ana Ruiz".to_owned())]);
        assert_eq!(named(&names, "7 admin"), "Ana Ruiz admin");
    }
}
