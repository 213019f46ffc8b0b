//! Hidden names, for outputs that need a name before they are complete or for an instant.
//!
//! A hidden name follows from the output's own: should the process be killed, the next run over the
//! same output finds the file and takes its place, so that such files never become more. A lock on
//! the file says that its name is in use, so that two runs keep out of each other's way.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::folder::Folder;
use super::folder_of;

/// A hidden name that this process uses. It is removed with this value, unless its file has got
/// another name by then.
pub(super) struct Hidden {
    folder: Folder,
    name: OsString,
    is_gone: bool,
}

impl Hidden {
    /// Makes a file under a hidden name beside `output`. `attempt` makes it, locked, and fails with
    /// [`io::ErrorKind::AlreadyExists`] where that name is taken.
    pub(super) fn make<T>(
        output: &Path,
        attempt: impl Fn(&Folder, &OsStr) -> io::Result<T>,
    ) -> io::Result<(Self, T)> {
        /// So many runs may work on one output at the same time.
        const MOST_RUNS: u32 = 64;
        let folder = Folder::open(folder_of(output))?;
        let mut run = 0;
        loop {
            let name = hidden_name(output.file_name().unwrap_or_default(), run);
            match attempt(&folder, &name) {
                Ok(made) => {
                    let is_gone = false;
                    let hidden = Self {
                        folder,
                        name,
                        is_gone,
                    };
                    return Ok((hidden, made));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && run < MOST_RUNS => {
                    if !remove_abandoned(&folder, &name)? {
                        run += 1;
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes a locked file of this mode, less the umask, under a hidden name beside `output`.
    pub(super) fn create(output: &Path, mode: u32) -> io::Result<(Self, File)> {
        Self::make(output, |folder, name| {
            let file = folder.create_new(name, mode)?;
            lock(&file)?;
            match folder.is_name_of(name, &file) {
                Ok(true) => Ok(file),
                // Another run has removed it between its making and its lock.
                Ok(false) => Err(io::ErrorKind::AlreadyExists.into()),
                Err(error) => {
                    let _ = folder.remove(name);
                    Err(error)
                }
            }
        })
    }

    /// Gives the file the path `to`, in one step.
    pub(super) fn rename(&mut self, file: &File, to: &Path, replace: bool) -> io::Result<()> {
        if !self.folder.is_name_of(&self.name, file)? {
            // It is not this process's to remove any more.
            self.is_gone = true;
            return Err(io::Error::other(
                "another program has removed or replaced its hidden file",
            ));
        }
        let rename = if replace {
            Folder::rename
        } else {
            Folder::rename_to_free
        };
        rename(&self.folder, &self.name, to)?;
        self.is_gone = true;
        Ok(())
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if !self.is_gone {
            let _ = self.folder.remove(&self.name);
        }
    }
}

/// Takes the lock that says that a file's hidden name is in use.
pub(super) fn lock(file: &File) -> io::Result<()> {
    if cfg!(windows) {
        // What its handle shares says so; a lock would keep others from reading the output.
        return Ok(());
    }
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::AlreadyExists.into()),
        // Where the file system knows no locks, a hidden name is in use as long as it is there.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// Removes the file of a run that was killed; whether the name is free now.
fn remove_abandoned(folder: &Folder, name: &OsStr) -> io::Result<bool> {
    let file = match folder.open_file(name) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(_) => return Ok(false),
    };
    if file.try_lock().is_err() || !folder.is_name_of(name, &file)? {
        return Ok(false);
    }
    match folder.remove(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(true),
    }
}

/// The hidden name of an output. It is short, however long the output's own is.
fn hidden_name(output: &OsStr, run: u32) -> OsString {
    // FNV-1a, which is the same in every version of every program.
    let hash = output
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!(".rot90-{hash:016x}-{run}.tmp").into()
}

#[cfg(test)]
#[path = "../../tests/unit/hidden.rs"]
mod tests;
