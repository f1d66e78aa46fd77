//! What a booking costs with a million meetings stored, against a thousand, through the verb itself; and what it costs where
//! many meet at once, which is another thing: whoever books asks for a license among all who meet at that hour.
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
/// Meetings of a day that is as full as the busy hosts can make it.
const FULL_DAY: u32 = BUSY as u32 * 5;

/// Which meetings are stored. The first thousand always lie on the day that is booked.
#[derive(Clone, Copy)]
enum Stored {
    /// No others.
    Few,
    /// The others are past: what a portal looks like after years.
    Behind,
    /// The others lie on full days within the year after.
    Ahead,
    /// The day that is booked is full as well: 200 meet at once at any time of it.
    Deep,
}

/// A portal with stored meetings.
struct Grown {
    app: Arc<App>,
    hosts: Hosts,
    /// When the day begins that is booked.
    day: Instant,
    _folder: tempfile::TempDir,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    println!("{BOOKINGS} bookings one after another, on SQLite in {}", folder().display());
    for (stored, what, aim) in [
        (Stored::Behind, "booking at 1,000,000 stored meetings, most of them past", "1.2 x"),
        (Stored::Ahead, "booking at 1,000,000 stored meetings, most of them to come", "1.2 x"),
        (Stored::Deep, "the same where 200 meet at once, not 67", "-"),
    ] {
        let (few, many) = runtime.block_on(compare(stored));
        let [ours, theirs] = [many, few].map(|times| format!("{:.0} µs ({:.0} to {:.0})", times.middle, times.least, times.most));
        let figure = format!("{:.2} x: {ours} against {theirs}", many.middle / few.middle);
        tell(what, &figure, aim);
    }
}

fn folder() -> &'static Path {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory } else { Path::new("/tmp") }
}

async fn compare(stored: Stored) -> (Spread, Spread) {
    let (few, many) = (grown(Stored::Few).await, grown(stored).await);
    let (mut with_few, mut with_many) = (Vec::new(), Vec::new());
    for number in 0..WARM_UP + BOOKINGS {
        with_few.push(book(&few, number).await);
        with_many.push(book(&many, number).await);
    }
    let measured = |times: &[f64]| Spread::of(times[WARM_UP..].iter().copied());
    (measured(&with_few), measured(&with_many))
}

/// One booking, in microseconds: each host has one every 50 minutes of the day.
async fn book(grown: &Grown, number: usize) -> f64 {
    let host = &grown.hosts.users[BUSY + number % BOOKING];
    let start = grown.day + Span::minutes(50 * (number / BOOKING) as i64 + 5 * (number % 8) as i64);
    let asked = booking(&grown.app, host, start);
    let watch = Stopwatch::start();
    let answer = grown.app.book(&grown.hosts.scope, host, asked).await.expect("an answer");
    let time = watch.elapsed();
    assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
    time.as_secs_f64() * 1e6
}

async fn grown(stored: Stored) -> Grown {
    let folder = tempfile::tempdir_in(folder()).expect("a folder");
    let (app, pass) = portal(folder.path(), 256);
    let hosts = hosts(&app, &pass, BUSY + BOOKING).await;
    // One meeting made by the product, from which the others are copied.
    let host = &hosts.users[0];
    let start = (app.now() + Span::days(360)).grid_up();
    let first = app.book(&hosts.scope, host, booking(&app, host, start)).await.expect("an answer");
    assert!(matches!(first, Answer::Accepted(_)), "{first:?}");
    let day = (app.now() + Span::days(2)).grid_up();
    copy(&folder.path().join("bench.db"), stored, day);
    Grown { app, hosts, day, _folder: folder }
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Copies the one meeting that is there, past the store: each of the busy hosts has five meetings a day.
#[expect(clippy::disallowed_methods, reason = "nothing else makes a million meetings in seconds")]
fn copy(database: &Path, stored: Stored, booked: Instant) {
    let mut connection = SqliteConnection::establish(&database.to_string_lossy()).expect("the database");
    let columns: Vec<Column> =
        diesel::sql_query("SELECT name FROM pragma_table_info('meetings')").load(&mut connection).expect("the columns");
    let (count, day) = match stored {
        Stored::Few => (FEW, "0".to_owned()),
        Stored::Behind => (MANY, format!("CASE WHEN n < {FEW} THEN 0 ELSE -n / {FULL_DAY} - 4 END")),
        Stored::Ahead => (MANY, format!("CASE WHEN n < {FEW} THEN 0 ELSE n / {FULL_DAY} + 1 END")),
        Stored::Deep => (MANY, format!("n / {FULL_DAY}")),
    };
    // A thousand are spread over the five parts of their day, and those of a full day too.
    let part = match stored {
        Stored::Deep => format!("n / {BUSY} % 5"),
        _ => format!("CASE WHEN n < {FEW} THEN n / {} ELSE n / {BUSY} % 5 END", FEW / 5),
    };
    let stage = if matches!(stored, Stored::Behind) {
        format!("CASE WHEN d.n < {FEW} THEN 'booked' ELSE 'ended' END")
    } else {
        "'booked'".to_owned()
    };
    let start = format!("({} + d.day * 86400 + d.part * 7200 + (d.host % 16) * 300)", booked.seconds());
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
         d AS (SELECT n, n % {BUSY} AS host, {day} AS day, {part} AS part FROM numbers)
         INSERT INTO meetings ({}) SELECT {} FROM d JOIN seats s ON s.id = 'seat-' || d.host, temp.one m;
         COMMIT",
        names.join(", "),
        values.join(", ")
    );
    connection.batch_execute(&sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
}
