//! Planted bugs: wrong engines that people really write. Each is the engine asked a falsified question, and each has to be
//! caught by the trial; a trial that catches none of them proves nothing.

use super::{Admitted, Demand, Hold, Refusal, Request, Rules, admit, hold_of};
use crate::domain::ids::SeatId;
use crate::domain::tenant::Share;
use crate::domain::time::{Span, Window};

type Answer = Result<Admitted, Refusal>;

/// Counts meetings, so that back-to-back meetings of one seat need two licenses.
pub(super) fn counts_meetings(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    if request.seats.len() != 1 || rules.frozen {
        return admit(request, demand, rules);
    }
    let apart = |(number, hold): (usize, &Hold)| {
        let host = if hold.seat == request.seats[0] { &request.host } else { &hold.host };
        Hold { seat: SeatId::new(format!("apart {number}")), host: host.clone(), ..hold.clone() }
    };
    let holds = demand.holds.iter().enumerate().map(apart).collect();
    admit(request, &Demand { holds, ..demand.clone() }, rules)
}

/// Counts the seats that overlap the hold anywhere, not the greatest depth inside it.
pub(super) fn counts_overlaps(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    let asked = hold_of(request.window, request.kind, rules);
    let widened = |hold: &Hold| {
        let widened = if hold.hold.overlaps(asked) && !rules.frozen { asked } else { hold.hold };
        Hold { hold: widened, ..hold.clone() }
    };
    let holds = demand.holds.iter().map(widened).collect();
    admit(request, &Demand { holds, ..demand.clone() }, rules)
}

/// Leaves out the last slot.
pub(super) fn stops_one_slot_early(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    let shorter = Rules { grace: rules.grace + BACK, ..*rules };
    admit(request, demand, &shorter).map(|admitted| given(request, rules, admitted))
}

/// Takes one slot too many.
pub(super) fn stops_one_slot_late(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    let longer = Rules { grace: rules.grace + SLOT, ..*rules };
    admit(request, demand, &longer).map(|admitted| given(request, rules, admitted))
}

/// Leaves out the lead.
pub(super) fn forgets_the_lead(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    let bare = Rules { lead: Span::ZERO, ..*rules };
    admit(request, demand, &bare).map(|admitted| given(request, rules, admitted))
}

/// Gives away what is kept for others.
pub(super) fn forgets_guarantees(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    let without = |share: &Share| Share { guarantee: 0, ..*share };
    let shares = demand.shares.iter().map(|(tenant, share)| (tenant.clone(), without(share))).collect();
    admit(request, &Demand { shares, ..demand.clone() }, rules)
}

/// Adds guarantees to what is used, instead of taking the larger.
pub(super) fn adds_guarantees(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    let kept: u32 = demand.shares.values().map(|share| share.guarantee).sum();
    let without = Demand { promisable: demand.promisable.saturating_sub(kept), ..demand.clone() };
    forgets_guarantees(request, &without, rules)
}

/// Lets a tenant use what is free, whatever its cap.
pub(super) fn forgets_the_cap(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    let uncapped = |share: &Share| Share { cap: u32::MAX, ..*share };
    let shares = demand.shares.iter().map(|(tenant, share)| (tenant.clone(), uncapped(share))).collect();
    admit(request, &Demand { shares, ..demand.clone() }, rules)
}

/// Lets a meeting that is moved stand in its own way.
pub(super) fn forgets_that_it_moves(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    admit(&Request { moving: None, ..request.clone() }, demand, rules)
}

/// Sees every hold as one license for the whole pool's sake but lets meetings of a seat overlap.
pub(super) fn forgets_that_seats_are_busy(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    let elsewhere = Window::lasting(request.window.end(), Span::minutes(1));
    let holds = demand.holds.iter().map(|hold| Hold { busy: elsewhere, ..hold.clone() }).collect();
    admit(request, &Demand { holds, ..demand.clone() }, rules)
}

/// Counts meetings that were planned without a license.
pub(super) fn counts_what_needs_no_license(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    let holds = demand.holds.iter().map(|hold| Hold { licensed: true, ..hold.clone() }).collect();
    admit(request, &Demand { holds, ..demand.clone() }, rules)
}

/// Takes a promise of a license for the license itself.
pub(super) fn trusts_a_hold_during_a_freeze(request: &Request, demand: &Demand, rules: &Rules) -> Answer {
    let held = demand.holds.iter().filter(|hold| hold.hold.contains(rules.now)).map(|hold| hold.seat.clone()).collect();
    admit(request, &Demand { licensed_seats: held, ..demand.clone() }, rules)
}

const SLOT: Span = Span::minutes(5);
const BACK: Span = Span::minutes(-5);

/// The seat the bug chose with the hold that it ought to have.
fn given(request: &Request, rules: &Rules, admitted: Admitted) -> Admitted {
    Admitted { hold: hold_of(request.window, request.kind, rules), ..admitted }
}
