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
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, mmap_anonymous, munmap};

/// The least granularity of mappings on all supported systems; larger pages are multiples of it.
const PAGE: usize = 4096;

/// The system maps the pages around one that is touched, so many bytes of them, where they are in
/// memory.
const MAPPED_AROUND: usize = 64 << 10;

/// What one thread of several does in one go for a mapping.
const SHARE: usize = 16 << 20;

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

/// The action that SIGBUS had before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// Installs the handler and allows mappings from now on.
pub(crate) fn allow() -> io::Result<()> {
    // SAFETY: a `sigaction` of zeros is valid: the default action, an empty mask, no flags.
    let (mut ours, mut before) =
        unsafe { std::mem::zeroed::<(libc::sigaction, libc::sigaction)>() };
    // SAFETY: both point to what the call reads or fills in.
    if unsafe { libc::sigaction(libc::SIGBUS, std::ptr::null(), &raw mut before) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let _ = BEFORE.set(before);
    ours.sa_sigaction = on_bus_error as *const () as usize;
    // On the alternate stack, as the runtime's own handler, so that a stack overflow is told.
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler does only what a handler may: it reads and writes atomics and makes
    // system calls; it neither allocates nor locks nor panics.
    if unsafe { libc::sigaction(libc::SIGBUS, &raw const ours, std::ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    ALLOWED.store(true, Ordering::Release);
    Ok(())
}

/// The handler. A fault elsewhere than in a mapping is left to whoever had the signal before;
/// for one within, nobody else is asked, as the runtime's handler would give the signal up.
extern "C" fn on_bus_error(
    signal: i32,
    information: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: for SIGBUS the kernel fills in the information, the address among it.
    let address = unsafe { (*information).si_addr() } as usize;
    if mend(address) {
        return;
    }
    if let Some(before) = BEFORE.get()
        && before.sa_flags & libc::SA_SIGINFO != 0
        && before.sa_sigaction > libc::SIG_IGN
    {
        // SAFETY: with SA_SIGINFO, and neither default nor ignored, this is a function of that kind.
        let handler = unsafe {
            std::mem::transmute::<usize, extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void)>(
                before.sa_sigaction,
            )
        };
        handler(signal, information, context);
        return;
    }
    // SAFETY: restoring the default action is always allowed; the fault then ends the process.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
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

    /// Whether the system maps more than the one page that is touched, at and behind byte `at`.
    ///
    /// It passes by pages that it has marked to be given up next, as it marks those of files in
    /// memory when caches are dropped. A fault for each page costs more than reading the file.
    pub(crate) fn maps_around(&self, at: usize) -> bool {
        /// Enough for a page with a mark of another kind among them.
        const PAGES: usize = 8;
        let bytes = &self.bytes()[at..];
        let before = faults_of_this_thread();
        touch_each(PAGE, &bytes[..bytes.len().min(PAGES * PAGE)]);
        faults_of_this_thread() - before < PAGES as libc::c_long / 2
    }

    /// Has the system map the pages from byte `at` on now, for as long as it is to `go_on`. Where a
    /// page is missing, asking for lines ahead has no effect.
    ///
    /// Where each page would be a fault of its own, the system is told to map them all, which it
    /// does in less time than that, but in more than by faults that map several.
    pub(crate) fn touch(&self, at: usize, go_on: &(dyn Fn() -> bool + Sync)) {
        let maps_around = self.maps_around(at);
        self.for_each_share(at, &|share| {
            if !go_on() {
                return;
            }
            if maps_around || !populate(share) {
                touch_each(MAPPED_AROUND, share);
            }
        });
    }

    /// Has this thread, and those that have nothing to do, work on the bytes from `at` on, by
    /// [`SHARE`].
    fn for_each_share(&self, at: usize, work: &(dyn Fn(&[u8]) + Sync)) {
        rayon::scope(|scope| {
            let mut shares = self.bytes()[at..].chunks(SHARE);
            let own = shares.next();
            for share in shares {
                scope.spawn(move |_| work(share));
            }
            own.map(work);
        });
    }

    /// Whether all bytes that were read were the file's.
    pub(crate) fn is_intact(&self) -> bool {
        !self.slot.damaged.load(Ordering::Acquire)
    }
}

/// Has the system map all pages of a part of a mapping; whether it could.
fn populate(bytes: &[u8]) -> bool {
    let start = bytes.as_ptr();
    let before = start.addr() % PAGE;
    // SAFETY: the pages belong to a mapping, of which the advice changes no byte.
    unsafe {
        let start = start.wrapping_sub(before).cast_mut().cast();
        madvise(start, before + bytes.len(), Advice::LinuxPopulateRead).is_ok()
    }
}

/// Reads the first of each `step` bytes.
fn touch_each(step: usize, bytes: &[u8]) {
    for byte in bytes.iter().step_by(step) {
        // SAFETY: a reference can be read from; that the byte is not used matters to nobody but
        // the compiler.
        unsafe { std::ptr::read_volatile(byte) };
    }
}

/// How many pages this thread has had to ask for so far, or 0 where that is not known.
fn faults_of_this_thread() -> libc::c_long {
    // SAFETY: a `rusage` of zeros is valid, and the call fills in the one that it is given.
    unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
        usage.ru_minflt
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let length = self.slot.length.load(Ordering::Relaxed);
        // Taking the pages of a large mapping away is work for several threads.
        if length > SHARE {
            self.for_each_share(0, &|share| {
                let start = share.as_ptr().cast_mut().cast();
                // SAFETY: the share lies in the mapping, which nobody reads any more, and would
                // come back from the file if anybody did.
                let _ = unsafe { madvise(start, share.len(), Advice::LinuxDontNeed) };
            });
        }
        let start = self.slot.start.swap(0, Ordering::AcqRel);
        // SAFETY: the mapping is this value's own, and no borrow of it outlives the value.
        let _ = unsafe { munmap(start as *mut _, length) };
        self.slot.taken.store(false, Ordering::Release);
    }
}
