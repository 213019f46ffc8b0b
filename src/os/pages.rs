//! Memory in large pages.
//!
//! Fresh memory is given page by page, each at the price of a fault, and taken back so. For two
//! threads with buffers of 1.8 MB that came to 3 ms of a run of 36. The system makes pages of 2 MiB
//! where it is asked to (`MADV_HUGEPAGE`, unless that is forbidden altogether), each for the price
//! of a few small ones.
//!
//! As buffers grow to whole large pages, the command asks for them ([`allow`]) where `--max-memory`
//! leaves room for that. The library alone takes its memory from its caller's allocator.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// A large page on x86-64, and on ARM with small pages of 4 KiB. Where they are of another
/// size the memory is as good, if no faster.
const LARGE_PAGE: usize = 2 << 20;

/// What is smaller than this is not worth a large page, which has to be filled with zeros.
const WORTH_IT: usize = 512 << 10;

/// Whether large pages are asked for.
static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Has buffers made of large pages from now on.
pub(crate) fn allow() {
    ALLOWED.store(true, Ordering::Relaxed);
}

/// Whole large pages, filled with zeros at first.
pub(crate) struct Pages {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the memory is this value's own, as a boxed slice's is.
unsafe impl Send for Pages {}

impl Pages {
    /// At least `size` bytes, where large pages are allowed and worth it, and there is room.
    pub(crate) fn new(size: usize) -> Option<Self> {
        if size < WORTH_IT || !ALLOWED.load(Ordering::Relaxed) {
            return None;
        }
        let length = size.checked_next_multiple_of(LARGE_PAGE)?;
        let mapped = length.checked_add(LARGE_PAGE)?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice disturbs nothing.
        let start =
            unsafe { mmap_anonymous(std::ptr::null_mut(), mapped, protection, MapFlags::PRIVATE) };
        let start = start.ok()?.cast::<u8>();
        // Cut at both ends to where large pages can lie.
        let before = start.addr().wrapping_neg() % LARGE_PAGE;
        let aligned = start.wrapping_add(before);
        // SAFETY: both ends are parts of the mapping just made, outside what is kept of it; an
        // empty part is refused. The advice changes no byte.
        unsafe {
            let _ = munmap(start.cast::<c_void>(), before);
            let after = LARGE_PAGE - before;
            let _ = munmap(aligned.wrapping_add(length).cast::<c_void>(), after);
            let _ = madvise(aligned.cast::<c_void>(), length, Advice::LinuxHugepage);
        }
        let start = NonNull::new(aligned)?;
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
mod tests {
    use super::{LARGE_PAGE, Pages, WORTH_IT, allow};

    #[test]
    fn pages_are_whole_aligned_zero_and_ones_own() {
        allow();
        assert!(Pages::new(WORTH_IT - 1).is_none());
        assert!(Pages::new(usize::MAX).is_none());
        assert!(Pages::new(usize::MAX - LARGE_PAGE).is_none());
        let sizes = [WORTH_IT, LARGE_PAGE, LARGE_PAGE + 1, 5 * LARGE_PAGE - 1];
        let mut all: Vec<Pages> = sizes.map(|size| Pages::new(size).unwrap()).into();
        for (pages, size) in all.iter_mut().zip(sizes) {
            assert_eq!(pages.len(), size.next_multiple_of(LARGE_PAGE));
            assert!(pages.as_ptr().addr().is_multiple_of(LARGE_PAGE));
            assert!(pages.iter().all(|&byte| byte == 0));
            pages.fill(1);
        }
        // Not one byte of the others goes with it.
        all.remove(1);
        assert!(all.iter().all(|pages| pages.iter().all(|&byte| byte == 1)));
    }
}
