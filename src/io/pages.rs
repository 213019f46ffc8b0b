//! Memory in whole pages, large ones of 2 MiB (transparent huge pages) where they are worth it.
//!
//! Fresh memory is given page by page, each at the price of a page fault: for two threads with
//! buffers of 1.8 MB 3 ms of a run of 36. With pages of 2 MiB (`MADV_HUGEPAGE`) it is a few faults.
//!
//! The allocator puts large buffers 16 bytes behind the start of a page. The system reads a file
//! into them from pages of its own, and on some processors that takes three times as long where the
//! target lies a few bytes further into its page than the source does.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ops::{Deref, DerefMut};
use std::ptr::{NonNull, null_mut};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// A huge page on x86-64, and on ARM with base pages of 4 KiB. Where huge pages have another size
/// the memory is as good, if no faster.
const HUGE_PAGE: usize = 2 << 20;

/// What is smaller than this is not worth a huge page, which the system has to fill with zeros.
const LEAST_BYTES: usize = 512 << 10;

/// Whole pages, filled with zeros at first.
pub(super) struct Pages {
    start: NonNull<u8>,
    length: usize,
}

impl Pages {
    /// At least `size` bytes, a whole number of pages, where there is room.
    pub(super) fn new(size: usize, may_be_huge: bool) -> Option<Self> {
        if !may_be_huge || size < LEAST_BYTES {
            return Self::map(size);
        }
        let length = size.checked_next_multiple_of(HUGE_PAGE)?;
        let mut pages = Self::map(length.checked_add(HUGE_PAGE)?)?;
        // Cut at both ends to where huge pages can lie.
        let start = pages.start.as_ptr();
        let before = start.addr().wrapping_neg() % HUGE_PAGE;
        let aligned = start.wrapping_add(before);
        (pages.start, pages.length) = (NonNull::new(aligned)?, length);
        // SAFETY: both ends are parts of the mapping just made, outside what is kept of it; an
        // empty part is refused. The advice changes no byte.
        unsafe {
            let _ = munmap(start.cast::<c_void>(), before);
            let after = HUGE_PAGE - before;
            let _ = munmap(aligned.wrapping_add(length).cast::<c_void>(), after);
            let _ = madvise(aligned.cast::<c_void>(), length, Advice::LinuxHugepage);
        }
        Some(pages)
    }

    fn map(length: usize) -> Option<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice disturbs nothing.
        let start = unsafe { mmap_anonymous(null_mut(), length, protection, MapFlags::PRIVATE) };
        let start = NonNull::new(start.ok()?.cast())?;
        Some(Self { start, length })
    }
}

impl Deref for Pages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `length` bytes from `start` on are mapped, hold zeros or what was written, and
        // are this value's own.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `deref`, and `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and no borrow of it outlives the value.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }
}

#[cfg(test)]
#[path = "../../tests/unit/pages.rs"]
mod tests;
