//! What happens in rooms, and what is told of it.

use super::*;

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
async fn a_basic_host_is_cut_40_minutes_after_the_start_whoever_is_there() {
    for guest_after in [None, Some(0), Some(30)] {
        let stage = Stage::new(1);
        let host = stage.user("a@x.org");
        let meeting = stage.meeting(&host).await;
        stage.start(meeting.number).await.unwrap();
        stage.wait(guest_after.unwrap_or_default());
        if guest_after.is_some() {
            stage.guest(&meeting);
        }
        stage.wait(39 - guest_after.unwrap_or_default());
        assert!(stage.running(meeting.number), "{guest_after:?}");
        let due = stage.act(|world, now| world.next_due().unwrap() - now);
        assert!(due <= MINUTE, "{due}");
        stage.wait(1);
        assert!(!stage.running(meeting.number), "{guest_after:?}");
    }
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
async fn a_room_takes_a_hundred_people() {
    let stage = Stage::new(1);
    let host = stage.user("a@x.org");
    let meeting = stage.meeting(&host).await;
    for _ in 0..100 {
        stage.guest(&meeting);
    }
    let passcode = stage.act(|world, _| world.find_meeting(meeting.number).unwrap().passcode.clone());
    let one_more = stage.act(|world, now| world.client_arrives(now, meeting.number, &passcode, "Ana"));
    assert_eq!(one_more, Err(RoomRefusal::Full));
}
