//! The pool: each license and what it is doing, and whether the days ahead have enough of them.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::app::pool::{Ahead, PoolView};
use crate::domain::admission::Stretch;
use crate::domain::names::ZoneName;
use crate::domain::when;
use crate::web::forms::{Bare, Form};
use crate::web::page::{Answer, Chrome, WebError, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::account::Reading;
use super::tiles::Now;
use super::words;

/// How many spans of shortfall are named; the others are counted.
const NAMED: usize = 5;

#[derive(Template)]
#[template(path = "operator/pool/show.html")]
struct PoolPage {
    chrome: Chrome,
    now: Now,
    setup: Vec<SetupStep>,
    peak: String,
    shortfall: Shortfall,
    account: Reading,
}

/// What has to be done once before the first meeting.
struct SetupStep {
    done: bool,
    next: bool,
    href: &'static str,
    words: &'static str,
}

/// When accepted meetings need more licenses than were bought.
pub(super) struct Shortfall {
    /// The first spans, in words.
    pub(super) named: Vec<String>,
    /// How many more there are.
    pub(super) more: usize,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/operator", Access::Operator, || web::to(show)),
        RouteRow::get("/operator/pool/now", Access::Operator, || web::to(now)),
        RouteRow::post("/operator/pool/freeze/end", Access::Operator, || web::to(end_freeze)),
    ]
}

async fn show(operator: Operator, site: web::Data<Site>) -> Answer {
    let (view, ahead) = (site.app.pool(&operator.pass).await?, site.app.ahead(&operator.pass, None).await?);
    let chrome = operator.chrome();
    let now = Now::of(&view, site.app.now(), chrome.csrf.clone());
    let account = Reading::of(&site.app.zoom_account(&operator.pass).await?, site.app.now());
    page(&PoolPage {
        account,
        now,
        setup: setup(&view),
        peak: peak_words(&ahead),
        shortfall: Shortfall::of(&ahead.short),
        chrome,
    })
}

/// The part that renews itself, alone.
async fn now(operator: Operator, site: web::Data<Site>) -> Answer {
    let view = site.app.pool(&operator.pass).await?;
    let part = Now::of(&view, site.app.now(), operator.chrome().csrf);
    let html = part.render().map_err(|error| WebError::failed(format!("a template could not be filled in: {error}")))?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

async fn end_freeze(operator: Operator, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    site.app.end_freeze(&operator.pass).await?;
    Ok(operator.done(
        "/operator",
        "The freeze is over here. The next license move is tried at once; if Zoom refuses again, it waits again.",
    ))
}

/// The steps of setting up, while one of them is open.
fn setup(view: &PoolView) -> Vec<SetupStep> {
    let done = [
        (view.settings.licenses > 0, "/operator/pool/settings", "Say how many licenses you bought"),
        (!view.seats.is_empty(), "/operator/seats", "Add the Zoom users that will host, the seats"),
        (!view.tenants.is_empty(), "/operator/tenants/new", "Add the first tenant and its admin"),
        (view.seats.values().any(|seat| seat.tenant.is_some()), "/operator/seats", "Give seats to the tenant"),
        (view.webhooks.last.is_some(), "/operator/webhooks", "Have Zoom send its webhooks here"),
    ];
    if done.iter().all(|(done, ..)| *done) {
        return Vec::new();
    }
    let next = done.iter().position(|(done, ..)| !done);
    let step = |(at, (done, href, words))| SetupStep { done, next: next == Some(at), href, words };
    done.into_iter().enumerate().map(step).collect()
}

fn peak_words(ahead: &Ahead) -> String {
    match &ahead.peak {
        None => "Nothing is booked in the next 30 days.".to_owned(),
        Some(peak) => format!(
            "Most licenses needed at once in the next 30 days: {}, on {}. You have {}.",
            peak.licenses,
            span_words(peak),
            ahead.licenses
        ),
    }
}

fn span_words(stretch: &Stretch) -> String {
    when::full(stretch.window, &ZoneName::utc())
}

impl Shortfall {
    pub(super) fn of(short: &[Stretch]) -> Self {
        let line =
            |stretch: &Stretch| format!("{}: {} needed", span_words(stretch), words::counted(stretch.licenses.into(), "license"));
        Self { named: short.iter().take(NAMED).map(line).collect(), more: short.len().saturating_sub(NAMED) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }
}
