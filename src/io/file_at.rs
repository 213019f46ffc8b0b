//! Reads and writes at an offset, which several threads may do to one file at the same time.

use std::fs::File;
use std::io;

#[cfg(unix)]
use std::os::unix::fs::FileExt as _;
#[cfg(windows)]
use std::os::windows::fs::FileExt as _;

/// Reads some bytes at `offset`; 0 at the end of the file.
pub(super) fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    let read = file.read_at(bytes, offset);
    #[cfg(windows)]
    let read = match file.seek_read(bytes, offset) {
        // The end of the file, as ReadFile tells it of a handle that is read at an offset.
        Err(error) if error.raw_os_error() == Some(38) => Ok(0),
        other => other,
    };
    read
}

/// Writes all bytes at `offset`.
pub(super) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut written = 0;
    while written < bytes.len() {
        let at = offset + written as u64;
        #[cfg(unix)]
        let result = file.write_at(&bytes[written..], at);
        #[cfg(windows)]
        let result = file.seek_write(&bytes[written..], at);
        match result {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
