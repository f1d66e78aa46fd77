//! A process that dies, for the simulation: after so many steps everything it would still do stays undone.
//!
//! What must stay true: a blown fuse stays blown. Work that goes on side by side with what was cut off must not pass either,
//! or a process would be half dead.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Counts steps down to death. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Fuse(Arc<AtomicI64>);

impl Default for Fuse {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(Self::NEVER)))
    }
}

impl Fuse {
    const NEVER: i64 = i64::MAX;

    /// Dies after `steps` more steps.
    pub fn light(&self, steps: u32) {
        self.0.store(i64::from(steps), Ordering::SeqCst);
    }

    /// Lives on. Whatever was waiting in a blown step must have been dropped before.
    pub fn replace(&self) {
        self.0.store(Self::NEVER, Ordering::SeqCst);
    }

    /// Whether the process is dead.
    pub fn is_blown(&self) -> bool {
        self.0.load(Ordering::SeqCst) <= 0
    }

    /// One step: returns if the process still lives after it, and never if it does not.
    pub async fn step(&self) {
        let lives = |left: i64| Some(if left == Self::NEVER { left } else { (left - 1).max(0) });
        let _ = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lives);
        if self.is_blown() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_lit_fuse_blows_at_its_step_and_stays_blown() {
        let fuse = Fuse::default();
        assert!(fuse.step().now_or_never().is_some());
        fuse.light(2);
        assert!(fuse.step().now_or_never().is_some());
        assert!(fuse.step().now_or_never().is_none());
        assert!(fuse.clone().step().now_or_never().is_none());
        fuse.replace();
        assert!(fuse.step().now_or_never().is_some());
    }
}
