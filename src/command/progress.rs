//! The bar and the messages on standard error, which never tear each other.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use super::cli::When;
use super::plan::Plan;
use crate::text;

/// What the bar shows, counted by those who do the work.
#[derive(Default)]
pub(crate) struct Counters {
    /// Bytes of pixels turned.
    pub(crate) bytes: AtomicU64,
    /// Files reported.
    pub(crate) files: AtomicU64,
}

/// Messages to a person, with a bar where there is a terminal.
pub(crate) struct Progress {
    bar: Option<Bar>,
}

struct Bar {
    shown: ProgressBar,
    over: Arc<AtomicBool>,
    ticker: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins, with a bar if `when` says so.
    pub(crate) fn begin(when: When, plan: &Plan, counters: &Arc<Counters>) -> Self {
        let shown = match when {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                io::stderr().is_terminal()
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self {
            bar: shown.then(|| Bar::begin(plan, counters)),
        }
    }

    /// Writes a line, in the place of the bar if there is one; the bar comes back below.
    pub(crate) fn say(&self, message: &str) {
        let line = format!("rot90: {}\n", text::shown_text(message));
        let write = || {
            let _ = io::stderr().lock().write_all(line.as_bytes());
        };
        if self.bar.is_some() {
            without_bar(&mut Drawn::lock(), write);
        } else {
            write();
        }
    }

    /// Removes the bar.
    pub(crate) fn end(&mut self) {
        if let Some(bar) = &mut self.bar {
            bar.over.store(true, Ordering::Relaxed);
            if let Some(ticker) = bar.ticker.take() {
                ticker.thread().unpark();
                let _ = ticker.join();
            }
            bar.shown.finish_and_clear();
        }
        self.bar = None;
    }
}

impl Bar {
    fn begin(plan: &Plan, counters: &Arc<Counters>) -> Self {
        let is_terminal = io::stderr().is_terminal();
        // Where nobody looks, it was asked for, such as for a log that keeps it.
        let times_a_second = if is_terminal { 20 } else { 2 };
        let line = Line::default();
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(line), times_a_second);
        // Coloured or not as standard error is, wherever the results go.
        console::set_colors_enabled(console::colors_enabled_stderr());
        *Drawn::lock() = Drawn {
            among_results: meets_results(),
            ..Drawn::NOTHING
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let files = plan.jobs.len();
        let mut layout = layout(columns());
        bar.set_style(style(layout, files, counters));
        let over = Arc::new(AtomicBool::new(false));
        let ticker = {
            let (bar, over, counters) = (bar.clone(), Arc::clone(&over), Arc::clone(counters));
            // The sizes are looked up beside the work, so that the work need not wait for them.
            let inputs: Vec<_> = plan.jobs.iter().map(|job| job.input.clone()).collect();
            std::thread::Builder::new()
                .name("progress".to_owned())
                .spawn(move || {
                    let mut inputs = inputs.into_iter();
                    while !over.load(Ordering::Relaxed) {
                        // The window may have another size by now.
                        let now = self::layout(columns());
                        if now != layout {
                            layout = now;
                            bar.set_style(style(layout, files, &counters));
                        }
                        let mut total = 0;
                        for input in inputs.by_ref().take(4096) {
                            total +=
                                std::fs::metadata(&*input).map_or(0, |metadata| metadata.len());
                        }
                        bar.inc_length(total);
                        bar.set_position(counters.bytes.load(Ordering::Relaxed));
                        bar.tick();
                        if inputs.len() == 0 {
                            std::thread::park_timeout(Duration::from_millis(100));
                        }
                    }
                })
                .ok()
        };
        Self {
            shown: bar,
            over,
            ticker,
        }
    }
}

/// What stands beside the bar in so many columns: a bar that breaks into two lines leaves pieces
/// of itself behind.
fn layout(columns: u16) -> &'static str {
    match columns {
        76.. => {
            "{wide_bar:.cyan/blue} {decimal_bytes}/{decimal_total_bytes}  {files}  {rate}  {eta} left"
        }
        50.. => "{wide_bar:.cyan/blue} {files}  {eta} left",
        26.. => "{wide_bar:.cyan/blue} {percent}%  {eta} left",
        _ => "{percent}%",
    }
}

fn style(layout: &str, files: usize, counters: &Arc<Counters>) -> ProgressStyle {
    let counters = Arc::clone(counters);
    ProgressStyle::with_template(layout)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key(
            "files",
            move |_: &ProgressState, out: &mut dyn fmt::Write| {
                let done = counters.files.load(Ordering::Relaxed);
                let _ = write!(out, "{done}/{files} files");
            },
        )
        .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = write!(out, "{}/s", indicatif::DecimalBytes(state.per_sec() as u64));
        })
        .progress_chars("━╸─")
}

/// The width of the terminal, or what `COLUMNS` says where there is none.
fn columns() -> u16 {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(rustix::stdio::stderr())
        && size.ws_col > 0
    {
        return size.ws_col;
    }
    std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .filter(|&columns| columns > 0)
        .unwrap_or(80)
}

/// What of the bar is to be seen on standard error.
struct Drawn {
    /// The columns that it was drawn for; 0 if it is not there.
    columns: u16,
    /// As [`meets_results`] says.
    among_results: bool,
}

/// There is one standard error, to which whoever writes to it comes.
static DRAWN: Mutex<Drawn> = Mutex::new(Drawn::NOTHING);

impl Drawn {
    const NOTHING: Self = Self {
        columns: 0,
        among_results: false,
    };

    /// What erases it. The cursor waits in its first column, and a window made narrower meanwhile may
    /// have broken it into two lines.
    fn erasing(&self) -> &'static str {
        if columns() < self.columns {
            "\r\x1b[J"
        } else {
            "\r\x1b[2K"
        }
    }

    fn lock() -> std::sync::MutexGuard<'static, Self> {
        DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether what is said goes to a terminal as the results do: as a rule, to the same one.
pub(super) fn meets_results() -> bool {
    io::stderr().is_terminal() && io::stdout().is_terminal()
}

/// Writes lines where the bar is now. It is drawn again below them in a moment.
fn without_bar<T>(drawn: &mut Drawn, write: impl FnOnce() -> T) -> T {
    if drawn.columns > 0 {
        let _ = io::stderr().lock().write_all(drawn.erasing().as_bytes());
        drawn.columns = 0;
    }
    write()
}

/// Writes lines of results to standard output, which may be the bar's terminal.
pub(super) fn with_results<T>(write: impl FnOnce() -> T) -> T {
    let mut drawn = Drawn::lock();
    if !drawn.among_results {
        drop(drawn);
        return write();
    }
    without_bar(&mut drawn, write)
}

/// The bar's line, as it is put together; the cursor waits in its first column. `indicatif` alone
/// would leave the cursor at the end, where results would go on, and where a narrower window
/// would leave the first part of a broken line behind.
#[derive(Debug, Default)]
struct Line(Mutex<String>);

impl Line {
    fn text(&self) -> std::sync::MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TermLike for Line {
    fn width(&self) -> u16 {
        columns()
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.write_str(line)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.text().push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.text().clear();
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let text = std::mem::take(&mut *self.text());
        let text = text.trim_start_matches('\r');
        let mut drawn = Drawn::lock();
        if text.trim().is_empty() {
            without_bar(&mut drawn, || ());
            return Ok(());
        }
        let columns = columns();
        let begin = if drawn.columns == 0 || drawn.columns == columns {
            "\r"
        } else {
            drawn.erasing()
        };
        drawn.columns = columns;
        let line = format!("{begin}{text}\r");
        io::stderr().lock().write_all(line.as_bytes())
    }
}
