//! Passwords: argon2id, off the async threads, two at a time.
//!
//! Hashing is costly on purpose, so it is also where the portal could be slowed down: whoever finds more than
//! [`LONGEST_QUEUE`] others waiting is sent away at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::domain::names::Password;

use super::{App, AppError};

/// OWASP's first choice for argon2id: 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat Sheet, 2025).
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

/// How many may wait for their turn to hash.
const LONGEST_QUEUE: usize = 32;
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Counts somebody who waits, for as long as it lives.
struct Waiting;

impl Waiting {
    fn join() -> Result<Self, AppError> {
        let before = WAITING.fetch_add(1, Ordering::SeqCst);
        let waiting = Self;
        if before < LONGEST_QUEUE { Ok(waiting) } else { Err(AppError::Busy) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What came of checking a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// It is not theirs.
    Wrong,
    /// It is theirs.
    Right,
    /// It is theirs, and was hashed with other costs than today's: this is its hash by today's.
    RightButOld(String),
}

impl App {
    /// The hash of a new password, in PHC format.
    pub async fn hash_password(&self, password: Password) -> Result<String, AppError> {
        let salt = self.ids.bytes::<SALT_BYTES>();
        self.take_turn(move || hash(&password, &salt)).await?
    }

    /// Checks a password against its hash. Without a hash the same work is done for nothing, so that nobody can tell from
    /// the time whether an account exists.
    pub(super) async fn check_password(&self, password: Password, known: Option<String>) -> Result<Check, AppError> {
        let salt = self.ids.bytes::<SALT_BYTES>();
        self.take_turn(move || check(&password, known.as_deref(), &salt)).await?
    }

    async fn take_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
        let waiting = Waiting::join()?;
        let turn = self.hashing.acquire().await.map_err(|error| AppError::Defect(error.to_string()))?;
        drop(waiting);
        let done = tokio::task::spawn_blocking(work).await.map_err(|error| AppError::Defect(error.to_string()))?;
        drop(turn);
        Ok(done)
    }
}

fn hash(password: &Password, salt: &[u8]) -> Result<String, AppError> {
    let hash = hasher()?.hash_password_with_salt(password.as_bytes(), salt).map_err(defect)?;
    Ok(hash.to_string())
}

fn check(password: &Password, known: Option<&str>, salt: &[u8]) -> Result<Check, AppError> {
    let Some(known) = known else {
        hash(password, salt)?;
        return Ok(Check::Wrong);
    };
    if hasher()?.verify_password(password.as_bytes(), known).is_err() {
        return Ok(Check::Wrong);
    }
    if is_current(known) { Ok(Check::Right) } else { hash(password, salt).map(Check::RightButOld) }
}

fn hasher() -> Result<Argon2<'static>, AppError> {
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params()?))
}

fn params() -> Result<Params, AppError> {
    Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| AppError::Defect(error.to_string()))
}

/// Whether a hash was made with today's costs.
fn is_current(known: &str) -> bool {
    let Ok(hash) = PasswordHash::new(known) else { return false };
    let costs = Params::try_from(&hash).map(|params| (params.m_cost(), params.t_cost(), params.p_cost()));
    hash.algorithm.as_str() == Algorithm::Argon2id.as_str() && costs.is_ok_and(|costs| costs == (MEMORY_KIB, PASSES, LANES))
}

fn defect(error: argon2::password_hash::Error) -> AppError {
    AppError::Defect(format!("a password could not be hashed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; SALT_BYTES] = [7; SALT_BYTES];

    fn offered(text: &str) -> Password {
        Password::offered(text).unwrap()
    }

    #[test]
    fn only_the_same_password_is_right() {
        let known = hash(&offered("seven green umbrellas"), &SALT).unwrap();
        assert!(known.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{known}");
        assert_eq!(check(&offered("seven green umbrellas"), Some(&known), &SALT).unwrap(), Check::Right);
        assert_eq!(check(&offered("seven green umbrella"), Some(&known), &SALT).unwrap(), Check::Wrong);
        assert_eq!(check(&offered("seven green umbrellas"), None, &SALT).unwrap(), Check::Wrong);
        assert_eq!(check(&offered("seven green umbrellas"), Some("nonsense"), &SALT).unwrap(), Check::Wrong);
    }

    #[test]
    fn a_hash_of_other_costs_is_replaced() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let known = weak.hash_password_with_salt(b"seven green umbrellas", &SALT).unwrap().to_string();
        let Check::RightButOld(new) = check(&offered("seven green umbrellas"), Some(&known), &SALT).unwrap() else {
            panic!("an old hash counts as new");
        };
        assert!(is_current(&new));
    }
}
