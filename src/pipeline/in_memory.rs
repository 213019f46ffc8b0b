//! Rotating a bitmap in memory.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::source::Source;
use super::{FileOptions, Layout, rotate_into};
use crate::bmp::decode::Decoding;
use crate::bmp::header::{HEADER_BYTES, Header};
use crate::bmp::samples::mean;
use crate::error::Result;
use crate::io::default_max_memory;
use crate::memory::zeroed;

/// A bitmap rotated in memory.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rotated {
    /// The rotated bitmap: a whole file.
    pub bytes: Vec<u8>,
    /// Pixels in a row of it.
    pub width: u32,
    /// Its rows.
    pub height: u32,
    /// The mean of the red, green and blue samples of all pixels, as 8-bit samples.
    pub mean: f64,
    /// What of the input is not in it, in words, such as further pictures of a bitmap array or a
    /// gap that is too large.
    pub left_out: Vec<String>,
}

/// Rotates a bitmap in memory 90° clockwise.
///
/// `bitmap` is a whole BMP file. The result keeps its depth, header version, palette, masks,
/// colour profile, row order and any data after the pixels; compressed pixels become
/// uncompressed ones of the same depth.
///
/// # Errors
///
/// [`Error::Format`](crate::Error::Format) where `bitmap` is corrupt or no bitmap,
/// [`Error::Unsupported`](crate::Error::Unsupported) where it is of a kind that is not rotated,
/// [`Error::Memory`](crate::Error::Memory) where the rotated picture does not fit into the memory
/// that this process may use.
///
/// # Examples
///
/// A picture of two pixels, blue beside red, becomes blue above red:
///
/// ```
/// let mut bitmap = b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
/// bitmap.resize(54, 0);
/// bitmap.extend([255, 0, 0, /* the second pixel */ 0, 0, 255, /* padding */ 0, 0]);
///
/// let rotated = rot90::rotate(&bitmap)?;
///
/// assert_eq!((rotated.width, rotated.height), (1, 2));
/// assert_eq!(rotated.mean, 85.0);
/// // Rows are stored from the bottom up: red, padded to four bytes, then blue.
/// assert_eq!(rotated.bytes[54..], [0, 0, 255, 0, 255, 0, 0, 0]);
/// # Ok::<(), rot90::Error>(())
/// ```
pub fn rotate(bitmap: &[u8]) -> Result<Rotated> {
    rotate_decoding(bitmap, default_max_memory)
}

/// [`rotate`] with a bound on the bytes that decoding a compressed picture may take.
///
/// # Errors
///
/// As [`rotate`].
pub fn rotate_within(bitmap: &[u8], max_memory: u64) -> Result<Rotated> {
    rotate_decoding(bitmap, || max_memory)
}

/// Asks for the bound where there is something to decode: asking the system takes as long as
/// rotating a small picture.
fn rotate_decoding(bitmap: &[u8], max_memory: impl FnOnce() -> u64) -> Result<Rotated> {
    let size = bitmap.len() as u64;
    let header = Header::parse(&bitmap[..bitmap.len().min(HEADER_BYTES)], size)?;
    let part = |range: Range<u64>| &bitmap[range.start as usize..range.end as usize];
    let data = part(header.data_range(size));
    let mut left_out = header.left_out(size);
    let decoded;
    let (rows, bits_per_pixel) = if header.compression.is_uncompressed() {
        header.check_pixels(size)?;
        (data, header.bits_per_pixel)
    } else {
        let decoding = Decoding::new(&header, data)?;
        left_out.extend(decoding.left_out());
        decoded = decoding.decode(&header, data, 0, max_memory())?;
        (&decoded[..], decoding.bits_per_pixel)
    };
    let layout = Layout::new(&header, part(header.prefix_range()), bits_per_pixel, size)?;
    let output = Mutex::new(zeroed(layout.out_size())?);
    let write = |bytes: &[u8], offset: u64| {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        output[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    };
    let sum = rotate_into(
        &layout,
        &Source::Owned(rows),
        &write,
        &FileOptions::default(),
    )?;
    write(part(layout.tail.clone()), layout.tail_offset())?;
    Ok(Rotated {
        bytes: output.into_inner().unwrap_or_else(PoisonError::into_inner),
        width: header.height,
        height: header.width,
        mean: mean(sum, header.width, header.height),
        left_out,
    })
}
