//! A second way into a file that another thread is writing to.
//!
//! The system lets one thread at a time write to a file, also to a file in memory (tmpfs), where
//! most of the writing is making pages. Pages that are touched in a mapping are made by as many
//! threads as touch them; each costs about twice as much as by a write, so that this is for a
//! thread that would otherwise wait.
#![allow(unsafe_code)]

use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};

/// Offsets of mappings are multiples of this, or of less.
const GRANULARITY: u64 = 64 << 10;

/// Copies `bytes` to `offset` of a file that reaches at least that far. Where it fails, some of
/// them may have been copied, or none.
///
/// The file must have no name and no other user, or it might be cut short meanwhile, which raises
/// SIGBUS. Its pages are all made before the first is touched, so that a full file system is an
/// error here, and no signal.
pub(super) fn copy(file: impl AsFd, bytes: &[u8], offset: u64) -> Result<(), Errno> {
    let before = (offset % GRANULARITY) as usize;
    let length = before + bytes.len();
    // SAFETY: a new mapping at an address of the kernel's choice disturbs nothing.
    let start = unsafe {
        mmap(
            std::ptr::null_mut(),
            length,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::SHARED,
            file,
            offset - before as u64,
        )?
    };
    // SAFETY: the advice is about the mapping just made, and changes no byte of it.
    let made = unsafe { madvise(start, length, Advice::LinuxPopulateWrite) };
    if made.is_ok() {
        // SAFETY: the mapping has `before + bytes.len()` bytes, of which nobody else in this
        // process knows the address; its pages are there.
        unsafe {
            let to = start.cast::<u8>().add(before);
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }
    // SAFETY: the mapping is this function's own.
    let _ = unsafe { munmap(start, length) };
    made
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt as _;

    use super::copy;

    #[test]
    fn bytes_arrive_where_they_belong() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(300_000).unwrap();
        let bytes: Vec<u8> = (0..100_001_u32).map(|at| (at % 251) as u8).collect();
        for offset in [0, 1, 4095, 4096, 65_535, 65_536, 70_000, 199_999] {
            file.write_all_at(&vec![0xaa; 300_000], 0).unwrap();
            match copy(&file, &bytes, offset) {
                Ok(()) => {}
                Err(error) => return println!("skipped: no mapping of this file: {error}"),
            }
            let mut found = vec![0; 300_000];
            file.read_exact_at(&mut found, 0).unwrap();
            let mut expected = vec![0xaa; 300_000];
            expected[offset as usize..][..bytes.len()].copy_from_slice(&bytes);
            assert!(found == expected, "at {offset}");
        }
    }

    #[test]
    fn a_file_that_is_too_short_or_cannot_be_written_is_an_error() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(4096).unwrap();
        copy(&file, &vec![1; 70_000], 0).unwrap_err();
        let read_only = File::open("Cargo.toml").unwrap();
        copy(&read_only, &[1; 10], 0).unwrap_err();
    }
}
