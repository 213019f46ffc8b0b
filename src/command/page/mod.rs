//! The page that `--report` writes: the results for a person to look at, in one file.
//!
//! It needs nothing but itself: style, script and pictures are in it, and its own policy forbids
//! it the network.

mod histogram;
mod pictures;
mod place;
pub(crate) mod records;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::plan::{Job, Plan};
use super::report::Outcome;
use crate::Result;
use crate::os::Publishing;
use crate::sampled::Onlooker;
use pictures::Gallery;
pub(crate) use place::parse as parse_name;

/// What is known of a file, in as little memory as goes.
enum Row {
    /// The run ended before it.
    Missing,
    Done {
        width: u32,
        height: u32,
        bytes: u64,
        mean: f64,
    },
    Failed(Box<str>),
}

/// The page as its parts come together.
pub(crate) struct Page {
    path: PathBuf,
    publishing: Publishing,
    begun: SystemTime,
    rows: Mutex<Vec<Row>>,
    gallery: Gallery,
}

/// What is known once the batch is over.
pub(crate) struct Totals {
    pub(crate) turned: usize,
    pub(crate) failed: usize,
    pub(crate) bytes: u64,
    pub(crate) elapsed: Duration,
}

impl Page {
    /// Begins a page that will stand at `path`; an error means that it cannot.
    pub(crate) fn begin(
        path: &Path,
        plan: &Plan,
        output_dir: Option<&Path>,
        publishing: Publishing,
    ) -> anyhow::Result<Self> {
        place::check(path, plan, output_dir, &publishing)?;
        Ok(Self {
            path: path.to_owned(),
            publishing: Publishing {
                make_directories: place::is_below(path, output_dir),
                ..publishing
            },
            begun: SystemTime::now(),
            rows: Mutex::new(plan.jobs.iter().map(|_| Row::Missing).collect()),
            gallery: Gallery::of(plan),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Someone to look on while a file is turned, if it is to have pictures.
    pub(crate) fn onlooker(&self, at: usize) -> Option<Onlooker> {
        self.gallery.wants(at).then(|| self.gallery.onlooker())
    }

    /// Takes a result.
    pub(crate) fn put(&self, at: usize, outcome: &Outcome, bytes: u64) {
        let row = match outcome {
            &Outcome::Done {
                width,
                height,
                mean,
            } => Row::Done {
                width,
                height,
                bytes,
                mean,
            },
            Outcome::Failed(reason) => Row::Failed(reason.clone()),
            Outcome::Planned | Outcome::Dropped => return,
        };
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)[at] = row;
    }

    /// Makes the pictures of a file that has been turned.
    pub(crate) fn look_at(&self, at: usize, plan: &Plan, job: &Job, onlooker: Onlooker) {
        let (input, output) = (Path::new(&*job.input), plan.output(job));
        self.gallery.add(at, input, &output, onlooker.into_seen());
    }

    /// Writes the page, whole or not at all.
    pub(crate) fn write(self, plan: &Plan, totals: &Totals) -> Result<()> {
        write::write(self, plan, totals)
    }
}
