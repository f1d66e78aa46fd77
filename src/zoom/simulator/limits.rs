//! Zoom's rate limits, with the numbers of the account's plan: a bucket per label and second (or minute) and a number for
//! the day, and 100 meetings created or changed per host and UTC day.

use std::collections::BTreeMap;

use super::refusal::Refusal;
use crate::domain::time::Instant;
use crate::zoom::label::{Label, Plan};

/// How many meetings of one host may be created or changed in a day.
pub(super) const MEETING_WRITES_PER_DAY: u32 = 100;
const DAY_MILLIS: i64 = 86_400_000;

/// What was asked with one label.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Calls of the current UTC day.
    pub today: u32,
    /// Calls in the busiest second so far.
    pub busiest_second: u32,
    /// Calls that were refused for coming too fast.
    pub refused: u32,
    day: i64,
    second: i64,
    in_second: u32,
}

/// The account's buckets.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    plan: Plan,
    labels: BTreeMap<Label, Usage>,
    hosts: BTreeMap<String, (i64, u32)>,
}

impl Limits {
    /// The unused buckets of an account with this plan.
    pub fn new(plan: Plan) -> Self {
        Self { plan, ..Self::default() }
    }

    /// The account's plan.
    pub const fn plan(&self) -> Plan {
        self.plan
    }

    /// What was asked with this label.
    pub fn usage(&self, label: Label) -> Usage {
        self.labels.get(&label).copied().unwrap_or_default()
    }

    /// Takes one call from the bucket of its label.
    pub(super) fn take(&mut self, label: Label, now: i64) -> Result<(), Refusal> {
        let usage = self.labels.entry(label).or_default();
        let limit = self.plan.limit(label);
        usage.roll_over(now, limit.per_millis);
        if usage.in_second >= limit.calls {
            usage.refused += 1;
            return Err(per_second(label, now));
        }
        if limit.per_day.is_some_and(|most| usage.today >= most) {
            usage.refused += 1;
            return Err(per_day(label, now));
        }
        usage.in_second += 1;
        usage.today += 1;
        usage.busiest_second = usage.busiest_second.max(usage.in_second);
        Ok(())
    }

    /// Takes one creation or change of a meeting from the host's day.
    pub(super) fn take_meeting_write(&mut self, host: &str, now: i64) -> Result<(), Refusal> {
        let today = now.div_euclid(DAY_MILLIS);
        let (day, count) = self.hosts.entry(host.to_owned()).or_default();
        if *day != today {
            (*day, *count) = (today, 0);
        }
        if *count >= MEETING_WRITES_PER_DAY {
            let message = "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this \
                particular user.";
            return Err(Refusal::new(429, 429, message)
                .with_header("x-ratelimit-type", "Daily-limit")
                .with_header("retry-after", next_midnight(now)));
        }
        *count += 1;
        Ok(())
    }
}

impl Usage {
    fn roll_over(&mut self, now: i64, per_millis: i64) {
        let (day, second) = (now.div_euclid(DAY_MILLIS), now.div_euclid(per_millis));
        if self.day != day {
            (self.day, self.today) = (day, 0);
        }
        if self.second != second {
            (self.second, self.in_second) = (second, 0);
        }
    }
}

/// The refusal for a limit per second: the end of the wait is a Unix time.
pub(super) fn per_second(label: Label, now: i64) -> Refusal {
    let message = "You have reached the maximum per-second rate limit for this API. Try again later.";
    let reset = now.div_euclid(1000) + 1;
    labelled(Refusal::new(429, 429, message), label, "QPS").with_header("x-ratelimit-reset", reset.to_string())
}

/// The refusal for a limit per day: the end of the wait is a date.
pub(super) fn per_day(label: Label, now: i64) -> Refusal {
    let message = "You have reached the maximum daily rate limit for this API. Refer to the response header for details on when \
        you can make another request.";
    labelled(Refusal::new(429, 429, message), label, "Daily-limit").with_header("retry-after", next_midnight(now))
}

fn labelled(refusal: Refusal, label: Label, kind: &str) -> Refusal {
    refusal
        .with_header("x-ratelimit-category", label.name())
        .with_header("x-ratelimit-type", kind)
        .with_header("x-ratelimit-remaining", "0")
}

fn next_midnight(now: i64) -> String {
    Instant::from_seconds((now.div_euclid(DAY_MILLIS) + 1) * DAY_MILLIS / 1000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000_000;

    #[test]
    fn a_second_has_room_for_so_many_calls_of_a_label() {
        let mut limits = Limits::default();
        for _ in 0..Plan::Pro.limit(Label::Medium).calls {
            limits.take(Label::Medium, NOW).unwrap();
        }
        assert!(limits.take(Label::Medium, NOW + 999).is_err());
        assert!(limits.take(Label::Light, NOW + 999).is_ok());
        assert!(limits.take(Label::Medium, NOW + 1000).is_ok());
        let usage = limits.usage(Label::Medium);
        assert_eq!((usage.today, usage.busiest_second, usage.refused), (21, 20, 1));
    }

    #[test]
    fn a_host_has_a_hundred_writes_until_midnight_utc() {
        let mut limits = Limits::default();
        for _ in 0..100 {
            limits.take_meeting_write("u", NOW).unwrap();
        }
        assert!(limits.take_meeting_write("u", NOW).is_err());
        assert!(limits.take_meeting_write("v", NOW).is_ok());
        assert!(limits.take_meeting_write("u", NOW + DAY_MILLIS).is_ok());
    }
}
