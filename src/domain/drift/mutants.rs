//! Planted bugs: wrong comparisons that people really write. Each is the comparison asked a falsified question, or robbed of
//! a part of its answer, and each has to be noticed.

use super::{Account, Drift, Held, SeatFacts, compare};
use crate::domain::seat::License;

/// Asks about falsified seats.
fn of(account: &Account, falsified: impl Fn(&SeatFacts) -> SeatFacts) -> Vec<Drift> {
    compare(&Account { seats: account.seats.iter().map(falsified).collect(), ..account.clone() })
}

/// Does not tell that a seat can host again, or no longer.
pub(super) fn forgets_statuses(account: &Account) -> Vec<Drift> {
    compare(account).into_iter().filter(|drift| !matches!(drift, Drift::Status { .. })).collect()
}

/// Goes on believing in licenses that somebody took off.
pub(super) fn forgets_what_is_lost(account: &Account) -> Vec<Drift> {
    let trusting = |facts: &SeatFacts| {
        let held = if matches!(facts.held, Held::Attached(_)) { Held::Moving } else { facts.held };
        SeatFacts { held, ..facts.clone() }
    };
    of(account, trusting)
}

/// Looks for what is found before it frees what is lost.
pub(super) fn finds_before_it_loses(account: &Account) -> Vec<Drift> {
    let without_freed = |drift| match drift {
        Drift::Found { seat, license } => Drift::Found { seat, license: license.filter(|row| account.free.contains(row)) },
        other => other,
    };
    compare(account).into_iter().map(without_freed).collect()
}

/// Lets the same free row stand for everything that is found.
pub(super) fn uses_a_row_twice(account: &Account) -> Vec<Drift> {
    let first = compare(account).iter().find_map(|drift| if let Drift::Found { license, .. } = drift { *license } else { None });
    let with_it = |drift| if let Drift::Found { seat, .. } = drift { Drift::Found { seat, license: first } } else { drift };
    compare(account).into_iter().map(with_it).collect()
}

/// Takes a row that is on its way for one that stands for nothing.
pub(super) fn meddles_with_moves(account: &Account) -> Vec<Drift> {
    let idle = |facts: &SeatFacts| {
        let held = if facts.held == Held::Moving { Held::Nothing } else { facts.held };
        SeatFacts { held, ..facts.clone() }
    };
    of(account, idle)
}

/// Takes any other type of user for a licensed one.
pub(super) fn takes_others_for_licensed(account: &Account) -> Vec<Drift> {
    let licensed = |facts: &SeatFacts| {
        let mut facts = facts.clone();
        if facts.seen.license == License::Other {
            facts.seen.license = License::Licensed;
        }
        facts
    };
    of(account, licensed)
}

/// Counts the licenses on users that are no seats as if the pool had them.
pub(super) fn counts_what_others_have(account: &Account) -> Vec<Drift> {
    compare(&Account { others: 0, ..account.clone() })
}

/// Takes silence about what was bought for "nothing".
pub(super) fn takes_silence_for_nothing(account: &Account) -> Vec<Drift> {
    compare(&Account { purchased: account.purchased.or(Some(0)), ..account.clone() })
}

/// Never tells that licenses are missing.
pub(super) fn hides_a_shortfall(account: &Account) -> Vec<Drift> {
    compare(&Account { purchased: None, ..account.clone() })
}
