//! Tells Zoom of meetings: what was booked is created there, what moved is changed, what was called off is deleted.
//!
//! Nothing is queued: the rows say what Zoom has not seen yet. A link is never made up when Zoom fails.

use std::sync::Arc;

use crate::domain::ids::MeetingId;
use crate::domain::meeting::{Meeting, Room};
use crate::domain::time::{Instant, Span};
use crate::store::meetings::{self, Errand, Task};
use crate::store::scope::TenantScope;
use crate::store::{StoreError, seats};
use crate::zoom::{MeetingChange, NewMeeting, ZoomError, secrets};

use super::letters::Turn;
use super::{App, AppError};

impl App {
    /// Runs the most urgent errand to Zoom.
    pub async fn run_errand(self: &Arc<Self>) -> Result<Turn, AppError> {
        let (pass, now) = (self.pass(), self.now());
        let Some(errand) = self.store.read(move |tx| meetings::next_errand(tx, &pass, now)).await? else {
            return Ok(Turn::Idle);
        };
        if let Err(error) = self.run(&errand).await {
            let AppError::Zoom(error) = error else { return Err(error) };
            tracing::warn!(meeting = %errand.meeting.id, task = ?errand.task, %error, "Zoom could not be told of a meeting");
            let retry_at = self.retry_at(&error, errand.tries);
            let Errand { scope, meeting, .. } = errand;
            self.store
                .write::<_, StoreError, _>(move |tx| meetings::mark_failed(tx, &scope, &meeting.id, retry_at, &error.to_string()))
                .await?;
        }
        Ok(Turn::Worked)
    }

    async fn run(self: &Arc<Self>, errand: &Errand) -> Result<(), AppError> {
        let Errand { scope, meeting, task, .. } = errand;
        match (task, &meeting.room) {
            (Task::Create, _) | (Task::Update, None) => {
                self.make_room(scope, meeting).await?;
                Ok(())
            }
            (Task::Update, Some(room)) => match self.zoom.update_meeting(room.number, &change(meeting)).await {
                Ok(()) => self.mark_synced(scope, meeting).await,
                Err(ZoomError::Gone) => self.forget_room(scope, &meeting.id).await,
                Err(error) => Err(error.into()),
            },
            (Task::Delete, Some(room)) => {
                self.zoom.delete_meeting(room.number).await?;
                self.mark_synced(scope, meeting).await
            }
            (Task::Delete, None) => self.mark_synced(scope, meeting).await,
        }
    }

    /// Creates the meeting at Zoom on its seat. Whoever comes second deletes what it made.
    pub(super) async fn make_room(self: &Arc<Self>, scope: &TenantScope, meeting: &Meeting) -> Result<Room, AppError> {
        let seat_id = meeting.seat.clone();
        let seat = self.store.read(move |tx| seats::find(tx, &seat_id)).await?;
        let Some(host) = seat.and_then(|seat| seat.zoom_user_id) else { return Err(ZoomError::Gone.into()) };
        let new = NewMeeting {
            topic: meeting.topic.to_string(),
            starts_at: meeting.window.start(),
            minutes: meeting.window.length().as_minutes_up(),
            passcode: secrets::passcode(&self.ids),
        };
        let room = self.zoom.create_meeting(&host, &new).await?.room();
        let (tx_scope, id, sequence, made) = (scope.clone(), meeting.id.clone(), meeting.sequence, room.clone());
        let kept = self.store.write(move |tx| meetings::set_room(tx, &tx_scope, &id, &made, sequence)).await?;
        if kept {
            return Ok(room);
        }
        self.zoom.delete_meeting(room.number).await?;
        let (tx_scope, id) = (scope.clone(), meeting.id.clone());
        let current = self.store.read(move |tx| meetings::find(tx, &tx_scope, &id)).await?;
        current.and_then(|meeting| meeting.room).ok_or(AppError::NotFound("meeting"))
    }

    /// Zoom does not know the meeting any more: it is made again.
    pub(super) async fn forget_room(&self, scope: &TenantScope, id: &MeetingId) -> Result<(), AppError> {
        let (scope, id) = (scope.clone(), id.clone());
        Ok(self.store.write(move |tx| meetings::clear_room(tx, &scope, &id)).await?)
    }

    async fn mark_synced(&self, scope: &TenantScope, meeting: &Meeting) -> Result<(), AppError> {
        let (scope, id, sequence) = (scope.clone(), meeting.id.clone(), meeting.sequence);
        Ok(self.store.write(move |tx| meetings::mark_synced(tx, &scope, &id, sequence)).await?)
    }

    /// When to ask Zoom again after `tries` failures: when it said so, or after a pause that doubles up to half an hour.
    pub(super) fn retry_at(&self, error: &ZoomError, tries: u32) -> Instant {
        let now = self.now();
        match error {
            ZoomError::RetryAfter { at, .. } => (*at).max(now + Span::seconds(1)),
            _ => now + Span::seconds(5 << tries.min(9)).min(Span::minutes(30)),
        }
    }
}

fn change(meeting: &Meeting) -> MeetingChange {
    MeetingChange {
        topic: Some(meeting.topic.to_string()),
        starts_at: Some(meeting.window.start()),
        minutes: Some(meeting.window.length().as_minutes_up()),
    }
}
