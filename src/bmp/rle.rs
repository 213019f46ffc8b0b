//! Run-length data (`BI_RLE4`, `BI_RLE8`, OS/2's `BCA_RLE24`) expanded to plain rows.

use thiserror::Error;

/// How a pixel is stored in run-length data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunLength {
    /// Indices of 4 bits: `BI_RLE4`, and `BCA_RLE4` of OS/2 2.x.
    Rle4,
    /// Indices of 8 bits: `BI_RLE8`, and `BCA_RLE8` of OS/2 2.x.
    Rle8,
    /// Blue, green, red of 8 bits each: `BCA_RLE24` of OS/2 2.x.
    Rle24,
}

impl RunLength {
    /// Bits a pixel takes once expanded: 4, 8 or 24.
    pub const fn bits_per_pixel(self) -> usize {
        match self {
            Self::Rle4 => 4,
            Self::Rle8 => 8,
            Self::Rle24 => 24,
        }
    }
}

/// Why run-length data cannot be expanded.
///
/// Offsets count from the first byte of the data, rows and columns from 0 in the order the data
/// runs: row 0 is the lowest row of a bottom-up bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RunLengthError {
    /// A run or a literal puts pixels beyond the right edge.
    #[error(
        "the run-length data at byte {offset} puts {length} pixels at column {column} of row {row}, \
         but a row has {width}"
    )]
    PastRowEnd {
        /// Where the run or literal stands in the data.
        offset: usize,
        /// The row it falls on.
        row: u64,
        /// The column of its first pixel.
        column: u64,
        /// Its length in pixels.
        length: usize,
        /// The pixels a row has.
        width: usize,
    },
    /// A run or a literal puts pixels on a row that the picture does not have.
    #[error(
        "the run-length data at byte {offset} puts {length} pixels on row {row}, \
         but there are {height} rows"
    )]
    PastLastRow {
        /// Where the run or literal stands in the data.
        offset: usize,
        /// The row it falls on.
        row: u64,
        /// Its length in pixels.
        length: usize,
        /// The rows the picture has.
        height: usize,
    },
    /// The data ends before the last row is complete, without saying that the rest is undefined.
    #[error(
        "the run-length data ends after {length} bytes at column {column} of row {row}; \
         the picture has {height} rows of {width} pixels"
    )]
    EndsEarly {
        /// Bytes of data there are.
        length: usize,
        /// The row that was reached.
        row: u64,
        /// The column that was reached.
        column: u64,
        /// The pixels a row has.
        width: usize,
        /// The rows the picture has.
        height: usize,
    },
    /// The caller's buffer is not `stride_bytes * height` bytes, or a row does not fit the stride.
    #[error(
        "a buffer of {length} bytes with rows of {stride_bytes} cannot take {height} rows of \
         {width} pixels"
    )]
    Buffer {
        /// Bytes of the buffer.
        length: usize,
        /// Bytes from row to row.
        stride_bytes: usize,
        /// The pixels a row has.
        width: usize,
        /// The rows the picture has.
        height: usize,
    },
}

/// Expands run-length data into plain rows.
///
/// `out` holds `height` rows of `stride_bytes` each, zeroed by the caller. Rows come in the order
/// of the data: its first row is the first of `out`, which is the lowest row of a bottom-up
/// bitmap. Pixels are packed as in an uncompressed bitmap: one byte each for [`RunLength::Rle8`],
/// two to a byte with the left one in the high half for [`RunLength::Rle4`], blue, green and red
/// for [`RunLength::Rle24`]. Pixels that the data skips keep what `out` held, index 0.
///
/// Ends of line and deltas may leave the picture, as long as no pixel is put outside. The padding
/// of a literal may be missing at the very end of the data, and so may the end-of-bitmap mark once
/// the last row is complete. Whatever follows the mark is ignored.
///
/// The time is linear in the data plus the output.
///
/// The codes are those of "Bitmap Compression" in the Windows GDI documentation and of
/// `BITMAPINFO2` in that of the OS/2 Presentation Manager. The count of a `BCA_RLE24` literal is
/// in pixels, padded to an even number of bytes.
///
/// # Errors
///
/// [`RunLengthError`] when a pixel would fall outside the picture, or when the data ends with
/// pixels missing. `out` then holds the rows expanded so far.
///
/// # Examples
///
/// ```
/// use rot90::bmp::rle::{RunLength, expand};
///
/// // Three pixels of 7, end of line, a literal of 1 2 3 (padded), end of bitmap.
/// let data = [3, 7, 0, 0, 0, 3, 1, 2, 3, 0, 0, 1];
/// let mut out = [0; 8];
/// expand(RunLength::Rle8, &data, 3, 2, 4, &mut out)?;
/// assert_eq!(out, [7, 7, 7, 0, 1, 2, 3, 0]);
/// # Ok::<(), rot90::bmp::rle::RunLengthError>(())
/// ```
pub fn expand(
    kind: RunLength,
    data: &[u8],
    width: usize,
    height: usize,
    stride_bytes: usize,
    out: &mut [u8],
) -> Result<(), RunLengthError> {
    let row_fits = width
        .checked_mul(kind.bits_per_pixel())
        .is_some_and(|bits| bits.div_ceil(8) <= stride_bytes);
    if !row_fits || stride_bytes.checked_mul(height) != Some(out.len()) {
        return Err(RunLengthError::Buffer {
            length: out.len(),
            stride_bytes,
            width,
            height,
        });
    }
    Canvas {
        out,
        stride_bytes,
        width,
        height,
        row: 0,
        column: 0,
    }
    .run(kind, data)
}

