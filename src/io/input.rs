//! A picture's file, open for reading.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use super::file_at::read_at;
use super::file_system;
use crate::error::{Error, Result, stop_if_cancelled};

/// A regular file, open for reading.
pub(crate) struct Input {
    pub(super) file: File,
    metadata: Metadata,
}

impl Input {
    /// Opens a regular file. Nothing else is opened at all, as opening a device or a pipe can
    /// wait or have effects; a file that becomes one in between is found out afterwards.
    pub(crate) fn open(path: &Path, cancel: Option<&AtomicBool>) -> Result<Self> {
        check_input(path)?;
        let file = open_leased(path, cancel)?;
        let metadata = file.metadata().map_err(cannot_open)?;
        check_regular(&metadata)?;
        Ok(Self { file, metadata })
    }

    /// Bytes when it was opened.
    pub(crate) fn size(&self) -> u64 {
        self.metadata.len()
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Fills `bytes` from `offset`.
    pub(crate) fn read_exact(&self, bytes: &mut [u8], offset: u64) -> Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            let at = offset + done as u64;
            match read_at(&self.file, &mut bytes[done..], at) {
                Ok(0) => {
                    self.check_unchanged()?;
                    // Files made up by the kernel may be shorter than they say, now as before.
                    let (text, size) = ("truncated: the file ends after", self.size());
                    let text = format!("{text} {at} bytes, but should have {size}");
                    return Err(Error::Changed(text));
                }
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io("cannot read", error)),
            }
        }
        Ok(())
    }

    /// Fills `bytes` from the file's start, and says whether the disk had to be waited for.
    pub(crate) fn read_start(&self, bytes: &mut [u8]) -> Result<bool> {
        let cached = file_system::read_cached(&self.file, bytes);
        let count = cached.unwrap_or(0);
        self.read_exact(&mut bytes[count..], count as u64)?;
        Ok(cached.is_some() && count < bytes.len())
    }

    /// Reads these bytes in order and forgets them, so that they are in the page cache. The system
    /// reads ahead of that in large pieces; what a mapping faults in comes at half the speed.
    pub(crate) fn read_through(
        &self,
        offset: u64,
        length: u64,
        cancel: Option<&AtomicBool>,
    ) -> Result<()> {
        const READ_AT_ONCE: u64 = 256 << 10;
        let mut piece = vec![0; READ_AT_ONCE as usize];
        for at in (offset..offset + length).step_by(READ_AT_ONCE as usize) {
            stop_if_cancelled(cancel)?;
            let length = READ_AT_ONCE.min(offset + length - at) as usize;
            self.read_exact(&mut piece[..length], at)?;
        }
        Ok(())
    }

    /// Finds out whether the file is still as it was when it was opened.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] where its size, modification time or change time is another.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        let now = self.file.metadata();
        let now = now.map_err(|error| Error::io("cannot check the file again", error))?;
        let before = &self.metadata;
        let sizes = (before.len(), now.len());
        let text = "changed while it was being read";
        if sizes.0 != sizes.1 {
            let sizes = format!("it had {} bytes and now has {}", sizes.0, sizes.1);
            return Err(Error::Changed(format!("{text}: {sizes}")));
        }
        // Another name for it that came or went changes the change time too, and the number of names
        // with it; but a file without any name left has been replaced or removed.
        let ((time_before, names_before), (time, names)) = (change(before), change(&now));
        let is_changed = time_before != time && (names_before == names || names == 0);
        if now.modified().ok() != before.modified().ok() || is_changed {
            return Err(Error::Changed(text.to_owned()));
        }
        Ok(())
    }
}

/// Opens a file that another program, such as Samba, may hold a lease on: the first attempt asks
/// for it back, and the system takes it within 45 seconds otherwise.
fn open_leased(path: &Path, cancel: Option<&AtomicBool>) -> Result<File> {
    const PAUSE: Duration = Duration::from_millis(5);
    loop {
        match open_without_waiting(path) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                stop_if_cancelled(cancel)?;
                std::thread::sleep(PAUSE);
            }
            other => return other.map_err(cannot_open),
        }
    }
}

/// Opens a file, without waiting for the other end should it be a pipe by now.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32);
    }
    options.open(path)
}

/// Whether a path is that of a regular file, or of a link to one. Nothing is opened.
///
/// # Errors
///
/// [`Error::NotAFile`] where it is something else, [`Error::Io`] where there is nothing.
pub fn check_input(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(Error::NotAFile("the name is empty".to_owned()));
    }
    check_regular(&std::fs::metadata(path).map_err(cannot_open)?)
}

fn cannot_open(error: io::Error) -> Error {
    Error::io("cannot open", error)
}

fn check_regular(metadata: &Metadata) -> Result<()> {
    #[cfg(unix)]
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(());
    }
    let what = match () {
        () if kind.is_dir() => "is a directory, not a file",
        #[cfg(unix)]
        () if kind.is_fifo() => "is a named pipe (FIFO), not a regular file",
        #[cfg(unix)]
        () if kind.is_char_device() || kind.is_block_device() => "is a device, not a regular file",
        () => "is not a regular file",
    };
    Err(Error::NotAFile(what.to_owned()))
}

/// When a file was changed in any way, and how many names it has, where the system knows that.
fn change(metadata: &Metadata) -> ((i64, i64), u64) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        ((metadata.ctime(), metadata.ctime_nsec()), metadata.nlink())
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        ((0, 0), 0)
    }
}

/// Whether an output is older than its input: by modification time or, where the system has it,
/// by change time, which also tells of an input that was replaced by an older-dated one, and of a
/// link at `path` that was made to lead to one.
pub(crate) fn is_older_than_input(output: &Metadata, input: &Metadata, path: &Path) -> bool {
    let modified = |metadata: &Metadata| metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let changed = |metadata: &Metadata| change(metadata).0;
    let link = path.symlink_metadata();
    let last_change = link.map_or(changed(input), |link| changed(&link).max(changed(input)));
    modified(output) < modified(input) || changed(output) < last_change
}

/// Asks the system to have a small file in memory soon.
///
/// A batch that asks for some of the next files keeps the disk busy while it rotates. Files above
/// 256 KiB, of which the system reads ahead by itself, and those that cannot be opened are left alone.
pub fn prefetch(path: &Path) {
    const MOST_BYTES: u64 = 256 << 10;
    if let Ok(metadata) = std::fs::metadata(path)
        && metadata.is_file()
        && metadata.len() <= MOST_BYTES
        && let Ok(file) = open_without_waiting(path)
    {
        file_system::read_ahead(&file, metadata.len());
    }
}
