//! What was promised is kept on the days on which it is hard: early looks, second presses, overruns on shared seats, moves that
//! broke off, and clocks that were set back.

use duologue::app::bookings::{Answer, Booking, Time};
use duologue::app::join::Door;
use duologue::app::start::{Start, With};
use duologue::domain::admission::Refusal;
use duologue::domain::ids::MeetingId;
use duologue::domain::meeting::{Kind, Stage};
use duologue::domain::names::ZoneName;
use duologue::domain::pool::{Place, PoolSettings, Release, Strategy};
use duologue::domain::tenant::Share;
use duologue::domain::time::{Span, Window};
use duologue::store::{StoreError, licenses, moves, seats};

use crate::support::world::{Party, World, minutes, monday};

async fn set_pool(world: &World, change: impl FnOnce(PoolSettings) -> PoolSettings) {
    let settings = world.app.pool(&world.console).await.unwrap().settings;
    world.app.set_pool(&world.console, change(settings)).await.unwrap().unwrap();
}

async fn press(world: &World, party: &Party, host: usize, meeting: &MeetingId, with: With) -> Start {
    world.app.start(&party.scope, &party.users[host], meeting, with).await.unwrap()
}

fn spot(world: &World, party: &Party, length: i64) -> Booking {
    let booking = world.booking(&party.users[0], 0, length);
    let time = Time { window: Window::lasting(world.now(), minutes(length)), ..booking.time };
    Booking { kind: Kind::OnDemand, time, wait: true, ..booking }
}

/// Where the client of a meeting stands.
async fn door(world: &World, party: &Party, meeting: &MeetingId) -> Door {
    let meeting = world.meeting(party, meeting).await;
    let link = world.app.join_link(&meeting.id, meeting.link_version);
    let token = link.rsplit('/').next().unwrap().to_owned();
    world.app.look_behind(&token).await.unwrap().unwrap().door
}

/// Acme's two seats are everybody's of acme.
async fn share_seats(world: &World) {
    let share = Share { guarantee: 0, cap: 100 };
    let acme = world.acme.scope.tenant();
    world.app.set_share(&world.console, acme.clone(), share, true).await.unwrap().unwrap();
    for seat in &world.acme.seats {
        world.app.assign_seat(&world.console, seat.clone(), Some(acme.clone()), None).await.unwrap();
    }
}

#[tokio::test]
async fn a_look_into_the_room_before_the_time_does_not_cost_the_promise() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.globex, 0, 120, 30).await;
    world.at(30).await;
    let number = world.start(&world.globex, 0, &meeting).await;
    world.settle().await;
    world.at(32).await;
    world.end(number);
    world.at(40).await;
    assert_eq!(world.attached().await, 0, "until its time others can use the license");
    assert!(matches!(world.book(&world.acme, 0, 120, 30).await, Answer::Refused { .. }), "its time is still taken");
    assert_eq!(door(&world, &world.globex, &meeting).await, Door::Early, "the client is not sent away");
    world.at(118).await;
    assert_eq!(world.attached().await, 1, "the license is there when the lead has begun");
    assert_eq!(door(&world, &world.globex, &meeting).await, Door::HostMissing);
    world.at(120).await;
    world.start(&world.globex, 0, &meeting).await;
    world.settle().await;
    assert_eq!(world.stage(&world.globex, &meeting).await, Stage::Live);
}

#[tokio::test]
async fn who_looked_in_early_and_does_not_come_gives_the_license_back() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.globex, 0, 120, 60).await;
    world.at(30).await;
    let number = world.start(&world.globex, 0, &meeting).await;
    world.settle().await;
    world.at(32).await;
    world.end(number);
    world.at(137).await;
    assert_eq!(world.attached().await, 0);
    assert!(matches!(world.book(&world.acme, 0, 150, 20).await, Answer::Accepted(_)));
}

#[tokio::test]
async fn what_start_has_granted_stays_granted_at_the_next_press() {
    let world = World::in_memory(1).await;
    let missed = world.booked(&world.globex, 0, 60, 30).await;
    world.at(76).await;
    assert_eq!(world.stage(&world.globex, &missed).await, Stage::Missed);
    world.booked(&world.acme, 0, 120, 30).await;
    world.at(79).await;
    assert!(matches!(press(&world, &world.globex, 0, &missed, With::License).await, Start::Go(_)));
    // The planned end has passed: asking for the whole length once more would run into acme's meeting.
    world.at(91).await;
    let again = press(&world, &world.globex, 0, &missed, With::License).await;
    assert_eq!(matches!(again, Start::Go(_)), world.meeting(&world.globex, &missed).await.is_promised_at(world.now()));
}

