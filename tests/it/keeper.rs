//! The keeper itself: the actors, on the bell and on their intervals.

use std::time::Duration;

use duologue::app::bell::Lane;
use duologue::keeper;

use crate::support::wire::End;
use crate::support::world::{World, minutes};

#[actix_web::test]
async fn a_panic_in_one_turn_does_not_end_a_lane() {
    let world = World::in_memory(1).await;
    world.wire.ends(End::Panics);
    keeper::start(&world.app);
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    let made = tokio::time::timeout(Duration::from_secs(30), async {
        let mut pause = tokio::time::interval(Duration::from_millis(20));
        while world.meeting(&world.acme, &meeting).await.room.is_none() {
            pause.tick().await;
            // The pause after a failed turn is over, and the lane is asked to look again.
            world.clock.set(world.now() + minutes(1));
            world.app.bell.ring(Lane::Rooms);
        }
    });
    assert!(made.await.is_ok(), "the lane ended with its turn");
}
