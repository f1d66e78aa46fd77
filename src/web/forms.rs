//! Forms: read once, checked, and shown again with what was typed and what is wrong with it.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::domain::names::NameError;

use super::body::Body;
use super::guard;
use super::page::WebError;

/// The most that a form may send.
pub const LARGEST: usize = 64 * 1024;

/// A form that was sent to us: at most 64 kB, from a page of this session. Fields it does not name are ignored; give each
/// `#[serde(default)]`, so that a missing one is a field error and not a broken request.
#[derive(Clone, Debug)]
pub struct Form<T>(pub T);

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    csrf: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let body = Body::from_request(&request, payload);
        Box::pin(async move {
            require_form(&request)?;
            let Body(body) = body.await?;
            if body.len() > LARGEST {
                return Err(WebError::too_large());
            }
            let text = std::str::from_utf8(&body).map_err(|_| unreadable())?;
            guard::check_token(&request, &parse::<Token>(text)?.csrf)?;
            parse(text).map(Self)
        })
    }
}

fn require_form(request: &HttpRequest) -> Result<(), WebError> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") { Ok(()) } else { Err(unreadable()) }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, WebError> {
    web::Query::<T>::from_query(text).map(web::Query::into_inner).map_err(|_| unreadable())
}

/// A checkbox of a form: `on` when it is ticked, not sent when it is not, and nothing else. Needs `#[serde(default)]` too.
pub fn ticked<'de, D: serde::Deserializer<'de>>(sent: D) -> Result<bool, D::Error> {
    match &*String::deserialize(sent)? {
        "on" => Ok(true),
        _ => Err(serde::de::Error::custom("a checkbox is on or not sent")),
    }
}

fn unreadable() -> WebError {
    WebError::bad_request("The form arrived incomplete. Go back, load the page again and repeat your entry.")
}

/// What is wrong with one field, in words; an empty field name means the form as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name.
    pub field: &'static str,
    /// What to do.
    pub text: String,
    /// A page to look at instead of a field.
    pub page: Option<String>,
}

/// Everything that is wrong with a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(pub Vec<FieldError>);

impl Errors {
    /// The first thing that is wrong with this field.
    pub fn on(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|error| error.field == field).map(|error| error.text.as_str())
    }

    /// Adds what is wrong with a field; "" for the form as a whole.
    pub fn add(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.push(FieldError { field, text: text.into(), page: None });
    }

    /// Adds what is wrong with the form as a whole, as a link to the page that shows why.
    pub fn add_page(&mut self, page: String, text: impl Into<String>) {
        self.0.push(FieldError { field: "", text: text.into(), page: Some(page) });
    }

    /// The value, or nothing and its words beside the field.
    pub fn take<T, E: std::fmt::Display>(&mut self, field: &'static str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.add(field, error.to_string())).ok()
    }

    /// The same for a text with a noun of its own on this form, such as `the client's name`.
    pub fn take_named<T>(&mut self, field: &'static str, noun: &str, value: Result<T, NameError>) -> Option<T> {
        self.take(field, value.map_err(|error| error.of(noun)))
    }

    /// Only this one.
    pub fn one(field: &'static str, text: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, text);
        errors
    }
}

/// One choice of a drop-down or of radio buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
}

impl Choice {
    /// A choice.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// The zones to choose from; with `none`, a first choice of that label and no value. A zone in use that is not among the
/// common ones is offered too.
pub fn zone_choices(none: Option<&str>, chosen: &str) -> Vec<Choice> {
    let mut choices: Vec<Choice> = none.iter().map(|label| Choice::new("", *label)).collect();
    let common = crate::domain::zone::common_zones();
    if !chosen.is_empty() && !common.contains(&chosen) {
        choices.push(Choice::new(chosen, chosen));
    }
    choices.extend(common.into_iter().map(|zone| Choice::new(zone, zone.replace('_', " "))));
    choices
}

/// The key of a fresh form: posting it twice does the thing once. Parse it back with
/// [`IdempotencyKey`](crate::domain::names::IdempotencyKey).
pub fn fresh_key(app: &App) -> String {
    hex::encode(app.ids.bytes::<16>())
}

/// A form without fields of its own: a lone button. Taking it is what checks the session's token.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Bare {}
