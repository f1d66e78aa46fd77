//! What comes of a simulated day.

use crate::domain::invariants::Breach;
use crate::domain::time::Instant;

/// What is to be counted over many days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Steps that were checked.
    pub steps: u64,
    /// Meetings that were accepted.
    pub accepted: u64,
    /// Meetings that were refused.
    pub refused: u64,
    /// Meetings that took place.
    pub live: u64,
    /// Starts for which the promised license was not there: the host was told, and waited or began without.
    pub without: u64,
    /// Licenses put on seats.
    pub attaches: u64,
    /// The fewest with which the same meetings could have been held; only for days on which nothing goes wrong.
    pub fewest: u64,
    /// Calls to Zoom.
    pub calls: u64,
    /// How often the process died.
    pub deaths: u64,
}

impl Tally {
    /// Counts another day's.
    pub(super) fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.live += other.live;
        self.without += other.without;
        self.attaches += other.attaches;
        self.fewest += other.fewest;
        self.calls += other.calls;
        self.deaths += other.deaths;
    }
}

/// How a day went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What must not have happened, in order; empty on a good day.
    pub breaches: Vec<(Instant, Breach)>,
    /// Stands for everything that happened: equal for equal seeds.
    pub digest: [u8; 32],
    /// Its counts.
    pub tally: Tally,
    /// What happened, line by line, if it was asked for.
    pub story: Vec<String>,
}
