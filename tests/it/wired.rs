//! Portal and simulated Zoom with nothing but HTTP between them, both ways: calls over the client's HTTP transport, signed
//! webhooks over a socket, host and client by the links they are given. Only the clock is moved by hand.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use duologue::app::bell::Lane;
use duologue::app::start::{Start, With};
use duologue::app::{App, Parts};
use duologue::clock::Ids;
use duologue::config::Secret;
use duologue::domain::ids::MeetingId;
use duologue::domain::meeting::Stage;
use duologue::keeper;
use duologue::mail::Mailer;
use duologue::store::events::{self, Event};
use duologue::store::{Store, StoreError};
use duologue::web;
use duologue::zoom::http::HttpTransport;
use duologue::zoom::label::Plan;
use duologue::zoom::pace::Paced;
use duologue::zoom::simulator::{self, Fate, SimulatorConfig, Webhook};
use duologue::zoom::{Client, Credentials, signature};

use crate::support::database::Database;
use crate::support::demo::{From, Visitor};
use crate::support::portal::{serve, served_on_both_databases};
use crate::support::until;
use crate::support::world::{WEBHOOK_SECRET, World, minutes, monday};

struct Wired {
    world: World,
    portal: SocketAddr,
    zoom_url: String,
    servers: Vec<ServerHandle>,
}

impl Wired {
    /// A world whose Zoom is only reached over HTTP, and that posts its webhooks to a portal which does not listen yet.
    async fn new(db: &Database, licenses: u32) -> Self {
        let mut world = World::new(Store::open(&db.url).unwrap(), licenses).await;
        // Free again at once, and nobody else's for as long as it takes.
        let portal = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = SimulatorConfig {
            bind: "127.0.0.1:0".parse().unwrap(),
            public_url: None,
            webhook_url: Some(format!("http://{portal}/webhooks/zoom")),
            clock: world.clock.clone(),
        };
        world.zoom(duologue::zoom::simulator::World::webhooks_go_out_from);
        let (server, zoom) = simulator::start(config, world.zoom.clone(), |_| {}).unwrap();
        let servers = vec![server.handle()];
        actix_web::rt::spawn(server);
        let zoom_url = format!("http://{zoom}");
        world.app = app(db, &world, &zoom_url, portal);
        Self { world, portal, zoom_url, servers }
    }

    /// The portal begins to listen.
    fn open(&mut self) {
        let listener = web::listen(self.portal).unwrap();
        self.servers.push(serve(&self.world.app, listener, &self.zoom_url));
    }

    async fn close(self) {
        stop(self.servers).await;
    }

    fn client(&self) -> Visitor {
        Visitor::nobody(&format!("http://{}", self.portal))
    }

    /// Somebody at Zoom's pages.
    fn at_zoom(&self) -> Visitor {
        Visitor::nobody(&self.zoom_url)
    }

    fn below_zoom<'a>(&self, url: &'a str) -> &'a str {
        url.strip_prefix(&self.zoom_url).unwrap_or_else(|| panic!("{url} leads elsewhere"))
    }

    fn webhook(&self, event: &str) -> Option<Webhook> {
        self.world.zoom(|zoom, _| zoom.webhooks().iter().find(|webhook| webhook.event == event).cloned())
    }

    /// Time passes once every webhook of before is answered, and Zoom notices.
    async fn wait(&self, by: Duration) {
        until("an answer to every webhook", async || {
            let now = self.world.clock.now_millis();
            let on_its_way = |fate| matches!(fate, Fate::Sent(_)) || matches!(fate, Fate::Due(at) if at <= now);
            self.world.zoom(|zoom, _| !zoom.webhooks().iter().any(|webhook| on_its_way(webhook.fate)))
        })
        .await;
        self.world.clock.advance(by);
        self.world.app.zoom.users_summary().await.unwrap();
    }

    /// The same, until so many minutes after Monday 08:00.
    async fn at(&self, minute: i64) {
        let by = monday() + minutes(minute) - self.world.now();
        self.wait(Duration::from_secs(by.as_seconds().unsigned_abs())).await;
    }

    async fn until_in_stage(&self, meeting: &MeetingId, stage: Stage) {
        until("the event", async || {
            keeper::run(&self.world.app, Lane::Inbox).await.unwrap();
            self.world.stage(&self.world.acme, meeting).await == stage
        })
        .await;
    }

    async fn inbox(&self) -> Vec<Event> {
        let pass = self.world.console.clone();
        let list = self.world.app.store.read::<_, StoreError, _>(move |tx| events::list(tx, &pass, None, 0, 100));
        list.await.unwrap()
    }
}

