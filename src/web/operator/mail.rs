//! The outbox: what was written to whom and whether it went out. Never a letter's text.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::ids::LetterId;
use crate::domain::time::Instant;
use crate::store::StoreError;
use crate::store::letters::{self, LetterState, Shown};
use crate::web::body::id_in;
use crate::web::forms::{Bare, Choice, Form};
use crate::web::page::{Answer, Chrome, WebError, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::paging::{self, Pager, Position};
use super::words::{Badge, Moment, away};

const PATH: &str = "/operator/mail";

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    state: String,
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "operator/mail/list.html")]
struct ListPage {
    chrome: Chrome,
    states: Vec<Choice>,
    state: String,
    lines: Vec<Line>,
    pager: Pager,
}

struct Line {
    id: String,
    kind: String,
    recipient: String,
    written: Moment,
    state: Badge,
    tries: u32,
    then: String,
    problem: String,
    can_retry: bool,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get(PATH, Access::Operator, || web::to(list)),
        RouteRow::post("/operator/mail/{id}/requeue", Access::Operator, || web::to(requeue)),
    ]
}

async fn list(operator: Operator, site: web::Data<Site>, filter: web::Query<Filter>) -> Answer {
    let position = Position::parse(&filter.page)?;
    let state = match filter.state.as_str() {
        "" => None,
        word => Some(LetterState::from_word(word).ok_or_else(WebError::not_found)?),
    };
    let pass = operator.pass();
    let read =
        site.app.store.read::<_, StoreError, _>(move |tx| letters::list(tx, &pass, state, position.offset(), paging::LIMIT));
    let mut found = read.await?;
    let pager = position.pager(&mut found, PATH, &[("state", &filter.state)]);
    let now = site.app.now();
    page(&ListPage {
        chrome: operator.chrome(),
        states: vec![
            Choice::new("", "All"),
            Choice::new(LetterState::Queued.word(), "Waiting"),
            Choice::new(LetterState::Sent.word(), "Sent"),
            Choice::new(LetterState::Failed.word(), "Given up"),
        ],
        state: filter.into_inner().state,
        lines: found.into_iter().map(|letter| line(letter, now)).collect(),
        pager,
    })
}

async fn requeue(operator: Operator, site: web::Data<Site>, request: HttpRequest, _: Form<Bare>) -> Answer {
    let id = id_in::<LetterId>(&request)?;
    if site.app.requeue_letter(&operator.pass, id).await? {
        Ok(operator.done(PATH, "The letter is sent as soon as the mail server takes it."))
    } else {
        Ok(operator.not_done(PATH, "This letter was sent already, or does not exist any more."))
    }
}

fn line(letter: Shown, now: Instant) -> Line {
    let (state, then) = match letter.state {
        LetterState::Sent => (Badge::new("sent", "Sent"), letter.sent_at.map(|at| away(at, now)).unwrap_or_default()),
        LetterState::Failed => (Badge::new("failed", "Given up"), String::new()),
        LetterState::Queued if letter.tries == 0 => (Badge::new("queued", "Waiting"), String::new()),
        LetterState::Queued => (Badge::new("retrying", "Trying again"), format!("next try {}", away(letter.send_after, now))),
    };
    Line {
        id: letter.id.to_string(),
        kind: letter.kind.replace('_', " "),
        recipient: letter.recipient,
        written: Moment::of(letter.created_at),
        state,
        tries: letter.tries,
        then,
        problem: letter.problem.unwrap_or_default(),
        can_retry: letter.state != LetterState::Sent,
    }
}