#[tokio::test]
async fn what_the_line_has_granted_start_does_not_refuse() {
    let world = World::in_memory(1).await;
    let missed = world.booked(&world.globex, 0, 10, 30).await;
    world.at(26).await;
    assert_eq!(world.stage(&world.globex, &missed).await, Stage::Missed);
    world.at(50).await;
    world.booked(&world.acme, 0, 95, 30).await;
    world.app.wait_in_line(&world.globex.scope, &world.globex.users[0], &missed).await.unwrap();
    world.at(61).await;
    assert!(world.meeting(&world.globex, &missed).await.is_promised_at(world.now()));
    let start = press(&world, &world.globex, 0, &missed, With::License).await;
    assert!(matches!(start, Start::Go(_)), "{start:?}");
}

#[tokio::test]
async fn an_ended_meeting_that_is_started_again_and_not_entered_gives_its_license_back() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.globex, 0, 10, 240).await;
    world.at(10).await;
    let number = world.start(&world.globex, 0, &meeting).await;
    world.settle().await;
    world.at(20).await;
    world.end(number);
    world.at(30).await;
    assert_eq!(world.attached().await, 0);
    assert!(matches!(press(&world, &world.globex, 0, &meeting, With::License).await, Start::Go(_)));
    assert!(matches!(door(&world, &world.globex, &meeting).await, Door::Open(_)), "the client may follow");
    world.at(44).await;
    assert_eq!(world.attached().await, 1);
    world.at(50).await;
    assert_eq!(world.attached().await, 0, "nobody came within a quarter of an hour");
    assert_eq!(door(&world, &world.globex, &meeting).await, Door::Over);
    assert!(matches!(world.book(&world.acme, 0, 60, 30).await, Answer::Accepted(_)));
}

#[tokio::test]
async fn a_restart_whose_webhook_is_lost_is_found() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 60).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    world.at(70).await;
    world.end(number);
    world.at(74).await;
    world.start(&world.acme, 0, &meeting).await;
    for minute in 75..100 {
        world.clock.set(monday() + minutes(minute));
        let _lost = world.outgoing();
        world.work().await;
    }
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);
}

#[tokio::test]
async fn a_meeting_moves_to_another_shared_seat_when_its_own_is_taken() {
    let world = World::in_memory(3).await;
    share_seats(&world).await;
    let one = world.booked(&world.acme, 0, 60, 30).await;
    let other = world.booked(&world.acme, 1, 120, 30).await;
    world.settle().await;
    let before = world.meeting(&world.acme, &other).await;
    assert_eq!(world.meeting(&world.acme, &one).await.seat, before.seat, "back to back they share one seat");
    let window = Window::lasting(monday() + minutes(60), minutes(30));
    let time = Time { window, wall: "2026-11-02T09:00".into(), zone: ZoneName::utc() };
    let moved = world.app.reschedule(&world.acme.scope, &world.acme.users[1], &other, before.topic, time).await.unwrap();
    assert_eq!(moved, Answer::Accepted(other.clone()));
    world.settle().await;
    let after = world.meeting(&world.acme, &other).await;
    assert_ne!((after.seat, after.room.unwrap().number), (before.seat, before.room.unwrap().number));
    assert_eq!(world.zoom(|zoom, _| zoom.meetings().count()), 2, "the meeting on the old seat is deleted at Zoom");
}

#[tokio::test]
async fn an_overrun_on_a_shared_seat_does_not_cost_the_next_host_their_meeting() {
    let world = World::in_memory(3).await;
    share_seats(&world).await;
    let over = world.booked(&world.acme, 0, 60, 25).await;
    let next = world.booked(&world.acme, 1, 90, 60).await;
    assert_eq!(world.meeting(&world.acme, &over).await.seat, world.meeting(&world.acme, &next).await.seat);
    world.at(60).await;
    world.start(&world.acme, 0, &over).await;
    world.settle().await;
    world.at(89).await;
    let told = world.app.meeting_for(&world.acme.scope, &world.acme.users[1], &next).await.unwrap().progress.alert;
    assert_eq!(told.as_deref(), Some("seat_busy"), "before the start");
    world.at(92).await;
    world.start(&world.acme, 1, &next).await;
    world.settle().await;
    assert_ne!(world.meeting(&world.acme, &over).await.seat, world.meeting(&world.acme, &next).await.seat);
    assert_eq!(world.stage(&world.acme, &over).await, Stage::Live, "and nobody is thrown out");
    assert_eq!(world.stage(&world.acme, &next).await, Stage::Live);
    assert_eq!(world.attached().await, 2);
    let told = world.app.meeting_for(&world.acme.scope, &world.acme.users[1], &next).await.unwrap().progress.alert;
    world.at(93).await;
    assert_eq!(told, None);
}

