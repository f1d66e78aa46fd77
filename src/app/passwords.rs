//! Passwords: argon2id, off the async threads, one at a time.
//!
//! Hashing is costly on purpose, so it is also where the portal could be slowed down: whoever finds more than
//! [`LONGEST_QUEUE`] others waiting is sent away at once. One at a time leaves the other cores to everybody else, and lets
//! all of them work in the same memory: 19 MiB that came and went with each password would stay with the process, once for
//! every thread that had it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Mutex;

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

/// What hashing works in: made when it is first needed, and kept.
#[derive(Clone, Default)]
pub(super) struct Hashing(Arc<Mutex<Bench>>);

/// Where one password at a time is hashed.
#[derive(Default)]
struct Bench {
    memory: Vec<Block>,
    /// How many blocks were filled here: the work, without a clock's noise.
    filled: u64,
}

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
        self.take_turn(move |bench| bench.hash(&password, &salt)).await?
    }

    /// Checks a password against its hash. Without a hash the same work is done for nothing, so that nobody can tell from
    /// the time whether an account exists.
    pub(super) async fn check_password(&self, password: Password, known: Option<String>) -> Result<Check, AppError> {
        let salt = self.ids.bytes::<SALT_BYTES>();
        self.take_turn(move |bench| bench.check(&password, known.as_deref(), &salt)).await?
    }

    async fn take_turn<T: Send + 'static>(&self, work: impl FnOnce(&mut Bench) -> T + Send + 'static) -> Result<T, AppError> {
        let waiting = Waiting::join()?;
        let mut bench = self.hashing.0.clone().lock_owned().await;
        drop(waiting);
        // The turn goes along: it ends with the work, even when nobody waits for that any more.
        let done = tokio::task::spawn_blocking(move || work(&mut bench)).await;
        done.map_err(|error| AppError::Defect(error.to_string()))
    }

    /// How much was hashed: what must be the same whether an address is known or not.
    #[cfg(test)]
    pub(super) async fn hashing_work(&self) -> u64 {
        self.hashing.0.lock().await.filled
    }
}

impl Bench {
    fn hash(&mut self, password: &Password, salt: &[u8]) -> Result<String, AppError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params()?);
        let (salt, hash) = (Salt::new(salt).map_err(defect)?, self.compute(&argon2, password, salt)?);
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(argon2.params()).map_err(defect)?,
            salt: Some(salt),
            hash: Some(hash),
        };
        Ok(hash.to_string())
    }

    fn check(&mut self, password: &Password, known: Option<&str>, salt: &[u8]) -> Result<Check, AppError> {
        // Where there is no hash, or one that cannot be read, the same work is done for nothing.
        let Some((argon2, known)) = known.and_then(read) else {
            self.hash(password, salt)?;
            return Ok(Check::Wrong);
        };
        let (Some(its_salt), Some(its_hash)) = (known.salt, known.hash) else { return Ok(Check::Wrong) };
        if self.compute(&argon2, password, &its_salt)? != its_hash {
            return Ok(Check::Wrong);
        }
        if is_current(&known) { Ok(Check::Right) } else { self.hash(password, salt).map(Check::RightButOld) }
    }

    /// Comparing two of these takes the same time whatever they are.
    fn compute(&mut self, argon2: &Argon2<'_>, password: &Password, salt: &[u8]) -> Result<Output, AppError> {
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let blocks = argon2.params().block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let hashed = argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut self.memory[..blocks]);
        hashed.map_err(|error| AppError::Defect(format!("a password could not be hashed: {error}")))?;
        self.filled += u64::from(argon2.params().m_cost()) * u64::from(argon2.params().t_cost());
        // A hash of a time with higher costs needs more, once.
        self.memory.truncate(MEMORY_KIB as usize);
        self.memory.shrink_to_fit();
        Output::new(&output).map_err(defect)
    }
}

