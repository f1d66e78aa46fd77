//! The license engine through the real verbs: strategies, the line for a freed license, overruns, starts that are not
//! promised, and a pool that Zoom has frozen.

use std::time::Duration;

use duologue::app::bookings::{Answer, Booking, Cancellation};
use duologue::app::line::{Queued, Wait};
use duologue::app::start::{Start, With};
use duologue::domain::admission::Refusal;
use duologue::domain::ids::MeetingId;
use duologue::domain::meeting::Stage;
use duologue::domain::optimum::fewest_moves;
use duologue::domain::pool::{Moves, Place, PoolSettings, Release, Strategy};
use duologue::domain::time::Span;
use duologue::store::{StoreError, moves};
use duologue::zoom::simulator::{Fault, Odds};

use crate::support::world::{Party, World, minutes};

const ALWAYS: Odds = Odds { next: 0, per_mille: 1000 };
const NEVER: Odds = Odds { next: 0, per_mille: 0 };

async fn set_pool(world: &World, change: impl FnOnce(PoolSettings) -> PoolSettings) {
    let pass = world.console.clone();
    let settings = world.app.pool(&pass).await.unwrap().settings;
    world.app.set_pool(&pass, change(settings)).await.unwrap().unwrap();
}

async fn moves_today(world: &World) -> Moves {
    let now = world.now();
    world.app.store.read::<_, StoreError, _>(move |tx| moves::on_day(tx, now)).await.unwrap()
}

async fn ask_now(world: &World, party: &Party, length: i64, wait: bool) -> Answer {
    world.app.book(&party.scope, &party.users[0], world.on_the_spot(&party.users[0], length, wait)).await.unwrap()
}

async fn press(world: &World, party: &Party, meeting: &MeetingId, with: With) -> Start {
    world.app.start(&party.scope, &party.users[0], meeting, with).await.unwrap()
}

/// Starts without a license and enters Zoom's room.
async fn begin_without(world: &World, party: &Party, meeting: &MeetingId) {
    world.start_with(party, 0, meeting, With::WhateverThereIs).await;
    world.settle().await;
}

async fn alert(world: &World, party: &Party, meeting: &MeetingId) -> Option<String> {
    world.app.meeting_for(&party.scope, &party.users[0], meeting).await.unwrap().progress.alert
}

#[tokio::test]
async fn when_needed_leaves_a_license_where_it_is_used_again_and_takes_it_from_whoever_needs_it_last() {
    let world = World::in_memory(1).await;
    set_pool(&world, |settings| PoolSettings { release: Release::WhenNeeded, ..settings }).await;
    for minute in [60, 120, 180] {
        let meeting = world.booked(&world.acme, 0, minute, 30).await;
        world.at(minute).await;
        let number = world.start(&world.acme, 0, &meeting).await;
        world.settle().await;
        world.at(minute + 25).await;
        world.end(number);
        world.settle().await;
    }
    assert_eq!(moves_today(&world).await, Moves { attaches: 1, ..Moves::default() });
    world.at(300).await;
    assert_eq!(world.attached().await, 1, "nobody else needs it");
    let other = world.booked(&world.globex, 0, 360, 30).await;
    world.at(360).await;
    world.start(&world.globex, 0, &other).await;
    assert_eq!(moves_today(&world).await, Moves { attaches: 2, detaches: 1, ..Moves::default() });
}

