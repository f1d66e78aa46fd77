//! What is asked of Zoom when it does not play along: once by whoever waits, and not over and over by the background. And what
//! somebody is promised who asks at an unusual time.

use duologue::app::bookings::Answer;
use duologue::app::line::Wait;
use duologue::app::start::{Start, With};
use duologue::domain::admission::Refusal;
use duologue::domain::meeting::Stage;
use duologue::domain::pool::{Freeze, Place};
use duologue::domain::time::Span;
use duologue::zoom::simulator::{Fault, Odds};

use crate::short::allow_short_meetings;
use crate::support::world::{World, minutes};

const ALWAYS: Odds = Odds { next: 0, per_mille: 1000 };
const NEVER: Odds = Odds { next: 0, per_mille: 0 };

async fn freeze(world: &World) -> Option<Freeze> {
    world.app.pool(&world.console).await.unwrap().settings.freeze
}

/// Two meetings of minute 30 wait for their licenses, Zoom has refused one at minute 25, and would not refuse any more.
async fn frozen() -> World {
    let world = World::in_memory(2).await;
    world.booked(&world.acme, 0, 30, 60).await;
    world.booked(&world.globex, 0, 30, 60).await;
    world.zoom(|zoom, _| zoom.faults_mut().set(Fault::LicenseFreeze, ALWAYS));
    world.at(26).await;
    assert!(freeze(&world).await.is_some());
    world.zoom(|zoom, _| zoom.faults_mut().set(Fault::LicenseFreeze, NEVER));
    world
}

async fn occupied(world: &World) -> usize {
    world.licenses().await.iter().filter(|row| row.slot.place() != Place::Free).count()
}

#[tokio::test]
async fn a_probe_that_fails_for_another_reason_is_repeated_no_sooner_than_one_that_is_refused() {
    let world = frozen().await;
    let probe_at = freeze(&world).await.expect("Zoom has refused").probe_at;
    world.zoom(|zoom, _| zoom.faults_mut().set(Fault::NotApplied, ALWAYS));
    world.at(42).await;
    assert!(probe_at <= world.now(), "the probe was due");
    let again = freeze(&world).await.expect("nothing has shown that it is over");
    assert!(again.probe_at >= probe_at + Freeze::PAUSE - Span::seconds(1), "{again:?}");
    assert!(occupied(&world).await <= 1, "one license was tried, on one seat: {:?}", world.licenses().await);
    world.zoom(|zoom, _| zoom.faults_mut().reset());
    world.at(60).await;
    assert_eq!((freeze(&world).await, world.attached().await), (None, 2));
}

#[tokio::test]
async fn a_probe_that_zoom_carried_out_without_an_answer_ends_the_freeze_when_that_is_known() {
    let world = frozen().await;
    world.zoom(|zoom, _| zoom.faults_mut().set(Fault::NoAnswer, ALWAYS));
    world.at(42).await;
    assert!(freeze(&world).await.is_some(), "nobody knows yet");
    assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 1, "the probe was carried out");
    world.zoom(|zoom, _| zoom.faults_mut().reset());
    world.at(48).await;
    assert_eq!((freeze(&world).await, world.attached().await), (None, 2));
}

#[tokio::test]
async fn who_presses_start_is_not_told_that_zoom_did_not_answer_when_it_was_not_asked() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 60).await;
    world.at(10).await;
    world.zoom(|zoom, _| zoom.faults_mut().set(Fault::ServerError, ALWAYS));
    world.at(60).await;
    // Until it rests for longer than a person waits for their page.
    let rests = async || world.licenses().await[0].retry_at.is_some_and(|at| at > world.now() + minutes(1));
    for _ in 0..40 {
        if rests().await {
            break;
        }
        world.pass(Span::seconds(10)).await;
    }
    assert!(rests().await, "{:?}", world.licenses().await);
    world.zoom(|zoom, _| zoom.faults_mut().reset());
    let start = world.app.start(&world.acme.scope, &world.acme.users[0], &meeting, With::License).await.unwrap();
    assert!(matches!(start, Start::Go(_)), "{start:?}");
    assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 1);
}

#[tokio::test]
async fn who_asks_comes_before_those_who_are_merely_insured_and_is_told_so() {
    let world = World::in_memory(1).await;
    allow_short_meetings(&world).await;
    let long = world.booked(&world.globex, 0, 60, 120).await;
    let short = [world.booked(&world.acme, 0, 60, 35).await, world.booked(&world.acme, 1, 60, 35).await];
    world.at(60).await;
    world.start(&world.globex, 0, &long).await;
    for (host, meeting) in short.iter().enumerate() {
        world.start(&world.acme, host, meeting).await;
    }
    world.settle().await;
    world.at(87).await;
    let other = world.with_party("initech", 1).await;
    let now = world.on_the_spot(&other.users[0], 45, false);
    let answer = world.app.book(&other.scope, &other.users[0], now).await.unwrap();
    let Answer::Refused { wait, .. } = answer else { panic!("{answer:?}") };
    assert!(matches!(wait, Some(Wait { position: 1, .. })), "{wait:?}");
}

#[tokio::test]
async fn who_begins_a_whole_day_early_keeps_what_was_promised_for_its_end() {
    let world = World::in_memory(1).await;
    let day = world.booked(&world.acme, 0, 125, 480).await;
    world.at(10).await;
    world.start(&world.acme, 0, &day).await;
    world.settle().await;
    let promised = world.meeting(&world.acme, &day).await.hold;
    assert!(promised.end() >= world.now() + minutes(595), "{promised:?}");
    let late = world.book(&world.globex, 0, 560, 30).await;
    assert!(matches!(late, Answer::Refused { refusal: Refusal::PoolFull, .. }), "{late:?}");
}

#[tokio::test]
async fn nobody_is_a_no_show_while_zoom_refuses_to_say_whether_they_meet() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(59).await;
    world.zoom(|zoom, _| {
        let asks = "meeting:read:meeting:admin";
        let others: Vec<&str> = zoom.settings().scopes.split(' ').filter(|scope| *scope != asks).collect();
        zoom.settings_mut().scopes = others.join(" ");
    });
    world.at(90).await;
    assert_eq!((world.stage(&world.acme, &meeting).await, world.attached().await), (Stage::Booked, 1));
    world.at(100).await;
    assert_eq!((world.stage(&world.acme, &meeting).await, world.attached().await), (Stage::Missed, 0), "its time is over");
}
