//! Raw pixels in memory: arrays of other libraries.

use std::ops::Range;

use super::{Kernel, Rotation, Rows, span};
use crate::error::PixelsError;

/// Where the pixels of a picture lie in memory.
///
/// The pixels of a row follow each other without gaps. Rows are a fixed number of bytes apart,
/// which may be negative, as in numpy's `array[::-1]`, or zero, as in what its `broadcast_to`
/// gives. [`rotate_pixels`] checks the numbers; no pixel needs any alignment.
#[derive(Clone, Copy, Debug)]
pub struct Pixels<'a> {
    /// The memory in which all pixels lie, and possibly other things.
    pub bytes: &'a [u8],
    /// Pixels in a row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// Bytes of a pixel, 1 to 16.
    pub pixel_bytes: usize,
    /// Where in `bytes` the top row begins.
    pub offset: usize,
    /// Bytes from the start of a row to the start of the row below it.
    pub row_stride: isize,
}

impl<'a> Pixels<'a> {
    /// Rows from the top down, without gaps, from the start of `bytes`.
    pub fn packed(bytes: &'a [u8], width: usize, height: usize, pixel_bytes: usize) -> Self {
        let row_bytes = width.saturating_mul(pixel_bytes);
        Self {
            bytes,
            width,
            height,
            pixel_bytes,
            offset: 0,
            // Larger rows fit no slice, which is what the rotation will find.
            row_stride: row_bytes.try_into().unwrap_or(isize::MAX),
        }
    }

    /// Some of the columns, from which [`rotate_pixels`] makes some rows of the output.
    ///
    /// # Errors
    ///
    /// [`PixelsError::Input`] if there are no such columns.
    pub fn columns(&self, columns: Range<usize>) -> Result<Self, PixelsError> {
        let offset = columns
            .start
            .checked_mul(self.pixel_bytes)
            .and_then(|bytes| bytes.checked_add(self.offset));
        match offset {
            Some(offset) if columns.start <= columns.end && columns.end <= self.width => Ok(Self {
                offset,
                width: columns.end - columns.start,
                ..*self
            }),
            _ => Err(PixelsError::Input(format!(
                "there are no columns {} to {} in {}",
                columns.start, columns.end, self.width
            ))),
        }
    }

    /// The rows in the order of memory, if all of their pixels lie in `bytes`.
    fn rows(&self) -> Option<Rows<'a>> {
        let stride_bytes = self.row_stride.unsigned_abs();
        let row_bytes = self.width.checked_mul(self.pixel_bytes)?;
        let bytes = span(self.height, stride_bytes, row_bytes)?;
        let upwards = self.row_stride < 0;
        let before = if upwards { bytes - row_bytes } else { 0 };
        let start = self.offset.checked_sub(before)?;
        Some(Rows {
            bytes: self.bytes.get(start..)?.get(..bytes)?,
            stride_bytes,
            rows: self.height,
            // The bottom row becomes the first column of the output.
            last_row_first: !upwards,
        })
    }
}

/// Rotates a picture by 90° clockwise, in memory, with one thread.
///
/// The output has `input.width` rows of `input.height` pixels, from the top down: its pixel
/// (row c, column `input.height - 1 - r`) is the input's pixel (row r, column c). Its rows begin
/// `output_stride` bytes apart, the first at the start of `output`; what lies between them and
/// after the last is left as it is, so that `output` may be a part of a larger picture.
///
/// Pixels of 1, 2, 3, 4, 6, 8 and 12 bytes are rotated with vector instructions where the
/// processor has them, others about as fast as a compiler can copy them.
///
/// # Errors
///
/// [`PixelsError`] if the numbers do not fit each other or the slices; then nothing is written.
///
/// # Examples
///
/// ```
/// use rot90::{Pixels, rotate_pixels};
///
/// // Two rows of three pixels.
/// let input = Pixels::packed(b"abc\
///                              def", 3, 2, 1);
/// let mut output = [0; 6];
/// rotate_pixels(&input, &mut output, 2)?;
/// assert_eq!(&output, b"da\
///                       eb\
///                       fc");
///
/// // The same rows from the bottom up, two columns of them into rows of four bytes.
/// let upside_down = Pixels { offset: 3, row_stride: -3, ..input };
/// let mut output = *b"........";
/// rotate_pixels(&upside_down.columns(1..3)?, &mut output[1..], 4)?;
/// assert_eq!(&output, b".be.\
///                       .cf.");
/// # Ok::<(), rot90::PixelsError>(())
/// ```
///
/// Several threads share the work by taking some [`columns`](Pixels::columns) and the rows that
/// these become, as `chunks_mut` cuts the output.
pub fn rotate_pixels(
    input: &Pixels<'_>,
    output: &mut [u8],
    output_stride: usize,
) -> Result<(), PixelsError> {
    let &Pixels {
        width,
        height,
        pixel_bytes,
        ..
    } = input;
    if !matches!(pixel_bytes, 1..=16) {
        return Err(PixelsError::PixelBytes(pixel_bytes));
    }
    if width == 0 || height == 0 {
        return Ok(());
    }
    let rows = input.rows().ok_or_else(|| {
        PixelsError::Input(format!(
            "{height} rows of {width} pixels of {pixel_bytes} bytes, {} bytes apart from offset {} \
             on, do not lie within {} bytes",
            input.row_stride,
            input.offset,
            input.bytes.len()
        ))
    })?;
    let row_bytes = height.checked_mul(pixel_bytes);
    let Some(row_bytes) = row_bytes.filter(|&bytes| bytes <= output_stride) else {
        return Err(PixelsError::Output(format!(
            "{height} pixels of {pixel_bytes} bytes do not fit output rows {output_stride} bytes \
             apart"
        )));
    };
    if span(width, output_stride, row_bytes).is_none_or(|needed| needed > output.len()) {
        return Err(PixelsError::Output(format!(
            "{width} output rows of {row_bytes} bytes, {output_stride} bytes apart, do not lie \
             within {} bytes",
            output.len()
        )));
    }
    let rotation = Rotation {
        rows: &rows,
        first: 0,
        count: width,
        last_column_first: false,
        out_stride: output_stride,
    };
    rotation.rotate_bytes(Kernel::best(), pixel_bytes, output);
    Ok(())
}

#[cfg(test)]
#[path = "../../tests/unit/pixels.rs"]
mod tests;
