//! A meeting's life: booked, live, ended, cancelled or missed (design rule 3.3.1).
//!
//! A transition is a method that takes the instant and may refuse; nothing else changes a state. A meeting that restarts
//! becomes live again. `ended` for an instance that is not the current one changes nothing (rule 3.2.4).

use super::ids::{ClientId, MeetingId, SeatId, TenantId, UserId};
use super::names::{Topic, ZoneName};
use super::time::{Instant, Span, Window};

/// The shortest meeting, in minutes.
pub const SHORTEST: Span = Span::minutes(5);
/// The longest meeting; keeps the search for neighbours of a hold short.
pub const LONGEST: Span = Span::hours(8);
/// The longest meeting that may be planned without a license: it ends well before Zoom's cut at 40 minutes.
pub const SHORT: Span = Span::minutes(35);
/// How long after its start such a meeting may be given a license that nobody needs, in case it runs long.
pub const INSURED_FROM: Span = Span::minutes(25);

/// How a meeting came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Booked for a time.
    Scheduled,
    /// Started on the spot.
    OnDemand,
}

/// Where a meeting is in its life, with what is known there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Accepted; holds its license for its time.
    Booked,
    /// Running at Zoom.
    Live(Run),
    /// Over; it may restart.
    Ended {
        /// The instance that ended.
        run: Run,
        /// When it ended.
        at: Instant,
    },
    /// Called off.
    Cancelled {
        /// When.
        at: Instant,
    },
    /// Nobody started it in time.
    Missed {
        /// When it was given up.
        at: Instant,
    },
}

/// One running of a meeting at Zoom; a restart is a new run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Zoom's uuid of the instance.
    pub uuid: String,
    /// When it began.
    pub since: Instant,
}

/// The word for a [`State`] without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// See [`State::Booked`].
    Booked,
    /// See [`State::Live`].
    Live,
    /// See [`State::Ended`].
    Ended,
    /// See [`State::Cancelled`].
    Cancelled,
    /// See [`State::Missed`].
    Missed,
}

/// A transition that the state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a {from:?} meeting cannot become {to:?}")]
pub struct Disallowed {
    /// Where the meeting is.
    pub from: Stage,
    /// Where it should have gone.
    pub to: Stage,
}

impl State {
    /// The word for this state.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Booked => Stage::Booked,
            Self::Live(_) => Stage::Live,
            Self::Ended { .. } => Stage::Ended,
            Self::Cancelled { .. } => Stage::Cancelled,
            Self::Missed { .. } => Stage::Missed,
        }
    }

    /// Zoom says that the meeting runs. A run that is already known, or an older one that arrives late, changes nothing:
    /// the answer is then `Ok(None)`.
    pub fn started(&self, run: Run) -> Result<Option<Self>, Disallowed> {
        match self {
            Self::Live(current) | Self::Ended { run: current, .. } if current.uuid == run.uuid || current.since > run.since => {
                Ok(None)
            }
            Self::Cancelled { .. } => Err(Disallowed { from: self.stage(), to: Stage::Live }),
            Self::Booked | Self::Missed { .. } | Self::Live(_) | Self::Ended { .. } => Ok(Some(Self::Live(run))),
        }
    }

    /// Zoom says that the run with this uuid is over. Another run's end changes nothing (`Ok(None)`). An end whose start
    /// was never heard of counts as both, because webhooks arrive out of order or not at all.
    pub fn ended(&self, run: Run, at: Instant) -> Result<Option<Self>, Disallowed> {
        match self {
            Self::Live(current) if current.uuid == run.uuid => Ok(Some(Self::Ended { run: current.clone(), at })),
            // A later run has ended whose start was not heard of: when it arrives it must not make the meeting live again.
            Self::Live(current) | Self::Ended { run: current, .. } if current.uuid != run.uuid && current.since < run.since => {
                Ok(Some(Self::Ended { run, at }))
            }
            Self::Live(_) | Self::Ended { .. } => Ok(None),
            Self::Booked | Self::Missed { .. } => Ok(Some(Self::Ended { run, at })),
            Self::Cancelled { .. } => Err(Disallowed { from: self.stage(), to: Stage::Ended }),
        }
    }

    /// Somebody calls it off.
    pub fn cancelled(&self, at: Instant) -> Result<Self, Disallowed> {
        match self {
            Self::Booked | Self::Missed { .. } => Ok(Self::Cancelled { at }),
            _ => Err(Disallowed { from: self.stage(), to: Stage::Cancelled }),
        }
    }

    /// Nobody started it in time.
    pub fn missed(&self, at: Instant) -> Result<Self, Disallowed> {
        match self {
            Self::Booked => Ok(Self::Missed { at }),
            _ => Err(Disallowed { from: self.stage(), to: Stage::Missed }),
        }
    }

    /// Whether the meeting promises or uses a license.
    pub const fn holds(&self) -> bool {
        matches!(self, Self::Booked | Self::Live(_))
    }
}