/// A whole day through the real code: thirty hosts, meetings that end early and late, and not one move more than somebody would
/// need who knew all of it beforehand.
#[tokio::test]
async fn a_replayed_day_takes_the_fewest_moves() {
    const LICENSES: u32 = 6;
    let world = World::in_memory(LICENSES).await;
    set_pool(&world, |settings| PoolSettings { release: Release::WhenNeeded, spare: Some(0), ..settings }).await;
    let party = world.with_party("initech", 14).await;
    let mut booked: Vec<(i64, usize, MeetingId)> = Vec::new();
    for number in 0..60_i64 {
        let (host, minute) = (usize::try_from(number * 5 % 14).unwrap(), 60 + number * 35 % 540);
        let booking = world.booking(&party.users[host], minute / 15 * 15, 25 + number % 3 * 15);
        if let Answer::Accepted(id) = world.app.book(&party.scope, &party.users[host], booking).await.unwrap() {
            booked.push((minute / 15 * 15, host, id));
        }
    }
    booked.sort_by_key(|(minute, ..)| *minute);
    assert!(booked.len() > 30, "{}", booked.len());

    let mut running: Vec<(i64, i64)> = Vec::new();
    for minute in 55..720 {
        world.at(minute).await;
        for (_, host, id) in booked.iter().filter(|(start, ..)| *start == minute) {
            let number = world.start(&party, *host, id).await;
            let length = world.meeting(&party, id).await.window.length().as_minutes();
            // Some leave early; nobody stays so long that the next one has to wait.
            running.push((minute + length - i64::try_from(*host).unwrap() % 4 * 3, number));
        }
        for (_, number) in running.iter().filter(|(until, _)| *until == minute) {
            world.end(*number);
        }
        world.settle().await;
    }

    let mut held = Vec::new();
    for (_, _, id) in &booked {
        let meeting = world.meeting(&party, id).await;
        held.push((meeting.seat, meeting.hold));
    }
    let fewest = fewest_moves(&held, LICENSES as usize).unwrap();
    assert_eq!(moves_today(&world).await.attaches as usize, fewest);
    assert!(fewest < booked.len(), "some licenses were needed again where they were");
}

#[tokio::test]
async fn standing_seats_keep_their_licenses_and_nothing_moves() {
    let world = World::in_memory(1).await;
    set_pool(&world, |settings| PoolSettings { strategy: Strategy::Standing, ..settings }).await;
    world.settle().await;
    assert_eq!(world.attached().await, 1, "a seat has it before anybody asks");
    let before = moves_today(&world).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    let Answer::Refused { refusal, .. } = world.book(&world.globex, 0, 200, 30).await else { panic!("has no licensed seat") };
    assert_eq!(refusal, Refusal::PoolFull);
    world.at(60).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    world.at(85).await;
    world.end(number);
    world.at(200).await;
    assert_eq!((world.attached().await, moves_today(&world).await), (1, before));
}

#[tokio::test]
async fn a_day_s_budget_of_moves_leaves_licenses_where_they_are() {
    let world = World::in_memory(2).await;
    set_pool(&world, |settings| PoolSettings { move_budget: Some(1), ..settings }).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    world.at(80).await;
    world.end(number);
    world.at(120).await;
    assert_eq!(world.attached().await, 1, "taking it off would cost another move later");
    let other = world.booked(&world.globex, 0, 190, 30).await;
    world.at(190).await;
    world.start(&world.globex, 0, &other).await;
    assert_eq!(world.attached().await, 2, "a budget saves moves, it does not break promises");
}

