//! Inputs mapped into memory, safely.
//!
//! Reading a large picture copies it once more than copying the file does; a mapping does not.
//! But a mapped file that shrinks, or whose disk fails, raises SIGBUS where it is touched. So
//! mappings are made only once [`allow`] has installed a handler, which puts zeros in the place
//! of the missing pages and marks the mapping; whoever has turned it then asks
//! [`Mapping::is_intact`] before the result is used. The library leaves the signal alone unless
//! its caller asks for it.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use signal_hook_registry::register_sigaction;

/// The least granularity of mappings on all supported systems; larger pages are multiples of it.
const PAGE: usize = 4096;

/// Where the mappings are, for the signal handler. More than these are not made.
static SLOTS: [Slot; 512] = [const { Slot::new() }; 512];

/// Whether the handler is installed.
static ALLOWED: AtomicBool = AtomicBool::new(false);

struct Slot {
    taken: AtomicBool,
    /// 0 while there is no mapping.
    start: AtomicUsize,
    length: AtomicUsize,
    damaged: AtomicBool,
}

impl Slot {
    const fn new() -> Self {
        Self {
            taken: AtomicBool::new(false),
            start: AtomicUsize::new(0),
            length: AtomicUsize::new(0),
            damaged: AtomicBool::new(false),
        }
    }
}

/// Installs the handler and allows mappings from now on.
pub(crate) fn allow() -> io::Result<()> {
    const SIGBUS: i32 = signal_hook::consts::SIGBUS;
    // SAFETY: the handler does only what a handler may: it reads and writes atomics and makes two
    // system calls; it neither allocates nor locks nor panics.
    unsafe {
        register_sigaction(SIGBUS, |information| {
            // SAFETY: for SIGBUS the kernel fills in the address.
            let address = information.si_addr() as usize;
            if !mend(address) {
                let _ = signal_hook::low_level::emulate_default_handler(SIGBUS);
            }
        })?;
    }
    ALLOWED.store(true, Ordering::Release);
    Ok(())
}

/// Puts zeros from `address` to the end of the mapping that it lies in, if it lies in one.
fn mend(address: usize) -> bool {
    for slot in &SLOTS {
        let start = slot.start.load(Ordering::Acquire);
        let end = start + slot.length.load(Ordering::Acquire);
        if start == 0 || !(start..end.next_multiple_of(PAGE)).contains(&address) {
            continue;
        }
        slot.damaged.store(true, Ordering::Release);
        let page = address & !(PAGE - 1);
        // SAFETY: the pages are this program's own mapping, which its owner keeps until after it
        // has stopped reading it; anonymous pages read as zero.
        let mended = unsafe {
            mmap_anonymous(
                page as *mut _,
                end.next_multiple_of(PAGE) - page,
                ProtFlags::READ,
                MapFlags::PRIVATE | MapFlags::FIXED,
            )
        };
        return mended.is_ok();
    }
    false
}

/// The first bytes of a file, mapped for reading.
pub(crate) struct Mapping {
    slot: &'static Slot,
}

impl Mapping {
    /// Maps the first `length` bytes of a file, or nothing where that is not possible.
    pub(crate) fn new(file: impl AsFd, length: usize) -> Option<Self> {
        if !ALLOWED.load(Ordering::Acquire) || length == 0 {
            return None;
        }
        let is_free = |slot: &&Slot| !slot.taken.swap(true, Ordering::AcqRel);
        let slot = SLOTS.iter().find(is_free)?;
        // SAFETY: a new mapping at an address of the kernel's choice disturbs nothing.
        let mapped = unsafe {
            mmap(
                std::ptr::null_mut(),
                length,
                ProtFlags::READ,
                MapFlags::SHARED,
                file,
                0,
            )
        };
        let Ok(start) = mapped else {
            slot.taken.store(false, Ordering::Release);
            return None;
        };
        slot.damaged.store(false, Ordering::Relaxed);
        slot.length.store(length, Ordering::Release);
        slot.start.store(start as usize, Ordering::Release);
        Some(Self { slot })
    }

    /// The mapped bytes. Another process may change them at any time: they are pixels to be
    /// moved and added up, and nothing may be decided by them.
    pub(crate) fn bytes(&self) -> &[u8] {
        let start = self.slot.start.load(Ordering::Relaxed) as *const u8;
        let length = self.slot.length.load(Ordering::Relaxed);
        // SAFETY: the mapping is readable, and as long as `self`; pages that the file loses are
        // replaced by the handler. The bytes are only moved and added up, by loads of registers
        // that are right for any value, also one that changes in between.
        unsafe { std::slice::from_raw_parts(start, length) }
    }

    /// Whether all bytes that were read were the file's.
    pub(crate) fn is_intact(&self) -> bool {
        !self.slot.damaged.load(Ordering::Acquire)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let start = self.slot.start.swap(0, Ordering::AcqRel);
        let length = self.slot.length.load(Ordering::Relaxed);
        // SAFETY: the mapping is this value's own, and no borrow of it outlives the value.
        let _ = unsafe { munmap(start as *mut _, length) };
        self.slot.taken.store(false, Ordering::Release);
    }
}
