//! From rows of pixels to strips of turned rows: the part that memory and files share.

use std::ops::Range;

use crate::bmp::header::{Header, stride_bytes};
use crate::bmp::mean::PixelSum;
use crate::error::Result;
use crate::turn::{self, Kernel, Rows};

/// Bytes of turned pixels that are made at a time: they stay in the second-level cache between
/// the turn, the sum and the write.
const STRIP_BYTES: usize = 512 << 10;

/// A strip takes at least this many bytes of each input row, four cache lines, so that few lines
/// are fetched for a part of their pixels only; very high pictures make larger strips for that.
const LEAST_ROW_BYTES: usize = 256;

/// The same for pixels narrower than a byte, whose rows are short and whose strips are high.
const LEAST_NARROW_ROW_BYTES: usize = 128;

/// The shape of a turn.
pub(crate) struct Turn {
    pub(crate) kernel: Kernel,
    pub(crate) bits_per_pixel: u32,
    /// Of the input.
    pub(crate) width: usize,
    /// Of the input.
    pub(crate) height: usize,
    pub(crate) top_down: bool,
    /// Bytes of an output row.
    pub(crate) out_stride: usize,
    pub(crate) sum: PixelSum,
}

impl Turn {
    /// The turn of the plain pixels of `header`, whose depth is `bits_per_pixel`.
    pub(crate) fn new(header: &Header, bits_per_pixel: u32) -> Self {
        Self {
            kernel: Kernel::best(),
            bits_per_pixel,
            width: header.width as usize,
            height: header.height as usize,
            top_down: header.top_down,
            out_stride: stride_bytes(header.height, bits_per_pixel) as usize,
            sum: PixelSum::new(header, bits_per_pixel),
        }
    }

    /// How many output rows make a strip.
    pub(crate) fn strip_rows(&self) -> usize {
        // Whole bytes of input for narrow pixels, whole tiles for wide ones.
        let step = self.row_step();
        let least = if self.bits_per_pixel < 8 {
            LEAST_NARROW_ROW_BYTES
        } else {
            LEAST_ROW_BYTES
        };
        let least = least * 8 / self.bits_per_pixel as usize;
        (STRIP_BYTES / self.out_stride)
            .max(least.min(8 * STRIP_BYTES / self.out_stride))
            // Rows longer than eight strips are still turned a step at a time.
            .max(1)
            .next_multiple_of(step)
    }

    /// The most bytes that a strip has.
    pub(crate) fn strip_bytes(&self) -> usize {
        self.strip_rows().min(self.width) * self.out_stride
    }

    /// Strips and bands begin at multiples of this many columns.
    pub(crate) fn row_step(&self) -> usize {
        if self.bits_per_pixel < 8 { 64 } else { 16 }
    }

    /// The input columns, cut into `step` at a time, in the order in which their rows stand in
    /// the output: from the right for bottom-up bitmaps, from the left for top-down ones.
    pub(crate) fn chunks(
        &self,
        columns: Range<usize>,
        step: usize,
    ) -> impl Iterator<Item = Range<usize>> + use<> {
        let first = columns.start / step;
        let last = columns.end.div_ceil(step);
        let top_down = self.top_down;
        (0..last - first).map(move |at| {
            let at = if top_down { first + at } else { last - 1 - at };
            columns.start.max(at * step)..columns.end.min((at + 1) * step)
        })
    }

    /// Where in the output's pixels the rows of `columns` begin.
    pub(crate) fn out_offset(&self, columns: &Range<usize>) -> u64 {
        let row = if self.top_down {
            columns.start
        } else {
            self.width - columns.end
        };
        row as u64 * self.out_stride as u64
    }

    /// Turns some columns of `rows` into `out` and returns the sum of their samples.
    ///
    /// `base` is the column with which the rows in memory begin.
    pub(crate) fn turn(
        &self,
        rows: &[u8],
        stride: usize,
        base: usize,
        columns: Range<usize>,
        out: &mut [u8],
    ) -> u64 {
        let rows = Rows {
            bytes: rows,
            stride_bytes: stride,
            rows: self.height,
            reversed: self.top_down,
        };
        turn::turn_columns(
            self.kernel,
            self.bits_per_pixel,
            &rows,
            columns.start - base,
            columns.len(),
            !self.top_down,
            out,
            self.out_stride,
        );
        self.sum.sum(self.kernel, out, self.height, self.out_stride)
    }
}

