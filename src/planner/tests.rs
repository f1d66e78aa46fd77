//! The replay against the formulas, and against days whose answer is plain to see.

mod days;
mod formulas;

use crate::domain::ids::{TenantId, UserId};
use crate::domain::meeting::Kind;
use crate::domain::pool::PoolSettings;
use crate::domain::tenant::Share;
use crate::domain::time::{Instant, Span, Window};

use super::paper::{Attempt, Shares};

/// A minute of the first day.
fn at(minute: i64) -> Instant {
    Instant::from_seconds(0) + Span::minutes(minute)
}

/// A host asks at a minute for a span of minutes.
fn ask(wish: usize, host: &str, asked: i64, span: (i64, i64)) -> Attempt {
    Attempt {
        wish,
        at: at(asked),
        tenant: TenantId::new("t"),
        host: UserId::new(host),
        kind: Kind::Scheduled,
        window: Window::new(at(span.0), at(span.1)).unwrap(),
        licensed: true,
        given_back: None,
    }
}

fn pool(licenses: u32) -> PoolSettings {
    PoolSettings { licenses, spare: Some(0), ..PoolSettings::defaults() }
}

fn shares(cap: u32) -> Shares {
    [(TenantId::new("t"), Share { guarantee: 0, cap })].into()
}
