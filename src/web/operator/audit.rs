//! What happened, in all tenants and to the pool: who did it and when.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::domain::names::ZoneName;
use crate::store::StoreError;
use crate::store::audit::{self, ShownAnywhere};
use crate::web::audit::words::{self, Names};
use crate::web::page::{Answer, Chrome, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::paging::{self, Pager, Position};
use super::words::Moment;

const PATH: &str = "/operator/audit";

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "operator/audit/list.html")]
struct ListPage {
    chrome: Chrome,
    lines: Vec<Line>,
    pager: Pager,
}

struct Line {
    at: Moment,
    action: String,
    by: String,
    tenant: String,
    detail: String,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![RouteRow::get(PATH, Access::Operator, || web::to(list))]
}

async fn list(operator: Operator, site: web::Data<Site>, asked: web::Query<Asked>) -> Answer {
    let position = Position::parse(&asked.page)?;
    let pass = operator.pass();
    let read = site.app.store.read::<_, StoreError, _>(move |tx| {
        let found = audit::list_all(tx, &pass, position.offset(), paging::LIMIT)?;
        let names = audit::names_in(tx, &pass, found.iter().map(|shown| shown.entry.detail.as_str()))?;
        Ok((found, names))
    });
    let (mut found, names) = read.await?;
    let pager = position.pager(&mut found, PATH, &[]);
    page(&ListPage { chrome: operator.chrome(), lines: found.into_iter().map(|shown| line(shown, &names)).collect(), pager })
}

fn line(shown: ShownAnywhere, names: &Names) -> Line {
    let by = shown.by().map_or_else(|| actor(&shown.entry.actor).to_owned(), ToOwned::to_owned);
    Line {
        at: Moment::of(shown.entry.at()),
        by,
        action: words::what(&shown.entry.action),
        tenant: shown.tenant.unwrap_or_default(),
        detail: words::more(&shown.entry, names, &ZoneName::utc()),
    }
}

/// Who did it when it was no person with a name here.
fn actor(word: &str) -> &'static str {
    match word {
        "user" => "A user",
        "operator" => "An operator",
        "client" => "The client",
        "keeper" => "Duologue",
        "zoom" => "Zoom",
        _ => "The server's console",
    }
}
