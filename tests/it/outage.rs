//! Zoom refuses, fails, freezes its licenses or loses a user: what the background does meanwhile, what the host reads who
//! presses Start, and that all is well soon afterwards. And two processes that do the same work at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use duologue::app::App;
use duologue::app::bell::Lane;
use duologue::app::join::Door;
use duologue::app::start::{Start, With};
use duologue::domain::admission::Refusal;
use duologue::domain::ids::MeetingId;
use duologue::domain::meeting::Stage;
use duologue::domain::plan::Problem;
use duologue::domain::pool::Place;
use duologue::domain::seat::{License, SeatStatus};
use duologue::keeper;
use duologue::store::Store;
use duologue::zoom::simulator::{Fault, Odds};

use crate::support::database::{Database, both_databases};
use crate::support::portal::{open, operator, served_on_both_databases};
use crate::support::wire::End;
use crate::support::world::{World, minutes, monday};

const ALWAYS: Odds = Odds { next: 0, per_mille: 1000 };

async fn press(world: &World, meeting: &MeetingId, with: With) -> Start {
    world.app.start(&world.acme.scope, &world.acme.users[0], meeting, with).await.unwrap()
}

#[tokio::test]
async fn while_zoom_refuses_or_fails_the_host_reads_why_and_soon_afterwards_can_start() {
    for fault in [Fault::TooFast, Fault::ServerError, Fault::WriteConflict, Fault::NotApplied] {
        let world = World::in_memory(1).await;
        let meeting = world.booked(&world.acme, 0, 60, 30).await;
        world.at(10).await;
        world.zoom(|zoom, _| zoom.faults_mut().set(fault, ALWAYS));
        world.at(60).await;
        let start = press(&world, &meeting, With::License).await;
        assert!(matches!(start, Start::NoLicense(Problem::Refused)), "{fault:?}: {start:?}");
        let without = press(&world, &meeting, With::WhateverThereIs).await;
        let reads = |without: &Start| match (fault, without) {
            (Fault::TooFast, Start::Zoom(words)) => words.contains("too many requests"),
            (Fault::ServerError, Start::Zoom(words)) => words.contains("does not answer"),
            // Only writes fail: the meeting is there already.
            (Fault::WriteConflict | Fault::NotApplied, Start::Go(_)) => true,
            _ => false,
        };
        assert!(reads(&without), "{fault:?}: {without:?}");
        assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Booked, "{fault:?}");
        assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 0, "{fault:?}");
        let rows = world.licenses().await;
        assert!(rows[0].slot.place() != Place::Attached, "{fault:?}: no proof, no license: {rows:?}");

        world.zoom(|zoom, _| zoom.faults_mut().reset());
        world.pass(minutes(3)).await;
        assert_eq!((world.attached().await, world.zoom(|zoom, _| zoom.licenses_in_use())), (1, 1), "{fault:?}");
        let number = world.start(&world.acme, 0, &meeting).await;
        world.settle().await;
        assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live, "{fault:?}");
        world.end(number);
        world.pass(minutes(4)).await;
        assert_eq!((world.attached().await, world.zoom(|zoom, _| zoom.licenses_in_use())), (0, 0), "{fault:?}");
    }
}

#[tokio::test]
async fn with_a_freeze_on_the_host_may_begin_without_and_the_license_comes_when_it_is_over() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 60).await;
    world.at(10).await;
    world.zoom(|zoom, _| zoom.faults_mut().set(Fault::LicenseFreeze, ALWAYS));
    world.at(60).await;
    let start = press(&world, &meeting, With::License).await;
    assert!(matches!(start, Start::NoLicense(Problem::Frozen)), "{start:?}");
    assert!(world.app.pool(&world.console).await.unwrap().settings.freeze.is_some(), "the operator sees it");
    let before = world.zoom(|zoom, _| zoom.limits().usage(duologue::zoom::label::Label::Light).today);
    for _ in 0..5 {
        assert!(matches!(press(&world, &meeting, With::License).await, Start::NoLicense(Problem::Frozen)));
    }
    let asked = world.zoom(|zoom, _| zoom.limits().usage(duologue::zoom::label::Label::Light).today) - before;
    assert_eq!(asked, 0, "pressing again does not hammer a frozen Zoom");

    world.start_with(&world.acme, 0, &meeting, With::WhateverThereIs).await;
    world.settle().await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);
    assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 0);
    world.zoom(|zoom, _| zoom.faults_mut().reset());
    world.pass(minutes(17)).await;
    assert_eq!((world.attached().await, world.zoom(|zoom, _| zoom.licenses_in_use())), (1, 1), "within one probe");
    world.pass(minutes(30)).await;
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live, "47 minutes in: Zoom has not cut it");
}

