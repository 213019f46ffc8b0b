//! OS/2's "Huffman 1D" (`BCA_HUFFMAN1D`): fax group 3, one-dimensional, expanded to plain rows.

use std::sync::LazyLock;

use fax::maps;
use thiserror::Error;

/// Why Huffman data cannot be expanded.
///
/// Offsets are bytes from the start of the data, rows and columns count from 0 in the order the
/// data runs: row 0 is the lowest row of a bottom-up bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HuffmanError {
    /// The bits are no run length of the colour whose turn it is.
    #[error(
        "the Huffman data has no valid code at byte {offset}, bit {bit} (row {row}, column {column})"
    )]
    BadCode {
        /// The byte of the data.
        offset: usize,
        /// The bit of that byte, 0 being the highest.
        bit: u8,
        /// The row that was reached.
        row: usize,
        /// The column that was reached.
        column: usize,
    },
    /// A row's runs add up to more pixels than a row has.
    #[error(
        "row {row} of the Huffman data has a run of {length} pixels at column {column} \
         (byte {offset}), but a row has {width}"
    )]
    RowTooLong {
        /// The byte where the run's last code starts.
        offset: usize,
        /// The row.
        row: usize,
        /// The column where the run starts.
        column: usize,
        /// Pixels of the run, as far as it was read.
        length: usize,
        /// The pixels a row has.
        width: usize,
    },
    /// An end of line comes before the row is full.
    #[error(
        "row {row} of the Huffman data ends at byte {offset} after {column} pixels, \
         but a row has {width}"
    )]
    RowTooShort {
        /// The byte where the end of line starts.
        offset: usize,
        /// The row.
        row: usize,
        /// Pixels the row got.
        column: usize,
        /// The pixels a row has.
        width: usize,
    },
    /// A full row is not followed by the end of line that all before it had.
    #[error("row {row} of the Huffman data goes on at byte {offset} after all its {width} pixels")]
    NoEndOfLine {
        /// The byte after the row's last run.
        offset: usize,
        /// The row.
        row: usize,
        /// The pixels a row has.
        width: usize,
    },
    /// The data, or the page in it, ends with rows missing.
    #[error(
        "the Huffman data ends at byte {offset}, row {row}, column {column}; \
         the picture has {height} rows of {width} pixels"
    )]
    EndsEarly {
        /// Where the data or its page ends.
        offset: usize,
        /// The row that was reached.
        row: usize,
        /// The column that was reached.
        column: usize,
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

/// Zero bits that begin an end of line; no run length begins with more than seven.
const END_OF_LINE_ZEROS: u32 = 11;
/// Ends of line in a row that end the page ("return to control").
const ENDS_OF_LINE_THAT_END_THE_PAGE: usize = 6;
/// The bits of the longest code.
const CODE_BITS: u32 = 13;
/// The longest run one code can stand for, a pixel of which therefore costs the least.
const PIXELS_PER_BIT_AT_MOST: u64 = 1664_u64.div_ceil(6);
/// The bits of the shortest code of a white run, with which every row begins.
const ROW_BITS_AT_LEAST: u64 = 4;

/// The fewest bytes of Huffman data that can hold a picture of this size.
///
/// A file with less is damaged, and nothing need be allocated to find that out.
pub fn least_bytes(width: usize, height: usize) -> u64 {
    let row_bits = (width as u64 / PIXELS_PER_BIT_AT_MOST).max(ROW_BITS_AT_LEAST);
    row_bits.saturating_mul(height as u64) / 8
}

/// Expands Huffman data into plain rows of one bit a pixel.
///
/// `out` holds `height` rows of `stride_bytes` each, zeroed by the caller. Rows come in the order
/// of the data: its first row is the first of `out`, which is the lowest row of a bottom-up
/// bitmap. Pixels are packed as in an uncompressed bitmap, the leftmost in the highest bit. White
/// runs become index 0 and black ones index 1.
///
/// Bits are taken from the highest of each byte down. An end of line, with any number of fill bits
/// before it, may stand before each row; once a row has had one, all that follow need one. The
/// codes after the last row (six ends of line, commonly) are not looked at.
///
/// The time is linear in the data plus the output.
///
/// The codes are those of ITU-T T.4, section 4.1. IBM's documentation of `BITMAPINFO2` says no more
/// than "modified Huffman encoding"; that index 0 is white, that rows run upward and that the
/// highest bit comes first is how the bitmap suite writes `pal1huffmsb.bmp` and what the other
/// decoders of the format agree on.
///
/// # Errors
///
/// [`HuffmanError`] when a row has too many or too few pixels, when bits are no code, and when the
/// data ends with pixels missing. `out` then holds the rows expanded so far.
///
/// # Examples
///
/// ```
/// // One row: three white pixels (1000), two black (11), three white (1000).
/// let mut out = [0; 4];
/// rot90::bmp::huffman::expand(&[0b1000_1110, 0b0000_0000], 8, 1, 4, &mut out)?;
/// assert_eq!(out[0], 0b0001_1000);
/// # Ok::<(), rot90::bmp::huffman::HuffmanError>(())
/// ```
pub fn expand(
    data: &[u8],
    width: usize,
    height: usize,
    stride_bytes: usize,
    out: &mut [u8],
) -> Result<(), HuffmanError> {
    if width.div_ceil(8) > stride_bytes || stride_bytes.checked_mul(height) != Some(out.len()) {
        return Err(HuffmanError::Buffer {
            length: out.len(),
            stride_bytes,
            width,
            height,
        });
    }
    if width == 0 || height == 0 {
        return Ok(());
    }
    let mut reader = Reader::new(data);
    let mut rows_have_ends = false;
    for (row, pixels) in out.chunks_exact_mut(stride_bytes).enumerate() {
        let offset = reader.offset();
        let ends = reader.skip_ends_of_line();
        if ends >= ENDS_OF_LINE_THAT_END_THE_PAGE {
            return Err(HuffmanError::EndsEarly {
                offset,
                row,
                column: 0,
                width,
                height,
            });
        }
        if rows_have_ends && ends == 0 && !reader.only_zeros_left() {
            return Err(HuffmanError::NoEndOfLine {
                offset,
                row: row - 1,
                width,
            });
        }
        rows_have_ends |= ends > 0;
        expand_row(&mut reader, pixels, row, width, height)?;
    }
    Ok(())
}

fn expand_row(
    reader: &mut Reader<'_>,
    pixels: &mut [u8],
    row: usize,
    width: usize,
    height: usize,
) -> Result<(), HuffmanError> {
    let mut column = 0;
    let mut black = false;
    while column < width {
        // Any number of make-up codes, then one code below 64 that ends the run.
        let mut length = 0;
        loop {
            let offset = reader.offset();
            let Some(code) = reader.run_length(black) else {
                return Err(reader.why_no_code(row, column, width, height));
            };
            length += usize::from(code.pixels);
            if length > width - column {
                return Err(HuffmanError::RowTooLong {
                    offset,
                    row,
                    column,
                    length,
                    width,
                });
            }
            if code.pixels < 64 {
                break;
            }
        }
        if black {
            set_bits(pixels, column, length);
        }
        column += length;
        black = !black;
    }
    Ok(())
}

/// Sets `length` bits from bit `start` on, bit 0 being the highest of the first byte.
fn set_bits(row: &mut [u8], start: usize, length: usize) {
    if length == 0 {
        return;
    }
    let end = start + length;
    let head = 0xff >> (start % 8);
    let tail = !(0xff_u32 >> (end % 8)) as u8;
    if start / 8 == end / 8 {
        row[start / 8] |= head & tail;
        return;
    }
    row[start / 8] |= head;
    row[start / 8 + 1..end / 8].fill(0xff);
    if tail != 0 {
        row[end / 8] |= tail;
    }
}

/// A run length and the bits its code takes; no code takes 0.
#[derive(Clone, Copy, Default)]
struct Code {
    pixels: u16,
    bits: u8,
}

/// The codes by the 13 bits that begin with them, white ones first.
static CODES: LazyLock<[Vec<Code>; 2]> = LazyLock::new(|| {
    [&maps::white::ENTRIES, &maps::black::ENTRIES].map(|entries| {
        let mut table = vec![Code::default(); 1 << CODE_BITS];
        for &(pixels, code) in entries {
            let free = CODE_BITS - u32::from(code.len);
            let first = usize::from(code.data) << free;
            table[first..first + (1 << free)].fill(Code {
                pixels,
                bits: code.len,
            });
        }
        table
    })
});

/// Takes codes from the data, bit by bit. Beyond its end it sees zeros.
struct Reader<'a> {
    data: &'a [u8],
    codes: &'static [Vec<Code>; 2],
    /// Bits taken so far.
    position: u64,
}

