//! Keeps the calls to Zoom below its rate limits, so that Zoom never has to refuse one.
//!
//! A label's bucket is shared by the whole account, also with other apps: only four fifths of it are used here. A press of
//! Start ([`urgently`]) goes before background work, which also leaves it a fifth of the bucket. After Zoom has refused a
//! label, nothing with that label is sent until the time that Zoom named: a short wait is waited out, a long one is answered
//! here as Zoom would answer it. Nothing here blocks a thread, and on a manual clock nothing waits.

#[cfg(test)]
mod mutants;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::ZoomError;
use super::label::{Label, Limit, Plan};
use super::transport::{Call, Method, Reply, Sending, Transport};
use crate::clock::Clock;
use crate::domain::time::Instant;

/// The longest wait that is waited out, in milliseconds; a label's bucket for a second is empty at most so long.
const LONGEST_WAIT: i64 = 5_000;
const DAY_MILLIS: i64 = 86_400_000;

tokio::task_local! {
    static URGENT: ();
}

/// Runs `work`, whose calls to Zoom go before those of the background: a person waits for it.
pub async fn urgently<F: Future>(work: F) -> F::Output {
    URGENT.scope((), work).await
}

/// A transport that sends at the pace of the account's plan.
pub struct Paced {
    inner: Arc<dyn Transport>,
    plan: Plan,
    clock: Clock,
    labels: Mutex<BTreeMap<Label, Bucket>>,
    /// How many urgent calls wait for their turn.
    urgent: AtomicUsize,
}

/// What was sent with one label.
#[derive(Default)]
struct Bucket {
    /// When, in milliseconds; only as far back as the limit looks.
    sent: VecDeque<i64>,
    /// Calls of this UTC day.
    day: i64,
    today: u32,
    /// Until when Zoom wants no more of them, and whether for a limit per day.
    paused: Option<(i64, bool)>,
}

/// What is to be done with a call now.
enum Turn {
    Go,
    /// For so many milliseconds.
    Wait(i64),
    /// Not before this instant, in milliseconds, and whether for a limit per day.
    NotBefore(i64, bool),
}

impl Paced {
    /// Calls through `inner` at the pace of `plan`.
    pub fn new(inner: Arc<dyn Transport>, plan: Plan, clock: Clock) -> Self {
        Self { inner, plan, clock, labels: Mutex::default(), urgent: AtomicUsize::new(0) }
    }

    async fn send_in_turn(&self, call: Call) -> Result<Reply, super::transport::TransportError> {
        let Some(label) = Label::of(&call) else { return self.inner.send(call).await };
        let urgent = URGENT.try_with(|()| ()).is_ok();
        if let Some(refusal) = self.wait_for_turn(label, urgent).await {
            return Ok(refusal);
        }
        let creates_a_user = call.method == Method::Post && call.path == "/users";
        let reply = self.inner.send(call).await?;
        if reply.status == 429 {
            self.note_refusal(label, &reply, creates_a_user);
        }
        Ok(reply)
    }

    /// The reply that Zoom would give, when it is not to be asked for long.
    async fn wait_for_turn(&self, label: Label, urgent: bool) -> Option<Reply> {
        let _waiting = urgent.then(|| Waiting::new(&self.urgent));
        loop {
            match self.turn(label, urgent) {
                Turn::Go => return None,
                Turn::Wait(millis) => self.clock.sleep(Duration::from_millis(millis.max(1).unsigned_abs())).await,
                Turn::NotBefore(at, daily) => return Some(refusal(at, daily)),
            }
        }
    }

    fn turn(&self, label: Label, urgent: bool) -> Turn {
        let (now, limit) = (self.clock.now_millis(), self.plan.limit(label));
        let yields = !urgent && self.urgent.load(Ordering::SeqCst) > 0;
        let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        labels.entry(label).or_default().turn(limit, now, urgent, yields)
    }

    /// Only what concerns the label as a whole: a user's own limit says nothing about other users, and the cap of new users a
    /// day (zoom.md §2.1), however Zoom words it, nothing about other calls.
    fn note_refusal(&self, label: Label, reply: &Reply, creates_a_user: bool) {
        let words = String::from_utf8_lossy(&reply.body).to_lowercase();
        let of_label = reply.header("x-ratelimit-category").is_some() || words.contains("for this api");
        if let (true, Err(ZoomError::RetryAfter { at, daily })) = (of_label, ZoomError::in_reply(reply.clone(), self.clock.now()))
            && !(creates_a_user && daily)
        {
            tracing::warn!(label = label.name(), until = %at, daily, "Zoom wants fewer calls; this label is paused");
            let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
            labels.entry(label).or_default().paused = Some((at.seconds() * 1000, daily));
        }
    }
}

impl Transport for Paced {
    fn send(&self, call: Call) -> Sending<'_> {
        Box::pin(self.send_in_turn(call))
    }
}

impl Bucket {
    fn turn(&mut self, limit: Limit, now: i64, urgent: bool, yields: bool) -> Turn {
        if let Some((until, daily)) = self.paused {
            match until - now {
                ..=0 => self.paused = None,
                wait if wait <= LONGEST_WAIT => return Turn::Wait(wait),
                _ => return Turn::NotBefore(until, daily),
            }
        }
        let today = now.div_euclid(DAY_MILLIS);
        if self.day != today {
            (self.day, self.today) = (today, 0);
        }
        // The last fifth of a day is kept for people who wait.
        if limit.per_day.is_some_and(|most| self.today >= if urgent { most } else { four_fifths(most) }) {
            return Turn::NotBefore((today + 1) * DAY_MILLIS, true);
        }
        while self.sent.front().is_some_and(|at| at + limit.per_millis <= now) {
            self.sent.pop_front();
        }
        let room = four_fifths(limit.calls) as usize;
        let room = if urgent { room } else { room - room / 5 };
        if self.sent.len() < room && !yields {
            self.sent.push_back(now);
            self.today += 1;
            return Turn::Go;
        }
        // The oldest of those that fill the room must be out of sight first.
        let blocking = (self.sent.len() + 1).checked_sub(room.max(1)).and_then(|out| self.sent.get(out.saturating_sub(1)));
        match blocking.map_or(1, |at| at + limit.per_millis - now) {
            wait if wait <= LONGEST_WAIT => Turn::Wait(if yields { wait.min(50) } else { wait }),
            wait => Turn::NotBefore(now + wait, false),
        }
    }
}

/// Four fifths, but one at least.
fn four_fifths(calls: u32) -> u32 {
    (calls - calls.div_ceil(5)).max(1)
}

/// What Zoom answers when it has had enough.
fn refusal(at: i64, daily: bool) -> Reply {
    let until = Instant::from_seconds((at + 999).div_euclid(1000)).to_string();
    let kind = if daily { "Daily-limit" } else { "QPS" };
    Reply {
        status: 429,
        headers: vec![("retry-after".to_owned(), until), ("x-ratelimit-type".to_owned(), kind.to_owned())],
        body: br#"{"code":429,"message":"Held back here: the rate limit for this API is used up."}"#.to_vec(),
    }
}

/// Counts an urgent call while it waits, also when it is given up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
