//! A host presses Start: the license is put on the seat and proved now, whatever the keeper is doing.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::{MeetingId, SeatId};
use crate::domain::plan::{Problem, Snapshot, Step, plan};
use crate::domain::pool::{Place, PoolRow, Strategy, is_worked_on};
use crate::domain::seat::{License, SeatStatus};
use crate::domain::time::{Instant, Span};
use crate::store::{StoreError, seats};
use crate::zoom::ZoomError;

use super::super::{App, AppError};
use super::Attached;

/// How long a person waits for their page.
const PATIENCE: Span = Span::seconds(10);
/// How long to wait for somebody who is moving this seat's license.
const A_MOMENT: Duration = Duration::from_millis(250);

impl App {
    /// Puts a license on the seat now, for a host who has pressed Start, and proves that it is there.
    pub(in crate::app) async fn ensure_license(
        self: &Arc<Self>,
        seat: &SeatId,
        meeting: &MeetingId,
    ) -> Result<Attached, AppError> {
        let until = self.now() + PATIENCE;
        let (mut answer, mut has_settled) = (Problem::Refused, false);
        while self.now() < until {
            let snapshot = self.snapshot(Some(meeting.clone())).await?;
            let row = snapshot.rows.iter().find(|(row, _)| row.slot.claim().is_some_and(|claim| claim.seat == *seat));
            match row.map(|(row, until)| (row, *until)) {
                Some((row, _)) if row.slot.place() == Place::Attached => {
                    if self.is_there(row.number, seat).await? {
                        return Ok(Attached::Yes);
                    }
                }
                // Somebody is at it: a moment later it is there, or free.
                Some((_, until)) if is_worked_on(until, snapshot.now) => self.clock.sleep(A_MOMENT).await,
                // It may rest after a failure: a person who waits is reason enough to ask once before its time.
                Some((row, until)) if !has_settled || row.is_free_to_touch(until, snapshot.now) => {
                    has_settled = true;
                    self.settle(row.number, &snapshot).await?;
                }
                Some(_) => self.clock.sleep(A_MOMENT).await,
                None => match self.attach_or_make_room(seat, &snapshot).await? {
                    Some(Attached::No(problem)) if problem != Problem::NoneFree => return self.no_license(seat, problem).await,
                    Some(Attached::Yes) => return Ok(Attached::Yes),
                    Some(Attached::No(problem)) => {
                        answer = problem;
                        break;
                    }
                    None => {}
                },
            }
        }
        Ok(Attached::No(answer))
    }

    /// Takes off the seat a license that was left there, before somebody begins on it to whom none is promised: while they meet
    /// it could not be taken any more, and whoever it is promised to would find none. When Zoom does not play along they
    /// begin all the same. While licenses cannot move, or stand, it stays.
    pub(in crate::app) async fn take_what_was_left(self: &Arc<Self>, seat: &SeatId) -> Result<(), AppError> {
        let snapshot = self.snapshot(None).await?;
        let is_still = snapshot.settings.strategy == Strategy::Standing || snapshot.settings.frozen_at(snapshot.now).is_some();
        let on_seat = |(row, until): &&(PoolRow, Option<Instant>)| {
            let is_there = row.slot.place() == Place::Attached && row.slot.claim().is_some_and(|claim| claim.seat == *seat);
            is_there && row.is_free_to_touch(*until, snapshot.now)
        };
        match snapshot.rows.iter().find(on_seat).filter(|_| !is_still) {
            None => Ok(()),
            // It is promised there to another meeting, and counted.
            Some(_) if snapshot.needs.iter().any(|need| need.seat == *seat && need.wants_license_at(snapshot.now)) => Ok(()),
            Some((row, _)) => match self.detach(row.number, seat).await {
                Err(AppError::Zoom(error)) => {
                    tracing::warn!(license = row.number, seat = %seat, %error, "a license stays on a seat to which none is promised");
                    Ok(())
                }
                outcome => outcome,
            },
        }
    }

    /// A seat that Zoom does not know any more gets no license however often it is asked: [`ZoomError::Gone`].
    async fn no_license(&self, seat: &SeatId, problem: Problem) -> Result<Attached, AppError> {
        let seat = seat.clone();
        let known = self.store.read::<_, StoreError, _>(move |tx| seats::find(tx, &seat)).await?;
        let is_gone = known.is_none_or(|seat| seat.status == SeatStatus::Missing);
        if problem == Problem::Refused && is_gone { Err(ZoomError::Gone.into()) } else { Ok(Attached::No(problem)) }
    }

    /// Zoom is asked once more: a person may have taken the license off. When Zoom does not answer, what we know counts.
    async fn is_there(self: &Arc<Self>, license: u32, seat: &SeatId) -> Result<bool, AppError> {
        let Some(host) = self.zoom_user_of(seat).await? else { return Ok(false) };
        match self.zoom.user(&host).await.map(|user| user.license) {
            Ok(License::Licensed) => Ok(true),
            Ok(_) => {
                self.note_lost(license, seat).await?;
                Ok(false)
            }
            Err(error) => {
                tracing::warn!(license, seat = %seat, %error, "Zoom could not prove a license; the host goes on");
                Ok(true)
            }
        }
    }

    /// Takes the step of the plan that brings this seat its license: it is attached, or one is taken off an idle seat and
    /// the plan is to be looked at again (`None`).
    async fn attach_or_make_room(self: &Arc<Self>, seat: &SeatId, snapshot: &Snapshot) -> Result<Option<Attached>, AppError> {
        let steps = plan(snapshot);
        let attach = steps.iter().find_map(|step| match step {
            Step::Attach { license, seat: to, meeting } if to == seat => Some((*license, meeting.as_ref())),
            _ => None,
        });
        if let Some((license, meeting)) = attach {
            return match self.attach(license, seat, meeting).await? {
                // Somebody else was faster with this row; there may be another.
                Attached::No(Problem::NoneFree) => Ok(None),
                answer => Ok(Some(answer)),
            };
        }
        if snapshot.settings.frozen_at(snapshot.now).is_some() {
            return Ok(Some(Attached::No(Problem::Frozen)));
        }
        if snapshot.barred.contains(seat) {
            return Ok(Some(Attached::No(Problem::Refused)));
        }
        let idle = steps.into_iter().find(|step| matches!(step, Step::Detach { .. } | Step::Settle { .. }));
        match idle {
            Some(step) => {
                self.take(&step, snapshot).await?;
                Ok(None)
            }
            None => Ok(Some(Attached::No(Problem::NoneFree))),
        }
    }
}
