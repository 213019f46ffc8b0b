//! Where inputs are not mapped: other systems, and the library without the command.

use std::convert::Infallible;

/// A mapping that is never made.
pub(crate) struct Mapping(Infallible);

impl Mapping {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self.0 {}
    }

    pub(crate) fn maps_around(&self, _: usize) -> bool {
        match self.0 {}
    }

    pub(crate) fn touch(&self, _: usize, _: &(dyn Fn() -> bool + Sync)) {
        match self.0 {}
    }

    pub(crate) fn is_intact(&self) -> bool {
        match self.0 {}
    }
}

/// Allows nothing, as there is nothing to allow.
#[cfg(feature = "cli")]
#[expect(clippy::unnecessary_wraps, reason = "other systems may fail")]
pub(crate) fn allow() -> std::io::Result<()> {
    Ok(())
}
