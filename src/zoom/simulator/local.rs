//! The client's calls handed to the world in the same process, without a socket: the client's real parsing and error
//! handling runs, and a seeded run is the same every time.

use std::sync::PoisonError;
use std::time::Duration;

use super::SharedWorld;
use super::world::Answer;
use crate::clock::Clock;
use crate::zoom::transport::{Call, Reply, Sending, Transport, TransportError};

/// What the HTTP transport waits for an answer, in milliseconds; a slower one is no answer here either.
const PATIENCE_MILLIS: u64 = 15_000;

/// Hands calls to a world. A manual clock is moved by the time a call takes.
#[derive(Clone)]
pub struct LocalTransport {
    world: SharedWorld,
    clock: Clock,
}

impl LocalTransport {
    /// A transport to this world.
    pub fn new(world: SharedWorld, clock: Clock) -> Self {
        Self { world, clock }
    }

    fn answer(&self, call: &Call) -> Result<Reply, TransportError> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let Answer { delay_millis, outcome } = world.handle(self.clock.now_millis(), call);
        self.clock.advance(Duration::from_millis(delay_millis.min(PATIENCE_MILLIS)));
        if delay_millis >= PATIENCE_MILLIS {
            return Err(TransportError::Timeout("kept waiting by the simulator".into()));
        }
        outcome
    }
}

impl Transport for LocalTransport {
    fn send(&self, call: Call) -> Sending<'_> {
        Box::pin(async move { self.answer(&call) })
    }
}
