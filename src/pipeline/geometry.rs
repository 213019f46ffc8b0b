//! The shape of a rotation, and how it is cut into strips.

use std::ops::Range;

use crate::bmp::header::{Header, stride_bytes};
use crate::bmp::samples::Samples;
use crate::rotate::{Kernel, Rows, rotate_columns};

/// Bytes of output that are made at a time: they stay in the second-level cache while they are
/// rotated, summed and written.
const STRIP_BYTES: usize = 512 << 10;

/// The rotation of one picture's uncompressed pixels.
pub(super) struct Geometry {
    samples: Samples,
    pub(super) top_down: bool,
    pub(super) bits_per_pixel: u32,
    /// Pixels of an input row.
    pub(super) width: usize,
    /// Rows of the input.
    pub(super) height: usize,
    /// Bytes of an input row, where all of them are at hand.
    pub(super) stride: usize,
    /// Bytes of an output row.
    pub(super) out_stride: usize,
}

impl Geometry {
    /// The rotation of the uncompressed pixels of `header`, whose depth is `bits_per_pixel`.
    pub(super) fn new(header: &Header, bits_per_pixel: u32) -> Self {
        Self {
            samples: Samples::new(header, bits_per_pixel),
            top_down: header.top_down,
            bits_per_pixel,
            width: header.width as usize,
            height: header.height as usize,
            stride: stride_bytes(header.width, bits_per_pixel) as usize,
            out_stride: stride_bytes(header.height, bits_per_pixel) as usize,
        }
    }

    /// Strips and bands begin at multiples of this many columns: whole bytes of narrow pixels,
    /// whole tiles of wide ones.
    pub(super) fn column_step(&self) -> usize {
        if self.bits_per_pixel < 8 { 64 } else { 16 }
    }

    /// How many columns of the input make a strip of the output.
    pub(super) fn strip_columns(&self) -> usize {
        // At least two or four cache lines of each input row, so that few are fetched for a part of
        // their pixels only; output rows longer than eight strips are still rotated a step at a time.
        let least_bytes = if self.bits_per_pixel < 8 { 128 } else { 256 };
        let least = least_bytes * 8 / self.bits_per_pixel as usize;
        (STRIP_BYTES / self.out_stride)
            .max(least.min(8 * STRIP_BYTES / self.out_stride))
            .max(1)
            .next_multiple_of(self.column_step())
    }

    /// Cuts columns into pieces of `step`, in the order in which their rows stand in the output:
    /// from the right for bottom-up bitmaps, from the left for top-down ones.
    pub(super) fn pieces(
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
    pub(super) fn out_offset(&self, columns: &Range<usize>) -> u64 {
        let row = if self.top_down {
            columns.start
        } else {
            self.width - columns.end
        };
        row as u64 * self.out_stride as u64
    }

    /// Rotates `count` columns of `rows` into `out`, and returns the sum of their samples.
    pub(super) fn rotate_strip(
        &self,
        rows: &Rows<'_>,
        first: usize,
        count: usize,
        out: &mut [u8],
    ) -> u64 {
        let (bits, stride) = (self.bits_per_pixel, self.out_stride);
        let last_column_first = !self.top_down;
        rotate_columns(
            Kernel::best(),
            bits,
            rows,
            first,
            count,
            last_column_first,
            out,
            stride,
        );
        self.samples.sum(out, self.height, self.out_stride)
    }
}
