//! When the lanes of the background work look although nobody rings.
//!
//! In life each looks every few seconds and mostly finds nothing. Here it looks when something may be due in it, after an
//! error as soon as in life, and all of them every twenty minutes in any case.

use crate::app::AppError;
use crate::app::bell::Lane;
use crate::domain::time::{Instant, Span};
use crate::keeper;
use crate::store::census::Turns;

use super::day::Day;
use super::town::{Bells, MORNING};

/// How often all lanes look although nothing is known to be due, and so how often Zoom's account is read.
const PATROL: Span = Span::minutes(20);

/// The lanes that will look, and when.
pub(super) struct Alarms {
    /// What the database says.
    known: Vec<(Instant, Lane)>,
    /// How much had been written when it was asked; none: it must be asked anew.
    as_of: Option<i64>,
    /// Lanes that were interrupted.
    again: Vec<(Instant, Lane)>,
    /// When all lanes look.
    patrol: Instant,
}

impl Alarms {
    pub(super) const fn new() -> Self {
        Self { known: Vec::new(), as_of: None, again: Vec::new(), patrol: MORNING }
    }

    /// A lane was interrupted: it looks again as soon as it would in life, and when Zoom is asked again. Before that it would
    /// only hear that it has to wait.
    pub(super) fn again(&mut self, lane: Lane, now: Instant, held_back_until: Option<Instant>) {
        let pause = Span::seconds(keeper::interval(lane).as_secs().cast_signed());
        self.again.push((held_back_until.map_or(now + pause, |until| until.max(now + pause)), lane));
    }

    /// Rings for whatever is due.
    pub(super) fn ring(&mut self, now: Instant, bells: &Bells) {
        if self.patrol <= now {
            bells.ring_all();
            self.patrol = now + PATROL;
        }
        for alarms in [&mut self.known, &mut self.again] {
            alarms.retain(|(at, lane)| {
                let due = *at <= now;
                if due {
                    bells.ring(*lane);
                    // What is due next is known only when this is done.
                    self.as_of = None;
                }
                !due
            });
        }
    }

    fn know(&mut self, turns: &Turns, written: i64) {
        let known = [
            (turns.licenses, Lane::Licenses),
            (turns.rooms, Lane::Rooms),
            (turns.inbox, Lane::Inbox),
            (turns.letters, Lane::Letters),
            (turns.account, Lane::Account),
        ];
        self.known = known.into_iter().filter_map(|(at, lane)| Some((at?, lane))).collect();
        self.as_of = Some(written);
    }

    fn next(&self) -> Instant {
        self.known.iter().chain(&self.again).map(|(at, _)| *at).fold(self.patrol, Instant::min)
    }
}

impl Day {
    /// When a lane looks next.
    pub(super) fn next_look(&mut self) -> Result<Instant, AppError> {
        let written = self.town.changes()?;
        if self.alarms.as_of != Some(written) {
            let turns = self.town.turns()?;
            self.alarms.know(&turns, written);
        }
        Ok(self.alarms.next())
    }
}