#[tokio::test]
async fn a_frozen_pool_is_probed_every_quarter_of_an_hour_and_plans_on_seats_that_have_a_license() {
    let world = World::in_memory(2).await;
    set_pool(&world, |settings| PoolSettings { release: Release::WhenNeeded, ..settings }).await;
    let first = world.booked(&world.acme, 0, 60, 30).await;
    let second = world.booked(&world.globex, 0, 120, 30).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &first).await;
    world.settle().await;
    world.at(85).await;
    world.end(number);
    world.settle().await;

    world.zoom(|zoom, _| zoom.faults_mut().set(Fault::LicenseFreeze, ALWAYS));
    world.at(116).await;
    let frozen = world.app.pool(&world.console).await.unwrap().settings.freeze;
    assert!(frozen.is_some(), "Zoom refused the license for 09:00");
    assert_eq!(alert(&world, &world.globex, &second).await.as_deref(), Some("frozen"));
    let freezes = moves_today(&world).await.freezes;
    world.at(144).await;
    assert_eq!(moves_today(&world).await.freezes - freezes, 1, "asked again after a quarter of an hour, and no more often");

    let Answer::Refused { refusal, .. } = world.book(&world.globex, 0, 300, 30).await else { panic!("cannot be kept") };
    assert_eq!(refusal, Refusal::LicenseFrozen);
    assert!(matches!(world.book(&world.acme, 0, 300, 30).await, Answer::Accepted(_)), "this seat has a license");
    assert_eq!(world.attached().await, 1, "and keeps it");

    world.zoom(|zoom, _| zoom.faults_mut().set(Fault::LicenseFreeze, NEVER));
    world.at(176).await;
    world.booked(&world.globex, 0, 180, 30).await;
    world.at(180).await;
    assert!(world.app.pool(&world.console).await.unwrap().settings.freeze.is_none(), "a probe found it over");
    assert_eq!(world.attached().await, 2);
}

#[tokio::test]
async fn after_an_overrun_the_next_host_is_told_may_begin_and_gets_the_license_when_it_frees() {
    let world = World::in_memory(1).await;
    let over = world.booked(&world.acme, 0, 60, 30).await;
    let next = world.booked(&world.globex, 0, 100, 60).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &over).await;
    world.settle().await;
    world.at(96).await;
    assert_eq!(world.attached().await, 1, "a live meeting never loses its license");
    assert_eq!(alert(&world, &world.globex, &next).await.as_deref(), Some("none_free"), "told before the start");
    world.at(100).await;
    let start = press(&world, &world.globex, &next, With::License).await;
    assert!(matches!(start, Start::NoLicense(_)), "{start:?}");
    begin_without(&world, &world.globex, &next).await;
    assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 1, "never more than were bought");

    world.at(110).await;
    world.end(number);
    world.at(113).await;
    let rows = world.licenses().await;
    assert_eq!(rows[0].slot.claim().map(|claim| &claim.seat), Some(&world.globex.seats[0]), "{rows:?}");
    assert_eq!(alert(&world, &world.globex, &next).await, None);
    world.at(155).await;
    assert_eq!(world.stage(&world.globex, &next).await, Stage::Live, "55 minutes in: Zoom has not cut it");
}

#[tokio::test]
async fn who_waits_in_line_is_served_when_a_license_frees_and_the_client_is_invited_only_then() {
    let world = World::in_memory(1).await;
    let first = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &first).await;
    world.settle().await;
    world.at(65).await;
    let letters = world.mailbox.list().len();

    let Answer::Refused { refusal, nearest, wait } = ask_now(&world, &world.globex, 20, false).await else { panic!("accepted") };
    assert_eq!(refusal, Refusal::PoolFull);
    assert_eq!(wait, Some(Wait { position: 1, about: Some(minutes(30)) }), "until the hold ends, at 09:35");
    assert_eq!(nearest.len(), 3, "and never an empty refusal");

    let Answer::InLine(waiting) = ask_now(&world, &world.globex, 20, true).await else { panic!("not in line") };
    world.at(70).await;
    let wait = world.app.wait_for_license(&world.globex.scope, &world.globex.users[0], &waiting).await.unwrap();
    assert_eq!((wait.position, world.mailbox.list().len()), (1, letters), "nobody was invited to nothing");
    assert!(world.meeting(&world.globex, &waiting).await.room.is_none(), "Zoom knows nothing of it either");

    world.at(75).await;
    world.end(number);
    world.at(81).await;
    let meeting = world.meeting(&world.globex, &waiting).await;
    assert!(meeting.licensed && meeting.queued_at.is_none() && meeting.is_promised_at(world.now()), "{meeting:?}");
    assert_eq!(world.mailbox.list().len(), letters + 1);
    world.start(&world.globex, 0, &waiting).await;
    world.settle().await;
    assert_eq!(world.stage(&world.globex, &waiting).await, Stage::Live);
}

