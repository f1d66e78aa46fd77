//! One move of one license: claim, ask Zoom, read back, mark what is true.
//!
//! What Zoom refuses is charged to who is to blame: the seat, when it is about this user; all free licenses, when there are
//! none left or none may move. Every change of a row says whether it happened: whoever comes second changes nothing.

use std::sync::Arc;

use crate::domain::ids::{MeetingId, SeatId};
use crate::domain::meeting::Run;
use crate::domain::plan::{Problem, Snapshot};
use crate::domain::pool::{Freeze, LONGEST_REST, Place, WORK};
use crate::domain::seat::{License, SeatStatus};
use crate::domain::time::{Instant, Span};
use crate::store::audit::{self, Actor};
use crate::store::moves::{self, Move};
use crate::store::{StoreError, WriteTx, ledger, licenses, meetings, pool, seats};
use crate::zoom::ZoomError;

use super::super::{App, AppError};
use super::Attached;

impl App {
    /// Claims the row, asks Zoom, reads back, and marks what is true now.
    pub(super) async fn attach(
        self: &Arc<Self>,
        license: u32,
        seat: &SeatId,
        meeting: Option<&MeetingId>,
    ) -> Result<Attached, AppError> {
        let Some(host) = self.zoom_user_of(seat).await? else {
            return Ok(Attached::No(Problem::Refused));
        };
        let (now, tx_seat, tx_meeting) = (self.now(), seat.clone(), meeting.cloned());
        let claimed =
            self.store.write(move |tx| licenses::claim(tx, license, &tx_seat, tx_meeting.as_ref(), now, now + WORK)).await?;
        if !claimed {
            return Ok(Attached::No(Problem::NoneFree));
        }
        let attached = match self.zoom.set_license(&host, License::Licensed).await {
            Ok(()) => self.prove(license, seat, &host).await?,
            Err(error) if error.is_unclear() => {
                self.leave_unsettled(license, seat, &error).await?;
                Attached::No(Problem::Refused)
            }
            Err(error) => Attached::No(self.attach_failed(license, seat, error).await?),
        };
        if matches!(attached, Attached::No(_)) {
            self.postpone_probe(now).await?;
        }
        Ok(attached)
    }

    /// While the pool is frozen whatever is tried is the probe. It did not go well, for whatever reason: Zoom is left alone for
    /// as long as after a refusal, or else every turn would try again, and on another seat. Counted from just before it began:
    /// if it turns out later that Zoom carried it out, the freeze is over.
    async fn postpone_probe(&self, began: Instant) -> Result<(), AppError> {
        let next = began - Span::seconds(1) + Freeze::PAUSE;
        let postponed = self.store.write::<_, StoreError, _>(move |tx| {
            let Some(freeze) = pool::settings(tx)?.frozen_at(began) else { return Ok(()) };
            pool::set_freeze(tx, Some(Freeze { probe_at: freeze.probe_at.max(next), ..freeze }))
        });
        Ok(postponed.await?)
    }

    /// Zoom said yes: only what it says when it is asked again counts. Without an answer the row stays occupied.
    async fn prove(self: &Arc<Self>, license: u32, seat: &SeatId, host: &str) -> Result<Attached, AppError> {
        match self.zoom.user(host).await.map(|user| user.license) {
            Ok(License::Licensed) if self.mark_attached(license, seat).await? => Ok(Attached::Yes),
            Ok(License::Licensed) => Ok(Attached::No(Problem::Refused)),
            // Accepted without effect, as for pending users: asked once more before the row is used for another seat.
            Ok(_) => {
                let ineffective = "Zoom accepted the license without effect; is the user pending?".to_owned();
                self.leave_unsettled(license, seat, &ZoomError::Unclear(ineffective)).await?;
                Ok(Attached::No(Problem::Refused))
            }
            Err(error) => {
                self.leave_unsettled(license, seat, &error).await?;
                Ok(Attached::No(Problem::Refused))
            }
        }
    }

