//! What the benchmarks share: a portal on a database of their own, a tenant with hosts and seats, and how figures are told.

use std::path::Path;
use std::sync::Arc;

use duologue::app::bookings::{Booking, Time};
use duologue::app::{App, Parts};
use duologue::clock::{Clock, Ids};
use duologue::config::Secret;
use duologue::domain::ids::{SeatId, TenantId, UserId};
use duologue::domain::meeting::Kind;
use duologue::domain::names::{EmailAddress, IdempotencyKey, PersonName, Slug, Topic, ZoneName};
use duologue::domain::seat::{License, Seat, SeatStatus};
use duologue::domain::tenant::{Role, Share, Standing, Tenant, User};
use duologue::domain::time::{Instant, Span, Window};
use duologue::mail::{Mailbox, Mailer, Sender};
use duologue::store::scope::{OperatorPass, TenantScope};
use duologue::store::{DatabaseUrl, Store, StoreError, licenses, migrate, seats, tenants, users};
use duologue::zoom::http::HttpTransport;
use duologue::zoom::{Client, Credentials};

/// Signs webhooks, and is the portal's key too.
pub(crate) const SECRET: &str = "0123456789012345678901234567890123456789";
/// As many licenses as anybody buys.
const LICENSES: u32 = 1000;

/// The verbs on an SQLite database in `folder`, with at most `batch` changes in one transaction; and the right to run the
/// pool. Zoom and mail are never reached.
pub(crate) fn portal(folder: &Path, batch: usize) -> (Arc<App>, OperatorPass) {
    let database = DatabaseUrl::Sqlite(folder.join("bench.db"));
    migrate::up(&database).expect("migrations");
    let store = Store::open_with(&database, batch).expect("a database");
    let pass = OperatorPass::console(&store.1);
    let transport = HttpTransport::new("http://127.0.0.1:9", "http://127.0.0.1:9").expect("a transport");
    let nobody = Credentials { account_id: String::new(), client_id: String::new(), client_secret: String::new() };
    let app = App::new(Parts {
        store,
        zoom: Client::new(Arc::new(transport), nobody, Clock::System),
        mailer: Mailer::Mailbox(Mailbox::new(Sender::parse("a@b.example").expect("a sender"))),
        clock: Clock::System,
        ids: Ids::random(),
        secret_key: Secret::new(SECRET),
        base_url: url::Url::parse("http://127.0.0.1").expect("a URL"),
        webhook_secret: Secret::new(SECRET),
    });
    (app, pass)
}

/// A tenant's people, each with a seat of their own.
pub(crate) struct Hosts {
    /// The right to their tenant's data.
    pub(crate) scope: TenantScope,
    /// Them.
    pub(crate) users: Vec<User>,
}

/// A tenant in a pool of [`LICENSES`], with so many hosts. The first is `host-0@bench.example`, at `/t/bench`.
pub(crate) async fn hosts(app: &Arc<App>, pass: &OperatorPass, count: usize) -> Hosts {
    let now = app.now();
    let tenant = Tenant {
        id: TenantId::new(app.id()),
        slug: Slug::parse("bench").expect("a slug"),
        name: PersonName::parse("Bench").expect("a name"),
        zone: ZoneName::utc(),
        reply_to: None,
        default_length: Span::minutes(30),
        share: Share { guarantee: 0, cap: LICENSES },
        shared_seats: false,
        short_meetings: false,
        suspended_at: None,
        created_at: now,
    };
    let scope = pass.scope(&tenant.id);
    let users: Vec<User> = (0..count).map(|number| user(app, &tenant, number)).collect();
    let (tx_scope, tx_users, pass) = (scope.clone(), users.clone(), pass.clone());
    let written = app.store.write::<_, StoreError, _>(move |tx| {
        tenants::insert(tx, &pass, &tenant)?;
        licenses::set_count(tx, &pass, LICENSES, now)?;
        for (number, user) in tx_users.iter().enumerate() {
            users::insert(tx, &tx_scope, user)?;
            seats::insert(tx, &pass, &seat(number, user), now)?;
        }
        Ok(())
    });
    written.await.expect("a tenant");
    Hosts { scope, users }
}

fn user(app: &App, tenant: &Tenant, number: usize) -> User {
    User {
        id: UserId::new(app.id()),
        tenant: tenant.id.clone(),
        email: EmailAddress::parse(&format!("host-{number}@bench.example")).expect("an address"),
        name: PersonName::parse(&format!("Host {number}")).expect("a name"),
        role: Role::Staff,
        zone: None,
        standing: Standing::Active,
        created_at: app.now(),
    }
}

fn seat(number: usize, user: &User) -> Seat {
    Seat {
        id: SeatId::new(format!("seat-{number}")),
        zoom_user_id: Some(format!("zoom-{number}")),
        email: EmailAddress::parse(&format!("seat-{number}@bench.example")).expect("an address"),
        name: "Seat".to_owned(),
        tenant: Some(user.tenant.clone()),
        user: Some(user.id.clone()),
        status: SeatStatus::Active,
        observed: License::Basic,
        observed_at: None,
    }
}

/// Half an hour of this host with a client.
pub(crate) fn booking(app: &App, host: &User, start: Instant) -> Booking {
    Booking {
        host: host.id.clone(),
        topic: Topic::parse("First consultation").expect("a topic"),
        client_name: PersonName::parse("Gil Moreno").expect("a name"),
        client_email: EmailAddress::parse("gil@mail.example").expect("an address"),
        client_zone: None,
        kind: Kind::Scheduled,
        time: Time {
            window: Window::lasting(start, Span::minutes(30)),
            wall: "2026-11-02T10:00".to_owned(),
            zone: ZoneName::utc(),
        },
        key: IdempotencyKey::parse(&app.id()).expect("a key"),
        wait: false,
    }
}

/// The middle of some figures, with the least and the greatest.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) middle: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self { middle: sorted[sorted.len() / 2], least: sorted[0], most: sorted[sorted.len() - 1] }
    }
}

/// One line of the report: what was measured, the figure, and what the design asks for.
pub(crate) fn tell(what: &str, figure: &str, aim: &str) {
    println!("{what:<52} {figure:<44} aim {aim}");
}
