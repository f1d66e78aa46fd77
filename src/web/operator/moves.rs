//! How often licenses move and how that is kept low: the strategy in force, the day's budget, and a freeze.

use crate::domain::pool::{Freeze, Moves, PoolSettings, Release, Strategy};
use crate::domain::time::Instant;

use super::words::{Moment, away, counted};

/// The part of the pool's page about moves.
pub(super) struct Section {
    pub(super) strategy: &'static str,
    pub(super) attaches: u32,
    /// Put on seats by people at Zoom's console.
    pub(super) by_people: u32,
    pub(super) detaches: u32,
    pub(super) freezes: u32,
    /// How much of it is used, of how much; none: no budget is set.
    pub(super) budget: Option<Budget>,
}

/// The day's budget.
pub(super) struct Budget {
    pub(super) used: u32,
    pub(super) of: u32,
    /// What the pool does now that it is nearly used up.
    pub(super) warning: Option<String>,
}

/// Zoom refuses to move licenses.
pub(super) struct Frozen {
    pub(super) since: Moment,
    pub(super) for_long: String,
    pub(super) next: String,
}

impl Section {
    pub(super) fn of(settings: &PoolSettings, today: Moves) -> Self {
        let budget = settings.move_budget.map(|of| Budget {
            used: today.assigned(),
            of,
            warning: settings.saves_moves(today).then(|| warning(today.assigned(), of)),
        });
        Self {
            strategy: strategy(settings),
            attaches: today.attaches,
            by_people: today.by_people,
            detaches: today.detaches,
            freezes: today.freezes,
            budget,
        }
    }
}

fn warning(used: u32, of: u32) -> String {
    let used = match of.saturating_sub(used) {
        0 => "The day's moves are used up",
        // Four fifths of so few are all of them.
        1 if of < 5 => "One of the day's moves is left",
        _ => "Four fifths of the day's moves are used",
    };
    format!("{used}. Licenses now stay on their seats until another seat needs one; meetings still get theirs.")
}

const fn strategy(settings: &PoolSettings) -> &'static str {
    match (settings.strategy, settings.release) {
        (Strategy::Standing, _) => "Standing: licenses stay on their seats for good",
        (Strategy::Float, Release::Ended) => "Float: licenses leave their seats when the meeting has ended",
        (Strategy::Float, Release::WhenNeeded) => "Float: licenses leave their seats when another seat needs one",
    }
}

impl Frozen {
    pub(super) fn of(freeze: Freeze, now: Instant) -> Self {
        let probe = freeze.probe_at.max(now);
        Self {
            since: Moment::of(freeze.since),
            for_long: away(freeze.since, now),
            next: format!("{}, at {}", away(probe, now), Moment::of(probe).text),
        }
    }
}

/// The moves of the day beside the field for the budget.
pub(super) fn today(settings: &PoolSettings, today: Moves) -> String {
    let used = counted(today.assigned().into(), "move");
    match settings.move_budget {
        Some(budget) => format!("Today so far: {used} of {budget}."),
        None => format!("Today so far: {used}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(budget: Option<u32>, attaches: u32) -> Section {
        let settings = PoolSettings { move_budget: budget, ..PoolSettings::defaults() };
        Section::of(&settings, Moves { attaches, ..Moves::default() })
    }

    #[test]
    fn four_fifths_of_the_budget_are_warned_of() {
        let warning = |attaches| section(Some(40), attaches).budget.unwrap().warning;
        assert_eq!(warning(31), None);
        assert!(warning(32).unwrap().starts_with("Four fifths"));
        assert!(warning(40).unwrap().contains("used up"));
        assert!(section(None, 1000).budget.is_none());
    }

    #[test]
    fn what_people_put_on_seats_counts_too() {
        let settings = PoolSettings { move_budget: Some(40), ..PoolSettings::defaults() };
        let moves = Moves { attaches: 30, by_people: 2, ..Moves::default() };
        let section = Section::of(&settings, moves);
        let budget = section.budget.unwrap();
        assert_eq!((budget.used, section.attaches, section.by_people), (32, 30, 2));
        assert!(budget.warning.unwrap().starts_with("Four fifths"));
        assert_eq!(today(&settings, moves), "Today so far: 32 moves of 40.");
    }

    #[test]
    fn a_small_budget_is_warned_of_before_it_is_used_up() {
        let warning = |attaches| section(Some(3), attaches).budget.unwrap().warning;
        assert_eq!(warning(1), None);
        assert!(warning(2).unwrap().starts_with("One of the day's moves is left. Licenses now stay"));
        assert!(warning(3).unwrap().contains("used up"));
    }

    #[test]
    fn the_moves_of_the_day_stand_beside_the_budget() {
        let settings = PoolSettings { move_budget: Some(40), ..PoolSettings::defaults() };
        assert_eq!(today(&settings, Moves { attaches: 1, ..Moves::default() }), "Today so far: 1 move of 40.");
        assert_eq!(today(&PoolSettings::defaults(), Moves::default()), "Today so far: 0 moves.");
    }
}
