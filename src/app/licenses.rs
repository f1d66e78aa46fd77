//! Moves licenses as the plan says: read, plan, take one step, look again (design rules 3.2.1 and 3.2.2).
//!
//! What must stay true: a row is claimed and committed before Zoom is asked; a row becomes free only after Zoom has
//! confirmed, or refused beyond doubt, that the seat holds no license. A step makes no choices.

use std::sync::Arc;

use crate::domain::ids::{MeetingId, SeatId};
use crate::domain::meeting::{Meeting, Run, State};
use crate::domain::plan::{Problem, Snapshot, Step, plan};
use crate::domain::pool::{Freeze, Place};
use crate::domain::seat::{License, SeatStatus};
use crate::domain::time::{Instant, Span};
use crate::store::audit::{self, Actor};
use crate::store::moves::{self, Move};
use crate::store::scope::TenantScope;
use crate::store::{StoreError, events, ledger, licenses, meetings, pool, seats};
use crate::zoom::{MeetingStatus, ZoomError};

use super::letters::Turn;
use super::{App, AppError};

/// How long one move may take before somebody else settles it.
const WORK: Span = Span::seconds(60);
/// How long Zoom is left alone after it has frozen license moves.
const FROZEN: Span = Span::minutes(15);
/// How often in a row Zoom must say "not running" when it has no record of the end, before the clock may decide.
const ABSENCES: u32 = 3;
/// More steps than any turn needs; ends a turn that would go round in circles.
const MOST_STEPS: usize = 2000;

/// What came of an attempt to put a license on a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attached {
    /// Zoom confirms it.
    Yes,
    /// It has none, and why.
    No(Problem),
}

