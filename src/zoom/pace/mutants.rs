//! Planted bugs: wrong ways to keep a pace that people really write. Each has to be noticed by its check.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Paced;
use super::tests::Scripted;
use crate::clock::Clock;
use crate::zoom::label::{Label, Plan};
use crate::zoom::transport::{Call, Reply, Sending, Transport};

type Wrapped = Arc<dyn Transport>;

/// Sends whatever comes.
pub(super) fn keeps_no_pace(zoom: Arc<Scripted>, _: Plan, _: Clock) -> Wrapped {
    zoom
}

/// Counts by the second of the clock, so that twice as many fit around its turn.
pub(super) fn counts_by_the_clocks_second(zoom: Arc<Scripted>, plan: Plan, clock: Clock) -> Wrapped {
    struct Aligned(Arc<Scripted>, Plan, Clock, Mutex<BTreeMap<i64, u32>>);
    impl Transport for Aligned {
        fn send(&self, call: Call) -> Sending<'_> {
            let most = Label::of(&call).map_or(u32::MAX, |label| self.1.limit(label).calls * 4 / 5);
            Box::pin(async move {
                loop {
                    let second = self.2.now_millis().div_euclid(1000);
                    let sent = *self.3.lock().unwrap().entry(second).and_modify(|sent| *sent += 1).or_insert(1);
                    if sent <= most {
                        return self.0.send(call).await;
                    }
                    self.2.sleep(Duration::from_millis(100)).await;
                }
            })
        }
    }
    Arc::new(Aligned(zoom, plan, clock, Mutex::default()))
}

/// Keeps the pace of a larger plan.
pub(super) fn takes_the_plan_for_a_larger_one(zoom: Arc<Scripted>, _: Plan, clock: Clock) -> Wrapped {
    Arc::new(Paced::new(zoom, Plan::Business, clock))
}

/// Lets the background use all there is.
pub(super) fn keeps_nothing_back(zoom: Arc<Scripted>, plan: Plan, clock: Clock) -> Wrapped {
    struct Greedy(Paced);
    impl Transport for Greedy {
        fn send(&self, call: Call) -> Sending<'_> {
            Box::pin(super::urgently(self.0.send(call)))
        }
    }
    Arc::new(Greedy(Paced::new(zoom, plan, clock)))
}

/// Does not know on whose behalf it sends.
pub(super) fn forgets_who_waits(zoom: Arc<Scripted>, plan: Plan, clock: Clock) -> Wrapped {
    struct Spawning(Arc<Paced>);
    impl Transport for Spawning {
        fn send(&self, call: Call) -> Sending<'_> {
            let paced = self.0.clone();
            // A task of its own has none of the caller's marks.
            let sent = tokio::spawn(async move { paced.send(call).await });
            Box::pin(async { sent.await.unwrap() })
        }
    }
    Arc::new(Spawning(Arc::new(Paced::new(zoom, plan, clock))))
}

/// Remembers nothing from one call to the next, a refusal neither.
pub(super) fn forgets_refusals(zoom: Arc<Scripted>, plan: Plan, clock: Clock) -> Wrapped {
    struct Forgetful(Arc<Scripted>, Plan, Clock);
    impl Transport for Forgetful {
        fn send(&self, call: Call) -> Sending<'_> {
            let paced = Paced::new(self.0.clone(), self.1, self.2.clone());
            Box::pin(async move { paced.send(call).await })
        }
    }
    Arc::new(Forgetful(zoom, plan, clock))
}

/// Changes what Zoom answers before the pace is kept by it.
struct Falsified(Arc<Scripted>, fn(Reply) -> Reply);

impl Transport for Falsified {
    fn send(&self, call: Call) -> Sending<'_> {
        Box::pin(async move { self.0.send(call).await.map(self.1) })
    }
}

/// Does not read until when Zoom wants to rest.
pub(super) fn ignores_the_time_that_zoom_names(zoom: Arc<Scripted>, plan: Plan, clock: Clock) -> Wrapped {
    let without = |mut reply: Reply| {
        reply.headers.retain(|(name, _)| !matches!(name.as_str(), "retry-after" | "x-ratelimit-reset"));
        reply
    };
    Arc::new(Paced::new(Arc::new(Falsified(zoom, without)), plan, clock))
}

/// Takes a limit of one user for one of everybody.
pub(super) fn pauses_everybody_for_one_user(zoom: Arc<Scripted>, plan: Plan, clock: Clock) -> Wrapped {
    let of_label = |mut reply: Reply| {
        if reply.status == 429 {
            reply.headers.push(("x-ratelimit-category".to_owned(), "Light".to_owned()));
        }
        reply
    };
    Arc::new(Paced::new(Arc::new(Falsified(zoom, of_label)), plan, clock))
}
