//! A meeting's whole life through the real verbs: booked, licensed, live, ended, free again; with webhooks that come twice,
//! late, in the wrong order or not at all, and a process that dies in between.

use duologue::app::bookings::{Answer, Cancellation, Time};
use duologue::app::join::Door;
use duologue::app::start::{Start, With};
use duologue::domain::admission::Refusal;
use duologue::domain::meeting::Stage;
use duologue::domain::names::Topic;
use duologue::domain::pool::Place;
use duologue::domain::seat::License;
use duologue::domain::time::{Span, Window};
use duologue::store::{DatabaseUrl, Store, StoreError, audit, migrate, moves};
use duologue::zoom::simulator::{Fault, Odds};

use crate::support::database::{Database, both_databases};
use crate::support::wire::End;
use crate::support::world::{World, minutes, monday};

#[tokio::test]
async fn booked_started_ended_and_the_license_goes_back() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.settle().await;
    assert!(world.meeting(&world.acme, &meeting).await.room.is_some(), "Zoom knows it soon after it was booked");
    assert_eq!(world.mailbox.list().len(), 1, "the client is invited once");

    world.at(54).await;
    assert_eq!(world.attached().await, 0, "not before the lead");
    world.at(55).await;
    assert_eq!(world.attached().await, 1, "five minutes before the start");
    assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 1);

    world.at(60).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);

    world.at(85).await;
    world.end(number);
    world.settle().await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Ended);
    assert_eq!(world.attached().await, 1, "it stays for people who come back");
    world.pass(minutes(2)).await;
    assert_eq!(world.attached().await, 0);
    assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 0);
}

#[tokio::test]
async fn the_last_license_is_refused_with_the_nearest_times() {
    let world = World::in_memory(1).await;
    world.booked(&world.acme, 0, 60, 30).await;
    let Answer::Refused { refusal, nearest, .. } = world.book(&world.globex, 0, 75, 30).await else { panic!("accepted") };
    assert_eq!(refusal, Refusal::PoolFull);
    assert_eq!(nearest.len(), 3);
    let booking = world.booking(&world.globex.users[0], (nearest[0] - monday()).as_minutes(), 30);
    let taken = world.app.book(&world.globex.scope, &world.globex.users[0], booking).await.unwrap();
    assert!(matches!(taken, Answer::Accepted(_)), "what is offered is accepted: {taken:?}");
}

#[tokio::test]
async fn three_times_are_offered_even_when_there_are_not_three_within_a_week() {
    let world = World::in_memory(1).await;
    for block in 0..22 {
        world.booked(&world.acme, 0, 40 + block * 480, 480).await;
    }
    let Answer::Refused { nearest, .. } = world.book(&world.globex, 0, 75, 30).await else { panic!("accepted") };
    let offered: Vec<i64> = nearest.iter().map(|start| (*start - monday()).as_minutes()).collect();
    assert_eq!(offered, [0, 10_610, 10_615], "one before all of them, and two after");
}

#[tokio::test]
async fn a_press_of_start_does_not_go_along_when_the_meeting_is_moved_away_from_it() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(59).await;
    let go = world.app.start(&world.acme.scope, &world.acme.users[0], &meeting, With::License).await.unwrap();
    assert!(matches!(go, Start::Go(_)), "{go:?}");
    world.at(62).await;
    let link = world.app.keys.join_token(&meeting, 1);
    let door = async || world.app.look_behind(&link).await.unwrap().unwrap().door;
    let moved = async |topic: &str, minute: i64| {
        let time = Time {
            window: Window::lasting(monday() + minutes(minute), minutes(30)),
            ..world.booking(&world.acme.users[0], 0, 5).time
        };
        let topic = Topic::parse(topic).unwrap();
        world.app.reschedule(&world.acme.scope, &world.acme.users[0], &meeting, topic, time).await.unwrap()
    };
    assert!(matches!(door().await, Door::Open(_)), "the host has Zoom's link");
    assert_eq!(moved("Another topic", 60).await, Answer::Accepted(meeting.clone()));
    assert!(matches!(door().await, Door::Open(_)), "the time is the same");
    assert_eq!(moved("Another topic", 65).await, Answer::Accepted(meeting.clone()));
    assert!(matches!(door().await, Door::Open(_)), "it still is the time");
    assert_eq!(moved("Another topic", 300).await, Answer::Accepted(meeting.clone()));
    assert_eq!(door().await, Door::Early, "nobody is there hours before");
}

