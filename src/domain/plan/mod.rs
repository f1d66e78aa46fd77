//! What is due in the pool now: a pure function from what is known to the steps to take, most urgent first.
//!
//! The keeper takes the first steps and looks again (design rule 3.2.2). The steps of one plan are independent of each other:
//! no two touch the same license or the same seat, so they may be taken side by side. What must stay true: a live meeting's
//! seat never loses its license; a row whose state at Zoom is not known is asked about before it is used again; a license
//! goes to the meeting whose start, or whose cut, is nearest.

mod moves;
mod turns;
mod watch;

#[cfg(test)]
mod frugal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::ids::{MeetingId, SeatId, UserId};
use super::meeting::{Stage, is_ahead};
use super::pool::{Moves, PoolRow, PoolSettings};
use super::time::{Instant, Span, Window};

pub use turns::{leaves_line_at, turning_points};

/// How long a Basic host's meeting lasts before Zoom ends it (Zoom KB0067972).
pub const BASIC_LIMIT: Span = Span::minutes(40);
/// So long before its cut a running meeting without a license comes before a host who waits to begin.
pub const BEFORE_CUT: Span = Span::minutes(5);
/// How far ahead of a hold a license may be attached when very many are due at once.
pub const EARLY: Span = Span::minutes(15);

/// A meeting that matters to the pool now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Which.
    pub meeting: MeetingId,
    /// Who hosts it.
    pub host: UserId,
    /// Its seat.
    pub seat: SeatId,
    /// Where it is in its life.
    pub stage: Stage,
    /// When it is planned.
    pub window: Window,
    /// From when until when a license is promised to it; may be empty.
    pub hold: (Instant, Instant),
    /// Whether the hold promises a license at all; without, it only keeps seat and host busy.
    pub licensed: bool,
    /// Since when its seat has a license, if it has one.
    pub licensed_since: Option<Instant>,
    /// Since when it runs.
    pub live_since: Option<Instant>,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// When the last other meeting on its seat or of its host ended, if one did lately: until then it could not begin.
    pub free_since: Option<Instant>,
    /// When the host last pressed Start.
    pub start_clicked_at: Option<Instant>,
    /// Whether Zoom has it.
    pub at_zoom: bool,
    /// When Zoom was last asked whether it runs, and how often in a row it said no.
    pub polled_at: Option<Instant>,
    /// How often in a row Zoom said that it does not run.
    pub absences: u32,
    /// What its host and the operator have already been told.
    pub alert: Option<String>,
}

impl Need {
    fn is_held_at(&self, now: Instant) -> bool {
        self.hold.0 <= now && now < self.hold.1
    }

    /// A running meeting keeps what is promised to it for as long as it runs.
    fn is_promised_since(&self, now: Instant) -> bool {
        self.licensed && self.hold.0 <= now
    }

    /// Whether somebody is still to come (see [`super::meeting::Meeting::is_awaited_at`]).
    fn is_awaited_at(&self, now: Instant) -> bool {
        match self.stage {
            Stage::Booked => true,
            Stage::Missed => self.is_held_at(now),
            Stage::Ended => now < self.hold.1 && self.ended_at.is_some_and(|at| is_ahead(at, self.window, self.hold.0)),
            Stage::Live | Stage::Cancelled => false,
        }
    }

    /// Whether a license is promised to it now.
    pub fn wants_license_at(&self, now: Instant) -> bool {
        match self.stage {
            Stage::Live => self.is_promised_since(now),
            Stage::Cancelled => false,
            Stage::Booked | Stage::Ended | Stage::Missed => self.licensed && self.is_held_at(now),
        }
    }

    /// By when it must have its license: its start, or some minutes before the cut of the running meeting. A start that is past
    /// is as urgent as one that is now, and less so than a cut that is near.
    fn deadline(&self, now: Instant) -> Instant {
        self.live_since.map_or(self.window.start().max(now), |since| since + BASIC_LIMIT - BEFORE_CUT)
    }
}

/// What the webhooks are worth: they may be late, or not come at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Webhooks {
    /// When the last one arrived.
    pub last: Option<Instant>,
    /// When Zoom was last found to have done something that no webhook told of.
    pub missed: Option<Instant>,
}

/// Everything the plan is made from, read at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// That moment.
    pub now: Instant,
    /// The pool's settings.
    pub settings: PoolSettings,
    /// The rows of the pool, with the instant until which somebody works on each.
    pub rows: Vec<(PoolRow, Option<Instant>)>,
    /// The meetings that hold a license now or soon, are live, or should have begun.
    pub needs: Vec<Need>,
    /// The moves of the present UTC day.
    pub moves_today: Moves,
    /// When each seat that has a license is promised one next, if it is.
    pub next_holds: BTreeMap<SeatId, Instant>,
    /// Seats that cannot be given a license now: Zoom does not let them host, or has refused them one a moment ago.
    pub barred: BTreeSet<SeatId>,
    /// In the `standing` strategy: the seats that should have a license for good, the first ones first.
    pub standing: Vec<SeatId>,
    /// While the pool is frozen: the seat without a license that would be served next, for the probe, with its meeting if
    /// it has one.
    pub probe: Option<(Option<MeetingId>, SeatId)>,
    /// What the webhooks are worth.
    pub webhooks: Webhooks,
    /// The meeting whose host has just pressed Start: it comes before all others.
    pub pressed: Option<MeetingId>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A live meeting runs longer than its hold: the hold grows, so that admission counts it.
    GrowHold {
        /// Which meeting.
        meeting: MeetingId,
        /// Until when.
        until: Instant,
    },
    /// Nobody started it in time: it is missed, and the rest of its hold is given back.
    GiveUp {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// Whoever moved this license did not finish: ask Zoom where it is.
    Settle {
        /// The row's number.
        license: u32,
    },
    /// Put a license on a seat.
    Attach {
        /// The row's number.
        license: u32,
        /// The seat.
        seat: SeatId,
        /// The meeting that needs it; none: the seat is to have it for good.
        meeting: Option<MeetingId>,
    },
    /// Take a license off a seat.
    Detach {
        /// The row's number.
        license: u32,
        /// The seat.
        seat: SeatId,
    },
    /// Ask Zoom whether a meeting runs.
    Poll {
        /// Which meeting.
        meeting: MeetingId,
    },
    /// Tell host and operator that a meeting has no license although it should.
    Alert {
        /// Which meeting.
        meeting: MeetingId,
        /// What is wrong.
        problem: Problem,
    },
    /// What was wrong is over.
    Clear {
        /// Which meeting.
        meeting: MeetingId,
    },
}

/// Why a meeting that should have a license has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Every license is on a seat that needs it.
    NoneFree,
    /// Zoom refuses to move licenses for now.
    Frozen,
    /// Zoom refused or did not answer; it is tried again.
    Refused,
    /// Somebody else's meeting still runs on its seat.
    SeatBusy,
}

super::stored_as! {
    Problem { NoneFree = "none_free", Frozen = "frozen", Refused = "refused", SeatBusy = "seat_busy" }
}

/// The steps that are due, most urgent first.
pub fn plan(snapshot: &Snapshot) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(watch::grown_holds(snapshot));
    // A license has a deadline, a no-show has none.
    steps.extend(moves::moves(snapshot));
    steps.extend(watch::given_up(snapshot));
    steps.extend(watch::polls(snapshot));
    steps
}

/// The meetings that should have a license now and have none, the most urgent first: where in the line each is.
pub fn waiting(snapshot: &Snapshot) -> Vec<&Need> {
    moves::Wants::of(snapshot).waiting()
}