/// The picture being filled, and the place of the next pixel.
///
/// The place is kept in 64 bits: an instruction of two bytes moves it by 255 at most, so that no
/// data that fits in memory can overflow it.
struct Canvas<'a> {
    out: &'a mut [u8],
    stride_bytes: usize,
    width: usize,
    height: usize,
    row: u64,
    column: u64,
}

impl Canvas<'_> {
    fn run(mut self, kind: RunLength, data: &[u8]) -> Result<(), RunLengthError> {
        let mut at = 0;
        loop {
            let offset = at;
            let Some(&[first, second]) = data.get(at..at + 2) else {
                return self.end(data);
            };
            at += 2;
            match (first, second) {
                (0, 0) => {
                    self.row += 1;
                    self.column = 0;
                }
                (0, 1) => return Ok(()),
                (0, 2) => {
                    let Some(&[right, down]) = data.get(at..at + 2) else {
                        return self.end(data);
                    };
                    at += 2;
                    self.column += u64::from(right);
                    self.row += u64::from(down);
                }
                (0, count) => {
                    let length = usize::from(count);
                    let bytes = (length * kind.bits_per_pixel()).div_ceil(8);
                    let Some(literal) = data.get(at..at + bytes) else {
                        return self.end(data);
                    };
                    let (row, column) = self.claim(offset, length)?;
                    match kind {
                        RunLength::Rle4 => put_nibbles(row, column, length, literal),
                        RunLength::Rle8 => row[column..column + length].copy_from_slice(literal),
                        RunLength::Rle24 => {
                            row[3 * column..3 * (column + length)].copy_from_slice(literal);
                        }
                    }
                    at += bytes.next_multiple_of(2);
                }
                (count, colour) => {
                    let length = usize::from(count);
                    let rest: &[u8] = match kind {
                        RunLength::Rle24 => match data.get(at..at + 2) {
                            Some(rest) => rest,
                            None => return self.end(data),
                        },
                        RunLength::Rle4 | RunLength::Rle8 => &[],
                    };
                    at += rest.len();
                    let (row, column) = self.claim(offset, length)?;
                    match *rest {
                        [green, red] => {
                            let pixels = &mut row[3 * column..3 * (column + length)];
                            pixels.as_chunks_mut().0.fill([colour, green, red]);
                        }
                        _ if kind == RunLength::Rle4 => {
                            fill_nibbles(row, column, length, colour);
                        }
                        _ => row[column..column + length].fill(colour),
                    }
                }
            }
        }
    }

    /// The row and column where `length` pixels may now be written; moves past them.
    fn claim(
        &mut self,
        offset: usize,
        length: usize,
    ) -> Result<(&mut [u8], usize), RunLengthError> {
        let column = self.column;
        if self.row >= self.height as u64 {
            return Err(RunLengthError::PastLastRow {
                offset,
                row: self.row,
                length,
                height: self.height,
            });
        }
        if column + length as u64 > self.width as u64 {
            return Err(RunLengthError::PastRowEnd {
                offset,
                row: self.row,
                column,
                length,
                width: self.width,
            });
        }
        self.column += length as u64;
        let start = self.row as usize * self.stride_bytes;
        let row = &mut self.out[start..start + self.stride_bytes];
        Ok((row, column as usize))
    }

    /// The data has run out without an end-of-bitmap mark, perhaps in the middle of a code.
    fn end(&self, data: &[u8]) -> Result<(), RunLengthError> {
        let height = self.height as u64;
        let last_row_done = self.row + 1 == height && self.column >= self.width as u64;
        if self.row >= height || last_row_done {
            return Ok(());
        }
        Err(RunLengthError::EndsEarly {
            length: data.len(),
            row: self.row,
            column: self.column,
            width: self.width,
            height: self.height,
        })
    }
}

/// Writes `length` pixels from `column` on that alternate between the halves of `pair`.
fn fill_nibbles(row: &mut [u8], column: usize, length: usize, pair: u8) {
    let mut length = length;
    let mut at = column / 2;
    let mut pair = pair;
    if column % 2 == 1 && length > 0 {
        row[at] = row[at] & 0xf0 | pair >> 4;
        at += 1;
        length -= 1;
        pair = pair.rotate_left(4);
    }
    row[at..at + length / 2].fill(pair);
    if length % 2 == 1 {
        at += length / 2;
        row[at] = row[at] & 0x0f | pair & 0xf0;
    }
}

