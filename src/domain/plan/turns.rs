//! When the plan may say something new although nothing happens: what the simulation's clock stops at.
//!
//! A keeper that looks every few seconds needs none of this. Too many instants only cost time; one that is missing makes the
//! simulated keeper late, never early.

use super::watch::{DOUBT, POLL_IN_DOUBT, gives_up_at, poll_due};
use super::{BASIC_LIMIT, BEFORE_CUT, Need, Webhooks};
use crate::domain::line::LONGEST_WAIT;
use crate::domain::meeting::{INSURED_FROM, Stage};
use crate::domain::pool::PoolSettings;
use crate::domain::time::{Instant, SLOT_SECONDS, Span};

/// The instants at which something about this meeting may become due, as things stand at `now`; past ones included. They are
/// asked for anew at each of them and after each change.
pub fn turning_points(need: &Need, settings: &PoolSettings, webhooks: Webhooks, now: Instant) -> Vec<Instant> {
    let second = Span::seconds(1);
    // Somebody else waits for the seat of a meeting that runs over.
    let mut turns = vec![need.hold.0, need.hold.1, need.window.start(), need.window.end() + second];
    if need.stage == Stage::Live {
        // The hold grows in the slot in which it would end.
        turns.push(need.hold.1 - Span::seconds(SLOT_SECONDS) + second);
    } else {
        let gives_up = gives_up_at(need, settings.no_show);
        // If Zoom did not answer then, it is asked once more.
        turns.extend([gives_up, need.polled_at.unwrap_or(gives_up).max(gives_up) + POLL_IN_DOUBT]);
    }
    turns.extend(
        need.live_since
            .into_iter()
            .flat_map(|since| [since + INSURED_FROM, since + BASIC_LIMIT - BEFORE_CUT, since + BASIC_LIMIT]),
    );
    turns.extend(poll_due(need, webhooks.are_in_doubt(now), now, settings.grace));
    turns.extend(webhooks.missed.map(|missed| missed + DOUBT));
    turns
}

/// When somebody who has waited in line since `queued_at` is taken to have gone.
pub fn leaves_line_at(queued_at: Instant) -> Instant {
    queued_at + LONGEST_WAIT
}
