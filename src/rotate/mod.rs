//! Rotates packed pixels by 90° clockwise: columns become rows.
//!
//! [`rotate_pixels`] is for any packed pixels in memory. [`rotate_columns`] makes some rows of a
//! bitmap's output at a time, a strip that stays in cache until it has been written. The order of
//! rows is a matter of direction alone, so that top-down and bottom-up bitmaps share the kernels:
//!
//! | bitmap | input rows | output rows |
//! |---|---|---|
//! | bottom-up | in order of memory | last column first |
//! | top-down | last in memory first | first column first |
//!
//! Pixels of 1, 2, 3, 4, 6, 8 and 12 bytes are rotated by tiles of a few pixels a side, in
//! registers: `blocks.rs` has their order, `simd.rs` the tiles, `ssse3.rs` and
//! `neon.rs` the instructions. `bits.rs` rotates pixels narrower than a byte as bytes and
//! takes them apart afterwards. `portable.rs` is safe code for pixels of any size on any
//! processor. The tests hold all of it against a loop over single pixels.

mod bits;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod blocks;
mod kernel;
#[cfg(target_arch = "aarch64")]
mod neon;
mod pixels;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod plane;
mod portable;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod simd;
#[cfg(target_arch = "x86_64")]
mod ssse3;

pub(crate) use kernel::Kernel;
pub use pixels::{Pixels, rotate_pixels};

/// Bytes of a cache line.
pub(crate) const CACHE_LINE: usize = 64;

/// Rows of pixels narrower than a byte that are rotated at once: 64 bytes of a 1-bit column.
const PACKED_BAND_ROWS: usize = 512;

/// Transposes packed pixels: byte r of the input holds a few pixels of row r, the leftmost in its
/// highest bits; the output is one column of pixels after the other, each `PACKED_BAND_ROWS` pixels
/// long, packed from the highest bits too. Only as many rows as given, a multiple of 64, need be
/// done.
type TransposePacked = fn(&[u8; PACKED_BAND_ROWS], usize, &mut [u8; PACKED_BAND_ROWS]);

/// Rows of packed pixels as they lie in memory.
#[allow(clippy::struct_field_names)] // "rows" is the word for the number of rows too
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    /// The rows; the last one may lack its padding.
    pub(crate) bytes: &'a [u8],
    /// Bytes from the start of one row to the start of the next.
    pub(crate) stride_bytes: usize,
    /// Number of rows.
    pub(crate) rows: usize,
    /// The last row in memory is taken first, and becomes the first column of the output: in
    /// top-down bitmaps, whose lowest row is the last in memory.
    pub(crate) last_row_first: bool,
}

impl Rows<'_> {
    /// Where the row taken at place `index` starts in memory.
    fn start(&self, index: usize) -> usize {
        let in_memory = if self.last_row_first {
            self.rows - 1 - index
        } else {
            index
        };
        in_memory * self.stride_bytes
    }
}

/// Which columns of which rows become which rows of an output.
///
/// Whoever makes one has checked that columns `first..first + count` of all rows lie in
/// `rows.bytes`, and `count` rows of `rows.rows` pixels in the output that goes with it: the
/// kernels trust it.
struct Rotation<'a> {
    rows: &'a Rows<'a>,
    first: usize,
    count: usize,
    /// Column `first + count - 1` becomes the first row of the output.
    last_column_first: bool,
    out_stride: usize,
}

impl Rotation<'_> {
    /// Which row of the output column `first + index` becomes.
    fn out_row(&self, index: usize) -> usize {
        if self.last_column_first {
            self.count - 1 - index
        } else {
            index
        }
    }

    /// Rotates pixels of whole bytes; leaves what follows each row of `out` alone.
    fn rotate_bytes(&self, kernel: Kernel, pixel_bytes: usize, out: &mut [u8]) {
        match kernel.or_portable() {
            #[cfg(target_arch = "x86_64")]
            Kernel::Ssse3 if simd::has_tiles(pixel_bytes) => ssse3::rotate(pixel_bytes, self, out),
            #[cfg(target_arch = "aarch64")]
            Kernel::Neon if simd::has_tiles(pixel_bytes) => neon::rotate(pixel_bytes, self, out),
            _ => portable::rotate(pixel_bytes, self, out),
        }
    }
}

/// Bytes from the start of the first row to the end of the last, if there are any rows and the
/// number can be told.
fn span(rows: usize, stride_bytes: usize, row_bytes: usize) -> Option<usize> {
    let to_last = rows.checked_sub(1)?.checked_mul(stride_bytes)?;
    to_last.checked_add(row_bytes)
}

/// Writes columns `first..first + count` of `rows` as rows of `out`.
///
/// Output row k is column `first + k`, or `first + count - 1 - k` if `last_column_first`; its
/// pixel p is that column's pixel in the row taken at place p, see [`Rows::last_row_first`]. What
/// follows the last pixel, up to `out_stride`, becomes zero. Pixels narrower than a byte are
/// packed from the most significant bit, as in BMP.
///
/// Nothing outside `rows.bytes` and `out` is read or written.
///
/// # Panics
///
/// If `bits_per_pixel` is none of 1, 2, 4 and the multiples of 8 up to 128; if `out` is not
/// `count * out_stride` bytes long; if `out_stride` cannot hold a row of `rows.rows` pixels; or if
/// `rows.bytes` ends before the last column's pixel in the last row.
#[allow(clippy::too_many_arguments)] // grouping them would only rename them
pub(crate) fn rotate_columns(
    kernel: Kernel,
    bits_per_pixel: u32,
    rows: &Rows<'_>,
    first: usize,
    count: usize,
    last_column_first: bool,
    out: &mut [u8],
    out_stride: usize,
) {
    let bits = bits_per_pixel as usize;
    assert!(
        matches!(bits, 1 | 2 | 4) || bits.is_multiple_of(8) && matches!(bits, 8..=128),
        "no kernel for {bits} bits per pixel"
    );
    let row_bytes = rows.rows.checked_mul(bits).map(|total| total.div_ceil(8));
    let Some(row_bytes) = row_bytes.filter(|&bytes| bytes <= out_stride) else {
        panic!("{out_stride} bytes cannot hold {} pixels", rows.rows);
    };
    assert_eq!(
        Some(out.len()),
        count.checked_mul(out_stride),
        "the output must hold {count} rows of {out_stride} bytes"
    );
    if row_bytes == 0 || count == 0 {
        out.fill(0);
        return;
    }
    let needed = first
        .checked_add(count)
        .and_then(|end| end.checked_mul(bits))
        .and_then(|end| span(rows.rows, rows.stride_bytes, end.div_ceil(8)));
    assert!(
        needed.is_some_and(|needed| needed <= rows.bytes.len()),
        "{} bytes do not hold {} rows of {} bytes up to column {first} + {count}",
        rows.bytes.len(),
        rows.rows,
        rows.stride_bytes,
    );
    let rotation = Rotation {
        rows,
        first,
        count,
        last_column_first,
        out_stride,
    };
    if bits < 8 {
        bits::rotate(kernel, bits, &rotation, out);
    } else {
        rotation.rotate_bytes(kernel, bits / 8, out);
    }
    if row_bytes < out_stride {
        let rows = out.chunks_exact_mut(out_stride);
        rows.for_each(|row| row[row_bytes..].fill(0));
    }
}

#[cfg(test)]
#[path = "../../tests/unit/rotate/mod.rs"]
mod tests;