/// How a stored hash was made; none: it is no hash that we could have made.
fn read(known: &str) -> Option<(Argon2<'static>, PasswordHash)> {
    let known = PasswordHash::new(known).ok()?;
    let params = Params::try_from(&known).ok()?;
    let algorithm = Algorithm::try_from(known.algorithm.as_str()).ok()?;
    let version = known.version.and_then(|version| Version::try_from(version).ok())?;
    Some((Argon2::new(algorithm, version, params), known))
}

fn params() -> Result<Params, AppError> {
    Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| AppError::Defect(error.to_string()))
}

/// Whether a hash was made with today's costs.
fn is_current(hash: &PasswordHash) -> bool {
    let costs = Params::try_from(hash).map(|params| (params.m_cost(), params.t_cost(), params.p_cost()));
    hash.algorithm.as_str() == Algorithm::Argon2id.as_str() && costs.is_ok_and(|costs| costs == (MEMORY_KIB, PASSES, LANES))
}

fn defect(error: impl std::fmt::Display) -> AppError {
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
        let mut bench = Bench::default();
        let known = bench.hash(&offered("seven green umbrellas"), &SALT).unwrap();
        assert!(known.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{known}");
        let mut check = |password: &str, known: Option<&str>| bench.check(&offered(password), known, &SALT).unwrap();
        assert_eq!(check("seven green umbrellas", Some(&known)), Check::Right);
        assert_eq!(check("seven green umbrella", Some(&known)), Check::Wrong);
        assert_eq!(check("seven green umbrellas", None), Check::Wrong);
        assert_eq!(check("seven green umbrellas", Some("nonsense")), Check::Wrong);
    }

    /// Another implementation's words for the same thing: the library's own, in memory of its own.
    #[test]
    fn a_used_bench_computes_what_a_fresh_one_does() {
        use argon2::password_hash::PasswordHasher as _;
        let mut bench = Bench::default();
        for password in ["seven green umbrellas", "eight red kites", "seven green umbrellas"] {
            let ours = bench.hash(&offered(password), &SALT).unwrap();
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params().unwrap());
            assert_eq!(ours, argon2.hash_password_with_salt(password.as_bytes(), &SALT).unwrap().to_string());
        }
        assert_eq!(bench.memory.len(), 19_456, "all of them in the same memory");
    }

    #[test]
    fn a_hash_of_other_costs_is_right_once_and_replaced() {
        use argon2::password_hash::PasswordHasher as _;
        let of_costs = |memory| {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, 1, 1, None).unwrap());
            argon2.hash_password_with_salt(b"seven green umbrellas", &SALT).unwrap().to_string()
        };
        let mut bench = Bench::default();
        for memory in [64, MEMORY_KIB + 1024] {
            let checked = bench.check(&offered("seven green umbrellas"), Some(&of_costs(memory)), &SALT).unwrap();
            let Check::RightButOld(new) = checked else { panic!("{memory}: {checked:?}") };
            assert!(is_current(&PasswordHash::new(&new).unwrap()));
            assert_eq!(bench.check(&offered("seven green umbrella"), Some(&of_costs(memory)), &SALT).unwrap(), Check::Wrong);
        }
        assert!(bench.memory.capacity() <= 19_456, "more than today's costs is not kept");
    }

    /// What an attacker measures is work, and work is counted: a clock would only add noise.
    #[test]
    fn an_unknown_account_and_a_wrong_password_cost_the_same() {
        let mut bench = Bench::default();
        let known = bench.hash(&offered("seven green umbrellas"), &SALT).unwrap();
        let mut work = |password: &str, known: Option<&str>| {
            let before = bench.filled;
            bench.check(&offered(password), known, &SALT).unwrap();
            bench.filled - before
        };
        let once = u64::from(MEMORY_KIB * PASSES);
        assert_eq!(work("a wrong password", Some(&known)), once);
        assert_eq!(work("a wrong password", None), once, "nobody has this address");
        assert_eq!(work("a wrong password", Some("nonsense")), once);
        assert_eq!(work("seven green umbrellas", Some(&known)), once);
    }
}
