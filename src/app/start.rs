//! The host presses Start: the license is put on the seat and proved, and only then is the start URL fetched.
//!
//! Inside the hold, Start uses what was promised; a little early, late or again, it is admitted like a meeting on the spot.

use std::sync::Arc;

use crate::domain::admission::{Refusal, Request, Rules};
use crate::domain::ids::{MeetingId, SeatId};
use crate::domain::line;
use crate::domain::meeting::{Meeting, Stage};
use crate::domain::plan::Problem;
use crate::domain::pool::{Place, Release};
use crate::domain::tenant::{Tenant, User};
use crate::domain::time::Instant;
use crate::store::audit::{self, Actor};
use crate::store::scope::TenantScope;
use crate::store::{StoreError, WriteTx, licenses, meetings, moves, pool, seats, tenants};
use crate::zoom::{StartUrl, ZoomError, pace};

use super::bookings::{decide, needs_license, rules, seats_for};
use super::licenses::Attached;
use super::line::asks;
use super::rooms::Pressed;
use super::{App, AppError};

/// What came of pressing Start.
#[derive(Debug)]
pub enum Start {
    /// Zoom's link for the host, to be followed at once and kept nowhere.
    Go(StartUrl),
    /// No license is free now and the meeting holds none: the host may begin without one, or wait.
    NoLicense(Problem),
    /// It cannot be started now at all.
    Refused(Refusal),
    /// It is planned for much later: then.
    TooEarly(Instant),
    /// It was cancelled.
    Cancelled,
    /// Zoom did not play along; the words say what to do.
    Zoom(String),
}

/// Whether the host insists on a license.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// Only with a license.
    License,
    /// Without one if need be: Zoom ends the meeting after 40 minutes, unless a license comes free before.
    WhateverThereIs,
}

enum Permit {
    /// It may begin; whether a license is promised to it now, the meeting says.
    Granted(Box<Meeting>),
    TooEarly(Instant),
    Refused(Refusal),
    Cancelled,
}

impl App {
    /// Starts a meeting for its own host. What it asks of Zoom goes before all background work.
    pub async fn start(self: &Arc<Self>, scope: &TenantScope, by: &User, id: &MeetingId, with: With) -> Result<Start, AppError> {
        pace::urgently(self.start_now(scope, by, id, with)).await
    }

    async fn start_now(self: &Arc<Self>, scope: &TenantScope, by: &User, id: &MeetingId, with: With) -> Result<Start, AppError> {
        let (app, tx_scope, tx_by, tx_id) = (self.clone(), scope.clone(), by.clone(), id.clone());
        let meeting = match self.store.write(move |tx| app.permit(tx, &tx_scope, &tx_by, &tx_id, with)).await? {
            Permit::Granted(meeting) => meeting,
            Permit::TooEarly(start) => return Ok(Start::TooEarly(start)),
            Permit::Refused(refusal) => return Ok(Start::Refused(refusal)),
            Permit::Cancelled => return Ok(Start::Cancelled),
        };
        if meeting.is_promised_at(self.now()) {
            match self.ensure_license(&meeting.seat, &meeting.id).await {
                Ok(Attached::No(problem)) if with == With::License => return Ok(Start::NoLicense(problem)),
                Err(AppError::Zoom(error)) if with == With::License => return Ok(Start::Zoom(host_words(&error))),
                Ok(Attached::Yes | Attached::No(_)) | Err(AppError::Zoom(_)) => {}
                Err(error) => return Err(error),
            }
        } else if meeting.state.stage() != Stage::Live {
            self.take_what_was_left(&meeting.seat).await?;
        }
        match self.start_url(scope, &meeting).await {
            Ok(url) => {
                let (app, scope, by, id) = (self.clone(), scope.clone(), by.id.clone(), id.clone());
                self.store
                    .write::<_, AppError, _>(move |tx| {
                        meetings::mark_start_clicked(tx, &scope, &id, app.now())?;
                        audit::add(
                            tx,
                            &app.entry(Some(scope.tenant()), Actor::User(by), "meeting.start_pressed", Some(&id), ""),
                        )?;
                        Ok(())
                    })
                    .await?;
                Ok(Start::Go(url))
            }
            Err(AppError::Zoom(error)) => {
                tracing::warn!(meeting = %id, %error, "a meeting could not be started at Zoom");
                Ok(Start::Zoom(host_words(&error)))
            }
            Err(error) => Err(error),
        }
    }