#[tokio::test]
async fn the_same_form_posted_twice_makes_one_meeting() {
    let world = World::in_memory(2).await;
    let booking = world.booking(&world.acme.users[0], 60, 30);
    let first = world.app.book(&world.acme.scope, &world.acme.users[0], booking.clone()).await.unwrap();
    let second = world.app.book(&world.acme.scope, &world.acme.users[0], booking).await.unwrap();
    assert_eq!(first, second);
    world.settle().await;
    assert_eq!(world.mailbox.list().len(), 1);
}

#[tokio::test]
async fn webhooks_twice_and_in_the_wrong_order_have_one_effect() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    let started = world.outgoing();
    world.clock.advance(std::time::Duration::from_mins(10));
    world.end(number);
    let ended = world.outgoing();
    for webhook in ended.iter().chain(&started).chain(&ended).chain(&started) {
        world.deliver(webhook).await;
    }
    world.work().await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Ended);
    world.pass(minutes(3)).await;
    assert_eq!(world.attached().await, 0);
}

#[tokio::test]
async fn a_late_end_of_an_old_run_does_not_take_the_license_of_the_new_one() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    world.clock.advance(std::time::Duration::from_mins(5));
    world.end(number);
    let late = world.outgoing();
    world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    for webhook in &late {
        world.deliver(webhook).await;
    }
    world.pass(minutes(5)).await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);
    assert_eq!(world.attached().await, 1);
}

#[tokio::test]
async fn without_any_webhook_the_polls_find_start_and_end() {
    let world = World::in_memory(1).await;
    world.zoom(|zoom, _| zoom.faults_mut().set(Fault::WebhookLost, Odds { next: 0, per_mille: 1000 }));
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.pass(minutes(3)).await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);
    world.at(80).await;
    world.end(number);
    world.pass(minutes(4)).await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Ended);
    world.pass(minutes(1)).await;
    assert_eq!(world.attached().await, 0);
}

/// How often licenses were put on seats and taken off today, and how many audit rows tell of the latter.
async fn moved(world: &World) -> (u32, u32, usize) {
    let (pass, now) = (world.console.clone(), world.now());
    let read = world.app.store.read::<_, StoreError, _>(move |tx| {
        let moves = moves::on_day(tx, now)?;
        Ok((moves.attaches, moves.detaches, audit::latest(tx, &pass, &["license.detached"], 9)?.len()))
    });
    read.await.unwrap()
}

#[tokio::test]
async fn a_process_that_dies_between_claim_and_proof_is_settled_by_the_next() {
    for end in [End::DiesBefore, End::DiesAfter] {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("d.db"));
        migrate::up(&url).unwrap();
        let mut world = World::new(Store::open(&url).unwrap(), 1).await;
        let meeting = world.booked(&world.acme, 0, 60, 30).await;
        world.settle().await;
        world.wire.ends(end);
        world.clock.set(crate::support::world::monday() + minutes(55));
        // The process is at work when it dies: what it was doing is dropped where it stands, and nothing is tidied up.
        tokio::select! {
            () = world.work() => panic!("it did not die"),
            () = world.wire.dead() => {}
        }
        let at_zoom = u32::from(end == End::DiesAfter);
        assert_eq!(world.licenses().await[0].slot.place(), Place::Attaching, "{end:?}");
        assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), at_zoom, "{end:?}");
        world.restart(Store::open(&url).unwrap());
        world.pass(minutes(4)).await;
        assert_eq!(world.licenses().await[0].slot.place(), Place::Attached, "{end:?}");
        assert_eq!(moved(&world).await, (1, 0, 0), "{end:?}: what never was on the seat was not taken off it");
        world.at(60).await;
        world.start(&world.acme, 0, &meeting).await;
        assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 1, "{end:?}");
    }
}

#[tokio::test]
async fn a_meeting_nobody_starts_is_missed_and_can_still_be_started() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(75).await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Missed);
    assert_eq!(world.attached().await, 0, "the license went back");
    world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);
    assert_eq!(world.attached().await, 1);
}

#[tokio::test]
async fn a_meeting_that_runs_over_keeps_its_license_and_admission_counts_it() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    world.start(&world.acme, 0, &meeting).await;
    world.at(130).await;
    assert_eq!(world.attached().await, 1);
    let Answer::Refused { refusal, .. } = world.book(&world.globex, 0, 135, 30).await else { panic!("accepted into an overrun") };
    assert_eq!(refusal, Refusal::PoolFull);
}

