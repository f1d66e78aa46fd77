//! The way to the simulated Zoom of a process that may die: before a call is heard, or before its answer is.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::store::fuse::Fuse;
use crate::zoom::simulator::LocalTransport;
use crate::zoom::transport::{Call, Method, Reply, Sending, Site, Transport, TransportError};

/// Counts calls, and takes a step of the fuse on either side of each.
pub(super) struct Mortal {
    inner: LocalTransport,
    fuse: Fuse,
    calls: AtomicU64,
    work: AtomicU64,
    /// A planted bug: every question is asked twice.
    asks_twice: AtomicBool,
}

impl Mortal {
    pub(super) fn new(inner: LocalTransport, fuse: Fuse) -> Self {
        Self { inner, fuse, calls: AtomicU64::new(0), work: AtomicU64::new(0), asks_twice: AtomicBool::new(false) }
    }

    /// Every call so far.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Calls about single meetings and seats: neither tokens nor readings of the whole account.
    pub(super) fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    pub(super) fn ask_twice(&self) {
        self.asks_twice.store(true, Ordering::Relaxed);
    }

    async fn pass_on(&self, call: Call) -> Result<Reply, TransportError> {
        self.fuse.step().await;
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.work.fetch_add(u64::from(is_work(&call)), Ordering::Relaxed);
        let answer = self.inner.send(call).await;
        self.fuse.step().await;
        answer
    }
}

impl Transport for Mortal {
    fn send(&self, call: Call) -> Sending<'_> {
        Box::pin(async move {
            if call.method == Method::Get && self.asks_twice.load(Ordering::Relaxed) {
                let _ = self.pass_on(call.clone()).await;
            }
            self.pass_on(call).await
        })
    }
}

fn is_work(call: &Call) -> bool {
    let of_the_account = call.path == "/users" || call.path == "/users/summary" || call.path.starts_with("/accounts");
    call.site == Site::Api && !of_the_account
}
