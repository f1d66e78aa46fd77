//! How many licenses the accepted meetings need, and when: what the operator compares with what was bought.
//!
//! Counted as admission counts: by slots, and in each by distinct seats. Guarantees that nobody uses need no license.

use crate::domain::time::{Slot, SlotRange, Window};

use super::Hold;
use super::usage::seats_per_slot;

/// A span of time and the licenses needed in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// When, in whole slots.
    pub window: Window,
    /// The most that are needed at one instant of it.
    pub licenses: u32,
}

/// The first span in which the most licenses are needed; none: no license is needed at all.
pub fn peak(holds: &[Hold], within: Window) -> Option<Stretch> {
    let most = needed(holds, within.slots()).into_iter().max().filter(|most| *most > 0)?;
    above(holds, within, most - 1).into_iter().next()
}

/// Every span in which more than `licenses` are needed, in order.
pub fn above(holds: &[Hold], within: Window, licenses: u32) -> Vec<Stretch> {
    let range = within.slots();
    let slots: Vec<_> = range.iter().zip(needed(holds, range)).collect();
    let runs = slots.chunk_by(|(_, one), (_, next)| (*one > licenses) == (*next > licenses));
    runs.filter_map(|run| {
        let ((first, _), (last, _)) = (run.first()?, run.last()?);
        let most = run.iter().map(|(_, needed)| *needed).max().filter(|most| *most > licenses)?;
        let window = Window::new(first.start(), Slot(last.0 + 1).start())?;
        Some(Stretch { window, licenses: most })
    })
    .collect()
}

/// The licenses needed in each slot of a range.
pub fn needed(holds: &[Hold], range: SlotRange) -> Vec<u32> {
    let mut sorted: Vec<&Hold> = holds.iter().filter(|hold| hold.licensed && hold.hold.slots().overlaps(range)).collect();
    sorted.sort_unstable_by_key(|hold| (&hold.seat, hold.hold.start()));
    seats_per_slot(&sorted, range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{MeetingId, SeatId, TenantId, UserId};
    use crate::domain::time::Instant;

    fn span(from: i64, until: i64) -> Window {
        Window::new(Instant::from_seconds(from * 60), Instant::from_seconds(until * 60)).unwrap()
    }

    fn hold(seat: &str, from: i64, until: i64) -> Hold {
        let window = span(from, until);
        Hold {
            meeting: MeetingId::new(format!("{seat}{from}")),
            tenant: TenantId::new("t"),
            host: UserId::new(seat),
            seat: SeatId::new(seat),
            busy: window,
            hold: window,
            licensed: true,
        }
    }

    #[test]
    fn the_peak_is_the_first_span_of_greatest_depth() {
        let holds = [hold("a", 0, 60), hold("b", 30, 90), hold("c", 200, 230), hold("a", 210, 240)];
        assert_eq!(peak(&holds, span(0, 600)), Some(Stretch { window: span(30, 60), licenses: 2 }));
        assert_eq!(peak(&[], span(0, 600)), None);
    }

    #[test]
    fn overlapping_holds_of_one_seat_need_one_license() {
        let holds = [hold("a", 0, 60), hold("a", 55, 120)];
        assert_eq!(peak(&holds, span(0, 600)), Some(Stretch { window: span(0, 120), licenses: 1 }));
    }

    #[test]
    fn every_shortfall_is_told_with_its_depth() {
        let holds = [hold("a", 0, 60), hold("b", 30, 90), hold("c", 40, 50), hold("d", 300, 330)];
        assert_eq!(above(&holds, span(0, 600), 1), [Stretch { window: span(30, 60), licenses: 3 }]);
        assert_eq!(above(&holds, span(0, 600), 0).len(), 2);
        assert_eq!(above(&holds, span(0, 600), 3), []);
    }

    #[test]
    fn what_lies_before_the_span_does_not_count() {
        assert_eq!(above(&[hold("a", 0, 60)], span(60, 600), 0), []);
    }
}
