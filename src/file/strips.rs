//! What is written strip by strip: turned columns, then the colour profile.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::FileOptions;
use crate::bmp::header::Header;
use crate::error::{Error, Result};
use crate::os::Input;
use crate::strip::{StripWriter, Turn};

/// Turns `columns` strip by strip into `writer`.
pub(super) fn turn_columns<F: FnMut(&[u8], u64) -> Result<()>>(
    turn: &Turn,
    rows: &[u8],
    stride: usize,
    base: usize,
    columns: Range<usize>,
    writer: &mut StripWriter<'_, F>,
    options: &FileOptions<'_>,
) -> Result<u64> {
    let mut sum = 0;
    for columns in turn.chunks(columns, turn.strip_rows()) {
        stop_if_cancelled(options)?;
        let out = writer.room(columns.len() * turn.out_stride)?;
        let bytes = out.len();
        sum += turn.turn(rows, stride, base, columns, out);
        if let Some(done) = options.bytes_done {
            done.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }
    Ok(sum)
}

pub(super) fn stop_if_cancelled(options: &FileOptions<'_>) -> Result<()> {
    match options.cancel {
        Some(cancel) if cancel.load(Ordering::Relaxed) => Err(Error::Interrupted),
        _ => Ok(()),
    }
}

/// Copies the colour profile behind the pixels.
pub(super) fn append_profile<F: FnMut(&[u8], u64) -> Result<()>>(
    input: &Input,
    header: &Header,
    writer: &mut StripWriter<'_, F>,
) -> Result<()> {
    const PIECE: u64 = 256 << 10;
    let Some(profile) = header.profile else {
        return Ok(());
    };
    let mut done = 0;
    while done < profile.size {
        let piece = PIECE.min(profile.size - done);
        input.read_exact(writer.room(piece as usize)?, profile.offset + done)?;
        done += piece;
    }
    Ok(())
}
