//! The meeting pages, asked as a browser asks them, with the simulated Zoom in the same process.

mod booking;
mod changes;
mod line;
mod pages;
mod pool;
mod starting;

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::cookie::{Cookie, CookieJar, Key};

use crate::app::bell::Lane;
use crate::app::{App, Parts, keys};
use crate::clock::{Clock, Ids};
use crate::config::Secret;
use crate::domain::ids::{SeatId, TenantId, UserId};
use crate::domain::names::{EmailAddress, PersonName, Slug, ZoneName};
use crate::domain::seat::{License, Seat, SeatStatus};
use crate::domain::tenant::{Role, Share, Standing, Tenant, User};
use crate::domain::time::Span;
use crate::mail::{Mailbox, Mailer, Sender};
use crate::store::scope::{OperatorPass, TenantScope};
use crate::store::sessions::{self, Owner};
use crate::store::{DatabaseUrl, Store, StoreError, seats, tenants, users};
use crate::web::tests::{Browser, NOON, Seen};
use crate::zoom::simulator::{LocalTransport, Settings, SharedWorld, World};
use crate::zoom::{Client, Credentials};

/// A portal with two tenants: *ana* (admin) and *bo* (staff) of acme in Madrid, *cy* (admin) of globex. It is Tuesday
/// 24 November 2026, 13:00 in Madrid.
struct Scene {
    app: Arc<App>,
    console: OperatorPass,
    zoom: SharedWorld,
    clock: Clock,
    people: Vec<(TenantScope, User)>,
}

const ANA: usize = 0;
const BO: usize = 1;
const CY: usize = 2;

impl Scene {
    async fn new(licenses: u32) -> Self {
        let clock = Clock::manual(NOON);
        let credentials = Credentials { account_id: "a".into(), client_id: "b".into(), client_secret: "c".into() };
        // The start links lead to the one origin that the test's browser allows.
        let settings = Settings { base_url: "https://zoom.us".into(), ..Settings::new(credentials.clone(), "webhook", licenses) };
        let zoom = Arc::new(Mutex::new(World::new(settings, Ids::seeded(2))));
        let store = Store::open(&DatabaseUrl::in_memory()).unwrap();
        let console = OperatorPass::console(&store.1);
        let app = App::new(Parts {
            store,
            zoom: Client::new(Arc::new(LocalTransport::new(zoom.clone(), clock.clone())), credentials, clock.clone()),
            mailer: Mailer::Mailbox(Mailbox::new(Sender::parse("Duologue <meet@duologue.example>").unwrap())),
            clock: clock.clone(),
            ids: Ids::seeded(3),
            secret_key: Secret::new("0123456789012345678901234567890123456789"),
            base_url: "http://127.0.0.1:8080".parse().unwrap(),
            webhook_secret: Secret::new("webhook"),
        });
        let mut scene = Self { app, console, zoom, clock, people: Vec::new() };
        let acme = scene.found("acme", "Europe/Madrid").await;
        scene.join(&acme, "Ana Ruiz", "ana@acme.example", Role::Admin).await;
        scene.join(&acme, "Bo Lind", "bo@acme.example", Role::Staff).await;
        let globex = scene.found("globex", "America/New_York").await;
        scene.join(&globex, "Cy Young", "cy@globex.example", Role::Admin).await;
        scene.app.set_licenses(&scene.console, licenses).await.unwrap().unwrap();
        scene.app.sync_seats(&scene.console).await.unwrap();
        scene
    }

    async fn found(&self, slug: &str, zone: &str) -> TenantScope {
        let pass = self.console.clone();
        let tenant = Tenant {
            id: TenantId::new(self.app.id()),
            slug: Slug::parse(slug).unwrap(),
            name: PersonName::parse(&format!("The {slug} practice")).unwrap(),
            zone: ZoneName::parse(zone).unwrap(),
            reply_to: None,
            default_length: Span::minutes(40),
            share: Share { guarantee: 0, cap: 100 },
            shared_seats: false,
            short_meetings: false,
            suspended_at: None,
            created_at: self.app.now(),
        };
        let scope = pass.scope(&tenant.id);
        self.app.store.write::<_, StoreError, _>(move |tx| tenants::insert(tx, &pass, &tenant)).await.unwrap();
        scope
    }

