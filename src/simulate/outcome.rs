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
    /// How often somebody pressed Start.
    pub presses: u64,
    /// Of these, how often they were given Zoom's link.
    pub links: u64,
    /// Licenses put on seats.
    pub attaches: u64,
    /// Calls to Zoom.
    pub calls: u64,
    /// Days on which nothing went wrong.
    pub fair_days: u64,
    /// Of the calls, what a day needed itself, and the fewest that such a day needs; only for days on which nothing goes wrong.
    pub work_calls: u64,
    /// See `work_calls`.
    pub fewest_calls: u64,
    /// How often the process died.
    pub deaths: u64,
    /// Alerts that a meeting lacks its license.
    pub alerts: u64,
    /// The most licenses that were on seats at once, summed over the days.
    pub most_attached: u64,
    /// The most seats that were promised one at once, summed over the days.
    pub deepest: u64,
    /// Licenses that went back after a meeting had ended, where they go back by themselves.
    pub given_back: u64,
    /// How long they had stayed since Zoom ended the meeting, together.
    pub stayed_seconds: u64,
    /// The longest such stay.
    pub longest_stay_seconds: u64,
}

impl Tally {
    /// Counts another day's.
    pub(super) fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.live += other.live;
        self.without += other.without;
        self.presses += other.presses;
        self.links += other.links;
        self.attaches += other.attaches;
        self.calls += other.calls;
        self.fair_days += other.fair_days;
        self.work_calls += other.work_calls;
        self.fewest_calls += other.fewest_calls;
        self.deaths += other.deaths;
        self.alerts += other.alerts;
        self.most_attached += other.most_attached;
        self.deepest += other.deepest;
        self.given_back += other.given_back;
        self.stayed_seconds += other.stayed_seconds;
        self.longest_stay_seconds = self.longest_stay_seconds.max(other.longest_stay_seconds);
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
