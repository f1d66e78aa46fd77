//! Requests by chance, one by one, through the pool on paper: refusals are as frequent as Erlang and Engset say.
//!
//! A license is held until the five minutes in which a meeting ends are over: half of that more, on the average.

use std::collections::BTreeSet;

use super::super::described::Chance;
use super::super::interval::{Rate, rate};
use super::super::paper::{Attempt, PaperPool};
use super::{ask, pool, shares};
use crate::clock::Ids;
use crate::domain::erlang::{engset, erlang_b};
use crate::domain::meeting::Kind;
use crate::domain::pool::PoolSettings;
use crate::domain::time::{Instant, Span, Window};

/// How long a license is held on the average, and the meeting in it.
const HELD: Span = Span::hours(8);
const MEETING: Span = Span::seconds(8 * 3600 - 150);
/// Requests are counted in batches much longer than a meeting, which are as good as independent.
const BATCHES: usize = 40;
const BATCH: usize = 400;

/// How often those who ask are refused, when hosts ask as `next` says.
struct Trial {
    pool: PaperPool,
    count: usize,
    batches: Vec<(u32, u32)>,
}

impl Trial {
    fn new(settings: &PoolSettings) -> Self {
        // No meeting drawn is longer than forty times the mean.
        let pool = PaperPool::new(settings, &shares(u32::MAX), MEETING_AT_MOST);
        Self { pool, count: 0, batches: vec![] }
    }

    /// Asks on the spot. Gives when the license is back; none: refused.
    fn ask(&mut self, host: usize, now: Instant, chance: &Chance<'_>) -> Option<Instant> {
        let length = chance.about(MEETING).as_seconds().clamp(1, MEETING_AT_MOST.as_seconds());
        let window = Window::lasting(now, Span::seconds(length));
        let wish = ask(self.count, &host.to_string(), 0, (0, 5));
        let answer = self.pool.ask(self.count, &Attempt { at: now, kind: Kind::OnDemand, window, ..wish });
        if self.count.is_multiple_of(BATCH) {
            self.batches.push((0, 0));
        }
        self.count += 1;
        if let Some((refused, asked)) = self.batches.last_mut() {
            *refused += u32::from(answer.is_err());
            *asked += 1;
        }
        answer.ok().map(|_| window.end().grid_up())
    }

    fn is_over(&self) -> bool {
        self.count == (BATCHES + 1) * BATCH
    }

    /// Without the first batch, in which the pool was still filling.
    fn rate(&self) -> Rate {
        rate(&self.batches[1..])
    }
}

const MEETING_AT_MOST: Span = Span::hours(120);

fn without_padding(licenses: u32) -> PoolSettings {
    PoolSettings { lead: Span::ZERO, grace: Span::ZERO, ..pool(licenses) }
}

/// Very many hosts, each of whom asks once.
fn many_hosts(settings: &PoolSettings, offered: f64) -> Rate {
    let ids = Ids::seeded(1909);
    let chance = Chance(&ids);
    let between = Span::seconds((HELD.as_seconds() as f64 / offered) as i64);
    let (mut trial, mut now) = (Trial::new(settings), Instant::from_seconds(0));
    while !trial.is_over() {
        now = now + chance.about(between);
        trial.ask(trial.count, now, &chance);
    }
    trial.rate()
}

/// So many hosts, each of whom asks again and again whenever free.
fn few_hosts(settings: &PoolSettings, hosts: usize, idle_load: f64) -> Rate {
    let ids = Ids::seeded(1918);
    let chance = Chance(&ids);
    let idle = Span::seconds((HELD.as_seconds() as f64 / idle_load) as i64);
    let mut trial = Trial::new(settings);
    let mut next: BTreeSet<(Instant, usize)> =
        (0..hosts).map(|host| (Instant::from_seconds(0) + chance.about(idle), host)).collect();
    while let Some((now, host)) = next.pop_first().filter(|_| !trial.is_over()) {
        let free = trial.ask(host, now, &chance).unwrap_or(now);
        next.insert((free + chance.about(idle), host));
    }
    trial.rate()
}

/// Whether the formula's share lies within the interval, made half as wide again so that nineteen of twenty is not a coin toss.
fn agrees(rate: Rate, formula: f64) -> bool {
    let reach = (rate.high - rate.low) * 0.75;
    (rate.share - formula).abs() <= reach
}

#[test]
fn many_hosts_are_refused_as_often_as_erlang_says() {
    for (licenses, offered) in [(2, 1.0), (5, 3.0), (10, 5.0)] {
        let counted = many_hosts(&without_padding(licenses), offered);
        let formula = erlang_b(licenses, offered);
        assert!(agrees(counted, formula), "{licenses} licenses, {offered} erlangs: {counted:?}, not {formula}");
    }
}

#[test]
fn few_hosts_are_refused_as_often_as_engset_says() {
    for (hosts, licenses, idle_load) in [(6, 3, 0.25), (20, 5, 0.1)] {
        let counted = few_hosts(&without_padding(licenses), hosts, idle_load);
        let formula = engset(hosts as u32, licenses, idle_load);
        assert!(agrees(counted, formula), "{hosts} hosts, {licenses} licenses: {counted:?}, not {formula}");
    }
}

#[test]
fn a_wrong_pool_is_caught() {
    let formula = erlang_b(5, 3.0);
    let too_many = many_hosts(&without_padding(6), 3.0);
    assert!(!agrees(too_many, formula), "planted: one license too many; {too_many:?}");
    let padded = PoolSettings { grace: Span::hours(2), ..without_padding(5) };
    let held_longer = many_hosts(&padded, 3.0);
    assert!(!agrees(held_longer, formula), "planted: the load without the grace; {held_longer:?}");
    assert!(agrees(held_longer, erlang_b(5, 3.0 * 10.0 / 8.0)), "and with it: {held_longer:?}");
    let few = few_hosts(&without_padding(3), 6, 0.25);
    assert!(!agrees(few, erlang_b(3, 6.0 * 0.25)), "planted: six hosts taken for very many; {few:?}");
}
