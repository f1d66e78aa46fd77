//! What is due in the pool now: a pure function from what is known to the steps to take, most urgent first.
//!
//! The keeper takes the first step and looks again (design rule 3.2.2), so a step never relies on the one before it.
//! What must stay true: a live meeting's seat never loses its license; a row whose state at Zoom is not known is asked
//! about before it is used again; a license goes to the meeting whose start is nearest.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::{MeetingId, SeatId};
use super::meeting::Stage;
use super::pool::{Place, PoolRow, PoolSettings};
use super::time::{Instant, SLOT_SECONDS, Span, Window};

/// How long a Basic host's meeting lasts before Zoom ends it (Zoom KB0067972).
pub const BASIC_LIMIT: Span = Span::minutes(40);
/// How often Zoom is asked about a meeting that should be live while its webhooks are silent.
const POLL_SILENT: Span = Span::minutes(2);
/// How often it is asked although webhooks arrive.
const POLL_CALM: Span = Span::minutes(10);
/// After that long without any webhook they count as silent.
const SILENCE: Span = Span::minutes(10);

/// A meeting that matters to the pool now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Which.
    pub meeting: MeetingId,
    /// Its seat.
    pub seat: SeatId,
    /// Where it is in its life.
    pub stage: Stage,
    /// When it is planned.
    pub window: Window,
    /// From when until when a license is promised to it; may be empty.
    pub hold: (Instant, Instant),
    /// Since when it runs.
    pub live_since: Option<Instant>,
    /// Whether Zoom has it.
    pub at_zoom: bool,
    /// When Zoom was last asked whether it runs.
    pub polled_at: Option<Instant>,
    /// What its host and the operator have already been told.
    pub alert: Option<String>,
}

impl Need {
    fn is_held_at(&self, now: Instant) -> bool {
        self.hold.0 <= now && now < self.hold.1
    }

    fn wants_license_at(&self, now: Instant) -> bool {
        self.stage == Stage::Live || (self.stage != Stage::Cancelled && self.is_held_at(now))
    }

    /// By when it must have its license: its start, or the cut of the running meeting.
    fn deadline(&self) -> Instant {
        self.live_since.map_or(self.window.start(), |since| since + BASIC_LIMIT)
    }
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
    /// The meetings that hold a license now, are live, or should have begun.
    pub needs: Vec<Need>,
    /// When the last webhook arrived.
    pub last_webhook: Option<Instant>,
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
        /// The meeting that needs it.
        meeting: MeetingId,
    },
    /// Take a license off a seat that needs it no more.
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
}

super::stored_as! {
    Problem { NoneFree = "none_free", Frozen = "frozen", Refused = "refused" }
}

/// The steps that are due, most urgent first.
pub fn plan(snapshot: &Snapshot) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(grow_holds(snapshot));
    steps.extend(give_ups(snapshot));
    let wanted = wanted_seats(snapshot);
    // Licenses that come free may serve the attachments that follow, so they go first.
    steps.extend(settlements(snapshot));
    steps.extend(detachments(snapshot, &wanted));
    steps.extend(attachments(snapshot, &wanted));
    steps.extend(polls(snapshot));
    steps
}

/// The seats that must hold a license now, each with the meeting that needs it most urgently.
fn wanted_seats(snapshot: &Snapshot) -> BTreeMap<&SeatId, &Need> {
    let mut wanted: BTreeMap<&SeatId, &Need> = BTreeMap::new();
    for need in snapshot.needs.iter().filter(|need| need.wants_license_at(snapshot.now) && !is_no_show(need, snapshot)) {
        let most_urgent = wanted.entry(&need.seat).or_insert(need);
        if (need.deadline(), &need.meeting) < (most_urgent.deadline(), &most_urgent.meeting) {
            *most_urgent = need;
        }
    }
    wanted
}

fn grow_holds(snapshot: &Snapshot) -> impl Iterator<Item = Step> {
    let next_slot = snapshot.now + Span::seconds(SLOT_SECONDS);
    snapshot
        .needs
        .iter()
        .filter(move |need| need.stage == Stage::Live && need.hold.1 < next_slot)
        .map(move |need| Step::GrowHold { meeting: need.meeting.clone(), until: (next_slot + snapshot.settings.grace).grid_up() })
}

