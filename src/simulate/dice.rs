//! Everything that is left to chance on a simulated day, from one seed.

use crate::clock::Ids;
use crate::domain::time::Span;

/// Draws that are the same for the same seed.
pub(super) struct Dice(Ids);

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        Self(Ids::seeded(seed))
    }

    /// Another source that goes its own way, for a part whose draws must not shift the others'.
    pub(super) fn ids(&self) -> Ids {
        Ids::seeded(u64::from_le_bytes(self.0.bytes()))
    }

    /// A number in `0..below`.
    pub(super) fn below(&self, below: u64) -> u64 {
        self.0.below(below)
    }

    /// Whether it happens, in so many of a thousand cases.
    pub(super) fn chance(&self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of these.
    pub(super) fn one_of<T: Copy>(&self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// A waiting time with this mean, exponentially distributed.
    pub(super) fn about(&self, mean: Span) -> Span {
        self.0.about(mean)
    }
}
