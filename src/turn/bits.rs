//! Pixels of 1, 2 and 4 bits.
//!
//! Their bytes are turned like 8-bit pixels, in bands that stay in cache.
//! What was a byte of 8, 4 or 2 pixels of one row has then become a run of
//! bytes of as many columns, each byte a row; the columns are taken apart
//! from [`BAND`] such bytes at a time.

use super::{Job, Kernel, Rows, turn_bytes};

/// Rows to a band: 64 bytes of a 1-bit column.
pub(super) const BAND: usize = 512;

/// Byte columns turned at once.
const COLUMNS: usize = 64;

/// Takes columns apart: byte r of the input holds the pixels of row r, the
/// leftmost in its highest bits; the output is one column after the other,
/// rows packed from the highest bits. Only as many rows as given, a multiple
/// of 64, need be done.
pub(super) type Split = fn(&[u8; BAND], usize, &mut [u8; BAND]);

/// Turns pixels of `bits` bits; leaves the padding of `out` alone.
pub(super) fn turn(kernel: Kernel, bits: usize, job: &Job<'_>, out: &mut [u8]) {
    let kernel = kernel.or_portable();
    match bits {
        1 => turn_bits::<1>(kernel, job, out),
        2 => turn_bits::<2>(kernel, job, out),
        4 => turn_bits::<4>(kernel, job, out),
        _ => unreachable!("{bits} bits a pixel"),
    }
}

fn split<const BITS: usize>(kernel: Kernel) -> Split {
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ssse3 => super::ssse3::split::<BITS>(),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => super::avx2::split::<BITS>(),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => super::avx512::split::<BITS>(),
        _ => split_portably::<BITS>,
    }
}

#[allow(clippy::large_stack_arrays)] // 32 KiB
fn turn_bits<const BITS: usize>(kernel: Kernel, job: &Job<'_>, out: &mut [u8]) {
    let per_byte = 8 / BITS;
    let split = split::<BITS>(kernel);
    let first_byte = job.first / per_byte;
    let end_byte = (job.first + job.count).div_ceil(per_byte);
    let mut turned = [[0; BAND]; COLUMNS];
    let mut columns = [0; BAND];
    // Bands of much the same size: a small one would take as long.
    let bands = job.rows.rows.div_ceil(BAND);
    let band_rows = job.rows.rows.div_ceil(bands).next_multiple_of(64);

    let mut row = 0;
    while row < job.rows.rows {
        let rows = band_rows.min(job.rows.rows - row);
        let padded = rows.next_multiple_of(64);
        let band = Rows {
            bytes: if job.rows.reversed {
                &job.rows.bytes[job.rows.start(row + rows - 1)..]
            } else {
                &job.rows.bytes[job.rows.start(row)..]
            },
            rows,
            ..*job.rows
        };
        let row_bytes = (rows * BITS).div_ceil(8);
        // A copy of known length is fastest. What it writes too much lies in
        // the same row, and is overwritten by the next band or as padding.
        let room = row / per_byte + BAND / per_byte <= job.out_stride;
        let mut byte = first_byte;
        while byte < end_byte {
            let count = COLUMNS.min(end_byte - byte);
            let band_job = Job {
                rows: &band,
                first: byte,
                count,
                reversed: false,
                out_stride: BAND,
            };
            for turned in &mut turned[..count] {
                // The rows that pad the last word.
                turned[padded - 64..][..64].fill(0);
            }
            turn_bytes(kernel, 1, &band_job, turned[..count].as_flattened_mut());
            for (index, turned) in turned[..count].iter().enumerate() {
                split(turned, padded, &mut columns);
                let column = (byte + index) * per_byte;
                for (offset, pixels) in columns.chunks_exact(BAND / per_byte).enumerate() {
                    let column = column + offset;
                    if column < job.first || column >= job.first + job.count {
                        continue;
                    }
                    let start = job.out_row(column - job.first) * job.out_stride + row / per_byte;
                    if room {
                        out[start..][..BAND / per_byte].copy_from_slice(pixels);
                    } else {
                        copy(&mut out[start..][..row_bytes], &pixels[..row_bytes]);
                    }
                }
            }
            byte += count;
        }
        row += rows;
    }
}

/// Copies a few bytes to some hundred: pieces whose length is known take a
/// few instructions, the last overlaps the one before.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    fn pieces<const N: usize>(to: &mut [u8], from: &[u8]) {
        let last = from.len() - N;
        for start in (0..last).step_by(N).chain([last]) {
            to[start..][..N].copy_from_slice(&from[start..][..N]);
        }
    }
    match from.len() {
        64.. => pieces::<64>(to, from),
        32.. => pieces::<32>(to, from),
        16.. => pieces::<16>(to, from),
        8.. => pieces::<8>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// [`Split`] in words of 64 bits: squares of 8 × 8, 4 × 4 or 2 × 2 pixels are
/// transposed by swapping their halves, quarters and eighths.
fn split_portably<const BITS: usize>(turned: &[u8; BAND], rows: usize, columns: &mut [u8; BAND]) {
    let per_byte = 8 / BITS;
    let column_bytes = BAND / per_byte;
    let words = turned[..rows].as_chunks::<8>().0;
    for (index, &word) in words.iter().enumerate() {
        let word = transpose_squares::<BITS>(u64::from_be_bytes(word)).to_be_bytes();
        for (square, word) in word.chunks_exact(per_byte).enumerate() {
            let at = index * (8 / per_byte) + square;
            for (column, &byte) in word.iter().enumerate() {
                columns[column * column_bytes + at] = byte;
            }
        }
    }
}

/// Transposes the squares in a word whose highest byte is the first row.
fn transpose_squares<const BITS: usize>(word: u64) -> u64 {
    // Swaps what lies `distance` below the bits of `mask` with those bits.
    let swap = |word: u64, mask: u64, distance: u32| {
        let changed = (word ^ (word >> distance)) & mask;
        word ^ changed ^ (changed << distance)
    };
    match BITS {
        1 => {
            let word = swap(word, 0x00AA_00AA_00AA_00AA, 7);
            let word = swap(word, 0x0000_CCCC_0000_CCCC, 14);
            swap(word, 0x0000_0000_F0F0_F0F0, 28)
        }
        2 => {
            let word = swap(word, 0x00CC_00CC_00CC_00CC, 6);
            swap(word, 0x0000_F0F0_0000_F0F0, 12)
        }
        _ => swap(word, 0x00F0_00F0_00F0_00F0, 4),
    }
}
