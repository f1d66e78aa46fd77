//! The client against the simulator's core, in one process, and what the core promises of Zoom's behaviour.

use std::sync::{Arc, Mutex, PoisonError};

use super::*;
use crate::clock::{Clock, Ids};
use crate::domain::seat::{License, SeatStatus};
use crate::domain::time::{Instant, Span};
use crate::zoom::client::{Client, Credentials};
use crate::zoom::error::ZoomError;
use crate::zoom::event::{Event, EventKind};
use crate::zoom::meeting::{MeetingChange, MeetingStatus, NewMeeting, ZoomMeeting};
use crate::zoom::user::{CreateAction, NewZoomUser};
use crate::zoom::{secrets, signature};

pub(super) const SECRET: &str = "hook-secret";
const MINUTE: i64 = 60_000;

pub(super) fn credentials() -> Credentials {
    Credentials { account_id: "acc".into(), client_id: "app".into(), client_secret: "s3cret".into() }
}

pub(super) struct Stage {
    pub(super) world: SharedWorld,
    clock: Clock,
    client: Client,
    ids: Ids,
}

impl Stage {
    fn new(licenses: u32) -> Self {
        let clock = Clock::manual(Instant::from_seconds(1_790_000_000));
        let world = World::new(Settings::new(credentials(), SECRET, licenses), Ids::seeded(7));
        let world = Arc::new(Mutex::new(world));
        let transport = LocalTransport::new(world.clone(), clock.clone());
        Self { client: Client::new(Arc::new(transport), credentials(), clock.clone()), world, clock, ids: Ids::seeded(8) }
    }

    fn act<T>(&self, act: impl FnOnce(&mut World, i64) -> T) -> T {
        act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner), self.clock.now_millis())
    }

    fn user(&self, email: &str) -> String {
        self.act(|world, now| world.add_user(now, email, "Seat", "One", License::Basic))
    }

    fn fault(&self, fault: Fault) {
        self.act(|world, _| world.faults_mut().set(fault, Odds { next: 1, per_mille: 0 }));
    }

    fn new_meeting(&self) -> NewMeeting {
        let starts_at = self.clock.now() + Span::hours(1);
        NewMeeting { topic: "First talk".into(), starts_at, minutes: 50, passcode: secrets::passcode(&self.ids) }
    }

    async fn meeting(&self, host: &str) -> ZoomMeeting {
        self.client.create_meeting(host, &self.new_meeting()).await.unwrap()
    }

    /// The host opens a fresh start URL.
    async fn start(&self, number: i64) -> Result<String, RoomRefusal> {
        let zak = zak(&self.client.meeting(number).await.unwrap());
        self.act(|world, now| world.host_arrives(now, number, &zak, false))
    }

    fn guest(&self, meeting: &ZoomMeeting) -> String {
        let passcode = self.act(|world, _| world.find_meeting(meeting.number).unwrap().passcode.clone());
        self.act(|world, now| world.client_arrives(now, meeting.number, &passcode, "Ana").unwrap())
    }

    fn wait(&self, minutes: i64) {
        self.clock.advance(std::time::Duration::from_secs(minutes.unsigned_abs() * 60));
    }

    /// Posts what is due to a receiver that checks signatures and answers with this status.
    fn deliver(&self, status: Option<u16>) -> Vec<EventKind> {
        let due = self.act(World::tick_now);
        let mut events = Vec::new();
        for webhook in due {
            let good = signature::verify(
                SECRET,
                Some(&webhook.timestamp),
                webhook.body.as_bytes(),
                Some(&webhook.signature),
                self.clock.now(),
            );
            let answer = if good.is_ok() { status } else { Some(401) };
            if good.is_ok() {
                events.push(Event::parse(webhook.body.as_bytes()).unwrap().kind);
            }
            self.act(|world, now| world.answered(now, webhook.id, answer));
        }
        events
    }

    fn running(&self, number: i64) -> bool {
        self.act(|world, now| {
            world.tick(now);
            world.find_meeting(number).unwrap().running.is_some()
        })
    }
}

impl World {
    fn tick_now(&mut self, now: i64) -> Vec<Outgoing> {
        self.tick(now)
    }
}

