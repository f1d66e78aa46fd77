//! A seat: a Zoom user of our account that can host, as we know it and as Zoom last described it.

use super::ids::{SeatId, TenantId, UserId};
use super::names::EmailAddress;
use super::time::Instant;

/// What Zoom says the seat's user may do (`type` in the users API, reference: Zoom API, users).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum License {
    /// `type` 1: meetings end after 40 minutes.
    Basic,
    /// `type` 2: holds one of the purchased licenses.
    Licensed,
    /// Any other type (on-premises, none): we neither use nor change such a user.
    Other,
}

/// Whether Zoom lets the seat's user host (`status` in the users API).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeatStatus {
    /// Can host.
    Active,
    /// Invited, not confirmed yet. Zoom accepts changes to such a user and ignores them.
    Pending,
    /// Switched off at Zoom.
    Inactive,
    /// Zoom no longer knows this user.
    Missing,
}

/// A Zoom user of our account that can host; belongs to at most one tenant and normally to one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Our id.
    pub id: SeatId,
    /// Zoom's id of the user; known once Zoom has been asked.
    pub zoom_user_id: Option<String>,
    /// The Zoom user's e-mail address.
    pub email: EmailAddress,
    /// The name shown at Zoom.
    pub name: String,
    /// The tenant that may use the seat.
    pub tenant: Option<TenantId>,
    /// The user whose own seat it is; a tenant's seat without a user is a shared one.
    pub user: Option<UserId>,
    /// Whether Zoom lets it host.
    pub status: SeatStatus,
    /// What Zoom last said of its license.
    pub observed: License,
    /// When Zoom was last asked.
    pub observed_at: Option<Instant>,
}

/// How many meetings Zoom lets be created or changed for one host in a UTC day (devforum.zoom.us/t/19474).
pub const WRITES_PER_DAY: u32 = 100;
/// How many of them are kept for a host who presses Start and whose meeting Zoom does not have yet.
const WRITES_KEPT: u32 = 10;

/// Whether one more meeting may be created or changed for a host with so many today. `pressed`: a host waits for it.
pub const fn may_write(today: u32, pressed: bool) -> bool {
    today < if pressed { WRITES_PER_DAY } else { WRITES_PER_DAY - WRITES_KEPT }
}

impl Seat {
    /// Whether a meeting may be planned on this seat.
    pub fn can_host(&self) -> bool {
        self.status == SeatStatus::Active && self.zoom_user_id.is_some()
    }
}

super::stored_as! {
    License { Basic = "basic", Licensed = "licensed", Other = "other" }
    SeatStatus { Active = "active", Pending = "pending", Inactive = "inactive", Missing = "missing" }
}
