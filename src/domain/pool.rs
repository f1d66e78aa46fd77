//! The license pool as rows: one per purchased license, and the settings that govern it.
//!
//! Attaching is claiming a row, so more than K licenses can never be attached (design rule 3.2.1). A row whose seat may
//! hold a license at Zoom is occupied until Zoom has been asked.

use super::ids::{MeetingId, SeatId};
use super::time::{Instant, Span};

/// Where one purchased license is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// On no seat.
    Free,
    /// Claimed for a seat; Zoom may or may not have heard of it.
    Attaching(Claim),
    /// On a seat: Zoom has confirmed it.
    Attached(Claim),
    /// Being taken off a seat; Zoom may or may not have heard of it.
    Detaching(Claim),
}

/// Which seat a license row stands for, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The seat.
    pub seat: SeatId,
    /// The meeting that asked for it; none when a person at Zoom's console put it there.
    pub meeting: Option<MeetingId>,
    /// Since when the row is in this state.
    pub since: Instant,
}

/// One row of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolRow {
    /// Its number, from 1.
    pub number: u32,
    /// Where it is.
    pub slot: Slot,
    /// How many moves failed in a row, and when the next may be tried.
    pub failures: u32,
    /// Not before this instant is Zoom asked again.
    pub retry_at: Option<Instant>,
    /// Zoom's last refusal in words an operator understands.
    pub problem: Option<String>,
}

/// How long one move may take before somebody else settles it.
pub const WORK: Span = Span::seconds(60);
/// The longest that a seat or a row is left alone after a refusal.
pub const LONGEST_REST: Span = Span::minutes(30);

impl PoolRow {
    /// Whether nobody works on it, and it does not rest. What lies further ahead than anybody would set it was set by a clock
    /// that was wrong, and says nothing.
    pub fn is_free_to_touch(&self, worked_on_until: Option<Instant>, now: Instant) -> bool {
        !is_worked_on(worked_on_until, now) && self.retry_at.is_none_or(|at| is_over(at, LONGEST_REST, now))
    }
}

/// Whether somebody is moving the license of a row at `now`; one whose process has died is not.
pub fn is_worked_on(worked_on_until: Option<Instant>, now: Instant) -> bool {
    worked_on_until.is_some_and(|until| !is_over(until, WORK, now))
}

fn is_over(until: Instant, longest: Span, now: Instant) -> bool {
    until <= now || until > now + longest
}

impl Slot {
    /// The claim, when the license is not free.
    pub const fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Free => None,
            Self::Attaching(claim) | Self::Attached(claim) | Self::Detaching(claim) => Some(claim),
        }
    }

    /// The word for this state.
    pub const fn place(&self) -> Place {
        match self {
            Self::Free => Place::Free,
            Self::Attaching(_) => Place::Attaching,
            Self::Attached(_) => Place::Attached,
            Self::Detaching(_) => Place::Detaching,
        }
    }
}

/// The word for a [`Slot`] without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// See [`Slot::Free`].
    Free,
    /// See [`Slot::Attaching`].
    Attaching,
    /// See [`Slot::Attached`].
    Attached,
    /// See [`Slot::Detaching`].
    Detaching,
}

impl Place {
    /// The place as a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::Attaching => "Attaching",
            Self::Attached => "Attached",
            Self::Detaching => "Detaching",
        }
    }
}

/// How licenses reach hosts (design rule 3.2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Licenses move to the host just before each meeting.
    Float,
    /// Licenses stay on their seats for good, and meetings are booked onto seats that have one.
    Standing,
}

/// When a license that nobody uses any more leaves its seat (design rule 3.2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Release {
    /// As soon as the meeting has ended and the time for coming back is over.
    Ended,
    /// When another seat needs it: fewer moves, of which Zoom allows only so many.
    WhenNeeded,
}

/// Zoom refuses to move licenses, because they were moved too often (design rule 3.2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// Since when.
    pub since: Instant,
    /// Not before this instant is Zoom asked again, and then only once.
    pub probe_at: Instant,
}

impl Freeze {
    /// How long Zoom is left alone after it has refused.
    pub const PAUSE: Span = Span::minutes(15);
    /// How long after the probe was due a freeze is taken to be over although nobody has asked.
    const FORGOTTEN: Span = Span::hours(24);

    /// When Zoom last refused, or was last asked without a clear answer.
    pub fn refused_at(&self) -> Instant {
        self.probe_at - Self::PAUSE
    }
}

