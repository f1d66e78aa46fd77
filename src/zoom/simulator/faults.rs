//! What can be made to go wrong, by a person at the switchboard or by a seeded simulation.

use std::collections::BTreeMap;

use crate::clock::Ids;

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// A webhook is never sent.
    WebhookLost,
    /// A webhook is sent 1 to 30 minutes late.
    WebhookLate,
    /// A webhook is sent twice.
    WebhookDuplicated,
    /// A webhook is held back for up to 20 seconds, so that later ones overtake it.
    WebhookReordered,
    /// Somebody else sends a webhook with a signature under a wrong secret.
    WebhookForged,
    /// 429 for a limit per second.
    TooFast,
    /// 429 for a limit per day.
    DailyLimit,
    /// 500; not carried out.
    ServerError,
    /// Carried out, but answered only after 2 to 8 seconds.
    Slow,
    /// Carried out, but the connection breaks within the answer.
    BrokenAnswer,
    /// Carried out, but never answered.
    NoAnswer,
    /// Answered as if it had been carried out.
    NotApplied,
    /// 429 because another write to the same user is said to be under way (zoom.md §5, lock key); not carried out.
    WriteConflict,
    /// Licenses cannot be given to anybody: Zoom's limit of license assignments.
    LicenseFreeze,
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Odds {
    /// The next so many times for certain.
    pub next: u32,
    /// After that, in so many of a thousand cases.
    pub per_mille: u32,
}

/// Which faults are switched on.
#[derive(Clone, Debug, Default)]
pub struct Faults(BTreeMap<Fault, Odds>);

impl Fault {
    /// Every fault, in the order in which the switchboard shows them.
    pub const ALL: [Self; 14] = [
        Self::WebhookLost,
        Self::WebhookLate,
        Self::WebhookDuplicated,
        Self::WebhookReordered,
        Self::WebhookForged,
        Self::TooFast,
        Self::DailyLimit,
        Self::ServerError,
        Self::Slow,
        Self::BrokenAnswer,
        Self::NoAnswer,
        Self::NotApplied,
        Self::WriteConflict,
        Self::LicenseFreeze,
    ];

    /// The faults of a call to the API.
    pub(super) const OF_CALLS: [Self; 8] = [
        Self::TooFast,
        Self::DailyLimit,
        Self::ServerError,
        Self::Slow,
        Self::BrokenAnswer,
        Self::NoAnswer,
        Self::NotApplied,
        Self::WriteConflict,
    ];

    /// The word for it in forms and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::WebhookLost => "webhook-lost",
            Self::WebhookLate => "webhook-late",
            Self::WebhookDuplicated => "webhook-duplicated",
            Self::WebhookReordered => "webhook-reordered",
            Self::WebhookForged => "webhook-forged",
            Self::TooFast => "too-fast",
            Self::DailyLimit => "daily-limit",
            Self::ServerError => "server-error",
            Self::Slow => "slow",
            Self::BrokenAnswer => "broken-answer",
            Self::NoAnswer => "no-answer",
            Self::NotApplied => "not-applied",
            Self::WriteConflict => "write-conflict",
            Self::LicenseFreeze => "license-freeze",
        }
    }

    /// The fault a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.word() == word)
    }

    /// What it does, for a person.
    pub const fn label(self) -> &'static str {
        match self {
            Self::WebhookLost => "A webhook is lost",
            Self::WebhookLate => "A webhook comes 1 to 30 minutes late",
            Self::WebhookDuplicated => "A webhook comes twice",
            Self::WebhookReordered => "A webhook is overtaken by later ones",
            Self::WebhookForged => "A forged webhook with a wrong signature",
            Self::TooFast => "429: limit per second",
            Self::DailyLimit => "429: limit per day",
            Self::ServerError => "500: not carried out",
            Self::Slow => "Answered after 2 to 8 seconds",
            Self::BrokenAnswer => "Carried out, the connection breaks in the answer",
            Self::NoAnswer => "Carried out, never answered",
            Self::NotApplied => "Answered, but not carried out",
            Self::WriteConflict => "429: another write to this user is under way",
            Self::LicenseFreeze => "Licenses are frozen: none can be given",
        }
    }
}

impl Faults {
    /// How often a fault strikes.
    pub fn odds(&self, fault: Fault) -> Odds {
        self.0.get(&fault).copied().unwrap_or_default()
    }

    /// Sets how often a fault strikes.
    pub fn set(&mut self, fault: Fault, odds: Odds) {
        if odds == Odds::default() {
            self.0.remove(&fault);
        } else {
            self.0.insert(fault, odds);
        }
    }

    /// Switches every fault off.
    pub fn reset(&mut self) {
        self.0.clear();
    }

    /// Whether the fault strikes now. Draws only for a fault that is switched on, so that switching on one fault does not
    /// change what the others do in a seeded run.
    pub(super) fn strikes(&mut self, fault: Fault, ids: &Ids) -> bool {
        let Some(odds) = self.0.get_mut(&fault) else { return false };
        if odds.next > 0 {
            odds.next -= 1;
            let spent = *odds;
            self.set(fault, spent);
            return true;
        }
        ids.below(1000) < u64::from(odds.per_mille)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_n_strike_for_certain_and_no_more() {
        let (mut faults, ids) = (Faults::default(), Ids::seeded(1));
        faults.set(Fault::Slow, Odds { next: 2, per_mille: 0 });
        let strikes: Vec<bool> = (0..4).map(|_| faults.strikes(Fault::Slow, &ids)).collect();
        assert_eq!(strikes, [true, true, false, false]);
        assert!(!faults.strikes(Fault::NoAnswer, &ids));
    }

    #[test]
    fn odds_are_met_roughly_and_replay_with_the_seed() {
        let run = |seed| {
            let (mut faults, ids) = (Faults::default(), Ids::seeded(seed));
            faults.set(Fault::ServerError, Odds { next: 0, per_mille: 250 });
            (0..2000).map(|_| faults.strikes(Fault::ServerError, &ids)).collect::<Vec<bool>>()
        };
        assert_eq!(run(5), run(5));
        let struck = run(5).into_iter().filter(|struck| *struck).count();
        assert!((400..600).contains(&struck), "{struck}");
    }

    #[test]
    fn every_fault_is_known_by_its_word() {
        for fault in Fault::ALL {
            assert_eq!(Fault::from_word(fault.word()), Some(fault));
        }
    }
}