    async fn attach_failed(self: &Arc<Self>, license: u32, seat: &SeatId, error: ZoomError) -> Result<Problem, AppError> {
        tracing::warn!(license, seat = %seat, %error, "a license could not be attached");
        let (app, seat, now) = (self.clone(), seat.clone(), self.now());
        let problem = if matches!(error, ZoomError::Frozen) { Problem::Frozen } else { Problem::Refused };
        self.store
            .write::<_, StoreError, _>(move |tx| {
                if !licenses::mark_free(tx, license, &seat, now)? {
                    return Ok(());
                }
                licenses::drop_surplus(tx)?;
                let words = error.to_string();
                match &error {
                    ZoomError::Frozen => app.note_frozen(tx, now, words),
                    ZoomError::NoLicense
                    | ZoomError::RetryAfter { .. }
                    | ZoomError::Unreachable(_)
                    | ZoomError::Unauthorized(_)
                    | ZoomError::MissingScope(_) => licenses::rest_free(tx, retry_at(now, &error, 1), &words),
                    ZoomError::Gone => {
                        let observation = seats::Observation {
                            zoom_user_id: None,
                            status: SeatStatus::Missing,
                            license: License::Basic,
                            at: now,
                        };
                        seats::observe(tx, &seat, &observation)
                    }
                    // Who presses Start before its time does not make it rest for longer.
                    _ if seats::rests(tx, &seat, now)? => Ok(()),
                    _ => {
                        let rest = Span::seconds(20 << seats::license_failures(tx, &seat)?.min(8)).min(LONGEST_REST);
                        seats::mark_refused(tx, &seat, now + rest, &words)
                    }
                }
            })
            .await?;
        Ok(problem)
    }

    fn note_frozen(&self, tx: &mut WriteTx<'_>, now: Instant, words: String) -> Result<(), StoreError> {
        // One that was forgotten is over; this is another.
        let since = pool::settings(tx)?.frozen_at(now).map_or(now, |freeze| freeze.since);
        pool::set_freeze(tx, Some(Freeze { since, probe_at: now + Freeze::PAUSE }))?;
        moves::note(tx, Move::Freeze, now)?;
        audit::add(tx, &self.entry(None, Actor::Keeper, "pool.frozen", None, words))
    }

    /// Takes a license off a seat on which nobody meets, as far as Zoom knows.
    pub(super) async fn detach(self: &Arc<Self>, license: u32, seat: &SeatId) -> Result<(), AppError> {
        if self.is_met_on(license, seat).await? {
            return Ok(());
        }
        let (now, tx_seat) = (self.now(), seat.clone());
        let begun = self.store.write::<_, StoreError, _>(move |tx| {
            // Somebody may have been promised it, or begun, since the plan was made.
            let begun = !meetings::needs_its_license(tx, &tx_seat, now)?
                && licenses::begin_detach(tx, license, &tx_seat, now, now + WORK)?;
            if begun { ledger::leave(tx, license, now).map(|()| true) } else { Ok(false) }
        });
        if begun.await? && !self.finish_detach(license, seat).await? {
            self.postpone_probe(now).await?;
        }
        Ok(())
    }

