//! Turns columns of packed pixels into rows.
//!
//! A bitmap turned a quarter turn clockwise has one row per column of the
//! input. [`turn_columns`] makes some of them at a time, a strip that stays in
//! cache until it has been written. Row order on either side is a matter of
//! direction alone, so top-down and bottom-up bitmaps share one kernel:
//!
//! | bitmap | input rows | output rows |
//! |---|---|---|
//! | bottom-up | in order of memory | last column first (`reversed`) |
//! | top-down | last in memory first ([`Rows::reversed`]) | first column first |
//!
//! The work is done by tiles of a few pixels a side, whose rows are
//! registers (`lanes.rs`), one set of them for every instruction set
//! (`ssse3.rs`, `avx2.rs`, `avx512.rs`, `neon.rs`). Pixels narrower than a
//! byte are turned as bytes first and taken apart afterwards (`bits.rs`).
//! `portable.rs` does all of it in safe code; the tests hold everything else
//! against a per-pixel loop.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bits;
mod kernel;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod lanes;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod ssse3;

pub use kernel::Kernel;

/// Rows of packed pixels as they lie in memory.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The rows; the last one may lack its padding.
    pub bytes: &'a [u8],
    /// Bytes from the start of one row to the start of the next.
    pub stride_bytes: usize,
    /// Number of rows.
    pub rows: usize,
    /// Row 0 of the turn is the last one in memory (top-down bitmaps).
    pub reversed: bool,
}

impl Rows<'_> {
    /// Where the turn's row `index` starts.
    fn start(&self, index: usize) -> usize {
        let stored = if self.reversed {
            self.rows - 1 - index
        } else {
            index
        };
        stored * self.stride_bytes
    }
}

/// What to turn and where to: checked once, then trusted by the kernels.
struct Job<'a> {
    rows: &'a Rows<'a>,
    first: usize,
    count: usize,
    reversed: bool,
    out_stride: usize,
}

impl Job<'_> {
    /// Which row of the output column `first + index` becomes.
    fn out_row(&self, index: usize) -> usize {
        if self.reversed {
            self.count - 1 - index
        } else {
            index
        }
    }
}

/// Writes columns `first..first + count` of `rows` as rows of `out`.
///
/// Let T be the input rows, the last in memory first if [`Rows::reversed`].
/// Output row k is column `first + k`, or `first + count - 1 - k` if
/// `reversed`; its pixel p is that column's pixel in T\[p\]. What follows the
/// last pixel, up to `out_stride`, becomes zero. Pixels narrower than a byte
/// are packed from the most significant bit, as in BMP.
///
/// Nothing outside `rows.bytes` and `out` is read or written.
///
/// # Panics
///
/// If `bits_per_pixel` is none of 1, 2, 4, 8, 16, 24, 32, 64; if `out` is not
/// `count * out_stride` bytes long; if `out_stride` cannot hold a row of
/// `rows.rows` pixels; or if `rows.bytes` ends before the last column's pixel
/// in the last row.
#[allow(clippy::too_many_arguments)] // grouping them would only rename them
pub fn turn_columns(
    kernel: Kernel,
    bits_per_pixel: u32,
    rows: &Rows<'_>,
    first: usize,
    count: usize,
    reversed: bool,
    out: &mut [u8],
    out_stride: usize,
) {
    assert!(
        matches!(bits_per_pixel, 1 | 2 | 4 | 8 | 16 | 24 | 32 | 64),
        "no bitmap has {bits_per_pixel} bits per pixel"
    );
    let bits = bits_per_pixel as usize;
    assert_eq!(
        Some(out.len()),
        count.checked_mul(out_stride),
        "the output must hold {count} rows of {out_stride} bytes"
    );
    if out.is_empty() {
        assert!(
            rows.rows == 0 || count == 0,
            "an output row of no bytes cannot hold {} pixels",
            rows.rows
        );
        return;
    }
    let row_bytes = rows.rows.checked_mul(bits).map(|total| total.div_ceil(8));
    let row_bytes = row_bytes.filter(|&bytes| bytes <= out_stride);
    let row_bytes = row_bytes.unwrap_or_else(|| {
        panic!(
            "an output row of {out_stride} bytes cannot hold {} pixels",
            rows.rows
        )
    });
    if rows.rows == 0 {
        out.fill(0);
        return;
    }
    let needed = first
        .checked_add(count)
        .and_then(|end| end.checked_mul(bits))
        .and_then(|end| {
            (rows.rows - 1)
                .checked_mul(rows.stride_bytes)?
                .checked_add(end.div_ceil(8))
        });
    assert!(
        needed.is_some_and(|needed| needed <= rows.bytes.len()),
        "{} bytes do not hold {} rows of {} bytes up to column {first} + {count}",
        rows.bytes.len(),
        rows.rows,
        rows.stride_bytes,
    );

    let job = Job {
        rows,
        first,
        count,
        reversed,
        out_stride,
    };
    if bits < 8 {
        bits::turn(kernel, bits, &job, out);
    } else {
        turn_bytes(kernel, bits / 8, &job, out);
    }
    // As good as always up to three bytes: calling memset takes longer.
    match out_stride - row_bytes {
        0 => {}
        1 => pad::<1>(out, out_stride),
        2 => pad::<2>(out, out_stride),
        3 => pad::<3>(out, out_stride),
        _ => {
            for row in out.chunks_exact_mut(out_stride) {
                row[row_bytes..].fill(0);
            }
        }
    }
}

/// Zeroes the last `BYTES` bytes of every row.
fn pad<const BYTES: usize>(out: &mut [u8], out_stride: usize) {
    for row in out.chunks_exact_mut(out_stride) {
        if let Some(padding) = row.last_chunk_mut::<BYTES>() {
            *padding = [0; BYTES];
        }
    }
}

/// Turns whole-byte pixels; leaves the padding of `out` alone.
fn turn_bytes(kernel: Kernel, pixel_bytes: usize, job: &Job<'_>, out: &mut [u8]) {
    match kernel.or_portable() {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ssse3 => ssse3::turn(pixel_bytes, job, out),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::turn(pixel_bytes, job, out),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => avx512::turn(pixel_bytes, job, out),
        #[cfg(target_arch = "aarch64")]
        Kernel::Neon => neon::turn(pixel_bytes, job, out),
        _ => portable::turn(pixel_bytes, job, out),
    }
}

#[cfg(test)]
mod tests;
