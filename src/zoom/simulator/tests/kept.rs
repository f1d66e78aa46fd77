//! A world that was written down and read again, as when the demo is stopped and started.

use super::*;

/// The same company in another process: other random numbers, and nothing but what was written down.
fn again(stage: Stage) -> Stage {
    let written = serde_json::to_vec(&stage.act(|world, _| world.keep())).unwrap();
    let mut world = World::new(Settings::new(credentials(), SECRET, 99), Ids::seeded(70));
    world.go_on_from(serde_json::from_slice(&written).unwrap());
    let world = Arc::new(Mutex::new(world));
    let transport = LocalTransport::new(world.clone(), stage.clock.clone());
    let client = Client::new(Arc::new(transport), credentials(), stage.clock.clone());
    Stage { world, client, ..stage }
}

#[tokio::test]
async fn a_running_meeting_goes_on_with_everybody_in_it() {
    let stage = Stage::new(1);
    let host = stage.user("zoom-user-1@ours.example");
    stage.act(|world, now| world.set_license_by_hand(now, &host, License::Licensed).unwrap());
    let meeting = stage.meeting(&host).await;
    let key = stage.start(meeting.number).await.unwrap();
    let guest = stage.guest(&meeting);

    let stage = again(stage);
    assert_eq!(stage.act(|world, _| (world.licenses_in_use(), world.settings().licenses)), (1, 1));
    let whereabouts = |key: &str| stage.act(|world, _| world.find_meeting(meeting.number).unwrap().whereabouts(key));
    assert_eq!([whereabouts(&key), whereabouts(&guest)], [Whereabouts::Inside; 2]);
    assert_eq!(stage.client.meeting(meeting.number).await.unwrap().status, MeetingStatus::Started);
    let late = stage.guest(&meeting);
    assert_eq!(stage.act(|world, _| world.find_meeting(meeting.number).unwrap().whereabouts(&late)), Whereabouts::Inside);
    stage.act(|world, now| world.end(now, meeting.number, "Host ended the meeting"));
    let last = stage.deliver(Some(200)).pop();
    assert!(matches!(last, Some(EventKind::MeetingEnded { .. })), "{last:?}");
}

#[tokio::test]
async fn a_start_link_that_was_given_out_still_opens_the_room() {
    let stage = Stage::new(1);
    let host = stage.user("zoom-user-1@ours.example");
    let meeting = stage.meeting(&host).await;
    let zak = zak(&stage.client.meeting(meeting.number).await.unwrap());
    let stage = again(stage);
    assert!(stage.act(|world, now| world.host_arrives(now, meeting.number, &zak, false)).is_ok());
}

#[test]
fn a_webhook_that_waits_or_was_on_its_way_is_sent_and_one_that_was_taken_is_not() {
    let stage = Stage::new(1);
    stage.user("zoom-user-1@ours.example");
    let switch = |stage: &Stage| {
        stage.act(|world, now| {
            let id = world.find_user("zoom-user-1@ours.example").unwrap().id.clone();
            world.deactivate_user(now, &id);
        });
    };
    switch(&stage);
    assert_eq!(stage.deliver(Some(200)).len(), 1, "taken");
    switch(&stage);
    assert_eq!(stage.act(World::tick_now).len(), 1, "on its way, and nobody hears the answer");
    switch(&stage);
    let stage = again(stage);
    assert_eq!(stage.deliver(Some(200)).len(), 2);
    let ids: Vec<u64> = stage.act(|world, _| world.webhooks().iter().map(|webhook| webhook.id).collect());
    assert_eq!(ids, [1, 2, 3], "and later ones have later numbers");
}
