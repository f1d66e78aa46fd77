//! A portal in memory for tests of single verbs: its clock stands, its Zoom does not answer.

use std::sync::Arc;

use crate::clock::{Clock, Ids};
use crate::config::Secret;
use crate::domain::time::Instant;
use crate::mail::{Mailbox, Mailer, Sender};
use crate::store::scope::OperatorPass;
use crate::store::{DatabaseUrl, Store};
use crate::zoom::http::HttpTransport;
use crate::zoom::{Client, Credentials};

use super::{App, Parts};

pub(super) const WEBHOOK_SECRET: &str = "webhook";

/// The verbs, and the right to run the pool.
pub(super) fn portal() -> (Arc<App>, OperatorPass) {
    let clock = Clock::manual(Instant::from_seconds(1_795_521_600));
    let store = Store::open(&DatabaseUrl::in_memory()).unwrap();
    let pass = OperatorPass::console(&store.1);
    let transport = HttpTransport::new("http://127.0.0.1:9", "http://127.0.0.1:9/token").unwrap();
    let nobody = Credentials { account_id: String::new(), client_id: String::new(), client_secret: String::new() };
    let parts = Parts {
        store,
        zoom: Client::new(Arc::new(transport), nobody, clock.clone()),
        mailer: Mailer::Mailbox(Mailbox::new(Sender::parse("Duologue <meet@duologue.example>").unwrap())),
        clock,
        ids: Ids::seeded(1),
        secret_key: Secret::new("0123456789012345678901234567890123456789"),
        base_url: "http://127.0.0.1:8080".parse().unwrap(),
        webhook_secret: Secret::new(WEBHOOK_SECRET),
    };
    (App::new(parts), pass)
}