#[tokio::test]
async fn nobody_overtakes_the_line_and_whoever_leaves_it_leaves_no_trace() {
    let world = World::in_memory(1).await;
    let first = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &first).await;
    world.settle().await;
    let Answer::InLine(waiting) = ask_now(&world, &world.globex, 20, true).await else { panic!("not in line") };
    world.at(80).await;
    world.end(number);
    for webhook in world.outgoing() {
        world.deliver(&webhook).await;
    }
    duologue::keeper::run(&world.app, duologue::app::bell::Lane::Inbox).await.unwrap();
    world.clock.advance(Duration::from_mins(6));
    // The license is free, the keeper has not looked yet, and bo asks before it does.
    let bo = Booking { host: world.acme.users[1].id.clone(), ..world.on_the_spot(&world.acme.users[0], 20, false) };
    let asked = world.app.book(&world.acme.scope, &world.acme.users[1], bo).await.unwrap();
    assert!(matches!(asked, Answer::Refused { refusal: Refusal::PoolFull, .. }), "{asked:?}");
    assert!(world.meeting(&world.globex, &waiting).await.licensed);

    let Answer::InLine(leaving) = ask_now(&world, &world.acme, 20, true).await else { panic!("not in line") };
    world.app.leave_line(&world.acme.scope, &world.acme.users[0], &leaving).await.unwrap();
    assert_eq!(world.stage(&world.acme, &leaving).await, Stage::Cancelled);
    let letters = world.mailbox.list().len();
    world.settle().await;
    assert!(world.mailbox.list().len() <= letters + 1, "only the served client's invitation");
}

#[tokio::test]
async fn a_meeting_that_begins_without_a_promise_takes_nobody_s_license_and_is_served_when_one_is_free() {
    let world = World::in_memory(1).await;
    let far = world.booked(&world.globex, 0, 90, 60).await;
    let busy = world.booked(&world.acme, 0, 30, 30).await;
    world.at(30).await;
    let number = world.start(&world.acme, 0, &busy).await;
    world.settle().await;
    // Cy begins an hour early, while Ana uses the license: the promise for later stays.
    let promised = world.meeting(&world.globex, &far).await.hold;
    assert!(matches!(press(&world, &world.globex, &far, With::License).await, Start::Refused(Refusal::PoolFull)));
    begin_without(&world, &world.globex, &far).await;
    let meeting = world.meeting(&world.globex, &far).await;
    assert!(meeting.licensed && meeting.hold == promised, "{meeting:?}");
    assert_eq!(world.attached().await, 1);
    world.at(40).await;
    world.end(number);
    world.at(46).await;
    let rows = world.licenses().await;
    assert_eq!(rows[0].slot.claim().map(|claim| &claim.seat), Some(&world.globex.seats[0]), "rescued before its 40 minutes");
    assert!(world.meeting(&world.globex, &far).await.hold.end() >= promised.end(), "and nothing of the promise is lost");
}

#[tokio::test]
async fn start_is_refused_long_before_the_time_and_on_a_seat_where_somebody_meets() {
    let world = World::in_memory(2).await;
    let later = world.booked(&world.acme, 0, 300, 30).await;
    assert!(matches!(press(&world, &world.acme, &later, With::License).await, Start::TooEarly(_)));
    let now = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    world.start(&world.acme, 0, &now).await;
    world.settle().await;
    let after = world.booked(&world.acme, 0, 90, 30).await;
    world.at(92).await;
    for with in [With::License, With::WhateverThereIs] {
        let start = press(&world, &world.acme, &after, with).await;
        assert!(matches!(start, Start::Refused(Refusal::SeatBusy)), "Zoom would end the running meeting: {start:?}");
    }
}

