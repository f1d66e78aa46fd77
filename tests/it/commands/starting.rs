//! `serve` and `demo` as processes: what they take before they begin, and what is left when they are killed.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use diesel::connection::SimpleConnection;

use super::Console;
use crate::support::demo::Visitor;
use crate::support::until;

/// A process that is killed when it is let go.
pub(super) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    pub(super) fn start(mut command: Command) -> Self {
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// The rest of the first line of its standard output or error that contains `sign`.
    pub(super) fn line_after(&mut self, sign: &str, of_output: bool) -> String {
        let stream: Box<dyn std::io::Read> =
            if of_output { Box::new(self.0.stdout.as_mut().unwrap()) } else { Box::new(self.0.stderr.as_mut().unwrap()) };
        let lines = BufReader::new(stream).lines().map(Result::unwrap);
        let mut told = String::new();
        for line in lines {
            if let Some((_, rest)) = line.split_once(sign) {
                return rest.trim().to_owned();
            }
            told += &(line + "\n");
        }
        panic!("it never said {sign:?}:\n{told}");
    }
}

impl Running {
    /// Stops it as Ctrl+C does.
    pub(super) fn interrupt(mut self) {
        let told = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap();
        assert!(told.success());
        assert!(self.0.wait().unwrap().success(), "it ends well");
    }
}

fn taken() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn a_taken_address_is_a_wrong_configuration_and_nothing_was_begun() {
    let (_held, address) = taken();
    let console = Console::complete();
    let done = console.run(&["serve", "--bind", &address.to_string()]);
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    assert!(done.err.contains("DUOLOGUE_BIND: cannot listen on") && done.err.contains("another program"), "{}", done.err);
    assert_eq!(console.number("SELECT COUNT(*) FROM heartbeats"), "0");

    for (flags, setting) in [
        (["--bind", &address.to_string(), "--simulator-bind", "127.0.0.1:0"], "DUOLOGUE_BIND"),
        (["--bind", "127.0.0.1:0", "--simulator-bind", &address.to_string()], "DUOLOGUE_SIMULATOR_BIND"),
    ] {
        let done = console.run(&[&["demo", "--folder", "played"][..], &flags].concat());
        assert_eq!(done.code, 3, "{}{}", done.out, done.err);
        assert!(done.err.contains(&format!("{setting}: cannot listen on")), "{}", done.err);
        assert!(!console.path().join("played").exists(), "no story was told in vain");
    }
}

#[actix_web::test]
async fn serve_answers_and_a_second_one_beside_it_ends() {
    let console = Console::complete();
    let mut first = Running::start(console.command(&["serve"]));
    let address = first.line_after("address=", false);
    let address = address.split(' ').next().unwrap();
    assert_eq!(Visitor::nobody(&format!("http://{address}")).get("/healthz").await.status, 200);
    let second = console.run(&["serve", "--bind", address]);
    assert_eq!(second.code, 3, "{}", second.err);
}

/// How many tenants a demo's database has so far; 0 while it cannot be read.
fn tenants(console: &Console) -> usize {
    let path = console.path().join("played/duologue.db");
    if !path.exists() {
        return 0;
    }
    let Ok(mut connection) = <diesel::SqliteConnection as diesel::Connection>::establish(&path.to_string_lossy()) else {
        return 0;
    };
    (1..=3)
        .rev()
        .find(|count| {
            // A statement that fails when there are fewer: it needs no way to read rows from a file that is being made.
            let probe = format!(
                "CREATE TEMP TABLE probe{count} (enough INTEGER CHECK (enough >= {count})); \
                 INSERT INTO probe{count} SELECT COUNT(*) FROM tenants"
            );
            connection.batch_execute(&probe).is_ok()
        })
        .unwrap_or_default()
}

#[actix_web::test]
async fn a_demo_that_was_killed_while_its_story_was_told_tells_it_again() {
    let console = Console::bare();
    let demo = || {
        Running::start(console.command(&[
            "demo",
            "--folder",
            "played",
            "--bind",
            "127.0.0.1:0",
            "--simulator-bind",
            "127.0.0.1:0",
        ]))
    };
    let database = console.path().join("played/duologue.db");
    for point in 0..3 {
        let killed = demo();
        until("the database", || async { database.exists() }).await;
        until("so many tenants", || async { tenants(&console) >= point }).await;
        drop(killed);
    }
    let mut whole = demo();
    let portal = whole.line_after("Portal", true);
    let staff = Visitor::signed_in(&portal, "/t/hale-law", "greta@hale-law.example").await;
    assert!(staff.get("/t/hale-law/meetings").await.body.contains("Lease review"), "the last tenant has its meetings");
    let count = |table: &str| format!("SELECT COUNT(*) FROM {table}");
    let told = |sql: &str| {
        let url = duologue::store::DatabaseUrl::Sqlite(database.clone());
        crate::support::database::Raw::open(&url).rows(&format!("SELECT CAST(({sql}) AS TEXT) AS a, NULL AS b, NULL AS c"))[0][0]
            .clone()
            .unwrap()
    };
    assert_eq!((told(&count("tenants")), told(&count("operators"))), ("3".to_owned(), "1".to_owned()));
    let meetings = told(&count("meetings"));
    drop(whole);

    let mut again = demo();
    again.line_after("Portal", true);
    assert_eq!(told(&count("meetings")), meetings, "a story that was told is gone on from");
}

/// The number of SQL statements that the process has run.
async fn statements(probe: &Visitor) -> i64 {
    let metrics = probe.get("/metrics").await.body;
    let line = metrics.lines().find_map(|line| line.strip_prefix("duologue_sql_statements_total ")).unwrap();
    line.parse().unwrap()
}

/// What asking for `path` costs in statements: the least of several tries, since the background work runs some as well.
async fn cost(probe: &Visitor, visitor: &Visitor, path: &str) -> i64 {
    let mut least = i64::MAX;
    for _ in 0..12 {
        let before = statements(probe).await;
        assert_eq!(visitor.get(path).await.status, 200);
        least = least.min(statements(probe).await - before);
    }
    least
}

#[actix_web::test]
async fn the_dashboard_costs_three_statements_at_most() {
    let console = Console::bare();
    let mut running = Running::start(console.command(&[
        "demo",
        "--folder",
        "played",
        "--bind",
        "127.0.0.1:0",
        "--simulator-bind",
        "127.0.0.1:0",
    ]));
    let portal = running.line_after("Portal", true);
    let probe = Visitor::nobody(&portal);
    let staff = Visitor::signed_in(&portal, "/t/north-clinic", "ana@north-clinic.example").await;
    // What looking at the metrics costs itself is taken off: a page that asks the database nothing costs just that.
    let looking = cost(&probe, &probe, "/healthz").await;
    let (dashboard, region) =
        (cost(&probe, &staff, "/t/north-clinic").await - looking, cost(&probe, &staff, "/t/north-clinic/now").await - looking);
    assert!((1..=3).contains(&dashboard) && (1..=3).contains(&region), "{dashboard} and {region}");
    let meetings = cost(&probe, &staff, "/t/north-clinic/meetings/new").await - looking;
    assert!(meetings > dashboard, "a page that asks more is seen to: {meetings}");
}
