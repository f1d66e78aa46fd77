//! What goes wrong on request, and that a seed replays it.

use super::*;

#[actix_web::test]
async fn a_failed_webhook_is_tried_again_after_5_20_and_60_minutes_and_then_given_up() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    stage.act(|world, now| world.set_license_by_hand(now, &host, License::Licensed)).unwrap();
    let updated = [EventKind::UserUpdated { zoom_user_id: host }];
    for (answer, minutes) in [(Some(500), 5), (None, 20), (Some(404), 60)] {
        assert_eq!(stage.deliver(answer), updated);
        stage.wait(minutes - 1);
        assert_eq!(stage.deliver(Some(200)), [], "not before its time");
        stage.wait(1);
    }
    assert_eq!(stage.deliver(Some(500)), updated, "the signature still holds after 85 minutes");
    let fate = stage.act(|world, _| world.webhooks()[0].clone());
    assert_eq!((fate.fate, fate.tries.len()), (Fate::GivenUp, 4));
}

#[actix_web::test]
async fn the_webhooks_address_proves_itself_when_it_is_given_and_every_72_hours() {
    let stage = Stage::new(1);
    stage.act(World::webhooks_go_out_from);
    let validation = |stage: &Stage| match stage.deliver(Some(200)).as_slice() {
        [EventKind::UrlValidation { plain_token }] => Some(plain_token.clone()),
        [] => None,
        more => panic!("{more:?}"),
    };
    let mut tokens = std::collections::BTreeSet::new();
    for _ in 0..3 {
        tokens.insert(validation(&stage).unwrap());
        let due = stage.act(|world, now| world.next_due().unwrap() - now);
        assert_eq!(due, 72 * 60 * MINUTE);
        stage.wait(72 * 60 - 1);
        assert_eq!(validation(&stage), None);
        stage.wait(1);
    }
    assert_eq!(tokens.len(), 3, "another token each time");
    let id = stage.act(|world, now| world.tick(now)[0].id);
    let token = stage.act(|world, _| {
        let body = world.webhooks().last().unwrap().body.clone();
        serde_json::from_str::<serde_json::Value>(&body).unwrap()["payload"]["plainToken"].as_str().unwrap().to_owned()
    });
    let proves = |secret: &str, token: &str| {
        let answer = signature::url_validation_reply(secret, token);
        stage.act(|world, _| world.is_proof(id, answer.as_bytes()))
    };
    assert!(proves(SECRET, &token) && !proves("another", &token) && !proves(SECRET, "another"));
    assert!(!stage.act(|world, _| world.is_proof(id, b"")));
}

#[actix_web::test]
async fn webhooks_get_lost_late_doubled_and_forged_on_request() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    let change = |license| stage.act(|world, now| world.set_license_by_hand(now, &host, license)).unwrap();
    stage.fault(Fault::WebhookLost);
    change(License::Licensed);
    assert_eq!(stage.deliver(Some(200)).len(), 0);
    stage.fault(Fault::WebhookLate);
    change(License::Basic);
    assert_eq!(stage.deliver(Some(200)).len(), 0);
    stage.wait(30);
    assert_eq!(stage.deliver(Some(200)).len(), 1);
    stage.fault(Fault::WebhookDuplicated);
    change(License::Licensed);
    let keys = stage.act(|world, now| {
        world.tick(now).into_iter().map(|w| Event::parse(w.body.as_bytes()).unwrap().dedupe_key).collect::<Vec<_>>()
    });
    assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
    stage.wait(200);
    stage.fault(Fault::WebhookForged);
    change(License::Basic);
    assert!(stage.act(|world, _| world.webhooks().iter().any(|webhook| webhook.event.contains("forged"))));
    stage.deliver(Some(200));
    let refused = stage.act(|world, _| world.webhooks().iter().find(|w| w.event.contains("forged")).unwrap().tries[0].answer);
    assert_eq!(refused, Some(401), "a forged one has a wrong signature");
}

#[actix_web::test]
async fn faults_of_the_api_leave_the_world_as_each_says() {
    let cases = [(Fault::NoAnswer, true), (Fault::BrokenAnswer, true), (Fault::ServerError, false)];
    for (fault, applied) in cases {
        let stage = Stage::new(1);
        let host = stage.user("a@x.org");
        stage.client.check().await.unwrap();
        stage.fault(fault);
        let answer = stage.client.set_license(&host, License::Licensed).await;
        assert!(answer.is_err_and(|error| error.is_unclear()), "{fault:?}");
        assert_eq!(stage.act(|world, _| world.licenses_in_use() == 1), applied, "{fault:?}");
    }
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    stage.client.check().await.unwrap();
    stage.fault(Fault::NotApplied);
    assert_eq!(stage.client.set_license(&host, License::Licensed).await, Ok(()));
    assert_eq!(stage.client.user(&host).await.unwrap().license, License::Basic);
    stage.fault(Fault::TooFast);
    assert!(matches!(stage.client.user(&host).await, Err(ZoomError::RetryAfter { daily: false, .. })));
    stage.fault(Fault::DailyLimit);
    assert!(matches!(stage.client.user(&host).await, Err(ZoomError::RetryAfter { daily: true, .. })));
    stage.fault(Fault::Slow);
    let before = stage.clock.now_millis();
    stage.client.user(&host).await.unwrap();
    assert!((2000..=8000).contains(&(stage.clock.now_millis() - before)));
}

#[actix_web::test]
async fn the_same_seed_gives_the_same_day() {
    async fn day() -> Vec<String> {
        let stage = Stage::new(1);
        for fault in [Fault::WebhookLate, Fault::WebhookReordered, Fault::ServerError, Fault::WebhookDuplicated] {
            stage.act(|world, _| world.faults_mut().set(fault, Odds { next: 0, per_mille: 300 }));
        }
        let host = stage.user("a@x.org");
        for _ in 0..20 {
            if let Ok(meeting) = stage.client.create_meeting(&host, &stage.new_meeting()).await {
                let _ = stage
                    .client
                    .meeting(meeting.number)
                    .await
                    .map(|m| zak(&m))
                    .map(|zak| stage.act(|w, now| w.host_arrives(now, meeting.number, &zak, true)));
            }
            stage.wait(7);
        }
        stage.act(|world, _| world.webhooks().iter().map(|w| format!("{} {:?} {}", w.event, w.fate, w.body)).collect())
    }
    let first = day().await;
    assert!(first.len() > 20);
    assert_eq!(first, day().await);
}

#[actix_web::test]
async fn a_receiver_that_died_without_an_answer_hears_it_again() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    stage.act(|world, now| world.set_license_by_hand(now, &host, License::Licensed)).unwrap();
    assert_eq!(stage.act(World::tick_now).len(), 1);
    stage.wait(1);
    assert_eq!(stage.deliver(Some(200)).len(), 0, "the silence is noticed, the next try is in five minutes");
    stage.wait(5);
    assert_eq!(stage.deliver(Some(200)).len(), 1);
}

#[actix_web::test]
async fn a_held_back_webhook_is_overtaken() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    stage.fault(Fault::WebhookReordered);
    let meeting = stage.meeting(&host).await;
    stage.start(meeting.number).await.unwrap();
    stage.client.end_meeting(meeting.number).await.unwrap();
    let first = stage.deliver(Some(200));
    assert!(matches!(first.last(), Some(EventKind::MeetingEnded { .. })), "{first:?}");
    stage.wait(1);
    assert!(matches!(stage.deliver(Some(200)).as_slice(), [EventKind::MeetingStarted { .. }]));
}
