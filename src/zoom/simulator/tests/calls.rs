//! What the API answers, seen through the client.

use super::*;
use crate::zoom::label::Plan;
use crate::zoom::transport::{Auth, Call, Method, Reply};

#[actix_web::test]
async fn the_token_is_fetched_once_and_renewed_when_it_is_refused_or_old() {
    let stage = Stage::new(1);
    assert_eq!(stage.client.check().await.unwrap(), []);
    stage.client.users_summary().await.unwrap();
    let tokens = |stage: &Stage| stage.act(|world, _| world.tokens.len());
    assert_eq!(tokens(&stage), 1);
    stage.act(|world, _| world.revoke_tokens());
    stage.client.users_summary().await.unwrap();
    assert_eq!(tokens(&stage), 1);
    let before = stage.act(|world, _| world.tokens.clone());
    stage.wait(59);
    stage.client.users_summary().await.unwrap();
    assert_ne!(stage.act(|world, _| world.tokens.clone()), before, "less than a minute before it expires");
}

#[actix_web::test]
async fn wrong_credentials_and_missing_scopes_are_told_apart() {
    let stage = Stage::new(1);
    stage.act(|world, _| world.settings_mut().scopes = "user:read:admin".into());
    assert!(stage.client.check().await.unwrap().iter().any(|need| need.granular == "user:update:user:admin"));
    let user = stage.user("a@x.org");
    let refused = stage.client.set_license(&user, License::Licensed).await;
    assert_eq!(refused, Err(ZoomError::MissingScope("user:update:user:admin".into())));
    stage.act(|world, _| world.settings_mut().scopes = "user:read:admin user:write:admin".into());
    assert_eq!(stage.client.set_license(&user, License::Licensed).await, Ok(()), "a new token has the new scope");

    stage.act(|world, _| world.settings_mut().credentials.client_secret = "changed".into());
    assert!(matches!(stage.client.check().await, Err(ZoomError::Unauthorized(_))));
}

#[actix_web::test]
async fn no_more_licenses_than_were_bought_and_one_may_move() {
    let stage = Stage::new(1);
    let (a, b) = (stage.user("a@x.org"), stage.user("b@x.org"));
    stage.client.set_license(&a, License::Licensed).await.unwrap();
    assert_eq!(stage.client.set_license(&b, License::Licensed).await, Err(ZoomError::NoLicense));
    stage.client.set_license(&a, License::Basic).await.unwrap();
    stage.client.set_license(&b, License::Licensed).await.unwrap();
    let summary = stage.client.users_summary().await.unwrap();
    assert_eq!((summary.licensed, summary.basic, summary.total), (1, 1, 2));
    assert_eq!(stage.client.user("B@x.org").await.unwrap().license, License::Licensed);
    assert_eq!(stage.client.user("nobody@x.org").await, Err(ZoomError::Gone));
}

#[actix_web::test]
async fn a_freeze_stops_attaching_and_not_detaching() {
    let stage = Stage::new(2);
    let (a, b) = (stage.user("a@x.org"), stage.user("b@x.org"));
    stage.client.set_license(&a, License::Licensed).await.unwrap();
    stage.act(|world, _| world.faults_mut().set(Fault::LicenseFreeze, Odds { next: 0, per_mille: 1000 }));
    assert_eq!(stage.client.set_license(&b, License::Licensed).await, Err(ZoomError::Frozen));
    assert_eq!(stage.client.set_license(&a, License::Basic).await, Ok(()));
}

#[actix_web::test]
async fn users_are_listed_over_all_pages_and_states() {
    let stage = Stage::new(1);
    for index in 0..650 {
        stage.user(&format!("u{index}@x.org"));
    }
    let off = stage.user("off@x.org");
    stage.act(|world, now| world.deactivate_user(now, &off));
    let new = NewZoomUser { email: "New@x.org".into(), first_name: "New".into(), last_name: "User".into(), password: None };
    let pending = stage.client.create_user(CreateAction::Create, &new).await.unwrap();
    assert_eq!((pending.status, pending.email.as_str()), (SeatStatus::Pending, "new@x.org"));

    let users = stage.client.users().await.unwrap();
    assert_eq!(users.len(), 652);
    let count = |status| users.iter().filter(|user| user.status == status).count();
    assert_eq!((count(SeatStatus::Pending), count(SeatStatus::Inactive)), (1, 1));
}

