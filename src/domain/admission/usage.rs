//! How many licenses are promised in each slot of a range, counted once with difference arrays.
//!
//! What must stay true: a seat counts once in a slot, however many of its holds touch it, and a guarantee counts in every
//! slot, whether it is used or not.

use std::collections::BTreeMap;

use crate::domain::ids::{SeatId, TenantId};
use crate::domain::tenant::Share;
use crate::domain::time::{Slot, SlotRange};

use super::{Demand, Hold, Refusal, Request};

/// A tenant that the operator gave nothing.
const NO_SHARE: Share = Share { guarantee: 0, cap: 0 };

/// The licenses promised in each slot of a range.
pub(super) struct Usage {
    range: SlotRange,
    /// What the asking tenant may use.
    share: Share,
    /// What all tenants together may be promised.
    promisable: u64,
    /// The seats of the asking tenant that hold a license, slot by slot.
    own: Vec<u32>,
    /// The licenses used by or kept for all tenants, slot by slot.
    reserved: Vec<u64>,
}

impl Usage {
    /// Counts the holds over the range, leaving out the meeting that is being moved.
    pub(super) fn count(request: &Request, demand: &Demand, range: SlotRange) -> Self {
        let guarantees: u64 = demand.shares.values().map(|share| u64::from(share.guarantee)).sum();
        let mut usage = Self {
            range,
            share: share_of(&request.tenant, &demand.shares),
            promisable: u64::from(demand.promisable),
            own: vec![0; range.len()],
            reserved: vec![guarantees; range.len()],
        };
        let counted = counted_holds(request, demand, range);
        for holds in counted.chunk_by(|one, next| one.tenant == next.tenant) {
            let tenant = &holds[0].tenant;
            let used = seats_per_slot(holds, range);
            let guarantee = share_of(tenant, &demand.shares).guarantee;
            for (reserved, used) in usage.reserved.iter_mut().zip(&used) {
                *reserved += u64::from(used.saturating_sub(guarantee));
            }
            if *tenant == request.tenant {
                usage.own = used;
            }
        }
        usage
    }

    /// For every slot, the next one at or after it in which a hold on a seat would be refused. `held` says in which slots the
    /// tenant's seat holds a license already, where one more hold uses no other.
    pub(super) fn room(&self, held: &[bool]) -> Room {
        let mut next = None;
        let mut refusals: Vec<_> = (0..self.range.len())
            .rev()
            .map(|index| {
                let slot = Slot(self.range.from.0 + index as i64);
                next = self.refusal_at(index, held[index]).map(|refusal| (slot, refusal)).or(next);
                next
            })
            .collect();
        refusals.reverse();
        Room { from: self.range.from, refusals }
    }

    /// Rule 3.1.4 in one slot, counting the new hold.
    fn refusal_at(&self, index: usize, held: bool) -> Option<Refusal> {
        let used = self.own[index] + u32::from(!held);
        let reserved = self.reserved[index] + u64::from(!held && used > self.share.guarantee);
        if used > self.share.cap {
            Some(Refusal::TenantCap)
        } else if reserved > self.promisable {
            Some(Refusal::PoolFull)
        } else {
            None
        }
    }
}

/// Where one more hold on a seat fits.
pub(super) struct Room {
    from: Slot,
    /// For every slot, the next refusal at or after it.
    refusals: Vec<Option<(Slot, Refusal)>>,
}

impl Room {
    /// The first refusal within these slots, which lie within the range that was counted.
    pub(super) fn refusal_in(&self, slots: SlotRange) -> Option<Refusal> {
        let (slot, refusal) = self.refusals[SlotRange { from: self.from, until: slots.from }.len()]?;
        (slot < slots.until).then_some(refusal)
    }
}

/// In which slots of the range the tenant's seat holds a license.
pub(super) fn held_slots(request: &Request, seat: &SeatId, demand: &Demand, range: SlotRange) -> Vec<bool> {
    let mut holds = counted_holds(request, demand, range);
    holds.retain(|hold| hold.tenant == request.tenant && hold.seat == *seat);
    seats_per_slot(&holds, range).into_iter().map(|seats| seats > 0).collect()
}

/// The holds that count, by tenant, seat and start.
fn counted_holds<'a>(request: &Request, demand: &'a Demand, range: SlotRange) -> Vec<&'a Hold> {
    let mut holds: Vec<&Hold> = demand
        .holds
        .iter()
        .filter(|hold| request.moving.as_ref() != Some(&hold.meeting) && hold.hold.slots().overlaps(range))
        .collect();
    holds.sort_by(|one, other| (&one.tenant, &one.seat, one.hold.start()).cmp(&(&other.tenant, &other.seat, other.hold.start())));
    holds
}

/// How many distinct seats hold a license in each slot; the holds are sorted by seat and start.
fn seats_per_slot(holds: &[&Hold], range: SlotRange) -> Vec<u32> {
    let mut changes = vec![0_i64; range.len() + 1];
    let index = |slot: Slot| SlotRange { from: range.from, until: slot.clamp(range.from, range.until) }.len();
    for of_seat in holds.chunk_by(|one, next| one.seat == next.seat) {
        let mut counted_until = range.from;
        for hold in of_seat {
            let slots = hold.hold.slots();
            let from = slots.from.max(counted_until);
            if from < slots.until {
                changes[index(from)] += 1;
                changes[index(slots.until)] -= 1;
                counted_until = slots.until;
            }
        }
    }
    let mut seats = 0;
    let counts = changes.iter().map(|change| {
        seats += change;
        u32::try_from(seats).unwrap_or_default()
    });
    counts.take(range.len()).collect()
}

fn share_of(tenant: &TenantId, shares: &BTreeMap<TenantId, Share>) -> Share {
    shares.get(tenant).copied().unwrap_or(NO_SHARE)
}
