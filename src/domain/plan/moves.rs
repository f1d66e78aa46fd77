//! Which licenses move: to whom, from whom, and which stay where they are.
//!
//! Moves are scarce, because Zoom limits license assignments (reference: Zoom KB0064924). When a license must be taken from an
//! idle seat, it is taken from the one whose next hold is farthest away: that is what needs the fewest moves of all when the
//! future is known (Belady, IBM Systems Journal 5(2), 1966), and here it is known as far as meetings are booked.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{MeetingId, SeatId};
use crate::domain::meeting::{INSURED_FROM, SHORT, Stage};
use crate::domain::pool::{Place, PoolRow, Release, Strategy};
use crate::domain::time::{Instant, Span};

use super::watch::{is_no_show, is_shut_out};
use super::{EARLY, Need, Problem, Snapshot, Step};

/// An idle license stays on a seat that needs it again so soon.
const SOON: Span = Span::minutes(15);
/// How many moves are reckoned with per second when the start of a rush is worked out: Zoom takes 30 light calls a second on
/// a Pro account, and moving a license to another seat takes three.
const MOVES_PER_SECOND: i64 = 5;
/// How long before its start a license should be there, when the lead is too short for a rush.
const MARGIN: Span = Span::seconds(30);

/// Every move that is due, with what hosts and operator are to be told.
pub(super) fn moves(snapshot: &Snapshot) -> Vec<Step> {
    let wants = Wants::of(snapshot);
    let pool = Pool::of(snapshot, &wants);
    let mut steps = pool.settlements();
    let attachments = wants.attachments(&pool);
    let (in_need, at_leisure) = pool.detachments(attachments.unserved);
    // What comes free for somebody who waits goes first; what merely goes back has no deadline.
    steps.extend(in_need);
    steps.extend(attachments.steps);
    steps.extend(at_leisure);
    steps.extend(told(snapshot, &pool, &attachments.troubled));
    steps
}

/// The seats that must have a license now.
pub(super) struct Wants<'a> {
    snapshot: &'a Snapshot,
    now: BTreeSet<&'a SeatId>,
    /// Seats whose hold begins so soon that a rush may serve them early.
    soon: Vec<&'a Need>,
    /// Seats on which somebody meets, promised or not: their licenses stay.
    live: BTreeSet<&'a SeatId>,
}

struct Attachments<'a> {
    steps: Vec<Step>,
    /// How many find no free license.
    unserved: usize,
    /// The seats that should have a license and get none now, with the reason.
    troubled: BTreeMap<&'a SeatId, Problem>,
}