fn zak(meeting: &ZoomMeeting) -> String {
    meeting.start_url.as_ref().unwrap().reveal().split_once("zak=").unwrap().1.to_owned()
}

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
async fn a_meeting_runs_from_the_host_s_coming_to_the_end_and_tells_it_in_signed_webhooks() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    let meeting = stage.meeting(&host).await;
    let guest = stage.guest(&meeting);
    assert!(!stage.running(meeting.number), "a client alone starts nothing");
    stage.start(meeting.number).await.unwrap();
    let at = stage.act(|world, _| world.find_meeting(meeting.number).unwrap().whereabouts(&guest));
    assert_eq!(at, Whereabouts::Inside, "who waited is let in");
    assert_eq!(stage.client.meeting(meeting.number).await.unwrap().status, MeetingStatus::Started);
    assert_eq!(stage.client.past_meeting(&meeting.uuid).await, Err(ZoomError::Gone), "it still runs");

    let events = stage.deliver(Some(200));
    let EventKind::MeetingStarted { number, uuid, host_id, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!((*number, uuid, host_id), (meeting.number, &meeting.uuid, &host));
    let presence: Vec<bool> =
        events.iter().filter_map(|e| if let EventKind::ParticipantJoined(p) = e { Some(p.is_host) } else { None }).collect();
    assert_eq!(presence, [true, false]);

    stage.wait(10);
    stage.client.end_meeting(meeting.number).await.unwrap();
    let events = stage.deliver(Some(200));
    let Some(EventKind::MeetingEnded { uuid, started_at, at, .. }) = events.last() else { panic!("{events:?}") };
    assert_eq!((uuid, *at - *started_at), (&meeting.uuid, Span::minutes(10)));
    let past = stage.client.past_meeting(&meeting.uuid).await.unwrap();
    assert_eq!((past.number, past.participants), (meeting.number, 2));
}

#[actix_web::test]
async fn every_running_has_its_own_uuid_and_each_can_be_asked_for() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    let meeting = stage.meeting(&host).await;
    let mut uuids = std::collections::BTreeSet::new();
    for _ in 0..40 {
        stage.wait(1);
        stage.start(meeting.number).await.unwrap();
        let uuid = stage.client.meeting(meeting.number).await.unwrap().uuid;
        stage.client.end_meeting(meeting.number).await.unwrap();
        assert_eq!(stage.client.past_meeting(&uuid).await.unwrap().uuid, uuid);
        uuids.insert(uuid);
    }
    assert_eq!(uuids.len(), 40);
    assert!(uuids.iter().any(|uuid| uuid.starts_with('/') || uuid.contains("//")), "the hard ones were among them");
}

#[actix_web::test]
async fn a_basic_host_is_cut_40_minutes_after_the_first_guest() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    let meeting = stage.meeting(&host).await;
    stage.start(meeting.number).await.unwrap();
    stage.wait(30);
    stage.guest(&meeting);
    stage.wait(39);
    assert!(stage.running(meeting.number));
    let due = stage.act(|world, now| world.next_due().unwrap() - now);
    assert!(due <= MINUTE, "{due}");
    stage.wait(1);
    assert!(!stage.running(meeting.number));
}

#[actix_web::test]
async fn a_late_license_lifts_the_cut_and_taking_it_does_not_bring_it_back() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    let meeting = stage.meeting(&host).await;
    stage.start(meeting.number).await.unwrap();
    stage.guest(&meeting);
    stage.wait(39);
    stage.client.set_license(&host, License::Licensed).await.unwrap();
    stage.wait(20);
    stage.client.set_license(&host, License::Basic).await.unwrap();
    stage.wait(200);
    assert!(stage.running(meeting.number));
}

#[actix_web::test]
async fn one_person_left_of_two_is_sent_home_after_40_minutes_on_a_license_too() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    stage.client.set_license(&host, License::Licensed).await.unwrap();
    let meeting = stage.meeting(&host).await;
    let host_key = stage.start(meeting.number).await.unwrap();
    stage.guest(&meeting);
    stage.wait(60);
    stage.act(|world, now| world.leave(now, meeting.number, &host_key));
    stage.wait(39);
    assert!(stage.running(meeting.number), "the host left without ending");
    stage.wait(1);
    assert!(!stage.running(meeting.number));
}

#[actix_web::test]
async fn a_user_hosts_one_meeting_at_a_time() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    let (first, second) = (stage.meeting(&host).await, stage.meeting(&host).await);
    stage.start(first.number).await.unwrap();
    assert_eq!(stage.start(second.number).await, Err(RoomRefusal::HostBusy { other: first.number }));
    let zak = zak(&stage.client.meeting(second.number).await.unwrap());
    stage.act(|world, now| world.host_arrives(now, second.number, &zak, true)).unwrap();
    assert!(!stage.running(first.number) && stage.running(second.number));
}

#[actix_web::test]
async fn a_start_url_is_worth_something_for_two_hours_and_only_to_its_host() {
    let stage = Stage::new(1);
    let (a, b) = (stage.user("a@x.org"), stage.user("b@x.org"));
    let (of_a, of_b) = (stage.meeting(&a).await, stage.meeting(&b).await);
    let arrive = |number, zak: &str| stage.act(|world, now| world.host_arrives(now, number, zak, false));
    assert_eq!(arrive(of_b.number, &zak(&of_a)), Err(RoomRefusal::BadKey));
    assert_eq!(arrive(of_a.number, ""), Err(RoomRefusal::BadKey));
    stage.wait(120);
    assert_eq!(arrive(of_a.number, &zak(&of_a)), Err(RoomRefusal::BadKey));
    let wrong = stage.act(|world, now| world.client_arrives(now, of_a.number, "wrong", "Ana"));
    assert_eq!(wrong, Err(RoomRefusal::BadPasscode));
}

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
