//! A person changes seats and licenses at Zoom: it is seen, set right here where that is safe, and no live meeting suffers.

use duologue::app::bell::Lane;
use duologue::app::start::{Start, With};
use duologue::domain::drift::Drift;
use duologue::domain::meeting::Stage;
use duologue::domain::pool::{Moves, Place, PoolSettings, Slot};
use duologue::domain::seat::{License, SeatStatus};

use duologue::keeper;
use duologue::store::{Store, StoreError, seats};

use crate::support::database::{Database, both_databases};
use crate::support::world::{World, minutes};

impl World {
    /// Zoom's id of the seat `zoom-user-{number}`.
    fn zoom_id(&self, number: usize) -> String {
        self.zoom(|zoom, _| zoom.find_user(&format!("zoom-user-{number}@ours.example")).unwrap().id.clone())
    }

    fn by_hand(&self, number: usize, license: License) {
        let id = self.zoom_id(number);
        self.zoom(|zoom, now| zoom.set_license_by_hand(now, &id, license)).unwrap();
    }

    /// Ten minutes later the account has been read, and what follows from it is done.
    async fn read_account(&self) {
        self.clock.advance(std::time::Duration::from_mins(10));
        keeper::run(&self.app, Lane::Account).await.unwrap();
        self.work().await;
    }

    async fn open_drifts(&self) -> Vec<Drift> {
        self.app.zoom_account(&self.console).await.unwrap().open
    }

    async fn seat_status(&self, index: usize) -> SeatStatus {
        let id = self.acme.seats[index].clone();
        self.app.store.read::<_, StoreError, _>(move |tx| seats::find(tx, &id)).await.unwrap().unwrap().status
    }

    async fn moves(&self) -> (Moves, PoolSettings) {
        let view = self.app.pool(&self.console).await.unwrap();
        (view.moves, view.settings)
    }

    async fn repairs(&self) -> Vec<String> {
        let view = self.app.zoom_account(&self.console).await.unwrap();
        view.repaired.into_iter().map(|(_, words)| words.split(" seat ").next().unwrap().to_owned()).collect()
    }
}

