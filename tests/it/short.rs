//! Short meetings of a tenant that lets them run without a license (rule of 35 minutes; Zoom's cut comes at 40).

use duologue::app::bookings::Answer;
use duologue::app::tenants::Settings;
use duologue::domain::meeting::Stage;
use duologue::store::{StoreError, tenants};

use crate::support::world::World;

/// Acme's short meetings run without a license.
pub(crate) async fn allow_short_meetings(world: &World) {
    let acme = &world.acme;
    let scope = acme.scope.clone();
    let tenant = world.app.store.read::<_, StoreError, _>(move |tx| tenants::get(tx, &scope)).await.unwrap();
    let settings = Settings {
        name: tenant.name,
        zone: tenant.zone,
        default_length: tenant.default_length,
        reply_to: tenant.reply_to,
        short_meetings: true,
    };
    world.app.set_tenant_settings(&acme.scope, &acme.users[0], settings).await.unwrap();
}

#[tokio::test]
async fn short_meetings_need_no_license_and_are_insured_only_with_one_that_is_idle() {
    let world = World::in_memory(1).await;
    world.booked(&world.globex, 0, 60, 30).await;
    assert!(matches!(world.book(&world.acme, 0, 60, 35).await, Answer::Refused { .. }), "off by default");
    allow_short_meetings(&world).await;
    assert!(matches!(world.book(&world.acme, 1, 60, 40).await, Answer::Refused { .. }), "40 minutes are not short");
    let short = world.booked(&world.acme, 0, 60, 35).await;
    // The license is promised to others from minute 85 on; globex does not come, so it is idle between.
    world.booked(&world.globex, 0, 100, 60).await;
    world.at(60).await;
    world.start(&world.acme, 0, &short).await;
    world.settle().await;
    world.at(84).await;
    assert_eq!(world.attached().await, 0, "nobody needs one yet");
    let meeting = world.meeting(&world.acme, &short).await;
    assert!(
        !meeting.licensed
            && world.app.meeting_for(&world.acme.scope, &world.acme.users[0], &short).await.unwrap().progress.alert.is_none()
    );
    world.at(88).await;
    assert!(
        !world.meeting(&world.acme, &short).await.licensed,
        "what is promised from minute 95 on is not lent to one that runs over"
    );
    world.at(96).await;
    let needs = world.licenses().await[0].slot.claim().map(|claim| claim.seat.clone());
    assert_eq!(needs.as_ref(), Some(&world.globex.seats[0]));
}

#[tokio::test]
async fn a_short_meeting_that_may_run_long_gets_an_idle_license_from_minute_25_on() {
    let world = World::in_memory(1).await;
    allow_short_meetings(&world).await;
    let short = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    world.start(&world.acme, 0, &short).await;
    world.settle().await;
    world.at(84).await;
    assert_eq!(world.attached().await, 0);
    world.at(86).await;
    assert_eq!(world.attached().await, 1);
    assert!(world.meeting(&world.acme, &short).await.licensed);
    world.at(120).await;
    assert_eq!(world.stage(&world.acme, &short).await, Stage::Live, "Zoom does not end it after 40 minutes");
}
