//! Days drawn by chance from a description.
//!
//! The shape of a day is assumed, because no public count of one-on-one bookings was found: two peaks, half of all meetings
//! begin on the hour and three in ten on the half hour, lengths spread by a third around the usual one, of those that run over
//! the excess is exponential, the rest end up to three tenths early. That people miss 8.5 % of video visits is counted: a
//! rheumatology clinic's figure, and at the low end of what is published.

use std::collections::BTreeSet;

use crate::clock::Ids;
use crate::domain::ids::{TenantId, UserId};
use crate::domain::meeting::Kind;
use crate::domain::pool::PoolSettings;
use crate::domain::time::{Instant, Span, Window};

use super::paper::Attempt;

/// Days as a person describes them.
#[derive(Clone, Debug)]
pub(super) struct Description {
    /// How many people host.
    pub(super) hosts: u32,
    /// How many meetings each has on the average day.
    pub(super) meetings_per_day: f64,
    /// The usual length.
    pub(super) length: Span,
    /// The hours of the day between which meetings begin.
    pub(super) hours: (u32, u32),
    /// The share of meetings to which nobody comes.
    pub(super) missed: f64,
    /// The share of meetings begun on the spot.
    pub(super) on_the_spot: f64,
    /// The share of meetings that run over.
    pub(super) over: f64,
    /// How many days.
    pub(super) days: u32,
}

/// How many starts of a hundred fall into each tenth of the day.
const PEAKS: [u64; 10] = [6, 11, 14, 12, 7, 6, 11, 14, 12, 7];
/// The mean by which a meeting runs over, and the most.
const OVER: (Span, Span) = (Span::minutes(7), Span::minutes(40));
/// The mean time between booking and meeting, beyond an hour.
const AHEAD: Span = Span::days(4);

/// Whose all described meetings are.
pub(super) fn tenant() -> TenantId {
    TenantId::new("described")
}

/// The days, as attempts in the order in which they are asked.
pub(super) fn draw(description: &Description, settings: &PoolSettings, ids: &Ids) -> Vec<Attempt> {
    let chance = Chance(ids);
    let mut attempts = Vec::new();
    for day in 0..description.days {
        for host in 0..description.hosts {
            for (window, kind) in meetings_of_host(description, day, &chance) {
                let ahead = match kind {
                    Kind::OnDemand => Span::ZERO,
                    Kind::Scheduled => Span::hours(1) + chance.about(AHEAD),
                };
                attempts.push(Attempt {
                    wish: attempts.len(),
                    at: window.start() - ahead,
                    tenant: tenant(),
                    host: UserId::new(host.to_string()),
                    kind,
                    window,
                    licensed: true,
                    given_back: Some(given_back(description, settings, (window, kind), &chance)),
                });
            }
        }
    }
    attempts.sort_by_key(|attempt| (attempt.at, attempt.wish));
    attempts
}

/// One host's meetings of a day: twice as many chances as there are meetings on the average, each taken half the time, so that
/// days differ. None overlaps another.
fn meetings_of_host(description: &Description, day: u32, chance: &Chance<'_>) -> Vec<(Window, Kind)> {
    let chances = (description.meetings_per_day * 2.0).ceil();
    let count = (0..chances as u32).filter(|_| chance.is(description.meetings_per_day / chances)).count();
    let mut meetings: Vec<(Window, Kind)> = Vec::new();
    for _ in 0..count {
        let kind = if chance.is(description.on_the_spot) { Kind::OnDemand } else { Kind::Scheduled };
        // A host who finds no room in the day does not ask; the command line keeps days from being that full.
        let drawn = (0..100).map(|_| Window::lasting(start(description, day, kind, chance), length(description.length, chance)));
        let free = drawn.into_iter().find(|window| meetings.iter().all(|(other, _)| !other.overlaps(*window)));
        meetings.extend(free.map(|window| (window, kind)));
    }
    meetings
}

fn start(description: &Description, day: u32, kind: Kind, chance: &Chance<'_>) -> Instant {
    let tenth = chance.weighted(&PEAKS) as u32;
    let (from, until) = description.hours;
    let hour = from + (until - from) * tenth / 10;
    let minute = match (kind, chance.weighted(&[5, 3, 1, 1])) {
        (Kind::OnDemand, _) => chance.below(60),
        (Kind::Scheduled, 0) => 0,
        (Kind::Scheduled, 1) => 30,
        (Kind::Scheduled, 2) => 15,
        (Kind::Scheduled, _) => 45,
    };
    Instant::from_seconds(0) + Span::days(i64::from(day)) + Span::hours(i64::from(hour)) + Span::minutes(minute as i64)
}

/// Two thirds of the usual length, the usual one, or four thirds, on the grid: in 45, 20 and 35 of 100 cases.
fn length(usual: Span, chance: &Chance<'_>) -> Span {
    let thirds = 2 + chance.weighted(&[45, 20, 35]) as i64;
    let minutes = (usual.as_minutes() * thirds / 3 + 2) / 5 * 5;
    Span::minutes(minutes.max(5))
}

/// When the license comes back: given up as a no-show, or some minutes after the real end.
fn given_back(description: &Description, settings: &PoolSettings, meeting: (Window, Kind), chance: &Chance<'_>) -> Instant {
    let (window, kind) = meeting;
    if kind == Kind::Scheduled && chance.is(description.missed) {
        return window.start() + settings.no_show;
    }
    if chance.is(description.over) {
        return window.end() + Span::seconds(chance.about(OVER.0).as_seconds().min(OVER.1.as_seconds())) + settings.rejoin;
    }
    let early = window.length().as_seconds() * chance.below(300) as i64 / 1000;
    window.end() - Span::seconds(early) + settings.rejoin
}

/// How many different hosts ask.
pub(super) fn hosts(attempts: &[Attempt]) -> usize {
    attempts.iter().map(|attempt| &attempt.host).collect::<BTreeSet<_>>().len()
}

/// Draws for a description.
pub(super) struct Chance<'a>(pub(super) &'a Ids);

impl Chance<'_> {
    fn below(&self, below: u64) -> u64 {
        self.0.below(below)
    }

    fn is(&self, share: f64) -> bool {
        self.0.share() <= share
    }

    /// The place of one of these, in proportion to them.
    fn weighted(&self, weights: &[u64]) -> usize {
        let mut draw = self.below(weights.iter().sum());
        weights
            .iter()
            .position(|weight| {
                let is_here = draw < *weight;
                draw = draw.saturating_sub(*weight);
                is_here
            })
            .unwrap_or_default()
    }

    /// A time with this mean, exponentially distributed.
    pub(super) fn about(&self, mean: Span) -> Span {
        self.0.about(mean)
    }
}
