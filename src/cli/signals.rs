//! SIGINT, SIGTERM and SIGHUP end the run in order; SIGXFSZ does not end it at all.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[cfg(unix)]
use signal_hook::consts::{SIGINT, SIGTERM};
#[cfg(unix)]
use signal_hook::flag;

/// What signals have said so far.
pub(crate) struct Signals {
    stop: Arc<AtomicBool>,
    number: Arc<AtomicUsize>,
}

impl Signals {
    /// Takes over the signals. The first one asks for an end, and one that comes later is the end.
    pub(crate) fn install() -> io::Result<Self> {
        let signals = Self {
            stop: Arc::default(),
            number: Arc::default(),
        };
        signals.take_over()?;
        Ok(signals)
    }

    /// Ctrl-C, Ctrl-Break and the end of its window.
    #[cfg(not(unix))]
    fn take_over(&self) -> io::Result<()> {
        const INTERRUPT: usize = 2;
        let (stop, number) = (Arc::clone(&self.stop), Arc::clone(&self.number));
        let on_event = move || {
            if number.swap(INTERRUPT, Ordering::SeqCst) != 0 {
                std::process::exit(128 + INTERRUPT as i32);
            }
            stop.store(true, Ordering::SeqCst);
        };
        ctrlc::set_handler(on_event).map_err(io::Error::other)
    }

    #[cfg(unix)]
    fn take_over(&self) -> io::Result<()> {
        // Beyond the limit on file sizes a write fails, and that is the file's error.
        flag::register(signal_hook::consts::SIGXFSZ, Arc::default())?;
        // Where no thread can be had for the watch, the second one ends the run at once.
        let is_late = late_signals().unwrap_or_else(|_| Arc::clone(&self.stop));
        for signal in ending() {
            // Before the flags, so that no signal is its own successor.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&is_late))?;
            flag::register_usize(signal, Arc::clone(&self.number), signal as usize)?;
            flag::register(signal, Arc::clone(&self.stop))?;
        }
        Ok(())
    }

    /// Becomes true with the first signal.
    pub(crate) fn stop(&self) -> &AtomicBool {
        &self.stop
    }

    /// The exit code that tells of the signal, if there was one.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        match self.number.load(Ordering::SeqCst) {
            0 => None,
            number => Some(128 + number as u8),
        }
    }
}

/// The signals that end the run.
#[cfg(unix)]
fn ending() -> Vec<i32> {
    #[cfg(target_os = "linux")]
    if !is_hangup_ignored() {
        return vec![SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
    }
    vec![SIGINT, SIGTERM]
}

/// Whoever starts a program with nohup means it to outlive the terminal. Other systems do not tell
/// without unsafe code, so there SIGHUP is left as it is: an end at once, unless ignored.
#[cfg(target_os = "linux")]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal_hook::consts::SIGHUP - 1) & 1 == 1)
}

/// Becomes true a moment after the first signal: a terminal that closes may send several at once,
/// which ask for one end.
#[cfg(unix)]
fn late_signals() -> io::Result<Arc<AtomicBool>> {
    const MOMENT: std::time::Duration = std::time::Duration::from_millis(100);
    let is_late = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_late);
    let mut arriving = signal_hook::iterator::Signals::new(ending())?;
    let watch = move || {
        if arriving.forever().next().is_some() {
            std::thread::sleep(MOMENT);
            flag.store(true, Ordering::SeqCst);
        }
    };
    let thread = std::thread::Builder::new().name("rot90-signals".to_owned());
    thread.stack_size(64 << 10).spawn(watch)?;
    Ok(is_late)
}
