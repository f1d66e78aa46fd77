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
    for (sabotage, invariant, faults) in Sabotage::ALL {
        let noticed = (0..40).any(|seed| {
            let day = live(seed, faults, Some(sabotage));
            day.breaches.first().is_some_and(|(_, breach)| breach.invariant == invariant)
        });
        assert!(noticed, "{sabotage:?} breaks {}", invariant.name());
    }
}

#[test]
fn a_run_is_the_same_however_many_days_are_lived_side_by_side() {
    let digest = |jobs: u32| {
        let arguments = super::Arguments { days: 6, seed: 40, faults: Faults::All, jobs, story: false, json: true, script: None };
        let mut said = Vec::new();
        assert!(super::run(&arguments, &mut said).unwrap());
        let said: serde_json::Value = serde_json::from_slice(&said).unwrap();
        said["digest"].as_str().unwrap().to_owned()
    };
    let one = digest(1);
    assert_eq!(one, digest(3));
    assert_eq!(one, digest(3));
}
