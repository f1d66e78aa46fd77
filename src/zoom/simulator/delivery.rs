//! Posts the world's webhooks to the portal, as Zoom would: within three seconds or it counts as a failure.

use std::time::Duration;

use actix_web::web::Bytes;

use super::server::Shared;
use super::webhooks::{Outgoing, PATIENCE_MILLIS};
use crate::zoom::http::{Patience, http_client};

/// How long the task sleeps at most; it is woken when something happens.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// Runs until the runtime ends. Without an address, webhooks only show on the switchboard.
pub(super) async fn deliver(shared: Shared, url: Option<String>) {
    let patience = Duration::from_millis(PATIENCE_MILLIS.unsigned_abs());
    let encrypted = url.as_ref().is_some_and(|url| !url.starts_with("http://"));
    let client = match http_client(Patience { connect: patience, total: patience }, encrypted) {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "the simulator cannot send webhooks"),
    };
    loop {
        let outgoing = shared.world().tick(shared.clock.now_millis());
        for webhook in outgoing {
            // One task for each, so that a slow answer holds up no other webhook.
            actix_web::rt::spawn(post(shared.clone(), client.clone(), url.clone(), webhook));
        }
        let until_due = shared.world().next_due().map_or(LONGEST_SLEEP, |at| {
            let millis = at.saturating_sub(shared.clock.now_millis()).max(1);
            Duration::from_millis(millis.unsigned_abs()).min(LONGEST_SLEEP)
        });
        // Either way the world is looked at again.
        let _ = tokio::time::timeout(until_due, shared.news.notified()).await;
    }
}

async fn post(shared: Shared, client: reqwest::Client, url: Option<String>, webhook: Outgoing) {
    let answer = match url {
        Some(url) => post_to(&client, &url, &webhook).await,
        None => None,
    };
    let mut world = shared.world();
    let answer = answer.filter(|(_, body)| world.is_proof(webhook.id, body)).map(|(status, _)| status);
    world.answered(shared.clock.now_millis(), webhook.id, answer);
    drop(world);
    shared.news.notify_one();
}

async fn post_to(client: &reqwest::Client, url: &str, webhook: &Outgoing) -> Option<(u16, Bytes)> {
    let request = client
        .post(url)
        .header("content-type", "application/json; charset=utf-8")
        .header("user-agent", "Zoom Marketplace/1.0a (simulated)")
        .header("x-zm-request-timestamp", &webhook.timestamp)
        .header("x-zm-signature", &webhook.signature)
        .body(webhook.body.clone());
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, response.bytes().await.ok()?))
}
