//! Lead and grace are changed while meetings are booked: what was accepted stays where it was planned.

use duologue::app::bookings::Answer;
use duologue::app::start::{Start, With};
use duologue::domain::admission::Refusal;
use duologue::domain::pool::PoolSettings;
use duologue::domain::time::Instant;
use duologue::store::{Store, pool};

use crate::support::database::{Database, both_databases};
use crate::support::world::{World, minutes, monday};

async fn set_padding(world: &World, lead: i64, grace: i64) {
    let settings = world.app.store.read(pool::settings).await.unwrap();
    let asked = PoolSettings { lead: minutes(lead), grace: minutes(grace), ..settings };
    world.app.set_pool(&world.console, asked).await.unwrap().unwrap();
}

fn minute(at: Instant) -> i64 {
    (at - monday()).as_minutes()
}

both_databases! {
    async fn what_adjoins_a_meeting_is_accepted_after_lead_and_grace_were_lowered(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 2).await;
        let acme = &world.acme;
        set_padding(&world, 30, 30).await;
        world.booked(acme, 0, 120, 30).await;
        let running = world.booked(acme, 1, 45, 30).await;
        set_padding(&world, 5, 5).await;
        let Answer::Refused { refusal, nearest, .. } = world.book(acme, 0, 120, 30).await else { panic!("accepted") };
        assert_eq!(refusal, Refusal::SeatBusy);
        let offered: Vec<i64> = nearest.into_iter().map(minute).collect();
        assert!(offered.contains(&90) && offered.contains(&150), "the meeting itself is in the way, and nothing else: {offered:?}");
        world.booked(acme, 0, 90, 30).await;
        world.booked(acme, 0, 150, 30).await;
        world.at(45).await;
        world.start(acme, 1, &running).await;
        world.settle().await;
        world.booked(acme, 1, 75, 30).await;
    }

    async fn a_seat_is_busy_from_an_early_start_on_whatever_the_lead_becomes(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 1).await;
        let acme = &world.acme;
        let early = world.booked(acme, 0, 120, 30).await;
        world.at(60).await;
        let start = world.app.start(&acme.scope, &acme.users[0], &early, With::License).await.unwrap();
        assert!(matches!(start, Start::Go(_)), "{start:?}");
        for lead in [0, 60] {
            set_padding(&world, lead, 5).await;
            let answer = world.book(acme, 0, 65, 30).await;
            assert!(matches!(answer, Answer::Refused { refusal: Refusal::SeatBusy, .. }), "{lead}: {answer:?}");
        }
    }
}
