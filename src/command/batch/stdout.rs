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
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
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