impl<'a> Reader<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            codes: &CODES,
            position: 0,
        }
    }

    fn offset(&self) -> usize {
        (self.position / 8) as usize
    }

    fn bits_left(&self) -> u64 {
        self.data.len() as u64 * 8 - self.position
    }

    /// The next bits, highest first: at least 57 of them.
    fn window(&self) -> u64 {
        let rest = &self.data[self.offset()..];
        let bytes = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut bytes = [0; 8];
            bytes[..rest.len()].copy_from_slice(rest);
            bytes
        });
        u64::from_be_bytes(bytes) << (self.position % 8)
    }

    /// Takes the next run length of this colour, if that is what comes next.
    fn run_length(&mut self, black: bool) -> Option<Code> {
        let code = self.codes[usize::from(black)][(self.window() >> (64 - CODE_BITS)) as usize];
        if code.bits == 0 || u64::from(code.bits) > self.bits_left() {
            return None;
        }
        self.position += u64::from(code.bits);
        Some(code)
    }

    /// Takes the ends of line that come next, fill bits included, and counts them.
    fn skip_ends_of_line(&mut self) -> usize {
        let mut ends = 0;
        loop {
            let zeros = self.zeros();
            if zeros < u64::from(END_OF_LINE_ZEROS) || zeros >= self.bits_left() {
                return ends;
            }
            self.position += zeros + 1;
            ends += 1;
        }
    }

    fn only_zeros_left(&self) -> bool {
        self.zeros() >= self.bits_left()
    }

    /// How many zero bits come next.
    fn zeros(&self) -> u64 {
        let window = self.window();
        if window != 0 {
            return u64::from(window.leading_zeros());
        }
        // A long stretch of fill: to the end of this byte, then byte by byte.
        let in_byte = 8 - self.position % 8;
        let rest = self.data.get(self.offset() + 1..).unwrap_or_default();
        match rest.iter().position(|&byte| byte != 0) {
            Some(bytes) => in_byte + bytes as u64 * 8 + u64::from(rest[bytes].leading_zeros()),
            None => self.bits_left(),
        }
    }

    /// What stands where a run length should.
    fn why_no_code(&self, row: usize, column: usize, width: usize, height: usize) -> HuffmanError {
        let offset = self.offset();
        let code_cut_off = self.bits_left() < u64::from(CODE_BITS);
        if self.only_zeros_left() || code_cut_off {
            return HuffmanError::EndsEarly {
                offset: self.data.len(),
                row,
                column,
                width,
                height,
            };
        }
        if self.zeros() >= u64::from(END_OF_LINE_ZEROS) {
            return HuffmanError::RowTooShort {
                offset,
                row,
                column,
                width,
            };
        }
        HuffmanError::BadCode {
            offset,
            bit: (self.position % 8) as u8,
            row,
            column,
        }
    }
}

#[cfg(test)]
mod tests;
