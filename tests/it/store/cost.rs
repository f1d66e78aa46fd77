//! What the engine asks of meetings has an index for it: its cost does not grow with what is stored. `benches/growth.rs`
//! measures the same with a million meetings.

use diesel::prelude::*;
use diesel::sql_types::Text;
use duologue::app::start::With;
use duologue::domain::time::Window;
use duologue::store::{DatabaseUrl, Store, StoreError, meetings, migrate};

use crate::support::world::{World, minutes};

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Where SQLite reads a table from one end to the other for a statement, or all of its past.
#[expect(clippy::disallowed_methods, reason = "a plan is asked for past the store")]
fn walks(db: &mut SqliteConnection, statement: &str, table: &str) -> Vec<String> {
    let plan: Vec<Plan> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(db).unwrap();
    let walks = |step: &str| {
        let rest = step.split_once(&format!(" {table}")).map_or("", |(_, rest)| rest);
        let has_no_beginning = ["hold_from<?)", "starts_at<?)"].iter().any(|open| rest.ends_with(open)) && !rest.contains(">?");
        // Few are booked and late; whatever else is asked by its past has another end.
        let is_of_few = rest.contains("(stage=?");
        step == format!("SCAN {table}") || step.starts_with(&format!("SCAN {table} ")) || (has_no_beginning && !is_of_few)
    };
    plan.into_iter().map(|step| step.detail).filter(|step| walks(step)).collect()
}

/// Everything that the engine does: bookings, refusals, moves, starts, ends, the line, no-shows, and turns of every lane.
async fn a_day(world: &World) {
    let (acme, globex) = (&world.acme, &world.globex);
    let first = world.booked(acme, 0, 60, 30).await;
    world.book(globex, 0, 60, 30).await;
    let missed = world.booked(globex, 0, 120, 30).await;
    world.at(60).await;
    let number = world.start(acme, 0, &first).await;
    world.settle().await;
    world.app.wait_in_line(&globex.scope, &globex.users[0], &missed).await.unwrap();
    world.start_with(globex, 0, &missed, With::WhateverThereIs).await;
    world.at(80).await;
    world.end(number);
    world.at(160).await;
    let (console, scope, host, now) = (world.console.clone(), acme.scope.clone(), acme.users[0].id.clone(), world.now());
    let day = Window::lasting(now, minutes(1440));
    world
        .app
        .store
        .read::<_, StoreError, _>(move |tx| {
            meetings::find_open(tx, &console, now)?;
            meetings::list_of_host(tx, &scope, &host, day).map(drop)
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_the_engine_asks_walks_through_all_meetings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.db");
    let url = DatabaseUrl::Sqlite(file.clone());
    migrate::up(&url).unwrap();
    let (store, heard) = Store::open_heard(&url).unwrap();
    let world = World::new(store, 1).await;
    a_day(&world).await;
    let statements: Vec<String> = heard.statements().into_iter().filter(|statement| statement.contains("`meetings`")).collect();
    assert!(statements.len() > 25, "{}", statements.len());
    let mut db = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let mut walking = Vec::new();
    for statement in statements.iter().filter(|statement| !statement.starts_with("INSERT")) {
        for step in walks(&mut db, statement, "meetings") {
            walking.push(format!("{step}: {statement}"));
        }
    }
    assert!(walking.is_empty(), "{}", walking.join("\n\n"));
    for planted in ["topic = ?", "hold_from <= ? AND hold_until > ?", "host_id = ? AND starts_at < ?"] {
        assert_eq!(walks(&mut db, &format!("SELECT id FROM meetings WHERE {planted}"), "meetings").len(), 1, "{planted}");
    }
}
