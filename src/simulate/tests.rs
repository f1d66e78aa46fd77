//! The simulation itself: a seed replays, and no planted bug gets past the checks.

use std::sync::Arc;

use super::day;
use super::outcome::Outcome;
use super::sabotage::Sabotage;
use super::weather::Faults;
use crate::store::memory::Disk;

fn live(seed: u64, faults: Faults, sabotage: Option<Sabotage>) -> Outcome {
    day::live(&Arc::new(Disk::new().unwrap()), seed, faults, sabotage, true).unwrap()
}

#[test]
fn a_seed_replays_bit_by_bit() {
    for seed in 0..4 {
        let (one, other) = (live(seed, Faults::All, None), live(seed, Faults::All, None));
        assert_eq!(one.story, other.story);
        assert_eq!(one.digest, other.digest);
    }
    assert_ne!(live(1, Faults::None, None).digest, live(2, Faults::None, None).digest);
}

#[test]
fn good_days_break_no_promise() {
    for seed in 0..20 {
        let day = live(seed, Faults::None, None);
        assert!(day.breaches.is_empty(), "day {seed}: {:?}\n{}", day.breaches, day.story.join("\n"));
        assert!(day.tally.live > 0);
    }
}

#[test]
fn every_planted_bug_is_noticed() {
    for (sabotage, invariant) in Sabotage::ALL {
        let noticed = (0..40).any(|seed| {
            let day = live(seed, Faults::None, Some(sabotage));
            day.breaches.first().is_some_and(|(_, breach)| breach.invariant == invariant)
        });
        assert!(noticed, "{sabotage:?} breaks {}", invariant.name());
    }
}
