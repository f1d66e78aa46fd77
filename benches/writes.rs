//! What group commit gives: webhook intake and bookings into one hour, durable on SQLite, against one transaction per
//! request. Each round runs both one after the other, because a disk's mood changes by the minute: only the ratio counts.
//!
//! `cargo bench --bench writes` prints the median ratio of seven rounds with its extremes. It asserts nothing.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::sync::Arc;
use std::time::Duration;

use duologue::app::{App, Parts};
use duologue::clock::{Clock, Ids, Stopwatch};
use duologue::config::Secret;
use duologue::domain::admission::{self, Demand, Request, Rules};
use duologue::domain::ids::{ClientId, MeetingId, SeatId, TenantId, UserId};
use duologue::domain::meeting::{Kind, Meeting, State};
use duologue::domain::names::{EmailAddress, IdempotencyKey, PersonName, Slug, Topic, ZoneName};
use duologue::domain::seat::{License, Seat, SeatStatus};
use duologue::domain::tenant::{Role, Share, Standing, Tenant, User};
use duologue::domain::time::{Instant, Span, Window};
use duologue::mail::{Mailbox, Mailer, Sender};
use duologue::store::clients::{self, Client};
use duologue::store::scope::{OperatorPass, TenantScope};
use duologue::store::{DatabaseUrl, Store, StoreError, demand, licenses, meetings, migrate, pool, seats, tenants, users};
use duologue::zoom::http::HttpTransport;
use duologue::zoom::{Client as Zoom, Credentials, signature};

const ROUNDS: usize = 7;
const CLIENTS: usize = 64;
const SECRET: &str = "a secret for the benchmark";
const NOW: Instant = Instant::from_seconds(1_793_606_400);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    println!("{CLIENTS} clients at once, SQLite with synchronous=FULL, {ROUNDS} rounds");
    report("webhook intake", "/s", (0..ROUNDS).map(|_| runtime.block_on(pair(intake))).collect());
    report("bookings into one hour", "/s", (0..ROUNDS).map(|_| runtime.block_on(pair(bookings))).collect());
}

/// The rate with one transaction per request, and with group commit, in the same round.
async fn pair<F: Future<Output = f64>>(measure: impl Fn(Arc<App>, OperatorPass, usize) -> F) -> (f64, f64) {
    let mut rates = Vec::new();
    for (batch, amount) in [(1, 400), (256, 6_000)] {
        let folder = tempfile::tempdir().expect("a folder");
        let url = DatabaseUrl::Sqlite(folder.path().join("bench.db"));
        migrate::up(&url).expect("migrations");
        let store = Store::open_with(&url, batch).expect("a database");
        let pass = OperatorPass::console(&store.1);
        let app = app(store);
        rates.push(measure(app, pass, amount).await);
    }
    (rates[0], rates[1])
}

async fn intake(app: Arc<App>, _: OperatorPass, amount: usize) -> f64 {
    at_once(amount, move |number| {
        let app = app.clone();
        async move {
            let body = format!(
                r#"{{"event":"meeting.ended","event_ts":{number},"payload":{{"account_id":"a","object":{{"id":"{number}","uuid":"u{number}==","end_time":"2026-11-02T09:00:00Z"}}}}}}"#
            );
            let timestamp = app.now().seconds().to_string();
            let signed = signature::sign(SECRET, &timestamp, body.as_bytes());
            app.receive_webhook(Some(&timestamp), Some(&signed), body.as_bytes()).await.expect("stored");
        }
    })
    .await
}

async fn bookings(app: Arc<App>, pass: OperatorPass, amount: usize) -> f64 {
    let hosts = 600;
    let store = app.store.clone();
    let (scope, user) = found(&store, &app, pass, hosts).await;
    at_once(amount.min(3_000), move |number| {
        let (store, app, scope, user) = (store.clone(), app.clone(), scope.clone(), user.clone());
        async move { book(&store, &app, &scope, &user, number % hosts, number / hosts).await }
    })
    .await
}

