//! The batch in numbers: the last line on standard error.

use std::time::Duration;

use indicatif::DecimalBytes;
use rot90::IfExists;

use super::args::Config;
use super::messages::{counted, rate};
use super::plan::Plan;
use super::results::Outcome;

/// How many files ended how.
#[derive(Default)]
pub(crate) struct Totals {
    /// Or would be, in a dry run.
    pub(crate) rotated: usize,
    pub(crate) up_to_date: usize,
    pub(crate) failed: usize,
    /// Of the inputs that are done.
    pub(crate) bytes: u64,
}

impl Totals {
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Planned { up_to_date: true } => self.up_to_date += 1,
            Outcome::Planned { up_to_date: false } => self.rotated += 1,
            Outcome::Done { bytes, written, .. } => {
                self.rotated += usize::from(*written);
                self.up_to_date += usize::from(!written);
                self.bytes += bytes;
            }
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Dropped => {}
        }
    }

    /// The line; none where a single message has told all there is.
    pub(crate) fn summary(&self, plan: &Plan, config: &Config, took: Duration) -> Option<String> {
        let done = self.rotated + self.up_to_date;
        let not_done = plan.jobs.len().saturating_sub(done + self.failed);
        let problems = plan.problems.len();
        if done + plan.skipped.len() + not_done == 0 && self.failed + problems == 1 {
            return None;
        }
        let would = if config.dry_run { "would be " } else { "" };
        let mut parts = Vec::new();
        if config.if_exists() == IfExists::KeepUpToDate {
            parts.push(format!("{} {would}rotated", self.rotated));
            parts.push(format!("{} up to date", self.up_to_date));
        } else {
            parts.push(format!("{} {would}rotated", counted(done, "file")));
        }
        if self.bytes > 0 {
            let (seconds, rate) = (took.as_secs_f64(), rate(self.bytes, took));
            let bytes = DecimalBytes(self.bytes);
            parts.push(format!("{bytes} in {seconds:.3} s ({rate})"));
        }
        parts.push(match plan.skipped.len() {
            0 => "0 skipped".to_owned(),
            count => counted(count, "earlier result") + " skipped",
        });
        parts.push(format!("{} failed", self.failed));
        if not_done > 0 {
            parts.push(format!("{not_done} not done"));
        }
        if problems > 0 {
            parts.push(counted(problems, "other problem"));
        }
        Some(parts.join(", "))
    }
}
