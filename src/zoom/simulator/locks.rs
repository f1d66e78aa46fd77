//! One write at a time for each user: Zoom refuses a second one that comes while the first is carried out (zoom.md §5, lock
//! key). A write to a meeting is one to the user who hosts it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::api::segments;
use super::refusal::Refusal;
use super::world::World;
use crate::zoom::transport::{Body, Call, Method};

/// The writes under way: until when, in milliseconds, by user.
#[derive(Clone, Debug, Default)]
pub(super) struct Locks {
    until: BTreeMap<String, i64>,
    refused: u32,
}

impl Locks {
    pub(super) const fn refused(&self) -> u32 {
        self.refused
    }

    fn take(&mut self, user: String, now: i64, takes: u64) -> Result<(), Refusal> {
        self.until.retain(|_, until| *until > now);
        if self.until.contains_key(&user) {
            self.refused += 1;
            return Err(conflict());
        }
        self.until.insert(user, now + takes as i64);
        Ok(())
    }
}

impl World {
    /// Begins a write that takes so many milliseconds, unless another one to the same user is under way.
    pub(super) fn begin_write(&mut self, now: i64, call: &Call, takes: u64) -> Result<(), Refusal> {
        match self.written_user(call) {
            Some(user) => self.locks.take(user, now, takes),
            None => Ok(()),
        }
    }

    /// The user whom a call changes, by id where Zoom has one.
    fn written_user(&self, call: &Call) -> Option<String> {
        if !call.method.writes() {
            return None;
        }
        let segments = segments(call);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let key = match (call.method, segments.as_slice()) {
            (Method::Post, ["users"]) => match &call.body {
                Body::Json(body) => body.pointer("/user_info/email").and_then(Value::as_str)?.to_lowercase(),
                _ => return None,
            },
            (_, ["users", key, ..]) => (*key).to_owned(),
            (_, ["meetings", number, ..]) => self.find_meeting(number.parse().ok()?)?.host_id.clone(),
            _ => return None,
        };
        Some(self.find_user(&key).map_or(key, |user| user.id.clone()))
    }
}

/// What Zoom says to the second of two writes (zoom.md §5): without any of the headers of a rate limit.
pub(super) fn conflict() -> Refusal {
    let message = "Too many concurrent requests. A request to disassociate this user has already been made.";
    Refusal::new(429, 429, message)
}
