//! Memory whose neighbours may not be touched.

#![allow(unsafe_code)]

use std::ptr::null_mut;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// A mapping between two pages that fault.
pub(super) struct Guarded {
    start: *mut u8,
    len: usize,
}

const PAGE: usize = 65536;

impl Guarded {
    pub(super) fn new(least: usize) -> Self {
        let len = least.next_multiple_of(PAGE);
        // SAFETY: a fresh mapping, of which only the middle stays readable.
        unsafe {
            let start = mmap_anonymous(
                null_mut(),
                len + 2 * PAGE,
                ProtFlags::empty(),
                MapFlags::PRIVATE,
            )
            .unwrap()
            .cast::<u8>()
            .add(PAGE);
            mprotect(
                start.cast(),
                len,
                MprotectFlags::READ | MprotectFlags::WRITE,
            )
            .unwrap();
            Self { start, len }
        }
    }

    /// `len` bytes at the end, so that the byte after them faults, or at
    /// the start, so that the byte before them does.
    pub(super) fn bytes(&mut self, len: usize, at_end: bool) -> &mut [u8] {
        assert!(len <= self.len);
        let skip = if at_end { self.len - len } else { 0 };
        // SAFETY: within the readable part, which is borrowed.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(skip), len) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping made by `new`, which nothing borrows.
        unsafe { munmap(self.start.sub(PAGE).cast(), self.len + 2 * PAGE).unwrap() }
    }
}
