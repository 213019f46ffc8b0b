//! The batch: files over the pool's threads, results in order.

mod ahead;
mod board;
mod pool;
mod stdout;
mod summary;

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use rayon::Yield;

use super::cli::Config;
use super::hints;
use super::page::Page;
use super::plan::{Job, Plan};
use super::progress::{Counters, Progress};
use super::report::{Outcome, Report};
use super::signals::Signals;
use super::sweeper::SecondProcess;
use crate::file::Opened;
use crate::os::{Publishing, Sweeper};
use crate::sampled::Onlooker;
use crate::{Error, Existing, FileOptions, FormatError, text, turn};
use ahead::Ahead;
use board::Board;
use pool::{pool, threads};
use stdout::stdout;
pub(super) use summary::{bytes_shown, counted};

/// A file begins only if no more than this many before it are still without a result, so that
/// results which wait for their turn take bounded memory.
const WINDOW: usize = 1 << 14;

/// Where a thread may take less for its part of a picture, its buffer is not made of large pages,
/// to which it would be rounded up.
const ROOMY: u64 = 16 << 20;

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
        turned: Mutex::default(),
        next: AtomicUsize::new(0),
        ahead: Mutex::default(),
        readers: AtomicUsize::new(0),
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
    let is_roomy = |bytes: u64| bytes / config.workers as u64 >= ROOMY;
    if config.max_memory.is_none_or(is_roomy) {
        crate::os::pages::allow();
    }
    let begun = Instant::now();
    match pool {
        Some(pool) => drop(pool.broadcast(|_| batch.work())),
        None => batch.rehearse(),
    }
    Ok(batch.finish(begun.elapsed()))
}

struct Batch<'a> {
    plan: &'a Plan,
    config: &'a Config,
    signals: &'a Signals,
    counters: &'a Counters,
    sweeper: Arc<SecondProcess>,
    /// The page that was asked for.
    page: Option<Page>,
    /// Files that are turned and whose pictures are to be made.
    turned: Mutex<Vec<(usize, Onlooker)>>,
    /// The first job that nobody has begun.
    next: AtomicUsize,
    /// Some input had to be waited for: the next ones are asked for ahead.
    cold: AtomicBool,
    ahead: Mutex<Ahead>,
    /// Threads that read through an input.
    readers: AtomicUsize,
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

impl Batch<'_> {
    /// What each thread does until there is nothing left.
    fn work(&self) {
        self.turn_files();
        while let Some((at, onlooker)) = self.pop_turned() {
            self.look_at(at, onlooker);
        }
    }

    /// Turns one file after another.
    fn turn_files(&self) {
        loop {
            // A large picture comes first, for all of its bands that are still to be had.
            while self.large_waiting.load(Ordering::Relaxed) > 0
                && rayon::yield_now() == Some(Yield::Executed)
            {}
            if self.stopped() {
                return;
            }
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if at >= self.plan.jobs.len() {
                return;
            }
            self.wait_for_window(at);
            if self.cold.load(Ordering::Relaxed) {
                self.read_ahead(at);
            }
            let onlooker = self.page.as_ref().and_then(|page| page.onlooker(at));
            let (outcome, bytes) = self.turn(at, onlooker.as_ref());
            let done = matches!(outcome, Outcome::Done { .. });
            self.put(at, outcome, bytes);
            if let (Some(onlooker), true) = (onlooker, done) {
                self.look_at_in_time(at, onlooker);
            }
        }
    }

    /// Has a file's picture made: now, while both files are in this thread's cache, or, where few
    /// files are left, by the threads that find no more of them.
    fn look_at_in_time(&self, at: usize, onlooker: Onlooker) {
        let begun = self.next.load(Ordering::Relaxed);
        if self.plan.jobs.len().saturating_sub(begun) > rayon::current_num_threads() {
            self.look_at(at, onlooker);
        } else {
            self.turned().push((at, onlooker));
        }
    }

    fn look_at(&self, at: usize, onlooker: Onlooker) {
        if let Some(page) = &self.page {
            page.look_at(at, self.plan, &self.plan.jobs[at], onlooker);
        }
    }

    fn pop_turned(&self) -> Option<(usize, Onlooker)> {
        self.turned().pop()
    }

    fn turned(&self) -> MutexGuard<'_, Vec<(usize, Onlooker)>> {
        self.turned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the disk busy with the files after `at`.
    fn read_ahead(&self, at: usize) {
        // One thread at a time is enough, and none waits for it.
        if let Ok(mut ahead) = self.ahead.try_lock() {
            ahead.ask(&self.plan.jobs, at);
        }
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
        if self.is_refused(&output) {
            let name = output.file_name().map_or(&*output, Path::new);
            return Err(Error::OutputExists(text::shown(name)).to_string());
        }
        Ok(())
    }

    /// Whether the output is there already and must stay as it is.
    fn is_refused(&self, output: &Path) -> bool {
        self.config.existing == Existing::Refuse && output.symlink_metadata().is_ok()
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
    fn turn(&self, at: usize, onlooker: Option<&Onlooker>) -> (Outcome, u64) {
        let job = &self.plan.jobs[at];
        let turn = AssertUnwindSafe(|| self.turn_file(at, job, onlooker));
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
        at: usize,
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
        let mut opened = Opened::open(Path::new(&*job.input), job.regular)?;
        if opened.is_cold() {
            self.cold.store(true, Ordering::Relaxed);
            if opened.is_to_be_read_through() && !self.is_refused(&output) {
                let _reader = self.as_a_reader()?;
                opened.read_through(&output, &options)?;
            }
            self.read_ahead(at);
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
        let _turn = self.helping_until(|| match self.large.try_lock() {
            Ok(turn) => Some(turn),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })?;
        work()
    }

    /// Waits to be one of the threads that read through a larger input at a time: half of them, so
    /// that the disk is busy while the others turn what has been read.
    fn as_a_reader(&self) -> crate::Result<Reader<'_>> {
        let most = (rayon::current_num_threads() / 2).max(1);
        self.helping_until(|| {
            let add = |readers| (readers < most).then_some(readers + 1);
            let added = self
                .readers
                .fetch_update(Ordering::Acquire, Ordering::Relaxed, add);
            added.is_ok().then(|| Reader(&self.readers))
        })
    }

    /// Works on other threads' pictures until there is what is waited for.
    fn helping_until<T>(&self, mut take: impl FnMut() -> Option<T>) -> crate::Result<T> {
        loop {
            if let Some(taken) = take() {
                return Ok(taken);
            }
            if self.signals.stop().load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            if rayon::yield_now() != Some(Yield::Executed) {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }
}

/// Counts as a reader until it is dropped.
struct Reader<'a>(&'a AtomicUsize);

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
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
