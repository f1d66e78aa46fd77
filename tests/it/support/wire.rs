//! The way from the portal to the simulated Zoom, on which a process can die: before the next change reaches Zoom, or after
//! Zoom has carried it out and before the answer is back.

use std::sync::{Arc, Mutex, PoisonError};

use duologue::zoom::simulator::LocalTransport;
use duologue::zoom::transport::{Call, Sending, Site, Transport};
use tokio::sync::Notify;

/// What becomes of a process at its next change of something at Zoom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It dies before Zoom hears of it.
    DiesBefore,
    /// It dies after Zoom has done it.
    DiesAfter,
    /// It lives, but hears of what Zoom has done only when it is told to.
    AnswersLate,
    /// Its code panics.
    Panics,
}

/// Hands calls on until it is told how it ends; then once.
#[derive(Clone)]
pub(crate) struct Wire {
    zoom: LocalTransport,
    end: Arc<Mutex<Option<End>>>,
    dead: Arc<Notify>,
    late: Arc<Notify>,
}

impl Wire {
    pub(crate) fn new(zoom: LocalTransport) -> Self {
        Self { zoom, end: Arc::default(), dead: Arc::default(), late: Arc::default() }
    }

    pub(crate) fn ends(&self, end: End) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
    }

    /// Brings the answer that is late.
    pub(crate) fn answer(&self) {
        self.late.notify_one();
    }

    /// Whoever sent the last call waits for its answer: for ever, unless it is only late. Drop what was sending: then the
    /// process is dead.
    pub(crate) async fn dead(&self) {
        self.dead.notified().await;
    }
}

impl Transport for Wire {
    fn send(&self, call: Call) -> Sending<'_> {
        let changes = call.site == Site::Api && call.method.writes();
        let end = if changes { self.end.lock().unwrap_or_else(PoisonError::into_inner).take() } else { None };
        Box::pin(async move {
            match end {
                None => self.zoom.send(call).await,
                Some(End::AnswersLate) => {
                    let reply = self.zoom.send(call).await;
                    self.dead.notify_one();
                    self.late.notified().await;
                    reply
                }
                Some(End::Panics) => panic!("on purpose, within a turn of the keeper"),
                Some(end) => {
                    if end == End::DiesAfter {
                        let _ = self.zoom.send(call).await;
                    }
                    self.dead.notify_one();
                    std::future::pending().await
                }
            }
        })
    }
}
