//! How a file is rotated, and what is known of it then.

use std::sync::atomic::{AtomicBool, AtomicU64};

use super::budget::MemoryBudget;
use crate::io::Mappings;
#[cfg(doc)]
use crate::{Error, default_max_memory};

/// What to do where the output exists already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IfExists {
    /// Replace it.
    #[default]
    Replace,
    /// Fail with [`Error::OutputExists`].
    Refuse,
    /// Leave it alone if it is up to date: of the size that this input gives, and not older than
    /// the input by modification time and change time. Replace it otherwise.
    KeepUpToDate,
}

/// How a file is rotated. `FileOptions::default()` replaces an output that exists.
///
/// Later versions may add fields, so it is made from its default:
///
/// ```
/// let mut options = rot90::FileOptions::default();
/// options.if_exists = rot90::IfExists::KeepUpToDate;
/// options.durable = true;
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FileOptions<'a> {
    /// What to do where the output exists.
    pub if_exists: IfExists,
    /// Make the output's folder if it is missing.
    pub make_directories: bool,
    /// fsync the output, its folder, and new folders' parents.
    pub durable: bool,
    /// Give the output the input's times, and its owner and mode where that is allowed.
    pub preserve: bool,
    /// The most memory, in bytes, that the picture may take; `None` is
    /// [`default_max_memory`].
    pub max_memory: Option<u64>,
    /// The permission to map large inputs, which saves a copy; with `None` they are read.
    pub mappings: Option<Mappings>,
    /// What this picture may take while it is decoded, together with others.
    pub decode_budget: Option<&'a MemoryBudget>,
    /// The work is given up, with [`Error::Interrupted`], soon after this becomes true.
    pub cancel: Option<&'a AtomicBool>,
    /// Counts the bytes of the file that are done, for a progress bar.
    pub bytes_done: Option<&'a AtomicU64>,
}

impl FileOptions<'_> {
    /// Whether buffers may be as large as pages of 2 MiB make them.
    pub(super) fn huge_pages(&self) -> bool {
        const FROM: u64 = 64 << 20;
        self.max_memory.is_none_or(|most| most >= FROM)
    }
}

/// What is known of a picture once it is rotated.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RotatedFile {
    /// Pixels in a row of the output.
    pub width: u32,
    /// Rows of the output.
    pub height: u32,
    /// The mean of the red, green and blue samples of all pixels, as 8-bit samples.
    pub mean: f64,
    /// Bytes of the input.
    pub bytes: u64,
    /// Whether an output was written: not where one was up to date.
    pub written: bool,
    /// Whether the input came from a disk rather than from memory.
    pub was_cold: bool,
    /// What of the input is not in the output, in words, such as further pictures of a bitmap
    /// array or a gap that is too large.
    pub left_out: Vec<String>,
}
