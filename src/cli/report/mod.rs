//! The page that `--report` writes: the results for a person to look at, in one file.
//!
//! It is made after the batch, from what became of each file and from the files themselves; the
//! batch knows nothing of it. The page needs nothing but itself: style, script and pictures are in
//! it, and its own policy forbids it the network.

mod choice;
mod histogram;
mod html;
mod pictures;
mod place;
pub(super) mod records;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use rayon::ThreadPool;

use super::args::Config;
use super::messages::{say, shown};
use super::plan::Plan;
use super::results::Outcome;
pub(super) use place::check as check_place;

/// Whoever has ended a run does not wait for more pictures than these.
const PICTURES_AFTER_INTERRUPT: usize = 200;

/// Writes the page that is asked for, whole or not at all; false where that failed. `outcomes` are
/// those of the plan's jobs, in their order; files that the run did not come to are not on it.
pub(super) fn write(
    plan: &Plan,
    outcomes: &[Outcome],
    elapsed: Duration,
    config: &Config,
    stop: &AtomicBool,
    pool: &ThreadPool,
) -> bool {
    let Some(path) = &config.report else {
        return true;
    };
    let mut pictures = config.report_pictures;
    if stop.load(Ordering::Relaxed) {
        pictures = pictures.min(PICTURES_AFTER_INTERRUPT);
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let mean = |(job, outcome): (usize, &Outcome)| match outcome {
        Outcome::Done { mean, .. } => Some((job, *mean)),
        _ => None,
    };
    let means: Vec<_> = outcomes.iter().enumerate().filter_map(mean).collect();
    let jobs = choice::chosen(&means, pictures);
    let page = html::Page {
        plan,
        outcomes,
        pairs: &pool.install(|| pictures::make(plan, &jobs, config.max_memory(), stop)),
        means: &means,
        begun: now.unwrap_or_default().saturating_sub(elapsed).as_secs(),
        elapsed,
    };
    let written = write_page(path, &page.filled(), config.durable);
    if let Err(error) = &written {
        say(&format!("--report {}: {error:#}", shown(path)));
    }
    written.is_ok()
}

fn write_page(path: &Path, page: &str, durable: bool) -> anyhow::Result<()> {
    // The batch makes no output folder where it has nothing to write.
    std::fs::create_dir_all(place::folder_of(path)).context("cannot create its folder")?;
    // The text of such an error has its cause in it already.
    rot90::write_file(path, page.as_bytes(), durable).map_err(anyhow::Error::msg)
}