#[tokio::test]
async fn an_overrun_on_a_seat_of_the_pool_does_not_strand_another_tenant() {
    let world = World::in_memory(2).await;
    for seat in world.acme.seats.iter().chain(&world.globex.seats) {
        world.app.assign_seat(&world.console, seat.clone(), None, None).await.unwrap();
    }
    set_pool(&world, |settings| PoolSettings { strategy: Strategy::Standing, ..settings }).await;
    world.settle().await;
    assert_eq!(world.attached().await, 2);
    let over = world.booked(&world.acme, 0, 60, 30).await;
    let next = world.booked(&world.globex, 0, 90, 60).await;
    assert_eq!(world.meeting(&world.acme, &over).await.seat, world.meeting(&world.globex, &next).await.seat);
    world.at(60).await;
    world.start(&world.acme, 0, &over).await;
    world.settle().await;
    world.at(91).await;
    world.start(&world.globex, 0, &next).await;
    world.settle().await;
    assert_eq!(world.stage(&world.acme, &over).await, Stage::Live);
    assert_eq!(world.stage(&world.globex, &next).await, Stage::Live);
}

#[tokio::test]
async fn who_could_not_begin_because_the_meeting_before_ran_over_is_no_no_show() {
    let world = World::in_memory(1).await;
    let over = world.booked(&world.acme, 0, 60, 30).await;
    let next = world.booked(&world.acme, 0, 90, 60).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &over).await;
    world.settle().await;
    world.at(106).await;
    assert!(matches!(press(&world, &world.acme, 0, &next, With::License).await, Start::Refused(Refusal::SeatBusy)));
    assert_eq!(world.stage(&world.acme, &next).await, Stage::Booked);
    assert!(matches!(world.book(&world.globex, 0, 120, 30).await, Answer::Refused { .. }), "its license is kept for it");
    world.end(number);
    world.at(118).await;
    assert_eq!(world.stage(&world.acme, &next).await, Stage::Booked, "the quarter of an hour begins when the seat is free");
    world.start(&world.acme, 0, &next).await;
    world.settle().await;
    assert_eq!(world.stage(&world.acme, &next).await, Stage::Live);
}

#[tokio::test]
async fn a_free_seat_on_which_nobody_comes_is_a_no_show_after_all() {
    let world = World::in_memory(1).await;
    let over = world.booked(&world.acme, 0, 60, 30).await;
    let next = world.booked(&world.acme, 0, 90, 60).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &over).await;
    world.settle().await;
    world.at(106).await;
    world.end(number);
    world.at(122).await;
    assert_eq!(world.stage(&world.acme, &next).await, Stage::Missed);
}

#[tokio::test]
async fn a_detach_that_broke_off_is_not_finished_under_a_live_meeting() {
    let world = World::in_memory(1).await;
    set_pool(&world, |settings| PoolSettings { release: Release::WhenNeeded, ..settings }).await;
    let one = world.booked(&world.acme, 0, 10, 10).await;
    let two = world.booked(&world.acme, 0, 60, 30).await;
    world.at(10).await;
    let number = world.start(&world.acme, 0, &one).await;
    world.settle().await;
    world.at(20).await;
    world.end(number);
    world.at(54).await;
    assert_eq!(world.attached().await, 1);
    // A process begins to take it off and dies.
    let (seat, now) = (world.acme.seats[0].clone(), world.now());
    let begun = world
        .app
        .store
        .write::<_, StoreError, _>(move |tx| licenses::begin_detach(tx, 1, &seat, now, now + Span::seconds(60)))
        .await
        .unwrap();
    assert!(begun);
    world.clock.set(world.now() + Span::seconds(20));
    world.start_with(&world.acme, 0, &two, With::WhateverThereIs).await;
    world.settle().await;
    assert_eq!(world.stage(&world.acme, &two).await, Stage::Live);
    world.at(62).await;
    let now = world.now();
    let moves = world.app.store.read::<_, StoreError, _>(move |tx| moves::on_day(tx, now)).await.unwrap();
    assert_eq!(world.licenses().await[0].slot.place(), Place::Attached);
    assert_eq!(moves.detaches, 0, "a live meeting never loses its license");
    assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 1);
}