impl App {
    /// Takes every step that is due. A step that fails is left for the next turn; the others go on.
    pub async fn reconcile(self: &Arc<Self>) -> Result<Turn, AppError> {
        let mut failed: Vec<Step> = Vec::new();
        for _ in 0..MOST_STEPS {
            let snapshot = self.snapshot().await?;
            let Some(step) = plan(&snapshot).into_iter().find(|step| !failed.contains(step)) else {
                break;
            };
            match self.take(&step, &snapshot).await {
                Ok(()) => {}
                Err(AppError::Zoom(error)) => {
                    tracing::warn!(?step, %error, "a step of the plan failed");
                    failed.push(step);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Turn::Idle)
    }

    async fn snapshot(&self) -> Result<Snapshot, AppError> {
        let (pass, now) = (self.pass(), self.now());
        let snapshot = self.store.read::<_, StoreError, _>(move |tx| {
            Ok(Snapshot {
                now,
                settings: pool::settings(tx)?,
                rows: licenses::list(tx)?,
                needs: meetings::needs(tx, &pass, now)?,
                last_webhook: events::last_received(tx)?,
            })
        });
        Ok(snapshot.await?)
    }

    async fn take(self: &Arc<Self>, step: &Step, snapshot: &Snapshot) -> Result<(), AppError> {
        match step {
            Step::GrowHold { meeting, until } => self.grow_hold(meeting, *until).await,
            Step::GiveUp { meeting } => self.give_up(meeting).await,
            Step::Settle { license } => self.settle(*license, snapshot).await,
            Step::Attach { license, seat, meeting } => self.attach(*license, seat, meeting).await.map(|_| ()),
            Step::Detach { license, seat } => self.detach(*license, seat).await,
            Step::Poll { meeting } => self.poll(meeting).await,
            Step::Alert { meeting, problem } => self.alert(meeting, Some(*problem)).await,
            Step::Clear { meeting } => self.alert(meeting, None).await,
        }
    }

    /// Claims the row, asks Zoom, reads back, and marks what is true now.
    async fn attach(self: &Arc<Self>, license: u32, seat: &SeatId, meeting: &MeetingId) -> Result<Attached, AppError> {
        let Some(host) = self.zoom_user_of(seat).await? else {
            return Ok(Attached::No(Problem::Refused));
        };
        let (now, tx_seat, tx_meeting) = (self.now(), seat.clone(), meeting.clone());
        let claimed =
            self.store.write(move |tx| licenses::claim(tx, license, &tx_seat, Some(&tx_meeting), now, now + WORK)).await?;
        if !claimed {
            return Ok(Attached::No(Problem::NoneFree));
        }
        let outcome = self.zoom.set_license(&host, License::Licensed).await;
        let proof = match outcome {
            Ok(()) => self.zoom.user(&host).await.map(|user| user.license),
            Err(error) => Err(error),
        };
        match proof {
            Ok(License::Licensed) => {
                self.mark_attached(license, seat).await?;
                Ok(Attached::Yes)
            }
            // Accepted without effect, as for pending users: look again before the row is used for another seat.
            Ok(_) => {
                self.leave_unsettled(license, "Zoom accepted the license without effect; is the user pending?").await?;
                Ok(Attached::No(Problem::Refused))
            }
            Err(error) => self.attach_failed(license, seat, error).await.map(Attached::No),
        }
    }

    async fn attach_failed(self: &Arc<Self>, license: u32, seat: &SeatId, error: ZoomError) -> Result<Problem, AppError> {
        tracing::warn!(license, seat = %seat, %error, "a license could not be attached");
        if error.is_unclear() {
            self.leave_unsettled(license, &error.to_string()).await?;
            return Ok(Problem::Refused);
        }
        let frozen = matches!(error, ZoomError::Frozen);
        let gone = matches!(error, ZoomError::Gone);
        let none_left = matches!(error, ZoomError::NoLicense);
        let (now, tx_seat, retry_at) = (self.now(), seat.clone(), self.retry_at(&error, 2));
        let app = self.clone();
        self.store
            .write::<_, StoreError, _>(move |tx| {
                licenses::mark_free(tx, license, &tx_seat, now)?;
                licenses::mark_failed(tx, license, retry_at, &error.to_string())?;
                if none_left {
                    licenses::rest_free(tx, retry_at, &error.to_string())?;
                }
                if frozen {
                    let since = pool::settings(tx)?.freeze.map_or(now, |freeze| freeze.since);
                    pool::set_freeze(tx, Some(Freeze { since, probe_at: now + FROZEN }))?;
                    moves::note(tx, Move::Freeze, now)?;
                    audit::add(tx, &app.entry(None, Actor::Keeper, "pool.frozen", None, error.to_string()))?;
                }
                if gone {
                    let observation =
                        seats::Observation { zoom_user_id: None, status: SeatStatus::Missing, license: License::Basic, at: now };
                    seats::observe(tx, &tx_seat, &observation)?;
                }
                Ok(())
            })
            .await?;
        Ok(if frozen { Problem::Frozen } else { Problem::Refused })
    }

    async fn detach(self: &Arc<Self>, license: u32, seat: &SeatId) -> Result<(), AppError> {
        let (now, tx_seat) = (self.now(), seat.clone());
        let begun = self.store.write(move |tx| licenses::begin_detach(tx, license, &tx_seat, now, now + WORK)).await?;
        if begun { self.finish_detach(license, seat).await } else { Ok(()) }
    }

    /// Asks Zoom to take the license off, and frees the row when it has.
    async fn finish_detach(self: &Arc<Self>, license: u32, seat: &SeatId) -> Result<(), AppError> {
        let outcome = match self.zoom_user_of(seat).await? {
            Some(host) => self.zoom.set_license(&host, License::Basic).await,
            None => Ok(()),
        };
        match outcome {
            // A user that Zoom does not know holds no license.
            Ok(()) | Err(ZoomError::Gone) => self.mark_free(license, seat).await,
            Err(error) => {
                tracing::warn!(license, seat = %seat, %error, "a license could not be detached");
                self.leave_unsettled(license, &error.to_string()).await
            }
        }
    }

    /// Somebody began to move this license and did not finish: Zoom says where it is.
    async fn settle(self: &Arc<Self>, license: u32, snapshot: &Snapshot) -> Result<(), AppError> {
        let Some((row, until)) = snapshot.rows.iter().find(|(row, _)| row.number == license) else { return Ok(()) };
        let Some(claim) = row.slot.claim() else { return Ok(()) };
        let (seen, now) = (*until, self.now());
        if !self.store.write(move |tx| licenses::take_over(tx, license, seen, now + WORK)).await? {
            return Ok(());
        }
        let held = match self.zoom_user_of(&claim.seat).await? {
            Some(host) => self.zoom.user(&host).await.map(|user| user.license),
            None => Ok(License::Basic),
        };
        match (row.slot.place(), held) {
            (Place::Attaching, Ok(License::Licensed)) => self.mark_attached(license, &claim.seat).await,
            (_, Err(error)) if !matches!(error, ZoomError::Gone) => self.leave_unsettled(license, &error.to_string()).await,
            // Said once more: a change that Zoom received late could otherwise still come into force.
            _ => self.finish_detach(license, &claim.seat).await,
        }
    }

    async fn grow_hold(&self, id: &MeetingId, until: Instant) -> Result<(), AppError> {
        let Some((scope, meeting)) = self.meeting(id).await? else { return Ok(()) };
        let from = if meeting.hold.contains(self.now()) { meeting.hold.start() } else { self.now() };
        let id = id.clone();
        Ok(self.store.write(move |tx| meetings::set_hold(tx, &scope, &id, (from, until))).await?)
    }

    /// Nobody seems to have started it. Zoom is asked first: the webhook of a start may have been lost.
    async fn give_up(self: &Arc<Self>, id: &MeetingId) -> Result<(), AppError> {
        let Some((scope, meeting)) = self.meeting(id).await? else { return Ok(()) };
        let run = match self.run_at_zoom(&meeting).await {
            Ok(run) => run,
            Err(error @ (ZoomError::RetryAfter { .. } | ZoomError::Unclear(_) | ZoomError::Unreachable(_))) => {
                return Err(error.into());
            }
            Err(error) => {
                tracing::warn!(meeting = %id, %error, "Zoom could not say whether a meeting runs");
                None
            }
        };
        let (app, id) = (self.clone(), id.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                // Read again: a webhook may have come while Zoom was asked.
                let Some(meeting) = meetings::find(tx, &scope, &id)? else { return Ok(()) };
                match run {
                    Some(run) => app.note_started(tx, &scope, &meeting, run, Actor::Keeper)?,
                    None => app.note_missed(tx, &scope, &meeting)?,
                };
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Asks Zoom whether the meeting runs. One "no" ends nothing: Zoom must also have a record of the end, or say no
    /// again and again until after the planned end (design rule 3.2.7).
    async fn poll(self: &Arc<Self>, id: &MeetingId) -> Result<(), AppError> {
        let Some((scope, meeting)) = self.meeting(id).await? else { return Ok(()) };
        let now = self.now();
        let running = match self.run_at_zoom(&meeting).await {
            Ok(run) => run,
            Err(error) => {
                // Asked and not answered: the next poll waits its turn like any other.
                let (scope, id) = (scope, id.clone());
                self.store.write(move |tx| meetings::mark_polled(tx, &scope, &id, now, false)).await?;
                return Err(error.into());
            }
        };
        let record = match (&running, &meeting.state) {
            (None, State::Live(run)) => self.zoom.past_meeting(&run.uuid).await.ok().map(|past| past.ended_at),
            _ => None,
        };
        let (app, id) = (self.clone(), id.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                let absences = meetings::mark_polled(tx, &scope, &id, now, running.is_none())?;
                let Some(meeting) = meetings::find(tx, &scope, &id)? else { return Ok(()) };
                if let Some(run) = running {
                    app.note_started(tx, &scope, &meeting, run, Actor::Keeper)?;
                } else if let State::Live(run) = meeting.state.clone() {
                    let by_clock = (absences >= ABSENCES && now >= meeting.window.end()).then_some(now);
                    if let Some(at) = record.or(by_clock) {
                        app.note_ended(tx, &scope, &meeting, run, at, Actor::Keeper)?;
                    }
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// The run that Zoom says is going on now.
    async fn run_at_zoom(&self, meeting: &Meeting) -> Result<Option<Run>, ZoomError> {
        let Some(room) = &meeting.room else { return Ok(None) };
        match self.zoom.meeting(room.number).await {
            Ok(found) if found.status == MeetingStatus::Started => {
                // Zoom does not say since when; the run we know keeps its own beginning.
                let since = match &meeting.state {
                    State::Live(run) if run.uuid == found.uuid => run.since,
                    _ => self.now(),
                };
                Ok(Some(Run { uuid: found.uuid, since }))
            }
            Ok(_) | Err(ZoomError::Gone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn alert(self: &Arc<Self>, id: &MeetingId, problem: Option<Problem>) -> Result<(), AppError> {
        let Some((scope, _)) = self.meeting(id).await? else { return Ok(()) };
        let (app, id) = (self.clone(), id.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                meetings::set_alert(tx, &scope, &id, problem.map(Problem::word))?;
                let (action, detail) = match problem {
                    Some(problem) => ("meeting.no_license", problem.word()),
                    None => ("meeting.alert_over", ""),
                };
                audit::add(tx, &app.entry(Some(scope.tenant()), Actor::Keeper, action, Some(&id), detail))
            })
            .await?;
        Ok(())
    }

    /// Puts a license on the seat now, for a host who has pressed Start, whatever the keeper is doing.
    pub(super) async fn ensure_license(self: &Arc<Self>, seat: &SeatId, meeting: &MeetingId) -> Result<Attached, AppError> {
        for _ in 0..40 {
            let snapshot = self.snapshot().await?;
            let row = snapshot.rows.iter().find(|(row, _)| row.slot.claim().is_some_and(|claim| claim.seat == *seat));
            match row.map(|(row, until)| (row.slot.place(), row.number, until.is_some_and(|until| until > snapshot.now))) {
                Some((Place::Attached, ..)) => return Ok(Attached::Yes),
                // Somebody is at it: a moment later it is there, or free.
                Some((_, _, true)) => self.clock.sleep(std::time::Duration::from_millis(250)).await,
                Some((_, number, false)) => self.settle(number, &snapshot).await?,
                None => {
                    if let Some(answer) = self.attach_or_make_room(seat, meeting, &snapshot).await? {
                        return Ok(answer);
                    }
                }
            }
        }
        Ok(Attached::No(Problem::Refused))
    }

    /// Attaches a free license, or takes one off a seat that needs it no more and asks to be called again (`None`).
    async fn attach_or_make_room(
        self: &Arc<Self>,
        seat: &SeatId,
        meeting: &MeetingId,
        snapshot: &Snapshot,
    ) -> Result<Option<Attached>, AppError> {
        if snapshot.settings.freeze.is_some_and(|freeze| snapshot.now < freeze.probe_at) {
            return Ok(Some(Attached::No(Problem::Frozen)));
        }
        let free = snapshot
            .rows
            .iter()
            .find(|(row, _)| row.slot.place() == Place::Free && row.retry_at.is_none_or(|at| at <= snapshot.now));
        if let Some((row, _)) = free {
            return match self.attach(row.number, seat, meeting).await? {
                // Somebody else was faster with this row; there may be another.
                Attached::No(Problem::NoneFree) => Ok(None),
                answer => Ok(Some(answer)),
            };
        }
        let idle = plan(snapshot).into_iter().find(|step| matches!(step, Step::Detach { .. } | Step::Settle { .. }));
        match idle {
            Some(step) => {
                self.take(&step, snapshot).await?;
                Ok(None)
            }
            None => Ok(Some(Attached::No(Problem::NoneFree))),
        }
    }

    async fn mark_attached(self: &Arc<Self>, license: u32, seat: &SeatId) -> Result<(), AppError> {
        let (app, now, seat) = (self.clone(), self.now(), seat.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                if !licenses::mark_attached(tx, license, &seat, now)? {
                    return Ok(());
                }
                // Zoom moves licenses again, if it ever stopped.
                pool::set_freeze(tx, None)?;
                moves::note(tx, Move::Attach, now)?;
                ledger::open(tx, &app.id(), license, &seat, now)?;
                seats::observe_license(tx, &seat, License::Licensed, now)?;
                audit::add(
                    tx,
                    &app.entry(None, Actor::Keeper, "license.attached", None, format!("license {license} on seat {seat}")),
                )
            })
            .await?;
        Ok(())
    }

    async fn mark_free(self: &Arc<Self>, license: u32, seat: &SeatId) -> Result<(), AppError> {
        let (app, now, seat) = (self.clone(), self.now(), seat.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                if !licenses::mark_free(tx, license, &seat, now)? {
                    return Ok(());
                }
                moves::note(tx, Move::Detach, now)?;
                ledger::close(tx, license, now)?;
                licenses::drop_surplus(tx)?;
                seats::observe_license(tx, &seat, License::Basic, now)?;
                audit::add(
                    tx,
                    &app.entry(None, Actor::Keeper, "license.detached", None, format!("license {license} off seat {seat}")),
                )
            })
            .await?;
        Ok(())
    }

    /// It is not known where the license is: the row stays occupied, and Zoom is asked again a little later.
    async fn leave_unsettled(&self, license: u32, problem: &str) -> Result<(), AppError> {
        let (retry_at, problem) = (self.now() + Span::seconds(10), problem.to_owned());
        Ok(self.store.write(move |tx| licenses::mark_failed(tx, license, retry_at, &problem)).await?)
    }

    async fn zoom_user_of(&self, seat: &SeatId) -> Result<Option<String>, AppError> {
        let seat = seat.clone();
        Ok(self.store.read(move |tx| seats::find(tx, &seat)).await?.and_then(|seat| seat.zoom_user_id))
    }

    async fn meeting(&self, id: &MeetingId) -> Result<Option<(TenantScope, Meeting)>, AppError> {
        let (pass, id) = (self.pass(), id.clone());
        let found = self.store.read::<_, StoreError, _>(move |tx| {
            let Some(scope) = meetings::tenant_of(tx, &pass, &id)? else { return Ok(None) };
            Ok(meetings::find(tx, &scope, &id)?.map(|meeting| (scope, meeting)))
        });
        Ok(found.await?)
    }
}
