//! The only source of time, ids and randomness.
//!
//! Everything else is handed a [`Clock`] and an [`Ids`], so a test can set the time and a seed replays a run bit by bit.
//! No other module reads the system's clock or draws a random number (`clippy.toml` holds this).

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use crate::domain::time::{Instant, Span};

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that only moves when it is told to; the value is milliseconds since the Unix epoch.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A manual clock that stands at `at`.
    pub fn manual(at: Instant) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.seconds() * 1000)))
    }

    /// Now, in whole seconds.
    pub fn now(&self) -> Instant {
        Instant::from_seconds(self.now_millis().div_euclid(1000))
    }

    /// Now, in milliseconds since the Unix epoch.
    pub fn now_millis(&self) -> i64 {
        match self {
            Self::System => system_millis(),
            Self::Manual(millis) => millis.load(Ordering::SeqCst),
        }
    }

    /// Waits. A manual clock is moved forward instead, so that nothing ever waits in a test or in the simulation.
    pub async fn sleep(&self, by: Duration) {
        match self {
            Self::System => tokio::time::sleep(by).await,
            Self::Manual(_) => self.advance(by),
        }
    }

    /// Moves a manual clock forward; the system's clock goes its own way.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(millis) = self {
            millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// Sets a manual clock; the system's clock goes its own way.
    pub fn set(&self, at: Instant) {
        if let Self::Manual(millis) = self {
            millis.store(at.seconds() * 1000, Ordering::SeqCst);
        }
    }
}

/// Measures how long something took, for logs and metrics; never for decisions.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "clock.rs is the one place that reads the time")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[expect(clippy::disallowed_methods, reason = "clock.rs is the one place that reads the time")]
fn system_millis() -> i64 {
    // A clock before 1970 is a broken machine; standing at zero lets every deadline check fail safe.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// Where ids and secrets come from.
#[derive(Clone, Debug)]
pub struct Ids(Arc<Mutex<ChaCha12Rng>>);

impl Ids {
    /// Unpredictable ids, seeded by the operating system.
    pub fn random() -> Self {
        Self::from_rng(rand::make_rng())
    }

    /// The same ids for the same seed: for tests and the simulation.
    pub fn seeded(seed: u64) -> Self {
        Self::from_rng(ChaCha12Rng::seed_from_u64(seed))
    }

    /// A new id: a `UUIDv7` (RFC 9562), so that rows made one after another lie side by side in an index.
    pub fn id(&self, clock: &Clock) -> String {
        let millis = u64::try_from(clock.now_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes::<10>()).into_uuid().to_string()
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    /// A number in `0..below`; `below` of zero gives zero.
    pub fn below(&self, below: u64) -> u64 {
        let draw = u64::from_le_bytes(self.bytes());
        if below == 0 { 0 } else { draw % below }
    }

    /// A number in `(0, 1]`.
    pub fn share(&self) -> f64 {
        (self.below(1 << 40) + 1) as f64 / (1_u64 << 40) as f64
    }

    /// A time with this mean, exponentially distributed.
    pub fn about(&self, mean: Span) -> Span {
        Span::seconds((-self.share().ln() * mean.as_seconds() as f64) as i64)
    }

    fn from_rng(rng: ChaCha12Rng) -> Self {
        Self(Arc::new(Mutex::new(rng)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_replays_its_ids_and_another_seed_does_not() {
        let clock = Clock::manual(Instant::from_seconds(1_790_000_000));
        let draw = |seed| Ids::seeded(seed).id(&clock);
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let clock = Clock::manual(Instant::from_seconds(1_790_000_000));
        let ids = Ids::seeded(1);
        let earlier = ids.id(&clock);
        clock.advance(Duration::from_millis(1));
        assert!(earlier < ids.id(&clock));
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Instant::from_seconds(100));
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), Instant::from_seconds(105));
    }
}