impl<'a> Wants<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let wanting = snapshot.needs.iter().filter(|need| need.wants_license_at(snapshot.now));
        let now: BTreeSet<&SeatId> = wanting.map(|need| &need.seat).collect();
        // What was cancelled keeps the beginning of its hold, and holds nothing.
        let holds = |need: &&Need| need.licensed && need.hold.0 < need.hold.1;
        let is_soon = |need: &&Need| holds(need) && snapshot.now < need.hold.0 && need.hold.0 <= snapshot.now + EARLY;
        let mut soon: Vec<&Need> = snapshot.needs.iter().filter(is_soon).filter(|need| !now.contains(&need.seat)).collect();
        soon.sort_by_key(|need| urgency(need, snapshot));
        let live = snapshot.needs.iter().filter(|need| need.stage == Stage::Live).map(|need| &need.seat).collect();
        Self { snapshot, now, soon, live }
    }

    /// The meetings without a license, the most urgent first and one for each seat.
    pub(super) fn waiting(&self) -> Vec<&'a Need> {
        let snapshot = self.snapshot;
        let occupied = occupied(snapshot);
        let waits = |need: &&Need| !occupied.contains(&need.seat) && is_to_be_served(need, snapshot);
        let mut waiting: Vec<&Need> = snapshot.needs.iter().filter(waits).collect();
        waiting.sort_by_key(|need| urgency(need, snapshot));
        let mut seats = BTreeSet::new();
        waiting.retain(|need| seats.insert(&need.seat));
        waiting
    }

    /// Free licenses go to the nearest deadlines.
    fn attachments(&self, pool: &Pool<'a>) -> Attachments<'a> {
        let (barred, waiting): (Vec<&Need>, Vec<&Need>) =
            self.waiting().into_iter().partition(|need| self.snapshot.barred.contains(&need.seat));
        let mut troubled = pool.stuck();
        troubled.extend(barred.into_iter().map(|need| (&need.seat, Problem::Refused)));
        if let Some(freeze) = self.snapshot.settings.frozen_at(self.snapshot.now) {
            troubled.extend(waiting.iter().map(|need| (&need.seat, Problem::Frozen)));
            let to_probe = self.to_probe(&waiting, pool).filter(|_| freeze.probe_at <= self.snapshot.now);
            let row = pool.free(true).next();
            let unserved = usize::from(to_probe.is_some() && !waiting.is_empty() && row.is_none());
            let probe = row.zip(to_probe).map(|(row, (seat, meeting))| Step::Attach { license: row.number, seat, meeting });
            return Attachments { steps: probe.into_iter().collect(), unserved, troubled };
        }
        let mut free = pool.free(self.snapshot.pressed.is_some());
        let (mut steps, mut unserved) = (Vec::new(), 0);
        for need in &waiting {
            if let Some(row) = free.next() {
                steps.push(attach(row, &need.seat, Some(need)));
            } else {
                unserved += 1;
                troubled.insert(&need.seat, if pool.has_resting() { Problem::Refused } else { Problem::NoneFree });
            }
        }
        let bare = self.soon.iter().filter(|need| pool.is_bare(&need.seat));
        let rushed = bare.enumerate().filter(|(rank, need)| self.is_rushed(waiting.len() + rank, need));
        steps.extend(rushed.zip(&mut free).map(|((_, need), row)| attach(row, &need.seat, Some(need))));
        if self.snapshot.settings.strategy == Strategy::Standing {
            let bare = self.snapshot.standing.iter().filter(|seat| pool.is_bare(seat) && !self.now.contains(seat));
            steps.extend(bare.zip(&mut free).map(|(seat, row)| attach(row, seat, None)));
        }
        Attachments { steps, unserved, troubled }
    }

    /// For whom the one attempt is made: whoever needs it most. The others wait for its outcome.
    fn to_probe(&self, waiting: &[&Need], pool: &Pool<'_>) -> Option<(SeatId, Option<MeetingId>)> {
        let first = waiting.first().map(|need| (need.seat.clone(), Some(need.meeting.clone())));
        let next = || self.snapshot.probe.as_ref().map(|(meeting, seat)| (seat.clone(), meeting.clone()));
        first.or_else(next).filter(|(seat, _)| pool.is_bare(seat))
    }

    /// Whether so many licenses are due before this one that waiting for its own lead would be too late.
    fn is_rushed(&self, rank: usize, need: &Need) -> bool {
        let until_served = Span::seconds(rank as i64 / MOVES_PER_SECOND);
        self.snapshot.now + until_served + MARGIN >= need.window.start()
    }
}

/// What is wrong with each meeting: its host and the operator are told once, and again when it is over.
fn told<'a>(
    snapshot: &'a Snapshot,
    pool: &'a Pool<'_>,
    troubled: &'a BTreeMap<&SeatId, Problem>,
) -> impl Iterator<Item = Step> + use<'a> {
    snapshot.needs.iter().filter_map(|need| {
        let known = need.alert.as_deref();
        match problem(need, snapshot, pool, troubled) {
            Some(problem) if known != Some(problem.word()) => Some(Step::Alert { meeting: need.meeting.clone(), problem }),
            None if known.is_some() && is_over(need, snapshot, pool) => Some(Step::Clear { meeting: need.meeting.clone() }),
            _ => None,
        }
    })
}

fn problem(need: &Need, snapshot: &Snapshot, pool: &Pool<'_>, troubled: &BTreeMap<&SeatId, Problem>) -> Option<Problem> {
    if is_shut_out(need, snapshot) {
        return Some(Problem::SeatBusy);
    }
    // Every meeting of the seat is told, also the one that runs while the next has the nearer deadline.
    if is_to_be_served(need, snapshot) {
        return troubled.get(&need.seat).copied();
    }
    // Its host knows it from the start, and is told again when Zoom's cut comes near.
    let is_cut_short = needs_more_than_planned(need, snapshot.now) && !pool.attached.contains(&need.seat);
    let is_frozen = snapshot.settings.frozen_at(snapshot.now).is_some();
    is_cut_short.then_some(if is_frozen { Problem::Frozen } else { Problem::NoneFree })
}