    /// Makes sure that the license is promised to this meeting now; outside its hold it must be admitted for that.
    fn permit(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        by: &User,
        id: &MeetingId,
        with: With,
    ) -> Result<Permit, AppError> {
        let own = |tx: &mut WriteTx<'_>| {
            let found = meetings::find(tx, scope, id)?.filter(|meeting| meeting.host == by.id);
            found.ok_or(AppError::NotFound("meeting"))
        };
        let now = self.now();
        let mut meeting = own(tx)?;
        match meeting.state.stage() {
            Stage::Cancelled => return Ok(Permit::Cancelled),
            Stage::Live => return Ok(Permit::Granted(Box::new(meeting))),
            _ if line::is_too_early(&meeting, now) => return Ok(Permit::TooEarly(meeting.window.start())),
            Stage::Booked | Stage::Ended | Stage::Missed => {}
        }
        let tenant = tenants::get(tx, scope)?;
        let settings = pool::settings(tx)?;
        let rules = rules(&settings, now);
        let obstacle = obstacle_on(tx, &meeting.seat, &meeting)?;
        let is_content = |meeting: &Meeting| {
            meeting.licensed || with == With::WhateverThereIs || !needs_license(&tenant, meeting.window.length())
        };
        let begins = |meeting: &Meeting| obstacle.is_none() && is_content(meeting) && is_granted(meeting, now);
        if !begins(&meeting) {
            // Whoever has waited longer comes first, and this one may be the next of them.
            self.serve(tx)?;
            meeting = own(tx)?;
        }
        if begins(&meeting) {
            return self.granted(tx, scope, meeting);
        }
        if meeting.state.stage() == Stage::Cancelled {
            return Ok(Permit::Cancelled);
        }
        let window = line::wanted(&meeting, now);
        let licensed = needs_license(&tenant, window.length());
        let seats = match obstacle {
            None => vec![meeting.seat.clone()],
            Some(_) => other_seats(tx, scope, &meeting, &tenant, (&rules, licensed))?,
        };
        let request = Request { seats, licensed, ..asks(&meeting, now) };
        if let (Some(obstacle), true) = (obstacle, request.seats.is_empty()) {
            return self.refused(tx, scope, &request, obstacle);
        }
        match decide(tx, &request, &rules, &settings)? {
            Ok(admitted) => {
                self.reseat(tx, scope, by, &meeting, &admitted.seat)?;
                self.begin(tx, scope, &meeting, (now, admitted.hold.end()), licensed)?;
            }
            Err(refusal) if refusal == Refusal::SeatBusy || with == With::License => {
                return self.refused(tx, scope, &request, refusal);
            }
            Err(_) => {
                // Without a license it still needs a seat to itself, which a refusal for want of a license does not say.
                let without = Request { licensed: false, ..request };
                let Ok(admitted) = decide(tx, &without, &rules, &settings)? else {
                    return self.refused(tx, scope, &without, Refusal::SeatBusy);
                };
                self.reseat(tx, scope, by, &meeting, &admitted.seat)?;
                // What is promised for later stays promised, but not on another seat: there it was not admitted.
                let is_promised_later = meeting.licensed && now < meeting.hold.start();
                if !is_promised_later || admitted.seat != meeting.seat {
                    self.begin(tx, scope, &meeting, (now, window.end() + settings.grace), false)?;
                }
            }
        }
        let meeting = own(tx)?;
        self.granted(tx, scope, meeting)
    }

    /// It begins. Without a promise of its own it takes over none: whoever meets here now does not come back to the meeting
    /// before, for which a license may still be on the seat, nor begins another of their own whose time will be over. Where
    /// licenses stay until they are needed, and this one is promised to nobody, it is promised to this meeting, which saves two
    /// moves.
    fn granted(&self, tx: &mut WriteTx<'_>, scope: &TenantScope, meeting: Meeting) -> Result<Permit, AppError> {
        let now = self.now();
        if !meeting.is_promised_at(now) {
            if let Some(until) = self.stays_for(tx, &meeting)? {
                self.begin(tx, scope, &meeting, (now, until), true)?;
                let promised = meetings::find(tx, scope, &meeting.id)?.ok_or(AppError::NotFound("meeting"))?;
                return Ok(Permit::Granted(Box::new(promised)));
            }
            let before = meetings::holding_on_seat(tx, scope, &meeting.seat, now)?;
            let has_ended = |other: &Meeting| other.state.stage() == Stage::Ended && !other.is_awaited_at(now);
            let will_be_over = |other: &Meeting| other.host == meeting.host && other.hold.end() <= meeting.window.end();
            let is_over = |other: &&Meeting| other.queued_at.is_none() && (has_ended(other) || will_be_over(other));
            for last in before.iter().filter(is_over).filter(|other| other.id != meeting.id) {
                self.note_hold(tx, scope, last, now)?;
                meetings::set_hold(tx, scope, &last.id, (last.hold.start().min(now), now), last.licensed)?;
            }
        }
        Ok(Permit::Granted(Box::new(meeting)))
    }

    /// Until when a license that lies on the meeting's seat may be promised to it.
    fn stays_for(&self, tx: &mut WriteTx<'_>, meeting: &Meeting) -> Result<Option<Instant>, AppError> {
        let (settings, now) = (pool::settings(tx)?, self.now());
        let stays = settings.release == Release::WhenNeeded || settings.saves_moves(moves::on_day(tx, now)?);
        let lies_there = licenses::of_seat(tx, &meeting.seat)?.is_some_and(|(row, _)| row.slot.place() == Place::Attached);
        // What is promised to it for later stays as it is.
        if !stays || !lies_there || (meeting.licensed && now < meeting.hold.start()) {
            return Ok(None);
        }
        let decided = decide(tx, &asks(meeting, now), &rules(&settings, now), &settings)?;
        Ok(decided.ok().map(|admitted| admitted.hold.end()))
    }

    fn refused(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        request: &Request,
        refusal: Refusal,
    ) -> Result<Permit, AppError> {
        self.note_refusal(tx, scope, request, refusal)?;
        Ok(Permit::Refused(refusal))
    }

    /// Puts the meeting on the seat on which it can begin, when that is not its own.
    fn reseat(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        by: &User,
        meeting: &Meeting,
        seat: &SeatId,
    ) -> Result<(), AppError> {
        if *seat == meeting.seat {
            return Ok(());
        }
        meetings::set_seat(tx, scope, &meeting.id, seat)?;
        let detail = format!("from seat {} to seat {seat}", meeting.seat);
        let by = Actor::User(by.id.clone());
        Ok(audit::add(tx, &self.entry(Some(scope.tenant()), by, "meeting.reseated", Some(&meeting.id), detail))?)
    }

    /// A fresh start URL; a meeting that Zoom does not know (yet, or any more) is made first.
    async fn start_url(self: &Arc<Self>, scope: &TenantScope, meeting: &Meeting) -> Result<StartUrl, AppError> {
        let room = match &meeting.room {
            Some(room) => room.clone(),
            None => self.make_room(scope, meeting, Pressed::Yes).await?,
        };
        let found = match self.zoom.meeting(room.number).await {
            Err(ZoomError::Gone) => {
                self.forget_room(scope, &meeting.id).await?;
                let room = self.make_room(scope, &Meeting { room: None, ..meeting.clone() }, Pressed::Yes).await?;
                self.zoom.meeting(room.number).await?
            }
            other => other?,
        };
        found.start_url.ok_or_else(|| ZoomError::Unclear("Zoom gave no start link".to_owned()).into())
    }

    /// Ends the meeting at Zoom for everybody. Zoom's webhook then says that it has ended.
    pub async fn end(self: &Arc<Self>, scope: &TenantScope, by: &User, id: &MeetingId) -> Result<bool, AppError> {
        let (tx_scope, tx_id, host) = (scope.clone(), id.clone(), by.id.clone());
        let meeting = self.store.read(move |tx| meetings::find(tx, &tx_scope, &tx_id)).await?;
        let meeting = meeting.filter(|meeting| meeting.host == host).ok_or(AppError::NotFound("meeting"))?;
        let (Stage::Live, Some(room)) = (meeting.state.stage(), &meeting.room) else { return Ok(false) };
        pace::urgently(self.zoom.end_meeting(room.number)).await?;
        let (app, scope, by, id) = (self.clone(), scope.clone(), by.id.clone(), id.clone());
        self.store
            .write(move |tx| {
                audit::add(tx, &app.entry(Some(scope.tenant()), Actor::User(by), "meeting.end_pressed", Some(&id), ""))
            })
            .await?;
        Ok(true)
    }
}

