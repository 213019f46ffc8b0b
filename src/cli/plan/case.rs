//! Whether names that differ in case alone are the same.

use std::path::Path;

use super::names;

/// A name in the letters that stand for both cases: by the capital, as in the tables of exFAT and
/// NTFS, which know capitals of one character alone.
pub(super) fn folded(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut capital = character.to_uppercase();
            let capital = capital.next().filter(|_| capital.len() == 0);
            let capital = capital.unwrap_or(character);
            out.extend_from_slice(capital.encode_utf8(&mut [0; 4]).as_bytes());
        }
        out.extend_from_slice(chunk.invalid());
    }
    out.make_ascii_lowercase();
    out
}

/// Whether a folder that exists ignores case.
pub(super) fn is_ignored_in(folder: &Path) -> bool {
    #[cfg(target_os = "linux")]
    if let Some(ignores) = kind_ignores(folder) {
        return ignores;
    }
    finds_other_case(folder).unwrap_or(cfg!(any(windows, target_os = "macos")))
}

/// Whether a folder ignores case, as far as the kind of its file system tells.
#[cfg(target_os = "linux")]
fn kind_ignores(folder: &Path) -> Option<bool> {
    use rustix::fs::{Mode, OFlags, ioctl_getflags, open, statfs};
    const FS_CASEFOLD_FL: u32 = 0x4000_0000; // set by chattr +F
    match statfs(folder).ok()?.f_type as u32 {
        // vfat, exFAT.
        0x4d44 | 0x2011_bab0 => Some(true),
        // ext4, btrfs, tmpfs, F2FS, overlay.
        0xef53 | 0x9123_683e | 0x0102_1994 | 0xf2f5_2010 | 0x794c_7630 => {
            let folder = open(folder, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
            let flags = folder.and_then(ioctl_getflags);
            Some(flags.is_ok_and(|flags| flags.bits() & FS_CASEFOLD_FL != 0))
        }
        _ => None,
    }
}

/// Whether a name in a folder, or else the folder's own, is found in the other case as well; `None`
/// where they have no letters.
fn finds_other_case(folder: &Path) -> Option<bool> {
    let inside = folder.read_dir().into_iter().flatten().flatten();
    let mut paths = inside.map(|entry| entry.path()).chain([folder.to_owned()]);
    let other = paths.find_map(|path| {
        let name = names::bytes(path.file_name()?);
        let flip = |byte: &u8| byte ^ (u8::from(byte.is_ascii_alphabetic()) << 5);
        let other: Vec<_> = name.iter().map(flip).collect();
        (other != name).then(|| path.with_file_name(names::from_bytes(&other)))
    })?;
    // Two files may be called so; then both are listed.
    let mut listing = other.parent()?.read_dir().ok()?.flatten();
    Some(other.symlink_metadata().is_ok() && listing.all(|entry| entry.path() != other))
}
