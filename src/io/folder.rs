//! A folder by its handle: a name in it is still found when the folder itself is moved.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, RenameFlags, linkat, open, openat, renameat, renameat_with, statat,
    unlinkat,
};
use rustix::io::Errno;

/// An open folder.
pub(super) struct Folder(OwnedFd);

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // A handle that can do nothing but this is also given for a folder that may not be listed.
        #[cfg(target_os = "linux")]
        let flags = OFlags::PATH;
        #[cfg(not(target_os = "linux"))]
        let flags = OFlags::RDONLY;
        let flags = flags | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(open(path, flags, Mode::empty())?))
    }

    /// Only unnamed files are given names relative to it.
    #[cfg(target_os = "linux")]
    pub(super) fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.0)
    }

    /// Makes a file, for reading and writing, whose mode is `mode` less the umask.
    pub(super) fn create_new(&self, name: &OsStr, mode: u32) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(mode as _);
        Ok(openat(&self.0, name, flags | OFlags::NOFOLLOW, mode)?.into())
    }

    /// Opens a file, for writing where that is allowed.
    pub(super) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = match openat(&self.0, name, flags | OFlags::RDWR, Mode::empty()) {
            Err(Errno::ACCESS) => openat(&self.0, name, flags | OFlags::RDONLY, Mode::empty()),
            other => other,
        };
        Ok(opened?.into())
    }

    /// Whether `name` is the name of this open file.
    pub(super) fn is_name_of(&self, name: &OsStr, file: &File) -> io::Result<bool> {
        let open = rustix::fs::fstat(file)?;
        match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(named) => Ok((named.st_dev, named.st_ino) == (open.st_dev, open.st_ino)),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Gives the file `name` the path `to`, in one step, in the place of what is there.
    pub(super) fn rename(&self, name: &OsStr, to: &Path) -> io::Result<()> {
        Ok(renameat(&self.0, name, CWD, to)?)
    }

    /// Gives the file `name` the path `to`, unless something is there.
    pub(super) fn rename_to_free(&self, name: &OsStr, to: &Path) -> io::Result<()> {
        match renameat_with(&self.0, name, CWD, to, RenameFlags::NOREPLACE) {
            // Not every file system can refuse by itself; a link can.
            Err(Errno::INVAL | Errno::NOSYS | Errno::PERM) => {}
            other => return Ok(other?),
        }
        match linkat(&self.0, name, CWD, to, AtFlags::empty()) {
            Ok(()) => self.remove(name),
            Err(Errno::EXIST) => Err(Errno::EXIST.into()),
            // Without links either, such as on FAT, a look before the rename has to do.
            Err(_) if to.symlink_metadata().is_ok() => Err(Errno::EXIST.into()),
            Err(_) => self.rename(name, to),
        }
    }
}
