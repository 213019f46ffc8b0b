//! One budget for what is decoded at the same time.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::io::return_freed_memory;

/// Memory that pictures share which are decoded at the same time.
///
/// A compressed picture of a thousand bytes may decode to a gigabyte. Each of a batch may be
/// within its own limit, and all together far beyond what there is; so they take turns for what
/// they decode. A picture that wants more than all waits until it is alone.
#[derive(Debug)]
pub struct MemoryBudget {
    total: u64,
    free: Mutex<u64>,
    given_back: Condvar,
}

impl MemoryBudget {
    /// A budget of so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self {
            total: bytes,
            free: Mutex::new(bytes),
            given_back: Condvar::new(),
        }
    }

    /// Takes some bytes, as soon as there are as many.
    pub(super) fn take(&self, bytes: u64) -> Taken<'_> {
        let bytes = bytes.min(self.total);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.given_back.wait_while(free, |free| *free < bytes);
        *free.unwrap_or_else(PoisonError::into_inner) -= bytes;
        Taken {
            budget: self,
            bytes,
        }
    }
}

/// Bytes of a budget, which go back to it when this is dropped.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    budget: &'a MemoryBudget,
    bytes: u64,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        /// What is less is used again by the next picture, which costs less than taking it anew.
        const WORTH_RETURNING: u64 = 1 << 20;
        if self.bytes >= WORTH_RETURNING {
            return_freed_memory();
        }
        let budget = self.budget;
        *budget.free.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        budget.given_back.notify_all();
    }
}

#[cfg(test)]
#[path = "../../tests/unit/budget.rs"]
mod tests;