    async fn join(&mut self, scope: &TenantScope, name: &str, email: &str, role: Role) {
        let now = self.app.now();
        let user = User {
            id: UserId::new(self.app.id()),
            tenant: scope.tenant().clone(),
            email: EmailAddress::parse(email).unwrap(),
            name: PersonName::parse(name).unwrap(),
            role,
            zone: None,
            standing: Standing::Active,
            created_at: now,
        };
        let address = format!("seat-of-{}", email.replace('@', "-at-") + "@ours.example");
        self.zoom(|zoom, now| zoom.add_user(now, &address, "Seat", "One", License::Basic));
        let seat = Seat {
            id: SeatId::new(self.app.id()),
            zoom_user_id: None,
            email: EmailAddress::parse(&address).unwrap(),
            name: "Seat".into(),
            tenant: Some(scope.tenant().clone()),
            user: Some(user.id.clone()),
            status: SeatStatus::Pending,
            observed: License::Basic,
            observed_at: None,
        };
        self.people.push((scope.clone(), user.clone()));
        let (pass, scope) = (self.console.clone(), scope.clone());
        let write = self.app.store.write::<_, StoreError, _>(move |tx| {
            users::insert(tx, &scope, &user)?;
            seats::insert(tx, &pass, &seat, now)
        });
        write.await.unwrap();
    }

    fn zoom<T>(&self, act: impl FnOnce(&mut World, i64) -> T) -> T {
        act(&mut self.zoom.lock().unwrap_or_else(PoisonError::into_inner), self.clock.now_millis())
    }

    /// Delivers what Zoom sends and does what there is to do.
    async fn settle(&self) {
        let due = self.zoom(World::tick);
        for webhook in due {
            self.app.receive_webhook(Some(&webhook.timestamp), Some(&webhook.signature), webhook.body.as_bytes()).await.unwrap();
            self.zoom(|zoom, now| zoom.answered(now, webhook.id, Some(200)));
        }
        for lane in [Lane::Inbox, Lane::Rooms, Lane::Licenses, Lane::Letters] {
            crate::keeper::run(&self.app, lane).await.unwrap();
        }
    }

    /// It becomes that many minutes after noon UTC, and everything due is done.
    async fn at(&self, minute: i64) {
        self.clock.set(NOON + Span::minutes(minute));
        self.settle().await;
    }

    /// A browser in which this person is signed in, and what its forms must carry.
    async fn browser(&self, person: usize) -> Visitor {
        self.signed_in(&Browser::of(&self.app), person).await
    }

    async fn signed_in(&self, browser: &Browser, person: usize) -> Visitor {
        let key = hex::encode(self.app.ids.bytes::<32>());
        let (hash, now, user) = (keys::hash(&key), self.app.now(), self.people[person].1.id.clone());
        let state = format!(r#"{{"user":"\"{user}\""}}"#);
        let csrf = self.app.keys.csrf_token(&hash);
        let write = self.app.store.write::<_, StoreError, _>(move |tx| {
            sessions::save(tx, &hash, Some(&Owner::User(user)), &state, now, now + Span::hours(12))
        });
        write.await.unwrap();
        let mut jar = CookieJar::new();
        jar.signed_mut(&Key::from(self.app.keys.cookie())).add(Cookie::new("duologue", key));
        let mut browser = browser.another();
        browser.cookies.insert("duologue".into(), jar.get("duologue").unwrap().value().to_owned());
        Visitor { browser, csrf }
    }

    /// That instant, as the button of an offered time sends it.
    fn start(minute: i64) -> String {
        (NOON + Span::minutes(minute)).seconds().to_string()
    }
}

/// Somebody who is signed in.
struct Visitor {
    browser: Browser,
    csrf: String,
}

impl Visitor {
    async fn get(&mut self, path: &str) -> Seen {
        self.browser.get(path).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let csrf = self.csrf.clone();
        self.browser.post(path, &[&[("csrf", csrf.as_str())], fields].concat()).await
    }

    /// Books a meeting at acme and gives its path.
    async fn books(&mut self, date: &str, time: &str, more: &[(&str, &str)]) -> String {
        let seen = self.post("/t/acme/meetings", &booking(date, time, more)).await;
        assert_eq!(seen.status, 303, "{}", words(&seen.body));
        seen.header("location").to_owned()
    }
}

/// A complete form; what is named in `more` counts instead.
fn booking<'a>(date: &'a str, time: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("key", "0123456789abcdef"),
        ("client_name", "Gil Moreno"),
        ("client_email", "gil@mail.example"),
        ("topic", "Follow-up"),
        ("date", date),
        ("time", time),
        ("minutes", "30"),
        ("zone", "Europe/Madrid"),
    ];
    let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    kept.chain(more.iter().copied()).collect()
}

/// What a person reads on a page, or in a part of one.
fn words(html: &str) -> String {
    let document = scraper::Html::parse_document(html);
    let main = document.select(&scraper::Selector::parse("main").unwrap()).next();
    let text = main.unwrap_or_else(|| document.root_element()).text().collect::<Vec<_>>().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The value of an attribute of the first element that is found.
fn attribute(html: &str, selector: &str, name: &str) -> String {
    let document = scraper::Html::parse_document(html);
    let found = document.select(&scraper::Selector::parse(selector).unwrap()).next();
    found.and_then(|element| element.attr(name)).unwrap_or_default().to_owned()
}

/// How many elements there are.
fn count(html: &str, selector: &str) -> usize {
    scraper::Html::parse_document(html).select(&scraper::Selector::parse(selector).unwrap()).count()
}
