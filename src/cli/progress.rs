//! The progress bar, and what may be written while it is shown.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{DecimalBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{Config, When};
use super::messages::say;
use super::plan::Plan;

/// A bar that breaks into two lines leaves pieces of itself behind, so few columns have a short one.
const WIDE: &str = "{wide_bar:.cyan/blue} {decimal_bytes}/{decimal_total_bytes}  {msg}  \
                    {decimal_bytes_per_sec}  {eta} left";
const NARROW: &str = "{wide_bar:.cyan/blue} {percent}%";

/// What the bar shows, counted by those who do the work.
#[derive(Default)]
pub(crate) struct Counters {
    /// Bytes of the inputs that are rotated.
    pub(crate) bytes: AtomicU64,
    /// Files reported.
    pub(crate) files: AtomicU64,
}

/// A bar where there is a terminal, lines where there is none, or nothing.
pub(crate) struct Progress {
    bar: ProgressBar,
    ticker: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins to show the progress, if that is wanted.
    pub(crate) fn begin(config: &Config, plan: &Plan, counters: &Arc<Counters>) -> Self {
        let on_terminal = io::stderr().is_terminal()
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let is_wanted = match config.progress {
            When::Auto => on_terminal,
            When::Always => true,
            When::Never => false,
        };
        if config.quiet || !is_wanted {
            return Self { bar, ticker: None };
        }
        if on_terminal {
            // Coloured or not as standard error is, wherever the results go.
            console::set_colors_enabled(console::colors_enabled_stderr());
            let columns = console::Term::stderr().size().1;
            let layout = if columns < 80 { NARROW } else { WIDE };
            if let Ok(style) = ProgressStyle::with_template(layout) {
                bar.set_style(style.progress_chars("━╸─"));
            }
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        let inputs: Vec<_> = plan.jobs.iter().map(|job| job.input.clone()).collect();
        let (shown, counters) = (bar.clone(), Arc::clone(counters));
        // A bar is drawn; where there is no terminal for it, a line says where the work stands.
        let every = Duration::from_millis(if on_terminal { 100 } else { 1000 });
        let show = move || {
            // Sizes are looked up beside the work, so that the work need not wait for them.
            let size = |input| std::fs::metadata(input).map_or(0, |found| found.len());
            let wanted = inputs.iter().take_while(|_| !shown.is_finished());
            shown.set_length(wanted.map(|input| size(&**input)).sum());
            loop {
                std::thread::park_timeout(every);
                if shown.is_finished() {
                    return;
                }
                let bytes = counters.bytes.load(Ordering::Relaxed);
                let done = counters.files.load(Ordering::Relaxed);
                let files = format!("{done}/{} files", inputs.len());
                if on_terminal {
                    shown.set_message(files);
                    shown.set_position(bytes);
                } else {
                    say(&format!("{files}, {}", DecimalBytes(bytes)));
                }
            }
        };
        // Where there are no more threads, the work is done all the same.
        let ticker = std::thread::Builder::new().name("rot90-progress".to_owned());
        let ticker = ticker.spawn(show).ok();
        Self { bar, ticker }
    }

    /// Says a line, above the bar.
    pub(crate) fn say(&self, message: &str) {
        self.aside(|| say(message));
    }

    /// Writes whole lines to the terminal that the bar may be on.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Removes the bar.
    pub(crate) fn end(&mut self) {
        self.bar.finish_and_clear();
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            let _ = ticker.join();
        }
    }
}