    /// Whether a meeting runs on the seat that we do not know to be live: the webhook of a start may have been lost, and a
    /// live meeting never loses its license. Without a clear answer the license stays where it is for now, and the operator
    /// reads why.
    async fn is_met_on(self: &Arc<Self>, license: u32, seat: &SeatId) -> Result<bool, AppError> {
        let Some(host) = self.zoom_user_of(seat).await? else { return Ok(false) };
        let running = match self.zoom.live_meetings(&host).await {
            Ok(running) => running,
            // Nobody meets on a user that is not there.
            Err(ZoomError::Gone) => return Ok(false),
            Err(error) => {
                tracing::warn!(license, seat = %seat, %error, "Zoom does not say what runs on a seat");
                self.leave_unsettled(license, seat, &error).await?;
                return Ok(true);
            }
        };
        if running.is_empty() {
            return Ok(false);
        }
        let (app, now) = (self.clone(), self.now());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                for (number, uuid) in running {
                    let Some((scope, meeting)) = meetings::find_by_number(tx, &app.pass(), number)? else { continue };
                    if app.note_started(tx, &scope, &meeting, Run { uuid, since: now }, Actor::Keeper)? {
                        pool::note_webhook_missed(tx, now)?;
                    }
                }
                // Nobody we know of, or known by now: asked again a little later.
                licenses::mark_failed(tx, license, now + Span::minutes(2), "somebody meets on this seat")
            })
            .await?;
        Ok(true)
    }

    /// Asks Zoom to take the license off, and frees the row when Zoom, asked again, says that it is gone: a change that was
    /// accepted without effect would leave more licenses in use than there are rows for. Whether the row is free.
    async fn finish_detach(self: &Arc<Self>, license: u32, seat: &SeatId) -> Result<bool, AppError> {
        let held = match self.zoom_user_of(seat).await? {
            Some(host) => match self.zoom.set_license(&host, License::Basic).await {
                Ok(()) => self.zoom.user(&host).await.map(|user| user.license),
                Err(error) => Err(error),
            },
            None => Ok(License::Basic),
        };
        match held {
            Ok(License::Licensed) => {
                let ineffective = ZoomError::Unclear("Zoom took the license off without effect".to_owned());
                self.leave_unsettled(license, seat, &ineffective).await?;
                Ok(false)
            }
            // A user that Zoom does not know holds no license.
            Ok(_) | Err(ZoomError::Gone) => self.mark_free(license, seat).await.map(|()| true),
            Err(error) => {
                tracing::warn!(license, seat = %seat, %error, "a license could not be detached");
                self.leave_unsettled(license, seat, &error).await?;
                Ok(false)
            }
        }
    }

    /// Somebody began to move this license and did not finish: Zoom says where it is.
    pub(super) async fn settle(self: &Arc<Self>, license: u32, snapshot: &Snapshot) -> Result<(), AppError> {
        let Some((row, until)) = snapshot.rows.iter().find(|(row, _)| row.number == license) else { return Ok(()) };
        let Some(claim) = row.slot.claim() else { return Ok(()) };
        let (seen, now, seat) = (*until, self.now(), claim.seat.clone());
        let taken = self.store.write::<_, StoreError, _>(move |tx| {
            if !licenses::take_over(tx, license, seen, now + WORK)? {
                return Ok(None);
            }
            // While Zoom lets none move, what is taken off could be put nowhere.
            let is_frozen = pool::settings(tx)?.frozen_at(now).is_some();
            Ok(Some((meetings::needs_its_license(tx, &seat, now)?, is_frozen)))
        });
        let Some((is_needed, is_frozen)) = taken.await? else { return Ok(()) };
        let held = match self.zoom_user_of(&claim.seat).await? {
            Some(host) => self.zoom.user(&host).await.map(|user| user.license),
            None => Ok(License::Basic),
        };
        match (row.slot.place(), held) {
            (Place::Attaching, Ok(License::Licensed)) => self.mark_attached(license, &claim.seat).await.map(drop),
            // Taking it off was not finished, and somebody has come to need it where it is, or it could be put nowhere else.
            (Place::Detaching, Ok(License::Licensed)) if is_needed => self.mark_kept(license, &claim.seat, None).await,
            (Place::Detaching, Ok(License::Licensed)) if is_frozen => {
                self.mark_kept(license, &claim.seat, Some("Zoom did not take this license off while moves are frozen")).await
            }
            (Place::Detaching, Ok(License::Licensed)) if self.is_met_on(license, &claim.seat).await? => Ok(()),
            (_, Err(error)) if !matches!(error, ZoomError::Gone) => self.leave_unsettled(license, &claim.seat, &error).await,
            // Said once more: a change that Zoom received late could otherwise still come into force.
            _ => self.finish_detach(license, &claim.seat).await.map(drop),
        }
    }

    /// `false`: somebody else has the row by now.
    async fn mark_attached(self: &Arc<Self>, license: u32, seat: &SeatId) -> Result<bool, AppError> {
        let (app, now, seat) = (self.clone(), self.now(), seat.clone());
        let marked = self.store.write::<_, StoreError, _>(move |tx| {
            let claimed = licenses::of_seat(tx, &seat)?.and_then(|(row, _)| row.slot.claim().map(|claim| claim.since));
            if !licenses::mark_attached(tx, license, &seat, now)? {
                return Ok(false);
            }
            // Zoom moves licenses again, if it ever stopped: but what was asked before its last refusal proves nothing.
            let freeze = pool::settings(tx)?.freeze;
            if freeze.is_some_and(|freeze| claimed.is_some_and(|claimed| freeze.refused_at() < claimed)) {
                pool::set_freeze(tx, None)?;
                audit::add(tx, &app.entry(None, Actor::Keeper, "pool.freeze_ended", None, ""))?;
            }
            moves::note(tx, Move::Attach, now)?;
            ledger::open(tx, &app.id(), license, &seat, (claimed.unwrap_or(now), now))?;
            seats::observe_license(tx, &seat, License::Licensed, now)?;
            let detail = format!("license {license} on seat {seat}");
            audit::add(tx, &app.entry(None, Actor::Keeper, "license.attached", None, detail))?;
            Ok(true)
        });
        Ok(marked.await?)
    }

    /// A license that was to leave its seat stays there. If there is a problem it rests, so that the next probe tries another.
    async fn mark_kept(self: &Arc<Self>, license: u32, seat: &SeatId, problem: Option<&'static str>) -> Result<(), AppError> {
        let (app, now, seat) = (self.clone(), self.now(), seat.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                if !licenses::mark_attached(tx, license, &seat, now)? {
                    return Ok(());
                }
                ledger::stay(tx, license)?;
                if let Some(problem) = problem {
                    licenses::mark_failed(tx, license, now + LONGEST_REST, problem)?;
                }
                let detail = format!("license {license} on seat {seat}");
                audit::add(tx, &app.entry(None, Actor::Keeper, "license.kept", None, detail))
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
                let was_on_it = ledger::close(tx, license, now)?;
                licenses::drop_surplus(tx)?;
                seats::observe_license(tx, &seat, License::Basic, now)?;
                // It may never have come there.
                if !was_on_it {
                    return Ok(());
                }
                moves::note(tx, Move::Detach, now)?;
                let detail = format!("license {license} off seat {seat}");
                audit::add(tx, &app.entry(None, Actor::Keeper, "license.detached", None, detail))
            })
            .await?;
        Ok(())
    }

    /// Zoom says that the license which we believe on this seat is not there: the row is free.
    pub(super) async fn note_lost(self: &Arc<Self>, license: u32, seat: &SeatId) -> Result<(), AppError> {
        tracing::warn!(license, seat = %seat, "a license is not where it was; somebody else has taken it off");
        let (app, now, seat) = (self.clone(), self.now(), seat.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                if !licenses::mark_free(tx, license, &seat, now)? {
                    return Ok(());
                }
                ledger::close(tx, license, now)?;
                licenses::drop_surplus(tx)?;
                seats::observe_license(tx, &seat, License::Basic, now)?;
                let detail = format!("license {license} was not on seat {seat}");
                audit::add(tx, &app.entry(None, Actor::Keeper, "license.lost", None, detail))
            })
            .await?;
        Ok(())
    }

    /// It is not known where the license is: the row stays occupied, and Zoom is asked again later, and later still.
    async fn leave_unsettled(&self, license: u32, seat: &SeatId, error: &ZoomError) -> Result<(), AppError> {
        let (now, seat, words, error) = (self.now(), seat.clone(), error.to_string(), error.clone());
        let left = self.store.write::<_, StoreError, _>(move |tx| {
            let row = licenses::of_seat(tx, &seat)?.map(|(row, _)| row);
            let rests = row.as_ref().is_some_and(|row| !row.is_free_to_touch(None, now));
            if rests && !matches!(error, ZoomError::RetryAfter { .. }) {
                // Who presses Start before its time does not make it rest for longer.
                return licenses::let_go(tx, license, &words);
            }
            licenses::mark_failed(tx, license, retry_at(now, &error, row.map_or(0, |row| row.failures)), &words)
        });
        Ok(left.await?)
    }

    pub(super) async fn zoom_user_of(&self, seat: &SeatId) -> Result<Option<String>, AppError> {
        let seat = seat.clone();
        Ok(self.store.read(move |tx| seats::find(tx, &seat)).await?.and_then(|seat| seat.zoom_user_id))
    }
}

/// When an unsettled row is asked about again: when Zoom says so, or after ten seconds that double up to five minutes. Of a
/// limit for the whole day one call now and then finds out that it is over; a promise cannot wait until midnight.
fn retry_at(now: Instant, error: &ZoomError, failures: u32) -> Instant {
    match error {
        ZoomError::RetryAfter { at, .. } => (*at).clamp(now + Span::seconds(1), now + LONGEST_REST),
        _ => now + Span::seconds(10 << failures.min(5)).min(Span::minutes(5)),
    }
}