#[tokio::test]
async fn a_host_whose_seat_is_gone_before_anybody_knows_is_told_so() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(10).await;
    let id = world.zoom(|zoom, _| zoom.find_user("zoom-user-1@ours.example").unwrap().id.clone());
    world.zoom(|zoom, now| zoom.delete_user(now, &id));
    // No webhook, no reading, no keeper: the press itself finds it out.
    world.clock.set(monday() + minutes(60));
    let Start::Zoom(words) = press(&world, &meeting, With::License).await else { panic!("started") };
    assert!(words.contains("does not know your host account any more"), "{words}");
    assert_eq!(world.licenses().await[0].slot.place(), Place::Free);
}

async fn work(app: Arc<App>) {
    for lane in [Lane::Inbox, Lane::Rooms, Lane::Licenses, Lane::Letters, Lane::Account] {
        keeper::run(&app, lane).await.unwrap();
    }
}

/// Both processes do all there is, at the same time.
async fn work_at_once(nodes: &[Arc<App>; 2]) {
    let [one, other] = nodes.clone().map(|app| tokio::spawn(work(app)));
    one.await.unwrap();
    other.await.unwrap();
}

/// How many licenses were on users at most, told by what Zoom says of each change.
#[derive(Default)]
struct Most {
    licensed: BTreeSet<String>,
    ever: usize,
}

impl Most {
    fn hear(&mut self, body: &str) {
        let event: serde_json::Value = serde_json::from_str(body).unwrap();
        if event["event"] != "user.updated" {
            return;
        }
        let object = &event["payload"]["object"];
        let user = object["id"].as_str().unwrap().to_owned();
        if object["type"] == 2 {
            self.licensed.insert(user)
        } else {
            self.licensed.remove(&user)
        };
        self.ever = self.ever.max(self.licensed.len());
    }
}

both_databases! {
    /// Zoom would give fifty; that it is never asked for more than two is the rows' doing.
    async fn two_keepers_never_attach_more_than_k(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 2).await;
        world.zoom(|zoom, _| zoom.settings_mut().licenses = 50);
        let party = world.with_party("initech", 6).await;
        let nodes = [world.node(Store::open(&db.url).unwrap()), world.node(Store::open(&db.url).unwrap())];
        let mut meetings = Vec::new();
        for wave in 0..6_i64 {
            for host in 0..2 {
                let host = (usize::try_from(wave).unwrap() * 2 + host) % 6;
                meetings.push((wave, host, world.booked(&party, host, 30 + wave * 40, 30).await));
            }
        }
        let mut most = Most::default();
        let (mut running, mut started) = (Vec::new(), 0);
        for step in 0..=560_i64 {
            let now = step / 2;
            world.clock.set(monday() + duologue::domain::time::Span::seconds(step * 30));
            work_at_once(&nodes).await;
            if step % 2 == 0 {
                for (wave, host, meeting) in meetings.iter().filter(|(wave, ..)| 30 + wave * 40 == now) {
                    let number = world.start(&party, *host, meeting).await;
                    running.push((30 + wave * 40 + 25, number));
                    started += 1;
                }
                running.retain(|(until, number)| {
                    if *until == now {
                        world.end(*number);
                    }
                    *until != now
                });
            }
            for webhook in world.outgoing() {
                most.hear(&webhook.body);
                world.deliver(&webhook).await;
            }
            let rows = world.licenses().await;
            let attached = rows.iter().filter(|row| row.slot.place() == Place::Attached).count();
            assert!(attached <= 2 && world.zoom(|zoom, _| zoom.licenses_in_use()) <= 2, "{rows:?}");
        }
        assert_eq!((started, most.ever), (12, 2), "all were started, and two at once were used");
        assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 0, "none is left behind");
        for (_, _, meeting) in &meetings {
            assert_eq!(world.stage(&party, meeting).await, Stage::Ended);
        }
        let numbers: BTreeSet<i64> = world.zoom(|zoom, _| zoom.meetings().map(|meeting| meeting.number).collect());
        assert_eq!(numbers.len(), meetings.len(), "a room for each, and none besides");
    }

    /// One process makes a room and hears of it late; the other has made one by then. One of the two is deleted again.
    async fn a_room_that_two_keepers_make_is_there_once_in_the_end(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 2).await;
        let nodes = [world.node(Store::open(&db.url).unwrap()), world.node(Store::open(&db.url).unwrap())];
        let meeting = world.booked(&world.acme, 0, 60, 30).await;
        world.wire.ends(End::AnswersLate);
        let slow = tokio::spawn(work(nodes[0].clone()));
        world.wire.dead().await;
        let rooms = || world.zoom(|zoom, _| zoom.meetings().map(|meeting| meeting.number).collect::<Vec<i64>>());
        let first = rooms();
        assert_eq!(first.len(), 1, "Zoom has made it, and nobody knows");
        // Whoever has claimed an errand for so long is taken for dead.
        world.clock.advance(std::time::Duration::from_mins(5));
        work(nodes[1].clone()).await;
        assert_eq!(rooms().len(), 2, "the other process made one too");
        world.wire.answer();
        slow.await.unwrap();
        for _ in 0..2 {
            world.clock.advance(std::time::Duration::from_mins(1));
            work_at_once(&nodes).await;
        }
        let kept = world.meeting(&world.acme, &meeting).await.room.unwrap().number;
        assert_eq!(rooms(), [kept]);
        assert_ne!(first, [kept], "who came first to the database keeps it");
    }
}

