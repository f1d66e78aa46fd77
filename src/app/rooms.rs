//! Tells Zoom of meetings: what was booked is created there, what moved is changed, what was called off is deleted.
//!
//! Nothing is queued: the rows say what Zoom has not seen yet. A link is never made up when Zoom fails. Zoom takes only so
//! many new or changed meetings a day for one host: they are counted here, and beyond them Zoom is not asked.

use std::sync::Arc;

use crate::domain::ids::{MeetingId, SeatId};
use crate::domain::meeting::{Meeting, Room};
use crate::domain::seat::may_write;
use crate::domain::time::{Instant, Span};
use crate::store::meetings::{self, Errand, Task};
use crate::store::scope::TenantScope;
use crate::store::{StoreError, old_rooms, seat_days, seats};
use crate::zoom::{MeetingChange, NewMeeting, ZoomError, secrets};

use super::letters::Turn;
use super::{App, AppError};

/// How long an errand may take before somebody else runs it.
const CLAIM: Span = Span::minutes(1);

/// Whether a host has pressed Start and waits for the room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pressed {
    /// Somebody waits: what is kept back of the host's day may be used.
    Yes,
    /// Nobody does.
    No,
}

impl App {
    /// Runs the most urgent errand to Zoom.
    pub async fn run_errand(self: &Arc<Self>) -> Result<Turn, AppError> {
        let (pass, now) = (self.pass(), self.now());
        if self.store.read(move |tx| meetings::next_errand(tx, &pass, now)).await?.is_none() {
            return self.clear_an_old_room().await;
        }
        let pass = self.pass();
        let claimed = self.store.write(move |tx| meetings::claim_errand(tx, &pass, now, now + CLAIM)).await?;
        // Somebody else may have been faster.
        let Some(errand) = claimed else { return Ok(Turn::Worked) };
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

    /// Deletes one of Zoom's meetings that none of ours uses any more.
    async fn clear_an_old_room(&self) -> Result<Turn, AppError> {
        let (pass, now) = (self.pass(), self.now());
        let Some(old) = self.store.read(move |tx| old_rooms::next(tx, &pass, now)).await? else { return Ok(Turn::Idle) };
        let pass = self.pass();
        match self.zoom.delete_meeting(old.number).await {
            Ok(()) | Err(ZoomError::Gone) => self.store.write(move |tx| old_rooms::remove(tx, &pass, old.number)).await?,
            Err(error) => {
                tracing::warn!(%error, "an old meeting could not be deleted at Zoom");
                let retry_at = self.retry_at(&error, old.tries);
                self.store.write(move |tx| old_rooms::mark_failed(tx, &pass, old.number, retry_at)).await?;
            }
        }
        Ok(Turn::Worked)
    }

    async fn run(self: &Arc<Self>, errand: &Errand) -> Result<(), AppError> {
        let Errand { scope, meeting, task, .. } = errand;
        match (task, &meeting.room) {
            (Task::Create, _) | (Task::Update, None) => {
                self.make_room(scope, meeting, Pressed::No).await?;
                Ok(())
            }
            (Task::Update, Some(room)) => match self.change_room(room, meeting).await {
                Ok(()) => self.mark_synced(scope, meeting).await,
                Err(AppError::Zoom(ZoomError::Gone)) => self.forget_room(scope, &meeting.id).await,
                Err(error) => Err(error),
            },
            (Task::Delete, Some(room)) => {
                self.zoom.delete_meeting(room.number).await?;
                self.mark_synced(scope, meeting).await
            }
            (Task::Delete, None) => self.mark_synced(scope, meeting).await,
        }
    }

    /// Creates the meeting at Zoom on its seat. What whoever comes second has made there is deleted again.
    pub(super) async fn make_room(
        self: &Arc<Self>,
        scope: &TenantScope,
        meeting: &Meeting,
        pressed: Pressed,
    ) -> Result<Room, AppError> {
        let seat_id = meeting.seat.clone();
        let seat = self.store.read(move |tx| seats::find(tx, &seat_id)).await?;
        let Some(host) = seat.and_then(|seat| seat.zoom_user_id) else { return Err(ZoomError::Gone.into()) };
        let new = NewMeeting {
            topic: meeting.topic.to_string(),
            starts_at: meeting.window.start(),
            minutes: meeting.window.length().as_minutes_up(),
            passcode: secrets::passcode(&self.ids),
        };
        let asked_at = self.count_write(&meeting.seat, pressed).await?;
        let answer = self.zoom.create_meeting(&host, &new).await;
        let room = self.counted(&meeting.seat, asked_at, answer).await?.room();
        let (tx_scope, id, sequence, made) = (scope.clone(), meeting.id.clone(), meeting.sequence, room.clone());
        let (on, number) = (meeting.seat.clone(), room.number);
        let kept = self.store.write::<_, StoreError, _>(move |tx| {
            let is_still_there = meetings::find(tx, &tx_scope, &id)?.is_some_and(|meeting| meeting.seat == on);
            let kept = is_still_there && meetings::set_room(tx, &tx_scope, &id, &made, sequence)?;
            if !kept {
                old_rooms::add(tx, number)?;
            }
            Ok(kept)
        });
        if kept.await? {
            return Ok(room);
        }
        let (tx_scope, id) = (scope.clone(), meeting.id.clone());
        let current = self.store.read(move |tx| meetings::find(tx, &tx_scope, &id)).await?;
        current.and_then(|meeting| meeting.room).ok_or(AppError::NotFound("meeting"))
    }

    async fn change_room(self: &Arc<Self>, room: &Room, meeting: &Meeting) -> Result<(), AppError> {
        let asked_at = self.count_write(&meeting.seat, Pressed::No).await?;
        let answer = self.zoom.update_meeting(room.number, &change(meeting)).await;
        self.counted(&meeting.seat, asked_at, answer).await
    }

    /// Counts one new or changed meeting of a host's day, before Zoom is asked; [`ZoomError::HostDay`] when the day has no
    /// more of them. Gives when it was counted.
    async fn count_write(&self, seat: &SeatId, pressed: Pressed) -> Result<Instant, AppError> {
        let (now, seat) = (self.now(), seat.clone());
        let counted = self.store.write::<_, StoreError, _>(move |tx| {
            let may = may_write(seat_days::writes(tx, &seat, now)?, pressed == Pressed::Yes);
            if may {
                seat_days::note_write(tx, &seat, now)?;
            }
            Ok(may)
        });
        if counted.await? { Ok(now) } else { Err(ZoomError::HostDay { at: now.next_utc_day() }.into()) }
    }

    /// What Zoom has certainly not carried out does not count.
    async fn counted<T>(&self, seat: &SeatId, at: Instant, answer: Result<T, ZoomError>) -> Result<T, AppError> {
        if matches!(answer, Err(ZoomError::Unreachable(_) | ZoomError::RetryAfter { .. })) {
            let seat = seat.clone();
            self.store.write::<_, StoreError, _>(move |tx| seat_days::unnote_write(tx, &seat, at)).await?;
        }
        Ok(answer?)
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
            ZoomError::RetryAfter { at, .. } | ZoomError::HostDay { at } => (*at).max(now + Span::seconds(1)),
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
