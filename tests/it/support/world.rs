//! A small world on a clock that only moves when told: the real verbs and store, and the simulated Zoom in the same process.
//!
//! The cast is the same everywhere: *ana* (admin) and *bo* (staff) of acme, *cy* (admin) of globex, who must see nothing of
//! acme, and *gil*, a client.

use std::sync::{Arc, Mutex, PoisonError};

use duologue::app::bell::Lane;
use duologue::app::bookings::{Answer, Booking, Time};
use duologue::app::start::{Start, With};
use duologue::app::{App, Parts};
use duologue::clock::{Clock, Ids};
use duologue::config::Secret;
use duologue::domain::ids::{MeetingId, SeatId, TenantId, UserId};
use duologue::domain::meeting::{Kind, Meeting, Stage};
use duologue::domain::names::{EmailAddress, IdempotencyKey, PersonName, Slug, Topic, ZoneName};
use duologue::domain::pool::{Place, PoolRow};
use duologue::domain::seat::{License, Seat, SeatStatus};
use duologue::domain::tenant::{Role, Share, Standing, Tenant, User};
use duologue::domain::time::{Instant, Span, Window};
use duologue::keeper;
use duologue::mail::{Mailbox, Mailer, Sender};
use duologue::store::scope::{KeeperPass, OperatorPass, TenantScope};
use duologue::store::{Store, StoreError, licenses, meetings, seats, tenants, users};
use duologue::zoom::pace::Paced;
use duologue::zoom::simulator::{LocalTransport, Outgoing, Settings, SharedWorld, World as Zoom};
use duologue::zoom::{Client, Credentials};

use super::wire::Wire;

pub(crate) const WEBHOOK_SECRET: &str = "webhook-secret-of-the-tests";

pub(crate) struct World {
    pub(crate) app: Arc<App>,
    /// The right to run the pool.
    pub(crate) console: OperatorPass,
    pub(crate) zoom: SharedWorld,
    pub(crate) wire: Wire,
    pub(crate) clock: Clock,
    pub(crate) mailbox: Mailbox,
    pub(crate) acme: Party,
    pub(crate) globex: Party,
}

pub(crate) struct Party {
    pub(crate) scope: TenantScope,
    pub(crate) users: Vec<User>,
    pub(crate) seats: Vec<SeatId>,
}

/// 2026-11-02 08:00 UTC, a Monday.
pub(crate) fn monday() -> Instant {
    Instant::from_seconds(1_793_606_400)
}

pub(crate) fn minutes(minutes: i64) -> Span {
    Span::minutes(minutes)
}

impl World {
    /// A world with `licenses` licenses, on this database.
    pub(crate) async fn new(store: (Store, KeeperPass), licenses: u32) -> Self {
        let clock = Clock::manual(monday());
        let credentials = Credentials { account_id: "a".into(), client_id: "b".into(), client_secret: "c".into() };
        let settings = Settings::new(credentials.clone(), WEBHOOK_SECRET, licenses);
        let zoom = Arc::new(Mutex::new(Zoom::new(settings, Ids::seeded(2))));
        let mailbox = Mailbox::new(Sender::parse("Duologue <meet@duologue.example>").unwrap());
        let console = OperatorPass::console(&store.1);
        let wire = Wire::new(LocalTransport::new(zoom.clone(), clock.clone()));
        let mailer = Mailer::Mailbox(mailbox.clone());
        let app = app(store, &zoom, &wire, &clock, mailer, credentials);
        let founder = Founder { app: &app, console: &console, zoom: &zoom };
        let acme = founder.found("acme", &[("Ana Ruiz", "ana", Role::Admin), ("Bo Lind", "bo", Role::Staff)], 1).await;
        let globex = founder.found("globex", &[("Cy Young", "cy", Role::Admin)], 5).await;
        app.set_licenses(&console, licenses).await.unwrap().unwrap();
        app.sync_seats(&console).await.unwrap();
        Self { app, console, zoom, wire, clock, mailbox, acme, globex }
    }

    /// Another tenant, with so many users and a seat for each.
    pub(crate) async fn with_party(&self, slug: &str, people: usize) -> Party {
        let names: Vec<(String, String)> =
            (0..people).map(|number| (format!("Host {number}"), format!("host-{number}"))).collect();
        let people: Vec<_> = names.iter().map(|(name, local)| (name.as_str(), local.as_str(), Role::Staff)).collect();
        let founder = Founder { app: &self.app, console: &self.console, zoom: &self.zoom };
        let party = founder.found(slug, &people, 100).await;
        self.app.sync_seats(&self.console).await.unwrap();
        party
    }

    /// A fresh world in memory.
    pub(crate) async fn in_memory(licenses: u32) -> Self {
        Self::new(Store::open(&duologue::store::DatabaseUrl::in_memory()).unwrap(), licenses).await
    }

