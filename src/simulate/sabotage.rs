//! Planted bugs: each breaks one promise on purpose, and the checks must notice it. Nothing here runs in the product.

use crate::app::bell::Lane;
use crate::domain::ids::MeetingId;
#[cfg(test)]
use crate::domain::invariants::Invariant;
use crate::domain::invariants::{AtZoom, Census};
use crate::domain::meeting::Stage;
use crate::domain::pool::Place;
use crate::domain::time::{Instant, Span};

use super::people::EVENING;

/// A defect of the portal, as it would show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "only tests plant bugs"))]
pub(super) enum Sabotage {
    /// Admission promises one license too many.
    PromisesTooMany,
    /// A license is put on a seat without a row that stands for it.
    AttachesWithoutARow,
    /// Nobody is told that a running meeting has no license.
    TellsNobody,
    /// A webhook that came twice has its effect twice.
    StartsTwice,
    /// A webhook is answered 200 and thrown away.
    DropsWebhooks,
    /// Zoom is asked everything twice.
    AsksTwice,
    /// After the last meeting the keeper forgets its licenses.
    ForgetsLicenses,
    /// Any end ends the meeting, whichever run it was of.
    EndsAnyRun,
    /// Two meetings are booked on one seat at once.
    BooksTwice,
    /// A state changes and nobody writes it down.
    WritesNothingDown,
}

impl Sabotage {
    #[cfg(test)]
    pub(super) const ALL: [(Self, Invariant); 10] = [
        (Self::PromisesTooMany, Invariant::Admission),
        (Self::AttachesWithoutARow, Invariant::Licenses),
        (Self::TellsNobody, Invariant::LicensedOrTold),
        (Self::StartsTwice, Invariant::OneEffect),
        (Self::DropsWebhooks, Invariant::Durable),
        (Self::AsksTwice, Invariant::Calls),
        (Self::ForgetsLicenses, Invariant::Rest),
        (Self::EndsAnyRun, Invariant::OldRun),
        (Self::BooksTwice, Invariant::OneAtATime),
        (Self::WritesNothingDown, Invariant::States),
    ];

    /// Whether this lane stands still.
    pub(super) fn stops(self, lane: Lane, now: Instant) -> bool {
        self == Self::ForgetsLicenses && lane == Lane::Licenses && now >= EVENING
    }

    /// What the portal would look like with the defect.
    pub(super) fn spoil(self, census: &mut Census, zoom: &mut AtZoom, now: Instant) {
        let live: Option<usize> = census.meetings.iter().position(|meeting| meeting.stage == Stage::Live && meeting.licensed);
        match self {
            Self::PromisesTooMany => {
                census.promisable = census.promisable.saturating_sub(1);
            }
            Self::AttachesWithoutARow => {
                if let Some(row) = census.rows.iter().position(|row| row.place == Place::Attached) {
                    census.rows.remove(row);
                }
            }
            Self::TellsNobody => {
                if let Some(live) = live {
                    zoom.licensed.remove(&census.meetings[live].seat);
                    census.meetings[live].has_alert = false;
                }
            }
            Self::StartsTwice => {
                let started = census.audited.iter_mut().find(|((_, action, _), _)| action == "meeting.started");
                if let Some((_, count)) = started {
                    *count += 1;
                }
            }
            Self::EndsAnyRun => {
                if let Some(live) = live.filter(|_| now > super::town::MORNING + Span::hours(2)) {
                    let meeting = &mut census.meetings[live];
                    meeting.stage = Stage::Ended;
                    census.audited.insert((meeting.id.clone(), "meeting.ended".to_owned(), "run of before".to_owned()), 1);
                }
            }
            Self::BooksTwice => {
                let booked = census.meetings.iter().find(|meeting| meeting.stage == Stage::Booked && !meeting.queued).cloned();
                if let Some(booked) = booked {
                    let id = MeetingId::new("the other");
                    census.audited.insert((id.clone(), "meeting.booked".to_owned(), String::new()), 1);
                    census.meetings.push(crate::domain::invariants::Kept { id, licensed: false, ..booked });
                }
            }
            Self::WritesNothingDown => census.audited.retain(|(_, action, _), _| action != "meeting.cancelled"),
            Self::ForgetsLicenses | Self::DropsWebhooks | Self::AsksTwice => {}
        }
    }
}
