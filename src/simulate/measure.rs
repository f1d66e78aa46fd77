//! What is measured on a simulated day: how many licenses were out at once, how many there had to be, and how long a license
//! stays where nobody meets any more.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::SeatId;
use crate::domain::invariants::{AtZoom, Census, Kept};
use crate::domain::meeting::Stage;
use crate::domain::pool::Place;
use crate::domain::time::Instant;

use super::outcome::Tally;

/// What the last look saw.
#[derive(Default)]
pub(super) struct Measure {
    /// Seats on which somebody met.
    running: BTreeSet<SeatId>,
    /// Seats that had a license.
    attached: BTreeSet<SeatId>,
    /// When the last meeting on a seat ended at Zoom.
    ended: BTreeMap<SeatId, Instant>,
    /// When, and how many meetings ran over then.
    last: Option<(Instant, u64)>,
    overrun_seconds: u64,
    most_attached: u64,
    /// The most seats that were promised a license at once.
    deepest: u64,
}

impl Measure {
    /// Looks at one moment.
    pub(super) fn look(&mut self, census: &Census, zoom: &AtZoom, tally: &mut Tally) {
        let runs = |number: &i64| zoom.running.contains_key(number);
        let running: BTreeSet<SeatId> = census
            .meetings
            .iter()
            .filter(|meeting| meeting.number.as_ref().is_some_and(runs))
            .map(|meeting| meeting.seat.clone())
            .collect();
        for seat in self.running.difference(&running) {
            self.ended.insert(seat.clone(), census.now);
        }
        self.ended.retain(|seat, _| !running.contains(seat));
        let runs_over = |meeting: &&Kept| meeting.stage == Stage::Live && meeting.window.end() < census.now;
        let over = census.meetings.iter().filter(runs_over).count() as u64;
        if let Some((at, over)) = self.last.replace((census.now, over)) {
            self.overrun_seconds += over * (census.now - at).as_seconds().unsigned_abs();
        }
        let on_seats = census.rows.iter().filter(|row| row.place == Place::Attached);
        let attached: BTreeSet<SeatId> = on_seats.filter_map(|row| row.seat.clone()).collect();
        for seat in self.attached.difference(&attached) {
            if let Some(ended) = self.ended.remove(seat).filter(|_| census.gives_back) {
                let stayed = (census.now - ended).as_seconds().unsigned_abs();
                tally.given_back += 1;
                tally.stayed_seconds += stayed;
                tally.longest_stay_seconds = tally.longest_stay_seconds.max(stayed);
            }
        }
        let held = census.meetings.iter().filter(|meeting| meeting.licensed && meeting.hold.0 <= census.now);
        let held = held.filter(|meeting| census.now < meeting.hold.1 || running.contains(&meeting.seat));
        let depth = held.map(|meeting| &meeting.seat).collect::<BTreeSet<_>>().len() as u64;
        self.most_attached = self.most_attached.max(attached.len() as u64);
        self.deepest = self.deepest.max(depth);
        (self.running, self.attached) = (running, attached);
    }

    /// For how many seconds meetings ran over, together.
    pub(super) const fn overrun_seconds(&self) -> u64 {
        self.overrun_seconds
    }

    /// Adds what was greatest on this day.
    pub(super) fn sum_up(&self, tally: &mut Tally) {
        tally.most_attached += self.most_attached;
        tally.deepest += self.deepest;
    }
}
