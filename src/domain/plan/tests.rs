//! The plan by example.

mod frozen;
mod waiting;

use super::*;
use crate::domain::pool::{Claim, Place, Release, Slot, Strategy};

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
        host: UserId::new(format!("host of {seat}")),
        seat: SeatId::new(seat),
        stage,
        window: Window::new(at(start), at(start + 30)).unwrap(),
        hold: (at(start - 5), at(start + 35)),
        licensed: true,
        licensed_since: None,
        live_since: (stage == Stage::Live).then(|| at(start)),
        ended_at: None,
        free_since: None,
        start_clicked_at: None,
        at_zoom: true,
        polled_at: None,
        absences: 0,
        alert: None,
    }
}

fn snapshot(minute: i64, rows: Vec<(PoolRow, Option<Instant>)>, mut needs: Vec<Need>) -> Snapshot {
    for claim in rows.iter().filter(|(row, _)| row.slot.place() == Place::Attached).filter_map(|(row, _)| row.slot.claim()) {
        needs.iter_mut().filter(|need| need.seat == claim.seat).for_each(|need| need.licensed_since = Some(claim.since));
    }
    let settings = PoolSettings { licenses: u32::try_from(rows.len()).unwrap(), ..PoolSettings::defaults() };
    Snapshot {
        now: at(minute),
        settings,
        rows,
        needs,
        moves_today: Moves::default(),
        next_holds: BTreeMap::new(),
        barred: BTreeSet::new(),
        standing: Vec::new(),
        probe: None,
        webhooks: Webhooks { last: Some(at(minute)), missed: None },
        pressed: None,
    }
}