impl Stage {
    /// The state as a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Booked => "Booked",
            Self::Live => "Live",
            Self::Ended => "Ended",
            Self::Cancelled => "Cancelled",
            Self::Missed => "Missed",
        }
    }
}

/// The meeting at Zoom, once it has been created there. The start URL is never part of it: it is fetched on click.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Zoom's number of the meeting; does not fit 32 bits.
    pub number: i64,
    /// Where Zoom lets the client in.
    pub join_url: String,
}

/// One booked one-on-one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Its id.
    pub id: MeetingId,
    /// Its tenant.
    pub tenant: TenantId,
    /// The user who hosts it.
    pub host: UserId,
    /// The other side.
    pub client: ClientId,
    /// The seat it runs on.
    pub seat: SeatId,
    /// How it came to be.
    pub kind: Kind,
    /// What it is about.
    pub topic: Topic,
    /// When it is planned to run.
    pub window: Window,
    /// The host's wall-clock time of the start as it was asked for, `YYYY-MM-DDTHH:MM`: zone rules can change.
    pub wall_time: String,
    /// The zone of `wall_time`.
    pub zone: ZoneName,
    /// The span for which it holds a license.
    pub hold: Window,
    /// Whether a license is promised to it: not to a short meeting of a tenant that allows it, nor to one whose host began
    /// without or waits in line.
    pub licensed: bool,
    /// Since when its host waits in line for a license.
    pub queued_at: Option<Instant>,
    /// Whether its client has been told of it. Who waits in line for a meeting on the spot has no time to tell yet.
    pub announced: bool,
    /// Where it is in its life.
    pub state: State,
    /// The meeting at Zoom.
    pub room: Option<Room>,
    /// Rises with every change the client must hear of (RFC 5545 §3.8.7.4).
    pub sequence: u32,
    /// Rises when old join links are to stop working.
    pub link_version: u32,
    /// When the client last said that they are here.
    pub client_arrived_at: Option<Instant>,
    /// When the host last pressed Start.
    pub start_clicked_at: Option<Instant>,
    /// When it was accepted.
    pub created_at: Instant,
}

impl Meeting {
    /// Whether a license is promised to it at `now`; a running meeting keeps the promise for as long as it runs.
    pub fn is_promised_at(&self, now: Instant) -> bool {
        let runs_on = matches!(self.state, State::Live(_)) && self.hold.start() <= now;
        self.licensed && (runs_on || self.hold.contains(now))
    }

    /// Whether it was asked for on the spot and its host still waits for a license: its client does not know of it yet.
    pub const fn waits_to_begin(&self) -> bool {
        !self.announced && matches!(self.state, State::Booked)
    }

    /// Whether somebody is still to come: it has not begun; it ended before its time, as when a host looks into the room early;
    /// or it was given time anew since it was missed or ended.
    pub fn is_awaited_at(&self, now: Instant) -> bool {
        match self.state {
            State::Booked => true,
            State::Missed { .. } => self.hold.contains(now),
            State::Ended { at, .. } => now < self.hold.end() && is_ahead(at, self.window, self.hold.start()),
            State::Live(_) | State::Cancelled { .. } => false,
        }
    }

    /// Since when what it holds waits for it to begin, or to begin again; none: nobody is to come.
    pub fn waits_since(&self) -> Option<Instant> {
        let from = self.hold.start();
        match self.state {
            State::Booked => Some(from),
            State::Missed { at } | State::Ended { at, .. } if is_ahead(at, self.window, from) => Some(from.max(at)),
            _ => None,
        }
    }

