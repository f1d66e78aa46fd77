//! What the engine asks of meetings has an index for it: its cost does not grow with what is stored. `benches/growth.rs`
//! measures the same with a million meetings.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use duologue::app::start::With;
use duologue::domain::time::Window;
use duologue::store::{DatabaseUrl, Store, StoreError, meetings, migrate};

use crate::support::database::{Database, Raw};
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

/// What was asked of meetings on that day, as it was written for this database; rows that are added look for nothing.
async fn asked_of_meetings(url: &DatabaseUrl) -> Vec<String> {
    let (store, heard) = Store::open_heard(url).unwrap();
    let world = World::new(store, 1).await;
    a_day(&world).await;
    let is_of_meetings = |statement: &String| ["`meetings`", "\"meetings\""].iter().any(|name| statement.contains(name));
    let statements: Vec<String> =
        heard.statements().into_iter().filter(is_of_meetings).filter(|statement| !statement.starts_with("INSERT")).collect();
    assert!(statements.len() > 25, "{}", statements.len());
    statements
}

/// Nothing that was asked walks, and what is planted does.
fn assert_none_walks(statements: &[String], mut walks: impl FnMut(&str) -> Vec<String>, planted: &[&str]) {
    let steps = |statement: &String| walks(statement).into_iter().map(|step| format!("{step}: {statement}")).collect::<Vec<_>>();
    let walking: Vec<String> = statements.iter().flat_map(steps).collect();
    assert!(walking.is_empty(), "{}", walking.join("\n\n"));
    for condition in planted {
        assert_eq!(walks(&format!("SELECT id FROM meetings WHERE {condition}")).len(), 1, "{condition}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_the_engine_asks_walks_through_all_meetings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.db");
    let url = DatabaseUrl::Sqlite(file.clone());
    migrate::up(&url).unwrap();
    let statements = asked_of_meetings(&url).await;
    let mut db = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    // The store is still closing what it had open.
    db.batch_execute("PRAGMA busy_timeout = 8000").unwrap();
    let planted = ["topic = ?", "hold_from <= ? AND hold_until > ?", "host_id = ? AND starts_at < ?"];
    assert_none_walks(&statements, |statement| walks(&mut db, statement, "meetings"), &planted);
}

/// Indexes of few rows: who waits in line, and what Zoom has not been told of yet. Read whole they are no walk.
const OF_FEW: [&str; 2] = ["meetings_queued", "meetings_unsynced"];

/// The same for PostgreSQL, which walks only where no index helps once it has been told to avoid it; its policies for rows must
/// not come in between. The plan is the one for any values, so that what is stored here does not matter.
fn walks_on_postgres(db: &mut Raw, statement: &str) -> Vec<String> {
    let values = (1..100).take_while(|number| statement.contains(&format!("${number}"))).map(|_| "NULL").collect::<Vec<_>>();
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    db.execute(&format!("PREPARE asked AS {statement}"));
    let plan = db.rows(&format!("SELECT plan AS a, NULL AS b, NULL AS c FROM pg_temp.plan_of('EXECUTE asked{values}') AS plan"));
    db.execute("DEALLOCATE asked");
    let plan: Vec<String> = plan.into_iter().filter_map(|[step, _, _]| step).collect();
    let conditions = plan.iter().skip(1).map(String::as_str).chain([""]);
    let mut walks = |step: &str, below: &str| is_walk(step, below, |index| first_column(db, index));
    plan.iter().zip(conditions).filter(|(step, condition)| walks(step, condition)).map(|(step, _)| step.clone()).collect()
}

/// By what an index is ordered first.
fn first_column(db: &mut Raw, index: &str) -> String {
    let of_index = format!(
        "SELECT attname::text AS a, NULL AS b, NULL AS c FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] \
         WHERE indexrelid = '{index}'::regclass"
    );
    db.rows(&of_index).into_iter().find_map(|[column, _, _]| column).unwrap()
}

/// Whether a step of a plan reads all meetings, or all of their past. `below` is the line after it: how it finds its place.
fn is_walk(step: &str, below: &str, first_column: impl FnOnce(&str) -> String) -> bool {
    if step.contains("Seq Scan on meetings") {
        return true;
    }
    let index = step.split_whitespace().find(|word| word.starts_with("meetings_"));
    let Some(index) = index.filter(|_| step.contains("Index") && step.contains("Scan")) else { return false };
    let bounds = below.trim().strip_prefix("Index Cond: ").unwrap_or_default();
    // A bound of a later column finds no place in it.
    let first = first_column(index);
    let column = |clause: &str| clause.trim_start_matches('(').split([' ', ')']).next().unwrap_or_default().to_owned();
    let is_beginning =
        |clause: &str| column(clause) == first && [" = ", " > ", " >= "].iter().any(|bound| clause.contains(bound));
    let has_beginning = bounds.split(" AND ").any(is_beginning);
    !has_beginning && !OF_FEW.contains(&index)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_the_engine_asks_walks_through_all_meetings_on_postgres() {
    let database = Database::postgres();
    let statements = asked_of_meetings(&database.url).await;
    let mut db = Raw::open(&database.url);
    db.execute(
        "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; \
         CREATE FUNCTION pg_temp.plan_of(asked TEXT) RETURNS SETOF TEXT LANGUAGE plpgsql AS \
         $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || asked; END $$",
    );
    let planted = ["topic = $1", "hold_from <= $1 AND hold_until > $2", "hold_from > $1 OR hold_until > $1"];
    assert_none_walks(&statements, |statement| walks_on_postgres(&mut db, statement), &planted);
}
