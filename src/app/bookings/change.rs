//! Changes of a booked meeting: another time or topic, a cancellation, the invitation once more.

use std::sync::Arc;

use crate::domain::admission::Request;
use crate::domain::ids::{MeetingId, SeatId};
use crate::domain::meeting::{Kind, Meeting, Stage};
use crate::domain::names::Topic;
use crate::domain::tenant::{Tenant, User};
use crate::domain::time::{Instant, Span};
use crate::store::audit::{self, Actor};
use crate::store::scope::TenantScope;
use crate::store::{ReadTx, StoreError, WriteTx, meetings, pool, tenants, users};

use super::super::bell::Lane;
use super::super::letters::{self, MeetingNews};
use super::super::{App, AppError};
use super::{Answer, Cancellation, Invitation, Outcome, Rules, Time, decide, manageable, needs_license, rules, seats_for};

/// How long after a host has pressed Start they may be on their way into the meeting.
const ENTERING: Span = Span::minutes(2);

impl App {
    /// Moves a booked meeting, or changes its topic. The same time and topic again change nothing.
    pub async fn reschedule(
        self: &Arc<Self>,
        scope: &TenantScope,
        by: &User,
        id: &MeetingId,
        topic: Topic,
        time: Time,
    ) -> Result<Answer, AppError> {
        let (app, scope, by, id) = (self.clone(), scope.clone(), by.clone(), id.clone());
        let outcome = self.store.write(move |tx| app.admit_moved(tx, &scope, &by, &id, topic, time)).await?;
        for lane in [Lane::Rooms, Lane::Letters, Lane::Licenses] {
            self.bell.ring(lane);
        }
        self.answer(outcome).await
    }

    fn admit_moved(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        by: &User,
        id: &MeetingId,
        topic: Topic,
        time: Time,
    ) -> Result<Outcome, AppError> {
        let view = manageable(tx, scope, by, id)?;
        let before = view.meeting.window;
        if view.meeting.state.stage() != Stage::Booked || view.meeting.queued_at.is_some() {
            return Ok(Outcome::Settled(Answer::TooLate));
        }
        if is_entering(&view.meeting, self.now()) {
            return Ok(Outcome::Settled(Answer::Starting));
        }
        if before == time.window && view.meeting.topic == topic && view.meeting.zone == time.zone {
            return Ok(Outcome::Settled(Answer::Accepted(view.meeting.id)));
        }
        let tenant = tenants::get(tx, scope)?;
        let settings = pool::settings(tx)?;
        let rules = rules(&settings, self.now());
        let licensed = needs_license(&tenant, time.window.length());
        let request = Request {
            tenant: tenant.id.clone(),
            host: view.meeting.host.clone(),
            moving: Some(id.clone()),
            seats: seats_to_move_to(tx, scope, &view.meeting, &tenant, (&rules, licensed))?,
            window: time.window,
            kind: Kind::Scheduled,
            licensed,
        };
        // The topic alone needs no license.
        let (seat, hold, licensed) = if before == time.window {
            (view.meeting.seat.clone(), view.meeting.hold, view.meeting.licensed)
        } else {
            match decide(tx, &request, &rules, &settings)? {
                Ok(admitted) => (admitted.seat, admitted.hold, licensed),
                Err(refusal) => {
                    self.note_refusal(tx, scope, &request, refusal)?;
                    return Ok(Outcome::Refused(refusal, Box::new(request), rules));
                }
            }
        };
        let now = self.now();
        let still_counts = before == time.window || hold.contains(now);
        let leaves_seat = seat != view.meeting.seat;
        if hold != view.meeting.hold {
            self.note_hold(tx, scope, &view.meeting, now)?;
        }
        let moved = Meeting {
            topic,
            seat,
            window: time.window,
            wall_time: time.wall,
            zone: time.zone,
            hold,
            licensed,
            // Who pressed Start for a time that it has left is not on their way into it.
            start_clicked_at: view.meeting.start_clicked_at.filter(|_| still_counts),
            sequence: view.meeting.sequence + 1,
            ..view.meeting
        };
        if !meetings::move_to(tx, scope, &moved)? {
            return Ok(Outcome::Settled(Answer::TooLate));
        }
        if leaves_seat {
            // Zoom's meeting belongs to the seat; the client's link is ours and leads to the new one.
            meetings::set_seat(tx, scope, id, &moved.seat)?;
        }
        let host = users::find(tx, scope, &moved.host)?.ok_or(AppError::NotFound("user"))?;
        let letter = self.meeting_letter(MeetingNews::Rescheduled { before }, &moved, &view.client, &host.name, &tenant);
        letters::put(tx, &[letter])?;
        let detail = format!("from {} to {}", before.start(), moved.window.start());
        audit::add(tx, &self.entry(Some(&tenant.id), Actor::User(by.id.clone()), "meeting.rescheduled", Some(id), detail))?;
        Ok(Outcome::Settled(Answer::Accepted(moved.id)))
    }