fn attach(license: u32, need: &Need) -> Step {
    Step::Attach { license, seat: need.seat.clone(), meeting: Some(need.meeting.clone()) }
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
fn a_meeting_nobody_started_is_given_up_and_keeps_its_license_until_zoom_was_asked() {
    let meeting = need("m", "s", 0, Stage::Booked);
    let rows = || vec![row(1, Slot::Attached(on("s")))];
    assert_eq!(plan(&snapshot(15, rows(), vec![meeting.clone()])), [Step::GiveUp { meeting: meeting.meeting.clone() }]);
    let asked = Need { polled_at: Some(at(15)), ..meeting.clone() };
    assert_eq!(plan(&snapshot(16, rows(), vec![asked.clone()])), [], "Zoom did not answer; it is left alone for a moment");
    assert_eq!(plan(&snapshot(17, rows(), vec![asked])), [Step::GiveUp { meeting: meeting.meeting.clone() }]);
    let late = Need { start_clicked_at: Some(at(14)), ..meeting };
    assert!(
        !plan(&snapshot(15, rows(), vec![late])).iter().any(|step| matches!(step, Step::GiveUp { .. })),
        "the host is coming"
    );
}

#[test]
fn a_meeting_that_has_ended_keeps_its_license_for_a_while_and_is_given_none() {
    let mut ended = need("m", "s", 0, Stage::Ended);
    ended.hold.1 = at(22);
    assert_eq!(plan(&snapshot(21, vec![row(1, Slot::Free)], vec![ended])), []);
}

#[test]
fn a_seat_that_zoom_refuses_does_not_hold_up_the_others() {
    let (refused, fine) = (need("a", "s1", 5, Stage::Booked), need("b", "s2", 6, Stage::Booked));
    let mut barred = lazily(4, vec![row(1, Slot::Attached(on("s3")))], vec![refused.clone()]);
    barred.barred.insert(SeatId::new("s1"));
    let told = Step::Alert { meeting: refused.meeting.clone(), problem: Problem::Refused };
    assert_eq!(plan(&barred), std::slice::from_ref(&told), "and no license is taken from another seat for it");
    barred.needs.push(fine.clone());
    barred.rows.push(row(2, Slot::Free));
    barred.settings.licenses = 2;
    assert_eq!(plan(&barred), [attach(2, &fine), told]);
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
    rows[0].1 = Some(at(5));
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

/// The one step of its kind in a plan.
fn polls(snapshot: &Snapshot) -> bool {
    plan(snapshot).iter().any(|step| matches!(step, Step::Poll { .. }))
}

#[test]
fn while_webhooks_can_be_relied_on_a_live_meeting_is_asked_about_only_when_it_is_overdue() {
    let rows = || vec![row(1, Slot::Attached(on("s")))];
    let mut live = need("m", "s", 0, Stage::Live);
    assert!(!polls(&snapshot(29, rows(), vec![live.clone()])));
    live.hold.1 = at(60);
    assert!(polls(&snapshot(35, rows(), vec![live.clone()])), "the end may have been lost");
    live.polled_at = Some(at(35));
    assert!(!polls(&snapshot(39, rows(), vec![live.clone()])));
    assert!(polls(&snapshot(40, rows(), vec![live])));
}

#[test]
fn once_a_webhook_was_missed_every_meeting_that_should_be_live_is_asked_about_every_two_minutes() {
    let rows = || vec![row(1, Slot::Attached(on("s")))];
    let doubted = |minute, need: Need, webhooks| polls(&Snapshot { webhooks, ..snapshot(minute, rows(), vec![need]) });
    let silent = Webhooks { last: None, missed: Some(at(-60)) };
    assert!(doubted(2, need("m", "s", 0, Stage::Live), silent));
    assert!(doubted(2, need("m", "s", 0, Stage::Booked), silent));
    let mut polled = need("m", "s", 0, Stage::Live);
    polled.polled_at = Some(at(2));
    assert!(!doubted(3, polled.clone(), silent));
    assert!(doubted(4, polled, silent));
    let back = Webhooks { last: Some(at(1)), missed: Some(at(-60)) };
    assert!(!doubted(2, need("m", "s", 0, Stage::Live), back), "they come again");
    let just_missed = Webhooks { last: Some(at(2)), missed: Some(at(1)) };
    assert!(doubted(2, need("m", "s", 0, Stage::Live), just_missed), "one that came proves little so soon");
}

#[test]
fn a_host_who_has_zooms_link_and_is_not_heard_of_is_asked_about_less_and_less() {
    let rows = || vec![row(1, Slot::Attached(on("s")))];
    let mut clicked = Need { start_clicked_at: Some(at(0)), ..need("m", "s", 0, Stage::Booked) };
    assert!(!polls(&snapshot(1, rows(), vec![clicked.clone()])));
    assert!(polls(&snapshot(2, rows(), vec![clicked.clone()])));
    (clicked.polled_at, clicked.absences) = (Some(at(2)), 1);
    assert!(!polls(&snapshot(5, rows(), vec![clicked.clone()])));
    assert!(polls(&snapshot(6, rows(), vec![clicked])));
}

#[test]
fn an_alert_is_cleared_when_the_license_has_come() {
    let mut meeting = need("m", "s", 5, Stage::Booked);
    meeting.alert = Some("none_free".to_owned());
    let steps = plan(&snapshot(4, vec![row(1, Slot::Attached(on("s")))], vec![meeting.clone()]));
    assert_eq!(steps, [Step::Clear { meeting: meeting.meeting }]);
}

/// A pool in which licenses stay where they are until they are needed.
fn lazily(minute: i64, rows: Vec<(PoolRow, Option<Instant>)>, needs: Vec<Need>) -> Snapshot {
    let mut lazy = snapshot(minute, rows, needs);
    lazy.settings.release = Release::WhenNeeded;
    lazy
}

fn detach(license: u32, seat: &str) -> Step {
    Step::Detach { license, seat: SeatId::new(seat) }
}

#[test]
fn a_license_that_is_released_when_needed_stays_until_then() {
    let rows = || vec![row(1, Slot::Attached(on("s1")))];
    assert_eq!(plan(&lazily(0, rows(), vec![])), []);
    let other = need("m", "s2", 5, Stage::Booked);
    let steps = plan(&lazily(0, rows(), vec![other.clone()]));
    assert_eq!(steps[0], detach(1, "s1"));
    assert_eq!(
        plan(&lazily(0, rows(), vec![Need { seat: SeatId::new("s1"), ..other }])),
        [],
        "its own seat needs no move at all"
    );
}

#[test]
fn the_license_that_is_needed_last_is_taken_first() {
    let rows = vec![row(1, Slot::Attached(on("s1"))), row(2, Slot::Attached(on("s2"))), row(3, Slot::Attached(on("s3")))];
    let mut lazy = lazily(0, rows, vec![need("m", "s4", 5, Stage::Booked)]);
    lazy.next_holds = BTreeMap::from([(SeatId::new("s1"), at(60)), (SeatId::new("s2"), at(90)), (SeatId::new("s3"), at(30))]);
    assert_eq!(plan(&lazy)[0], detach(2, "s2"));
    lazy.next_holds.remove(&SeatId::new("s3"));
    assert_eq!(plan(&lazy)[0], detach(3, "s3"), "one that nobody has booked is farther away than any");
}

#[test]
fn no_more_licenses_are_taken_than_there_are_meetings_that_wait() {
    let rows = || vec![row(1, Slot::Attached(on("s1"))), row(2, Slot::Attached(on("s2"))), row(3, Slot::Detaching(on("s3")))];
    let taken = |needs: Vec<Need>| {
        let mut lazy = lazily(0, rows(), needs);
        lazy.rows[2].1 = Some(at(1));
        plan(&lazy).into_iter().filter(|step| matches!(step, Step::Detach { .. })).count()
    };
    let waits = |id: &str, seat: &str| need(id, seat, 5, Stage::Booked);
    assert_eq!(taken(vec![waits("m", "s4")]), 0, "the one on its way serves it");
    assert_eq!(taken(vec![waits("m", "s4"), waits("n", "s5")]), 1);
}

#[test]
fn a_surplus_leaves_idle_seats_also_where_licenses_stay() {
    let rows = vec![row(1, Slot::Attached(on("s1"))), row(2, Slot::Attached(on("s2")))];
    let mut lowered = lazily(0, rows, vec![need("m", "s2", 0, Stage::Live)]);
    lowered.settings.licenses = 1;
    assert_eq!(plan(&lowered), [detach(1, "s1")]);
}

#[test]
fn near_the_end_of_the_days_budget_licenses_stay_where_they_are() {
    let mut day = snapshot(0, vec![row(1, Slot::Attached(on("s1")))], vec![]);
    day.settings.move_budget = Some(10);
    day.moves_today = Moves { attaches: 7, ..Moves::default() };
    assert_eq!(plan(&day), [detach(1, "s1")]);
    day.moves_today.attaches = 8;
    assert_eq!(plan(&day), []);
}

#[test]
fn where_licenses_stand_free_ones_go_to_their_seats_and_stay() {
    let mut standing = snapshot(0, vec![row(1, Slot::Free), row(2, Slot::Attached(on("s2")))], vec![]);
    standing.settings.strategy = Strategy::Standing;
    standing.standing = vec![SeatId::new("s2"), SeatId::new("s1"), SeatId::new("s3")];
    let attach = Step::Attach { license: 1, seat: SeatId::new("s1"), meeting: None };
    assert_eq!(plan(&standing), std::slice::from_ref(&attach));
    standing.rows.push(row(3, Slot::Attached(on("nobody's"))));
    standing.settings.licenses = 3;
    assert_eq!(plan(&standing), [attach, detach(3, "nobody's")], "where it can serve nobody it does not stay");
}

#[test]
fn the_host_who_presses_start_comes_first_and_may_try_a_license_that_rests() {
    let (sooner, pressing) = (need("a", "s1", 5, Stage::Booked), need("b", "s2", 9, Stage::Booked));
    let mut pressed = snapshot(4, vec![row(1, Slot::Free)], vec![sooner.clone(), pressing.clone()]);
    pressed.rows[0].0.retry_at = Some(at(5));
    assert!(!plan(&pressed).iter().any(|step| matches!(step, Step::Attach { .. })));
    pressed.pressed = Some(pressing.meeting.clone());
    assert!(plan(&pressed).contains(&attach(1, &pressing)), "{:?}", plan(&pressed));
}

#[test]
fn a_rush_begins_early_enough_for_the_last_of_them() {
    let needs: Vec<Need> = (0..600)
        .map(|n| Need { hold: (at(10), at(40)), ..need(&format!("m{n:03}"), &format!("s{n:03}"), 10, Stage::Booked) })
        .collect();
    let attached = |seconds: i64| {
        let mut rush = snapshot(0, (1..=600).map(|number| row(number, Slot::Free)).collect(), needs.clone());
        rush.now = at(10) - Span::seconds(seconds);
        plan(&rush).into_iter().filter(|step| matches!(step, Step::Attach { .. })).count()
    };
    assert_eq!(attached(151), 0, "two minutes for six hundred, and half a minute to spare");
    assert!((1..600).contains(&attached(100)));
    assert_eq!(attached(30), 600);
}

#[test]
fn a_meeting_that_runs_without_a_promise_takes_no_license_and_its_host_is_told() {
    let mut without = need("m", "s", 0, Stage::Live);
    without.licensed = false;
    let steps = plan(&snapshot(10, vec![row(1, Slot::Free)], vec![without.clone()]));
    assert_eq!(steps, [], "a short one is planned that way");
    let steps = plan(&snapshot(26, vec![row(1, Slot::Free)], vec![without.clone()]));
    assert_eq!(steps, [Step::Alert { meeting: without.meeting, problem: Problem::NoneFree }]);
}

#[test]
fn the_steps_of_a_plan_never_touch_the_same_license_or_seat() {
    // Every place a row can be in, against meetings in every stage on the same seats.
    let places =
        [Slot::Free, Slot::Attached(on("s1")), Slot::Attached(on("s2")), Slot::Attaching(on("s3")), Slot::Detaching(on("s4"))];
    let rows: Vec<_> = places.into_iter().zip(1..).map(|(slot, number)| row(number, slot)).collect();
    let stages = [Stage::Booked, Stage::Live, Stage::Ended, Stage::Missed, Stage::Cancelled];
    for minute in -6..60 {
        for (shift, stage) in stages.into_iter().enumerate() {
            let needs = (0..6).map(|n| need(&format!("m{n}"), &format!("s{}", (n + shift) % 6), n as i64 * 4, stage)).collect();
            let steps = plan(&lazily(minute, rows.clone(), needs));
            let mut touched = std::collections::BTreeSet::new();
            for step in &steps {
                let (license, seat) = match step {
                    Step::Attach { license, seat, .. } | Step::Detach { license, seat } => (*license, Some(seat.clone())),
                    Step::Settle { license } => (*license, None),
                    _ => continue,
                };
                assert!(touched.insert(license.to_string()), "{steps:?}");
                assert!(seat.is_none_or(|seat| touched.insert(seat.to_string())), "{steps:?}");
            }
        }
    }
}