/// Whether the meeting has its license by now, or wants none any more.
fn is_over(need: &Need, snapshot: &Snapshot, pool: &Pool<'_>) -> bool {
    let wants_one = need.wants_license_at(snapshot.now) || needs_more_than_planned(need, snapshot.now);
    pool.attached.contains(&need.seat) || !wants_one
}

/// Whether a meeting runs without the promise of a license and will be cut by Zoom: a short one only when it runs long.
fn needs_more_than_planned(need: &Need, now: Instant) -> bool {
    let planned_without = need.window.length() <= SHORT;
    need.live_since.is_some_and(|since| !need.is_promised_since(now) && (!planned_without || now >= since + INSURED_FROM))
}

/// Whether it should have a license now, and somebody meets or is still to come. Whoever did not come keeps what is there until
/// Zoom has been asked, and is given none; so does a meeting that has ended and may be taken up again.
fn is_to_be_served(need: &Need, snapshot: &Snapshot) -> bool {
    let is_pressed = snapshot.pressed.as_ref() == Some(&need.meeting);
    let is_coming = need.stage == Stage::Live || need.is_awaited_at(snapshot.now) || is_pressed;
    need.wants_license_at(snapshot.now) && is_coming && !is_no_show(need, snapshot)
}

/// Before everybody else the one whose host is pressing Start; then by deadline.
fn urgency<'a>(need: &'a Need, snapshot: &Snapshot) -> (bool, Instant, Instant, &'a str) {
    let is_pressed = snapshot.pressed.as_ref() == Some(&need.meeting);
    (!is_pressed, need.deadline(snapshot.now), need.window.start(), need.meeting.as_str())
}

fn attach(row: &PoolRow, seat: &SeatId, need: Option<&&Need>) -> Step {
    Step::Attach { license: row.number, seat: seat.clone(), meeting: need.map(|need| need.meeting.clone()) }
}

fn occupied(snapshot: &Snapshot) -> BTreeSet<&SeatId> {
    snapshot.rows.iter().filter_map(|(row, _)| row.slot.claim()).map(|claim| &claim.seat).collect()
}

/// The rows of the pool, as the plan sees them.
struct Pool<'a> {
    snapshot: &'a Snapshot,
    rows: &'a [(PoolRow, Option<Instant>)],
    /// Seats that have a license, or may have one at Zoom.
    occupied: BTreeSet<&'a SeatId>,
    /// Seats that have one for certain.
    attached: BTreeSet<&'a SeatId>,
    /// Rows on seats that need no license now; the one that is needed last comes first.
    idle: Vec<(&'a PoolRow, &'a SeatId)>,
}

