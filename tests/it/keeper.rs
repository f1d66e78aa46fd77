//! The keeper on a bad day: what breaks off in one lane is told, and the lane goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use duologue::app::{App, Parts};
use duologue::clock::{Clock, Ids};
use duologue::config::Secret;
use duologue::keeper;
use duologue::mail::{Mailbox, Mailer, Sender};
use duologue::store::{DatabaseUrl, Store, migrate};
use duologue::zoom::simulator::{LocalTransport, SharedWorld};
use duologue::zoom::transport::{Call, Sending, Transport};
use duologue::zoom::{Client, Credentials};

use crate::support::until;
use crate::support::world::{WEBHOOK_SECRET, World};

/// Reaches the simulated Zoom, but for the first calls, at which it panics.
struct Panicking {
    zoom: LocalTransport,
    left: AtomicUsize,
}

impl Transport for Panicking {
    fn send(&self, call: Call) -> Sending<'_> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(left.is_err(), "planted");
        self.zoom.send(call)
    }
}

fn node(database: &DatabaseUrl, zoom: &SharedWorld, clock: &Clock) -> Arc<App> {
    let credentials = Credentials { account_id: "a".into(), client_id: "b".into(), client_secret: "c".into() };
    let transport = Panicking { zoom: LocalTransport::new(zoom.clone(), clock.clone()), left: AtomicUsize::new(2) };
    App::new(Parts {
        store: Store::open(database).unwrap(),
        zoom: Client::new(Arc::new(transport), credentials, clock.clone()),
        mailer: Mailer::Mailbox(Mailbox::new(Sender::parse("Duologue <meet@duologue.example>").unwrap())),
        clock: clock.clone(),
        ids: Ids::random(),
        secret_key: Secret::new("0123456789012345678901234567890123456789"),
        base_url: url::Url::parse("https://meet.example").unwrap(),
        webhook_secret: Secret::new(WEBHOOK_SECRET),
    })
}

#[actix_web::test]
async fn a_panic_in_a_lane_ends_its_round_and_not_the_lane() {
    let folder = tempfile::tempdir().unwrap();
    let database = DatabaseUrl::Sqlite(folder.path().join("d.db"));
    migrate::up(&database).unwrap();
    let world = World::new(Store::open(&database).unwrap(), 1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    let app = node(&database, &world.zoom, &world.clock);
    keeper::start(&app);
    // The room is made at Zoom by the third try: the first two calls panicked.
    until("the meeting has its room", || async { world.meeting(&world.acme, &meeting).await.room.is_some() }).await;
}