#[actix_web::test]
async fn a_pending_user_takes_a_license_in_words_only() {
    let stage = Stage::new(1);
    let new = NewZoomUser { email: "new@x.org".into(), first_name: "New".into(), last_name: "User".into(), password: None };
    let user = stage.client.create_user(CreateAction::Create, &new).await.unwrap();
    stage.client.set_license(&user.id, License::Licensed).await.unwrap();
    assert_eq!(stage.client.user(&user.id).await.unwrap().license, License::Basic);
    stage.act(|world, now| world.activate_user(now, &user.id));
    stage.client.set_license(&user.id, License::Licensed).await.unwrap();
    assert_eq!(stage.client.user(&user.id).await.unwrap().license, License::Licensed);
}

#[actix_web::test]
async fn creating_users_is_refused_with_the_way_out() {
    let stage = Stage::new(1);
    let mut new = NewZoomUser { email: "new@x.org".into(), first_name: "N".into(), last_name: "U".into(), password: None };
    let refused = stage.client.create_user(CreateAction::CustCreate, &new).await.unwrap_err();
    assert!(refused.what_to_do().contains("ISV"), "{refused:?}");
    assert!(stage.client.create_user(CreateAction::AutoCreate, &new).await.is_err(), "without a password");
    new.password = Some(secrets::password(&stage.ids));
    let user = stage.client.create_user(CreateAction::AutoCreate, &new).await.unwrap();
    assert_eq!((user.status, user.license), (SeatStatus::Active, License::Basic));
    let twice = stage.client.create_user(CreateAction::AutoCreate, &new).await.unwrap_err();
    assert!(matches!(twice, ZoomError::NotCreated { code: 1005, .. }), "{twice:?}");
}

#[actix_web::test]
async fn a_meeting_is_created_changed_and_deleted() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    let new = stage.new_meeting();
    let meeting = stage.client.create_meeting(&host, &new).await.unwrap();
    assert!(meeting.number > i64::from(i32::MAX));
    assert_eq!((meeting.status, meeting.starts_at), (MeetingStatus::Waiting, Some(new.starts_at)));

    let later = new.starts_at + Span::days(1);
    let change = MeetingChange { topic: Some("Second talk".into()), starts_at: Some(later), minutes: None };
    stage.client.update_meeting(meeting.number, &change).await.unwrap();
    let changed = stage.client.meeting(meeting.number).await.unwrap();
    assert_eq!((changed.topic.as_str(), changed.starts_at, changed.minutes), ("Second talk", Some(later), Some(50)));
    assert_ne!(changed.start_url, meeting.start_url, "a fresh start URL in every reply");

    stage.client.delete_meeting(meeting.number).await.unwrap();
    stage.client.delete_meeting(meeting.number).await.unwrap();
    assert_eq!(stage.client.meeting(meeting.number).await, Err(ZoomError::Gone));
    assert_eq!(stage.deliver(Some(200)), [EventKind::MeetingDeleted { number: meeting.number }]);
}

#[actix_web::test]
async fn a_hundred_changes_of_one_host_s_meetings_are_a_day_s_work() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    let meeting = stage.meeting(&host).await;
    for minutes in 1..100 {
        stage.clock.advance(std::time::Duration::from_secs(1));
        stage
            .client
            .update_meeting(meeting.number, &MeetingChange { minutes: Some(minutes), ..Default::default() })
            .await
            .unwrap();
    }
    let refused = stage.client.create_meeting(&host, &stage.new_meeting()).await.unwrap_err();
    let ZoomError::RetryAfter { at, daily: true } = refused else { panic!("{refused:?}") };
    assert_eq!(at.seconds() % 86_400, 0);
    stage.clock.set(at);
    stage.meeting(&host).await;
}

