//! The verbs of the product: each reads, lets `domain` decide, writes in one transaction, and has its effects afterwards.
//!
//! What must stay true: no transaction is held across the network; what is booked is committed before anybody is told; what
//! can be derived from rows is never queued; every change leaves an audit row in its own transaction.

pub mod accounts;
pub mod bell;
pub mod bookings;
pub mod drift;
pub mod inbox;
pub mod join;
pub mod keys;
pub mod letters;
pub mod licenses;
mod life;
pub mod line;
pub mod meetings;
mod passwords;
pub mod pool;
pub mod rooms;
pub mod seats;
pub mod start;
pub mod sweeps;
pub mod tenants;
#[cfg(test)]
mod testing;
pub mod usage;
pub mod users;

use std::sync::Arc;

use url::Url;

use crate::clock::{Clock, Ids};
use crate::config::Secret;
use crate::domain::ids::{MeetingId, TenantId};
use crate::domain::time::Instant;
use crate::mail::Mailer;
use crate::store::audit::{Actor, Entry};
use crate::store::scope::KeeperPass;
use crate::store::{Store, StoreError};
use crate::zoom::{Client as Zoom, ZoomError};

use bell::Bell;
use keys::Keys;
use passwords::Hashing;

/// What the verbs work with. Shared by every request and by the keeper.
pub struct App {
    /// The database.
    pub store: Store,
    /// The right to work for every tenant; only the verbs below use it.
    pass: Arc<KeeperPass>,
    /// Zoom.
    pub zoom: Zoom,
    /// Where letters go.
    pub mailer: Mailer,
    /// The time.
    pub clock: Clock,
    /// Ids and randomness.
    pub ids: Ids,
    /// What is derived from the server's key.
    pub keys: Keys,
    /// The portal's own URL.
    pub base_url: Url,
    /// Checks Zoom's signatures.
    pub webhook_secret: Secret,
    /// Wakes the keeper.
    pub bell: Bell,
    /// Where passwords are hashed.
    hashing: Hashing,
}

/// What [`App::new`] is made of.
pub struct Parts {
    /// The database and the keeper's pass that came with it. Who puts the parts together at the machine's console makes an
    /// operator's pass of it first, if it needs one ([`OperatorPass::console`]); afterwards nobody can.
    ///
    /// [`OperatorPass::console`]: crate::store::scope::OperatorPass::console
    pub store: (Store, KeeperPass),
    /// Zoom.
    pub zoom: Zoom,
    /// Where letters go.
    pub mailer: Mailer,
    /// The time.
    pub clock: Clock,
    /// Ids and randomness.
    pub ids: Ids,
    /// `DUOLOGUE_SECRET_KEY`.
    pub secret_key: Secret,
    /// The portal's own URL.
    pub base_url: Url,
    /// Checks Zoom's signatures.
    pub webhook_secret: Secret,
}

/// Something that a verb needed did not work. Refusals of the product are values, not errors.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Zoom.
    #[error(transparent)]
    Zoom(#[from] ZoomError),
    /// It does not exist, or not for who asks.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// Too much is being done at once.
    #[error("too many requests are waiting")]
    Busy,
    /// A defect of ours, in words for the log.
    #[error("{0}")]
    Defect(String),
}

impl AppError {
    /// Until when Zoom is not asked because it wants fewer calls, if that is why.
    pub const fn held_back_until(&self) -> Option<Instant> {
        match self {
            Self::Zoom(ZoomError::RetryAfter { at, .. }) => Some(*at),
            _ => None,
        }
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Arc<Self> {
        let (store, pass) = parts.store;
        Arc::new(Self {
            store,
            pass: Arc::new(pass),
            zoom: parts.zoom,
            mailer: parts.mailer,
            clock: parts.clock,
            ids: parts.ids,
            keys: Keys::derive(&parts.secret_key),
            base_url: parts.base_url,
            webhook_secret: parts.webhook_secret,
            bell: Bell::default(),
            hashing: Hashing::default(),
        })
    }

    /// Another process on the same database, which knows nothing of what this one was doing.
    pub fn successor(&self, zoom: Zoom) -> Arc<Self> {
        Arc::new(Self {
            store: self.store.clone(),
            pass: self.pass.clone(),
            zoom,
            mailer: self.mailer.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            keys: self.keys.clone(),
            base_url: self.base_url.clone(),
            webhook_secret: self.webhook_secret.clone(),
            bell: Bell::default(),
            hashing: Hashing::default(),
        })
    }

    /// Now.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// A new id.
    pub fn id(&self) -> String {
        self.ids.id(&self.clock)
    }

    /// The keeper's pass, for a closure that runs in a transaction. Only the verbs have it: a page that could reach it
    /// could reach every tenant.
    fn pass(&self) -> Arc<KeeperPass> {
        self.pass.clone()
    }

    /// An absolute URL of the portal.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.as_str().trim_end_matches('/'))
    }

    /// An audit row, with its id drawn before the transaction that will hold it.
    pub fn entry(
        &self,
        tenant: Option<&TenantId>,
        actor: Actor,
        action: &'static str,
        meeting: Option<&MeetingId>,
        detail: impl Into<String>,
    ) -> Entry {
        Entry {
            id: self.id(),
            at: self.now(),
            tenant: tenant.cloned(),
            actor,
            action,
            meeting: meeting.cloned(),
            detail: detail.into(),
        }
    }
}
