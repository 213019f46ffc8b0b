//! The threads: as many as have work, and as the system gives.

use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use anyhow::Context as _;
use rayon::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use crate::command::cli::Config;
use crate::command::plan::{Job, Plan};
use crate::command::spread::Spread;
use crate::file::threads_on;
use crate::limits;

/// No more threads than can have work: one for each file, several for each that is larger.
pub(super) fn threads(plan: &Plan, config: &Config) -> usize {
    let workers = config.workers.min(threads_with_files());
    if plan.jobs.len() >= workers {
        return workers;
    }
    let on = |job: &Job| std::fs::metadata(&*job.input).map_or(1, |found| threads_on(found.len()));
    let wanted = plan.jobs.iter().map(on).fold(0, usize::saturating_add);
    wanted.clamp(1, workers)
}

/// As many threads as the limit on open files allows: where it is low, fewer do all the work
/// rather than many fail.
#[cfg(unix)]
fn threads_with_files() -> usize {
    /// Input, output and its directory, and an input that is read ahead.
    const EACH: u64 = 4;
    /// The standard streams, the pipe to the second process, the signals', and the caller's.
    const BESIDES: u64 = 9;
    usize::try_from((limits::open_files().saturating_sub(BESIDES) / EACH).max(1))
        .unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn threads_with_files() -> usize {
    usize::MAX
}

/// A pool of which this thread is one. Where the system refuses threads, fewer have to do.
///
/// The others are started before the pool is made: this thread cannot be part of a second one,
/// should the first one fail.
pub(super) fn pool(wanted: usize) -> anyhow::Result<ThreadPool> {
    let spread = Arc::new(Spread::new());
    let (to_start, starting) = mpsc::channel::<ThreadBuilder>();
    let starting = Arc::new(Mutex::new(starting));
    let mut threads = 1;
    while threads < wanted {
        let starting = Arc::clone(&starting);
        let started = thread::Builder::new()
            .name(format!("rot90-{threads}"))
            .spawn(move || {
                let next = starting.lock().map(|starting| starting.recv());
                if let Ok(Ok(thread)) = next {
                    thread.run();
                }
            });
        if started.is_err() {
            break;
        }
        threads += 1;
    }
    let begin = Arc::clone(&spread);
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .use_current_thread()
        .start_handler(move |number| begin.begin(number))
        .spawn_handler(|thread| {
            let sent = to_start.send(thread);
            sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
        })
        .build()
        .context("cannot start the threads")?;
    spread.wait(threads);
    Ok(pool)
}
