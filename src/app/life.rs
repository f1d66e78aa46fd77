//! What Zoom tells us of a meeting's life, by webhook or by poll: the same effects for both.

use crate::domain::meeting::{Meeting, Run, State};
use crate::domain::time::{Instant, SLOT_SECONDS, Span};
use crate::store::audit::{self, Actor};
use crate::store::scope::TenantScope;
use crate::store::{StoreError, WriteTx, meetings, pool};

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
        let Ok(Some(live)) = meeting.state.started(run.clone()) else {
            return Ok(false);
        };
        let settings = pool::settings(tx)?;
        let now = self.now();
        // From now on the license is held for as long as it runs; a hold that was given back is taken up again.
        let at_least_until = (now + Span::seconds(SLOT_SECONDS) + settings.grace).grid_up();
        let still_held = meeting.hold.contains(now);
        let from = if still_held { meeting.hold.start() } else { now };
        let until = if still_held { meeting.hold.end().max(at_least_until) } else { at_least_until };
        meetings::set_state(tx, scope, &meeting.id, &live, (from, until))?;
        audit::add(tx, &self.entry(Some(scope.tenant()), by, "meeting.started", Some(&meeting.id), format!("run {}", run.uuid)))?;
        Ok(true)
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
        let Ok(Some(ended)) = meeting.state.ended(run.clone(), at) else {
            return Ok(false);
        };
        let settings = pool::settings(tx)?;
        // The rest of the hold is given back, but for the time in which people come back after a dropped line.
        let until = (at + settings.rejoin).max(meeting.hold.start());
        meetings::set_state(tx, scope, &meeting.id, &ended, (meeting.hold.start(), until))?;
        meetings::set_alert(tx, scope, &meeting.id, None)?;
        audit::add(tx, &self.entry(Some(scope.tenant()), by, "meeting.ended", Some(&meeting.id), format!("run {}", run.uuid)))?;
        Ok(true)
    }

    /// Nobody started it in time: the license and the rest of the hold are given back.
    pub(super) fn note_missed(&self, tx: &mut WriteTx<'_>, scope: &TenantScope, meeting: &Meeting) -> Result<bool, StoreError> {
        let now = self.now();
        let until = now.max(meeting.hold.start());
        let given_back = (meeting.hold.start(), until.min(meeting.hold.end()));
        match meeting.state.missed(now) {
            Ok(missed) => {
                meetings::set_state(tx, scope, &meeting.id, &missed, given_back)?;
                meetings::set_alert(tx, scope, &meeting.id, None)?;
                audit::add(tx, &self.entry(Some(scope.tenant()), Actor::Keeper, "meeting.missed", Some(&meeting.id), ""))?;
                Ok(true)
            }
            // It was missed before, asked for again, and not started then either.
            Err(_) if matches!(meeting.state, State::Missed { .. }) => {
                meetings::set_hold(tx, scope, &meeting.id, given_back)?;
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}
