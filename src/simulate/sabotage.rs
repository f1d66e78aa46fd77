//! Planted bugs: each breaks one promise on purpose, and the checks must notice it. What they break is what is stored, what is
//! true at Zoom, or what is asked of it, never what the checks are shown. Nothing here runs in the product.

use crate::app::AppError;
use crate::app::bell::Lane;
#[cfg(test)]
use crate::domain::invariants::Invariant;
use crate::domain::invariants::Kept;
use crate::domain::meeting::{Run, Stage, State};
use crate::domain::seat::License;
use crate::domain::time::{Instant, Span};
use crate::store::audit::{self, Actor};
use crate::store::scope::TenantScope;
use crate::store::{StoreError, WriteTx, meetings};

use super::day::Day;
use super::people::EVENING;
use super::town::MORNING;
#[cfg(test)]
use super::weather::Faults;

/// A defect of the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "only tests plant bugs"))]
pub(super) enum Sabotage {
    /// Promises grow without being admitted.
    StretchesHolds,
    /// Licenses are put on seats without a row that stands for them.
    AttachesWithoutARow,
    /// Nobody is told that a running meeting has no license.
    TellsNobody,
    /// The webhook of a start that came once has its effect twice.
    StartsTwice,
    /// A webhook is answered 200 and thrown away.
    DropsWebhooks,
    /// Zoom is asked everything twice.
    AsksTwice,
    /// After the last meeting the keeper forgets its licenses.
    ForgetsLicenses,
    /// The end of any run ends the meeting.
    EndsAnyRun,
    /// Two meetings are booked on one seat at once.
    BooksTwice,
    /// A state changes and nobody writes it down.
    WritesNothingDown,
}

impl Sabotage {
    /// Each with the promise that it breaks, and the days on which it can.
    #[cfg(test)]
    pub(super) const ALL: [(Self, Invariant, Faults); 10] = [
        (Self::StretchesHolds, Invariant::Admission, Faults::None),
        (Self::AttachesWithoutARow, Invariant::Licenses, Faults::None),
        (Self::TellsNobody, Invariant::LicensedOrTold, Faults::Freeze),
        (Self::StartsTwice, Invariant::OneEffect, Faults::None),
        (Self::DropsWebhooks, Invariant::Durable, Faults::None),
        (Self::AsksTwice, Invariant::Calls, Faults::None),
        (Self::ForgetsLicenses, Invariant::Rest, Faults::None),
        (Self::EndsAnyRun, Invariant::OldRun, Faults::None),
        (Self::BooksTwice, Invariant::OneAtATime, Faults::None),
        (Self::WritesNothingDown, Invariant::States, Faults::None),
    ];

    /// Whether this lane stands still.
    pub(super) fn stops(self, lane: Lane, now: Instant) -> bool {
        self == Self::ForgetsLicenses && lane == Lane::Licenses && now >= EVENING
    }
}

impl Day {
    /// Does what the planted bug does besides, in the step that was just taken.
    pub(super) fn strike(&mut self, sabotage: Sabotage) -> Result<(), AppError> {
        let stage = |stage: Stage| move |meeting: &&Kept| meeting.stage == stage && !meeting.queued;
        let first = |stage_of: Stage| self.before.meetings.iter().find(stage(stage_of)).cloned();
        let now = self.town.now();
        match sabotage {
            Sabotage::StretchesHolds => {
                let booked = self.before.meetings.iter().filter(stage(Stage::Booked));
                for meeting in booked.filter(|meeting| meeting.licensed && meeting.hold.1 < EVENING).cloned().collect::<Vec<_>>()
                {
                    let from = meeting.hold.0;
                    self.spoil(&meeting.clone(), move |tx, scope| {
                        meetings::set_hold(tx, scope, &meeting.id, (from, EVENING), true)
                    })?;
                }
                Ok(())
            }
            Sabotage::AttachesWithoutARow => {
                for address in self.town.seats.values().filter(|_| now > MORNING + Span::hours(1)) {
                    let (user, _) = self.town.zoom_user(address);
                    // Zoom refuses when all that were bought are out.
                    let _ = self.town.at_zoom(|zoom, now| zoom.set_license_by_hand(now, &user, License::Licensed));
                }
                Ok(())
            }
            Sabotage::TellsNobody => {
                for meeting in self.before.meetings.iter().filter(stage(Stage::Live)).cloned().collect::<Vec<_>>() {
                    self.spoil(&meeting.clone(), move |tx, scope| meetings::set_alert(tx, scope, &meeting.id, None))?;
                }
                Ok(())
            }
            Sabotage::StartsTwice => {
                let Some(meeting) = first(Stage::Live) else { return Ok(()) };
                self.write_down(&meeting, "meeting.started")
            }
            Sabotage::EndsAnyRun => {
                let Some(meeting) = first(Stage::Live) else { return Ok(()) };
                self.write_down(&meeting, "meeting.ended")?;
                let (run, hold) = (Run { uuid: meeting.run.clone().unwrap_or_default(), since: now }, meeting.hold);
                self.spoil(&meeting.clone(), move |tx, scope| {
                    meetings::set_state(tx, scope, &meeting.id, &State::Ended { run, at: now }, hold)
                })
            }
            Sabotage::BooksTwice => {
                let booked: Vec<&Kept> = self.before.meetings.iter().filter(stage(Stage::Booked)).collect();
                let two = booked.iter().enumerate().find_map(|(index, one)| {
                    let overlaps = |other: &&&Kept| other.seat != one.seat && other.window.overlaps(one.window);
                    Some(((*one).clone(), booked[index + 1..].iter().find(overlaps)?.seat.clone()))
                });
                let Some((meeting, seat)) = two else { return Ok(()) };
                self.spoil(&meeting.clone(), move |tx, scope| meetings::set_seat(tx, scope, &meeting.id, &seat))
            }
            Sabotage::WritesNothingDown => {
                let Some(meeting) = first(Stage::Booked) else { return Ok(()) };
                self.spoil(&meeting.clone(), move |tx, scope| {
                    meetings::set_state(tx, scope, &meeting.id, &State::Cancelled { at: now }, (now, now))
                })
            }
            Sabotage::DropsWebhooks | Sabotage::AsksTwice | Sabotage::ForgetsLicenses => Ok(()),
        }
    }

    fn spoil(
        &mut self,
        meeting: &Kept,
        change: impl FnOnce(&mut WriteTx<'_>, &TenantScope) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), AppError> {
        let (app, scope) = (self.town.app.clone(), self.town.pass.scope(&meeting.tenant));
        self.town.certainly(app.store.write::<_, StoreError, _>(move |tx| change(tx, &scope)))
    }

    fn write_down(&mut self, meeting: &Kept, action: &'static str) -> Result<(), AppError> {
        let run = format!("run {}", meeting.run.as_deref().unwrap_or_default());
        let entry = self.town.app.entry(Some(&meeting.tenant), Actor::Zoom, action, Some(&meeting.id), run);
        self.spoil(meeting, move |tx, _| audit::add(tx, &entry))
    }
}