async fn stop(servers: Vec<ServerHandle>) {
    for server in servers {
        server.stop(false).await;
    }
}

fn app(db: &Database, world: &World, zoom_url: &str, portal: SocketAddr) -> Arc<App> {
    let transport = HttpTransport::new(&format!("{zoom_url}/v2"), &format!("{zoom_url}/oauth/token")).unwrap();
    let credentials = Credentials { account_id: "a".into(), client_id: "b".into(), client_secret: "c".into() };
    let paced = Paced::new(Arc::new(transport), Plan::Pro, world.clock.clone());
    App::new(Parts {
        store: Store::open(&db.url).unwrap(),
        zoom: Client::new(Arc::new(paced), credentials, world.clock.clone()),
        mailer: Mailer::Mailbox(world.mailbox.clone()),
        clock: world.clock.clone(),
        ids: Ids::random(),
        secret_key: Secret::new("0123456789012345678901234567890123456789"),
        base_url: url::Url::parse(&format!("http://{portal}")).unwrap(),
        webhook_secret: Secret::new(WEBHOOK_SECRET),
    })
}

/// A meeting from its booking to the return of its license; gives what of it nobody else may know.
pub(crate) async fn go_the_whole_way(db: &Database) -> (World, Vec<String>) {
    let mut wired = Wired::new(db, 1).await;
    wired.open();
    let world = &wired.world;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.work().await;
    let made = world.meeting(&world.acme, &meeting).await;
    let room = made.room.unwrap();
    assert!(wired.below_zoom(&room.join_url).starts_with("/j/"));
    let link = format!("/j/{}", world.app.keys.join_token(&meeting, made.link_version));

    wired.at(54).await;
    world.work().await;
    assert_eq!(world.attached().await, 0);
    wired.at(55).await;
    world.work().await;
    assert_eq!((world.attached().await, world.zoom(|zoom, _| zoom.licenses_in_use())), (1, 1), "when the lead begins");

    wired.at(60).await;
    let early = wired.client().post(&format!("{link}/entry"), &[], From::OwnPage).await;
    assert_eq!((early.status, early.location), (303, link.clone()), "the host is not there");
    let start = world.app.start(&world.acme.scope, &world.acme.users[0], &meeting, With::License).await.unwrap();
    let Start::Go(url) = start else { panic!("{start:?}") };
    let host = wired.at_zoom();
    let entered = host.get(wired.below_zoom(url.reveal())).await;
    assert_eq!(entered.status, 303, "the start URL leads into the room");
    wired.until_in_stage(&meeting, Stage::Live).await;

    let let_in = wired.client().post(&format!("{link}/entry"), &[], From::OwnPage).await;
    assert_eq!((let_in.status, &let_in.location), (303, &room.join_url));
    let (path, passcode) = wired.below_zoom(&room.join_url).split_once("?pwd=").unwrap();
    let passcode = percent_encoding::percent_decode_str(passcode).decode_utf8().unwrap().into_owned();
    let joined = wired.at_zoom().post(path, &[("pwd", &passcode), ("name", "Gil Moreno")], From::OwnPage).await;
    assert!(wired.at_zoom().get(&joined.location).await.body.contains("2 people are here"));

    wired.wait(Duration::from_mins(20)).await;
    world.work().await;
    assert_eq!(world.attached().await, 1);
    host.post(&format!("{}/end", entered.location), &[], From::OwnPage).await;
    wired.until_in_stage(&meeting, Stage::Ended).await;
    wired.wait(Duration::from_mins(1)).await;
    world.work().await;
    assert_eq!(world.attached().await, 1, "it stays for people who come back");
    wired.wait(Duration::from_mins(1)).await;
    world.work().await;
    assert_eq!((world.attached().await, world.zoom(|zoom, _| zoom.licenses_in_use())), (0, 0));

    until("the last webhook", async || world.zoom(|zoom, _| zoom.webhooks().iter().all(|webhook| webhook.fate == Fate::Taken)))
        .await;
    let sent = world.zoom(|zoom, _| zoom.webhooks().len());
    assert_eq!(wired.inbox().await.len(), sent - 1, "each once; the address's proof is no event");
    assert_eq!(world.zoom(|zoom, _| zoom.conflicts()), 0, "and never two writes to one user at once");
    let keys = [entered.location, joined.location].map(|room| room.rsplit('/').next().unwrap().to_owned());
    let of_start_url = url.reveal().split_once("zak=").unwrap().1.to_owned();
    let mut secrets = vec![link.trim_start_matches("/j/").to_owned(), of_start_url, passcode, room.join_url];
    secrets.extend(keys);
    let Wired { world, servers, .. } = wired;
    stop(servers).await;
    (world, secrets)
}

