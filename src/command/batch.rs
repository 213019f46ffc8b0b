//! The batch: files over the pool's threads, results in order.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rayon::{ThreadPool, ThreadPoolBuilder, Yield};

use super::cli::{Config, Format};
use super::hints;
use super::page::{Page, Totals};
use super::plan::{Job, Plan};
use super::progress::{Counters, Progress};
use super::report::{Outcome, Report};
use super::signals::Signals;
use super::spread::Spread;
use super::sweeper::SecondProcess;
use super::{ALL_DONE, SOME_FAILED};
use crate::file::{self, LARGE, Opened};
use crate::os::{Publishing, Sweeper};
use crate::sampled::Onlooker;
use crate::{Error, Existing, FileOptions, FormatError, text, turn};

/// A file begins only if no more than this many before it are still without a result, so that
/// results which wait for their turn take bounded memory.
const WINDOW: usize = 1 << 14;

/// Where inputs come from a disk, those of this many files to come are asked for ahead, as long
/// as they are no more than so many bytes.
const AHEAD_FILES: usize = 32;
const AHEAD_BYTES: u64 = 32 << 20;

/// How long results of the formats that are read as a whole may stay buffered.
const FLUSH_AFTER: Duration = Duration::from_millis(50);

thread_local! {
    /// Where this thread's last panic was, and what it said.
    static PANICKED_AT: Cell<Option<String>> = const { Cell::new(None) };
}

/// Runs the plan and returns the exit code.
pub(crate) fn run(plan: &Plan, config: &Config, signals: &Signals) -> anyhow::Result<u8> {
    let sweeper: Arc<SecondProcess> = Arc::default();
    let page = match &config.report {
        None => None,
        Some(path) => {
            let publishing = Publishing {
                durable: config.durable,
                sweeper: Some(Arc::clone(&sweeper) as Arc<dyn Sweeper>),
                ..Publishing::default()
            };
            let output_dir = config.output_dir.as_deref();
            Some(Page::begin(path, plan, output_dir, publishing)?)
        }
    };
    let counters = Arc::new(Counters::default());
    let threads = threads(plan, config);
    // A dry run has nothing to spread.
    let pool = if config.dry_run {
        None
    } else {
        Some(pool(threads)?)
    };
    let progress = Progress::begin(config.progress, plan, &counters);
    if config.talk > 1 {
        progress.say(&format!(
            "{}, {threads} {}, {} instructions, at most {} MiB a picture",
            counted(plan.jobs.len()),
            if threads == 1 { "thread" } else { "threads" },
            turn::Kernel::best().name(),
            config.max_memory.unwrap_or_else(crate::default_max_memory) >> 20,
        ));
        for skipped in &plan.skipped {
            progress.say(&format!(
                "{}: skipped, an earlier result",
                text::shown(Path::new(skipped))
            ));
        }
    }
    let batch = Batch {
        plan,
        config,
        signals,
        counters: &counters,
        sweeper,
        page,
        next: AtomicUsize::new(0),
        ahead: Mutex::new(0),
        cold: AtomicBool::new(false),
        stop: AtomicBool::new(false),
        large: Mutex::new(()),
        large_waiting: AtomicUsize::new(0),
        board: Mutex::new(Board {
            head: 0,
            waiting: VecDeque::new(),
            report: Some(Report::new(stdout(), config.format)),
            flushed: Instant::now(),
            progress,
            failed: 0,
            turned: 0,
            bytes: 0,
            stdout_failed: false,
            held_back: 0,
        }),
        moved: Condvar::new(),
    };
    // A panic is its file's error and is told as such.
    std::panic::set_hook(Box::new(|panic| {
        PANICKED_AT.set(Some(panic.to_string().replace('\n', ": ")));
    }));
    // Without the handler inputs are read, which is as right, if slower.
    let _ = crate::os::mapping::allow();
    let begun = Instant::now();
    match pool {
        Some(pool) => drop(pool.broadcast(|_| batch.work())),
        None => batch.rehearse(),
    }
    Ok(batch.finish(begun.elapsed()))
}

/// Standard output without the line-wise flushing of [`io::stdout`].
///
/// One that is closed from the start (`>&-`) has been opened as `/dev/null` before `main`, by the
/// language's runtime, and cannot be told from one that the caller has sent there; so it counts
/// as written.
#[cfg(unix)]
struct Stdout;

#[cfg(unix)]
impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
use io::Stdout;

fn stdout() -> BufWriter<Stdout> {
    #[cfg(unix)]
    let raw = Stdout;
    #[cfg(not(unix))]
    let raw = io::stdout();
    BufWriter::with_capacity(64 << 10, raw)
}