    /// Whether the client's link still leads anywhere: until a day after the planned end, for as long as the meeting runs or
    /// is about to after that, and never after a cancellation.
    pub fn link_works_at(&self, now: Instant) -> bool {
        match self.state {
            State::Cancelled { .. } => false,
            State::Live(_) => true,
            _ => now < self.window.end().max(self.hold.end()) + Span::days(1),
        }
    }
}

/// Whether what a meeting holds lies ahead of its end at `ended`: it ended before its time, or holds time that was given to it
/// afterwards.
pub(super) fn is_ahead(ended: Instant, planned: Window, held_from: Instant) -> bool {
    ended < planned.start() || ended <= held_from
}

super::stored_as! {
    Kind { Scheduled = "scheduled", OnDemand = "on_demand" }
    Stage { Booked = "booked", Live = "live", Ended = "ended", Cancelled = "cancelled", Missed = "missed" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Instant {
        Instant::from_seconds(minute * 60)
    }

    fn run(uuid: &str, minute: i64) -> Run {
        Run { uuid: uuid.to_owned(), since: at(minute) }
    }

    #[test]
    fn the_main_path_is_booked_live_ended() {
        let live = State::Booked.started(run("a", 1)).unwrap().unwrap();
        assert_eq!(live.stage(), Stage::Live);
        let ended = live.ended(run("a", 1), at(30)).unwrap().unwrap();
        assert_eq!(ended.stage(), Stage::Ended);
        assert!(!ended.holds());
    }

    #[test]
    fn a_repeated_start_changes_nothing() {
        let live = State::Live(run("a", 1));
        assert_eq!(live.started(run("a", 1)), Ok(None));
    }

    #[test]
    fn an_end_of_an_older_run_changes_nothing() {
        let restarted = State::Live(run("b", 20));
        assert_eq!(restarted.ended(run("a", 1), at(21)), Ok(None));
    }

    #[test]
    fn an_end_of_a_later_run_whose_start_was_not_heard_of_ends_the_meeting_for_good() {
        let ended = State::Ended { run: run("a", 1), at: at(10) };
        let later = ended.ended(run("b", 12), at(20)).unwrap().unwrap();
        assert_eq!(later, State::Ended { run: run("b", 12), at: at(20) });
        assert_eq!(later.started(run("b", 12)), Ok(None), "its own start arrives at last");
        assert_eq!(State::Live(run("a", 1)).ended(run("b", 12), at(20)).unwrap().unwrap().stage(), Stage::Ended);
    }

    #[test]
    fn a_restart_makes_an_ended_meeting_live_again() {
        let ended = State::Ended { run: run("a", 1), at: at(10) };
        assert_eq!(ended.started(run("b", 12)), Ok(Some(State::Live(run("b", 12)))));
    }

    #[test]
    fn a_start_that_arrives_after_its_own_end_or_after_the_next_start_changes_nothing() {
        let ended = State::Ended { run: run("a", 1), at: at(10) };
        assert_eq!(ended.started(run("a", 1)), Ok(None));
        let restarted = State::Live(run("b", 20));
        assert_eq!(restarted.started(run("a", 1)), Ok(None));
    }

    #[test]
    fn an_end_without_its_start_still_ends_the_meeting() {
        assert_eq!(State::Booked.ended(run("a", 1), at(30)).unwrap().unwrap().stage(), Stage::Ended);
    }

    #[test]
    fn what_is_over_cannot_be_cancelled_and_what_is_cancelled_cannot_run() {
        assert!(State::Ended { run: run("a", 1), at: at(2) }.cancelled(at(3)).is_err());
        assert!(State::Live(run("a", 1)).cancelled(at(3)).is_err());
        assert!(State::Cancelled { at: at(1) }.started(run("a", 2)).is_err());
        assert!(State::Live(run("a", 1)).missed(at(3)).is_err());
    }

    #[test]
    fn a_missed_meeting_can_still_be_started() {
        assert_eq!(State::Missed { at: at(15) }.started(run("a", 16)).unwrap().unwrap().stage(), Stage::Live);
    }
}
