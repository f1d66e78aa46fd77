//! Who is given a license that comes free, or that is kept back, and what a freeze does not forget.

use std::time::Duration;

use duologue::app::bell::Lane;
use duologue::app::bookings::Answer;
use duologue::app::start::{Start, With};
use duologue::domain::admission::Refusal;
use duologue::domain::ids::MeetingId;
use duologue::domain::meeting::Stage;
use duologue::domain::pool::{Freeze, PoolSettings, Release};
use duologue::keeper;
use duologue::store::{moves, pool};
use duologue::zoom::simulator::{Fault, Odds};

use crate::support::world::{Party, World, minutes};

async fn set_pool(world: &World, change: impl FnOnce(PoolSettings) -> PoolSettings) {
    let settings = world.app.pool(&world.console).await.unwrap().settings;
    world.app.set_pool(&world.console, change(settings)).await.unwrap().unwrap();
}

async fn freeze(world: &World) -> Option<Freeze> {
    world.app.store.read(pool::settings).await.unwrap().freeze
}

/// Somebody asks for a meeting now, and waits in line for its license.
async fn asks_now(world: &World, party: &Party, length: i64) -> MeetingId {
    let asks = world.on_the_spot(&party.users[0], length, true);
    let answer = world.app.book(&party.scope, &party.users[0], asks).await.unwrap();
    let Answer::InLine(meeting) = answer else { panic!("not in line: {answer:?}") };
    meeting
}

#[tokio::test]
async fn who_starts_a_later_meeting_early_does_not_overtake_the_line() {
    let world = World::in_memory(1).await;
    let (acme, globex) = (&world.acme, &world.globex);
    let first = world.booked(acme, 0, 60, 30).await;
    let later = world.booked(acme, 1, 150, 30).await;
    world.at(60).await;
    let number = world.start(acme, 0, &first).await;
    world.settle().await;
    let waiting = asks_now(&world, globex, 20).await;
    world.at(80).await;
    world.end(number);
    for webhook in world.outgoing() {
        world.deliver(&webhook).await;
    }
    keeper::run(&world.app, Lane::Inbox).await.unwrap();
    // The license is free, and the keeper has not looked yet.
    world.clock.advance(Duration::from_mins(6));
    let pressed = world.app.start(&acme.scope, &acme.users[1], &later, With::License).await.unwrap();
    assert!(matches!(pressed, Start::Refused(Refusal::PoolFull)), "{pressed:?}");
    assert!(world.meeting(globex, &waiting).await.licensed);
}

#[tokio::test]
async fn a_meeting_that_zoom_would_cut_gets_also_the_license_that_is_kept_back() {
    let world = World::in_memory(1).await;
    let acme = &world.acme;
    set_pool(&world, |settings| PoolSettings { spare: Some(1), ..settings }).await;
    world.at(60).await;
    let meeting = asks_now(&world, acme, 45).await;
    world.start_with(acme, 0, &meeting, With::WhateverThereIs).await;
    world.settle().await;
    world.at(94).await;
    assert_eq!((world.stage(acme, &meeting).await, world.attached().await), (Stage::Live, 0), "not before it is needed");
    world.at(96).await;
    assert_eq!(world.attached().await, 1);
    world.at(104).await;
    assert_eq!(world.stage(acme, &meeting).await, Stage::Live);
}

#[tokio::test]
async fn a_license_that_stays_where_it_is_is_promised_to_who_begins_there_if_it_is_promised_to_nobody() {
    let world = World::in_memory(1).await;
    let (acme, globex) = (&world.acme, &world.globex);
    set_pool(&world, |settings| PoolSettings { release: Release::WhenNeeded, ..settings }).await;
    let early = world.booked(acme, 0, 60, 30).await;
    world.at(60).await;
    let number = world.start(acme, 0, &early).await;
    world.settle().await;
    world.at(80).await;
    world.end(number);
    let three = world.booked(globex, 0, 160, 30).await;
    set_pool(&world, |settings| PoolSettings { spare: Some(1), ..settings }).await;
    world.at(90).await;
    let meeting = asks_now(&world, acme, 40).await;
    set_pool(&world, |settings| PoolSettings { spare: Some(0), ..settings }).await;
    world.start_with(acme, 0, &meeting, With::WhateverThereIs).await;
    world.settle().await;
    assert!(world.meeting(acme, &meeting).await.is_promised_at(world.now()));
    let moves = world.app.store.read({
        let now = world.now();
        move |tx| moves::on_day(tx, now)
    });
    let moves = moves.await.unwrap();
    assert_eq!((moves.attaches, moves.detaches), (1, 0), "nothing moved for it");
    assert!(world.meeting(globex, &three).await.licensed);
}

#[tokio::test]
async fn what_runs_with_a_license_that_nobody_promised_it_is_counted() {
    let world = World::in_memory(1).await;
    let (acme, globex) = (&world.acme, &world.globex);
    set_pool(&world, |settings| PoolSettings { release: Release::WhenNeeded, late_attach: false, ..settings }).await;
    let early = world.booked(acme, 0, 60, 30).await;
    world.at(60).await;
    let Start::Go(link) = world.app.start(&acme.scope, &acme.users[0], &early, With::License).await.unwrap() else { panic!() };
    let link = url::Url::parse(link.reveal()).unwrap();
    let zak = link.query_pairs().find(|(name, _)| name == "zak").unwrap().1.into_owned();
    let number = world.start(acme, 0, &early).await;
    world.settle().await;
    world.at(80).await;
    world.end(number);
    world.at(100).await;
    assert_eq!(world.attached().await, 1, "it stays where it was");
    // The host takes the meeting up again with Zoom's own link.
    world.zoom(|zoom, now| zoom.host_arrives(now, number, &zak, false)).unwrap();
    world.settle().await;
    assert_eq!(world.stage(acme, &early).await, Stage::Live);
    let asked = world.book(globex, 0, 105, 30).await;
    assert!(matches!(asked, Answer::Refused { refusal: Refusal::PoolFull, .. }), "{asked:?}");
}

#[tokio::test]
async fn what_zoom_allowed_before_it_froze_does_not_end_the_freeze() {
    let world = World::in_memory(2).await;
    world.booked(&world.acme, 0, 60, 30).await;
    world.at(54).await;
    world.clock.advance(Duration::from_mins(1));
    // Zoom does the first and never says so; the second it refuses.
    let fault = |fault, odds| world.zoom(|zoom, _| zoom.faults_mut().set(fault, odds));
    fault(Fault::NoAnswer, Odds { next: 1, per_mille: 0 });
    keeper::run(&world.app, Lane::Licenses).await.unwrap();
    fault(Fault::LicenseFreeze, Odds { next: 0, per_mille: 1000 });
    world.booked(&world.globex, 0, 60, 30).await;
    keeper::run(&world.app, Lane::Licenses).await.unwrap();
    assert!(freeze(&world).await.is_some(), "one was refused");
    world.pass(minutes(3)).await;
    assert_eq!(world.attached().await, 1, "the first was settled meanwhile");
    let (frozen, now) = (freeze(&world).await, world.now());
    let asked = world.app.store.read(move |tx| moves::on_day(tx, now)).await.unwrap().freezes;
    assert!(frozen.is_some() && asked == 1, "which proves nothing about now, and Zoom is left alone");
    fault(Fault::LicenseFreeze, Odds { next: 0, per_mille: 0 });
    world.pass(minutes(15)).await;
    assert_eq!((world.attached().await, freeze(&world).await), (2, None), "the probe does");
}
