//! A Zoom of our own, to try the portal on, to train on and to test against. It is not Zoom and says so on every page.
//!
//! [`World`] is the core: a state machine without IO. It is told the time and is given calls, and it answers as the
//! documented API does; the same seed and the same calls give the same answers. [`LocalTransport`] hands it the client's
//! calls in the same process; [`server`] puts it behind HTTP, with rooms to meet in and a switchboard to look into it.
//! Where Zoom's behaviour is not documented, the simulator takes the answer that is hardest on its client.

mod api;
mod delivery;
mod events;
mod faults;
mod kept;
mod limits;
mod local;
mod locks;
mod meetings;
mod pages;
mod refusal;
mod room_pages;
mod rooms;
pub mod server;
mod users;
mod views;
mod webhooks;
mod world;

use std::sync::{Arc, Mutex};

pub use faults::{Fault, Faults, Odds};
pub use kept::Kept;
pub use limits::{Limits, Usage};
pub use local::LocalTransport;
pub use meetings::{Instance, Meeting, Person, Waiting};
pub use rooms::{RoomRefusal, Whereabouts};
pub use server::{SimulatorConfig, start};
pub use users::{User, UserStatus};
pub use webhooks::{Fate, Outgoing, Try, Webhook};
pub use world::{Answer, Settings, World};

/// A world that several tasks look at.
pub type SharedWorld = Arc<Mutex<World>>;

#[cfg(test)]
mod tests;
