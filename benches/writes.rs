//! What group commit gives: webhook intake and bookings into one hour, through the verbs themselves, durable on SQLite,
//! against one transaction per request. Each round runs both one after the other, because a disk's mood changes by the
//! minute: only the ratio counts.
//!
//! `cargo bench --bench writes` prints the median ratio of seven rounds with its extremes. It asserts nothing.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Hosts, SECRET, Spread, booking, hosts, portal, tell};
use duologue::app::App;
use duologue::app::bookings::Answer;
use duologue::clock::Stopwatch;
use duologue::domain::time::{Instant, Span};
use duologue::store::scope::OperatorPass;
use duologue::zoom::signature;

const ROUNDS: usize = 7;
const CLIENTS: usize = 64;
/// Requests with one transaction each, and with group commit: each kind takes long enough to be measured.
const ALONE: usize = 400;
const GROUPED: usize = 6_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    println!("{CLIENTS} clients at once, SQLite with synchronous=FULL, {ROUNDS} rounds");
    report("webhook intake against one transaction each", "7 x", (0..ROUNDS).map(|_| runtime.block_on(pair(intake))).collect());
    report("bookings into one hour against one each", "5 x", (0..ROUNDS).map(|_| runtime.block_on(pair(bookings))).collect());
}

/// The rate with one transaction per request, and with group commit, in the same round.
async fn pair<F: Future<Output = f64>>(measure: impl Fn(Arc<App>, OperatorPass, usize) -> F) -> (f64, f64) {
    let mut rates = Vec::new();
    for (batch, amount) in [(1, ALONE), (256, GROUPED)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, pass) = portal(folder.path(), batch);
        rates.push(measure(app, pass, amount).await);
    }
    (rates[0], rates[1])
}

async fn intake(app: Arc<App>, _: OperatorPass, amount: usize) -> f64 {
    at_once(amount, move |number| {
        let app = app.clone();
        async move {
            let body = format!(
                r#"{{"event":"meeting.ended","event_ts":1{number},"payload":{{"account_id":"a","object":{{"id":"{number}","uuid":"u{number}==","end_time":"2026-11-02T09:00:00Z"}}}}}}"#
            );
            let timestamp = app.now().seconds().to_string();
            let signed = signature::sign(SECRET, &timestamp, body.as_bytes());
            app.receive_webhook(Some(&timestamp), Some(&signed), body.as_bytes()).await.expect("stored");
        }
    })
    .await
}

/// As many hosts as licenses can be promised book the same hour, and then the same hour of the next day.
async fn bookings(app: Arc<App>, pass: OperatorPass, amount: usize) -> f64 {
    const HOSTS: usize = 900;
    let amount = amount.min(3 * HOSTS);
    let hosts = Arc::new(hosts(&app, &pass, HOSTS).await);
    let first = (app.now() + Span::hours(2)).grid_up();
    at_once(amount, move |number| {
        let (app, hosts) = (app.clone(), hosts.clone());
        async move { book(&app, &hosts, number % HOSTS, first + Span::days((number / HOSTS) as i64)).await }
    })
    .await
}

async fn book(app: &Arc<App>, hosts: &Hosts, host: usize, start: Instant) {
    let host = &hosts.users[host];
    let answer = app.book(&hosts.scope, host, booking(app, host, start)).await.expect("an answer");
    assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
}

/// Runs `amount` requests, [`CLIENTS`] of them at once, and gives their rate.
async fn at_once<F>(amount: usize, request: impl Fn(usize) -> F + Clone + Send + Sync + 'static) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let watch = Stopwatch::start();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let request = request.clone();
            tokio::spawn(async move {
                for number in (client..amount).step_by(CLIENTS) {
                    request(number).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a client");
    }
    amount as f64 / watch.elapsed().max(Duration::from_nanos(1)).as_secs_f64()
}

fn report(what: &str, aim: &str, rounds: Vec<(f64, f64)>) {
    let ratio = Spread::of(rounds.iter().map(|(alone, grouped)| grouped / alone));
    let rate = Spread::of(rounds.iter().map(|(_, grouped)| *grouped)).middle;
    tell(what, &format!("{:.1} x ({:.1} to {:.1}), {rate:.0}/s", ratio.middle, ratio.least, ratio.most), aim);
}
