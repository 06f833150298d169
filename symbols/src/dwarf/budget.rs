//! A bound for work that data can ask for many times over.
//!
//! A thousand functions may name the same range list, a thousand units the same line program.
//! Honest debug info does so a little; a file made to hang its reader does nothing else. So such
//! reads are paid from one budget per module, a few times what the sections are worth.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is left to spend, in bytes read.
pub(crate) struct Budget {
    left: AtomicU64,
}

impl Budget {
    /// A budget for sections of `size` bytes altogether.
    pub fn new(size: usize) -> Self {
        let left = (size as u64).saturating_mul(16).saturating_add(1 << 20);
        Budget {
            left: AtomicU64::new(left),
        }
    }

    /// Takes `bytes` out; `false` when there is not enough left.
    pub fn spend(&self, bytes: u64) -> bool {
        let take = |left: u64| left.checked_sub(bytes);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }

    /// Whether something was refused, or soon will be.
    pub fn is_spent(&self) -> bool {
        self.left.load(Ordering::Relaxed) < 64
    }
}