#[tokio::test]
async fn the_host_can_start_early_when_a_license_is_free_and_is_told_when_not() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 120, 30).await;
    world.at(30).await;
    world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);

    let world = World::in_memory(1).await;
    let later = world.booked(&world.acme, 0, 120, 30).await;
    world.booked(&world.globex, 0, 30, 30).await;
    world.at(30).await;
    let start = world.app.start(&world.acme.scope, &world.acme.users[0], &later, With::License).await.unwrap();
    assert!(matches!(start, Start::Refused(Refusal::PoolFull)), "{start:?}");
    assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 1);
}

#[tokio::test]
async fn a_host_may_begin_without_a_license_when_zoom_has_none() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.settle().await;
    // A person at Zoom's console gave our license to somebody else.
    world.zoom(|zoom, now| {
        let other = zoom.add_user(now, "boss@ours.example", "The", "Boss", License::Basic);
        zoom.set_license_by_hand(now, &other, License::Licensed).unwrap();
    });
    world.at(60).await;
    let start = world.app.start(&world.acme.scope, &world.acme.users[0], &meeting, With::License).await.unwrap();
    assert!(matches!(start, Start::NoLicense(_)), "{start:?}");
    let start = world.app.start(&world.acme.scope, &world.acme.users[0], &meeting, With::WhateverThereIs).await.unwrap();
    assert!(matches!(start, Start::Go(_)), "{start:?}");
}

#[tokio::test]
async fn cancelling_tells_the_client_and_frees_the_time() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.settle().await;
    let number = world.meeting(&world.acme, &meeting).await.room.unwrap().number;
    let done = world.app.cancel(&world.acme.scope, &world.acme.users[0], &meeting).await.unwrap();
    assert_eq!(done, Cancellation::Done);
    world.settle().await;
    assert_eq!(world.mailbox.list().len(), 2);
    assert!(world.zoom(|zoom, _| zoom.find_meeting(number).is_none()), "Zoom has deleted it");
    assert!(matches!(world.book(&world.globex, 0, 60, 30).await, Answer::Accepted(_)));
}

#[tokio::test]
async fn the_client_waits_until_the_host_is_there_and_goes_in_with_one_click() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.settle().await;
    let link = world.app.join_link(&meeting, 1);
    let token = link.rsplit('/').next().unwrap().to_owned();
    assert_eq!(world.app.look_behind(&token).await.unwrap().unwrap().door, Door::Early);
    world.at(58).await;
    assert_eq!(world.app.arrive(&token).await.unwrap().unwrap().door, Door::HostMissing);
    world.at(60).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    let door = world.app.look_behind(&token).await.unwrap().unwrap().door;
    assert!(matches!(&door, Door::Open(url) if url.contains(&number.to_string())), "{door:?}");
    world.end(number);
    world.settle().await;
    assert_eq!(world.app.look_behind(&token).await.unwrap().unwrap().door, Door::Over);
    assert!(world.app.look_behind("unknown-token").await.unwrap().is_none());
    world.pass(Span::hours(25)).await;
    assert!(world.app.look_behind(&token).await.unwrap().is_none(), "a day later the link is nothing any more");
}

both_databases! {
    /// The main path as it goes wrong on a bad day, on both databases: every webhook twice and the end before the start, and
    /// another process after each step.
    async fn a_bad_day_ends_well(db: Database) {
        let mut world = World::new(Store::open(&db.url).unwrap(), 1).await;
        let meeting = world.booked(&world.acme, 0, 60, 30).await;
        world.restart(Store::open(&db.url).unwrap());
        world.settle().await;
        world.restart(Store::open(&db.url).unwrap());
        world.at(60).await;
        assert_eq!(world.attached().await, 1);
        world.restart(Store::open(&db.url).unwrap());
        let number = world.start(&world.acme, 0, &meeting).await;
        let started = world.outgoing();
        world.restart(Store::open(&db.url).unwrap());
        world.clock.advance(std::time::Duration::from_mins(20));
        world.end(number);
        let ended = world.outgoing();
        for webhook in ended.iter().chain(&started).chain(&started).chain(&ended) {
            world.deliver(webhook).await;
        }
        world.restart(Store::open(&db.url).unwrap());
        world.work().await;
        assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Ended);
        world.pass(minutes(3)).await;
        assert_eq!((world.attached().await, world.zoom(|zoom, _| zoom.licenses_in_use())), (0, 0));
        assert_eq!(world.mailbox.list().len(), 1, "one letter, however often the process died");
    }
}
