//! Days whose answer is plain to see.

use super::super::answer::{Case, find};
use super::super::described::{Description, draw, hosts, tenant};
use super::super::paper::{Attempt, alone};
use super::super::recorded::attempts;
use super::super::replay::{Day, busiest_hour, replay, utilization};
use super::{ask, at, pool, shares};
use crate::clock::Ids;
use crate::domain::admission::Refusal;
use crate::domain::meeting::Kind;
use crate::domain::pool::PoolSettings;
use crate::domain::time::{Span, Window};
use crate::store::meetings::PastMeeting;
use crate::store::refusals::Shown;

fn first_day(asked: &[Attempt], licenses: u32) -> Day {
    replay(asked, &pool(licenses), &shares(9)).remove(&0).unwrap()
}

fn three_at_once() -> Vec<Attempt> {
    ["ana", "bo", "cy"].into_iter().enumerate().map(|(wish, host)| ask(wish, host, 0, (600, 660))).collect()
}

#[test]
fn of_three_at_once_two_licenses_refuse_one() {
    let day = first_day(&three_at_once(), 2);
    assert_eq!((day.asked, day.refused, day.peak()), (3, 1, 2));
    assert_eq!(first_day(&three_at_once(), 3).refused, 0);
}

#[test]
fn one_host_back_to_back_needs_one_license() {
    let day = first_day(&[ask(0, "bo", 0, (600, 630)), ask(1, "bo", 0, (630, 660))], 1);
    assert_eq!((day.asked, day.refused, day.peak()), (2, 0, 1));
}

#[test]
fn what_no_license_helps_is_counted_apart() {
    let twice = [ask(0, "bo", 0, (600, 660)), ask(1, "bo", 0, (630, 690))];
    let day = first_day(&twice, 2);
    assert_eq!((day.asked, day.refused, day.busy), (1, 0, 1));
    let days = replay(&three_at_once(), &pool(9), &shares(2));
    assert_eq!((days[&0].asked, days[&0].refused, days[&0].capped), (3, 0, 1));
}

#[test]
fn a_license_given_back_early_is_there_for_whoever_asks_after_that() {
    let missed = Attempt { given_back: Some(at(615)), ..ask(0, "ana", 0, (600, 660)) };
    let on_the_spot = |minute: i64| Attempt { kind: Kind::OnDemand, ..ask(1, "bo", minute, (minute, minute + 20)) };
    assert_eq!(first_day(&[missed.clone(), on_the_spot(610)], 1).refused, 1, "nobody knew it then");
    assert_eq!(first_day(&[missed, on_the_spot(616)], 1).refused, 0);
}

#[test]
fn a_meeting_that_runs_over_uses_a_license_that_was_promised_to_another() {
    let over = Attempt { given_back: Some(at(680)), ..ask(0, "ana", 0, (600, 630)) };
    let day = first_day(&[over, ask(1, "bo", 1, (645, 690))], 1);
    assert_eq!((day.refused, day.peak()), (0, 2), "that is what the spare is for");
}

#[test]
fn a_cancelled_meeting_gives_its_time_back() {
    let cancelled = Attempt { given_back: Some(at(10)), ..ask(0, "ana", 0, (600, 630)) };
    let asked = [cancelled, ask(1, "bo", 5, (600, 630)), ask(2, "cy", 20, (600, 630))];
    let day = first_day(&asked, 1);
    assert_eq!((day.refused, day.peak()), (1, 1));
}

#[test]
fn whoever_takes_another_time_was_refused_once() {
    let asked = [ask(0, "ana", 0, (600, 630)), ask(1, "bo", 1, (600, 630)), ask(1, "bo", 2, (700, 730))];
    let day = first_day(&asked, 1);
    assert_eq!((day.asked, day.refused, day.moved), (2, 1, 1));
    let day = first_day(&asked, 2);
    assert_eq!((day.asked, day.refused, day.moved, day.in_use[700 / 5]), (2, 0, 0, 0), "the other time is not needed");
}

#[test]
fn load_and_use_are_those_of_the_day() {
    // 5 + 50 + 5 minutes are one hour.
    let days = replay(&[ask(0, "ana", 0, (605, 655)), ask(1, "bo", 0, (605, 655))], &pool(4), &shares(9));
    assert!((busiest_hour(&days) - 2.0).abs() < 1e-12 && (utilization(&days, 4) - 0.5).abs() < 1e-12);
}

