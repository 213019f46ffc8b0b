//! Memory in pages of 2 MiB (transparent huge pages).
//!
//! Fresh memory is given page by page, each at the price of a page fault: for two threads with
//! buffers of 1.8 MB 3 ms of a run of 36. With pages of 2 MiB (`MADV_HUGEPAGE`) it is a few faults.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// A huge page on x86-64, and on ARM with base pages of 4 KiB. Where huge pages have another size
/// the memory is as good, if no faster.
const HUGE_PAGE: usize = 2 << 20;

/// What is smaller than this is not worth a huge page, which the system has to fill with zeros.
const LEAST_BYTES: usize = 512 << 10;

/// Whole huge pages, filled with zeros at first.
pub(super) struct HugePages {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the memory is this value's own, as a boxed slice's is.
unsafe impl Send for HugePages {}

/// At least `size` bytes, where huge pages are worth it and there is room.
pub(super) fn huge_pages(size: usize) -> Option<HugePages> {
    if size < LEAST_BYTES {
        return None;
    }
    let length = size.checked_next_multiple_of(HUGE_PAGE)?;
    let mapped = length.checked_add(HUGE_PAGE)?;
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice disturbs nothing.
    let start =
        unsafe { mmap_anonymous(std::ptr::null_mut(), mapped, protection, MapFlags::PRIVATE) };
    let start = start.ok()?.cast::<u8>();
    // Cut at both ends to where huge pages can lie.
    let before = start.addr().wrapping_neg() % HUGE_PAGE;
    let aligned = start.wrapping_add(before);
    // SAFETY: both ends are parts of the mapping just made, outside what is kept of it; an
    // empty part is refused. The advice changes no byte.
    unsafe {
        let _ = munmap(start.cast::<c_void>(), before);
        let after = HUGE_PAGE - before;
        let _ = munmap(aligned.wrapping_add(length).cast::<c_void>(), after);
        let _ = madvise(aligned.cast::<c_void>(), length, Advice::LinuxHugepage);
    }
    let start = NonNull::new(aligned)?;
    Some(HugePages { start, length })
}

impl Deref for HugePages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `length` bytes from `start` on are mapped, hold zeros or what was written, and
        // are this value's own.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl DerefMut for HugePages {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `deref`, and `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl Drop for HugePages {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and no borrow of it outlives the value.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }
}

#[cfg(test)]
#[path = "../../tests/unit/huge_pages.rs"]
mod tests;
