//! How a file is turned, and what is known of it then.

use std::sync::atomic::{AtomicBool, AtomicU64};

/// What to do where the output exists already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Existing {
    /// Replace it.
    #[default]
    Replace,
    /// Fail with [`Error::OutputExists`](crate::Error::OutputExists).
    Refuse,
    /// Leave it alone if it is not older than the input, replace it otherwise.
    KeepNewer,
}

/// How a file is turned. `FileOptions::default()` replaces an output that exists.
///
/// Later versions may add fields, so it is made from its default:
///
/// ```
/// let mut options = rot90::FileOptions::default();
/// options.existing = rot90::Existing::KeepNewer;
/// options.durable = true;
/// ```
#[derive(Clone, Debug, Default)]
pub struct FileOptions<'a> {
    /// What to do where the output exists.
    pub existing: Existing,
    /// fsync the output and its directory.
    pub durable: bool,
    /// Make the output's directory if it is missing.
    pub make_directories: bool,
    /// The most memory, in bytes, that the picture may take; `None` is
    /// [`default_max_memory`](crate::default_max_memory).
    pub max_memory: Option<u64>,
    /// The work is given up, with [`Error::Interrupted`](crate::Error::Interrupted), soon after this becomes true.
    pub cancel: Option<&'a AtomicBool>,
    /// Counts the bytes of input that are done, for a progress bar.
    pub bytes_done: Option<&'a AtomicU64>,
    pub(crate) sweeper: Option<std::sync::Arc<dyn crate::os::Sweeper>>,
    /// Shown the picture's pixels while they are in memory.
    #[cfg(feature = "cli")]
    pub(crate) onlooker: Option<&'a crate::sampled::Onlooker>,
}

/// What is known of a picture once it is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TurnedFile {
    /// Pixels in a row of the output.
    pub width: u32,
    /// Rows of the output.
    pub height: u32,
    /// The mean of the red, green and blue samples of all pixels, as 8-bit samples.
    pub mean: f64,
    /// Bytes read.
    pub bytes: u64,
    /// Whether an output was written: not where a newer one was kept.
    pub written: bool,
}
