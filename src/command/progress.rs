//! The bar and the messages on standard error, which never tear each other.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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

/// Messages to a person, with a bar above the prompt where there is a terminal.
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

    /// Writes a line, above the bar if there is one.
    pub(crate) fn say(&self, message: &str) {
        let line = format!("rot90: {}\n", text::shown_text(message));
        let write = || {
            let _ = io::stderr().lock().write_all(line.as_bytes());
        };
        match &self.bar {
            Some(bar) => bar.shown.suspend(write),
            None => write(),
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
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            // Asked for where nobody looks, such as a log that keeps it.
            ProgressDrawTarget::term_like_with_hz(Box::new(Log), 2)
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
        _ => "{wide_bar:.cyan/blue} {percent}%  {eta} left",
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
        .unwrap_or(80)
}

/// Standard error, treated as a terminal though it is none.
#[derive(Debug)]
struct Log;

impl TermLike for Log {
    fn width(&self) -> u16 {
        columns()
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.write_str(&"\x1b[A".repeat(lines))
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.write_str(&"\n".repeat(lines))
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.write_str(&"\x1b[C".repeat(columns))
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.write_str(&"\x1b[D".repeat(columns))
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.write_str(line)?;
        self.write_str("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        io::stderr().lock().write_all(text.as_bytes())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write_str("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
