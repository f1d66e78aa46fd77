//! Writes to one Zoom user go one after the other: Zoom refuses a second one that comes while the first is carried out
//! (zoom.md §5, lock key). A write to a meeting is one to the user who hosts it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// So many hosts of meetings are remembered; whoever is forgotten is asked for again.
const MOST_HOSTS: usize = 10_000;

/// Whose turn it is to write to a user. Turns that nobody waits for are forgotten.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// The turn of this user: hold its lock while writing.
    pub(super) fn of(&self, user: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(user).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        turns.insert(user.to_owned(), Arc::downgrade(&turn));
        turn
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Who hosts which meeting, as far as Zoom has told.
#[derive(Default)]
pub(super) struct Hosts(Mutex<HashMap<i64, String>>);

impl Hosts {
    /// The host of a meeting, if it was told.
    pub(super) fn of(&self, number: i64) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }

    /// Zoom tells who hosts a meeting.
    pub(super) fn note(&self, number: i64, host: &str) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MOST_HOSTS {
            hosts.clear();
        }
        hosts.insert(number, host.to_owned());
    }

    /// The meeting is gone.
    pub(super) fn forget(&self, number: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_until_the_meeting_is_gone_and_not_too_many_are_kept() {
        let hosts = Hosts::default();
        hosts.note(1, "u");
        assert_eq!(hosts.of(1).as_deref(), Some("u"));
        hosts.forget(1);
        assert_eq!(hosts.of(1), None);
        for number in 0..=MOST_HOSTS as i64 {
            hosts.note(number, "u");
        }
        assert_eq!((hosts.of(0), hosts.of(MOST_HOSTS as i64).as_deref()), (None, Some("u")));
    }
}