both_databases! {
    async fn a_license_given_by_hand_is_taken_into_the_pool(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        world.by_hand(1, License::Licensed);
        world.clock.advance(std::time::Duration::from_mins(10));
        keeper::run(&world.app, Lane::Account).await.unwrap();
        let rows = world.licenses().await;
        assert!(matches!(&rows[0].slot, Slot::Attached(claim) if claim.seat == world.acme.seats[0]), "{rows:?}");
        assert_eq!(world.repairs().await.len(), 1);
        world.work().await;
        assert_eq!((world.attached().await, world.zoom(|zoom, _| zoom.licenses_in_use())), (0, 0), "idle, so it goes back");
    }

    async fn a_license_beyond_the_pool_is_shown_and_never_taken(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        world.zoom(|zoom, _| zoom.settings_mut().licenses = 2);
        let meeting = world.booked(&world.acme, 0, 60, 30).await;
        world.at(60).await;
        world.start(&world.acme, 0, &meeting).await;
        world.by_hand(2, License::Licensed);
        world.read_account().await;
        world.read_account().await;
        let drifts = world.open_drifts().await;
        let beyond = Drift::Found { seat: world.acme.seats[1].clone(), license: None };
        assert_eq!(drifts, [beyond]);
        assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 2, "it stays where the person put it");
    }

    async fn a_license_taken_from_a_live_meeting_comes_back_and_the_meeting_goes_on(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        let meeting = world.booked(&world.acme, 0, 60, 60).await;
        world.at(60).await;
        world.start(&world.acme, 0, &meeting).await;
        world.at(65).await;
        world.by_hand(1, License::Basic);
        world.read_account().await;
        assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);
        assert_eq!((world.attached().await, world.zoom(|zoom, _| zoom.licenses_in_use())), (1, 1));
        assert!(world.repairs().await[0].starts_with("license 1 was taken off"));
    }

    async fn a_license_moved_by_hand_is_followed_and_goes_back_to_who_meets(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        let meeting = world.booked(&world.acme, 0, 60, 60).await;
        world.at(60).await;
        world.start(&world.acme, 0, &meeting).await;
        world.at(65).await;
        world.by_hand(1, License::Basic);
        world.by_hand(2, License::Licensed);
        world.read_account().await;
        assert_eq!(world.repairs().await.len(), 2, "lost on one seat, found on the other");
        let rows = world.licenses().await;
        assert!(matches!(&rows[0].slot, Slot::Attached(claim) if claim.seat == world.acme.seats[0]), "{rows:?}");
        assert_eq!(world.zoom(|zoom, _| zoom.licenses_in_use()), 1);
        assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Live);
    }

    async fn a_seat_switched_off_is_shown_with_its_meetings_and_its_row_is_free(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        world.booked(&world.acme, 0, 60, 30).await;
        world.at(56).await;
        assert_eq!(world.attached().await, 1);
        let id = world.zoom_id(1);
        world.zoom(|zoom, now| zoom.deactivate_user(now, &id));
        world.read_account().await;
        assert_eq!(world.seat_status(0).await, SeatStatus::Inactive);
        assert_eq!(world.licenses().await[0].slot.place(), Place::Free);
        let view = world.app.zoom_account(&world.console).await.unwrap();
        assert_eq!(view.unable.iter().map(|(_, ahead)| *ahead).collect::<Vec<_>>(), [1]);
        world.zoom(|zoom, now| zoom.activate_user(now, &id));
        world.read_account().await;
        assert_eq!(world.seat_status(0).await, SeatStatus::Active);
    }

    async fn a_seat_switched_off_that_a_webhook_told_of_is_among_the_latest_repairs(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        let id = world.zoom_id(1);
        world.zoom(|zoom, now| zoom.deactivate_user(now, &id));
        world.settle().await;
        assert_eq!(world.seat_status(0).await, SeatStatus::Inactive);
        let told = format!("seat {} is inactive at Zoom now", world.acme.seats[0]);
        let repaired = async |world: &World| {
            let view = world.app.zoom_account(&world.console).await.unwrap();
            view.repaired.into_iter().map(|(_, words)| words).collect::<Vec<_>>()
        };
        assert_eq!(repaired(&world).await, [&*told], "before the account is read");
        world.read_account().await;
        assert_eq!(repaired(&world).await, [&*told], "and once");
    }

    async fn licenses_that_people_put_on_seats_count_among_the_days_moves(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        let settings = world.app.pool(&world.console).await.unwrap().settings;
        let budget = PoolSettings { move_budget: Some(2), ..settings };
        world.app.set_pool(&world.console, budget).await.unwrap().unwrap();
        world.zoom(|zoom, _| zoom.settings_mut().licenses = 5);
        world.by_hand(1, License::Licensed);
        // One of the pool's, and one beyond it: Zoom counts both.
        world.by_hand(2, License::Licensed);
        world.read_account().await;
        let (moves, settings) = world.moves().await;
        assert_eq!((moves.attaches, moves.by_people, moves.assigned()), (0, 2, 2));
        assert!(settings.saves_moves(moves), "the budget is used up");
        world.read_account().await;
        assert_eq!(world.moves().await.0.by_people, 2, "once");
        world.by_hand(1, License::Basic);
        world.read_account().await;
        assert_eq!(world.moves().await.0.by_people, 2, "what is taken off, Zoom does not count");
    }

    async fn a_license_stays_on_its_seat_while_zoom_does_not_say_whether_somebody_meets(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        let meeting = world.booked(&world.acme, 0, 60, 30).await;
        world.at(60).await;
        let number = world.start(&world.acme, 0, &meeting).await;
        world.settle().await;
        let all = world.zoom(|zoom, _| zoom.settings_mut().scopes.clone());
        let without = all.replace("meeting:read:list_meetings:admin", "");
        world.zoom(|zoom, _| zoom.settings_mut().scopes = without);
        world.at(70).await;
        world.end(number);
        world.at(80).await;
        let row = world.licenses().await.remove(0);
        assert_eq!((row.slot.place(), world.zoom(|zoom, _| zoom.licenses_in_use())), (Place::Attached, 1));
        assert!(row.problem.is_some_and(|words| words.contains("meeting:read:list_meetings:admin")), "the operator reads why");
        assert!(row.failures < 8, "asked later, and later still: {}", row.failures);
        world.zoom(|zoom, _| zoom.settings_mut().scopes = all);
        world.at(86).await;
        assert_eq!((world.attached().await, world.zoom(|zoom, _| zoom.licenses_in_use())), (0, 0));
    }

    async fn a_deleted_seat_is_missing_and_keeps_the_id_it_had(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        let id = world.zoom_id(1);
        world.zoom(|zoom, now| zoom.delete_user(now, &id));
        world.read_account().await;
        world.read_account().await;
        assert_eq!(world.seat_status(0).await, SeatStatus::Missing);
        let seat = world.acme.seats[0].clone();
        let seat = world.app.store.read::<_, StoreError, _>(move |tx| seats::find(tx, &seat)).await.unwrap().unwrap();
        assert_eq!(seat.zoom_user_id, Some(id));
    }
}

