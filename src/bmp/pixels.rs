//! Compressed pixels, expanded in memory to the plain ones that are turned.

use super::embedded::{self, Embedded, Rows};
use super::header::{Compression, Header, stride_bytes};
use super::huffman;
use super::rle::{self, RunLength};
use crate::error::{Error, FormatError, Result};

/// Compressed pictures up to this size are expanded whatever their data can justify.
const ALWAYS_EXPANDED: u64 = 64 << 20;

/// Plain pixels in memory, rows as they would lie in an uncompressed file.
pub(crate) struct Plain {
    pub(crate) bytes: Vec<u8>,
    pub(crate) bits_per_pixel: u32,
}

/// Bytes that the pixels of `header` take once they are plain.
pub(crate) fn plain_bytes(header: &Header, bits_per_pixel: u32) -> u64 {
    stride_bytes(header.width, bits_per_pixel).saturating_mul(u64::from(header.height))
}

/// Expands the compressed pixels of `header`, which begin with `data`.
///
/// # Errors
///
/// Where the data is damaged, where it cannot justify the picture it promises, and where the
/// expanded picture would take more than `max_memory` bytes.
pub(crate) fn expand(header: &Header, data: &[u8], max_memory: u64) -> Result<Plain> {
    let embedded = match header.compression {
        Compression::Jpeg => Some((Embedded::Jpeg, "JPEG")),
        Compression::Png => Some((Embedded::Png, "PNG")),
        _ => None,
    };
    let bits_per_pixel = match embedded {
        None => header.bits_per_pixel,
        Some((kind, name)) => {
            let (width, height, alpha) = embedded::dimensions(kind, data).map_err(damaged)?;
            if (width, height) != (header.width, header.height) {
                return Err(damaged(format!(
                    "the embedded {name} picture is {width} x {height}, the header says {} x {}",
                    header.width, header.height
                )));
            }
            if alpha { 32 } else { 24 }
        }
    };
    let size = plain_bytes(header, bits_per_pixel);
    match embedded {
        // Its own headers say more: a byte of a blank page may stand for tens of thousands.
        Some((kind, _)) => embedded::check_justified(kind, data).map_err(damaged)?,
        None => check_justified(header, data.len() as u64, size)?,
    }
    if size > max_memory {
        return Err(Error::Memory(format!(
            "needs {size} bytes of memory to expand {} x {} pixels, {max_memory} are allowed",
            header.width, header.height
        )));
    }
    let mut bytes = zeroed(size)?;
    let stride = stride_bytes(header.width, bits_per_pixel) as usize;
    let (width, height) = (header.width as usize, header.height as usize);
    let run_length = |kind, bytes: &mut [u8]| {
        // Without an end mark the data may still end where the header says, before a profile.
        let stated = data.get(..header.image_size as usize).unwrap_or_default();
        if !stated.is_empty() {
            if rle::expand(kind, stated, width, height, stride, bytes).is_ok() {
                return Ok(());
            }
            // That size is wrong, or the data is.
            bytes.fill(0);
        }
        rle::expand(kind, data, width, height, stride, bytes).map_err(damaged)
    };
    match (header.compression, embedded) {
        (Compression::Rle8, _) => run_length(RunLength::Rle8, &mut bytes)?,
        (Compression::Rle4, _) => run_length(RunLength::Rle4, &mut bytes)?,
        (Compression::Rle24, _) => run_length(RunLength::Rle24, &mut bytes)?,
        (Compression::Huffman1D, _) => {
            huffman::expand(data, width, height, stride, &mut bytes).map_err(damaged)?;
        }
        (_, Some((kind, _))) => {
            let rows = Rows {
                width,
                height,
                bits_per_pixel,
                stride_bytes: stride,
                bottom_up: !header.top_down,
            };
            embedded::expand(kind, data, rows, max_memory - size, &mut bytes).map_err(damaged)?;
        }
        _ => {
            return Err(Error::Internal(
                "plain pixels were to be expanded".to_owned(),
            ));
        }
    }
    Ok(Plain {
        bytes,
        bits_per_pixel,
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what map_err hands over"
)]
fn damaged(error: impl ToString) -> Error {
    Error::Format(FormatError::Compressed(error.to_string()))
}

/// Refuses a picture far larger than its data can define, before anything is allocated for it.
fn check_justified(header: &Header, data: u64, size: u64) -> Result<()> {
    // The most bytes of plain pixels that a byte of data can stand for.
    let most = match header.compression {
        // Two bytes: 255 pixels.
        Compression::Rle8 => 128,
        Compression::Rle4 => 64,
        // Four bytes: 255 pixels of three bytes.
        Compression::Rle24 => 192,
        // Six bits: 1,664 pixels, which take 208 bytes.
        _ => 280,
    };
    if size <= ALWAYS_EXPANDED || size / most <= data {
        return Ok(());
    }
    Err(Error::Format(FormatError::Compressed(format!(
        "{data} bytes of compressed pixels cannot define {} x {} pixels",
        header.width, header.height
    ))))
}

/// A zeroed buffer, or an error where there is no memory for it.
pub(crate) fn zeroed(size: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reserve(&mut bytes, size)?;
    bytes.resize(size as usize, 0);
    Ok(bytes)
}

/// Makes room for `size` bytes, or says that there is no memory for them.
pub(crate) fn reserve(bytes: &mut Vec<u8>, size: u64) -> Result<()> {
    usize::try_from(size)
        .ok()
        .and_then(|size| {
            bytes
                .try_reserve_exact(size.saturating_sub(bytes.len()))
                .ok()
        })
        .ok_or_else(|| {
            Error::Memory(format!(
                "needs {size} bytes of memory, more than there are to be had"
            ))
        })
}
