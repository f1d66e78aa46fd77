//! `when_needed` against the best that could be done by somebody who knows the whole day: the moves of a replayed day are
//! exactly as few (design §7).

use proptest::prelude::{Strategy as _, prop, prop_assert_eq, proptest};

use super::*;
use crate::domain::optimum::fewest_moves;
use crate::domain::pool::{Claim, Release, Slot};

/// One promise: a seat, and the slots of the grid for which it has a license.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    seat: usize,
    from: i64,
    until: i64,
}

fn at(slot: i64) -> Instant {
    Instant::from_seconds(1_790_000_100 / 300 * 300 + slot * 300)
}

fn seat(number: usize) -> SeatId {
    SeatId::new(format!("seat-{number:03}"))
}

/// What of a day can be promised with `licenses`: each hold that fits is taken, in the order in which they were asked for;
/// holds of one seat that touch are one.
fn accepted(asked: &[Held], licenses: usize) -> Vec<Held> {
    let mut taken: Vec<Held> = Vec::new();
    for hold in asked {
        let touches = |other: &&Held| other.seat == hold.seat && other.from <= hold.until && hold.from <= other.until;
        let seats_at = |slot: i64| taken.iter().filter(|other| other.from <= slot && slot < other.until).count();
        if taken.iter().find(touches).is_none() && (hold.from..hold.until).all(|slot| seats_at(slot) < licenses) {
            taken.push(*hold);
        }
    }
    taken.sort();
    taken
}

/// How the victim is chosen, to show that the comparison notices a worse choice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    AsPlanned,
    /// A planted bug: the plan is told that the seat needed last is needed first, and the other way round.
    Nearest,
}

/// Plays the day with the plan and counts the licenses that were put on seats.
fn moves_of_the_plan(holds: &[Held], licenses: usize, victim: Victim) -> usize {
    let settings = PoolSettings { licenses: licenses as u32, release: Release::WhenNeeded, ..PoolSettings::defaults() };
    let mut places: Vec<Slot> = vec![Slot::Free; licenses];
    let mut moves = 0;
    let instants: BTreeSet<i64> = holds.iter().flat_map(|hold| [hold.from, hold.until]).collect();
    for slot in instants {
        loop {
            let steps = plan(&snapshot(holds, &places, slot, &settings, victim));
            if steps.is_empty() {
                break;
            }
            for step in steps {
                match step {
                    Step::Attach { license, seat, .. } => {
                        let claim = Claim { seat, meeting: None, since: at(slot) };
                        assert_eq!(std::mem::replace(&mut places[license as usize - 1], Slot::Attached(claim)), Slot::Free);
                        moves += 1;
                    }
                    Step::Detach { license, .. } => places[license as usize - 1] = Slot::Free,
                    // Told until the license that was taken off elsewhere has come.
                    Step::Alert { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        let has = |number: usize| places.iter().any(|place| place.claim().is_some_and(|claim| claim.seat == seat(number)));
        let due = holds.iter().filter(|hold| hold.from <= slot && slot < hold.until);
        due.for_each(|hold| assert!(has(hold.seat), "a hold has its license"));
    }
    moves
}

fn snapshot(holds: &[Held], places: &[Slot], slot: i64, settings: &PoolSettings, victim: Victim) -> Snapshot {
    let row = |(index, slot): (usize, &Slot)| {
        (PoolRow { number: index as u32 + 1, slot: slot.clone(), failures: 0, retry_at: None, problem: None }, None)
    };
    let need = |hold: &Held| Need {
        meeting: MeetingId::new(format!("{}-{}", hold.seat, hold.from)),
        host: UserId::new(format!("{}", hold.seat)),
        seat: seat(hold.seat),
        stage: Stage::Live,
        window: Window::new(at(hold.from), at(hold.until)).unwrap(),
        hold: (at(hold.from), at(hold.until + 1)),
        licensed: true,
        licensed_since: Some(at(hold.from)),
        live_since: Some(at(slot)),
        ended_at: None,
        free_since: None,
        start_clicked_at: None,
        at_zoom: false,
        polled_at: None,
        absences: 0,
        alert: Some("none_free".to_owned())
            .filter(|_| places.iter().all(|place| place.claim().is_none_or(|claim| claim.seat != seat(hold.seat)))),
    };
    let mut next_holds = BTreeMap::new();
    for hold in holds.iter().filter(|hold| hold.from > slot) {
        let next: &mut Instant = next_holds.entry(seat(hold.seat)).or_insert(at(hold.from));
        *next = (*next).min(at(hold.from));
    }
    if victim == Victim::Nearest {
        for next in next_holds.values_mut() {
            *next = Instant::from_seconds(i64::MAX / 2 - next.seconds());
        }
    }
    Snapshot {
        now: at(slot),
        settings: settings.clone(),
        rows: places.iter().enumerate().map(row).collect(),
        needs: holds.iter().filter(|hold| hold.from <= slot && slot < hold.until).map(need).collect(),
        moves_today: Moves::default(),
        next_holds,
        barred: BTreeSet::new(),
        standing: Vec::new(),
        probe: None,
        webhooks: Webhooks { last: Some(at(slot)), missed: None },
        pressed: None,
    }
}

fn fewest(holds: &[Held], licenses: usize) -> usize {
    let windows: Vec<_> =
        holds.iter().map(|hold| (seat(hold.seat), Window::new(at(hold.from), at(hold.until)).unwrap())).collect();
    fewest_moves(&windows, licenses).unwrap()
}

fn a_day(seats: usize, most: usize) -> impl proptest::strategy::Strategy<Value = (Vec<Held>, usize)> {
    let hold = (0..seats, 0..140_i64, 2..12_i64).prop_map(|(seat, from, length)| Held { seat, from, until: from + length });
    (prop::collection::vec(hold, 1..most), 1..=seats.min(12)).prop_map(|(asked, licenses)| (accepted(&asked, licenses), licenses))
}

proptest! {
    #[test]
    fn a_replayed_day_takes_exactly_the_fewest_moves((holds, licenses) in a_day(25, 150)) {
        prop_assert_eq!(moves_of_the_plan(&holds, licenses, Victim::AsPlanned), fewest(&holds, licenses));
    }
}

#[test]
fn another_victim_takes_more_moves() {
    let held = |seat, from, until| Held { seat, from, until };
    // Seat 1 is needed again much later than seats 0 and 2, which meet in turns.
    let turns = [held(0, 20, 26), held(2, 30, 36), held(0, 40, 46), held(2, 50, 56)];
    let mut day = [vec![held(0, 0, 6), held(1, 0, 6), held(2, 10, 16), held(1, 100, 106)], turns.to_vec()].concat();
    day.sort();
    let fewest = fewest(&day, 2);
    assert_eq!(moves_of_the_plan(&day, 2, Victim::AsPlanned), fewest);
    assert!(moves_of_the_plan(&day, 2, Victim::Nearest) > fewest);
}
