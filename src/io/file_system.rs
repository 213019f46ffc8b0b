//! What Linux's file systems differ in, and the calls that only Linux has.

use std::fs::File;
use std::io::IoSliceMut;
use std::num::NonZeroU64;

use rustix::fs::{Advice, FallocateFlags, fadvise, fallocate, fstatfs};
use rustix::io::{ReadWriteFlags, preadv2};

/// A file system, by what an output has to know of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileSystem {
    /// ext4 and XFS: space that is reserved in one go makes writing faster.
    Reserves,
    /// tmpfs: the page cache is all there is.
    InMemory,
    /// ZFS: giving an unnamed file its name waits for a transaction group, up to seconds.
    NamesSlowly,
    /// Others, such as NFS, SMB and FUSE: they tell of a failed write when it is made or when the
    /// file is closed.
    Other,
    /// Network and cluster file systems of which that is not known.
    TellsAtSync,
}

impl FileSystem {
    pub(super) fn of(file: &File) -> Self {
        const EXT4: u32 = 0xef53;
        const XFS: u32 = 0x5846_5342;
        const TMPFS: u32 = 0x0102_1994;
        const ZFS: u32 = 0x2fc1_2fc1;
        // 9p, AFS, Ceph, CODA, GFS2, Lustre, OCFS2, vboxsf.
        const TELL_AT_SYNC: [u32; 8] = [
            0x0102_1997,
            0x5346_414f,
            0x00c3_6400,
            0x7375_7245,
            0x0116_1970,
            0x0bd0_0bd0,
            0x7461_636f,
            0x786f_4256,
        ];
        match fstatfs(file).map_or(0, |found| found.f_type as u32) {
            EXT4 | XFS => Self::Reserves,
            TMPFS => Self::InMemory,
            ZFS => Self::NamesSlowly,
            kind if TELL_AT_SYNC.contains(&kind) => Self::TellsAtSync,
            _ => Self::Other,
        }
    }

    /// Reserves space for a file of `size` bytes, without making it longer. It is a hint: if there
    /// is no room for them the write will tell.
    pub(super) fn reserve(self, file: &File, size: u64) {
        /// Reserving less is not worth the call.
        const LEAST_BYTES: u64 = 1 << 20;
        if self == Self::Reserves && size >= LEAST_BYTES {
            let _ = fallocate(file, FallocateFlags::KEEP_SIZE, 0, size);
        }
    }

    /// Whether pages that are written early stay in memory for a while, and no failure is told as
    /// late as when the file is closed.
    pub(super) fn is_local(self) -> bool {
        matches!(self, Self::Reserves | Self::InMemory)
    }

    /// Whether neither writing nor closing a file need tell that its bytes were lost.
    pub(super) fn tells_at_sync(self) -> bool {
        self == Self::TellsAtSync
    }
}

/// Reads what is in the page cache from the file's start on, without waiting for the disk, and says
/// how much that was; `None` where the file system cannot tell.
pub(super) fn read_cached(file: &File, bytes: &mut [u8]) -> Option<usize> {
    let mut slices = [IoSliceMut::new(bytes)];
    match preadv2(file, &mut slices, 0, ReadWriteFlags::NOWAIT) {
        Ok(count) => Some(count),
        Err(rustix::io::Errno::AGAIN) => Some(0),
        Err(_) => None,
    }
}

/// Asks for the first `size` bytes of a file.
pub(super) fn read_ahead(file: &File, size: u64) {
    let _ = fadvise(file, 0, NonZeroU64::new(size), Advice::WillNeed);
}
