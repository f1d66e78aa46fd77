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
    assert_eq!(steps[11..].iter().filter(|step| matches!(step, Step::Detach { .. })).count(), 49);
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

#[test]
fn every_meeting_of_a_seat_that_gets_no_license_is_told() {
    let running = need("a", "s", 0, Stage::Live);
    let next = need("b", "s", 32, Stage::Booked);
    let told = |need: &Need, problem| Step::Alert { meeting: need.meeting.clone(), problem };
    let needs = vec![running.clone(), next.clone()];
    let both = [told(&running, Problem::NoneFree), told(&next, Problem::NoneFree)];
    assert_eq!(plan(&snapshot(28, Vec::new(), needs.clone())), both, "there is no license at all");
    let mut stuck = row(1, Slot::Attaching(on("s")));
    stuck.0.retry_at = Some(at(29));
    let both = [told(&running, Problem::Refused), told(&next, Problem::Refused)];
    assert_eq!(plan(&snapshot(28, vec![stuck], needs)), both, "Zoom gives no answer");
}

#[test]
fn whoever_finds_seat_and_licenses_taken_is_told_of_one_of_them_once() {
    let over = Need { host: UserId::new("other"), ..need("a", "s", -32, Stage::Live) };
    let mut next = need("b", "s", 0, Stage::Booked);
    next.alert = Some("seat_busy".to_owned());
    let steps = plan(&snapshot(1, Vec::new(), vec![over, next.clone()]));
    let of_next =
        |step: &&Step| matches!(step, Step::Alert { meeting, .. } | Step::Clear { meeting } if *meeting == next.meeting);
    assert_eq!(steps.iter().filter(of_next).count(), 0, "{steps:?}");
}

#[test]
fn nobody_is_a_no_show_before_the_promised_license_has_come() {
    let waits = need("m", "s", 0, Stage::Booked);
    let none = Vec::new;
    let gives_up = |snapshot: &Snapshot| plan(snapshot).contains(&Step::GiveUp { meeting: waits.meeting.clone() });
    let told = Step::Alert { meeting: waits.meeting.clone(), problem: Problem::NoneFree };
    assert_eq!(plan(&snapshot(20, none(), vec![waits.clone()])), [told], "its host may be waiting for it");
    assert_eq!(plan(&snapshot(20, vec![row(1, Slot::Free)], vec![waits.clone()])), [attach(1, &waits)]);
    let came = || vec![row(1, Slot::Attached(Claim { since: at(22), ..on("s") }))];
    assert!(!gives_up(&snapshot(34, came(), vec![waits.clone()])), "fourteen minutes to notice it");
    assert!(gives_up(&snapshot(37, came(), vec![waits.clone()])));
    assert!(gives_up(&snapshot(35, none(), vec![waits.clone()])), "nothing is promised any more");
    let short = Need { licensed: false, ..waits.clone() };
    assert!(gives_up(&snapshot(15, none(), vec![short])), "to this one no license was promised");
}

#[test]
fn a_running_meeting_near_its_cut_comes_before_one_whose_host_is_late() {
    let mut running = need("r", "s1", 0, Stage::Live);
    running.hold.1 = at(60);
    let late = need("b", "s2", 32, Stage::Booked);
    let first = |minute: i64| plan(&snapshot(minute, vec![row(1, Slot::Free)], vec![late.clone(), running.clone()]))[0].clone();
    assert_eq!(first(34), attach(1, &late), "there are minutes yet");
    assert_eq!(first(36), attach(1, &running));
}

#[test]
fn what_leaves_already_is_not_one_too_many() {
    let mut rows = vec![row(1, Slot::Attached(on("s1"))), row(2, Slot::Detaching(on("s2")))];
    rows[1].1 = Some(at(1));
    let mut lowered = lazily(0, rows, Vec::new());
    lowered.settings.licenses = 1;
    assert_eq!(plan(&lowered), []);
    (lowered.rows[1].1, lowered.rows[1].0.retry_at) = (None, Some(at(5)));
    assert_eq!(plan(&lowered), [detach(1, "s1")], "what rests after a refusal may be long in coming");
}

#[test]
fn whoever_is_shut_out_is_told_as_long_as_they_are() {
    let over = Need { host: UserId::new("other"), ..need("a", "s", -60, Stage::Live) };
    let mut next = need("b", "s", 0, Stage::Booked);
    next.alert = Some("seat_busy".to_owned());
    let rows = vec![row(1, Slot::Attached(on("s")))];
    let steps = plan(&snapshot(40, rows, vec![over, next.clone()]));
    assert!(!steps.contains(&Step::Clear { meeting: next.meeting }), "{steps:?}");
}

#[test]
fn what_was_cancelled_attracts_no_license() {
    // Without lead the hold of a meeting that was cancelled before it began is empty, and still to come.
    let cancelled = Need { hold: (at(5), at(5)), ..need("m", "s", 5, Stage::Cancelled) };
    let mut nearly = snapshot(5, vec![row(1, Slot::Free)], vec![cancelled]);
    nearly.now = at(5) - Span::seconds(10);
    assert_eq!(plan(&nearly), []);
    nearly.needs[0] = Need { hold: (at(5), at(40)), ..need("m", "s", 5, Stage::Booked) };
    assert!(matches!(plan(&nearly)[..], [Step::Attach { license: 1, .. }]), "{:?}", plan(&nearly));
}