/// Not started in time: counted from the planned start, or from when the host asked for it again afterwards.
fn is_no_show(need: &Need, snapshot: &Snapshot) -> bool {
    let asked_for = need.window.start().max(need.hold.0);
    let waits = match need.stage {
        Stage::Booked => true,
        Stage::Missed => need.is_held_at(snapshot.now),
        Stage::Live | Stage::Ended | Stage::Cancelled => false,
    };
    waits && snapshot.now >= asked_for + snapshot.settings.no_show
}

fn give_ups(snapshot: &Snapshot) -> impl Iterator<Item = Step> {
    snapshot.needs.iter().filter(|need| is_no_show(need, snapshot)).map(|need| Step::GiveUp { meeting: need.meeting.clone() })
}

fn is_free_to_touch(row: &PoolRow, worked_on_until: Option<Instant>, now: Instant) -> bool {
    worked_on_until.is_none_or(|until| until <= now) && row.retry_at.is_none_or(|at| at <= now)
}

fn settlements(snapshot: &Snapshot) -> impl Iterator<Item = Step> {
    snapshot
        .rows
        .iter()
        .filter(|(row, until)| {
            matches!(row.slot.place(), Place::Attaching | Place::Detaching) && is_free_to_touch(row, *until, snapshot.now)
        })
        .map(|(row, _)| Step::Settle { license: row.number })
}

fn detachments(snapshot: &Snapshot, wanted: &BTreeMap<&SeatId, &Need>) -> impl Iterator<Item = Step> {
    snapshot.rows.iter().filter_map(|(row, until)| {
        let claim = row.slot.claim().filter(|_| row.slot.place() == Place::Attached)?;
        let idle = !wanted.contains_key(&claim.seat) && is_free_to_touch(row, *until, snapshot.now);
        idle.then(|| Step::Detach { license: row.number, seat: claim.seat.clone() })
    })
}

/// Free licenses go to the nearest deadlines; who gets none is told once.
fn attachments(snapshot: &Snapshot, wanted: &BTreeMap<&SeatId, &Need>) -> Vec<Step> {
    let occupied: BTreeSet<&SeatId> =
        snapshot.rows.iter().filter_map(|(row, _)| row.slot.claim()).map(|claim| &claim.seat).collect();
    let frozen = snapshot.settings.freeze.is_some_and(|freeze| snapshot.now < freeze.probe_at);
    let mut free = snapshot
        .rows
        .iter()
        .filter(|(row, until)| row.slot.place() == Place::Free && is_free_to_touch(row, *until, snapshot.now));
    let resting =
        snapshot.rows.iter().any(|(row, until)| row.slot.place() == Place::Free && !is_free_to_touch(row, *until, snapshot.now));

    let mut waiting: Vec<&Need> = wanted.values().copied().filter(|need| !occupied.contains(&need.seat)).collect();
    waiting.sort_by_key(|need| (need.deadline(), need.meeting.clone()));

    let mut steps = Vec::new();
    for need in waiting {
        let license = if frozen { None } else { free.next() };
        if let Some((row, _)) = license {
            steps.push(Step::Attach { license: row.number, seat: need.seat.clone(), meeting: need.meeting.clone() });
        } else {
            let problem = if frozen {
                Problem::Frozen
            } else if resting {
                Problem::Refused
            } else {
                Problem::NoneFree
            };
            steps.extend(alert(need, problem));
        }
    }
    let attached: BTreeSet<&SeatId> = snapshot
        .rows
        .iter()
        .filter(|(row, _)| row.slot.place() == Place::Attached)
        .filter_map(|(row, _)| row.slot.claim().map(|claim| &claim.seat))
        .collect();
    let over = snapshot
        .needs
        .iter()
        .filter(|need| need.alert.is_some() && (attached.contains(&need.seat) || !need.wants_license_at(snapshot.now)));
    steps.extend(over.map(|need| Step::Clear { meeting: need.meeting.clone() }));
    steps
}

fn alert(need: &Need, problem: Problem) -> Option<Step> {
    (need.alert.as_deref() != Some(problem.word())).then(|| Step::Alert { meeting: need.meeting.clone(), problem })
}