#[tokio::test]
async fn fewer_licenses_leave_accepted_meetings_and_admit_nothing_new_into_the_shortfall() {
    let world = World::in_memory(2).await;
    let one = world.booked(&world.acme, 0, 60, 30).await;
    let other = world.booked(&world.globex, 0, 60, 30).await;
    world.app.set_licenses(&world.console, 1).await.unwrap().unwrap();
    for (party, meeting) in [(&world.acme, &one), (&world.globex, &other)] {
        assert_eq!(world.stage(party, meeting).await, Stage::Booked);
    }
    let ahead = world.app.ahead(&world.console, None).await.unwrap();
    assert_eq!((ahead.short.len(), ahead.short[0].licenses), (1, 2));
    let booking = world.booking(&world.acme.users[1], 60, 30);
    let answer = world.app.book(&world.acme.scope, &world.acme.users[1], booking).await.unwrap();
    assert!(matches!(answer, Answer::Refused { refusal: Refusal::PoolFull, .. }), "{answer:?}");
    world.at(57).await;
    assert_eq!(world.attached().await, 1);
    let told = [alert(&world, &world.acme, &one).await, alert(&world, &world.globex, &other).await];
    assert_eq!(told.iter().flatten().count(), 1, "one of them is told: {told:?}");
}

#[tokio::test]
async fn a_meeting_whose_host_is_entering_is_not_cancelled_under_them() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    assert!(matches!(press(&world, &world.acme, &meeting, With::License).await, Start::Go(_)));
    let cancel = || world.app.cancel(&world.acme.scope, &world.acme.users[0], &meeting);
    assert_eq!(cancel().await.unwrap(), Cancellation::Starting);
    world.at(63).await;
    assert_eq!(cancel().await.unwrap(), Cancellation::Done, "they did not come");
}

#[tokio::test]
async fn a_used_form_with_another_client_is_told_and_books_nothing() {
    let world = World::in_memory(2).await;
    let booking = world.booking(&world.acme.users[0], 60, 30);
    let book = |booking: Booking| world.app.book(&world.acme.scope, &world.acme.users[0], booking);
    let Answer::Accepted(first) = book(booking.clone()).await.unwrap() else { panic!("refused") };
    let email = duologue::domain::names::EmailAddress::parse("ida@mail.example").unwrap();
    assert_eq!(book(Booking { client_email: email, ..booking }).await.unwrap(), Answer::Used(first));
}

#[tokio::test]
async fn waiting_for_what_is_promised_already_is_not_needed() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(57).await;
    let queued = world.app.wait_in_line(&world.acme.scope, &world.acme.users[0], &meeting).await.unwrap();
    assert_eq!(queued, Queued::NoNeed);
    assert_eq!(world.licenses().await[0].slot.place(), Place::Attached);
    assert_eq!(world.app.pool(&world.console).await.unwrap().settings.lead, Span::minutes(5));
}

#[tokio::test]
async fn waiting_for_a_meeting_of_later_takes_nothing_from_those_before_it() {
    let world = World::in_memory(1).await;
    let later = world.booked(&world.globex, 0, 300, 30).await;
    let between = world.booked(&world.acme, 0, 120, 30).await;
    let wait = || world.app.wait_in_line(&world.globex.scope, &world.globex.users[0], &later);
    assert_eq!(wait().await.unwrap(), Queued::NoNeed, "five hours ahead its license is promised for later");
    world.at(120).await;
    let number = world.start(&world.acme, 0, &between).await;
    world.settle().await;
    world.at(145).await;
    world.end(number);
    world.at(190).await;
    assert_eq!(wait().await.unwrap(), Queued::Waiting);
    world.at(192).await;
    let hold = world.meeting(&world.globex, &later).await.hold;
    assert!(hold.contains(world.now()) && hold.end() == crate::support::world::monday() + minutes(335), "{hold:?}");
}