    /// Calls a meeting off and tells the client. Doing so twice is the same as once.
    pub async fn cancel(self: &Arc<Self>, scope: &TenantScope, by: &User, id: &MeetingId) -> Result<Cancellation, AppError> {
        let (app, scope, by, id) = (self.clone(), scope.clone(), by.clone(), id.clone());
        let done = self.store.write(move |tx| app.call_off(tx, &scope, &by, &id)).await?;
        for lane in [Lane::Rooms, Lane::Letters, Lane::Licenses] {
            self.bell.ring(lane);
        }
        Ok(done)
    }

    fn call_off(&self, tx: &mut WriteTx<'_>, scope: &TenantScope, by: &User, id: &MeetingId) -> Result<Cancellation, AppError> {
        let view = manageable(tx, scope, by, id)?;
        if view.meeting.state.stage() == Stage::Cancelled {
            return Ok(Cancellation::Done);
        }
        if is_entering(&view.meeting, self.now()) {
            return Ok(Cancellation::Starting);
        }
        let Ok(cancelled) = view.meeting.state.cancelled(self.now()) else {
            return Ok(Cancellation::TooLate);
        };
        let from = view.meeting.hold.start();
        self.note_hold(tx, scope, &view.meeting, self.now())?;
        meetings::set_state(tx, scope, id, &cancelled, (from, from))?;
        meetings::raise_sequence(tx, scope, id)?;
        let meeting = Meeting { sequence: view.meeting.sequence + 1, state: cancelled, ..view.meeting };
        let tenant = tenants::get(tx, scope)?;
        let host = users::find(tx, scope, &meeting.host)?.ok_or(AppError::NotFound("user"))?;
        if meeting.announced {
            letters::put(tx, &[self.meeting_letter(MeetingNews::Cancelled, &meeting, &view.client, &host.name, &tenant)])?;
        }
        audit::add(tx, &self.entry(Some(scope.tenant()), Actor::User(by.id.clone()), "meeting.cancelled", Some(id), ""))?;
        Ok(Cancellation::Done)
    }

    /// Sends the invitation again, at most once a minute.
    pub async fn resend_invitation(
        self: &Arc<Self>,
        scope: &TenantScope,
        by: &User,
        id: &MeetingId,
    ) -> Result<Invitation, AppError> {
        let (app, scope, by, id) = (self.clone(), scope.clone(), by.clone(), id.clone());
        let sent = self
            .store
            .write(move |tx| {
                let view = manageable(tx, &scope, &by, &id)?;
                if !view.meeting.state.holds() || view.meeting.queued_at.is_some() {
                    return Ok::<_, AppError>(Invitation::TooLate);
                }
                let tenant = tenants::get(tx, &scope)?;
                let host = users::find(tx, &scope, &view.meeting.host)?.ok_or(AppError::NotFound("user"))?;
                let again = u32::try_from(app.now().seconds() / 60).unwrap_or(u32::MAX);
                let news = MeetingNews::Invited { again };
                let letter = app.meeting_letter(news, &view.meeting, &view.client, &host.name, &tenant);
                if letters::put(tx, &[letter])? == 0 {
                    return Ok(Invitation::JustSent);
                }
                audit::add(tx, &app.entry(Some(scope.tenant()), Actor::User(by.id), "meeting.invited_again", Some(&id), ""))?;
                Ok(Invitation::Sent)
            })
            .await?;
        self.bell.ring(Lane::Letters);
        Ok(sent)
    }
}

fn is_entering(meeting: &Meeting, now: Instant) -> bool {
    meeting.start_clicked_at.is_some_and(|clicked| now < clicked + ENTERING)
}

/// The seat stays when it can, because Zoom has the meeting there; then come the others.
fn seats_to_move_to(
    tx: &mut ReadTx<'_>,
    scope: &TenantScope,
    meeting: &Meeting,
    tenant: &Tenant,
    how: (&Rules, bool),
) -> Result<Vec<SeatId>, StoreError> {
    let mut seats = seats_for(tx, scope, &meeting.host, tenant, how)?;
    seats.sort_by_key(|seat| *seat != meeting.seat);
    Ok(seats)
}