/// One booking: read the demand, decide, write the meeting; each host in one hour of another day.
async fn book(store: &Store, app: &Arc<App>, scope: &TenantScope, user: &User, host: usize, day: usize) {
    let (app, scope, user) = (app.clone(), scope.clone(), user.clone());
    let done = store.write::<_, StoreError, _>(move |tx| {
        let settings = pool::settings(tx)?;
        let rules = Rules {
            lead: settings.lead,
            grace: settings.grace,
            horizon: settings.horizon,
            strategy: settings.strategy,
            frozen: false,
            now: NOW,
        };
        let start = NOW + Span::hours(2) + Span::days(i64::try_from(day).unwrap_or_default());
        let window = Window::lasting(start, Span::minutes(30));
        let seat = SeatId::new(format!("seat-{host}"));
        let host_id = user.id.clone();
        // Every seat is its own host here, so that only the pool limits them.
        let request = Request {
            tenant: scope.tenant().clone(),
            host: UserId::new(format!("{host_id}-{host}")),
            moving: None,
            seats: vec![seat.clone()],
            window,
            kind: Kind::Scheduled,
            licensed: true,
        };
        let demand = demand::during(tx, Demand::needed(&request, &rules, Span::ZERO), &settings)?;
        let demand = Demand {
            holds: demand.holds.into_iter().filter(|hold| hold.seat != seat || hold.busy.overlaps(window)).collect(),
            ..demand
        };
        let hold = admission::hold_of(window, Kind::Scheduled, &rules);
        let _ = std::hint::black_box(admission::admit(&request, &demand, &rules));
        let client = Client {
            id: ClientId::new(app.id()),
            email: EmailAddress::parse("gil@mail.example").expect("an address"),
            name: PersonName::parse("Gil").expect("a name"),
            zone: None,
        };
        let client = clients::remember(tx, &scope, &client, NOW)?;
        let meeting = Meeting {
            id: MeetingId::new(app.id()),
            tenant: scope.tenant().clone(),
            host: host_id,
            client,
            seat,
            kind: Kind::Scheduled,
            topic: Topic::parse("A booking").expect("a topic"),
            window,
            wall_time: "2026-11-02T10:00".to_owned(),
            zone: ZoneName::utc(),
            hold,
            licensed: true,
            queued_at: None,
            state: State::Booked,
            room: None,
            sequence: 0,
            link_version: 1,
            client_arrived_at: None,
            start_clicked_at: None,
            created_at: NOW,
        };
        let key = IdempotencyKey::parse(&app.id()).expect("a key");
        meetings::insert(tx, &scope, &meeting, &app.id(), &key)
    });
    done.await.expect("booked");
}

async fn found(store: &Store, app: &Arc<App>, pass: OperatorPass, hosts: usize) -> (TenantScope, User) {
    let tenant = Tenant {
        id: TenantId::new(app.id()),
        slug: Slug::parse("bench").expect("a slug"),
        name: PersonName::parse("Bench").expect("a name"),
        zone: ZoneName::utc(),
        reply_to: None,
        default_length: Span::minutes(30),
        share: Share { guarantee: 0, cap: 10_000 },
        shared_seats: true,
        short_meetings: false,
        suspended_at: None,
        created_at: NOW,
    };
    let scope = pass.scope(&tenant.id);
    let user = User {
        id: UserId::new(app.id()),
        tenant: tenant.id.clone(),
        email: EmailAddress::parse("ana@bench.example").expect("an address"),
        name: PersonName::parse("Ana").expect("a name"),
        role: Role::Staff,
        zone: None,
        standing: Standing::Invited,
        created_at: NOW,
    };
    let (tx_scope, tx_user) = (scope.clone(), user.clone());
    store
        .write::<_, StoreError, _>(move |tx| {
            tenants::insert(tx, &pass, &tenant)?;
            users::insert(tx, &tx_scope, &tx_user)?;
            licenses::set_count(tx, &pass, 1_000, NOW)?;
            for host in 0..hosts {
                let seat = Seat {
                    id: SeatId::new(format!("seat-{host}")),
                    zoom_user_id: Some(format!("zoom-{host}")),
                    email: EmailAddress::parse(&format!("seat-{host}@bench.example")).expect("an address"),
                    name: "Seat".to_owned(),
                    tenant: Some(tenant.id.clone()),
                    user: None,
                    status: SeatStatus::Active,
                    observed: License::Basic,
                    observed_at: None,
                };
                seats::insert(tx, &pass, &seat, NOW)?;
            }
            Ok(())
        })
        .await
        .expect("a tenant");
    (scope, user)
}

fn app(store: (Store, duologue::store::scope::KeeperPass)) -> Arc<App> {
    let transport = HttpTransport::new("http://127.0.0.1:9", "http://127.0.0.1:9").expect("a transport");
    let nobody = Credentials { account_id: String::new(), client_id: String::new(), client_secret: String::new() };
    App::new(Parts {
        store,
        zoom: Zoom::new(Arc::new(transport), nobody, Clock::System),
        mailer: Mailer::Mailbox(Mailbox::new(Sender::parse("a@b.example").expect("a sender"))),
        clock: Clock::System,
        ids: Ids::random(),
        secret_key: Secret::new("0123456789012345678901234567890123456789"),
        base_url: url::Url::parse("http://127.0.0.1").expect("a URL"),
        webhook_secret: Secret::new(SECRET),
    })
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

fn report(what: &str, unit: &str, rounds: Vec<(f64, f64)>) {
    let mut ratios: Vec<f64> = rounds.iter().map(|(alone, grouped)| grouped / alone).collect();
    ratios.sort_by(f64::total_cmp);
    let mut grouped: Vec<f64> = rounds.iter().map(|(_, grouped)| *grouped).collect();
    grouped.sort_by(f64::total_cmp);
    println!(
        "{what:<24} {:.1} x one transaction per request (from {:.1} to {:.1}); {:.0}{unit} with group commit",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1],
        grouped[grouped.len() / 2],
    );
}
