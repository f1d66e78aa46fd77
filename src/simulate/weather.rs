//! What goes wrong on a simulated day, and how often.

use crate::domain::time::{Instant, Span};
use crate::zoom::simulator::{Fault, Odds};

use super::dice::Dice;
use super::town::{MORNING, Town};

/// Which kinds of trouble a day may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Faults {
    /// Everything works.
    None,
    /// Everything below, at odds of each day's own.
    All,
    /// Webhooks are lost, late, doubled, overtaken or forged.
    Webhooks,
    /// No webhook ever arrives.
    Silence,
    /// Zoom refuses, breaks off, is slow, or does not do what it says.
    Calls,
    /// Zoom lets no license move for a while.
    Freeze,
    /// The process dies between any two steps.
    Deaths,
    /// People change licenses and users at Zoom's console.
    Hands,
    /// The clock jumps forward.
    Clock,
}

impl Faults {
    /// As it is said on the command line.
    pub(super) fn word(self) -> String {
        clap::ValueEnum::to_possible_value(&self).map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// One day's trouble.
pub(super) struct Weather {
    faults: Vec<(Fault, u32)>,
    /// When licenses are frozen.
    freeze: Option<(Instant, Instant)>,
    /// In so many of a thousand steps the process dies.
    pub(super) deaths: u64,
    /// In so many of a thousand steps somebody changes something at Zoom's console.
    pub(super) hands: u64,
    /// In so many of a thousand steps the clock jumps.
    pub(super) jumps: u64,
    /// Whether Zoom may not answer, so that nothing can be learned of it for a while.
    pub(super) zoom_is_deaf: bool,
}

const OF_WEBHOOKS: [Fault; 5] =
    [Fault::WebhookLost, Fault::WebhookLate, Fault::WebhookDuplicated, Fault::WebhookReordered, Fault::WebhookForged];
const OF_CALLS: [Fault; 8] = [
    Fault::TooFast,
    Fault::DailyLimit,
    Fault::ServerError,
    Fault::Slow,
    Fault::BrokenAnswer,
    Fault::NoAnswer,
    Fault::NotApplied,
    Fault::WriteConflict,
];

impl Weather {
    /// Nothing goes wrong.
    pub(super) fn fair() -> Self {
        Self { faults: Vec::new(), freeze: None, deaths: 0, hands: 0, jumps: 0, zoom_is_deaf: false }
    }

    pub(super) fn of(faults: Faults, dice: &Dice) -> Self {
        let has = |kind: Faults| faults == kind || faults == Faults::All;
        let mut weather = Self::fair();
        for fault in OF_WEBHOOKS.iter().filter(|_| has(Faults::Webhooks)).chain(OF_CALLS.iter().filter(|_| has(Faults::Calls))) {
            if dice.chance(350) {
                // After a single one of these Zoom hears no more calls of that kind until midnight.
                let odds = if *fault == Fault::DailyLimit { [1, 2, 10] } else { [10, 50, 200] };
                weather.faults.push((*fault, dice.one_of(&odds)));
                weather.zoom_is_deaf |= OF_CALLS.contains(fault);
            }
        }
        if faults == Faults::Silence || (faults == Faults::All && dice.chance(50)) {
            weather.faults.push((Fault::WebhookLost, 1000));
        }
        if has(Faults::Freeze) && dice.chance(250) {
            let from = MORNING + Span::minutes(dice.below(240) as i64);
            weather.freeze = Some((from, from + Span::minutes(5 + dice.below(90) as i64)));
        }
        if has(Faults::Deaths) && dice.chance(400) {
            weather.deaths = dice.one_of(&[5, 30, 150]);
        }
        if has(Faults::Hands) && dice.chance(300) {
            weather.hands = dice.one_of(&[5, 20, 60]);
        }
        if has(Faults::Clock) && dice.chance(200) {
            weather.jumps = 5;
        }
        weather
    }

    /// Whether Zoom itself may do something else than it says.
    pub(super) fn is_fair(&self) -> bool {
        self.faults.is_empty() && self.freeze.is_none() && self.deaths == 0 && self.hands == 0 && self.jumps == 0
    }

    /// Whether Zoom may have had enough of calls for the rest of its day, which ends at midnight UTC.
    pub(super) fn lasts_until_midnight(&self) -> bool {
        self.faults.iter().any(|(fault, _)| *fault == Fault::DailyLimit)
    }

    /// Sets Zoom's faults for this moment.
    pub(super) fn blow(&self, town: &Town) {
        let now = town.now();
        let frozen = self.freeze.is_some_and(|(from, until)| from <= now && now < until);
        town.at_zoom(|zoom, _| {
            for (fault, per_mille) in &self.faults {
                zoom.faults_mut().set(*fault, Odds { next: 0, per_mille: *per_mille });
            }
            zoom.faults_mut().set(Fault::LicenseFreeze, Odds { next: 0, per_mille: if frozen { 1000 } else { 0 } });
        });
    }

    /// Ends all trouble.
    pub(super) fn clear(&mut self, town: &Town) {
        (self.deaths, self.hands, self.jumps) = (0, 0, 0);
        town.at_zoom(|zoom, _| zoom.faults_mut().reset());
    }
}
