//! Keeps the calls to Zoom below its rate limits, so that Zoom never has to refuse one.
//!
//! A label's bucket is shared by the whole account, also with other apps: only four fifths of it are used here. A press of
//! Start ([`urgently`]) goes before background work, which also leaves it a fifth of the bucket. After Zoom has refused a
//! label, nothing with that label is sent until the time that Zoom named: a short wait is waited out, a long one is answered
//! here as Zoom would answer it. Nothing here blocks a thread, and on a manual clock nothing waits.

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

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_790_000_000_000;

    /// Says what it is told to, and remembers when it was asked.
    struct Scripted {
        clock: Clock,
        asked: Mutex<Vec<i64>>,
        replies: Mutex<VecDeque<Reply>>,
    }

    impl Transport for Scripted {
        fn send(&self, _: Call) -> Sending<'_> {
            Box::pin(async move {
                self.asked.lock().unwrap().push(self.clock.now_millis());
                let ok = Reply { status: 200, headers: Vec::new(), body: b"{}".to_vec() };
                Ok(self.replies.lock().unwrap().pop_front().unwrap_or(ok))
            })
        }
    }

    fn stage(plan: Plan, replies: Vec<Reply>) -> (Arc<Scripted>, Paced, Clock) {
        let clock = Clock::manual(Instant::from_seconds(NOON / 1000));
        let zoom = Arc::new(Scripted { clock: clock.clone(), asked: Mutex::default(), replies: Mutex::new(replies.into()) });
        (zoom.clone(), Paced::new(zoom, plan, clock.clone()), clock)
    }

    fn light() -> Call {
        Call::api(Method::Get, &["meetings", "1"])
    }

    fn too_fast(headers: &[(&str, &str)], message: &str) -> Reply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Reply { status: 429, headers, body: serde_json::json!({"code": 429, "message": message}).to_string().into_bytes() }
    }

    /// The most calls that began within any second.
    fn busiest(asked: &[i64]) -> usize {
        asked.iter().map(|from| asked.iter().filter(|at| (*from..from + 1000).contains(*at)).count()).max().unwrap_or(0)
    }

    #[actix_web::test]
    async fn background_work_stays_below_the_limit_in_any_second() {
        for (plan, most) in [(Plan::Free, 3), (Plan::Pro, 20), (Plan::Business, 52)] {
            let (zoom, paced, _) = stage(plan, Vec::new());
            for _ in 0..200 {
                paced.send(light()).await.unwrap();
            }
            let asked = zoom.asked.lock().unwrap();
            assert_eq!(asked.len(), 200);
            assert_eq!(busiest(&asked), most, "{plan:?}");
        }
    }

    #[actix_web::test]
    async fn a_press_of_start_finds_room_after_a_rush() {
        let (_, paced, clock) = stage(Plan::Pro, Vec::new());
        for _ in 0..20 {
            paced.send(light()).await.unwrap();
        }
        let before = clock.now_millis();
        urgently(async {
            for _ in 0..4 {
                paced.send(light()).await.unwrap();
            }
        })
        .await;
        assert_eq!(clock.now_millis(), before, "at once");
        paced.send(light()).await.unwrap();
        assert!(clock.now_millis() > before, "the background waits");
    }

    #[actix_web::test]
    async fn while_somebody_waits_the_background_gives_way() {
        let mut bucket = Bucket::default();
        let limit = Plan::Pro.limit(Label::Light);
        assert!(matches!(bucket.turn(limit, NOON, false, true), Turn::Wait(_)));
        assert!(matches!(bucket.turn(limit, NOON, true, false), Turn::Go));
        assert!(matches!(bucket.turn(limit, NOON, false, false), Turn::Go));
    }

    #[actix_web::test]
    async fn a_refused_label_rests_until_the_time_that_zoom_names() {
        let words = "You have reached the maximum per-second rate limit for this API.";
        for (headers, wait) in
            [(vec![("retry-after", "3")], 3000), (vec![("x-ratelimit-type", "QPS"), ("x-ratelimit-reset", "1790000002")], 2000)]
        {
            let (zoom, paced, _) = stage(Plan::Pro, vec![too_fast(&headers, words)]);
            assert_eq!(paced.send(light()).await.unwrap().status, 429);
            assert_eq!(paced.send(light()).await.unwrap().status, 200);
            assert_eq!(*zoom.asked.lock().unwrap(), [NOON, NOON + wait]);
        }
    }

    #[actix_web::test]
    async fn after_a_daily_limit_zoom_is_not_asked_until_the_date_it_names() {
        let until = Instant::from_seconds(NOON / 1000 + 7200);
        let date = until.to_string();
        let headers = [("x-ratelimit-type", "Daily-limit"), ("x-ratelimit-category", "Light"), ("retry-after", date.as_str())];
        let (zoom, paced, clock) = stage(Plan::Pro, vec![too_fast(&headers, "daily")]);
        paced.send(light()).await.unwrap();
        let held = ZoomError::in_reply(paced.send(light()).await.unwrap(), clock.now()).unwrap_err();
        assert_eq!(held, ZoomError::RetryAfter { at: until, daily: true });
        assert_eq!(zoom.asked.lock().unwrap().len(), 1);
        assert_eq!(paced.send(Call::api(Method::Get, &["users"])).await.unwrap().status, 200, "other labels go on");
        clock.set(until);
        assert_eq!(paced.send(light()).await.unwrap().status, 200);
    }

    #[actix_web::test]
    async fn a_limit_of_one_user_pauses_nobody_else() {
        let words = "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this \
            particular user.";
        let (_, paced, clock) = stage(Plan::Pro, vec![too_fast(&[("x-ratelimit-type", "Daily-limit")], words)]);
        paced.send(light()).await.unwrap();
        assert_eq!(paced.send(light()).await.unwrap().status, 200);
        assert_eq!(clock.now_millis(), NOON);
    }

    #[actix_web::test]
    async fn the_cap_of_new_users_pauses_no_other_call() {
        let headers = [("x-ratelimit-type", "Daily-limit"), ("x-ratelimit-category", "Light")];
        let (_, paced, clock) = stage(Plan::Pro, vec![too_fast(&headers, "the daily rate limit for this API")]);
        assert_eq!(paced.send(Call::api(Method::Post, &["users"])).await.unwrap().status, 429);
        assert_eq!(paced.send(light()).await.unwrap().status, 200);
        assert_eq!(clock.now_millis(), NOON);
    }

    #[actix_web::test]
    async fn the_day_is_kept_too_and_its_last_fifth_is_for_people() {
        let (zoom, paced, _) = stage(Plan::Free, Vec::new());
        let heavy = || Call::api(Method::Get, &["accounts", "me", "plans", "usage"]);
        for _ in 0..800 {
            assert_eq!(paced.send(heavy()).await.unwrap().status, 200);
        }
        assert_eq!(paced.send(heavy()).await.unwrap().status, 429);
        assert_eq!(urgently(paced.send(heavy())).await.unwrap().status, 200);
        assert_eq!(zoom.asked.lock().unwrap().len(), 801);
    }
}
