//! Races for what there is only one of, through the verbs themselves, on both databases, from one node and from two
//! (design rule 3.1.6): one wins, the others are refused in words, and nobody gets an error.
//!
//! A run races for a few hours. `DUOLOGUE_RACE_ROUNDS=1000 cargo test --test it race::` races for as many as the figure in
//! the design asks for.

use std::sync::Arc;

use duologue::app::App;
use duologue::app::bookings::{Answer, Booking};
use duologue::app::pool::PoolRefusal;
use duologue::app::tenants::{NewTenant, NotAdded};
use duologue::clock::Stopwatch;
use duologue::config::environment;
use duologue::domain::admission::Refusal;
use duologue::domain::names::{EmailAddress, PersonName, Slug, ZoneName};
use duologue::domain::tenant::{Share, User};
use duologue::store::Store;
use duologue::store::scope::TenantScope;
use futures_util::future::join_all;

use crate::support::database::{Database, both_databases};
use crate::support::world::World;

/// How many race at once, each with a host and a seat of their own, so that licenses alone are scarce.
const CLIENTS: usize = 64;
/// From one race's hour to the next: they touch nowhere, padding included.
const APART: i64 = 45;
const LENGTH: i64 = 30;

fn rounds() -> i64 {
    environment("DUOLOGUE_RACE_ROUNDS").map_or(8, |rounds| rounds.parse().expect("a number of rounds"))
}

/// The same portal so many times, as that many processes on one database.
fn nodes(world: &World, db: &Database, count: usize) -> Vec<Arc<App>> {
    (0..count).map(|_| world.node(Store::open(&db.url).unwrap())).collect()
}

async fn book(app: Arc<App>, scope: TenantScope, host: User, booking: Booking) -> Answer {
    app.book(&scope, &host, booking).await.unwrap_or_else(|error| panic!("a race is no error: {error}"))
}

async fn race_for_the_last_license(db: &Database, count: usize) {
    let world = World::new(Store::open(&db.url).unwrap(), 1).await;
    let party = world.with_party("racers", CLIENTS).await;
    let nodes = nodes(&world, db, count);
    let watch = Stopwatch::start();
    for round in 0..rounds() {
        let race = party.users.iter().enumerate().map(|(number, host)| {
            let booking = world.booking(host, 60 + round * APART, LENGTH);
            tokio::spawn(book(nodes[number % count].clone(), party.scope.clone(), host.clone(), booking))
        });
        let answers: Vec<Answer> = join_all(race).await.into_iter().map(Result::unwrap).collect();
        let won = answers.iter().filter(|answer| matches!(answer, Answer::Accepted(_))).count();
        let told = |answer: &&Answer| matches!(answer, Answer::Refused { refusal: Refusal::PoolFull, nearest, .. } if !nearest.is_empty());
        let told = answers.iter().filter(told).count();
        assert_eq!((won, told), (1, CLIENTS - 1), "round {round}: {answers:?}");
    }
    let sum = |table: &str, of: &str| format!("(SELECT COUNT({of}) FROM {table})");
    let stored = db.rows(&format!(
        "SELECT CAST({} AS TEXT) AS a, CAST({} AS TEXT) AS b, CAST({} AS TEXT) AS c",
        sum("meetings", "*"),
        sum("meetings", "DISTINCT starts_at"),
        sum("letters", "*")
    ));
    assert_eq!(stored, vec![[(); 3].map(|()| Some(rounds().to_string()))], "as many meetings, hours and invitations as rounds");
    let seconds = watch.elapsed().as_secs_f64();
    println!("{} rounds of {CLIENTS} clients on {count} nodes: one winner each, no error, {seconds:.1} s", rounds());
}

both_databases! {
    async fn one_of_sixty_four_wins_on_one_node(db: Database) {
        race_for_the_last_license(&db, 1).await;
    }

    async fn one_of_sixty_four_wins_on_two_nodes(db: Database) {
        race_for_the_last_license(&db, 2).await;
    }

    /// Sixteen operators each add a tenant that is guaranteed one license, and four can be promised.
    async fn no_more_is_guaranteed_than_can_be_promised(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 5).await;
        let nodes = nodes(&world, &db, 2);
        let race = (0..16).map(|number| {
            let (app, console) = (nodes[number % 2].clone(), world.console.clone());
            let new = NewTenant {
                slug: Slug::parse(&format!("tenant-{number}")).unwrap(),
                name: PersonName::parse("A tenant").unwrap(),
                zone: ZoneName::utc(),
                share: Share { guarantee: 1, cap: 1 },
                admin_email: EmailAddress::parse("ana@tenant.example").unwrap(),
                admin_name: PersonName::parse("Ana Ruiz").unwrap(),
            };
            tokio::spawn(async move { app.add_tenant(&console, new).await.unwrap() })
        });
        let outcomes: Vec<_> = join_all(race).await.into_iter().map(Result::unwrap).collect();
        let added = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let full = Err(NotAdded::Share(PoolRefusal::GuaranteesExceed { sum: 5, promisable: 4 }));
        assert_eq!((added, outcomes.iter().filter(|outcome| **outcome == full).count()), (4, 12), "{outcomes:?}");
    }

    /// A sum that is wider than a share: nothing overflows on the way to the refusal.
    async fn guarantees_that_no_pool_could_hold_are_refused(db: Database) {
        let world = World::new(Store::open(&db.url).unwrap(), 5).await;
        db.execute("UPDATE tenants SET guarantee = 2147483647, cap = 2147483647");
        let share = Share { guarantee: u32::MAX, cap: u32::MAX };
        let tenant = world.acme.scope.tenant().clone();
        let set = world.app.set_share(&world.console, tenant, share, false).await.unwrap();
        let sum = u64::from(u32::MAX) + 2_147_483_647;
        assert_eq!(set, Err(PoolRefusal::GuaranteesExceed { sum, promisable: 4 }));
        let bought = world.app.set_licenses(&world.console, 5).await.unwrap();
        assert_eq!(bought, Err(PoolRefusal::GuaranteesExceed { sum: 2 * 2_147_483_647, promisable: 4 }));
    }
}
