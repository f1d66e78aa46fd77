//! What must be true after every step, whatever happened before (design §6), decided from a census of the whole database and
//! from what is true at Zoom.
//!
//! The checks are written apart from the code they check and share none of its counting: a slot is looked at by itself,
//! seat by seat. I5 (answered 200 means stored) and I8 and I11, which speak of what is sent out, need more than a census and
//! are checked where that is known.

mod calls;

use std::collections::{BTreeMap, BTreeSet};

use super::ids::{MeetingId, SeatId, TenantId};
use super::meeting::Stage;
use super::pool::Place;
use super::tenant::Share;
use super::time::{Instant, SLOT_SECONDS, Span, Window};

pub use calls::{Asked, few_calls, fewest_calls};

/// Everything the invariants speak of, at one moment.
#[derive(Clone, Debug)]
pub struct Census {
    /// That moment.
    pub now: Instant,
    /// K.
    pub licenses: u32,
    /// K less the spare.
    pub promisable: u32,
    /// Whether a license that nobody needs leaves its seat by itself.
    pub gives_back: bool,
    /// Whether licenses go to where they are promised.
    pub floats: bool,
    /// Every tenant's share.
    pub shares: BTreeMap<TenantId, Share>,
    /// Every meeting.
    pub meetings: Vec<Kept>,
    /// The rows of the pool.
    pub rows: Vec<Row>,
    /// How often each thing was written down about each meeting: action and detail.
    pub audited: BTreeMap<(MeetingId, String, String), u32>,
    /// The ids of the rows of that very second that are counted in it.
    pub read: BTreeSet<String>,
}

/// A meeting, as far as the invariants speak of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which.
    pub id: MeetingId,
    /// Whose.
    pub tenant: TenantId,
    /// Where.
    pub seat: SeatId,
    /// Where it is in its life.
    pub stage: Stage,
    /// When it is planned.
    pub window: Window,
    /// From when until when it holds; may be empty.
    pub hold: (Instant, Instant),
    /// Whether the hold promises a license.
    pub licensed: bool,
    /// Whether its host waits in line.
    pub queued: bool,
    /// The run at Zoom that is known.
    pub run: Option<String>,
    /// When its host last pressed Start.
    pub start_clicked_at: Option<Instant>,
    /// Its number at Zoom.
    pub number: Option<i64>,
    /// Whether its host and the operator are told that something is wrong with its license.
    pub has_alert: bool,
    /// How often it was changed.
    pub sequence: u32,
}

/// A row of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub number: u32,
    /// Where the license is.
    pub place: Place,
    /// Its seat.
    pub seat: Option<SeatId>,
}

/// What is true at Zoom.
#[derive(Clone, Debug, Default)]
pub struct AtZoom {
    /// The seats that have a license.
    pub licensed: BTreeSet<SeatId>,
    /// Of these, the ones to whom a person at Zoom's console gave it.
    pub by_hand: BTreeSet<SeatId>,
    /// Seats whose license a person took a moment ago, before anybody could have noticed.
    pub just_taken: BTreeSet<SeatId>,
    /// The meetings that run, with the uuid of their run.
    pub running: BTreeMap<i64, String>,
}

/// Which promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// Rule 3.1.4 holds at every instant of what was admitted.
    Admission,
    /// No more licenses at Zoom than were bought.
    Licenses,
    /// A meeting that starts has its license, or an alert exists.
    LicensedOrTold,
    /// One effect for each event, one letter for each piece of news.
    OneEffect,
    /// Answered 200 means stored.
    Durable,
    /// With the faults off, licenses match needs and none is leaked.
    Rest,
    /// The end of an old run ends nothing.
    OldRun,
    /// No seat hosts two meetings at once.
    OneAtATime,
    /// States move only as they may, each time with an audit row.
    States,
    /// Zoom is not asked more than needed, and not faster than it allows.
    Calls,
}

impl Invariant {
    /// Its name in design §6.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admission => "I1",
            Self::Licenses => "I2",
            Self::LicensedOrTold => "I3",
            Self::OneEffect => "I4",
            Self::Durable => "I5",
            Self::Rest => "I6",
            Self::OldRun => "I7",
            Self::OneAtATime => "I9",
            Self::States => "I10",
            Self::Calls => "I12",
        }
    }
}

/// A promise that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which promise.
    pub invariant: Invariant,
    /// What was found.
    pub words: String,
}

impl Breach {
    /// A breach in words.
    pub fn new(invariant: Invariant, words: impl Into<String>) -> Self {
        Self { invariant, words: words.into() }
    }
}