#[tokio::test]
async fn fewer_licenses_at_zoom_are_shown_and_k_stays_the_operators() {
    let world = World::in_memory(3).await;
    world.zoom(|zoom, now| {
        zoom.settings_mut().licenses = 3;
        zoom.add_user(now, "boss@ours.example", "The", "Boss", License::Licensed)
    });
    world.clock.advance(std::time::Duration::from_hours(1));
    world.read_account().await;
    assert_eq!(world.open_drifts().await, [Drift::FewerLicenses { licenses: 3, usable: 2 }]);
    assert_eq!(world.licenses().await.len(), 3, "K is lowered by the operator alone");
    world.app.set_licenses(&world.console, 2).await.unwrap().unwrap();
    assert_eq!(world.open_drifts().await, []);
}

#[tokio::test]
async fn a_webhook_brings_the_next_reading_forward() {
    let world = World::in_memory(1).await;
    world.pass(minutes(3)).await;
    world.by_hand(1, License::Licensed);
    world.settle().await;
    keeper::run(&world.app, Lane::Account).await.unwrap();
    assert_eq!(world.repairs().await.len(), 1, "three minutes after the last reading, not ten");
}

#[tokio::test]
async fn our_own_moves_bring_no_reading_forward() {
    let world = World::in_memory(1).await;
    world.booked(&world.acme, 0, 15, 30).await;
    world.pass(minutes(10)).await;
    keeper::run(&world.app, Lane::Account).await.unwrap();
    let read = world.app.zoom_account(&world.console).await.unwrap().reading.at;
    world.at(12).await;
    assert_eq!(world.attached().await, 1);
    keeper::run(&world.app, Lane::Account).await.unwrap();
    assert_eq!(world.app.zoom_account(&world.console).await.unwrap().reading.at, read);
}

#[tokio::test]
async fn nothing_is_judged_while_zoom_does_not_answer() {
    use duologue::zoom::simulator::{Fault, Odds};
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    world.start(&world.acme, 0, &meeting).await;
    world.clock.advance(std::time::Duration::from_mins(10));
    world.zoom(|zoom, _| zoom.faults_mut().set(Fault::ServerError, Odds { next: 0, per_mille: 1000 }));
    assert!(keeper::run(&world.app, Lane::Account).await.is_err());
    assert_eq!(world.seat_status(0).await, SeatStatus::Active);
    assert_eq!(world.attached().await, 1);
}

#[tokio::test]
async fn a_full_day_of_one_host_waits_for_midnight_and_start_still_works() {
    let world = World::in_memory(2).await;
    let seat = world.acme.seats[0].clone();
    let now = world.now();
    world
        .app
        .store
        .write::<_, StoreError, _>(move |tx| {
            for _ in 0..90 {
                duologue::store::seat_days::note_write(tx, &seat, now)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    let tomorrow = world.booked(&world.acme, 0, 24 * 60, 30).await;
    world.settle().await;
    assert!(world.meeting(&world.acme, &meeting).await.room.is_none(), "ninety are used: the rest is kept for Start");
    world.at(60).await;
    world.start(&world.acme, 0, &meeting).await;
    assert!(world.meeting(&world.acme, &tomorrow).await.room.is_none());
    world.clock.advance(std::time::Duration::from_hours(16));
    // Webhooks of the hours between are not delivered: they would come with an old time.
    world.work().await;
    assert!(world.meeting(&world.acme, &tomorrow).await.room.is_some(), "after midnight UTC it is made");
}

#[tokio::test]
async fn when_the_whole_day_is_used_the_host_is_told_and_zoom_is_not_asked() {
    let world = World::in_memory(2).await;
    let (seat, now) = (world.acme.seats[0].clone(), world.now());
    world
        .app
        .store
        .write::<_, StoreError, _>(move |tx| (0..100).try_for_each(|_| duologue::store::seat_days::note_write(tx, &seat, now)))
        .await
        .unwrap();
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    let start = world.app.start(&world.acme.scope, &world.acme.users[0], &meeting, With::License).await.unwrap();
    let Start::Zoom(words) = start else { panic!("{start:?}") };
    assert!(words.contains("midnight UTC"), "{words}");
    assert_eq!(world.zoom(|zoom, _| zoom.meetings().count()), 0);
    assert_eq!(world.stage(&world.acme, &meeting).await, Stage::Booked);
}
