//! Zoom's rate limits, with the numbers of the account's plan: a bucket per label and second (or minute) and a number for
//! the day, 100 meetings created or changed per host and UTC day, and so many users created a UTC day (zoom.md §2.1 and §5).
//!
//! How much is left is told with every answer to a call that was carried out, not only with a refusal (zoom.md §5, headers).

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
    creations: (i64, u32),
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
            return Err(self.per_second(label, now));
        }
        if limit.per_day.is_some_and(|most| usage.today >= most) {
            usage.refused += 1;
            return Err(self.per_day(label, now));
        }
        usage.in_second += 1;
        usage.today += 1;
        usage.busiest_second = usage.busiest_second.max(usage.in_second);
        Ok(())
    }

    /// The headers that tell what is left of a label: of its second, or of its day when that is nearer its end. Zoom's two
    /// words for the type are `QPS` and `Daily-limit` (zoom.md §5, headers).
    pub(super) fn left(&self, label: Label) -> Vec<(String, String)> {
        let (usage, limit) = (self.usage(label), self.plan.limit(label));
        let second = ("QPS", limit.calls, limit.calls.saturating_sub(usage.in_second));
        let day = limit.per_day.map(|most| ("Daily-limit", most, most.saturating_sub(usage.today)));
        let (kind, most, remaining) = day.filter(|(_, _, left)| *left < second.2).unwrap_or(second);
        let header = |name: &str, value: String| (name.to_owned(), value);
        vec![
            header("x-ratelimit-category", label.name().to_owned()),
            header("x-ratelimit-type", kind.to_owned()),
            header("x-ratelimit-limit", most.to_string()),
            header("x-ratelimit-remaining", remaining.to_string()),
        ]
    }

    /// Takes one `create` of a user from the account's day (zoom.md §2.1). How Zoom words the refusal is not known: this is
    /// what it says of any daily limit, and a client that then rests the whole label stops everything.
    pub(super) fn take_creation(&mut self, now: i64) -> Result<(), Refusal> {
        let today = now.div_euclid(DAY_MILLIS);
        if self.creations.0 != today {
            self.creations = (today, 0);
        }
        if self.creations.1 >= creations_per_day(self.plan) {
            return Err(self.per_day(Label::Light, now));
        }
        self.creations.1 += 1;
        Ok(())
    }

    /// The refusal for a limit per second: the end of the wait is a Unix time.
    pub(super) fn per_second(&self, label: Label, now: i64) -> Refusal {
        let message = "You have reached the maximum per-second rate limit for this API. Try again later.";
        let reset = now.div_euclid(1000) + 1;
        let refusal = labelled(Refusal::new(429, 429, message), label, "QPS", self.plan.limit(label).calls);
        refusal.with_header("x-ratelimit-reset", reset.to_string())
    }

    /// The refusal for a limit per day: the end of the wait is a date.
    pub(super) fn per_day(&self, label: Label, now: i64) -> Refusal {
        let message = "You have reached the maximum daily rate limit for this API. Refer to the response header for details on \
            when you can make another request.";
        let most = self.plan.limit(label).per_day.unwrap_or_default();
        labelled(Refusal::new(429, 429, message), label, "Daily-limit", most).with_header("retry-after", next_midnight(now))
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

fn labelled(refusal: Refusal, label: Label, kind: &str, most: u32) -> Refusal {
    refusal
        .with_header("x-ratelimit-category", label.name())
        .with_header("x-ratelimit-type", kind)
        .with_header("x-ratelimit-limit", most.to_string())
        .with_header("x-ratelimit-remaining", "0")
}

/// How many users may be created a day by `create` (zoom.md §2.1).
const fn creations_per_day(plan: Plan) -> u32 {
    match plan {
        Plan::Free => 50,
        Plan::Pro => 1_500,
        Plan::Business => 10_000,
    }
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

    fn told(limits: &Limits, label: Label) -> (String, String) {
        let headers = limits.left(label);
        let value = |name: &str| headers.iter().find(|(key, _)| key == name).unwrap().1.clone();
        assert_eq!(value("x-ratelimit-category"), label.name());
        (value("x-ratelimit-type"), format!("{} of {}", value("x-ratelimit-remaining"), value("x-ratelimit-limit")))
    }

    #[test]
    fn what_is_left_is_told_of_the_second_and_near_its_end_of_the_day() {
        let mut limits = Limits::new(Plan::Free);
        limits.take(Label::Heavy, NOW).unwrap();
        assert_eq!(told(&limits, Label::Heavy), ("QPS".into(), "0 of 1".into()));
        for second in 1..998 {
            limits.take(Label::Heavy, NOW + second * 1000).unwrap();
        }
        limits.take(Label::Medium, NOW).unwrap();
        assert_eq!(told(&limits, Label::Medium), ("QPS".into(), "1 of 2".into()));
        for second in 1..2000 {
            limits.take(Label::Medium, NOW + second * 1000).unwrap();
        }
        assert_eq!(told(&limits, Label::Medium), ("Daily-limit".into(), "0 of 2000".into()));
    }

    #[test]
    fn a_day_has_room_for_so_many_new_users_of_each_plan() {
        for (plan, most) in [(Plan::Free, 50), (Plan::Pro, 1500), (Plan::Business, 10_000)] {
            let mut limits = Limits::new(plan);
            for _ in 0..most {
                limits.take_creation(NOW).unwrap();
            }
            assert!(limits.take_creation(NOW).is_err(), "{plan:?}");
            assert!(limits.take_creation(NOW + DAY_MILLIS).is_ok(), "{plan:?}");
        }
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