#[tokio::test]
async fn a_client_who_was_invited_is_told_when_the_meeting_is_called_off() {
    let world = World::in_memory(1).await;
    let first = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    world.start(&world.acme, 0, &first).await;
    world.settle().await;
    let globex = &world.globex;
    let asked = world.app.book(&globex.scope, &globex.users[0], spot(&world, globex, 20)).await.unwrap();
    let Answer::InLine(meeting) = asked else { panic!("{asked:?}") };
    world.at(61).await;
    let before = world.mailbox.list().len();
    let start = press(&world, globex, 0, &meeting, With::WhateverThereIs).await;
    assert!(matches!(start, Start::Go(_)), "{start:?}");
    world.settle().await;
    assert_eq!(world.mailbox.list().len() - before, 1, "begun without a license: the client is invited");
    // The host closes the page again, waits for a license after all, and then does not.
    world.app.wait_in_line(&globex.scope, &globex.users[0], &meeting).await.unwrap();
    world.settle().await;
    world.app.leave_line(&globex.scope, &globex.users[0], &meeting).await.unwrap();
    world.settle().await;
    assert_eq!(world.stage(globex, &meeting).await, Stage::Booked, "the client expects it");
    world.at(64).await;
    world.app.cancel(&globex.scope, &globex.users[0], &meeting).await.unwrap();
    world.settle().await;
    assert_eq!(world.mailbox.list().len() - before, 2, "and is told when it is called off");
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_block_a_license() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(50).await;
    // Claimed by a process whose clock was an hour ahead, which died.
    let (seat, ahead) = (world.acme.seats[0].clone(), world.now() + minutes(60));
    let claim =
        move |tx: &mut duologue::store::WriteTx<'_>| licenses::claim(tx, 1, &seat, None, ahead, ahead + Span::seconds(60));
    assert!(world.app.store.write::<_, StoreError, _>(claim).await.unwrap());
    world.at(60).await;
    world.start(&world.acme, 0, &meeting).await;
}

#[tokio::test]
async fn a_meeting_whose_host_is_entering_is_not_moved_under_them() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(59).await;
    assert!(matches!(press(&world, &world.acme, 0, &meeting, With::License).await, Start::Go(_)));
    let topic = world.meeting(&world.acme, &meeting).await.topic;
    let window = Window::lasting(monday() + minutes(120), minutes(30));
    let time = Time { window, wall: "2026-11-02T10:00".into(), zone: ZoneName::utc() };
    let moved = world.app.reschedule(&world.acme.scope, &world.acme.users[0], &meeting, topic, time).await.unwrap();
    assert_eq!(moved, Answer::Starting);
}

#[tokio::test]
async fn a_host_who_came_early_is_busy_until_they_are_done() {
    let world = World::in_memory(3).await;
    let meeting = world.booked(&world.acme, 0, 120, 30).await;
    world.at(30).await;
    world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    let asked = world.app.book(&world.acme.scope, &world.acme.users[0], spot(&world, &world.acme, 20)).await.unwrap();
    assert!(matches!(asked, Answer::InLine(_)), "{asked:?}");
}

#[tokio::test]
async fn a_meeting_whose_seat_zoom_has_switched_off_begins_on_another() {
    let world = World::in_memory(2).await;
    share_seats(&world).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(50).await;
    let seat = world.meeting(&world.acme, &meeting).await.seat;
    let known = seat.clone();
    let user = world.app.store.read::<_, StoreError, _>(move |tx| seats::find(tx, &known)).await.unwrap().unwrap();
    world.zoom(|zoom, now| zoom.deactivate_user(now, &user.zoom_user_id.unwrap()));
    world.at(60).await;
    world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);
    assert_ne!(world.meeting(&world.acme, &meeting).await.seat, seat);
    assert_eq!(world.attached().await, 1);
}

#[tokio::test]
async fn without_another_seat_the_host_is_told_that_they_have_none() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.globex, 0, 60, 30).await;
    world.at(50).await;
    let known = world.globex.seats[0].clone();
    let user = world.app.store.read::<_, StoreError, _>(move |tx| seats::find(tx, &known)).await.unwrap().unwrap();
    world.zoom(|zoom, now| zoom.deactivate_user(now, &user.zoom_user_id.unwrap()));
    world.at(60).await;
    let start = press(&world, &world.globex, 0, &meeting, With::License).await;
    assert!(matches!(start, Start::Refused(Refusal::NoSeat)), "{start:?}");
}