/// How often licenses moved on one UTC day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// Licenses that we put on seats.
    pub attaches: u32,
    /// Licenses taken off seats.
    pub detaches: u32,
    /// How often Zoom refused because licenses had moved too often.
    pub freezes: u32,
    /// Licenses that people put on seats at Zoom.
    pub by_people: u32,
}

impl Moves {
    /// What Zoom's limit of license assignments counts, whoever makes them.
    pub const fn assigned(self) -> u32 {
        self.attaches + self.by_people
    }
}

/// What the operator sets for the whole pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// K: how many licenses were bought.
    pub licenses: u32,
    /// Licenses kept back against overruns; none: 1 when K is 5 or more, else 0 (rule 3.1.4).
    pub spare: Option<u32>,
    /// How long before the start a license is attached; on the 5-minute grid.
    pub lead: Span,
    /// How long after the planned end a license is still promised; on the 5-minute grid.
    pub grace: Span,
    /// How long after Zoom's "ended" the license stays, in case the meeting restarts.
    pub rejoin: Span,
    /// How long after the planned start an unstarted meeting is given up.
    pub no_show: Span,
    /// How far ahead a meeting may be booked.
    pub horizon: Span,
    /// How licenses reach hosts.
    pub strategy: Strategy,
    /// When a license leaves its seat.
    pub release: Release,
    /// How many licenses may be put on seats in a UTC day, by whomever, before moves are saved; none: as many as are needed.
    pub move_budget: Option<u32>,
    /// Whether a meeting that runs without a license is given the next one that comes free. Reported to lift the
    /// 40-minute cut, not promised by Zoom (devforum.zoom.us/t/31811).
    pub late_attach: bool,
    /// Whether Zoom refuses to move licenses at present.
    pub freeze: Option<Freeze>,
}

impl PoolSettings {
    /// What a new installation starts with.
    pub const fn defaults() -> Self {
        Self {
            licenses: 0,
            spare: None,
            lead: Span::minutes(5),
            grace: Span::minutes(5),
            rejoin: Span::minutes(2),
            no_show: Span::minutes(15),
            horizon: Span::days(365),
            strategy: Strategy::Float,
            release: Release::Ended,
            move_budget: None,
            late_attach: true,
            freeze: None,
        }
    }

    /// The licenses kept back in force.
    pub fn spare(&self) -> u32 {
        self.spare.unwrap_or(u32::from(self.licenses >= 5)).min(self.licenses)
    }

    /// The freeze that is in force at `now`. A day after Zoom last refused it is taken to be over, so that a pool in which
    /// nobody needs anything does not stay frozen for good.
    pub fn frozen_at(&self, now: Instant) -> Option<Freeze> {
        self.freeze.filter(|freeze| now < freeze.probe_at + Freeze::FORGOTTEN)
    }

    /// Whether moves are to be saved by now: from four fifths of the day's budget on, and at the latest when one is left, so that
    /// the rest is there for meetings.
    pub fn saves_moves(&self, today: Moves) -> bool {
        self.move_budget.is_some_and(|budget| today.assigned() >= budget.saturating_sub((budget / 5).max(1)))
    }

    /// The licenses that may be promised: K less the spare.
    pub fn promisable(&self) -> u32 {
        self.licenses - self.spare()
    }
}

super::stored_as! {
    Place { Free = "free", Attaching = "attaching", Attached = "attached", Detaching = "detaching" }
    Strategy { Float = "float", Standing = "standing" }
    Release { Ended = "ended", WhenNeeded = "when_needed" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_license_is_kept_back_from_five_on() {
        let spare = |licenses| PoolSettings { licenses, ..PoolSettings::defaults() }.spare();
        assert_eq!((spare(0), spare(4), spare(5), spare(50)), (0, 0, 1, 1));
    }

    #[test]
    fn moves_are_saved_from_four_fifths_of_the_budget_on_and_always_before_it_is_used_up() {
        let first = |budget| {
            let settings = PoolSettings { move_budget: Some(budget), ..PoolSettings::defaults() };
            (0..=budget).find(|attaches| settings.saves_moves(Moves { attaches: *attaches, ..Moves::default() }))
        };
        assert_eq!([1, 2, 4, 5, 9, 10, 40].map(first), [Some(0), Some(1), Some(3), Some(4), Some(8), Some(8), Some(32)]);
    }

    #[test]
    fn a_spare_larger_than_the_pool_leaves_nothing_to_promise() {
        let settings = PoolSettings { licenses: 2, spare: Some(9), ..PoolSettings::defaults() };
        assert_eq!(settings.promisable(), 0);
    }
}
