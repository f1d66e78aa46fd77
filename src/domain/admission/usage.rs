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
        let mut counted: Vec<&Hold> = counted_holds(request, demand, range).collect();
        counted.sort_unstable_by_key(|hold| (&hold.tenant, &hold.seat, hold.hold.start()));
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
    let mut held = vec![false; range.len()];
    for hold in counted_holds(request, demand, range).filter(|hold| hold.tenant == request.tenant && hold.seat == *seat) {
        let slots = hold.hold.slots();
        held[index_in(range, slots.from)..index_in(range, slots.until)].fill(true);
    }
    held
}

/// The holds that count within the range: all that promise a license, but that of the meeting being moved.
fn counted_holds<'a>(request: &'a Request, demand: &'a Demand, range: SlotRange) -> impl Iterator<Item = &'a Hold> {
    demand.holds.iter().filter(move |hold| hold.licensed && !request.gives_back(hold) && hold.hold.slots().overlaps(range))
}

/// The place of a slot in a list over the range; what lies outside is moved to the nearer end.
fn index_in(range: SlotRange, slot: Slot) -> usize {
    SlotRange { from: range.from, until: slot.clamp(range.from, range.until) }.len()
}

/// How many distinct seats hold a license in each slot; the holds are sorted by seat and start.
pub(super) fn seats_per_slot(holds: &[&Hold], range: SlotRange) -> Vec<u32> {
    let mut changes = vec![0_i64; range.len() + 1];
    for of_seat in holds.chunk_by(|one, next| one.seat == next.seat) {
        let mut counted_until = range.from;
        for hold in of_seat {
            let slots = hold.hold.slots();
            let from = slots.from.max(counted_until);
            if from < slots.until {
                changes[index_in(range, from)] += 1;
                changes[index_in(range, slots.until)] -= 1;
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
