//! I3: whoever is promised a license has it, or is told.

use std::collections::{BTreeMap, BTreeSet};

use super::{AtZoom, Breach, Census, Invariant, Kept, Row};
use crate::domain::ids::{MeetingId, SeatId};
use crate::domain::meeting::Stage;
use crate::domain::pool::Place;
use crate::domain::time::{Instant, Span};

/// I3 of running meetings.
pub(super) fn licensed_or_told(
    census: &Census,
    zoom: &AtZoom,
    live_since: &BTreeMap<MeetingId, Instant>,
    told_by: Span,
) -> Vec<Breach> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::TenantId;
    use crate::domain::time::Window;

    fn at(minute: i64) -> Instant {
        Instant::from_seconds(1_790_000_100 / 300 * 300 + minute * 60)
    }

    fn kept(id: &str, stage: Stage, licensed: bool) -> Kept {
        Kept {
            id: MeetingId::new(id),
            tenant: TenantId::new("t"),
            seat: SeatId::new(format!("seat of {id}")),
            stage,
            window: Window::new(at(0), at(30)).unwrap(),
            hold: (at(-5), at(35)),
            licensed,
            queued: false,
            run: None,
            start_clicked_at: None,
            number: None,
            has_alert: false,
            sequence: 0,
        }
    }

    fn row(place: Place, of: Option<&str>) -> Row {
        Row { number: 1, place, seat: of.map(|id| SeatId::new(format!("seat of {id}"))) }
    }

    fn census(meetings: Vec<Kept>, rows: Vec<Row>) -> Census {
        Census {
            now: at(0),
            licenses: 1,
            promisable: 1,
            gives_back: true,
            floats: true,
            shares: BTreeMap::new(),
            meetings,
            rows,
            audited: BTreeMap::new(),
            read: BTreeSet::new(),
        }
    }

    #[test]
    fn a_license_that_lies_idle_while_one_is_due_is_seen() {
        let due = || kept("due", Stage::Booked, true);
        let finds = |other: Kept, row: Row| !passed_over(&census(vec![due(), other], vec![row])).is_empty();
        let short = || kept("short", Stage::Live, false);
        assert!(finds(short(), row(Place::Free, None)));
        assert!(finds(short(), row(Place::Attached, Some("short"))), "it runs without a promise, and has one");
        assert!(!finds(short(), row(Place::Attached, Some("due"))));
        assert!(!finds(short(), row(Place::Detaching, Some("short"))), "it is on its way");
        assert!(!finds(kept("over", Stage::Live, true), row(Place::Attached, Some("over"))), "somebody runs over");
        let standing = Census { floats: false, ..census(vec![due()], vec![row(Place::Free, None)]) };
        assert!(passed_over(&standing).is_empty());
    }
}
