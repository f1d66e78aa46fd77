//! Admission: may this meeting hold a license for its time? (design rules 3.1.1 to 3.1.10)
//!
//! What must stay true: a decision depends on its arguments only; it is exact, so nothing is refused that fits and nothing
//! is accepted that does not; [`nearest`] and [`admit`] decide with the same code, so a time that is offered is accepted.
//! Demand is counted by slots of five minutes, and in each by distinct seats: back-to-back meetings of one seat share one
//! license. Seats are counted within their tenants: in the `float` strategy a seat belongs to one, and in `standing` a seat
//! of the pool that two tenants use one after the other counts for both while their padding overlaps.

mod ledger;
mod peak;
mod usage;

#[cfg(test)]
mod mutants;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trial;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::ids::{MeetingId, SeatId, TenantId, UserId};
use super::meeting::Kind;
use super::pool::Strategy;
use super::tenant::Share;
use super::time::{Instant, Slot, Span, Window};
use ledger::Ledger;

pub use peak::{Stretch, above, needed, peak};

/// While the pool is frozen, a hold that begins sooner than this from now needs a seat that already has its license: how long
/// Zoom's freeze lasts is not published, and what is accepted must hold.
pub const FROZEN_NOTICE: Span = Span::hours(24);

/// One promise of a license for a seat, as the store reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The meeting it was made for.
    pub meeting: MeetingId,
    /// The meeting's tenant.
    pub tenant: TenantId,
    /// The meeting's host, who is in one meeting at a time.
    pub host: UserId,
    /// The seat the meeting runs on, which hosts one meeting at a time.
    pub seat: SeatId,
    /// The meeting itself; lies within `hold`. For a meeting that overruns it grows with `hold`.
    pub busy: Window,
    /// The meeting with lead and grace; counted by the slots it touches.
    pub hold: Window,
    /// Whether it promises a license; a meeting without one only keeps its seat and its host busy.
    pub licensed: bool,
}

/// What is promised already and what may be: everything needed to decide, read at once. `holds` has every hold that
/// intersects [`Demand::needed`]; more do no harm.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// The holds of all tenants.
    pub holds: Vec<Hold>,
    /// The shares of all tenants, because a guarantee is kept free whether it is used or not. A tenant without a share
    /// may use no license.
    pub shares: BTreeMap<TenantId, Share>,
    /// The licenses that may be promised: K less the spare.
    pub promisable: u32,
    /// The seats that have a license now.
    pub licensed_seats: BTreeSet<SeatId>,
}

/// The pool's settings and the time, as far as they govern admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long before a scheduled start its hold begins.
    pub lead: Span,
    /// How long after the planned end its hold ends.
    pub grace: Span,
    /// How far ahead of now a meeting may start.
    pub horizon: Span,
    /// How licenses reach hosts.
    pub strategy: Strategy,
    /// Whether Zoom refuses to move licenses at present.
    pub frozen: bool,
    /// The time of the decision.
    pub now: Instant,
}

/// A meeting somebody wants. Its length lies within [`SHORTEST`](super::meeting::SHORTEST) and
/// [`LONGEST`](super::meeting::LONGEST), when it is begun early by up to [`EARLIEST`](super::line::EARLIEST) more, and a
/// scheduled start lies on the grid: the edge parses both. (Off the grid the answer would still be safe, since every slot that is
/// touched counts.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose license it would use.
    pub tenant: TenantId,
    /// Who would host it.
    pub host: UserId,
    /// The meeting that is being moved: its present hold does not count.
    pub moving: Option<MeetingId>,
    /// The seats it could run on, in order of preference (rule 3.1.11).
    pub seats: Vec<SeatId>,
    /// When it would run.
    pub window: Window,
    /// A scheduled meeting has a lead; one on demand begins now.
    pub kind: Kind,
    /// Whether it needs a license; a short meeting of a tenant that allows it does not.
    pub licensed: bool,
}

/// What a request is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The seat to run on.
    pub seat: SeatId,
    /// The span for which the license is promised.
    pub hold: Window,
}

/// Why a request is refused (rule 3.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Each seat that could serve, or the host, is in another meeting then.
    SeatBusy,
    /// The tenant already uses as many licenses as it may.
    TenantCap,
    /// The pool has no license left that is not promised or guaranteed.
    PoolFull,
    /// The host has no seat.
    NoSeat,
    /// The start has passed.
    TooSoon,
    /// The start is further ahead than bookings are taken.
    TooFar,
    /// Zoom refuses to move licenses at present, and the seat has none.
    LicenseFrozen,
}

impl Request {
    /// Whether the hold is that of the meeting being moved, which is as good as given back.
    fn gives_back(&self, hold: &Hold) -> bool {
        self.moving.as_ref() == Some(&hold.meeting)
    }
}

impl Refusal {
    /// Every reason, in the order in which it is shown.
    pub const ALL: [Self; 7] =
        [Self::SeatBusy, Self::TenantCap, Self::PoolFull, Self::NoSeat, Self::TooSoon, Self::TooFar, Self::LicenseFrozen];

    /// The reason that a word stands for.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }

    /// The word for logs, JSON and the audit.
    pub const fn code(self) -> &'static str {
        match self {
            Self::SeatBusy => "SeatBusy",
            Self::TenantCap => "TenantCap",
            Self::PoolFull => "PoolFull",
            Self::NoSeat => "NoSeat",
            Self::TooSoon => "TooSoon",
            Self::TooFar => "TooFar",
            Self::LicenseFrozen => "LicenseFrozen",
        }
    }

    /// The refusal as a tenant's user reads it; tells nothing about other tenants.
    pub const fn message(self) -> &'static str {
        match self {
            Self::SeatBusy => "You or your Zoom seat already have a meeting at that time.",
            Self::TenantCap => "Your organization is already using all of its licenses at that time.",
            Self::PoolFull => "All licenses are in use at that time.",
            Self::NoSeat => "You have no Zoom seat yet. Ask an administrator to assign one to you.",
            Self::TooSoon => "That time has passed. Choose a later one.",
            Self::TooFar => "That is further ahead than meetings can be booked. Choose an earlier day.",
            Self::LicenseFrozen => "Zoom is not letting licenses move at the moment. Choose a later time.",
        }
    }
}

impl Demand {
    /// The span, in whole slots, whose holds must be known to [`admit`] this request (`within` of zero) and to look for the
    /// [`nearest`] times up to `within` away. Bounded even when the asked start is absurd.
    pub fn needed(request: &Request, rules: &Rules, within: Span) -> Window {
        let (first, last) = search_bounds(request, rules, within);
        let mut meetings: Vec<(Window, Kind)> =
            [first, last].map(|start| (request.window.moved_to(start), Kind::Scheduled)).to_vec();
        if timely(request.window, request.kind, rules).is_ok() {
            meetings.push((request.window, request.kind));
        }
        let holds: Vec<Window> = meetings.into_iter().map(|(window, kind)| hold_of(window, kind, rules)).collect();
        let from = holds.iter().map(|hold| hold.slots().from).min();
        let until = holds.iter().map(|hold| hold.slots().until).max();
        from.zip(until).and_then(|(from, until)| Window::new(from.start(), until.start())).unwrap_or(request.window)
    }
}

/// Decides a request. Seats are tried in their order; when all fail, the answer is that of the first seat that is free of
/// meetings, because a license may free up where a meeting will not.
pub fn admit(request: &Request, demand: &Demand, rules: &Rules) -> Result<Admitted, Refusal> {
    if request.seats.is_empty() {
        return Err(without_seat(rules));
    }
    timely(request.window, request.kind, rules)?;
    let range = Demand::needed(request, rules, Span::ZERO).slots();
    Ledger::open(request, demand, rules, range).decide(request.window, request.kind)
}

/// The `count` starts nearest to the asked one that [`admit`] would accept, nearest first and of two equally near the later
/// first. Every time of the 5-minute grid is considered from now to the horizon and up to `within` from the asked start; when
/// that lies outside, up to `within` from the nearest end. For a request on demand these are times to book the meeting for.
pub fn nearest(request: &Request, demand: &Demand, rules: &Rules, count: usize, within: Span) -> Vec<Instant> {
    let asked = request.window.start();
    let (first, last) = search_bounds(request, rules, within);
    let mut starts: Vec<Instant> = (first.slot().0..=last.slot().0).map(|slot| Slot(slot).start()).collect();
    starts.sort_by_key(|start| ((*start - asked).as_seconds().abs(), Reverse(*start)));

    let range = Demand::needed(request, rules, within).slots();
    let ledger = Ledger::open(request, demand, rules, range);
    let accepted = |start: &Instant| ledger.decide(request.window.moved_to(*start), Kind::Scheduled).is_ok();
    starts.into_iter().filter(accepted).take(count).collect()
}

/// The span for which a meeting holds a license: a scheduled one from its lead, but not from before now; one on demand from
/// the slot in which it begins; each until its grace is over.
pub fn hold_of(window: Window, kind: Kind, rules: &Rules) -> Window {
    let start = window.start();
    let earliest = rules.now.min(start).slot().start();
    let from = match kind {
        Kind::Scheduled => (start - rules.lead).max(earliest),
        Kind::OnDemand => start.slot().start(),
    };
    window.padded(start - from, rules.grace)
}

/// In `standing` the seats are those that have a license, and when there is none, no license is there to be had.
const fn without_seat(rules: &Rules) -> Refusal {
    match rules.strategy {
        Strategy::Float => Refusal::NoSeat,
        Strategy::Standing => Refusal::PoolFull,
    }
}

/// Whether the start lies between now and the horizon. One on demand is always timely: it starts now by definition.
fn timely(window: Window, kind: Kind, rules: &Rules) -> Result<(), Refusal> {
    match kind {
        Kind::Scheduled if window.start() < rules.now => Err(Refusal::TooSoon),
        Kind::Scheduled if window.start() > rules.now + rules.horizon => Err(Refusal::TooFar),
        Kind::Scheduled | Kind::OnDemand => Ok(()),
    }
}

/// Whether a hold begins so soon that a frozen pool cannot be expected to bring its license.
fn meets_freeze(hold: Window, kind: Kind, rules: &Rules) -> bool {
    rules.frozen && (kind == Kind::OnDemand || hold.start() < rules.now + FROZEN_NOTICE)
}

/// The first and last start of the grid that [`nearest`] looks at; there is none when the first is after the last.
fn search_bounds(request: &Request, rules: &Rules, within: Span) -> (Instant, Instant) {
    let earliest = rules.now.grid_up();
    let latest = (rules.now + rules.horizon).slot().start();
    let middle = request.window.start().min(latest).max(earliest);
    ((middle - within).grid_up().max(earliest), (middle + within).slot().start().min(latest))
}