served_on_both_databases! {
    async fn the_whole_way(db: Database) {
        go_the_whole_way(&db).await;
    }

    async fn a_portal_that_was_down_hears_it_85_minutes_later(db: Database) {
        let mut wired = Wired::new(&db, 1).await;
        let meeting = wired.world.booked(&wired.world.acme, 0, 0, 120).await;
        wired.world.work().await;
        let acme = &wired.world.acme;
        let start = wired.world.app.start(&acme.scope, &acme.users[0], &meeting, With::License).await.unwrap();
        let Start::Go(url) = start else { panic!("{start:?}") };
        wired.at_zoom().get(wired.below_zoom(url.reveal())).await;
        for (tries, pause) in [(1, 5), (2, 20), (3, 60)] {
            until("the next try", async || wired.webhook("meeting.started").unwrap().tries.len() == tries).await;
            let webhook = wired.webhook("meeting.started").unwrap();
            assert!(webhook.tries.iter().all(|tried| tried.answer.is_none()), "nobody listens: {webhook:?}");
            assert_eq!(webhook.fate, Fate::Due(wired.world.clock.now_millis() + pause * 60_000));
            wired.wait(Duration::from_secs(60 * u64::try_from(pause).unwrap() - 1)).await;
            assert_eq!(wired.webhook("meeting.started").unwrap().tries.len(), tries, "not before its time");
            if tries == 3 {
                wired.open();
            }
            wired.wait(Duration::from_secs(1)).await;
        }
        until("the last try", async || wired.webhook("meeting.started").unwrap().fate == Fate::Taken).await;
        wired.until_in_stage(&meeting, Stage::Live).await;
        let started = wired.inbox().await.into_iter().filter(|event| event.kind == "meeting.started").count();
        assert_eq!(started, 1);
        wired.close().await;
    }

    async fn only_what_zoom_signed_lately_is_taken_and_once(db: Database) {
        let mut wired = Wired::new(&db, 1).await;
        wired.open();
        let zoom = wired.client();
        let now = wired.world.now().seconds();
        let event =
            |ts: i64| format!(r#"{{"event":"meeting.started","event_ts":{ts},"payload":{{"object":{{"id":"1","uuid":"u=="}}}}}}"#);
        let post = async |at: i64, secret: &str, body: &str| {
            let timestamp = at.to_string();
            zoom.webhook(&timestamp, &signature::sign(secret, &timestamp, body.as_bytes()), body).await
        };
        let stored = async || wired.inbox().await.len();
        assert_eq!(post(now, "another secret", &event(1)).await, 401);
        assert_eq!(post(now - 2 * 3600 - 1, WEBHOOK_SECRET, &event(1)).await, 401, "too old");
        assert_eq!(post(now + 301, WEBHOOK_SECRET, &event(1)).await, 401, "from the future");
        let signed = signature::sign(WEBHOOK_SECRET, &now.to_string(), event(1).as_bytes());
        assert_eq!(zoom.webhook(&(now + 1).to_string(), &signed, &event(1)).await, 401, "a signature of another time");
        assert_eq!(zoom.webhook(&now.to_string(), &signed, &event(2)).await, 401, "a signature of other bytes");
        for wrong in ["", "v0=", "v1=00", &signed[..20]] {
            assert_eq!(zoom.webhook(&now.to_string(), wrong, &event(1)).await, 401, "{wrong}");
        }
        assert_eq!(stored().await, 0);
        assert_eq!(zoom.webhook(&now.to_string(), &signed, &event(1)).await, 200);
        assert_eq!(zoom.webhook(&now.to_string(), &signed, &event(1)).await, 200, "the same again is taken too");
        assert_eq!(post(now - 85 * 60, WEBHOOK_SECRET, &event(1)).await, 200, "a last retry with its first timestamp");
        assert_eq!(stored().await, 1, "and kept once");
        assert_eq!(post(now, WEBHOOK_SECRET, &event(2)).await, 200);
        assert_eq!(stored().await, 2);
        assert_eq!(post(now, WEBHOOK_SECRET, "no event").await, 400);
        wired.close().await;
    }
}
