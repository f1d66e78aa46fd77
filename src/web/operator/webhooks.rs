//! The webhook inbox: what Zoom sent, what came of it, and processing it again.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::ids::EventId;
use crate::store::StoreError;
use crate::store::events::{self, Event, EventState};
use crate::web::body::id_in;
use crate::web::forms::{Bare, Choice, Form};
use crate::web::guard::WEBHOOK_PATH;
use crate::web::page::{Answer, Chrome, WebError, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::paging::{self, Pager, Position};
use super::words::{Badge, Moment};

const PATH: &str = "/operator/webhooks";

/// The events that have an effect here (developers.zoom.us, meeting and user webhooks); docs/configuration.md names the same.
const EVENTS: [&str; 8] = [
    "meeting.started",
    "meeting.ended",
    "meeting.participant_joined",
    "meeting.deleted",
    "user.updated",
    "user.deactivated",
    "user.deleted",
    "user.disassociated",
];

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    state: String,
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "operator/webhooks/list.html")]
struct ListPage {
    chrome: Chrome,
    states: Vec<Choice>,
    state: String,
    lines: Vec<Line>,
    pager: Pager,
    url: String,
    events: &'static [&'static str],
}

struct Line {
    id: String,
    kind: String,
    received: Moment,
    state: Badge,
    tries: u32,
    outcome: String,
    body: String,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get(PATH, Access::Operator, || web::to(list)),
        RouteRow::post("/operator/webhooks/{id}/replay", Access::Operator, || web::to(replay)),
    ]
}

async fn list(operator: Operator, site: web::Data<Site>, filter: web::Query<Filter>) -> Answer {
    let position = Position::parse(&filter.page)?;
    let state = match filter.state.as_str() {
        "" => None,
        word => Some(EventState::from_word(word).ok_or_else(WebError::not_found)?),
    };
    let pass = operator.pass();
    let read =
        site.app.store.read::<_, StoreError, _>(move |tx| events::list(tx, &pass, state, position.offset(), paging::LIMIT));
    let mut found = read.await?;
    let pager = position.pager(&mut found, PATH, &[("state", &filter.state)]);
    page(&ListPage {
        chrome: operator.chrome(),
        states: vec![
            Choice::new("", "All"),
            Choice::new(EventState::Waiting.word(), "Waiting"),
            Choice::new(EventState::Done.word(), "Processed"),
            Choice::new(EventState::Failed.word(), "Given up"),
        ],
        state: filter.into_inner().state,
        lines: found.into_iter().map(line).collect(),
        pager,
        url: site.app.url(WEBHOOK_PATH),
        events: &EVENTS,
    })
}

async fn replay(operator: Operator, site: web::Data<Site>, request: HttpRequest, _: Form<Bare>) -> Answer {
    let id = id_in::<EventId>(&request)?;
    if !site.app.replay_event(&operator.pass, id).await? {
        return Err(WebError::not_found());
    }
    Ok(operator.done(PATH, "The webhook is processed again. What it has already changed stays as it is."))
}

fn line(event: Event) -> Line {
    Line {
        id: event.id().to_string(),
        received: Moment::of(event.received_at()),
        state: match event.state() {
            EventState::Waiting => Badge::new("waiting", "Waiting"),
            EventState::Done => Badge::new("processed", "Processed"),
            EventState::Failed => Badge::new("failed", "Given up"),
        },
        tries: event.tries(),
        outcome: event.outcome.unwrap_or_default(),
        kind: event.kind,
        body: pretty(event.body),
    }
}

/// The body with line breaks, or as it came when it is no JSON.
fn pretty(body: String) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(&body).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docs_ask_for_the_same_events() {
        let docs = include_str!("../../../docs/configuration.md");
        let (_, section) = docs.split_once("Event subscription:").unwrap();
        let (section, _) = section.split_once("\n\n").unwrap();
        let named: Vec<&str> =
            section.split('`').filter(|word| word.starts_with("meeting.") || word.starts_with("user.")).collect();
        assert_eq!(named, EVENTS);
    }
}