served_on_both_databases! {
    async fn a_seat_deleted_at_zoom_keeps_its_meetings_and_host_and_operator_are_told(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 2).await;
        let meeting = world.booked(&world.acme, 0, 60, 30).await;
        world.at(10).await;
        let user = world.zoom(|zoom, _| zoom.find_user("zoom-user-1@ours.example").unwrap().clone());
        world.zoom(|zoom, now| zoom.delete_user(now, &user.id));
        world.settle().await;
        let view = world.app.zoom_account(&world.console).await.unwrap();
        let unable: Vec<_> = view.unable.iter().map(|(seat, ahead)| (seat.id.clone(), seat.status, *ahead)).collect();
        assert_eq!(unable, [(world.acme.seats[0].clone(), SeatStatus::Missing, 1)], "the operator sees it with its meeting");

        let (base, pages) = open(&world.app);
        let operator = operator(&world, &base).await;
        let told = [
            ("/operator", "is not known to Zoom any more"),
            ("/operator", "1 coming meeting on it cannot be held until then"),
            ("/operator/seats?show=problem", "Unknown to Zoom"),
        ];
        for (path, words) in told {
            let page = operator.get(path).await.body;
            assert!(page.contains("zoom-user-1@ours.example") && page.contains(words), "{path}: {words}\n{page}");
        }

        world.at(60).await;
        assert_eq!(world.attached().await, 0, "no license goes to nobody");
        let start = press(&world, &meeting, With::License).await;
        assert!(matches!(start, Start::Refused(Refusal::NoSeat)), "{start:?}");
        assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Booked, "nothing is called off behind the host's back");

        // The operator makes the user again: the meeting gets a new room when it starts, and the client's link leads there.
        world.zoom(|zoom, now| zoom.add_user(now, &user.email, "Seat", "One", License::Basic));
        world.app.sync_seats(&world.console).await.unwrap();
        world.pass(minutes(6)).await;
        let number = world.start(&world.acme, 0, &meeting).await;
        world.settle().await;
        assert_eq!(world.zoom(|zoom, _| zoom.meetings().map(|meeting| meeting.number).collect::<Vec<_>>()), [number]);
        let token = world.app.keys.join_token(&meeting, 1);
        let Door::Open(url) = world.app.look_behind(&token).await.unwrap().unwrap().door else { panic!("closed") };
        assert!(url.contains(&number.to_string()), "{url}");
        pages.stop(false).await;
        assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);
        assert_eq!(world.attached().await, 1);
    }
}

#[test]
fn a_third_license_would_be_noticed() {
    let mut most = Most::default();
    for (user, kind) in [("a", 2), ("b", 2), ("a", 1), ("c", 2), ("d", 2)] {
        most.hear(&format!(r#"{{"event":"user.updated","payload":{{"object":{{"id":"{user}","type":{kind}}}}}}}"#));
    }
    assert_eq!(most.ever, 3);
}
