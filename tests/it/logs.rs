//! Invariant I11: what is logged holds no secret and nobody's name or address, at the most talkative level there is.
//!
//! The whole way of a meeting is gone over HTTP while every line of this process is kept, those of other tests that run
//! meanwhile included: what they log must be clean too.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use duologue::demo::PASSWORD;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

use crate::support::database::Database;
use crate::support::portal::{OPERATOR, open, operator};
use crate::support::world::WEBHOOK_SECRET;
use crate::wired;

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Names, addresses and keys of the whole cast.
fn cast() -> Vec<String> {
    let names = ["Ana Ruiz", "Bo Lind", "Cy Young", "Gil Moreno", "Robin Quayle"];
    let addresses = ["ana@acme.example", "bo@acme.example", "cy@globex.example", "gil@mail.example", OPERATOR];
    let seats = (1..=6).map(|seat| format!("zoom-user-{seat}@ours.example"));
    let keys = [WEBHOOK_SECRET, PASSWORD, "0123456789012345678901234567890123456789", "Follow-up"];
    let keys_in_urls = ["zak=", "pwd=", "Bearer ", "v0="];
    let fixed = names.into_iter().chain(addresses).chain(keys).chain(keys_in_urls);
    fixed.map(str::to_owned).chain(seats).collect()
}

/// Libraries that only the tests use, to read pages: what they log is no line of ours.
const OF_TESTS: [&str; 3] = ["html5ever::", "selectors::", "scraper::"];

/// The lines that hold something secret, also when it is written as part of a URL.
fn leaks<'a>(log: &'a str, secrets: &[String]) -> Vec<&'a str> {
    let secrets: Vec<String> = secrets.iter().map(|secret| secret.to_lowercase()).collect();
    let holds = |line: &&str| {
        let plain = line.to_lowercase();
        let decoded = percent_encoding::percent_decode_str(&plain).decode_utf8_lossy().replace('+', " ");
        secrets.iter().any(|secret| plain.contains(secret) || decoded.contains(secret))
    };
    let is_of_tests =
        |line: &&str| line.split_whitespace().nth(2).is_some_and(|target| OF_TESTS.iter().any(|of| target.starts_with(of)));
    log.lines().filter(|line| !is_of_tests(line)).filter(holds).collect()
}

/// Everything that this process logs while `on` is set.
fn listen(on: Arc<AtomicBool>) -> Log {
    let log = Log::default();
    let writer = log.clone();
    let lines = fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    registry().with(lines.with_filter(dynamic_filter_fn(move |_, _| on.load(Ordering::Relaxed)))).init();
    log
}

#[actix_web::test]
async fn nothing_secret_or_personal_is_logged_on_the_whole_way_of_a_meeting() {
    let on = Arc::new(AtomicBool::new(true));
    let log = listen(on.clone());
    let (world, mut secrets) = wired::go_the_whole_way(&Database::sqlite()).await;
    let (base, server) = open(&world.app);
    let visitor = operator(&world, &base).await;
    for path in ["/operator", "/operator/mail", "/operator/webhooks", "/operator/audit"] {
        assert_eq!(visitor.get(path).await.status, 200, "{path}");
    }
    secrets.extend(visitor.secrets());
    server.stop(false).await;
    on.store(false, Ordering::Relaxed);

    let log = log.text();
    for said in ["asked Zoom", "TRACE", "DEBUG"] {
        assert!(log.contains(said), "the log was heard: {said}");
    }
    secrets.extend(cast());
    assert!(secrets.iter().all(|secret| secret.len() >= 3), "{secrets:?}");
    let leaks = leaks(&log, &secrets);
    assert!(leaks.is_empty(), "{} lines, such as\n{}", leaks.len(), leaks[..leaks.len().min(20)].join("\n"));
}

#[test]
fn one_line_with_an_address_is_noticed() {
    let log = Log::default();
    let writer = log.clone();
    let lines = fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(move || writer.clone());
    tracing::subscriber::with_default(lines.finish(), || {
        tracing::info!(meeting = "0192-meeting", "a letter went out");
        assert!(leaks(&log.text(), &cast()).is_empty());
        tracing::trace!(to = "Gil@mail.example", "a letter went out");
        tracing::debug!("GET /v2/users/zoom-user-1%40ours.example");
        tracing::debug!("name=Gil+Moreno");
    });
    assert_eq!(leaks(&log.text(), &cast()).len(), 3);
}