/// No more threads than can have work: a file each, or all of them on a large picture.
fn threads(plan: &Plan, config: &Config) -> usize {
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
fn pool(mut threads: usize) -> anyhow::Result<ThreadPool> {
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

struct Batch<'a> {
    plan: &'a Plan,
    config: &'a Config,
    signals: &'a Signals,
    counters: &'a Counters,
    sweeper: Arc<SecondProcess>,
    /// The page that was asked for.
    page: Option<Page>,
    /// The first job that nobody has begun.
    next: AtomicUsize,
    /// Some input had to be waited for: the next ones are asked for ahead.
    cold: AtomicBool,
    /// The first job whose input was not asked for ahead.
    ahead: Mutex<usize>,
    /// No new file is to be begun.
    stop: AtomicBool,
    /// Held by the thread whose picture all threads work on.
    large: Mutex<()>,
    /// Threads that hold `large` or wait for it.
    large_waiting: AtomicUsize,
    board: Mutex<Board>,
    /// The head of the results has moved.
    moved: Condvar,
}

/// Results on their way out.
struct Board {
    /// The first job without a result.
    head: usize,
    /// Results from `head` on, as far as they are known.
    waiting: VecDeque<Option<Outcome>>,
    /// `None` once standard output has failed.
    report: Option<Report<BufWriter<Stdout>>>,
    flushed: Instant,
    progress: Progress,
    failed: usize,
    turned: usize,
    bytes: u64,
    stdout_failed: bool,
    /// Threads that wait for the head to move.
    held_back: usize,
}

impl Batch<'_> {
    /// What each thread does until there is nothing left.
    fn work(&self) {
        loop {
            // A large picture comes first, for all of its bands that are still to be had.
            while self.large_waiting.load(Ordering::Relaxed) > 0
                && rayon::yield_now() == Some(Yield::Executed)
            {}
            if self.stopped() {
                return;
            }
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = self.plan.jobs.get(at) else {
                return;
            };
            self.wait_for_window(at);
            if self.cold.load(Ordering::Relaxed) {
                self.read_ahead(at);
            }
            let onlooker = self.page.as_ref().and_then(|page| page.onlooker(at));
            let (outcome, bytes) = self.turn(job, onlooker.as_ref());
            let done = matches!(outcome, Outcome::Done { .. });
            self.put(at, outcome, bytes);
            if let (Some(page), Some(onlooker), true) = (&self.page, onlooker, done) {
                page.look_at(at, self.plan, job, onlooker);
            }
        }
    }

    /// Keeps the disk busy with the files after `at`.
    fn read_ahead(&self, at: usize) {
        // One thread at a time is enough, and none waits for it.
        let Ok(mut ahead) = self.ahead.try_lock() else {
            return;
        };
        let mut next = (*ahead).max(at + 1);
        let mut budget = AHEAD_BYTES;
        while next <= at + AHEAD_FILES && budget > 0 {
            let Some(job) = self.plan.jobs.get(next) else {
                break;
            };
            budget -= file::read_ahead(Path::new(&*job.input), budget);
            next += 1;
        }
        *ahead = next;
    }

    /// A dry run: what can be told without opening a file.
    fn rehearse(&self) {
        for (at, job) in self.plan.jobs.iter().enumerate() {
            if self.stopped() {
                return;
            }
            let outcome = match self.foreseen(job) {
                Ok(()) => Outcome::Planned,
                Err(reason) => Outcome::Failed(reason.into()),
            };
            self.put(at, outcome, 0);
        }
    }

    fn foreseen(&self, job: &Job) -> Result<(), String> {
        let path = Path::new(&*job.input);
        if !job.regular {
            crate::os::Input::look(path).map_err(|error| reason(path, &error))?;
        }
        let output = self.plan.output(job);
        if self.config.existing == Existing::Refuse && output.symlink_metadata().is_ok() {
            let name = output.file_name().map_or(&*output, Path::new);
            return Err(Error::OutputExists(text::shown(name)).to_string());
        }
        Ok(())
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.signals.stop().load(Ordering::Relaxed)
    }

    fn wait_for_window(&self, at: usize) {
        let mut board = self.board();
        while at >= board.head + WINDOW && !self.stopped() {
            board.held_back += 1;
            // The timeout is for signals, which wake nobody.
            board = self
                .moved
                .wait_timeout(board, Duration::from_millis(100))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            board.held_back -= 1;
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns one file; whatever happens in it stays there.
    fn turn(&self, job: &Job, onlooker: Option<&Onlooker>) -> (Outcome, u64) {
        let turn = AssertUnwindSafe(|| self.turn_file(job, onlooker));
        let turned = catch_unwind(turn).unwrap_or_else(|_| {
            let place = PANICKED_AT.take();
            Err(Error::Internal(
                place.unwrap_or_else(|| "no place known".to_owned()),
            ))
        });
        match turned {
            Ok(turned) => (
                Outcome::Done {
                    width: turned.width,
                    height: turned.height,
                    mean: turned.mean,
                },
                turned.bytes,
            ),
            Err(Error::Interrupted) => (Outcome::Dropped, 0),
            Err(error) => (
                Outcome::Failed(reason(Path::new(&*job.input), &error).into()),
                0,
            ),
        }
    }

    fn turn_file(
        &self,
        job: &Job,
        onlooker: Option<&Onlooker>,
    ) -> crate::Result<crate::TurnedFile> {
        let options = FileOptions {
            existing: self.config.existing,
            durable: self.config.durable,
            make_directories: self.config.output_dir.is_some(),
            max_memory: self.config.max_memory,
            cancel: Some(self.signals.stop()),
            bytes_done: Some(&self.counters.bytes),
            sweeper: Some(Arc::clone(&self.sweeper) as Arc<dyn Sweeper>),
            onlooker,
        };
        let output = self.plan.output(job);
        let opened = Opened::open(Path::new(&*job.input), job.regular)?;
        if opened.is_cold() {
            self.cold.store(true, Ordering::Relaxed);
        }
        if !opened.is_large() {
            return opened.turn(&output, &options);
        }
        self.large_waiting.fetch_add(1, Ordering::Relaxed);
        let turned = self.alone(|| opened.turn(&output, &options));
        self.large_waiting.fetch_sub(1, Ordering::Relaxed);
        turned
    }

    /// Runs `work` while no other large picture is under way; until then, helps with that one.
    fn alone<T>(&self, work: impl FnOnce() -> crate::Result<T>) -> crate::Result<T> {
        let _turn = loop {
            match self.large.try_lock() {
                Ok(turn) => break turn,
                Err(std::sync::TryLockError::Poisoned(poisoned)) => break poisoned.into_inner(),
                Err(std::sync::TryLockError::WouldBlock) => {}
            }
            if self.signals.stop().load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            if rayon::yield_now() != Some(Yield::Executed) {
                std::thread::sleep(Duration::from_micros(200));
            }
        };
        work()
    }

    /// Takes a result, and writes all those whose turn has come.
    fn put(&self, at: usize, outcome: Outcome, bytes: u64) {
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
    fn finish(mut self, elapsed: Duration) -> u8 {
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

/// Why the file failed, and for common mistakes what to do instead.
fn reason(path: &Path, error: &Error) -> String {
    match error {
        Error::NotAFile(_) if path.is_dir() => {
            let pattern = hints::quoted(path.join("*.bmp").as_os_str());
            format!("is a directory; for the bitmaps in it, name {pattern}")
        }
        Error::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
            format!("{error}{}", hints::of_missing(path.as_os_str()))
        }
        Error::Format(FormatError::Signature {
            looks_like: Some(format),
            ..
        }) => format!("{error}{}", hints::of_other_format(path, *format)),
        _ => error.to_string(),
    }
}

fn summary(plan: &Plan, board: &Board, elapsed: Duration, dry_run: bool) -> String {
    let seconds = elapsed.as_secs_f64();
    let skipped = match plan.skipped.len() {
        0 => "0 skipped".to_owned(),
        1 => "1 earlier result skipped".to_owned(),
        count => format!("{count} earlier results skipped"),
    };
    if dry_run {
        let files = plan.jobs.len() - board.failed;
        return format!(
            "{} would be turned, {skipped}, {} failed",
            counted(files),
            board.failed
        );
    }
    let unread = match plan.problems.len() {
        0 => String::new(),
        1 => ", 1 pattern or folder without files".to_owned(),
        count => format!(", {count} patterns or folders without files"),
    };
    format!(
        "{}, {} in {seconds:.3} s ({}/s), {skipped}, {} failed{unread}",
        counted(board.turned),
        bytes_shown(board.bytes as f64),
        bytes_shown(board.bytes as f64 / seconds.max(1e-9)),
        board.failed
    )
}

pub(super) fn counted(files: usize) -> String {
    if files == 1 {
        "1 file".to_owned()
    } else {
        format!("{files} files")
    }
}

/// Bytes in decimal units, three digits or so.
pub(super) fn bytes_shown(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 100.0);
    format!("{value:.digits$} {}", UNITS[unit])
}
