//! A folder by its path, where there are no calls relative to a handle.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A folder.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::metadata(path)?;
        Ok(Self(path.to_owned()))
    }

    /// Makes a file, for reading and writing, whose mode is `mode` less the umask.
    pub(super) fn create_new(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(windows)]
        {
            let _ = mode;
            // Whoever takes it for abandoned opens it for writing, which is not shared:
            // FILE_SHARE_READ and FILE_SHARE_DELETE, which includes renaming.
            std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 1 | 4);
        }
        options.open(self.0.join(name))
    }

    pub(super) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.0.join(name))
    }

    /// Whether `name` is there: that it is the name of this file is not found out here.
    pub(super) fn is_name_of(&self, name: &OsStr, _: &File) -> io::Result<bool> {
        Ok(self.0.join(name).symlink_metadata().is_ok())
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    /// Gives the file `name` the path `to`, in one step, in the place of what is there.
    ///
    /// Windows refuses that while a program has one of the files open and does not share it, as
    /// virus scanners and indexers do for an instant with each new file.
    pub(super) fn rename(&self, name: &OsStr, to: &Path) -> io::Result<()> {
        const PAUSE: Duration = Duration::from_millis(10);
        let from = self.0.join(name);
        let mut tries = 20;
        loop {
            let error = match fs::rename(&from, to) {
                // ERROR_ACCESS_DENIED and ERROR_SHARING_VIOLATION.
                Err(error) if cfg!(windows) && matches!(error.raw_os_error(), Some(5 | 32)) => {
                    error
                }
                other => return other,
            };
            let reason = match fs::metadata(to) {
                Ok(there) if there.is_dir() => "a folder has that name",
                Ok(there) if there.permissions().readonly() => "the existing file is read-only",
                _ if tries > 0 => {
                    tries -= 1;
                    std::thread::sleep(PAUSE);
                    continue;
                }
                Ok(_) => "the existing file is open in another program",
                Err(_) => return Err(error),
            };
            return Err(io::Error::other(reason));
        }
    }

    /// Gives the file `name` the path `to`, unless something is there.
    pub(super) fn rename_to_free(&self, name: &OsStr, to: &Path) -> io::Result<()> {
        match fs::hard_link(self.0.join(name), to) {
            Ok(()) => self.remove(name),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // Without links, such as on FAT, a look before the rename has to do.
            Err(_) if to.symlink_metadata().is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => self.rename(name, to),
        }
    }
}
