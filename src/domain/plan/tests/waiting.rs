//! Who is served before whom, who cannot begin yet, and who did not come.

use super::*;

#[test]
fn deadlines_come_before_what_merely_goes_back() {
    let mut rows: Vec<_> = (1..=50).map(|number| row(number, Slot::Attached(on(&format!("idle{number}"))))).collect();
    rows.extend((51..=60).map(|number| row(number, Slot::Free)));
    let needs: Vec<Need> = (0..11).map(|n| need(&format!("m{n}"), &format!("s{n}"), 10, Stage::Booked)).collect();
    let steps = plan(&snapshot(6, rows, needs));
    assert!(matches!(steps[0], Step::Detach { .. }), "one is taken off for the eleventh");
    assert!(steps[1..11].iter().all(|step| matches!(step, Step::Attach { .. })), "{steps:?}");
    assert_eq!(steps[12..].iter().filter(|step| matches!(step, Step::Detach { .. })).count(), 49);
}

#[test]
fn whoever_cannot_begin_yet_is_no_no_show() {
    let over = Need { host: UserId::new("other"), ..need("a", "s", -30, Stage::Live) };
    let next = need("b", "s", 0, Stage::Booked);
    let rows = || vec![row(1, Slot::Attached(on("s")))];
    let gives_up = |snapshot: &Snapshot| plan(snapshot).iter().any(|step| matches!(step, Step::GiveUp { .. }));
    assert!(!gives_up(&snapshot(20, rows(), vec![over.clone(), next.clone()])));
    let told = Step::Alert { meeting: next.meeting.clone(), problem: Problem::SeatBusy };
    assert!(plan(&snapshot(1, rows(), vec![over, next.clone()])).contains(&told), "somebody else is on the seat");
    let freed = Need { free_since: Some(at(20)), ..next };
    assert!(!gives_up(&snapshot(34, rows(), vec![freed.clone()])));
    assert!(gives_up(&snapshot(35, rows(), vec![freed])));
}

#[test]
fn a_need_that_cannot_be_served_does_not_hide_another_on_its_seat() {
    let mut ended = need("a", "s", 0, Stage::Ended);
    (ended.ended_at, ended.hold.1) = (Some(at(20)), at(60));
    let next = need("b", "s", 22, Stage::Booked);
    assert_eq!(plan(&snapshot(21, vec![row(1, Slot::Free)], vec![ended, next.clone()])), [attach(1, &next)]);
}

#[test]
fn who_waits_for_a_license_that_is_stuck_on_its_way_is_told() {
    let running = need("m", "s", 0, Stage::Live);
    let told = Step::Alert { meeting: running.meeting.clone(), problem: Problem::Refused };
    let mut rows = vec![row(1, Slot::Attaching(on("s")))];
    assert_eq!(plan(&snapshot(1, rows.clone(), vec![running.clone()])), [Step::Settle { license: 1 }], "it is looked at first");
    rows[0].0.retry_at = Some(at(3));
    assert_eq!(plan(&snapshot(1, rows.clone(), vec![running.clone()])), std::slice::from_ref(&told));
    let known = Need { alert: Some("refused".to_owned()), ..running };
    assert_eq!(plan(&snapshot(1, rows, vec![known])), [], "once");
}