#[actix_web::test]
async fn too_many_calls_in_one_second_are_told_when_to_come_back() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    for _ in 0..30 {
        stage.client.user(&host).await.unwrap();
    }
    let refused = stage.client.user(&host).await.unwrap_err();
    let ZoomError::RetryAfter { at, daily: false } = refused else { panic!("{refused:?}") };
    stage.clock.set(at);
    stage.client.user(&host).await.unwrap();
}

#[actix_web::test]
async fn every_answer_has_an_id_and_what_is_carried_out_says_what_is_left() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    let auth = Auth::Basic { id: "app".into(), secret: "s3cret".into() };
    let token = Call::oauth(&[("grant_type", "account_credentials"), ("account_id", "acc")], auth);
    let ask = |call: &Call| stage.act(|world, now| world.handle(now, call)).outcome.unwrap();
    let token: serde_json::Value = serde_json::from_slice(&ask(&token).body).unwrap();
    let user = Call::api(Method::Get, &["users", &host]).bearer(token["access_token"].as_str().unwrap());
    let mut ids = std::collections::BTreeSet::new();
    let mut seen = |reply: Reply| {
        assert!(ids.insert(reply.header("x-zm-trackingid").unwrap().to_owned()), "an id of its own");
        let header = |name: &str| reply.header(name).unwrap_or("none").to_owned();
        let names = ["x-ratelimit-category", "x-ratelimit-type", "x-ratelimit-limit", "x-ratelimit-remaining"];
        (reply.status, names.map(header).join(" "))
    };
    for left in ["29", "28"] {
        assert_eq!(seen(ask(&user)), (200, format!("Light QPS 30 {left}")));
    }
    for (fault, told) in [(Fault::TooFast, (429, "Light QPS 30 0")), (Fault::DailyLimit, (429, "Light Daily-limit 0 0"))] {
        stage.fault(fault);
        assert_eq!(seen(ask(&user)), (told.0, told.1.to_owned()));
    }
    stage.fault(Fault::ServerError);
    assert_eq!(seen(ask(&user)).0, 500);
    assert_eq!(seen(ask(&Call::api(Method::Get, &["users"]))), (401, "none none none none".into()));
}

#[actix_web::test]
async fn creating_users_has_a_cap_of_its_own_for_the_day() {
    let stage = Stage::new(1);
    stage.act(|world, _| world.limits = Limits::new(Plan::Free));
    let new = |name: usize| NewZoomUser {
        email: format!("n{name}@x.org"),
        first_name: "N".into(),
        last_name: "U".into(),
        password: Some(secrets::password(&stage.ids)),
    };
    for name in 0..50 {
        stage.clock.advance(std::time::Duration::from_secs(1));
        stage.client.create_user(CreateAction::Create, &new(name)).await.unwrap();
    }
    let refused = stage.client.create_user(CreateAction::Create, &new(50)).await.unwrap_err();
    assert!(matches!(refused, ZoomError::RetryAfter { daily: true, .. }), "{refused:?}");
    stage.client.create_user(CreateAction::AutoCreate, &new(51)).await.unwrap();
    stage.wait(24 * 60);
    stage.client.create_user(CreateAction::Create, &new(52)).await.unwrap();
}

#[actix_web::test]
async fn licenses_are_given_only_so_often_and_then_not_even_back() {
    let stage = Stage::new(2);
    stage.act(|world, _| world.settings_mut().assignments_per_license = Some(2));
    let (a, b) = (stage.user("a@x.org"), stage.user("b@x.org"));
    for _ in 0..2 {
        for user in [&a, &b] {
            stage.client.set_license(user, License::Licensed).await.unwrap();
            stage.client.set_license(user, License::Licensed).await.unwrap();
            stage.client.set_license(user, License::Basic).await.unwrap();
        }
        stage.wait(60);
    }
    assert_eq!(stage.client.set_license(&b, License::Licensed).await, Err(ZoomError::Frozen), "the fifth of four");
    assert!(stage.act(|world, now| world.set_license_by_hand(now, &b, License::Licensed)).is_err(), "nor by hand");
    stage.wait(24 * 60 - 121);
    assert_eq!(stage.client.set_license(&b, License::Licensed).await, Err(ZoomError::Frozen));
    stage.wait(1);
    assert_eq!(stage.client.set_license(&b, License::Licensed).await, Ok(()), "a day after the first");
    stage.act(|world, _| world.settings_mut().licenses = 9);
    assert_eq!(stage.client.set_license(&a, License::Licensed).await, Ok(()), "more licenses, more assignments");
}

