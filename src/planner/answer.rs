//! The answer: the fewest licenses that refuse no more than the target, what more and fewer would do, and the formulas beside.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::erlang;
use crate::domain::pool::PoolSettings;

use super::interval::{Rate, rate};
use super::paper::{Attempt, Shares};
use super::replay::{self, Days};

/// Days, and the pool in which they are lived through; its number of licenses is what is looked for.
pub(super) struct Case {
    /// What was asked, in that order.
    pub(super) attempts: Vec<Attempt>,
    /// How many people host.
    pub(super) hosts: u32,
    /// Lead, grace and spare.
    pub(super) settings: PoolSettings,
    /// What the tenants may use.
    pub(super) shares: Shares,
    /// The pool's licenses, when it has some.
    pub(super) present: Option<u32>,
}

/// What so many licenses would have done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Line {
    /// K.
    pub(super) licenses: u32,
    /// Of these, kept back against overruns.
    pub(super) spare: u32,
    /// Wishes for a license.
    pub(super) asked: u32,
    /// Refused because all were promised.
    pub(super) refused: u32,
    /// The share of these.
    pub(super) rate: Rate,
    /// Refused by a tenant's own ceiling.
    pub(super) capped: u32,
    /// Refused at first, granted at another time.
    pub(super) moved: u32,
    /// The most in use at one instant.
    pub(super) peak: u32,
    /// The share of the licenses that is in use while any is.
    pub(super) utilization: f64,
}

/// Everything that is said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Answer {
    /// How many people host: what a license per host would cost.
    pub(super) hosts: u32,
    /// The days on which anything was asked.
    pub(super) days: usize,
    /// The share of refusals that is aimed at.
    pub(super) target: f64,
    /// The fewest licenses that reach it.
    pub(super) licenses: u32,
    /// The number around which more and fewer are tried: the pool's own, or the answer.
    pub(super) around: u32,
    /// Erlangs in the busiest hour, if nobody were refused.
    pub(super) busiest_hour: f64,
    /// What Erlang's formula says for that, spare included.
    pub(super) erlang_b: u32,
    /// What Engset's says, spare included.
    pub(super) engset: u32,
    /// Wishes whose host was in another meeting; no number of licenses helps these.
    pub(super) busy: u32,
    /// By licenses, in rising order.
    pub(super) lines: Vec<Line>,
}

/// Looks for the fewest licenses and lives through the days with up to `reach` more and fewer than the pool has.
pub(super) fn find(case: &Case, target: f64, reach: u32) -> Answer {
    let mut tried = Tried { case, lines: BTreeMap::new() };
    let free = replay::replay(&case.attempts, &case.pool(case.most()), &case.shares);
    let licenses = tried.fewest(target);
    let around = case.present.unwrap_or(licenses);
    let fewest = case.fewest_possible();
    let mut shown: BTreeSet<u32> = (around.saturating_sub(reach)..=around + reach).filter(|k| *k >= fewest.max(1)).collect();
    shown.extend([licenses, licenses.saturating_sub(1).max(fewest), licenses + 1]);
    let busiest_hour = replay::busiest_hour(&free);
    let kept_back = |promisable: u32| case.to_promise(promisable);
    // Engset's load is that of a host who is free: of all hosts, those in a meeting do not ask.
    let idle_load = busiest_hour / (f64::from(case.hosts) - busiest_hour).max(0.01);
    Answer {
        hosts: case.hosts,
        days: free.values().filter(|day| day.asked > 0).count(),
        target,
        licenses,
        around,
        busiest_hour,
        erlang_b: kept_back(erlang::licenses_for(busiest_hour, target)),
        engset: kept_back(erlang::licenses_for_hosts(case.hosts, idle_load, target)),
        busy: free.values().map(|day| day.busy).sum(),
        lines: shown.into_iter().map(|licenses| tried.line(licenses)).collect(),
    }
}

impl Case {
    fn pool(&self, licenses: u32) -> PoolSettings {
        PoolSettings { licenses, ..self.settings.clone() }
    }

    /// The fewest licenses of which so many may be promised.
    fn to_promise(&self, promisable: u32) -> u32 {
        // What is promised grows with the licenses but for one spare more at most, or as many as are set.
        let most = promisable + self.settings.spare.unwrap_or(1);
        (promisable..most).find(|licenses| self.pool(*licenses).promisable() >= promisable).unwrap_or(most)
    }

    fn guarantees(&self) -> u32 {
        self.shares.values().map(|share| share.guarantee).sum()
    }

    /// A pool smaller than its guarantees cannot be set.
    fn fewest_possible(&self) -> u32 {
        self.to_promise(self.guarantees())
    }

    /// With so many nobody is refused: every host has one, and every guarantee is kept.
    fn most(&self) -> u32 {
        self.to_promise(self.hosts + self.guarantees())
    }
}

/// What was tried already; each try lives through all days.
struct Tried<'a> {
    case: &'a Case,
    lines: BTreeMap<u32, Line>,
}

impl Tried<'_> {
    fn line(&mut self, licenses: u32) -> Line {
        let case = self.case;
        let live = || {
            let pool = case.pool(licenses);
            line(&replay::replay(&case.attempts, &pool, &case.shares), &pool)
        };
        self.lines.entry(licenses).or_insert_with(live).clone()
    }

    /// Halves the range between what is too few and what is enough.
    fn fewest(&mut self, target: f64) -> u32 {
        let (mut low, mut enough) = (self.case.fewest_possible(), self.case.most());
        while low < enough {
            let middle = low.midpoint(enough);
            if self.line(middle).rate.share <= target {
                enough = middle;
            } else {
                low = middle + 1;
            }
        }
        enough
    }
}

fn line(days: &Days, pool: &PoolSettings) -> Line {
    let counts: Vec<(u32, u32)> = days.values().map(|day| (day.refused, day.asked)).collect();
    Line {
        licenses: pool.licenses,
        spare: pool.spare(),
        asked: counts.iter().map(|(_, asked)| asked).sum(),
        refused: counts.iter().map(|(refused, _)| refused).sum(),
        rate: rate(&counts),
        capped: days.values().map(|day| day.capped).sum(),
        moved: days.values().map(|day| day.moved).sum(),
        peak: days.values().map(replay::Day::peak).max().unwrap_or_default(),
        utilization: replay::utilization(days, pool.licenses),
    }
}