/// What no single step may break, looked at before and after it. `told_by`: how long a meeting may run without its license
/// before somebody must have been told; `live_since`: since when the portal knows that each meeting runs.
pub fn after_step(
    before: &Census,
    after: &Census,
    zoom: &AtZoom,
    live_since: &BTreeMap<MeetingId, Instant>,
    told_by: Span,
) -> Vec<Breach> {
    let mut found = Vec::new();
    found.extend(admissions(before, after));
    found.extend(licenses(after, zoom));
    found.extend(licensed_or_told(after, zoom, live_since, told_by));
    found.extend(one_effect(after));
    found.extend(old_runs(after, zoom));
    found.extend(one_at_a_time(after));
    found.extend(states(before, after));
    found
}

/// I1: whatever was newly promised in this step left rule 3.1.4 true in every slot of its hold.
fn admissions(before: &Census, after: &Census) -> Vec<Breach> {
    let known: BTreeMap<&MeetingId, &Kept> = before.meetings.iter().map(|meeting| (&meeting.id, meeting)).collect();
    let newly = after.meetings.iter().filter(|meeting| is_newly_promised(known.get(&meeting.id).copied(), meeting, after.now));
    newly.filter_map(|meeting| over_the_limit(meeting, after)).collect()
}

/// A running meeting keeps what it has for as long as it runs: its hold grows without being admitted again. So it does for
/// the moment after its end in which it may go on, also when the hold had not grown yet because the clock had jumped.
fn is_newly_promised(before: Option<&Kept>, meeting: &Kept, now: Instant) -> bool {
    if !meeting.licensed || meeting.hold.1 <= meeting.hold.0 {
        return false;
    }
    match before {
        None => true,
        Some(before) if !before.licensed || before.seat != meeting.seat => true,
        Some(_) if meeting.stage == Stage::Live => false,
        Some(before) if before.stage == Stage::Live && meeting.hold.1 <= now + Span::seconds(SLOT_SECONDS) => false,
        Some(before) => meeting.hold.0 < before.hold.0 || before.hold.1 < meeting.hold.1,
    }
}

fn over_the_limit(meeting: &Kept, census: &Census) -> Option<Breach> {
    let first = meeting.hold.0.max(census.now).seconds().div_euclid(SLOT_SECONDS);
    let last = (meeting.hold.1.seconds() - 1).div_euclid(SLOT_SECONDS);
    (first..=last).find_map(|slot| {
        let used = seats_held_in(slot, census);
        let of = |tenant: &TenantId| used.get(tenant).map_or(0, BTreeSet::len) as u64;
        let own = of(&meeting.tenant);
        let cap = census.shares.get(&meeting.tenant).map_or(0, |share| u64::from(share.cap));
        let kept: u64 = census.shares.iter().map(|(tenant, share)| of(tenant).max(u64::from(share.guarantee))).sum();
        let at = Instant::from_seconds(slot * SLOT_SECONDS);
        // What is kept back is kept for those who run.
        let promisable = if meeting.stage == Stage::Live { census.licenses } else { census.promisable };
        (own > cap || kept > u64::from(promisable)).then(|| {
            Breach::new(
                Invariant::Admission,
                format!("meeting {} at {at}: its tenant uses {own} of {cap}, all together {kept} of {promisable}", meeting.id),
            )
        })
    })
}

fn seats_held_in(slot: i64, census: &Census) -> BTreeMap<&TenantId, BTreeSet<&SeatId>> {
    let (from, until) = (slot * SLOT_SECONDS, (slot + 1) * SLOT_SECONDS);
    let mut used: BTreeMap<&TenantId, BTreeSet<&SeatId>> = BTreeMap::new();
    for meeting in census.meetings.iter().filter(|meeting| meeting.licensed && meeting.hold.0 < meeting.hold.1) {
        if meeting.hold.0.seconds() < until && from < meeting.hold.1.seconds() {
            used.entry(&meeting.tenant).or_default().insert(&meeting.seat);
        }
    }
    used
}

/// I2: what we put on seats at Zoom is covered by rows of the pool, and rows beyond K are only those still in use.
fn licenses(census: &Census, zoom: &AtZoom) -> Vec<Breach> {
    let rows: BTreeSet<&SeatId> = census.rows.iter().filter_map(|row| row.seat.as_ref()).collect();
    // What a person gave is none of ours, until a row stands for it.
    let ours = zoom.licensed.iter().filter(|seat| rows.contains(seat) || !zoom.by_hand.contains(seat)).count();
    let mut found = Vec::new();
    if ours > census.rows.len() {
        found.push(Breach::new(Invariant::Licenses, format!("{ours} licenses at Zoom, {} rows", census.rows.len())));
    }
    let idle = census.rows.iter().find(|row| row.place == Place::Free).filter(|_| census.rows.len() > census.licenses as usize);
    found.extend(
        idle.map(|row| Breach::new(Invariant::Licenses, format!("row {} is free although there are too many", row.number))),
    );
    let mut seats = BTreeSet::new();
    let twice = census.rows.iter().filter_map(|row| row.seat.as_ref()).find(|seat| !seats.insert(*seat));
    found.extend(twice.map(|seat| Breach::new(Invariant::Licenses, format!("two rows stand for seat {seat}"))));
    found
}

