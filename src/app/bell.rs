//! Wakes the keeper when there may be something to do. Ringing is never needed for correctness: the keeper looks by itself
//! every few seconds; the bell only makes it look sooner.

use std::sync::{Arc, Mutex, PoisonError};

/// One part of the background work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Webhooks that have arrived.
    Inbox,
    /// License moves.
    Licenses,
    /// Meetings that Zoom must be told of.
    Rooms,
    /// Letters that wait.
    Letters,
    /// What Zoom says of the whole account.
    Account,
    /// What is old and can go.
    Sweeps,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 6] = [Self::Inbox, Self::Licenses, Self::Rooms, Self::Letters, Self::Account, Self::Sweeps];

    /// The lane's name in logs and on the operator's pages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Licenses => "licenses",
            Self::Rooms => "rooms",
            Self::Letters => "letters",
            Self::Account => "account",
            Self::Sweeps => "sweeps",
        }
    }
}

type Listener = Box<dyn Fn(Lane) + Send>;

/// Rung by the verbs, heard by the keeper.
#[derive(Clone, Default)]
pub struct Bell(Arc<Mutex<Vec<Listener>>>);

impl Bell {
    /// Calls `listener` at every ring from now on; it must not block.
    pub fn on_ring(&self, listener: impl Fn(Lane) + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    /// There may be something to do in `lane`.
    pub fn ring(&self, lane: Lane) {
        for listener in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            listener(lane);
        }
    }
}
