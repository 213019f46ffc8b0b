//! Standard output, as results are written to it.

use std::io::{self, BufWriter, Write};

/// Standard output without the line-wise flushing of [`io::stdout`].
///
/// One that is closed from the start (`>&-`) has been opened as `/dev/null` before `main`, by the
/// language's runtime, and cannot be told from one that the caller has sent there; so it counts
/// as written.
#[cfg(unix)]
pub(super) struct Stdout;

#[cfg(unix)]
impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, poll};
        use rustix::io::Errno;
        let stdout = rustix::stdio::stdout();
        loop {
            match rustix::io::write(stdout, bytes) {
                // Whoever shares the pipe with this process may have it refuse to wait.
                Err(Errno::AGAIN) => {
                    match poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None) {
                        Ok(_) | Err(Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                other => return Ok(other?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
pub(super) use io::Stdout;

pub(super) fn stdout() -> BufWriter<Stdout> {
    #[cfg(unix)]
    let raw = Stdout;
    #[cfg(not(unix))]
    let raw = io::stdout();
    BufWriter::with_capacity(64 << 10, raw)
}
