//! Lives through days of wishes once more with so many licenses, in the order in which they were asked.
//!
//! A wish that is refused is gone, unless the record says that the same host asked for another time at once. What is counted is
//! the first asking of each wish.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::admission::{Hold, Refusal};
use crate::domain::pool::PoolSettings;
use crate::domain::time::{Instant, Slot, SlotRange, Span};

use super::paper::{Attempt, PaperPool, Shares, in_use};

const SLOTS_OF_A_DAY: i64 = 288;
const SLOTS_OF_AN_HOUR: usize = 12;

/// What happened to the wishes of one UTC day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Day {
    /// Wishes for a license, but for those whose host was in another meeting.
    pub(super) asked: u32,
    /// Refused because every license was promised.
    pub(super) refused: u32,
    /// Refused by the tenant's own ceiling, which more licenses do not lift.
    pub(super) capped: u32,
    /// Refused at first, and granted at another time for which the host asked next.
    pub(super) moved: u32,
    /// The host was in another meeting then.
    pub(super) busy: u32,
    /// The licenses in use, slot by slot.
    pub(super) in_use: Vec<u32>,
}

/// The days by number (days since 1970).
pub(super) type Days = BTreeMap<i32, Day>;

/// Replays the attempts, which are in the order in which they were asked.
pub(super) fn replay(attempts: &[Attempt], settings: &PoolSettings, shares: &Shares) -> Days {
    let longest = attempts.iter().map(|attempt| attempt.window.length()).max().unwrap_or(Span::ZERO);
    let mut pool = PaperPool::new(settings, shares, longest);
    let mut days = Days::new();
    let mut returns = Returns::default();
    // What became of each wish that was heard, and on which day it is counted.
    let mut heard: BTreeMap<usize, (i32, bool)> = BTreeMap::new();
    for (number, attempt) in attempts.iter().enumerate() {
        returns.until(attempt.at, &mut pool);
        let day = attempt.window.start().utc_day();
        let before = heard.get(&attempt.wish).copied();
        if before.is_some_and(|(_, granted)| granted) {
            continue;
        }
        let answer = pool.ask(number, attempt);
        if let (Ok(hold), Some(at)) = (&answer, attempt.given_back) {
            returns.expect(at.min(hold.end()), number, at);
        }
        match before {
            None if attempt.licensed => days.entry(day).or_default().count(answer.as_ref().err().copied()),
            // It only keeps its host and their seat busy.
            None => {}
            Some((day, _)) => days.entry(day).or_default().moved += u32::from(answer.is_ok()),
        }
        heard.insert(attempt.wish, (before.map_or(day, |(day, _)| day), answer.is_ok()));
    }
    returns.all(&mut pool);
    count_in_use(&pool, &mut days);
    days
}

impl Day {
    fn count(&mut self, refusal: Option<Refusal>) {
        match refusal {
            Some(Refusal::SeatBusy) => {
                self.busy += 1;
                return;
            }
            Some(Refusal::TenantCap) => self.capped += 1,
            Some(_) => self.refused += 1,
            None => {}
        }
        self.asked += 1;
    }

    /// The most licenses in use at one instant.
    pub(super) fn peak(&self) -> u32 {
        self.in_use.iter().copied().max().unwrap_or_default()
    }
}

/// Licenses that will be given back at another time than was planned.
#[derive(Default)]
struct Returns(BTreeSet<(Instant, usize, Instant)>);

impl Returns {
    /// At `known` it shows that attempt `number` gives its license back at `at`.
    fn expect(&mut self, known: Instant, number: usize, at: Instant) {
        self.0.insert((known, number, at));
    }

    fn until(&mut self, now: Instant, pool: &mut PaperPool) {
        while let Some((known, number, at)) = self.0.first().copied().filter(|(known, ..)| *known <= now) {
            self.0.remove(&(known, number, at));
            pool.end(number, at);
        }
    }

    fn all(mut self, pool: &mut PaperPool) {
        for (_, number, at) in std::mem::take(&mut self.0) {
            pool.end(number, at);
        }
    }
}

fn count_in_use(pool: &PaperPool, days: &mut Days) {
    let mut by_day: BTreeMap<i32, Vec<Hold>> = BTreeMap::new();
    for hold in pool.promises() {
        let last = hold.hold.end() - Span::seconds(1);
        for day in hold.hold.start().utc_day()..=last.utc_day() {
            by_day.entry(day).or_default().push(hold.clone());
        }
    }
    for (day, holds) in by_day {
        let from = Slot(i64::from(day) * SLOTS_OF_A_DAY);
        days.entry(day).or_default().in_use = in_use(&holds, SlotRange { from, until: Slot(from.0 + SLOTS_OF_A_DAY) });
    }
}

/// The licenses in use in the busiest hour of the day, on the average of the days on which any were: the load in erlangs when
/// nobody was refused.
pub(super) fn busiest_hour(days: &Days) -> f64 {
    let open: Vec<&Day> = days.values().filter(|day| day.peak() > 0).collect();
    let slots = |hour: usize| hour * SLOTS_OF_AN_HOUR..(hour + 1) * SLOTS_OF_AN_HOUR;
    let load = |hour| open.iter().flat_map(|day| &day.in_use[slots(hour)]).map(|used| f64::from(*used)).sum::<f64>();
    let most = (0..24).map(load).fold(0.0, f64::max);
    if open.is_empty() { 0.0 } else { most / (open.len() * SLOTS_OF_AN_HOUR) as f64 }
}

/// The share of the time from each day's first license in use to its last that the pool's licenses are in use.
pub(super) fn utilization(days: &Days, licenses: u32) -> f64 {
    let (mut used, mut open) = (0_u64, 0_usize);
    for day in days.values() {
        used += day.in_use.iter().map(|used| u64::from(*used)).sum::<u64>();
        let first = day.in_use.iter().position(|used| *used > 0);
        let last = day.in_use.iter().rposition(|used| *used > 0);
        open += first.zip(last).map_or(0, |(first, last)| last - first + 1);
    }
    if open == 0 || licenses == 0 { 0.0 } else { used as f64 / (open as f64 * f64::from(licenses)) }
}