/// I3.
fn licensed_or_told(census: &Census, zoom: &AtZoom, live_since: &BTreeMap<MeetingId, Instant>, told_by: Span) -> Vec<Breach> {
    let lacks = |meeting: &&Kept| {
        let Some(since) = live_since.get(&meeting.id) else { return false };
        let promised_since = (*since).max(meeting.hold.0);
        meeting.stage == Stage::Live
            && meeting.licensed
            && promised_since + told_by <= census.now
            && !zoom.licensed.contains(&meeting.seat)
            && !zoom.just_taken.contains(&meeting.seat)
            && !meeting.has_alert
    };
    let words = |meeting: &Kept| format!("meeting {} runs without its license and nobody is told", meeting.id);
    census.meetings.iter().filter(lacks).map(|meeting| Breach::new(Invariant::LicensedOrTold, words(meeting))).collect()
}

/// I3, on a day on which nothing goes wrong: the meetings whose license is due and not on its way while one is free, or lies on
/// a seat to which none is promised. More than a moment of that is a breach.
pub fn passed_over(census: &Census) -> Vec<&MeetingId> {
    let now = census.now;
    let is_promised = |meeting: &&Kept| {
        let is_awaited = matches!(meeting.stage, Stage::Booked | Stage::Ended | Stage::Missed) && now < meeting.hold.1;
        meeting.licensed && meeting.hold.0 <= now && (is_awaited || meeting.stage == Stage::Live)
    };
    let promised: BTreeSet<&SeatId> = census.meetings.iter().filter(is_promised).map(|meeting| &meeting.seat).collect();
    let lies_idle = |row: &Row| match row.place {
        Place::Free => true,
        Place::Attached => row.seat.as_ref().is_none_or(|seat| !promised.contains(seat)),
        Place::Attaching | Place::Detaching => false,
    };
    if !census.floats || !census.rows.iter().any(lies_idle) {
        return Vec::new();
    }
    let has_row = |seat: &SeatId| census.rows.iter().any(|row| row.seat.as_ref() == Some(seat));
    let comes = |meeting: &&Kept| matches!(meeting.stage, Stage::Booked | Stage::Live) && !has_row(&meeting.seat);
    census.meetings.iter().filter(is_promised).filter(comes).map(|meeting| &meeting.id).collect()
}

/// I4, as far as meetings go: a run starts once and ends once.
fn one_effect(census: &Census) -> Vec<Breach> {
    let of_a_run = |action: &str| matches!(action, "meeting.started" | "meeting.ended");
    let twice = census.audited.iter().filter(|((_, action, _), count)| of_a_run(action) && **count > 1);
    twice
        .map(|((meeting, action, run), count)| {
            Breach::new(Invariant::OneEffect, format!("{action} of {run} of meeting {meeting} happened {count} times"))
        })
        .collect()
}

/// I7: what the portal takes for over does not run at Zoom.
fn old_runs(census: &Census, zoom: &AtZoom) -> Vec<Breach> {
    let runs_on = |meeting: &&Kept| {
        let running = meeting.number.and_then(|number| zoom.running.get(&number));
        meeting.stage == Stage::Ended && running.is_some() && running == meeting.run.as_ref()
    };
    let words = |meeting: &Kept| format!("meeting {} has ended here and its run goes on at Zoom", meeting.id);
    census.meetings.iter().filter(runs_on).map(|meeting| Breach::new(Invariant::OldRun, words(meeting))).collect()
}

/// I9.
fn one_at_a_time(census: &Census) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut live = BTreeMap::new();
    for meeting in census.meetings.iter().filter(|meeting| meeting.stage == Stage::Live) {
        if let Some(other) = live.insert(&meeting.seat, &meeting.id) {
            let words = format!("seat {} hosts {other} and {} at once", meeting.seat, meeting.id);
            found.push(Breach::new(Invariant::OneAtATime, words));
        }
    }
    let mut booked: Vec<&Kept> =
        census.meetings.iter().filter(|meeting| meeting.stage == Stage::Booked && !meeting.queued).collect();
    booked.sort_by_key(|meeting| (&meeting.seat, meeting.window.start()));
    for two in booked.windows(2).filter(|two| two[0].seat == two[1].seat && two[0].window.overlaps(two[1].window)) {
        let words = format!("{} and {} are booked on one seat at once", two[0].id, two[1].id);
        found.push(Breach::new(Invariant::OneAtATime, words));
    }
    found
}