    /// The process dies and another takes its place, on the same database and the same Zoom.
    pub(crate) fn restart(&mut self, store: (Store, KeeperPass)) {
        self.app = self.node(store);
    }

    /// Another process beside this one, on the same Zoom, clock and mailbox.
    pub(crate) fn node(&self, store: (Store, KeeperPass)) -> Arc<App> {
        self.another(store, Mailer::Mailbox(self.mailbox.clone()))
    }

    /// Another process beside this one, on the same Zoom, with a mailer of its own.
    pub(crate) fn another(&self, store: (Store, KeeperPass), mailer: Mailer) -> Arc<App> {
        let credentials = Credentials { account_id: "a".into(), client_id: "b".into(), client_secret: "c".into() };
        app(store, &self.zoom, &self.wire, &self.clock, mailer, credentials)
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(crate) fn zoom<T>(&self, act: impl FnOnce(&mut Zoom, i64) -> T) -> T {
        act(&mut self.zoom.lock().unwrap_or_else(PoisonError::into_inner), self.clock.now_millis())
    }

    /// Every lane does what there is; no webhook is delivered.
    pub(crate) async fn work(&self) {
        for lane in [Lane::Inbox, Lane::Rooms, Lane::Licenses, Lane::Letters] {
            keeper::run(&self.app, lane).await.unwrap();
        }
    }

    /// What Zoom sends now, not delivered yet.
    pub(crate) fn outgoing(&self) -> Vec<Outgoing> {
        self.zoom(|zoom, now| {
            let due = zoom.tick(now);
            for webhook in &due {
                zoom.answered(now, webhook.id, Some(200));
            }
            due
        })
    }

    pub(crate) async fn deliver(&self, webhook: &Outgoing) {
        let received =
            self.app.receive_webhook(Some(&webhook.timestamp), Some(&webhook.signature), webhook.body.as_bytes()).await.unwrap();
        assert_eq!(received, duologue::app::inbox::Received::Stored);
    }

    /// Delivers what Zoom sends, and works until there is nothing left.
    pub(crate) async fn settle(&self) {
        for webhook in self.outgoing() {
            self.deliver(&webhook).await;
        }
        self.work().await;
    }

    /// Lets time pass, settling every 30 seconds.
    pub(crate) async fn pass(&self, span: Span) {
        let until = self.now() + span;
        while self.now() < until {
            self.clock.set((self.now() + Span::seconds(30)).min(until));
            self.settle().await;
        }
    }

    /// Lets time pass until that many minutes after Monday 08:00.
    pub(crate) async fn at(&self, minute: i64) {
        self.pass(monday() + minutes(minute) - self.now()).await;
    }

    pub(crate) fn booking(&self, host: &User, minute: i64, length: i64) -> Booking {
        let start = monday() + minutes(minute);
        Booking {
            wait: false,
            host: host.id.clone(),
            topic: Topic::parse("Follow-up").unwrap(),
            client_name: PersonName::parse("Gil Moreno").unwrap(),
            client_email: EmailAddress::parse("gil@mail.example").unwrap(),
            client_zone: None,
            kind: Kind::Scheduled,
            time: Time {
                window: Window::lasting(start, minutes(length)),
                wall: "2026-11-02T09:00".into(),
                zone: ZoneName::utc(),
            },
            key: IdempotencyKey::parse(&self.app.id()).unwrap(),
        }
    }

    /// A meeting on the spot; `wait`: its host will wait in line.
    pub(crate) fn on_the_spot(&self, host: &User, length: i64, wait: bool) -> Booking {
        let booking = self.booking(host, 0, length);
        let time = Time { window: Window::lasting(self.now(), minutes(length)), ..booking.time };
        Booking { kind: Kind::OnDemand, time, wait, ..booking }
    }

    pub(crate) async fn book(&self, party: &Party, host: usize, minute: i64, length: i64) -> Answer {
        let booking = self.booking(&party.users[host], minute, length);
        self.app.book(&party.scope, &party.users[host], booking).await.unwrap()
    }

    /// Books, and insists.
    pub(crate) async fn booked(&self, party: &Party, host: usize, minute: i64, length: i64) -> MeetingId {
        match self.book(party, host, minute, length).await {
            Answer::Accepted(meeting) => meeting,
            other => panic!("not accepted: {other:?}"),
        }
    }

    pub(crate) async fn meeting(&self, party: &Party, id: &MeetingId) -> Meeting {
        let (scope, id) = (party.scope.clone(), id.clone());
        self.app.store.read::<_, StoreError, _>(move |tx| meetings::find(tx, &scope, &id)).await.unwrap().unwrap()
    }

    pub(crate) async fn stage(&self, party: &Party, id: &MeetingId) -> Stage {
        self.meeting(party, id).await.state.stage()
    }

    pub(crate) async fn licenses(&self) -> Vec<PoolRow> {
        let rows = self.app.store.read::<_, StoreError, _>(licenses::list).await.unwrap();
        rows.into_iter().map(|(row, _)| row).collect()
    }

    pub(crate) async fn attached(&self) -> usize {
        self.licenses().await.iter().filter(|row| row.slot.place() == Place::Attached).count()
    }

    /// Presses Start and enters Zoom's room; gives the meeting's number at Zoom.
    pub(crate) async fn start(&self, party: &Party, host: usize, id: &MeetingId) -> i64 {
        self.start_with(party, host, id, With::License).await
    }

    /// The same, for a host who may begin without a license.
    pub(crate) async fn start_with(&self, party: &Party, host: usize, id: &MeetingId, with: With) -> i64 {
        let start = self.app.start(&party.scope, &party.users[host], id, with).await.unwrap();
        let Start::Go(url) = start else { panic!("not started: {start:?}") };
        let url = url::Url::parse(url.reveal()).unwrap();
        let zak = url.query_pairs().find(|(name, _)| name == "zak").unwrap().1.into_owned();
        let number = self.meeting(party, id).await.room.unwrap().number;
        self.zoom(|zoom, now| zoom.host_arrives(now, number, &zak, false)).unwrap();
        number
    }

    pub(crate) fn end(&self, number: i64) {
        self.zoom(|zoom, now| zoom.end(now, number, "Host ended the meeting."));
    }
}

fn app(
    store: (Store, KeeperPass),
    zoom: &SharedWorld,
    wire: &Wire,
    clock: &Clock,
    mailer: Mailer,
    credentials: Credentials,
) -> Arc<App> {
    let plan = zoom.lock().unwrap_or_else(PoisonError::into_inner).settings().plan;
    let paced = Paced::new(Arc::new(wire.clone()), plan, clock.clone());
    App::new(Parts {
        store,
        zoom: Client::new(Arc::new(paced), credentials, clock.clone()),
        mailer,
        clock: clock.clone(),
        ids: Ids::random(),
        secret_key: Secret::new("0123456789012345678901234567890123456789"),
        base_url: url::Url::parse("https://meet.example").unwrap(),
        webhook_secret: Secret::new(WEBHOOK_SECRET),
    })
}

/// Who founds tenants.
struct Founder<'a> {
    app: &'a Arc<App>,
    console: &'a OperatorPass,
    zoom: &'a SharedWorld,
}

