//! Buffers that live as long as their thread.
//!
//! Fresh memory costs a page fault per page, which is more than rotating it does, so a thread keeps
//! its buffers. They are out of its store while in use: a thread that waits for others may take a
//! strip of another picture.

use std::cell::RefCell;
use std::ops::DerefMut;

use super::huge_pages::huge_pages;
use crate::error::Result;
use crate::memory::zeroed;

/// Growing in steps spares a batch of ever larger pictures a fresh buffer for each.
const STEP: usize = 256 << 10;

thread_local! {
    static STORE: RefCell<Vec<Memory>> = const { RefCell::new(Vec::new()) };
}

/// Memory of this thread, which goes back to it when this is dropped.
pub(crate) struct Buffer(Memory);

/// The allocator's, or huge pages.
type Memory = Box<dyn DerefMut<Target = [u8]>>;

fn no_memory() -> Memory {
    Box::new(Vec::new())
}

impl Buffer {
    /// The thread's last buffer, or an empty one.
    pub(crate) fn take() -> Self {
        Self(STORE.with_borrow_mut(Vec::pop).unwrap_or_else(no_memory))
    }

    /// Makes the buffer at least `size` bytes long. If it has to grow, what it held is lost.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`](crate::Error::Memory) where there is no memory for it.
    pub(crate) fn reserve(&mut self, size: usize, may_be_huge: bool) -> Result<&mut [u8]> {
        if self.0.len() < size {
            // Given back before more is taken.
            self.0 = no_memory();
            self.0 = match may_be_huge.then(|| huge_pages(size)).flatten() {
                Some(pages) => Box::new(pages),
                None => Box::new(zeroed(size.next_multiple_of(STEP) as u64)?),
            };
        }
        Ok(&mut self.0[..size])
    }

    /// All bytes that there are.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let memory = std::mem::replace(&mut self.0, no_memory());
        // Fails only while the thread ends, and then the memory is freed.
        let _ = STORE.try_with(|store| store.borrow_mut().push(memory));
    }
}

#[cfg(test)]
#[path = "../../tests/unit/buffer.rs"]
mod tests;