#[actix_web::test]
async fn a_start_without_z_is_the_time_in_the_zone_and_one_with_z_is_not() {
    let mut world = World::new(Settings::new(credentials(), SECRET, 1), Ids::seeded(3));
    let now = Instant::from_seconds(1_793_000_000).seconds() * 1000;
    world.add_user(now, "a@x.org", "A", "B", License::Basic);
    let mut starts = |start: &str, zone: Option<&str>| {
        let mut body = serde_json::json!({"topic": "x", "start_time": start});
        if let Some(zone) = zone {
            body["timezone"] = zone.into();
        }
        let made = world.create_meeting(now, "a@x.org", &body).map_err(|_| ())?;
        let made: serde_json::Value = serde_json::from_slice(&made.body).unwrap();
        Ok::<_, ()>(made["start_time"].as_str().unwrap().to_owned())
    };
    let madrid = Some("Europe/Madrid");
    assert_eq!(starts("2026-11-02T09:00:00", madrid), Ok("2026-11-02T08:00:00Z".into()));
    assert_eq!(starts("2026-07-02T09:00:00", madrid), Ok("2026-07-02T07:00:00Z".into()));
    assert_eq!(starts("2026-11-02T09:00:00Z", madrid), Ok("2026-11-02T09:00:00Z".into()));
    assert_eq!(starts("2026-11-02T09:00:00", None), Ok("2026-11-02T09:00:00Z".into()));
    assert_eq!(starts("2026-03-29T02:30:00", madrid), Ok("2026-03-29T01:30:00Z".into()), "an hour that is skipped");
    assert_eq!(starts("2026-10-25T02:30:00", madrid), Ok("2026-10-25T00:30:00Z".into()), "an hour that comes twice");
    assert_eq!(starts("2026-11-02T09:00:00", Some("Mars/Base")), Err(()));
    assert_eq!(starts("tomorrow", None), Err(()));
}

#[actix_web::test]
async fn a_user_takes_one_write_at_a_time_also_for_the_meetings_it_hosts() {
    let stage = Stage::new(1);
    let (a, b) = (stage.user("a@x.org"), stage.user("b@x.org"));
    let (of_a, of_b) = (stage.meeting(&a).await, stage.meeting(&b).await);
    let bearer = stage.act(|world, _| world.tokens.keys().next().unwrap().clone());
    stage.act(|world, _| world.settings_mut().write_millis = 500);
    let send = |call: Call| stage.act(|world, now| world.handle(now, &call.bearer(&bearer))).outcome.unwrap();
    let patch =
        |number: i64| Call::api(Method::Patch, &["meetings", &number.to_string()]).json(serde_json::json!({"duration": 9}));
    let basic = |user: &str| Call::api(Method::Patch, &["users", user]).json(serde_json::json!({"type": 1}));
    assert_eq!(send(patch(of_a.number)).status, 204);
    let refused = send(basic("A@x.org"));
    assert_eq!((refused.status, refused.header("x-ratelimit-type")), (429, None));
    assert!(String::from_utf8_lossy(&refused.body).contains("Too many concurrent requests"));
    assert_eq!(send(Call::api(Method::Get, &["users", &a])).status, 200, "who only looks is let in");
    assert_eq!(send(basic(&b)).status, 204, "another user is another matter");
    assert_eq!(send(patch(of_b.number)).status, 429);
    stage.clock.advance(std::time::Duration::from_millis(500));
    assert_eq!(send(basic(&a)).status, 204);
    assert_eq!(stage.act(|world, _| world.conflicts()), 2);
}

