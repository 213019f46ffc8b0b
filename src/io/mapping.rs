//! Inputs mapped into memory, safely.
//!
//! A mapping spares a copy of the file, but where that shrinks, or its disk fails, reading it raises
//! SIGBUS. So mappings are made only for a caller who has installed the handler
//! ([`Mappings::allow`]), which puts zeros in the place of missing pages and marks the mapping:
//! [`Mapping::is_intact`] tells before the result is used.
#![allow(unsafe_code)]

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

use super::input::Input;

/// The permission to map large inputs, which comes with a handler of SIGBUS.
///
/// ```
/// let mut options = rot90::FileOptions::default();
/// options.mappings = rot90::Mappings::allow().ok();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Mappings(());

/// Where the mappings are, for the signal handler. More than these are not made.
static SLOTS: [Slot; 512] = [const {
    Slot {
        region: AtomicU64::new(0),
        is_damaged: AtomicBool::new(false),
    }
}; 512];

/// Bytes of a page, as the system says.
static PAGE: AtomicUsize = AtomicUsize::new(0);

/// The action that SIGBUS had before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

impl Mappings {
    /// Installs a handler of SIGBUS for this process, once, and gives the permission. A fault
    /// outside this library's mappings goes to the action that the signal had before.
    ///
    /// # Errors
    ///
    /// The system's, where it refuses the handler.
    pub fn allow() -> io::Result<Self> {
        static INSTALLING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
        if BEFORE.get().is_some() {
            return Ok(Self(()));
        }
        PAGE.store(rustix::param::page_size(), Ordering::Release);
        // SAFETY: a `sigaction` of zeros is valid: the default action, an empty mask, no flags.
        let (mut ours, mut before) =
            unsafe { std::mem::zeroed::<(libc::sigaction, libc::sigaction)>() };
        ours.sa_sigaction = on_bus_error as *const () as usize;
        // On the alternate stack, as the runtime's own handler, so that a stack overflow is told.
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: both calls read or fill in what they are given. The handler does only what a
        // handler may: it reads and writes atomics and makes system calls; it neither allocates nor
        // locks nor panics.
        let failed = unsafe {
            libc::sigaction(libc::SIGBUS, std::ptr::null(), &raw mut before) != 0
                || BEFORE.set(before).is_ok()
                    && libc::sigaction(libc::SIGBUS, &raw const ours, std::ptr::null_mut()) != 0
        };
        if failed {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(()))
    }
}

/// One mapping, or none.
struct Slot {
    /// Its start and length in one word, so that the handler never sees a half of a change: see
    /// [`packed`]. 0 is free, [`CLAIMED`] is about to be used.
    region: AtomicU64,
    is_damaged: AtomicBool,
}

/// A region of no pages.
const CLAIMED: u64 = 1 << LENGTH_BITS;

/// Regions are counted in units of 4 KiB, of which every page size is a multiple.
const UNIT: usize = 4096;
const LENGTH_BITS: u32 = 28;

/// Packs a region into 64 bits: user addresses have 48 bits at the most, hence 36 of units, and
/// 2^28 units are a terabyte. `None` for what does not fit.
fn packed(start: usize, bytes: usize) -> Option<u64> {
    let (start, units) = ((start / UNIT) as u64, bytes.div_ceil(UNIT) as u64);
    let fits = start < 1 << (64 - LENGTH_BITS) && units < 1 << LENGTH_BITS;
    fits.then_some(start << LENGTH_BITS | units)
}

fn unpacked(region: u64) -> Range<usize> {
    let start = (region >> LENGTH_BITS) as usize * UNIT;
    start..start + (region & ((1 << LENGTH_BITS) - 1)) as usize * UNIT
}

/// The handler. A fault elsewhere than in a mapping is left to whoever had the signal before.
extern "C" fn on_bus_error(
    signal: i32,
    information: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: with SA_SIGINFO the kernel fills in the information.
    let (code, address) = unsafe { ((*information).si_code, (*information).si_addr() as usize) };
    // A code above 0 is the kernel's own; what a process sends has no address.
    if code > 0 && zero_fill(address) {
        return;
    }
    let Some(before) = BEFORE.get() else { return };
    match before.sa_sigaction {
        libc::SIG_IGN if code <= 0 => {}
        libc::SIG_IGN | libc::SIG_DFL => {
            // SAFETY: the default action may always be restored and the signal raised: it is
            // blocked until this handler returns, and then ends the process.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
                libc::raise(signal);
            }
        }
        handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
            type WithInformation = extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void);
            // SAFETY: with SA_SIGINFO this is a function of that kind.
            let handler = unsafe { std::mem::transmute::<usize, WithInformation>(handler) };
            handler(signal, information, context);
        }
        handler => {
            // SAFETY: without SA_SIGINFO this is a function of that kind.
            let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(i32)>(handler) };
            handler(signal);
        }
    }
}