impl<'a> Pool<'a> {
    fn of(snapshot: &'a Snapshot, wants: &Wants<'_>) -> Self {
        let attached = |(row, until): &'a (PoolRow, Option<Instant>)| {
            let claim = row.slot.claim().filter(|_| row.slot.place() == Place::Attached)?;
            Some((row, *until, &claim.seat))
        };
        let on_seats: Vec<_> = snapshot.rows.iter().filter_map(attached).collect();
        let mut idle: Vec<(&PoolRow, &SeatId)> = on_seats
            .iter()
            .filter(|(row, until, seat)| {
                !wants.now.contains(seat) && !wants.live.contains(seat) && row.is_free_to_touch(*until, snapshot.now)
            })
            .map(|(row, _, seat)| (*row, *seat))
            .collect();
        idle.sort_by_key(|(row, seat)| {
            let next = snapshot.next_holds.get(*seat);
            (next.is_some(), Reverse(next), row.number)
        });
        Self {
            snapshot,
            rows: &snapshot.rows,
            occupied: occupied(snapshot),
            attached: on_seats.into_iter().map(|(_, _, seat)| seat).collect(),
            idle,
        }
    }

    /// Rows on no seat. While a host presses Start, also those that rest after a refusal: a person asks only so often.
    fn free(&self, also_resting: bool) -> impl Iterator<Item = &'a PoolRow> + use<'a> {
        let (rows, now) = (self.rows, self.snapshot.now);
        let usable = move |(row, until): &&(PoolRow, Option<Instant>)| {
            row.slot.place() == Place::Free && (row.is_free_to_touch(*until, now) || also_resting)
        };
        rows.iter().filter(usable).map(|(row, _)| row)
    }

    /// Whether the seat has no license and may be given one.
    fn is_bare(&self, seat: &SeatId) -> bool {
        !self.occupied.contains(seat) && !self.snapshot.barred.contains(seat)
    }

    fn has_resting(&self) -> bool {
        let resting = |(row, until): &(PoolRow, Option<Instant>)| !row.is_free_to_touch(*until, self.snapshot.now);
        self.rows.iter().filter(|(row, _)| row.slot.place() == Place::Free).any(resting)
    }

    /// Seats whose license is on its way and stays there, because Zoom has refused or given no answer.
    fn stuck(&self) -> BTreeMap<&'a SeatId, Problem> {
        let rests = |row: &&PoolRow| {
            let is_moving = matches!(row.slot.place(), Place::Attaching | Place::Detaching);
            is_moving && row.retry_at.is_some_and(|at| at > self.snapshot.now)
        };
        let resting = self.rows.iter().map(|(row, _)| row).filter(rests);
        resting.filter_map(|row| Some((&row.slot.claim()?.seat, Problem::Refused))).collect()
    }

    fn settlements(&self) -> Vec<Step> {
        let unsettled = |(row, until): &&(PoolRow, Option<Instant>)| {
            matches!(row.slot.place(), Place::Attaching | Place::Detaching) && row.is_free_to_touch(*until, self.snapshot.now)
        };
        self.rows.iter().filter(unsettled).map(|(row, _)| Step::Settle { license: row.number }).collect()
    }

    /// The idle licenses that leave their seats, for so many meetings that wait. While Zoom refuses to move licenses one that is
    /// taken off could not be put anywhere (reported by users of Zoom): only for the probe, when every license is on a seat,
    /// one leaves a seat to which none is promised.
    ///
    /// First those that must go, because somebody waits or there are too many; then those that may.
    fn detachments(&self, unserved: usize) -> (Vec<Step>, Vec<Step>) {
        let settings = &self.snapshot.settings;
        let detaching = || self.rows.iter().filter(|(row, _)| row.slot.place() == Place::Detaching);
        if settings.frozen_at(self.snapshot.now).is_some() {
            let unpromised = self.idle.iter().filter(|(_, seat)| !self.snapshot.next_holds.contains_key(*seat));
            // One that is stuck on its way counts too, so that one license at most is risked.
            return (unpromised.take(unserved.saturating_sub(detaching().count())).map(detach).collect(), Vec::new());
        }
        // What somebody is taking off at this moment serves one of those who wait, or is one too many that goes; what rests after
        // a refusal may be long in coming.
        let stuck = self.stuck();
        let leaves = |row: &PoolRow| row.slot.claim().is_some_and(|claim| !stuck.contains_key(&claim.seat));
        let on_their_way = detaching().filter(|(row, _)| leaves(row)).count();
        let saves = settings.release == Release::WhenNeeded || settings.saves_moves(self.snapshot.moves_today);
        let keeps = |seat: &SeatId| match settings.strategy {
            // Where it stands for nobody it is of no use.
            Strategy::Standing => self.snapshot.standing.contains(seat),
            Strategy::Float => saves || self.is_needed_soon(seat),
        };
        let surplus = self.rows.len().saturating_sub(settings.licenses as usize);
        let must_go = (unserved + surplus).saturating_sub(on_their_way);
        let (in_need, others) = self.idle.split_at(must_go.min(self.idle.len()));
        let at_leisure = others.iter().filter(|(_, seat)| !keeps(seat));
        (in_need.iter().map(detach).collect(), at_leisure.map(detach).collect())
    }

    fn is_needed_soon(&self, seat: &SeatId) -> bool {
        self.snapshot.next_holds.get(seat).is_some_and(|at| *at <= self.snapshot.now + SOON)
    }
}

fn detach((row, seat): &(&PoolRow, &SeatId)) -> Step {
    Step::Detach { license: row.number, seat: (*seat).clone() }
}