#[actix_web::test]
async fn a_write_that_meets_another_is_sent_again_a_moment_later_and_not_for_ever() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    stage.client.check().await.unwrap();
    let conflicts = |next| stage.act(|world, _| world.faults_mut().set(Fault::WriteConflict, Odds { next, per_mille: 0 }));
    conflicts(3);
    let before = stage.clock.now_millis();
    assert_eq!(stage.client.set_license(&host, License::Licensed).await, Ok(()));
    assert_eq!(stage.clock.now_millis() - before, 3000);
    conflicts(4);
    let refused = stage.client.set_license(&host, License::Basic).await;
    assert!(matches!(refused, Err(ZoomError::RetryAfter { daily: false, .. })), "{refused:?}");
}

#[actix_web::test]
async fn what_zoom_did_not_do_is_logged_with_the_id_of_its_answer() {
    let stage = Stage::new(1);
    let (log, _on) = log();
    stage.fault(Fault::ServerError);
    stage.client.check().await.unwrap_err();
    stage.client.check().await.unwrap();
    stage.client.user("nobody@x.org").await.unwrap_err();
    let log = log.text();
    for call in ["get token", "get user"] {
        let line = log.lines().find(|line| line.contains("Zoom did not do it") && line.contains(call));
        assert!(line.is_some_and(|line| line.contains("tracking=\"sim_")), "{call}: {log}");
    }
    assert!(!log.contains("nobody"), "{log}");
}

mod hostile {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::*;
    use crate::zoom::transport::{Auth, Call, Method};

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            ".{0,250}".prop_map(Value::from)
        ];
        leaf.prop_recursive(2, 8, 4, |inner| {
            let keys = prop_oneof![
                Just("type"),
                Just("topic"),
                Just("start_time"),
                Just("duration"),
                Just("password"),
                Just("settings"),
                Just("action"),
                Just("user_info"),
                Just("email")
            ];
            proptest::collection::btree_map(keys.prop_map(str::to_owned), inner, 0..4).prop_map(|map| json!(map))
        })
    }

    fn segment() -> impl Strategy<Value = String> {
        let known = proptest::sample::select(vec![
            "users",
            "meetings",
            "summary",
            "status",
            "past_meetings",
            "instances",
            "accounts",
            "plans",
            "usage",
            "a@x.org",
            "NUMBER",
        ]);
        prop_oneof![4 => known.prop_map(str::to_owned), 1 => ".{0,20}"]
    }

    proptest! {
        #[test]
        fn no_call_breaks_the_simulator(
            method in proptest::sample::select(vec![Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete]),
            segments in proptest::collection::vec(segment(), 0..5),
            query in proptest::collection::vec((proptest::sample::select(vec!["page_size", "next_page_token", "status", "type"]), "p?[0-9]{0,22}"), 0..3),
            body in json_value(),
        ) {
            let mut world = World::new(Settings::new(credentials(), SECRET, 1), Ids::seeded(3));
            let now = 1_790_000_000_000;
            world.add_user(now, "a@x.org", "A", "B", License::Basic);
            let token = world.handle(now, &Call::oauth(&[("grant_type", "account_credentials"), ("account_id", "acc")], Auth::Basic { id: "app".into(), secret: "s3cret".into() }));
            let token: Value = serde_json::from_slice(&token.outcome.unwrap().body).unwrap();
            let token = token["access_token"].as_str().unwrap();
            let made = world.handle(now, &Call::api(Method::Post, &["users", "a@x.org", "meetings"]).json(json!({"topic": "x"})).bearer(token)).outcome.unwrap();
            let number = serde_json::from_slice::<Value>(&made.body).unwrap()["id"].to_string();
            let segments: Vec<String> = segments.into_iter().map(|segment| segment.replace("NUMBER", &number)).collect();
            let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
            let call = query.into_iter().fold(Call::api(method, &segments), |call, (name, value)| call.query(name, value));
            let reply = world.handle(now, &call.json(body).bearer(token)).outcome.unwrap();
            prop_assert!((200..500).contains(&reply.status), "{}", reply.status);
        }
    }
}