/// Puts zeros from `address` to the end of the mapping that it lies in, if it lies in one.
fn zero_fill(address: usize) -> bool {
    for slot in &SLOTS {
        let region = unpacked(slot.region.load(Ordering::Acquire));
        if !region.contains(&address) {
            continue;
        }
        slot.is_damaged.store(true, Ordering::Release);
        let page = address & !(PAGE.load(Ordering::Acquire) - 1);
        // SAFETY: the pages are this library's own mapping, which its owner keeps until it has
        // stopped reading it, and this thread is reading it now; anonymous pages read as zero.
        let filled = unsafe {
            let flags = MapFlags::PRIVATE | MapFlags::FIXED;
            mmap_anonymous(page as *mut _, region.end - page, ProtFlags::READ, flags)
        };
        return filled.is_ok();
    }
    false
}

/// The first bytes of a file, mapped for reading.
pub(crate) struct Mapping {
    slot: &'static Slot,
    length: usize,
}

impl Mapping {
    /// Maps the first `length` bytes of a file, or nothing where that is not possible.
    pub(crate) fn new(input: &Input, length: u64, _: Mappings) -> Option<Self> {
        let length = usize::try_from(length).ok().filter(|&length| length > 0)?;
        let claim = |slot: &&Slot| {
            slot.region
                .compare_exchange(0, CLAIMED, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
        };
        let slot = SLOTS.iter().find(claim)?;
        let (anywhere, read, shared) = (std::ptr::null_mut(), ProtFlags::READ, MapFlags::SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice disturbs nothing.
        let mapped = unsafe { mmap(anywhere, length, read, shared, &input.file, 0) };
        // The rest of the last page is mapped as well, and may fault as well.
        let bytes = length.next_multiple_of(PAGE.load(Ordering::Acquire));
        let region = mapped.ok().and_then(|start| packed(start as usize, bytes));
        let Some(region) = region else {
            if let Ok(start) = mapped {
                // SAFETY: the mapping was just made, and nobody knows of it.
                let _ = unsafe { munmap(start, length) };
            }
            slot.region.store(0, Ordering::Release);
            return None;
        };
        slot.is_damaged.store(false, Ordering::Relaxed);
        slot.region.store(region, Ordering::Release);
        let mapping = Self { slot, length };
        mapping.prefault();
        Some(mapping)
    }

    fn start(&self) -> *mut u8 {
        unpacked(self.slot.region.load(Ordering::Relaxed)).start as *mut u8
    }

    /// The mapped bytes. Another process may change them: nothing may be decided by them.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping is readable, and lives as long as `self`; the handler replaces pages
        // that the file loses. The bytes are only moved and added up, which is right for any value.
        unsafe { std::slice::from_raw_parts(self.start(), self.length) }
    }

    /// Has the system map all pages, by several threads: a prefetch of a byte whose page is not
    /// mapped yet has no effect.
    fn prefault(&self) {
        /// The system maps so many bytes around the one that is read.
        const FAULT_AROUND: usize = 64 << 10;
        const SHARE: usize = 16 << 20;
        rayon::in_place_scope(|scope| {
            for share in self.bytes().chunks(SHARE) {
                scope.spawn(move |_| {
                    for byte in share.iter().step_by(FAULT_AROUND) {
                        std::hint::black_box(*byte);
                    }
                });
            }
        });
    }

    /// Whether all bytes that were read were the file's.
    pub(crate) fn is_intact(&self) -> bool {
        !self.slot.is_damaged.load(Ordering::Acquire)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let start = self.start();
        self.slot.region.store(CLAIMED, Ordering::Release);
        // SAFETY: the mapping is this value's own, and no borrow of it outlives the value.
        let _ = unsafe { munmap(start.cast(), self.length) };
        self.slot.region.store(0, Ordering::Release);
    }
}

#[cfg(test)]
#[path = "../../tests/unit/mapping.rs"]
mod tests;
