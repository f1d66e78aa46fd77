//! The fewest license moves with which a day could have been played by somebody who knew all of it beforehand: what
//! `when_needed` is measured against (design §7).
//!
//! A license that stays on its seat from one hold to the next saves a move; as many such gaps are kept as licenses that
//! nobody holds at the time allow. That is a flow of K units from the first instant of the day to the last, in which every
//! hold must be carried and a gap that is kept earns one, as in the coloring of intervals with few colors (Carlisle and
//! Lloyd, "On the k-coloring of intervals", 1995). The plan decides in another way: it sees only what comes next.

use std::collections::BTreeSet;

use super::ids::SeatId;
use super::time::{Instant, Window};

/// How often a license must be put on a seat, at the least, so that each seat has one during each of its windows, with
/// `licenses` of them. Windows of one seat that touch or overlap are one. `None`: so many licenses are not enough.
pub fn fewest_moves(held: &[(SeatId, Window)], licenses: usize) -> Option<usize> {
    let held = joined(held);
    let instants: Vec<Instant> =
        held.iter().flat_map(|(_, window)| [window.start(), window.end()]).collect::<BTreeSet<_>>().into_iter().collect();
    let mut flow = Flow { arcs: Vec::new(), nodes: instants.len() };
    for (from, at) in instants.iter().enumerate().take(instants.len().saturating_sub(1)) {
        let in_use = held.iter().filter(|(_, window)| window.contains(*at)).count();
        flow.add(from, from + 1, in_use, -Flow::MUST);
        flow.add(from, from + 1, licenses.checked_sub(in_use)?, 0);
    }
    let index = |at: Instant| instants.binary_search(&at).unwrap_or_default();
    for two in held.windows(2).filter(|two| two[0].0 == two[1].0) {
        flow.add(index(two[0].1.end()), index(two[1].1.start()), 1, -1);
    }
    Some(held.len() - flow.gaps_kept(licenses))
}

/// In order of seat and time, with what touches put together.
fn joined(held: &[(SeatId, Window)]) -> Vec<(&SeatId, Window)> {
    let mut held: Vec<(&SeatId, Window)> = held.iter().map(|(seat, window)| (seat, *window)).collect();
    held.sort_by_key(|(seat, window)| (*seat, window.start()));
    let mut joined: Vec<(&SeatId, Window)> = Vec::with_capacity(held.len());
    for (seat, window) in held {
        match joined.last_mut() {
            Some((same, last)) if *same == seat && window.start() <= last.end() => {
                *last = Window::new(last.start(), last.end().max(window.end())).unwrap_or(*last);
            }
            _ => joined.push((seat, window)),
        }
    }
    joined
}

/// A flow of least cost, one unit after another along the cheapest path (Ford and Fulkerson 1962; Busacker and Gowen 1960).
struct Flow {
    /// From, to, what still fits, and the cost of a unit; each arc is followed by its reverse.
    arcs: Vec<(usize, usize, usize, i64)>,
    nodes: usize,
}

impl Flow {
    /// Earned for carrying a hold: more than all gaps of a day together.
    const MUST: i64 = 1_000_000;

    fn add(&mut self, from: usize, to: usize, capacity: usize, cost: i64) {
        self.arcs.push((from, to, capacity, cost));
        self.arcs.push((to, from, 0, -cost));
    }

    fn gaps_kept(&mut self, units: usize) -> usize {
        for _ in 0..units {
            self.send_one();
        }
        self.arcs.chunks(2).filter(|arc| arc[0].3 == -1 && arc[0].2 == 0).count()
    }

    fn send_one(&mut self) {
        let mut cheapest: Vec<Option<(i64, usize)>> = vec![None; self.nodes];
        let cost_of = |cheapest: &[Option<(i64, usize)>], node: usize| {
            if node == 0 { Some(0) } else { cheapest[node].map(|(cost, _)| cost) }
        };
        loop {
            let mut changed = false;
            for (number, &(from, to, capacity, cost)) in self.arcs.iter().enumerate() {
                let Some(so_far) = cost_of(&cheapest, from).filter(|_| capacity > 0 && to != 0) else { continue };
                if cost_of(&cheapest, to).is_none_or(|known| so_far + cost < known) {
                    cheapest[to] = Some((so_far + cost, number));
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        let Some(mut node) = self.nodes.checked_sub(1) else { return };
        while let Some((_, arc)) = cheapest[node] {
            self.arcs[arc].2 -= 1;
            self.arcs[arc ^ 1].2 += 1;
            node = self.arcs[arc].0;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy as _, prop, prop_assert_eq, proptest};

    use super::super::time::Span;
    use super::*;

    fn held(seat: usize, from: i64, until: i64) -> (SeatId, Window) {
        let at = |slot: i64| Instant::from_seconds(1_790_000_100 / 300 * 300 + slot * 300);
        (SeatId::new(format!("seat-{seat}")), Window::lasting(at(from), Span::seconds((until - from) * 300)))
    }

    /// By trying every set of gaps.
    fn by_trying(day: &[(SeatId, Window)], licenses: usize) -> Option<usize> {
        let day = joined(day);
        let gaps: Vec<(Instant, Instant)> =
            day.windows(2).filter(|two| two[0].0 == two[1].0).map(|two| (two[0].1.end(), two[1].1.start())).collect();
        let in_use = |at: Instant| day.iter().filter(|(_, window)| window.contains(at)).count();
        let fits = |kept: u32| {
            let is_kept = |gap: &usize| kept >> gap & 1 == 1;
            let waiting =
                |at: Instant| (0..gaps.len()).filter(is_kept).filter(|&gap| gaps[gap].0 <= at && at < gaps[gap].1).count();
            day.iter().flat_map(|(_, window)| [window.start(), window.end()]).all(|at| in_use(at) + waiting(at) <= licenses)
        };
        (0..1_u32 << gaps.len()).filter(|kept| fits(*kept)).map(u32::count_ones).max().map(|most| day.len() - most as usize)
    }

    #[test]
    fn a_license_waits_where_it_is_needed_again() {
        let day = [held(0, 0, 6), held(0, 10, 16), held(1, 20, 26)];
        assert_eq!(fewest_moves(&day, 1), Some(2));
        let in_turns = [held(0, 0, 6), held(1, 6, 12), held(0, 12, 18)];
        assert_eq!((fewest_moves(&in_turns, 1), fewest_moves(&in_turns, 2)), (Some(3), Some(2)));
        assert_eq!(fewest_moves(&[held(0, 0, 6), held(1, 3, 9)], 1), None, "two at once need two");
        assert_eq!(fewest_moves(&[held(0, 0, 6), held(0, 6, 9)], 1), Some(1), "what touches is one");
        assert_eq!(fewest_moves(&[], 1), Some(0));
    }

    proptest! {
        #[test]
        fn the_flow_finds_what_trying_everything_finds(
            day in prop::collection::vec((0..4_usize, 0..60_i64, 2..12_i64), 1..13)
                .prop_map(|day| day.into_iter().map(|(seat, from, length)| held(seat, from, from + length)).collect::<Vec<_>>()),
            licenses in 1..5_usize,
        ) {
            prop_assert_eq!(fewest_moves(&day, licenses), by_trying(&day, licenses));
        }
    }
}
