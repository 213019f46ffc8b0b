//! Where buffers are the allocator's: other systems, and the library without the command.

use std::convert::Infallible;
use std::ops::{Deref, DerefMut};

/// Large pages that are never made.
pub(crate) struct Pages(Infallible);

impl Pages {
    pub(crate) fn new(_: usize) -> Option<Self> {
        None
    }
}

impl Deref for Pages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self.0 {}
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self.0 {}
    }
}

/// Allows nothing, as there is nothing to allow.
#[cfg(feature = "cli")]
pub(crate) fn allow() {}