#[test]
fn the_answer_is_the_fewest_and_shows_its_neighbours() {
    let case = Case { attempts: three_at_once(), hosts: 3, settings: pool(0), shares: shares(9), present: None };
    let answer = find(&case, 0.01, 1);
    assert_eq!((answer.licenses, answer.around, answer.days), (3, 3, 1));
    let refused: Vec<_> = answer.lines.iter().map(|line| (line.licenses, line.refused)).collect();
    assert_eq!(refused, [(2, 1), (3, 0), (4, 0)]);
    let some = find(&case, 0.4, 1);
    assert_eq!(some.licenses, 2, "one in three may be refused");
    let present = find(&Case { present: Some(1), ..case }, 0.01, 0);
    assert_eq!(present.lines.iter().map(|line| line.licenses).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

fn usual(hosts: u32, meetings_per_day: f64) -> Description {
    Description {
        hosts,
        meetings_per_day,
        length: Span::minutes(45),
        hours: (8, 18),
        missed: 0.0,
        on_the_spot: 0.0,
        over: 0.0,
        days: 60,
    }
}

#[test]
fn described_days_are_as_described_and_the_same_again() {
    let description = Description { missed: 0.1, on_the_spot: 0.2, over: 0.3, ..usual(10, 3.0) };
    let days = |seed| draw(&description, &PoolSettings::defaults(), &Ids::seeded(seed));
    let (drawn, again, other) = (days(7), days(7), days(8));
    let text = |attempts: &[Attempt]| format!("{attempts:?}");
    assert!(text(&drawn) == text(&again) && text(&drawn) != text(&other));
    assert_eq!(hosts(&drawn), 10);
    let per_host = drawn.len() as f64 / 600.0;
    assert!((per_host - 3.0).abs() < 0.15, "{per_host}");
    assert!(drawn.is_sorted_by_key(|attempt| attempt.at) && drawn.iter().all(|attempt| attempt.at <= attempt.window.start()));
    let on_the_spot = drawn.iter().filter(|attempt| attempt.kind == Kind::OnDemand).count() as f64 / drawn.len() as f64;
    assert!((on_the_spot - 0.2).abs() < 0.03, "{on_the_spot}");
    let enough = replay(&drawn, &pool(10), &alone(tenant()));
    assert!(enough.values().all(|day| day.refused + day.capped == 0 && day.asked > 0), "everybody has a license");
    let fewer = replay(&draw(&usual(10, 3.0), &PoolSettings::defaults(), &Ids::seeded(7)), &pool(4), &alone(tenant()));
    assert!(fewer.values().all(|day| day.peak() <= 4), "nobody runs over, so never more than there are");
    assert!(fewer.values().any(|day| day.refused > 0), "and more were asked for");
}

#[test]
fn the_answer_is_that_of_another_simulation() {
    // Hosts, meetings of each, and the licenses for 1 %: a simulation made before this one, with a grace of 10 minutes
    // (quality.md B4).
    for (hosts, meetings, expected) in [(5, 1.0, 3), (10, 1.0, 4), (20, 1.0, 6), (10, 3.0, 7), (20, 3.0, 11)] {
        let settings = PoolSettings { grace: Span::minutes(10), ..pool(0) };
        let attempts = draw(&usual(hosts, meetings), &settings, &Ids::seeded(3));
        let case = Case { attempts, hosts, settings, shares: alone(tenant()), present: None };
        let found = find(&case, 0.01, 0).licenses;
        assert!(found.abs_diff(expected) <= 1, "{hosts} hosts, {meetings} a day: {found}, not {expected}");
    }
}

#[test]
fn what_is_on_record_becomes_wishes() {
    let wish = |attempt: &Attempt| (attempt.wish, attempt.at, attempt.host.as_str().to_owned());
    let refused = |host: &str, asked, span| {
        let ask = ask(0, host, asked, span);
        Shown { tenant: ask.tenant, host: ask.host, kind: ask.kind, at: ask.at, refusal: Refusal::PoolFull, window: ask.window }
    };
    let met = |host: &str, asked, span: (i64, i64), licensed| {
        let ask = ask(0, host, asked, span);
        let (tenant, host, kind) = (ask.tenant, ask.host, ask.kind);
        let window = Window::new(at(span.0), at(span.1)).unwrap();
        PastMeeting { tenant, host, kind, window, asked_at: ask.at, given_back: None, licensed }
    };
    let meetings = [met("bo", 12, (700, 720), false), met("bo", 40, (800, 860), false), met("ana", 5, (600, 630), false)];
    let refusals = [refused("bo", 1, (600, 660)), refused("bo", 3, (630, 690)), refused("cy", 100, (900, 930))];
    let attempts = attempts(&meetings, &refusals);
    let wishes: Vec<_> = attempts.iter().map(wish).collect();
    let host = |name: &str| name.to_owned();
    assert_eq!(
        wishes,
        [
            (0, at(1), host("bo")),
            (0, at(3), host("bo")),
            (2, at(5), host("ana")),
            (0, at(12), host("bo")),
            (4, at(40), host("bo")),
            (5, at(100), host("cy")),
        ]
    );
    let licensed: Vec<bool> = attempts.iter().map(|attempt| attempt.licensed).collect();
    assert_eq!(licensed, [true, true, false, true, true, true], "only Ana's short meeting did not want one");
}

#[test]
fn a_meeting_that_needs_no_license_is_no_wish_for_one_but_keeps_its_host_busy() {
    let short = Attempt { licensed: false, ..ask(0, "ana", 0, (600, 630)) };
    let day = first_day(&[short, ask(1, "bo", 1, (600, 660)), ask(2, "cy", 2, (600, 660)), ask(3, "ana", 3, (615, 660))], 1);
    assert_eq!((day.asked, day.refused, day.busy), (2, 1, 1));
}