/// Writes `length` pixels from `column` on, taken two to a byte from `literal`.
fn put_nibbles(row: &mut [u8], column: usize, length: usize, literal: &[u8]) {
    let at = column / 2;
    if column.is_multiple_of(2) {
        let whole = length / 2;
        row[at..at + whole].copy_from_slice(&literal[..whole]);
        if length % 2 == 1 {
            row[at + whole] = row[at + whole] & 0x0f | literal[whole] & 0xf0;
        }
        return;
    }
    // Each byte of the literal straddles two of the row.
    for (i, &pair) in literal.iter().enumerate() {
        row[at + i] = row[at + i] & 0xf0 | pair >> 4;
        if 2 * i + 1 < length {
            row[at + i + 1] = row[at + i + 1] & 0x0f | pair << 4;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rle(
        kind: RunLength,
        data: &[u8],
        width: usize,
        height: usize,
    ) -> Result<Vec<u8>, RunLengthError> {
        let stride_bytes = (width * kind.bits_per_pixel()).div_ceil(32) * 4;
        let mut out = vec![0; stride_bytes * height];
        expand(kind, data, width, height, stride_bytes, &mut out).map(|()| out)
    }

    #[test]
    fn runs_of_two_indices_alternate_from_any_column() {
        assert_eq!(
            rle(RunLength::Rle4, &[5, 0x12, 3, 0x34, 0, 1], 8, 1).unwrap(),
            [0x12, 0x12, 0x13, 0x43]
        );
        assert_eq!(
            rle(RunLength::Rle4, &[1, 0xa0, 4, 0x12, 0, 1], 8, 1).unwrap(),
            [0xa1, 0x21, 0x20, 0]
        );
    }

    #[test]
    fn literals_of_nibbles_straddle_bytes() {
        assert_eq!(
            rle(
                RunLength::Rle4,
                &[0, 3, 0x12, 0x3f, 0, 5, 0x45, 0x67, 0x8f, 0, 0, 1],
                8,
                1
            )
            .unwrap(),
            [0x12, 0x34, 0x56, 0x78]
        );
    }

    #[test]
    fn literals_of_triples_are_padded_to_two_bytes() {
        let data = [0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 10, 11, 12, 0, 1];
        assert_eq!(
            rle(RunLength::Rle24, &data, 4, 1).unwrap(),
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
        );
    }

    #[test]
    fn a_position_may_leave_the_picture_but_no_pixel() {
        let away = [0, 2, 200, 200, 0, 0, 0, 0];
        assert!(rle(RunLength::Rle8, &[&away[..], &[0, 1]].concat(), 4, 2).is_ok());
        assert!(rle(RunLength::Rle8, &away, 4, 2).is_ok());
        assert_eq!(
            rle(RunLength::Rle8, &[&away[..], &[1, 9]].concat(), 4, 2),
            Err(RunLengthError::PastLastRow {
                offset: 8,
                row: 202,
                length: 1,
                height: 2
            })
        );
        assert_eq!(
            rle(RunLength::Rle8, &[0, 2, 3, 1, 2, 9, 0, 1], 4, 2),
            Err(RunLengthError::PastRowEnd {
                offset: 4,
                row: 1,
                column: 3,
                length: 2,
                width: 4
            })
        );
    }

    #[test]
    fn the_end_mark_may_be_missing_once_nothing_else_is() {
        assert!(rle(RunLength::Rle8, &[4, 1, 0, 0, 4, 2], 4, 2).is_ok());
        assert!(rle(RunLength::Rle8, &[4, 1, 0, 0, 4, 2, 0], 4, 2).is_ok());
        assert!(rle(RunLength::Rle8, &[0, 0, 0, 3, 1, 2, 3], 3, 2).is_ok());
        assert_eq!(
            rle(RunLength::Rle8, &[4, 1, 0, 0, 3, 2], 4, 2),
            Err(RunLengthError::EndsEarly {
                length: 6,
                row: 1,
                column: 3,
                width: 4,
                height: 2
            })
        );
        assert!(rle(RunLength::Rle8, &[0, 4, 1, 2, 3], 4, 1).is_err());
        assert!(rle(RunLength::Rle24, &[4, 1, 2], 4, 1).is_err());
        assert!(rle(RunLength::Rle8, &[], 1, 1).is_err());
    }

    #[test]
    fn a_buffer_of_another_size_is_an_error() {
        for (width, height, stride_bytes, length) in [
            (3, 2, 4, 7),
            (5, 1, 4, 4),
            (usize::MAX, 1, 4, 4),
            (1, usize::MAX, 4, 4),
        ] {
            let mut out = vec![0; length];
            assert!(matches!(
                expand(
                    RunLength::Rle24,
                    &[0, 1],
                    width,
                    height,
                    stride_bytes,
                    &mut out
                ),
                Err(RunLengthError::Buffer { .. })
            ));
        }
    }
}
