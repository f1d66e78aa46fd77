//! While Zoom lets no license move.

use super::*;
use crate::domain::pool::Freeze;

#[test]
fn while_frozen_nothing_is_attached_and_the_hosts_are_told() {
    let meeting = need("m", "s", 5, Stage::Booked);
    let mut frozen = snapshot(4, vec![row(1, Slot::Free)], vec![meeting.clone()]);
    frozen.settings.freeze = Some(Freeze { since: at(0), probe_at: at(10) });
    assert_eq!(plan(&frozen), [Step::Alert { meeting: meeting.meeting, problem: Problem::Frozen }]);
}

#[test]
fn a_frozen_pool_is_probed_once_and_by_the_most_urgent() {
    let (one, two) = (need("a", "s1", 5, Stage::Booked), need("b", "s2", 6, Stage::Booked));
    let mut frozen = snapshot(4, vec![row(1, Slot::Free), row(2, Slot::Free)], vec![one.clone(), two]);
    frozen.settings.freeze = Some(Freeze { since: at(-11), probe_at: at(4) });
    let attaches: Vec<Step> = plan(&frozen).into_iter().filter(|step| matches!(step, Step::Attach { .. })).collect();
    assert_eq!(attaches, [attach(1, &one)]);
}

#[test]
fn a_frozen_pool_takes_no_license_off_a_seat() {
    let mut frozen = snapshot(0, vec![row(1, Slot::Attached(on("s1")))], vec![]);
    frozen.settings.freeze = Some(Freeze { since: at(-1), probe_at: at(14) });
    assert_eq!(plan(&frozen), []);
    frozen.now = at(14 + 24 * 60);
    assert_eq!(plan(&frozen), [detach(1, "s1")], "a day later it is taken to be over");
}

#[test]
fn a_frozen_pool_without_a_free_license_is_probed_with_one_that_is_promised_to_nobody() {
    let waits = need("m", "s", 5, Stage::Booked);
    let mut frozen = snapshot(4, vec![row(1, Slot::Attached(on("s1"))), row(2, Slot::Attached(on("s2")))], vec![waits]);
    frozen.settings.freeze = Some(Freeze { since: at(-11), probe_at: at(4) });
    frozen.next_holds = BTreeMap::from([(SeatId::new("s1"), at(600))]);
    let taken = |frozen: &Snapshot| plan(frozen).into_iter().find(|step| matches!(step, Step::Detach { .. }));
    assert_eq!(taken(&frozen), Some(detach(2, "s2")));
    frozen.next_holds.insert(SeatId::new("s2"), at(600));
    assert_eq!(taken(&frozen), None, "what is promised is not risked");
    frozen.next_holds.clear();
    frozen.now = at(3);
    assert_eq!(taken(&frozen), None, "not before the probe is due");
}

#[test]
fn nobody_waits_for_a_probe_that_could_be_made_for_the_next_meeting() {
    let mut frozen = snapshot(0, vec![row(1, Slot::Free)], vec![]);
    frozen.settings.freeze = Some(Freeze { since: at(-15), probe_at: at(0) });
    assert_eq!(plan(&frozen), []);
    frozen.probe = Some((Some(MeetingId::new("m")), SeatId::new("s")));
    let probe = Step::Attach { license: 1, seat: SeatId::new("s"), meeting: Some(MeetingId::new("m")) };
    assert_eq!(plan(&frozen), [probe]);
}

#[test]
fn of_a_frozen_pool_one_license_at_most_is_taken_off_its_seat() {
    let waits = need("m", "s", 5, Stage::Booked);
    let mut frozen = snapshot(4, vec![row(1, Slot::Detaching(on("s1"))), row(2, Slot::Attached(on("s2")))], vec![waits]);
    frozen.settings.freeze = Some(Freeze { since: at(-11), probe_at: at(4) });
    // Zoom gave no clear answer when the first was taken off.
    frozen.rows[0].0.retry_at = Some(at(5));
    assert!(!plan(&frozen).contains(&detach(2, "s2")));
}
