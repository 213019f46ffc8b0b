//! Panics are defects of the program. Each is told with its place: as the error of the file in
//! whose work it happened, or as the end of the run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the last panic said, and where. One in a strip that another thread has taken reaches the
/// picture's own thread without its place, so the place is kept for all of them.
static LAST: Mutex<String> = Mutex::new(String::new());

fn last() -> MutexGuard<'static, String> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has panics remembered instead of printed.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|panic| {
        *last() = panic.to_string().replace('\n', " ");
    }));
}

/// Runs `work`; an error is what its panic said, and where.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| last().clone())
}

#[cfg(test)]
#[path = "../../tests/unit/cli/panics.rs"]
mod tests;
