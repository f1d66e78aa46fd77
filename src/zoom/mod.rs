//! Zoom: the client of its API, the signature and shape of its webhooks, and a simulator of the whole of it.
//!
//! The client speaks through a [`transport::Transport`], so the same parsing and error handling runs against Zoom over
//! HTTPS, against the simulator over HTTP, and against the simulator's core in the same process. The outside facts are
//! Zoom's documented API as of November 2026; replies are read leniently, because Zoom adds fields without notice.

pub mod client;
pub mod error;
pub mod event;
pub mod http;
pub mod label;
pub mod meeting;
pub mod pace;
pub mod scopes;
pub mod secrets;
pub mod signature;
pub mod simulator;
mod token;
pub mod transport;
mod turns;
pub mod user;
mod wire;

pub use client::{Client, Credentials};
pub use error::ZoomError;
pub use event::{Event, EventKind};
pub use meeting::{MeetingChange, MeetingStatus, NewMeeting, PastMeeting, StartUrl, ZoomMeeting};
pub use user::{CreateAction, NewZoomUser, PlanUsage, UsersSummary, ZoomUser};
