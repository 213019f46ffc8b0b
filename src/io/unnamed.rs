//! Files without a name (`O_TMPFILE`), which leave nothing behind however the process ends.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, OFlags, linkat};
use rustix::io::Errno;

use super::file_system::FileSystem;
use super::folder::Folder;

/// Makes a file in `folder`, of this mode less the umask, where the file system can and is not
/// slow at it; and tells its file system. Fails only where there is no such folder.
pub(super) fn create(folder: &Path, mode: u32) -> io::Result<Option<(File, FileSystem)>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(mode);
    let flags = OFlags::TMPFILE.bits() as i32;
    match options.custom_flags(flags).open(folder) {
        Ok(file) => {
            let file_system = FileSystem::of(&file);
            Ok((file_system != FileSystem::NamesSlowly).then_some((file, file_system)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        Err(_) => Ok(None),
    }
}

/// Gives a file a name in a folder, or a path, that is not taken.
pub(super) fn link(file: &File, folder: Option<&Folder>, name: &OsStr) -> io::Result<()> {
    let folder = folder.map_or(CWD, Folder::as_fd);
    match linkat(file, "", folder, name, AtFlags::EMPTY_PATH) {
        // By its descriptor alone only a privileged process may link it, or a newer kernel lets
        // it; by its number under /proc anybody may.
        Err(Errno::NOENT | Errno::PERM | Errno::INVAL) => {
            let by_number = format!("/proc/self/fd/{}", file.as_raw_fd());
            Ok(linkat(
                CWD,
                by_number,
                folder,
                name,
                AtFlags::SYMLINK_FOLLOW,
            )?)
        }
        other => Ok(other?),
    }
}