/// Takes the output in pieces that follow each other, and hands it on in large ones.
pub(crate) struct StripWriter<'a, F> {
    buffer: &'a mut [u8],
    /// Which bytes of the buffer are filled.
    filled: Range<usize>,
    /// Where in the output they belong.
    offset: u64,
    write: F,
}

/// Writes begin at multiples of this, so that the page cache can use large folios.
const WRITE_ALIGNMENT: u64 = 64 << 10;

/// Bytes of a cache line. They lie in a writer's buffer as far from a line's start as in the file:
/// the system copies from line to line, which is faster than across them.
pub(crate) const CACHE_LINE: usize = 64;

/// Room that a [`StripWriter`] needs for an output of `total` bytes in pieces of up to `piece`.
pub(crate) fn strip_room(total: u64, piece: usize) -> usize {
    let most = most_filled(piece);
    usize::try_from(total).map_or(most, |total| total.min(most)) + CACHE_LINE
}

/// Bytes in the buffer at most when a piece of `bytes` has been added.
fn most_filled(bytes: usize) -> usize {
    STRIP_BYTES
        .max(bytes)
        .saturating_add(WRITE_ALIGNMENT as usize)
}

impl<'a, F: FnMut(&[u8], u64) -> Result<()>> StripWriter<'a, F> {
    /// A writer whose first byte belongs at `offset`, with a buffer as large as [`strip_room`]
    /// says.
    pub(crate) fn new(buffer: &'a mut [u8], offset: u64, write: F) -> Self {
        let begin = place_in(buffer, offset);
        Self {
            buffer,
            filled: begin..begin,
            offset,
            write,
        }
    }

    /// Room for the next `bytes` bytes, which count as written at the next call.
    pub(crate) fn room(&mut self, bytes: usize) -> Result<&mut [u8]> {
        let filled = self.filled.len();
        if filled > 0 && filled + bytes > most_filled(bytes) {
            // Leave the part after the last aligned offset for the next write.
            let end = self.offset + filled as u64;
            let tail = (end % WRITE_ALIGNMENT) as usize;
            let whole = if tail < filled { filled - tail } else { filled };
            let left = self.filled.start + whole..self.filled.end;
            (self.write)(&self.buffer[self.filled.start..left.start], self.offset)?;
            self.offset += whole as u64;
            let begin = place_in(self.buffer, self.offset);
            self.filled = begin..begin + left.len();
            self.buffer.copy_within(left, begin);
        }
        let start = self.filled.end;
        self.filled.end = start + bytes;
        Ok(&mut self.buffer[start..self.filled.end])
    }

    /// Hands on what is left.
    pub(crate) fn finish(mut self) -> Result<()> {
        if !self.filled.is_empty() {
            (self.write)(&self.buffer[self.filled], self.offset)?;
        }
        Ok(())
    }
}

/// Where in `buffer` the byte at `offset` is to lie.
fn place_in(buffer: &[u8], offset: u64) -> usize {
    (offset as usize).wrapping_sub(buffer.as_ptr().addr()) % CACHE_LINE
}

#[cfg(test)]
mod tests {
    use super::{CACHE_LINE, StripWriter, strip_room};

    /// Any pieces fit the room that is said to be needed, and arrive in order.
    #[test]
    fn pieces_of_any_size_have_room_at_any_offset() {
        let bytes: Vec<u8> = (0..2_500_000_u32).map(|at| (at / 3) as u8).collect();
        let most = [1, 63, 4096, 65_535, 524_287, 524_289, 1_300_000];
        for (at, piece) in most.into_iter().enumerate() {
            for offset in [0, 1, 54, 63, 64, 65_482 + at as u64] {
                for total in [piece, piece + 70_000, 2 * piece + 1, 2_500_000] {
                    let total = total.min(bytes.len()).min(4000 * piece);
                    let mut buffer = vec![0; strip_room(total as u64, piece)];
                    let mut found = Vec::new();
                    let mut writer = StripWriter::new(&mut buffer, offset, |part: &[u8], place| {
                        assert_eq!(place, offset + found.len() as u64);
                        assert_eq!(
                            part.as_ptr().addr() % CACHE_LINE,
                            place as usize % CACHE_LINE
                        );
                        found.extend_from_slice(part);
                        Ok(())
                    });
                    for part in bytes[..total].chunks(piece) {
                        writer.room(part.len()).unwrap().copy_from_slice(part);
                    }
                    writer.finish().unwrap();
                    assert!(found == bytes[..total], "{piece} {offset} {total}");
                }
            }
        }
    }
}
