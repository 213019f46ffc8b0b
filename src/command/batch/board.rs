//! The board: results on their way out, each when its turn has come.

use std::collections::VecDeque;
use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Batch;
use super::stdout::Stdout;
use super::summary::summary;
use crate::command::cli::Format;
use crate::command::page::{Page, Totals};
use crate::command::progress::Progress;
use crate::command::report::{Outcome, Report};
use crate::command::{ALL_DONE, SOME_FAILED};
use crate::{Error, text};

/// How long results of the formats that are read as a whole may stay buffered.
const FLUSH_AFTER: Duration = Duration::from_millis(50);

/// Results on their way out.
pub(super) struct Board {
    /// The first job without a result.
    pub(super) head: usize,
    /// Results from `head` on, as far as they are known.
    pub(super) waiting: VecDeque<Option<Outcome>>,
    /// `None` once standard output has failed.
    pub(super) report: Option<Report<BufWriter<Stdout>>>,
    pub(super) flushed: Instant,
    pub(super) progress: Progress,
    pub(super) failed: usize,
    pub(super) turned: usize,
    pub(super) bytes: u64,
    pub(super) stdout_failed: bool,
    /// Threads that wait for the head to move.
    pub(super) held_back: usize,
}

impl Batch<'_> {
    /// Takes a result, and writes all those whose turn has come.
    pub(super) fn put(&self, at: usize, outcome: Outcome, bytes: u64) {
        let mut board = self.board();
        let board = &mut *board;
        self.counters.files.fetch_add(1, Ordering::Relaxed);
        if let Some(page) = &self.page {
            page.put(at, &outcome, bytes);
        }
        match outcome {
            Outcome::Failed(_) => {
                board.failed += 1;
                if self.config.fail_fast {
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
            Outcome::Done { .. } => {
                board.turned += 1;
                board.bytes += bytes;
            }
            Outcome::Planned | Outcome::Dropped => {}
        }
        let place = at - board.head;
        if board.waiting.len() <= place {
            board.waiting.resize_with(place + 1, || None);
        }
        board.waiting[place] = Some(outcome);
        let before = board.head;
        while let Some(Some(outcome)) = board.waiting.front_mut().map(Option::take) {
            board.waiting.pop_front();
            self.write(board, board.head, &outcome);
            board.head += 1;
        }
        if board.head != before {
            if self.config.format == Format::Jsonl || board.flushed.elapsed() > FLUSH_AFTER {
                board.flushed = Instant::now();
                self.to_stdout(board, Report::flush);
            }
            if board.held_back > 0 {
                self.moved.notify_all();
            }
        }
    }

    fn write(&self, board: &mut Board, at: usize, outcome: &Outcome) {
        let job = &self.plan.jobs[at];
        let output = self.plan.output(job);
        self.to_stdout(board, |report| report.record(&job.input, &output, outcome));
        let input = || text::shown(Path::new(&*job.input));
        match outcome {
            Outcome::Failed(reason) => board.progress.say(&format!("{}: {reason}", input())),
            Outcome::Done { mean, .. } if self.config.talk > 2 => {
                board.progress.say(&format!(
                    "{}: turned into {}, mean {mean}",
                    input(),
                    text::shown(&output)
                ));
            }
            _ => {}
        }
    }

    /// Writes to standard output for as long as that works. Once nobody reads it, the run ends.
    fn to_stdout(
        &self,
        board: &mut Board,
        write: impl FnOnce(&mut Report<BufWriter<Stdout>>) -> io::Result<()>,
    ) {
        let Some(report) = &mut board.report else {
            return;
        };
        let Err(error) = write(report) else {
            return;
        };
        board.stdout_failed = true;
        if error.kind() == io::ErrorKind::BrokenPipe {
            self.stop.store(true, Ordering::Relaxed);
        } else {
            let reason = Error::io("cannot write the results to standard output", error);
            board.progress.say(&reason.to_string());
        }
        // What is buffered cannot be written either, and dropping would try to.
        if let Some(report) = board.report.take() {
            report.abandon();
        }
    }

    /// Closes the report, sums up, and gives the exit code.
    pub(super) fn finish(mut self, elapsed: Duration) -> u8 {
        let page = self.page.take();
        let mut board = self.board();
        let board = &mut *board;
        // Where the run was ended, results may stand behind files that were not begun.
        let rest = std::mem::take(&mut board.waiting);
        for (at, outcome) in rest.into_iter().enumerate() {
            if let Some(outcome) = outcome {
                self.write(board, board.head + at, &outcome);
            }
        }
        self.to_stdout(board, Report::finish);
        let page_failed = page.is_some_and(|page| !self.write_page(page, board, elapsed));
        board.progress.end();
        let closed_early = self.stop.load(Ordering::Relaxed) && board.stdout_failed;
        if self.config.talk > 0 && !closed_early {
            let summary = summary(self.plan, board, elapsed, self.config.dry_run);
            board.progress.say(&summary);
        }
        if let Some(code) = self.signals.exit_code() {
            return code;
        }
        if board.failed > 0 || board.stdout_failed || page_failed || !self.plan.problems.is_empty()
        {
            SOME_FAILED
        } else {
            ALL_DONE
        }
    }

    /// Writes the page of the results so far; whether that worked.
    fn write_page(&self, page: Page, board: &Board, elapsed: Duration) -> bool {
        let path = page.path().to_owned();
        let totals = Totals {
            turned: board.turned,
            failed: board.failed,
            bytes: board.bytes,
            elapsed,
        };
        let written = page.write(self.plan, &totals);
        if let Err(error) = &written {
            let shown = text::shown(&path);
            board.progress.say(&format!("--report {shown}: {error}"));
        }
        written.is_ok()
    }
}