impl Founder<'_> {
    async fn found(&self, slug: &str, people: &[(&str, &str, Role)], first_seat: usize) -> Party {
        let Self { app, console, zoom } = *self;
        let pass = console.clone();
        let now = app.now();
        let tenant = Tenant {
            id: TenantId::new(app.id()),
            slug: Slug::parse(slug).unwrap(),
            name: PersonName::parse(slug).unwrap(),
            zone: ZoneName::utc(),
            reply_to: None,
            default_length: minutes(30),
            share: Share { guarantee: 0, cap: 100 },
            shared_seats: false,
            short_meetings: false,
            suspended_at: None,
            created_at: now,
        };
        let scope = pass.scope(&tenant.id);
        let mut party = Party { scope: scope.clone(), users: Vec::new(), seats: Vec::new() };
        app.store.write::<_, StoreError, _>(move |tx| tenants::insert(tx, &pass, &tenant)).await.unwrap();
        for (index, (name, local, role)) in people.iter().enumerate() {
            let user = User {
                id: UserId::new(app.id()),
                tenant: scope.tenant().clone(),
                email: EmailAddress::parse(&format!("{local}@{slug}.example")).unwrap(),
                name: PersonName::parse(name).unwrap(),
                role: *role,
                zone: None,
                standing: Standing::Invited,
                created_at: now,
            };
            let email = format!("zoom-user-{}@ours.example", first_seat + index);
            zoom.lock().unwrap().add_user(now.seconds() * 1000, &email, "Seat", "One", License::Basic);
            let seat = Seat {
                id: SeatId::new(app.id()),
                zoom_user_id: None,
                email: EmailAddress::parse(&email).unwrap(),
                name: "Seat".into(),
                tenant: Some(scope.tenant().clone()),
                user: Some(user.id.clone()),
                status: SeatStatus::Pending,
                observed: License::Basic,
                observed_at: None,
            };
            party.users.push(user.clone());
            party.seats.push(seat.id.clone());
            let (pass, scope) = (console.clone(), scope.clone());
            app.store
                .write::<_, StoreError, _>(move |tx| {
                    users::insert(tx, &scope, &user)?;
                    seats::insert(tx, &pass, &seat, now)
                })
                .await
                .unwrap();
        }
        party
    }
}
