//! What a booking costs with a million meetings stored, against a thousand, through the verb itself.
//!
//! The bookings go to both databases in turn, so that a busy machine slows both down. The files lie in memory where the
//! machine has such a folder, since a disk's flush would hide what the database does. `cargo bench --bench growth`.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{Hosts, Spread, booking, hosts, portal, tell};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use duologue::app::App;
use duologue::app::bookings::Answer;
use duologue::clock::Stopwatch;
use duologue::domain::time::{Instant, Span};

/// Hosts with stored meetings, and after them those who book while it is measured.
const BUSY: usize = 600;
const BOOKING: usize = 40;
const BOOKINGS: usize = 400;
const WARM_UP: usize = 40;
const FEW: u32 = 1_000;
const MANY: u32 = 1_000_000;

/// Where the stored meetings lie.
#[derive(Clone, Copy)]
enum Stored {
    /// Behind us but for the first thousand: what a portal looks like after years.
    Behind,
    /// All of them within the year ahead, 200 at once at any time of the day.
    Ahead,
}

/// A portal with stored meetings.
struct Grown {
    app: Arc<App>,
    hosts: Hosts,
    _folder: tempfile::TempDir,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    println!("{BOOKINGS} bookings one after another, on SQLite in {}", folder().display());
    for (stored, what) in [
        (Stored::Behind, "booking at 1,000,000 stored meetings, most of them past"),
        (Stored::Ahead, "booking at 1,000,000 stored meetings, all still to come"),
    ] {
        let (few, many) = runtime.block_on(compare(stored));
        let [ours, theirs] = [many, few].map(|times| format!("{:.0} µs ({:.0} to {:.0})", times.middle, times.least, times.most));
        let figure = format!("{:.2} x: {ours} against {theirs}", many.middle / few.middle);
        tell(what, &figure, "1.2 x");
    }
}

fn folder() -> &'static Path {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory } else { Path::new("/tmp") }
}

async fn compare(stored: Stored) -> (Spread, Spread) {
    let (few, many) = (grown(stored, FEW).await, grown(stored, MANY).await);
    let (mut with_few, mut with_many) = (Vec::new(), Vec::new());
    for number in 0..WARM_UP + BOOKINGS {
        with_few.push(book(&few, number).await);
        with_many.push(book(&many, number).await);
    }
    let measured = |times: &[f64]| Spread::of(times[WARM_UP..].iter().copied());
    (measured(&with_few), measured(&with_many))
}

/// One booking, in microseconds: each in an hour of its own, some days ahead.
async fn book(grown: &Grown, number: usize) -> f64 {
    let host = &grown.hosts.users[BUSY + number % BOOKING];
    let round = (number / BOOKING) as i64;
    let start = (grown.app.now() + Span::days(2 + 7 * round) + Span::minutes(15 * (number % BOOKING) as i64)).grid_up();
    let asked = booking(&grown.app, host, start);
    let watch = Stopwatch::start();
    let answer = grown.app.book(&grown.hosts.scope, host, asked).await.expect("an answer");
    let time = watch.elapsed();
    assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
    time.as_secs_f64() * 1e6
}

async fn grown(stored: Stored, count: u32) -> Grown {
    let folder = tempfile::tempdir_in(folder()).expect("a folder");
    let (app, pass) = portal(folder.path(), 256);
    let hosts = hosts(&app, &pass, BUSY + BOOKING).await;
    // One meeting made by the product, from which the others are copied.
    let host = &hosts.users[0];
    let start = (app.now() + Span::days(400 - 40)).grid_up();
    let first = app.book(&hosts.scope, host, booking(&app, host, start)).await.expect("an answer");
    assert!(matches!(first, Answer::Accepted(_)), "{first:?}");
    copy(&folder.path().join("bench.db"), stored, count, app.now());
    Grown { app, hosts, _folder: folder }
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Copies the one meeting that is there, past the store: each of the busy hosts has five meetings a day.
#[expect(clippy::disallowed_methods, reason = "nothing else makes a million meetings in seconds")]
fn copy(database: &Path, stored: Stored, count: u32, now: Instant) {
    let mut connection = SqliteConnection::establish(&database.to_string_lossy()).expect("the database");
    let columns: Vec<Column> =
        diesel::sql_query("SELECT name FROM pragma_table_info('meetings')").load(&mut connection).expect("the columns");
    let day = match stored {
        Stored::Ahead => "d.day".to_owned(),
        // The first thousand to come; the others on the days before yesterday.
        Stored::Behind => format!("CASE WHEN d.n < {FEW} THEN d.day ELSE -d.day - 2 END"),
    };
    let stage = match stored {
        Stored::Ahead => "'booked'".to_owned(),
        Stored::Behind => format!("CASE WHEN d.n < {FEW} THEN 'booked' ELSE 'ended' END"),
    };
    let start = format!("({} + ({day}) * 86400 + d.slot * 7200 + (d.host % 16) * 300)", now.seconds() / 300 * 300 + 86400);
    let value = |name: &str| match name {
        "id" => "'copy-' || d.n".to_owned(),
        "host_id" => "s.user_id".to_owned(),
        "seat_id" => "s.id".to_owned(),
        "starts_at" => start.clone(),
        "ends_at" => format!("{start} + 1800"),
        "hold_from" => format!("{start} - 300"),
        "hold_until" => format!("{start} + 2100"),
        "stage" => stage.clone(),
        "closed_at" => format!("CASE WHEN {stage} = 'ended' THEN {start} + 1800 END"),
        "link_hash" => "'link-' || d.n".to_owned(),
        "idempotency_key" => "'key-copy-copy-' || d.n".to_owned(),
        "zoom_number" => "1000000000 + d.n".to_owned(),
        "zoom_sequence" => "m.sequence".to_owned(),
        other => format!("m.{other}"),
    };
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let values: Vec<String> = names.iter().map(|name| value(name)).collect();
    let sql = format!(
        "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; CREATE TEMP TABLE one AS SELECT * FROM meetings LIMIT 1;
         WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {count}),
         d AS (SELECT n, n % {BUSY} AS host, n / {BUSY} / 5 AS day, n / {BUSY} % 5 AS slot FROM numbers)
         INSERT INTO meetings ({}) SELECT {} FROM d JOIN seats s ON s.id = 'seat-' || d.host, temp.one m;
         COMMIT",
        names.join(", "),
        values.join(", ")
    );
    connection.batch_execute(&sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
}
