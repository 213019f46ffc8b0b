//! Buffers that live as long as their thread.
//!
//! Fresh memory costs a page fault per page, which is more than rotating it does, so a thread keeps
//! its buffers. They are out of its store while in use: a thread that waits for others may take a
//! strip of another picture.

use std::cell::RefCell;

use super::pages::Pages;
use crate::error::{Error, Result};

/// Growing in steps spares a batch of ever larger pictures a fresh buffer for each.
const STEP: usize = 256 << 10;

thread_local! {
    static STORE: RefCell<Vec<Pages>> = const { RefCell::new(Vec::new()) };
}

/// Memory of this thread, which goes back to it when this is dropped.
pub(crate) struct Buffer(Option<Pages>);

impl Buffer {
    /// The thread's last buffer, or an empty one.
    pub(crate) fn take() -> Self {
        Self(STORE.with_borrow_mut(Vec::pop))
    }

    /// Makes the buffer at least `size` bytes long. If it has to grow, what it held is lost.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] where there is no memory for it.
    pub(crate) fn reserve(&mut self, size: usize, may_be_huge: bool) -> Result<&mut [u8]> {
        if self.bytes().len() < size {
            // Given back before more is taken.
            self.0 = None;
            let size = size.saturating_add(STEP - 1) / STEP * STEP;
            self.0 = Pages::new(size, may_be_huge).or_else(|| Pages::new(size, false));
        }
        match self.0.as_deref_mut() {
            Some(pages) => Ok(&mut pages[..size]),
            None if size == 0 => Ok(&mut []),
            None => Err(Error::no_memory(size as u64)),
        }
    }

    /// All bytes that there are.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let pages = self.0.take();
        // Fails only while the thread ends, and then the memory is freed.
        let _ = STORE.try_with(|store| store.borrow_mut().extend(pages));
    }
}

#[cfg(test)]
#[path = "../../tests/unit/buffer.rs"]
mod tests;
