//! From columns to the domain's types. A value that does not parse was not written by us: the row is corrupt.

use crate::domain::names::{EmailAddress, NameError, PersonName, Slug, Topic, ZoneName};
use crate::domain::time::{Instant, Window};

use super::error::StoreError;

pub(super) fn word<T>(value: Option<T>, column: &str, text: &str) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::corrupt(format!("an unknown {column}: {text}")))
}

fn parsed<T>(value: Result<T, NameError>, column: &str) -> Result<T, StoreError> {
    value.map_err(|_| StoreError::corrupt(format!("an unusable {column}")))
}

pub(super) fn email(text: &str) -> Result<EmailAddress, StoreError> {
    parsed(EmailAddress::parse(text), "e-mail address")
}

pub(super) fn person(text: &str) -> Result<PersonName, StoreError> {
    parsed(PersonName::parse(text), "name")
}

pub(super) fn topic(text: &str) -> Result<Topic, StoreError> {
    parsed(Topic::parse(text), "topic")
}

pub(super) fn slug(text: &str) -> Result<Slug, StoreError> {
    parsed(Slug::parse(text), "slug")
}

pub(super) fn zone(text: &str) -> Result<ZoneName, StoreError> {
    parsed(ZoneName::parse(text), "time zone")
}

pub(super) fn instant(seconds: i64) -> Instant {
    Instant::from_seconds(seconds)
}

pub(super) fn window(from: i64, until: i64) -> Result<Window, StoreError> {
    Window::new(instant(from), instant(until)).ok_or_else(|| StoreError::corrupt("an empty span of time"))
}

pub(super) fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

pub(super) fn column(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
