//! Turning a bitmap in memory.

use crate::bmp::header::{HEADER_BYTES, Header};
use crate::bmp::mean::mean;
use crate::bmp::pixels::{self, reserve};
use crate::error::{Error, FormatError, Result};
use crate::limits;
use crate::strip::Turn;

/// A bitmap turned in memory.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TurnedBitmap {
    /// The turned bitmap: a whole file.
    pub bytes: Vec<u8>,
    /// Pixels in a row of it.
    pub width: u32,
    /// Its rows.
    pub height: u32,
    /// The mean of the red, green and blue samples of all pixels, as 8-bit samples.
    pub mean: f64,
}

/// Turns a bitmap in memory a quarter turn clockwise.
///
/// `bitmap` is a whole BMP file. The result keeps its depth, header version, palette, masks,
/// colour profile and row order; compressed pixels become plain ones of the same depth.
///
/// # Errors
///
/// [`Error::Format`] where `bitmap` is damaged or no bitmap, [`Error::Unsupported`] where it is
/// of a kind that is not turned, [`Error::Memory`] where the turned picture has no room in the
/// memory that this process may use.
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
/// let turned = rot90::turn(&bitmap)?;
///
/// assert_eq!((turned.width, turned.height), (1, 2));
/// assert_eq!(turned.mean, 85.0);
/// // Rows are stored from the bottom up: red, padded to four bytes, then blue.
/// assert_eq!(turned.bytes[54..], [0, 0, 255, 0, 255, 0, 0, 0]);
/// # Ok::<(), rot90::Error>(())
/// ```
pub fn turn(bitmap: &[u8]) -> Result<TurnedBitmap> {
    turn_within(bitmap, limits::default_max_memory())
}

/// [`turn`] with a bound on the bytes that the plain pixels of a compressed picture may take.
///
/// # Errors
///
/// As [`turn`].
pub fn turn_within(bitmap: &[u8], max_memory: u64) -> Result<TurnedBitmap> {
    let size = bitmap.len() as u64;
    let header = Header::parse(&bitmap[..bitmap.len().min(HEADER_BYTES)], size)?;
    let plain;
    let (rows, bits_per_pixel) = if header.compression.is_plain() {
        header.check_pixels(size)?;
        (
            &bitmap[header.pixel_offset as usize..],
            header.bits_per_pixel,
        )
    } else {
        let data = bitmap.get(usize::try_from(header.pixel_offset).unwrap_or(usize::MAX)..);
        let data = data
            .filter(|data| !data.is_empty())
            .ok_or(FormatError::PixelsCut {
                needed: 1,
                offset: header.pixel_offset,
                available: size,
            })?;
        plain = pixels::expand(&header, data, max_memory)?;
        (&plain.bytes[..], plain.bits_per_pixel)
    };
    let prefix = header.prefix_range();
    let prefix = &bitmap[prefix.start as usize..prefix.end as usize];
    let mut bytes = header.rewritten(prefix, bits_per_pixel)?;
    let turn = Turn::new(&header, bits_per_pixel);
    let begin = bytes.len();
    let pixel_bytes = turn
        .out_stride
        .checked_mul(turn.width)
        .filter(|&pixels| pixels < isize::MAX as usize)
        .ok_or_else(|| {
            Error::Memory("the turned picture is larger than this machine's memory".to_owned())
        })?;
    let profile = header.profile.map_or(0..0, |profile| {
        profile.offset as usize..(profile.offset + profile.size) as usize
    });
    reserve(&mut bytes, (begin + pixel_bytes + profile.len()) as u64)?;
    bytes.resize(begin + pixel_bytes, 0);
    let stride = pixels_stride(&header, bits_per_pixel);
    let mut sum = 0;
    let mut at = begin;
    for columns in turn.chunks(0..turn.width, turn.strip_rows()) {
        let end = at + columns.len() * turn.out_stride;
        sum += turn.turn(rows, stride, 0, columns, &mut bytes[at..end]);
        at = end;
    }
    bytes.extend_from_slice(&bitmap[profile]);
    Ok(TurnedBitmap {
        bytes,
        width: header.height,
        height: header.width,
        mean: mean(sum, header.width, header.height),
    })
}

/// Bytes from one row of plain pixels to the next.
pub(crate) fn pixels_stride(header: &Header, bits_per_pixel: u32) -> usize {
    crate::bmp::header::stride_bytes(header.width, bits_per_pixel) as usize
}
