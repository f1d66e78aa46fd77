//! What Zoom tells us of a meeting's life, by webhook or by poll: the same effects for both.

use crate::domain::meeting::{LONGEST, Meeting, Run};
use crate::domain::pool::PoolSettings;
use crate::domain::time::{Instant, SLOT_SECONDS, Span, Window};
use crate::store::audit::{self, Actor};
use crate::store::scope::TenantScope;
use crate::store::{StoreError, WriteTx, meetings, pool, uses};

use super::App;

impl App {
    /// Zoom says that the meeting runs. `false`: that was known, or is older than what is known.
    pub(super) fn note_started(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        meeting: &Meeting,
        run: Run,
        by: Actor,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let run = Run { since: self.believable(run.since, meeting), ..run };
        let Ok(Some(live)) = meeting.state.started(run.clone()) else {
            return Ok(false);
        };
        self.note_hold(tx, scope, meeting, run.since)?;
        uses::begin_run(tx, scope, meeting, &run)?;
        let settings = pool::settings(tx)?;
        let at_least_until = (now + Span::seconds(SLOT_SECONDS) + settings.grace).grid_up();
        // Inside its hold it keeps what it was promised for as long as it runs; before it, the promise is still to come.
        // Afterwards nothing is promised to it: it is given a license when one can be had (see `line.rs`).
        let promise_stands = now < meeting.hold.end();
        let (from, until) = match meeting.hold {
            hold if now < hold.start() => (hold.start(), hold.end()),
            hold if promise_stands => (hold.start(), hold.end().max(at_least_until)),
            _ => (now, at_least_until),
        };
        meetings::set_state(tx, scope, &meeting.id, &live, (from, until))?;
        // What was planned stays as it was planned until it is outgrown.
        if until > meeting.hold.end() {
            meetings::set_hold(tx, scope, &meeting.id, (from, until), promise_stands && meeting.licensed)?;
        }
        audit::add(tx, &self.entry(Some(scope.tenant()), by, "meeting.started", Some(&meeting.id), format!("run {}", run.uuid)))?;
        Ok(true)
    }

    /// An instant that Zoom names, as far as it can be: not before the meeting was accepted, and not in the future.
    fn believable(&self, at: Instant, meeting: &Meeting) -> Instant {
        let now = self.now();
        if at < meeting.created_at { now } else { at.min(now) }
    }

    /// Zoom says that one run of the meeting is over. `false`: that was known, or it was not the current run.
    pub(super) fn note_ended(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        meeting: &Meeting,
        run: Run,
        at: Instant,
        by: Actor,
    ) -> Result<bool, StoreError> {
        let at = self.believable(at, meeting);
        let run = Run { since: self.believable(run.since, meeting).min(at), ..run };
        self.note_hold(tx, scope, meeting, run.since)?;
        // For the ledger, the end of an older run counts too.
        uses::end_run(tx, scope, meeting, &run, at)?;
        let Ok(Some(ended)) = meeting.state.ended(run.clone(), at) else {
            return Ok(false);
        };
        let settings = pool::settings(tx)?;
        meetings::set_state(tx, scope, &meeting.id, &ended, kept_after(meeting, at, &settings))?;
        meetings::set_alert(tx, scope, &meeting.id, None)?;
        audit::add(tx, &self.entry(Some(scope.tenant()), by, "meeting.ended", Some(&meeting.id), format!("run {}", run.uuid)))?;
        Ok(true)
    }

    /// For the ledger: what passed by `until` of the hold of a meeting that has not begun. Said before the hold is changed.
    pub(super) fn note_hold(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        meeting: &Meeting,
        until: Instant,
    ) -> Result<(), StoreError> {
        let since = meeting.waits_since().filter(|_| meeting.licensed);
        match since.and_then(|since| Window::new(since, until.min(meeting.hold.end()))) {
            Some(spent) => uses::note_hold(tx, scope, &self.id(), meeting, spent),
            None => Ok(()),
        }
    }

    /// Nobody started it in time, or came back to it: the license and the rest of the hold are given back.
    pub(super) fn note_missed(&self, tx: &mut WriteTx<'_>, scope: &TenantScope, meeting: &Meeting) -> Result<bool, StoreError> {
        let now = self.now();
        let until = now.max(meeting.hold.start());
        self.note_hold(tx, scope, meeting, now)?;
        let given_back = (meeting.hold.start(), until.min(meeting.hold.end()));
        match meeting.state.missed(now) {
            Ok(missed) => {
                meetings::set_state(tx, scope, &meeting.id, &missed, given_back)?;
                meetings::set_alert(tx, scope, &meeting.id, None)?;
                audit::add(tx, &self.entry(Some(scope.tenant()), Actor::Keeper, "meeting.missed", Some(&meeting.id), ""))?;
                Ok(true)
            }
            // It was missed or had ended before, was asked for again, and not started then either.
            Err(_) if meeting.is_awaited_at(now) => {
                meetings::set_hold(tx, scope, &meeting.id, given_back, meeting.licensed)?;
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}

/// What a meeting that has ended at `at` still holds. One that ended before its time, as when its host looked into the room,
/// keeps what it was promised. Of others the rest is given back, but for the time in which people come back after a dropped
/// line. One that ran for longer than any plan begins later now, so that a search through planned holds still finds it.
fn kept_after(meeting: &Meeting, at: Instant, settings: &PoolSettings) -> (Instant, Instant) {
    if at < meeting.window.start() {
        return (meeting.hold.start().max(meeting.window.start() - settings.lead), meeting.hold.end());
    }
    let until = (at + settings.rejoin).max(meeting.hold.start());
    (meeting.hold.start().max(until - LONGEST), until)
}
