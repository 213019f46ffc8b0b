//! The threads: as many as have work, and as the system gives.

use std::sync::Arc;

use anyhow::Context as _;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::command::cli::Config;
use crate::command::plan::{Job, Plan};
use crate::command::spread::Spread;
use crate::file::LARGE;

/// No more threads than can have work: a file each, or all of them on a large picture.
pub(super) fn threads(plan: &Plan, config: &Config) -> usize {
    let files = plan.jobs.len().max(1);
    let workers = config.workers.min(threads_with_files());
    if files >= workers {
        return workers;
    }
    let is_large =
        |job: &Job| std::fs::metadata(&*job.input).is_ok_and(|metadata| metadata.len() >= LARGE);
    if plan.jobs.iter().any(is_large) {
        workers
    } else {
        files
    }
}

/// As many threads as the limit on open files allows: where it is low, fewer do all the work
/// rather than many fail.
#[cfg(unix)]
fn threads_with_files() -> usize {
    /// Input, output and its directory, and an input that is read ahead.
    const EACH: u64 = 4;
    /// The standard streams, the pipe to the second process, and a few of the caller's.
    const BESIDES: u64 = 6;
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from((limit.saturating_sub(BESIDES) / EACH).max(1)).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn threads_with_files() -> usize {
    usize::MAX
}

/// A pool of which this thread is one. Where the system refuses threads, fewer have to do.
pub(super) fn pool(mut threads: usize) -> anyhow::Result<ThreadPool> {
    loop {
        let spread = Arc::new(Spread::new());
        let begin = Arc::clone(&spread);
        let builder = ThreadPoolBuilder::new()
            .num_threads(threads)
            .use_current_thread()
            .thread_name(|number| format!("rot90-{number}"))
            .start_handler(move |number| begin.begin(number));
        match builder.build() {
            Ok(pool) => {
                spread.wait(threads);
                return Ok(pool);
            }
            Err(error) if threads == 1 => return Err(error).context("cannot start a thread"),
            Err(_) => threads /= 2,
        }
    }
}
