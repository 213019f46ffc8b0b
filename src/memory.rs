//! Memory that may not be there: an error, rather than the end of the process.

use crate::error::{Error, Result};

/// An empty buffer with room for `size` bytes, or an error where there is no memory for it.
pub(crate) fn reserve(size: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    usize::try_from(size)
        .ok()
        .and_then(|size| bytes.try_reserve_exact(size).ok())
        .ok_or_else(|| Error::no_memory(size))?;
    Ok(bytes)
}

/// A buffer of zeros, or an error where there is no memory for it.
pub(crate) fn zeroed(size: u64) -> Result<Vec<u8>> {
    let mut bytes = reserve(size)?;
    bytes.resize(size as usize, 0);
    Ok(bytes)
}
