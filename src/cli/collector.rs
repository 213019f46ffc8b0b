//! The collector: takes what became of each file from the threads, puts it in order, and tells it.

use std::ffi::OsStr;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::args::{ALL_DONE, Config, Format, SOME_FAILED};
use super::messages::{io_reason, say, shown};
use super::plan::Plan;
use super::progress::{Counters, Progress};
use super::results::{Outcome, Results};
use super::signals::Signals;
use super::summary::Totals;

/// Results of the formats that are read as a whole are handed on by so many bytes.
const FLUSH_BYTES: usize = 64 << 10;

pub(crate) struct Collector<'a> {
    plan: &'a Plan,
    config: &'a Config,
    signals: &'a Signals,
    counters: Arc<Counters>,
    /// Results and messages meet on one terminal.
    one_terminal: bool,
    /// No more files are begun, though there was no signal.
    stop: AtomicBool,
    state: Mutex<State>,
}

struct State {
    /// Of all jobs; those that are not done are dropped ones so far.
    outcomes: Vec<Outcome>,
    next_to_emit: usize,
    results: Results,
    /// Why standard output takes no more; that of a closed pipe is nobody's trouble.
    stdout_error: Option<io::ErrorKind>,
    progress: Progress,
    totals: Totals,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        config: &'a Config,
        signals: &'a Signals,
        counters: &Arc<Counters>,
    ) -> Self {
        Self {
            plan,
            config,
            signals,
            counters: Arc::clone(counters),
            one_terminal: results_meet_messages(),
            stop: AtomicBool::new(false),
            state: Mutex::new(State {
                outcomes: plan.jobs.iter().map(|_| Outcome::Dropped).collect(),
                next_to_emit: 0,
                results: Results::new(config.format),
                stdout_error: None,
                progress: Progress::begin(config, plan, counters),
                totals: Totals::default(),
            }),
        }
    }

    /// Whether no more files are to be begun.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.signals.stop().load(Ordering::Relaxed)
    }

    /// Tells what of the input of job `at` could not be carried over.
    pub(crate) fn note(&self, at: usize, left_out: &[String]) {
        for note in left_out {
            self.say_of(at, &format!("not kept: {note}"), &self.state().progress);
        }
    }

    /// Takes the result of job `at`, and tells all those that may be told now.
    pub(crate) fn record(&self, at: usize, outcome: Outcome) {
        self.counters.files.fetch_add(1, Ordering::Relaxed);
        if self.config.fail_fast && matches!(outcome, Outcome::Failed(_)) {
            self.stop.store(true, Ordering::Relaxed);
        }
        let mut state = self.state();
        let state = &mut *state;
        state.outcomes[at] = outcome;
        if self.config.unordered {
            self.emit(state, at);
        } else {
            while let Some(outcome) = state.outcomes.get(state.next_to_emit)
                && !matches!(outcome, Outcome::Dropped)
            {
                self.emit(state, state.next_to_emit);
                state.next_to_emit += 1;
            }
        }
        if self.config.format == Format::Jsonl
            || self.config.format == Format::Json
                && (self.one_terminal || state.results.len() >= FLUSH_BYTES)
        {
            self.flush(state);
        }
    }

    /// Ends the run for a panic outside of any file's work.
    pub(crate) fn record_defect(&self, text: &str) {
        self.stop.store(true, Ordering::Relaxed);
        let mut state = self.state();
        state.totals.failed += 1;
        state.progress.say(&internal_error(text));
    }

    /// A dry run's record of an input that is left out.
    pub(crate) fn record_skipped(&self, input: &OsStr, reason: &str) {
        self.state().results.add_skipped(input, reason);
    }

    fn emit(&self, state: &mut State, at: usize) {
        let (job, outcome) = (&self.plan.jobs[at], &state.outcomes[at]);
        let output = self.plan.output(job);
        state.totals.count(outcome);
        state.results.add(&job.input, &output, outcome);
        // Where both are read on one terminal, the record is enough, if it has the reason.
        if let Outcome::Failed(reason) = outcome
            && (!self.one_terminal || self.config.format == Format::Means)
        {
            self.say_of(at, reason, &state.progress);
        }
    }

    fn say_of(&self, at: usize, text: &str, progress: &Progress) {
        let input = shown(Path::new(&*self.plan.jobs[at].input));
        progress.say(&format!("{input}: {text}"));
    }

    /// Hands on the lines that are whole, for as long as that works.
    fn flush(&self, state: &mut State) {
        let lines = state.results.take_lines();
        if state.stdout_error.is_some() || lines.is_empty() {
            return;
        }
        let write = || write_out(lines.as_bytes());
        let written = if self.one_terminal {
            state.progress.aside(write)
        } else {
            write()
        };
        if let Err(error) = written {
            state.stdout_error = Some(error.kind());
            if error.kind() == io::ErrorKind::BrokenPipe {
                self.stop.store(true, Ordering::Relaxed);
            } else {
                let reason = io_reason(&error);
                let text = format!("cannot write the results to standard output: {reason}");
                state.progress.say(&text);
            }
        }
    }

    /// Removes the bar, closes standard output, has the report written from what became of each
    /// file, and sums up. Gives the exit code.
    pub(crate) fn finish(&self, elapsed: Duration, report: impl Fn(&[Outcome]) -> bool) -> u8 {
        let mut state = self.state();
        let state = &mut *state;
        state.progress.end();
        // Where the run was ended, results may stand behind files that were not begun.
        if !self.config.unordered {
            (state.next_to_emit..state.outcomes.len()).for_each(|at| self.emit(state, at));
        }
        state.results.finish();
        self.flush(state);
        let is_reported = report(&state.outcomes);
        if !self.config.quiet
            && state.stdout_error != Some(io::ErrorKind::BrokenPipe)
            && let Some(summary) = state.totals.summary(self.plan, self.config, elapsed)
        {
            say(&summary);
        }
        if let Some(code) = self.signals.exit_code() {
            return code;
        }
        if !is_reported
            || state.totals.failed > 0
            || state.stdout_error.is_some()
            || !self.plan.problems.is_empty()
        {
            SOME_FAILED
        } else {
            ALL_DONE
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said of a panic that is no file's.
pub(crate) fn internal_error(text: &str) -> String {
    format!("internal error: {text}; the run stops here; please report this")
}

/// Writes all of it to standard output, and waits where a pipe that others share does not wait.
fn write_out(mut bytes: &[u8]) -> io::Result<()> {
    const BEFORE_NEXT_TRY: Duration = Duration::from_millis(1);
    let mut stdout = io::stdout().lock();
    loop {
        let written = if bytes.is_empty() {
            stdout.flush().map(|()| 0)
        } else {
            stdout.write(bytes)
        };
        match written {
            Ok(_) if bytes.is_empty() => return Ok(()),
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(BEFORE_NEXT_TRY);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether results and messages go to the same terminal.
fn results_meet_messages() -> bool {
    #[cfg(unix)]
    let are_one = {
        let device = |stream| rustix::fs::fstat(stream).map(|found| found.st_rdev);
        device(rustix::stdio::stdout()) == device(rustix::stdio::stderr())
    };
    #[cfg(not(unix))]
    let are_one = true;
    are_one && io::stdout().is_terminal() && io::stderr().is_terminal()
}
