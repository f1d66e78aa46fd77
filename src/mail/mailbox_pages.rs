//! The pages of the mailbox in `demo`, on the simulator's server: what would be in people's inboxes.
//!
//! The HTML of a letter is shown in a sandboxed frame under a policy of its own, so that it can do no more here than in
//! a mail program. Links in the text part are made clickable only when they are http or https.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::{Data, Path, Query, ServiceConfig, get};
use askama::Template;
use serde::Deserialize;

use super::letter::Method;
use super::mailbox::{Mailbox, Sent};
use super::sender::Sender;
use crate::domain::names::{EmailAddress, ZoneName};
use crate::domain::when;

/// The policy of our own pages.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; \
                           frame-ancestors 'none'; base-uri 'none'";
/// The policy of a letter's HTML: its own style sheet and nothing else; only our page may frame it.
const LETTER_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; \
                             base-uri 'none'; sandbox allow-popups allow-popups-to-escape-sandbox";

const STYLE: &str = include_str!("../../templates/mailbox/mailbox.css");

/// Adds the mailbox's pages under `/mailbox`.
pub fn configure(mailbox: Mailbox) -> impl Fn(&mut ServiceConfig) + Clone {
    move |config| {
        config
            .app_data(Data::new(mailbox.clone()))
            .route("/mailbox", get().to(list))
            .route("/mailbox/mailbox.css", get().to(style))
            .route("/mailbox/{number}", get().to(show))
            .route("/mailbox/{number}/html", get().to(html));
    }
}

#[derive(Template)]
#[template(path = "mailbox/list.html")]
struct ListPage {
    to: String,
    letters: Vec<Row>,
}

/// One line of the list, and the head of a letter.
struct Row {
    number: u64,
    at: String,
    name: String,
    address: String,
    subject: String,
    calendar: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "mailbox/show.html")]
struct ShowPage<'a> {
    row: Row,
    from: String,
    reply_to: Option<&'a str>,
    text: Vec<Piece<'a>>,
    ics: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "mailbox/missing.html")]
struct MissingPage;

#[derive(Debug, Deserialize)]
struct Search {
    #[serde(default)]
    to: String,
}

async fn list(mailbox: Data<Mailbox>, search: Query<Search>) -> HttpResponse {
    let to = search.into_inner().to.trim().to_lowercase();
    let found = |sent: &&Sent| {
        let recipient = &sent.letter.to;
        recipient.address.as_str().contains(&to) || recipient.name.as_str().to_lowercase().contains(&to)
    };
    let letters = mailbox.list().iter().filter(found).map(Row::of).collect();
    page(StatusCode::OK, &ListPage { to, letters })
}

async fn show(mailbox: Data<Mailbox>, number: Path<String>) -> HttpResponse {
    let Some(sent) = find(&mailbox, &number) else { return missing() };
    let letter = &sent.letter;
    let shown = ShowPage {
        row: Row::of(&sent),
        from: from(mailbox.sender()),
        reply_to: letter.reply_to.as_ref().map(EmailAddress::as_str),
        text: pieces(&letter.text),
        ics: letter.calendar.as_ref().map(|part| part.ics.as_str()),
    };
    page(StatusCode::OK, &shown)
}

async fn html(mailbox: Data<Mailbox>, number: Path<String>) -> HttpResponse {
    match find(&mailbox, &number) {
        Some(sent) => answer(StatusCode::OK, LETTER_POLICY, sent.letter.html.clone()),
        None => missing(),
    }
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff")).body(STYLE)
}

fn find(mailbox: &Mailbox, number: &str) -> Option<Sent> {
    mailbox.get(number.parse().ok()?)
}

fn missing() -> HttpResponse {
    page(StatusCode::NOT_FOUND, &MissingPage)
}

fn page(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(body) => answer(status, PAGE_POLICY, body),
        Err(error) => {
            tracing::error!(%error, "a page of the mailbox could not be filled in");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn answer(status: StatusCode, policy: &'static str, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("text/html; charset=utf-8")
        .body(body)
}

impl Row {
    fn of(sent: &Sent) -> Self {
        let letter = &sent.letter;
        Self {
            number: sent.number,
            at: when::moment(letter.written_at, &ZoneName::utc()),
            name: letter.to.name.to_string(),
            address: letter.to.address.to_string(),
            subject: letter.subject.to_string(),
            calendar: letter.calendar.as_ref().map(|part| match part.method {
                Method::Request => "Calendar entry",
                Method::Cancel => "Calendar cancellation",
            }),
        }
    }
}

fn from(sender: &Sender) -> String {
    match sender.name() {
        Some(name) => format!("{name} <{}>", sender.address()),
        None => sender.address().to_string(),
    }
}

/// A piece of plain text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// A web address.
    Link(&'a str),
}

/// Finds the web addresses in a text. Put together again, the pieces are the text.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = next_link(rest) {
        let (before, tail) = rest.split_at(start);
        let (link, after) = tail.split_at(link_length(tail));
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Link(link));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn next_link(text: &str) -> Option<usize> {
    ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()
}

/// A link ends before white space and before marks that no URL holds; a full stop or the like at its end is the sentence's.
fn link_length(text: &str) -> usize {
    let end = text.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"`".contains(c)).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'']).len()
}

#[cfg(test)]
mod tests;
