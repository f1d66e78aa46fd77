//! A pool of licenses on paper: the holds in memory, and admission itself to decide. The only file of the planner that
//! speaks admission's language.
//!
//! Holds are kept in stretches of time, each as long as two of the longest holds and begun one apart, so that every request
//! is decided within one stretch and the cost of a decision does not grow with the number of days.

use std::collections::BTreeMap;

use crate::domain::admission::{self, Demand, Hold, Refusal, Request, Rules};
use crate::domain::ids::{MeetingId, SeatId, TenantId, UserId};
use crate::domain::meeting::Kind;
use crate::domain::pool::{PoolSettings, Strategy};
use crate::domain::tenant::Share;
use crate::domain::time::{Instant, SlotRange, Span, Window};

/// One asking for a meeting.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// Which wish it serves: whoever is refused may ask for another time, and that is still one wish.
    pub(super) wish: usize,
    /// When it was asked.
    pub(super) at: Instant,
    /// Whose license it would use.
    pub(super) tenant: TenantId,
    /// Who would host, on a seat of their own.
    pub(super) host: UserId,
    /// Scheduled or on the spot.
    pub(super) kind: Kind,
    /// From when until when.
    pub(super) window: Window,
    /// Whether it needs a license.
    pub(super) licensed: bool,
    /// When its license really is given back; none: when the plan says.
    pub(super) given_back: Option<Instant>,
}

/// How many licenses are in use in each slot, seats counted once.
pub(super) fn in_use(holds: &[Hold], range: SlotRange) -> Vec<u32> {
    admission::needed(holds, range)
}

/// What the tenants may use.
pub(super) type Shares = BTreeMap<TenantId, Share>;

/// The shares when one tenant has the pool to itself.
pub(super) fn alone(tenant: TenantId) -> Shares {
    [(tenant, Share { guarantee: 0, cap: u32::MAX })].into()
}

/// Licenses that may be promised, and the promises made so far. A promise is named by the number of its attempt.
pub(super) struct PaperPool {
    rules: Rules,
    stride: Span,
    /// What every stretch begins with: no holds, everybody's shares.
    fresh: Demand,
    stretches: BTreeMap<i64, Demand>,
    promises: BTreeMap<usize, Hold>,
}

impl PaperPool {
    /// A pool without promises. `longest` is the longest meeting that will be asked for.
    pub(super) fn new(settings: &PoolSettings, shares: &Shares, longest: Span) -> Self {
        let rules = Rules {
            lead: settings.lead,
            grace: settings.grace,
            // What was booked was within the horizon of its day.
            horizon: Span::days(36_500),
            // Every host has a seat here, to which licenses come.
            strategy: Strategy::Float,
            frozen: false,
            now: Instant::from_seconds(0),
        };
        let slot = Span::minutes(5);
        Self {
            rules,
            stride: longest + settings.lead + settings.grace + slot + slot,
            fresh: Demand { shares: shares.clone(), promisable: settings.promisable(), ..Demand::default() },
            stretches: BTreeMap::new(),
            promises: BTreeMap::new(),
        }
    }

    /// Asks for a license; when it is promised, gives the span of the promise.
    pub(super) fn ask(&mut self, number: usize, attempt: &Attempt) -> Result<Window, Refusal> {
        let rules = Rules { now: attempt.at, ..self.rules };
        let request = Request {
            tenant: attempt.tenant.clone(),
            host: attempt.host.clone(),
            moving: None,
            // Which seats there were, and which of them had a license, is no part of the question: licenses come to hosts.
            seats: vec![SeatId::new(attempt.host.as_str())],
            window: attempt.window,
            kind: attempt.kind,
            licensed: attempt.licensed,
        };
        let needed = Demand::needed(&request, &rules, Span::ZERO);
        let stretch = self.stretches.get(&self.stretch_of(needed.start())).unwrap_or(&self.fresh);
        let admitted = admission::admit(&request, stretch, &rules)?;
        self.promise(
            number,
            Hold {
                meeting: MeetingId::new(number.to_string()),
                tenant: request.tenant,
                host: request.host,
                seat: admitted.seat,
                busy: request.window,
                hold: admitted.hold,
                licensed: request.licensed,
            },
        );
        Ok(admitted.hold)
    }

    /// The promise ends at this instant instead, earlier or later; before its beginning, it is as if it had not been made.
    pub(super) fn end(&mut self, number: usize, at: Instant) {
        let Some(hold) = self.promises.remove(&number) else { return };
        for index in self.stretches_of(hold.hold) {
            if let Some(stretch) = self.stretches.get_mut(&index) {
                stretch.holds.retain(|other| other.meeting != hold.meeting);
            }
        }
        if let Some(span) = Window::new(hold.hold.start(), at) {
            // A meeting that runs over keeps its host busy for as long.
            let until = if at > hold.hold.end() { at } else { hold.busy.end().min(at) };
            let busy = Window::new(hold.busy.start(), until).unwrap_or(span);
            self.promise(number, Hold { hold: span, busy, ..hold });
        }
    }

    /// Every promise as it stands.
    pub(super) fn promises(&self) -> impl Iterator<Item = &Hold> {
        self.promises.values()
    }

    fn promise(&mut self, number: usize, hold: Hold) {
        for index in self.stretches_of(hold.hold) {
            self.stretches.entry(index).or_insert_with(|| self.fresh.clone()).holds.push(hold.clone());
        }
        self.promises.insert(number, hold);
    }

    fn stretch_of(&self, at: Instant) -> i64 {
        at.seconds().div_euclid(self.stride.as_seconds())
    }

    /// The stretches a span touches: stretch `n` lasts from `n` strides to `n + 2`. A slot is counted whole.
    fn stretches_of(&self, span: Window) -> std::ops::RangeInclusive<i64> {
        let slots = span.slots();
        self.stretch_of(slots.from.start()) - 1..=self.stretch_of(slots.until.start())
    }
}
