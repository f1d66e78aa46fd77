//! Admission straight from the words of the rules, for tests: sets and seconds, slot by slot and seat by seat, slow and
//! plain. Shares no code with the engine beyond the types of question and answer.

use std::collections::BTreeSet;

use crate::domain::meeting::Kind;
use crate::domain::pool::Strategy;
use crate::domain::time::{Instant, Span, Window};

use super::{Admitted, Demand, Hold, Refusal, Request, Rules};

const SLOT: i64 = 300;

/// What the rules say to a request.
pub(super) fn admit(request: &Request, demand: &Demand, rules: &Rules) -> Result<Admitted, Refusal> {
    let (start, end) = (request.window.start().seconds(), request.window.end().seconds());
    let now = rules.now.seconds();
    let scheduled = request.kind == Kind::Scheduled;
    let standing = rules.strategy == Strategy::Standing;
    if request.seats.is_empty() {
        return Err(if standing { Refusal::PoolFull } else { Refusal::NoSeat });
    }
    if scheduled && start < now {
        return Err(Refusal::TooSoon);
    }
    if scheduled && start > now + rules.horizon.as_seconds() {
        return Err(Refusal::TooFar);
    }
    let begin = if scheduled { (start - rules.lead.as_seconds()).max(floor(now)) } else { floor(start) };
    let finish = end + rules.grace.as_seconds();

    let others: Vec<&Hold> = demand.holds.iter().filter(|hold| Some(&hold.meeting) != request.moving.as_ref()).collect();
    let clash = |hold: &Hold| hold.busy.start().seconds() < end && start < hold.busy.end().seconds();
    if others.iter().any(|hold| hold.host == request.host && clash(hold)) {
        return Err(Refusal::SeatBusy);
    }
    let mut first_refusal = None;
    for seat in &request.seats {
        if others.iter().any(|hold| hold.seat == *seat && clash(hold)) {
            continue;
        }
        let refusal = if request.licensed {
            frozen_out(request, seat, begin, demand, rules)
                .or_else(|| every(begin, finish).find_map(|slot| refusal_in_slot(request, seat, slot, &others, demand)))
        } else {
            None
        };
        match refusal {
            None => return Ok(Admitted { seat: seat.clone(), hold: window(begin, finish) }),
            Some(refusal) => first_refusal = first_refusal.or(Some(refusal)),
        }
    }
    Err(first_refusal.unwrap_or(if standing { Refusal::PoolFull } else { Refusal::SeatBusy }))
}

/// The nearest accepted starts, by trying every start there is.
pub(super) fn nearest(request: &Request, demand: &Demand, rules: &Rules, count: usize, within: Span) -> Vec<Instant> {
    let asked = request.window.start().seconds();
    let length = request.window.end().seconds() - asked;
    let (now, far) = (rules.now.seconds(), rules.now.seconds() + rules.horizon.as_seconds());
    let first = floor(now + SLOT - 1);
    let middle = if asked < first { first } else { asked.min(floor(far)) };
    let mut accepted = Vec::new();
    for start in every(floor(now) - SLOT, far + SLOT) {
        let asked_then = Request { window: window(start, start + length), kind: Kind::Scheduled, ..request.clone() };
        if (start - middle).abs() <= within.as_seconds() && admit(&asked_then, demand, rules).is_ok() {
            accepted.push(start);
        }
    }
    accepted.sort_by_key(|start| ((start - asked).abs(), -start));
    accepted.into_iter().take(count).map(Instant::from_seconds).collect()
}

/// Rule 3.1.4 in the slot that begins at `slot`, with the seat added to the set of the tenant's seats.
fn refusal_in_slot(
    request: &Request,
    seat: &crate::domain::ids::SeatId,
    slot: i64,
    others: &[&Hold],
    demand: &Demand,
) -> Option<Refusal> {
    let mut seats: BTreeSet<(&str, &str)> = others
        .iter()
        .filter(|hold| hold.licensed)
        .filter(|hold| hold.hold.start().seconds() < slot + SLOT && slot < hold.hold.end().seconds())
        .map(|hold| (hold.tenant.as_str(), hold.seat.as_str()))
        .collect();
    seats.insert((request.tenant.as_str(), seat.as_str()));
    let used_by = |tenant: &str| seats.iter().filter(|(of, _)| *of == tenant).count() as u32;

    let cap = demand.shares.get(&request.tenant).map_or(0, |share| share.cap);
    if used_by(request.tenant.as_str()) > cap {
        return Some(Refusal::TenantCap);
    }
    let mut tenants: BTreeSet<&str> = demand.shares.keys().map(crate::domain::ids::TenantId::as_str).collect();
    tenants.extend(seats.iter().map(|(tenant, _)| *tenant));
    let guarantee =
        |tenant: &str| demand.shares.iter().find(|(id, _)| id.as_str() == tenant).map_or(0, |(_, share)| share.guarantee);
    let needed: u32 = tenants.iter().map(|tenant| used_by(tenant).max(guarantee(tenant))).sum();
    (needed > demand.promisable).then_some(Refusal::PoolFull)
}

fn frozen_out(
    request: &Request,
    seat: &crate::domain::ids::SeatId,
    begin: i64,
    demand: &Demand,
    rules: &Rules,
) -> Option<Refusal> {
    let now = rules.now.seconds();
    let soon = request.kind == Kind::OnDemand || begin < now + 24 * 3600;
    (rules.frozen && soon && !demand.licensed_seats.contains(seat)).then_some(Refusal::LicenseFrozen)
}

fn every(from: i64, until: i64) -> impl Iterator<Item = i64> {
    (floor(from)..until).step_by(SLOT as usize)
}

fn floor(seconds: i64) -> i64 {
    seconds - seconds.rem_euclid(SLOT)
}

fn window(start: i64, end: i64) -> Window {
    Window::new(Instant::from_seconds(start), Instant::from_seconds(end)).expect("a meeting has a length")
}
