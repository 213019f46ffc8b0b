//! SIGINT, SIGTERM and SIGHUP end the run in order; SIGXFSZ does not end it at all.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::limits;

/// What signals have said so far.
pub(crate) struct Signals {
    stop: Arc<AtomicBool>,
    number: Arc<AtomicUsize>,
}

impl Signals {
    /// Takes over the signals. The first one asks for an end; a second one is the end, which
    /// leaves nothing behind since outputs under way have no name.
    #[cfg(unix)]
    pub(crate) fn install() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
        use signal_hook::flag;
        use signal_hook::low_level::pipe;
        use std::os::unix::net::UnixStream;
        let signals = Self {
            stop: Arc::default(),
            number: Arc::default(),
        };
        // Where the pictures need all files, or neither files nor a thread are to be had for it, the
        // second signal ends it here.
        let watched = if limits::open_files() < 64 {
            [None, None, None]
        } else {
            UnixStream::pair()
                .and_then(|(reader, writer)| {
                    let writers = [writer.try_clone()?, writer.try_clone()?, writer];
                    signals.watch(reader).map(|()| writers.map(Some))
                })
                .unwrap_or_default()
        };
        for (signal, writer) in [SIGINT, SIGTERM, SIGHUP].into_iter().zip(watched) {
            // Who starts a program with nohup means it to outlive the terminal.
            if signal == SIGHUP && is_ignored(signal) {
                continue;
            }
            if let Some(writer) = writer {
                pipe::register(signal, writer)?;
            } else {
                flag::register_conditional_shutdown(
                    signal,
                    128 + signal,
                    Arc::clone(&signals.stop),
                )?;
            }
            flag::register_usize(signal, Arc::clone(&signals.number), signal as usize)?;
            flag::register(signal, Arc::clone(&signals.stop))?;
        }
        // Beyond the limit on file sizes a write fails, and that is the file's error.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(signals)
    }

    /// Ends the process soon after the second signal, should it not have ended by then: the first
    /// one lets it finish its results, which takes no time unless something is stuck.
    #[cfg(unix)]
    fn watch(&self, mut signals: std::os::unix::net::UnixStream) -> io::Result<()> {
        use std::io::Read as _;
        const GRACE: std::time::Duration = std::time::Duration::from_millis(100);
        let number = Arc::clone(&self.number);
        std::thread::Builder::new()
            .name("rot90-signals".to_owned())
            .stack_size(64 << 10)
            .spawn(move || {
                // A byte a signal.
                if signals.read_exact(&mut [0; 2]).is_ok() {
                    std::thread::sleep(GRACE);
                    signal_hook::low_level::exit(128 + number.load(Ordering::SeqCst) as i32);
                }
            })
            .map(drop)
    }

    /// Other systems end the process by themselves.
    #[cfg(not(unix))]
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self {
            stop: Arc::default(),
            number: Arc::default(),
        })
    }

    /// Reads a list to its end, or until a signal comes; `-` is standard input.
    #[cfg(unix)]
    pub(crate) fn read_list(&self, list: &Path) -> io::Result<Vec<u8>> {
        use rustix::fs::{Mode, OFlags, open};
        if list.as_os_str() == "-" {
            return self.read_to_end(rustix::stdio::stdin());
        }
        // Opening a pipe that nobody writes to would otherwise wait, through all signals.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        self.read_to_end(open(list, flags, Mode::empty())?)
    }

    #[cfg(unix)]
    fn read_to_end(&self, file: impl std::os::fd::AsFd) -> io::Result<Vec<u8>> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        use rustix::io::Errno;
        const WAIT: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        let mut bytes = Vec::new();
        let mut piece = vec![0; 64 << 10];
        while !self.stop.load(Ordering::Relaxed) {
            // A read alone would go on after the signal.
            match poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&WAIT)) {
                Ok(0) | Err(Errno::INTR) => continue,
                other => other?,
            };
            match rustix::io::read(&file, &mut piece[..]) {
                Ok(0) => break,
                Ok(count) => bytes.extend_from_slice(&piece[..count]),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(bytes)
    }

    /// Reads a list to its end; `-` is standard input.
    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "other systems use it")]
    pub(crate) fn read_list(&self, list: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if list.as_os_str() == "-" {
            io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes)?;
        } else {
            bytes = std::fs::read(list)?;
        }
        Ok(bytes)
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

/// Whether whoever started this process has it ignore the signal.
#[cfg(unix)]
#[allow(unsafe_code)]
fn is_ignored(signal: i32) -> bool {
    // SAFETY: a `sigaction` of zeros is valid, and the call only fills it in.
    unsafe {
        let mut action = std::mem::zeroed::<libc::sigaction>();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}