/// Meetings that are live, or should be, about which Zoom has not spoken for too long.
fn polls(snapshot: &Snapshot) -> impl Iterator<Item = Step> {
    let now = snapshot.now;
    let silent = snapshot.last_webhook.is_none_or(|at| at + SILENCE <= now);
    snapshot
        .needs
        .iter()
        .filter(move |need| {
            let begins = need.window.start().max(need.hold.0);
            let (due_from, overdue) = match need.stage {
                Stage::Live => (need.live_since.unwrap_or(begins), now >= need.window.end()),
                Stage::Booked | Stage::Missed => (begins, true),
                Stage::Ended | Stage::Cancelled => return false,
            };
            let pause = if silent || overdue { POLL_SILENT } else { POLL_CALM };
            need.at_zoom && need.polled_at.unwrap_or(due_from).max(due_from) + pause <= now
        })
        .map(|need| Step::Poll { meeting: need.meeting.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::pool::{Claim, Freeze, Slot};
    use super::*;

    fn at(minute: i64) -> Instant {
        Instant::from_seconds(1_790_000_100 / 300 * 300 + minute * 60)
    }

    fn row(number: u32, slot: Slot) -> (PoolRow, Option<Instant>) {
        (PoolRow { number, slot, failures: 0, retry_at: None, problem: None }, None)
    }

    fn on(seat: &str) -> Claim {
        Claim { seat: SeatId::new(seat), meeting: None, since: at(0) }
    }

    /// A meeting on `seat` from minute `start`, 30 minutes long, with five minutes of lead and grace.
    fn need(id: &str, seat: &str, start: i64, stage: Stage) -> Need {
        Need {
            meeting: MeetingId::new(id),
            seat: SeatId::new(seat),
            stage,
            window: Window::new(at(start), at(start + 30)).unwrap(),
            hold: (at(start - 5), at(start + 35)),
            live_since: (stage == Stage::Live).then(|| at(start)),
            at_zoom: true,
            polled_at: None,
            alert: None,
        }
    }

    fn snapshot(minute: i64, rows: Vec<(PoolRow, Option<Instant>)>, needs: Vec<Need>) -> Snapshot {
        let settings = PoolSettings { licenses: u32::try_from(rows.len()).unwrap(), ..PoolSettings::defaults() };
        Snapshot { now: at(minute), settings, rows, needs, last_webhook: Some(at(minute)) }
    }

    fn attach(license: u32, need: &Need) -> Step {
        Step::Attach { license, seat: need.seat.clone(), meeting: need.meeting.clone() }
    }

    #[test]
    fn a_license_is_attached_when_the_lead_begins_and_not_before() {
        let meeting = need("m", "s", 10, Stage::Booked);
        assert_eq!(plan(&snapshot(4, vec![row(1, Slot::Free)], vec![meeting.clone()])), []);
        assert_eq!(plan(&snapshot(5, vec![row(1, Slot::Free)], vec![meeting.clone()])), [attach(1, &meeting)]);
    }

    #[test]
    fn the_nearest_deadline_gets_the_last_license_and_the_other_is_told_once() {
        let sooner = need("b", "s2", 8, Stage::Booked);
        let mut later = need("a", "s1", 10, Stage::Booked);
        let steps = plan(&snapshot(6, vec![row(1, Slot::Free)], vec![later.clone(), sooner.clone()]));
        assert_eq!(steps, [attach(1, &sooner), Step::Alert { meeting: later.meeting.clone(), problem: Problem::NoneFree }]);
        later.alert = Some("none_free".to_owned());
        assert_eq!(plan(&snapshot(6, vec![row(1, Slot::Free)], vec![later, sooner.clone()])), [attach(1, &sooner)]);
    }

    #[test]
    fn a_live_meeting_keeps_its_license_past_its_hold_and_the_hold_grows() {
        let live = need("m", "s", 0, Stage::Live);
        let steps = plan(&snapshot(50, vec![row(1, Slot::Attached(on("s")))], vec![live]));
        assert!(matches!(steps[0], Step::GrowHold { until, .. } if until == at(60)), "{steps:?}");
        assert!(!steps.iter().any(|step| matches!(step, Step::Detach { .. })));
    }

    #[test]
    fn an_ended_meeting_gives_its_license_back_when_its_hold_is_over() {
        let mut ended = need("m", "s", 0, Stage::Ended);
        ended.hold.1 = at(22);
        let rows = vec![row(1, Slot::Attached(on("s")))];
        assert_eq!(plan(&snapshot(21, rows.clone(), vec![ended.clone()])), []);
        assert_eq!(plan(&snapshot(22, rows, vec![ended])), [Step::Detach { license: 1, seat: SeatId::new("s") }]);
    }

    #[test]
    fn a_license_stays_when_the_same_seat_needs_it_again() {
        let mut ended = need("m", "s", 0, Stage::Ended);
        ended.hold.1 = at(32);
        let next = need("n", "s", 35, Stage::Booked);
        assert_eq!(plan(&snapshot(33, vec![row(1, Slot::Attached(on("s")))], vec![ended, next])), []);
    }

    #[test]
    fn a_meeting_nobody_started_is_given_up_and_its_license_with_it() {
        let meeting = need("m", "s", 0, Stage::Booked);
        let steps = plan(&snapshot(15, vec![row(1, Slot::Attached(on("s")))], vec![meeting.clone()]));
        assert_eq!(steps[0], Step::GiveUp { meeting: meeting.meeting });
        assert!(steps.contains(&Step::Detach { license: 1, seat: SeatId::new("s") }));
    }

    #[test]
    fn an_unfinished_move_is_settled_once_nobody_works_on_it() {
        let mut rows = vec![row(1, Slot::Attaching(on("s")))];
        rows[0].1 = Some(at(2));
        assert_eq!(plan(&snapshot(1, rows.clone(), vec![])), []);
        assert_eq!(plan(&snapshot(2, rows, vec![])), [Step::Settle { license: 1 }]);
    }

    #[test]
    fn a_seat_with_an_unsettled_row_is_not_given_a_second_license() {
        let meeting = need("m", "s", 5, Stage::Booked);
        let mut rows = vec![row(1, Slot::Detaching(on("s"))), row(2, Slot::Free)];
        rows[0].1 = Some(at(9));
        assert_eq!(plan(&snapshot(4, rows, vec![meeting])), []);
    }

    #[test]
    fn a_running_meeting_without_license_comes_before_a_booked_one_that_starts_later_than_its_cut() {
        let mut running = need("r", "s1", -35, Stage::Live);
        running.hold.1 = at(30);
        let booked = need("b", "s2", 8, Stage::Booked);
        let steps = plan(&snapshot(4, vec![row(1, Slot::Free)], vec![booked, running.clone()]));
        assert_eq!(steps[0], attach(1, &running));
    }

    #[test]
    fn while_frozen_nothing_is_attached_and_the_hosts_are_told() {
        let meeting = need("m", "s", 5, Stage::Booked);
        let mut frozen = snapshot(4, vec![row(1, Slot::Free)], vec![meeting.clone()]);
        frozen.settings.freeze = Some(Freeze { since: at(0), probe_at: at(10) });
        assert_eq!(plan(&frozen), [Step::Alert { meeting: meeting.meeting, problem: Problem::Frozen }]);
    }

    #[test]
    fn silence_of_the_webhooks_makes_the_polls_more_frequent() {
        let live = need("m", "s", 0, Stage::Live);
        let rows = vec![row(1, Slot::Attached(on("s")))];
        let mut quiet = snapshot(3, rows.clone(), vec![live.clone()]);
        assert_eq!(plan(&quiet), []);
        quiet.last_webhook = None;
        assert_eq!(plan(&quiet), [Step::Poll { meeting: live.meeting }]);
    }

    #[test]
    fn an_alert_is_cleared_when_the_license_has_come() {
        let mut meeting = need("m", "s", 5, Stage::Booked);
        meeting.alert = Some("none_free".to_owned());
        let steps = plan(&snapshot(4, vec![row(1, Slot::Attached(on("s")))], vec![meeting.clone()]));
        assert_eq!(steps, [Step::Clear { meeting: meeting.meeting }]);
    }
}
