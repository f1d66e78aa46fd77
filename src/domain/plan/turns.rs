//! When the plan may say something new although nothing happens: what the simulation's clock stops at.
//!
//! A keeper that looks every few seconds needs none of this. Too many instants only cost time; one that is missing makes the
//! simulated keeper late, never early.

use super::watch::{POLL_IN_DOUBT, POLL_OVERDUE, gives_up_at};
use super::{BASIC_LIMIT, Need};
use crate::domain::line::LONGEST_WAIT;
use crate::domain::meeting::INSURED_FROM;
use crate::domain::pool::PoolSettings;
use crate::domain::time::{Instant, SLOT_SECONDS, Span};

/// The instants at which something about this meeting may become due, past ones included.
pub fn turning_points(need: &Need, settings: &PoolSettings) -> Vec<Instant> {
    let begins = need.window.start().max(need.hold.0);
    let slot = Span::seconds(SLOT_SECONDS);
    let mut turns = vec![
        need.hold.0,
        need.hold.1,
        // A running meeting's hold grows in the slot in which it would end.
        need.hold.1 - slot + Span::seconds(1),
        need.window.start(),
        need.window.end() + settings.grace,
    ];
    turns.push(gives_up_at(need, settings.no_show));
    turns.extend(need.live_since.into_iter().flat_map(|since| [since + INSURED_FROM, since + BASIC_LIMIT]));
    // Asked about every so often, and less and less.
    let asked = [need.polled_at, need.start_clicked_at, need.live_since, Some(begins)];
    for from in asked.into_iter().flatten() {
        turns.extend([0, 1, 2, 3].map(|doubled| from + Span::seconds(POLL_IN_DOUBT.as_seconds() << doubled)));
        turns.push(from + POLL_OVERDUE);
    }
    turns
}

/// When somebody who has waited in line since `queued_at` is taken to have gone.
pub fn leaves_line_at(queued_at: Instant) -> Instant {
    queued_at + LONGEST_WAIT
}
