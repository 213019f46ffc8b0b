//! OS/2's "Huffman 1D" (`BCA_HUFFMAN1D`): fax group 3, one-dimensional, decoded to uncompressed
//! rows by the code tables of the `fax` crate.
//!
//! The crate's own decoder takes rows of any length and wants an end of line before the first.

use std::convert::Infallible;

use fax::BitReader;
use fax::maps::{black, white};

use super::{DecodedRows, corrupt, truncated};
use crate::error::Result;

/// Zero bits that begin an end of line; no run length begins with more than seven.
const END_OF_LINE_ZEROS: u64 = 11;
/// Ends of line in a row that end the page ("return to control").
const ENDS_OF_LINE_THAT_END_THE_PAGE: usize = 6;
/// The bits of the longest code.
const CODE_BITS: u64 = 13;

/// Decodes Huffman data into `rows` of one bit a pixel, which come in the order of the data.
///
/// White runs become index 0 and black ones index 1. An end of line, with any number of fill bits
/// before it, may stand before each row; once a row has had one, all that follow need one. The
/// codes after the last row (six ends of line, commonly) are not looked at.
///
/// The codes are those of ITU-T T.4, section 4.1. IBM's documentation of `BITMAPINFO2` says no more
/// than "modified Huffman encoding"; that index 0 is white, that rows run upward and that the
/// highest bit comes first is how the bitmap suite writes `pal1huffmsb.bmp` and what the other
/// decoders of the format agree on.
///
/// # Errors
///
/// Where a row has too many or too few pixels, where bits are no code, and where the data ends with
/// pixels missing.
pub(super) fn decode(data: &[u8], rows: &mut DecodedRows<'_>) -> Result<()> {
    let (width, height) = (rows.width, rows.height());
    let mut reader = Reader { data, position: 0 };
    let mut rows_have_ends = false;
    for (row, pixels) in rows.bytes.chunks_exact_mut(rows.stride_bytes).enumerate() {
        let ends = reader.skip_ends_of_line();
        if ends >= ENDS_OF_LINE_THAT_END_THE_PAGE {
            return Err(truncated(format!(
                "the Huffman data's page ends before row {row}; the picture has {height} rows"
            )));
        }
        if rows_have_ends && ends == 0 && reader.zeros() < reader.bits_left() {
            let before = row - 1;
            let what = format!("row {before} of the Huffman data is longer than {width} pixels");
            return Err(corrupt(reader.byte(), what));
        }
        rows_have_ends |= ends > 0;
        let (mut column, mut is_black) = (0, false);
        while column < width {
            let run = reader.run(is_black, width - column);
            let end = column + run.map_err(|reason| match reason {
                Some(reason) => corrupt(
                    reader.byte(),
                    format!(
                        "the Huffman data has {reason} at column {column} of row {row}, which has \
                         {width} pixels"
                    ),
                ),
                None => truncated(format!(
                    "the Huffman data ends after {} bytes at column {column} of row {row}; the \
                     picture has {height} rows of {width} pixels",
                    data.len()
                )),
            })?;
            if is_black {
                set_bits(pixels, column, end);
            }
            (column, is_black) = (end, !is_black);
        }
    }
    Ok(())
}

/// Sets the bits from `start` to `end`, bit 0 being the highest of the first byte.
pub(super) fn set_bits(row: &mut [u8], start: usize, end: usize) {
    for bit in start..end {
        row[bit / 8] |= 0x80 >> (bit % 8);
    }
}

/// Takes codes from the data, bit by bit. Beyond its end it sees zeros.
struct Reader<'a> {
    data: &'a [u8],
    /// Bits taken so far, never more than there are.
    position: u64,
}

impl BitReader for Reader<'_> {
    type Error = Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        // The tables ask for 1 to 13.
        Some((self.window(0) >> (64 - u32::from(bits))) as u16)
    }

    fn consume(&mut self, bits: u8) -> Result<(), Infallible> {
        self.position += u64::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        (self.position.next_multiple_of(8) - self.position) as u8
    }
}

impl Reader<'_> {
    fn bits_left(&self) -> u64 {
        self.data.len() as u64 * 8 - self.position
    }

    /// The byte that the next bit is in.
    fn byte(&self) -> usize {
        (self.position / 8) as usize
    }

    /// The bits from that many after the next one on, highest first: at least 57 of them.
    fn window(&self, ahead: u64) -> u64 {
        let position = self.position + ahead;
        let rest = self.data.get((position / 8) as usize..).unwrap_or_default();
        let mut bytes = [0; 8];
        let length = rest.len().min(8);
        bytes[..length].copy_from_slice(&rest[..length]);
        u64::from_be_bytes(bytes) << (position % 8)
    }

    /// Takes a run of at most `room` pixels of this colour: any number of make-up codes, then one
    /// code below 64. Else says what stands there instead, or nothing where the data ends.
    fn run(&mut self, is_black: bool, room: usize) -> Result<usize, Option<&'static str>> {
        let mut run = 0;
        loop {
            let (begin, left) = (self.position, self.bits_left());
            let code = if is_black {
                black::decode(self)
            } else {
                white::decode(self)
            };
            let Some(code) = code.filter(|_| self.position - begin <= left) else {
                self.position = begin;
                return Err(self.why_no_code());
            };
            run += usize::from(code);
            if run > room {
                return Err(Some("a run that leaves the row"));
            }
            if code < 64 {
                return Ok(run);
            }
        }
    }

    /// Takes the ends of line that come next, fill bits included, and counts them.
    fn skip_ends_of_line(&mut self) -> usize {
        let mut ends = 0;
        loop {
            let zeros = self.zeros();
            if zeros < END_OF_LINE_ZEROS || zeros >= self.bits_left() {
                return ends;
            }
            self.position += zeros + 1;
            ends += 1;
        }
    }

    /// How many zero bits come next.
    fn zeros(&self) -> u64 {
        let mut zeros = 0;
        while zeros < self.bits_left() {
            match self.window(zeros) {
                0 => zeros += 57,
                window => return zeros + u64::from(window.leading_zeros()),
            }
        }
        self.bits_left()
    }

    /// What stands where a run length should; nothing where the data ends.
    fn why_no_code(&self) -> Option<&'static str> {
        if self.zeros() >= self.bits_left() || self.bits_left() < CODE_BITS {
            None
        } else if self.zeros() >= END_OF_LINE_ZEROS {
            Some("an end of line")
        } else {
            Some("no valid code")
        }
    }
}