/// I10: each step of a meeting's life is one that it may take, and is written down.
fn states(before: &Census, after: &Census) -> Vec<Breach> {
    let known: BTreeMap<&MeetingId, &Kept> = before.meetings.iter().map(|meeting| (&meeting.id, meeting)).collect();
    let mut found = Vec::new();
    for meeting in &after.meetings {
        let was = known.get(&meeting.id);
        let (from, to) = (was.map(|was| was.stage), meeting.stage);
        let same_run = was.is_some_and(|was| was.run == meeting.run);
        if from == Some(to) && same_run {
            continue;
        }
        if !may_go(from, to) {
            found.push(Breach::new(Invariant::States, format!("meeting {} went from {from:?} to {to:?}", meeting.id)));
        }
        let written = |census: &Census| count_of(census, &meeting.id, to);
        if written(after) <= written(before) {
            found.push(Breach::new(Invariant::States, format!("meeting {} became {to:?} without an audit row", meeting.id)));
        }
    }
    found
}

/// Several transitions may lie within a step: what matters is that a chain of allowed ones leads there.
const fn may_go(from: Option<Stage>, to: Stage) -> bool {
    !matches!(
        (from, to),
        (Some(Stage::Cancelled), _)
            | (Some(Stage::Ended | Stage::Live), Stage::Cancelled | Stage::Missed | Stage::Booked)
            | (Some(Stage::Missed), Stage::Booked)
    )
}

fn count_of(census: &Census, meeting: &MeetingId, stage: Stage) -> u32 {
    let actions: &[&str] = match stage {
        Stage::Booked => &["meeting.booked", "meeting.line_joined"],
        Stage::Live => &["meeting.started"],
        Stage::Ended => &["meeting.ended"],
        Stage::Cancelled => &["meeting.cancelled"],
        Stage::Missed => &["meeting.missed"],
    };
    let about = |id: &MeetingId, action: &str| id == meeting && actions.contains(&action);
    census.audited.iter().filter(|((id, action, _), _)| about(id, action)).map(|(_, count)| count).sum()
}

/// I6: nothing goes wrong any more and everybody had time to put it right: each license is where its row says, every promise
/// that is due has one, and none lies where nobody needs it.
pub fn at_rest(census: &Census, zoom: &AtZoom) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut say = |words: String| found.push(Breach::new(Invariant::Rest, words));
    let rows: BTreeSet<&SeatId> = census.rows.iter().filter_map(|row| row.seat.as_ref()).collect();
    for row in census.rows.iter().filter(|row| matches!(row.place, Place::Attaching | Place::Detaching)) {
        say(format!("row {} is still {:?}", row.number, row.place));
    }
    for seat in zoom.licensed.difference(&zoom.by_hand).filter(|seat| !rows.contains(seat)) {
        say(format!("seat {seat} has a license at Zoom that no row stands for"));
    }
    for seat in rows.iter().filter(|seat| !zoom.licensed.contains(**seat)) {
        say(format!("a row stands for seat {seat}, which has no license"));
    }
    let due = |meeting: &&Kept| {
        meeting.licensed
            && matches!(meeting.stage, Stage::Booked | Stage::Live)
            && meeting.hold.0 <= census.now
            && census.now < meeting.hold.1
    };
    let due: BTreeSet<&SeatId> = census.meetings.iter().filter(due).map(|meeting| &meeting.seat).collect();
    let free = census.rows.iter().any(|row| row.place == Place::Free);
    for seat in due.iter().filter(|seat| !rows.contains(**seat) && free) {
        say(format!("seat {seat} lacks its license although one is free"));
    }
    if census.gives_back {
        let soon = |meeting: &&Kept| meeting.hold.0 <= census.now + Span::minutes(20) && census.now < meeting.hold.1;
        let needed: BTreeSet<&SeatId> = census.meetings.iter().filter(soon).map(|meeting| &meeting.seat).collect();
        for seat in rows.iter().filter(|seat| !needed.contains(**seat)) {
            say(format!("seat {seat} keeps a license that nobody needs"));
        }
    }
    found
}

/// A letter of the outbox: meeting, kind, recipient, and what it says with the sequence in it.
pub type Letter = [String; 4];

/// I4, as far as letters go: nobody is told the same thing of the same meeting twice.
pub fn one_letter(outbox: &[Letter]) -> Vec<Breach> {
    let mut told = BTreeSet::new();
    let twice = outbox.iter().filter(|letter| !told.insert(*letter));
    twice.map(|letter| Breach::new(Invariant::OneEffect, format!("{} of {} is told twice", letter[1], letter[0]))).collect()
}
