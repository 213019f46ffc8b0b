//! New threads, onto CPUs of their own at once.
//!
//! Linux may put a new thread into the queue of the CPU that its maker runs on, and leave it there
//! until it next balances the queues, after 4 ms: as long as four pictures take. A thread that
//! names another CPU for a moment is moved there immediately.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How often the maker of threads steps back for them.
const YIELDS: usize = 256;

/// Which CPUs there are, and how many threads have begun.
pub(super) struct Spread {
    /// The CPUs this process may use, from the one that the maker runs on.
    #[cfg(target_os = "linux")]
    cpus: Vec<usize>,
    begun: AtomicUsize,
}

impl Spread {
    /// To be called by the thread that will make the others, the first of them all.
    pub(super) fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            cpus: linux::cpus_from_here(),
            begun: AtomicUsize::new(1),
        }
    }

    /// To be called by thread `number`, counted from 0, when it begins.
    pub(super) fn begin(&self, number: usize) {
        #[cfg(target_os = "linux")]
        if !self.cpus.is_empty() {
            linux::move_to(self.cpus[number % self.cpus.len()]);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = number;
        self.begun.fetch_add(1, Ordering::Release);
    }

    /// Lets the other threads begin, `threads` in all, should they wait behind this one.
    pub(super) fn wait(&self, threads: usize) {
        for _ in 0..YIELDS {
            if self.begun.load(Ordering::Acquire) >= threads {
                break;
            }
            std::thread::yield_now();
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

    pub(super) fn cpus_from_here() -> Vec<usize> {
        let here = sched_getcpu();
        // Fails with more CPUs than a set has room for; then the system is left to do it.
        let Ok(allowed) = sched_getaffinity(None) else {
            return Vec::new();
        };
        let is_allowed = |cpu: &usize| allowed.is_set(*cpu);
        let after = (here..CpuSet::MAX_CPU).filter(is_allowed);
        after.chain((0..here).filter(is_allowed)).collect()
    }

    /// Moves this thread to a CPU, which it may leave again at any time.
    pub(super) fn move_to(cpu: usize) {
        if sched_getcpu() == cpu {
            return;
        }
        let Ok(allowed) = sched_getaffinity(None) else {
            return;
        };
        let mut one = CpuSet::new();
        one.set(cpu);
        if sched_setaffinity(None, &one).is_ok() {
            // The mask that was there a moment ago: it can only have become narrower since, and
            // the system keeps to that by itself.
            let _ = sched_setaffinity(None, &allowed);
        }
    }
}
