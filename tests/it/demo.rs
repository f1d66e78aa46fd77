//! The demo as it is when somebody opens it for the first time.

use duologue::zoom::ZoomError;
use duologue::zoom::simulator::{Fate, Fault, Odds};

use crate::support::demo::demo;
use crate::support::until;

#[actix_web::test]
async fn a_fresh_demo_has_no_webhook_that_was_refused_or_waits() {
    let (demo, _folder) = demo().await;
    let is_taken = || demo.world.lock().unwrap().webhooks().iter().all(|webhook| webhook.fate == Fate::Taken);
    let proved = || demo.world.lock().unwrap().webhooks().iter().any(|webhook| webhook.event == "endpoint.url_validation");
    until("the proof of the webhooks' address", async || proved() && is_taken()).await;
    let world = demo.world.lock().unwrap();
    assert!(world.webhooks().len() > 10, "the story was told");
    for webhook in world.webhooks() {
        assert_eq!((webhook.fate, webhook.tries.len()), (Fate::Taken, 1), "{} {:?}", webhook.event, webhook.tries);
    }
}

#[actix_web::test]
async fn the_demo_asks_its_zoom_over_http() {
    let (demo, _folder) = demo().await;
    demo.app.zoom.users_summary().await.unwrap();
    let always = Odds { next: 0, per_mille: 1000 };
    demo.world.lock().unwrap().faults_mut().set(Fault::BrokenAnswer, always);
    let broken = demo.app.zoom.users_summary().await.unwrap_err();
    demo.world.lock().unwrap().faults_mut().reset();
    let ZoomError::Unclear(words) = broken else { panic!("{broken:?}") };
    // In the same process the simulator hands over its own words instead of a connection that breaks.
    assert!(words.contains("connection broke") && !words.contains("simulator"), "{words}");
}
