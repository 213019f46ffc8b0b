//! Run-length data (`BI_RLE4`, `BI_RLE8`, OS/2's `BCA_RLE24`), decoded to uncompressed rows.

use std::ops::Range;

use super::{DecodedRows, truncated};
use crate::error::Result;

/// Decodes run-length data into `rows`, which come in the order of the data, and whose depth tells
/// which kind it is: indices of 4 or 8 bits, or 24 bits of blue, green and red.
///
/// Pixels that the data skips keep index 0. Pixels beyond the end of a row are left out, because
/// `ImageMagick` and others encode the row's padding too, and so is all that comes after the last
/// row. The padding of a literal may be missing at the very end of the data, and so may the
/// end-of-bitmap mark once the last row is complete.
///
/// The codes are those of "Bitmap Compression" in the Windows GDI documentation and of
/// `BITMAPINFO2` in that of the OS/2 Presentation Manager. The count of a `BCA_RLE24` literal is
/// in pixels, padded to an even number of bytes.
///
/// # Errors
///
/// Where the data ends before the last row is complete, without saying that the rest is undefined.
pub(super) fn decode(data: &[u8], rows: &mut DecodedRows<'_>) -> Result<()> {
    let height = rows.height();
    // An instruction of a few bytes moves the place by 255 at most, so that it cannot overflow.
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut codes = data;
    while row < height {
        match Code::take(rows.bits_per_pixel, &mut codes) {
            Some(Code::EndOfLine) => (row, column) = (row + 1, 0),
            Some(Code::EndOfBitmap) => return Ok(()),
            Some(Code::Delta(right, down)) => {
                column += usize::from(right);
                row += usize::from(down);
            }
            Some(Code::Pixels(length, bytes)) => {
                let end = column + usize::from(length);
                put_pixels(rows, row, column..end, bytes);
                column = end;
            }
            // Without an end-of-bitmap mark, perhaps in the middle of a code.
            None if row + 1 == height && column >= rows.width => return Ok(()),
            None => {
                return Err(truncated(format!(
                    "the run-length data ends after {} bytes at column {column} of row {row}; the \
                     picture has {height} rows of {} pixels",
                    data.len(),
                    rows.width
                )));
            }
        }
    }
    Ok(())
}

/// An instruction of the data.
enum Code<'a> {
    EndOfLine,
    EndOfBitmap,
    /// Columns to the right and rows down.
    Delta(u8, u8),
    /// How many, and all of a literal; of a run the one, or of 4 bits the two, that are repeated.
    Pixels(u8, &'a [u8]),
}

impl<'a> Code<'a> {
    /// The next code, taken off the data; `None` where the data ends first.
    fn take(bits_per_pixel: usize, data: &mut &'a [u8]) -> Option<Self> {
        let length = *data.split_off_first()?;
        if length > 0 {
            let bytes = data.split_off(..bits_per_pixel.div_ceil(8))?;
            return Some(Self::Pixels(length, bytes));
        }
        Some(match *data.split_off_first()? {
            0 => Self::EndOfLine,
            1 => Self::EndOfBitmap,
            2 => Self::Delta(*data.split_off_first()?, *data.split_off_first()?),
            length => {
                let bits = usize::from(length) * bits_per_pixel;
                let bytes = data.split_off(..bits.div_ceil(8))?;
                if bytes.len() % 2 == 1 {
                    let _padding = data.split_off_first();
                }
                Self::Pixels(length, bytes)
            }
        })
    }
}

/// Writes the pixels of a run or literal that lie inside the row.
fn put_pixels(rows: &mut DecodedRows<'_>, row: usize, columns: Range<usize>, bytes: &[u8]) {
    let row = &mut rows.bytes[row * rows.stride_bytes..][..rows.stride_bytes];
    let end = columns.end.min(rows.width);
    let begin = columns.start.min(end);
    if rows.bits_per_pixel == 4 {
        for (at, column) in (begin..end).enumerate() {
            let pair = bytes.get(at / 2).unwrap_or(&bytes[0]);
            let index = if at % 2 == 0 { pair >> 4 } else { pair & 0x0f };
            let byte = &mut row[column / 2];
            *byte = if column % 2 == 0 {
                index << 4 | *byte & 0x0f
            } else {
                *byte & 0xf0 | index
            };
        }
        return;
    }
    let pixel_bytes = rows.bits_per_pixel / 8;
    let target = &mut row[begin * pixel_bytes..end * pixel_bytes];
    match *bytes {
        [index] => target.fill(index),
        [blue, green, red] if pixel_bytes == 3 => {
            target.as_chunks_mut().0.fill([blue, green, red]);
        }
        _ => target.copy_from_slice(&bytes[..target.len()]),
    }
}