/// Whether it may begin now by what it was given before: by its booking, by the line, or by an earlier press of Start.
fn is_granted(meeting: &Meeting, now: Instant) -> bool {
    meeting.queued_at.is_none() && meeting.hold.contains(now) && meeting.is_awaited_at(now)
}

/// Why the meeting cannot begin on this seat: somebody meets there, and Zoom ends a running meeting when its host starts another;
/// or Zoom lets nobody host on it.
fn obstacle_on(tx: &mut WriteTx<'_>, seat: &SeatId, meeting: &Meeting) -> Result<Option<Refusal>, StoreError> {
    if meetings::is_seat_live(tx, seat, &meeting.id)? {
        return Ok(Some(Refusal::SeatBusy));
    }
    let can_host = seats::find(tx, seat)?.is_some_and(|seat| seat.can_host());
    Ok((!can_host).then_some(Refusal::NoSeat))
}

/// The seats on which it could begin instead of its own.
fn other_seats(
    tx: &mut WriteTx<'_>,
    scope: &TenantScope,
    meeting: &Meeting,
    tenant: &Tenant,
    how: (&Rules, bool),
) -> Result<Vec<SeatId>, StoreError> {
    let mut free = Vec::new();
    for seat in seats_for(tx, scope, &meeting.host, tenant, how)? {
        if obstacle_on(tx, &seat, meeting)?.is_none() {
            free.push(seat);
        }
    }
    Ok(free)
}

fn host_words(error: &ZoomError) -> String {
    match error {
        ZoomError::HostDay { at } | ZoomError::RetryAfter { at, daily: true } => {
            format!(
                "Zoom takes no more new meetings from here today. It goes on at {at} (midnight UTC); the meeting stays booked. Start \
                it then, or move it to another day."
            )
        }
        ZoomError::RetryAfter { .. } => {
            "Zoom is receiving too many requests. Wait a few seconds and press Start again.".to_owned()
        }
        ZoomError::Unreachable(_) | ZoomError::Unclear(_) => {
            "Zoom does not answer. Wait a moment and press Start again.".to_owned()
        }
        ZoomError::Gone => {
            "Zoom does not know your host account any more. Ask your administrator to contact the portal's operator.".to_owned()
        }
        _ => "Zoom refused to start the meeting. The portal's operator can see why; ask your administrator to contact them."
            .to_owned(),
    }
}
