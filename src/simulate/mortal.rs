//! The way to the simulated Zoom of a process that may die: before a call is heard, or before its answer is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::fuse::Fuse;
use crate::zoom::simulator::LocalTransport;
use crate::zoom::transport::{Call, Sending, Transport};

/// Counts calls, and takes a step of the fuse on either side of each.
pub(super) struct Mortal {
    inner: LocalTransport,
    fuse: Fuse,
    calls: Arc<AtomicU64>,
}

impl Mortal {
    pub(super) fn new(inner: LocalTransport, fuse: Fuse) -> Self {
        Self { inner, fuse, calls: Arc::default() }
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Transport for Mortal {
    fn send(&self, call: Call) -> Sending<'_> {
        Box::pin(async move {
            self.fuse.step().await;
            self.calls.fetch_add(1, Ordering::Relaxed);
            let answer = self.inner.send(call).await;
            self.fuse.step().await;
            answer
        })
    }
}
