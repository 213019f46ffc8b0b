//! Pixels of 1, 2 and 4 bits.
//!
//! Their bytes are rotated like 8-bit pixels, in bands that stay in cache. A byte column of 8, 4 or 2
//! pixels has then become a run of [`PACKED_BAND_ROWS`] bytes, which is transposed within its bytes.

use super::{Kernel, PACKED_BAND_ROWS, Rotation, Rows, TransposePacked};

/// Columns of bytes that are rotated at once.
const BYTE_COLUMNS: usize = 64;

/// Rotates pixels of `bits` bits; leaves what follows each row of `out` alone.
pub(super) fn rotate(kernel: Kernel, bits: usize, rotation: &Rotation<'_>, out: &mut [u8]) {
    let kernel = kernel.or_portable();
    match bits {
        1 => rotate_bits::<1>(kernel, rotation, out),
        2 => rotate_bits::<2>(kernel, rotation, out),
        4 => rotate_bits::<4>(kernel, rotation, out),
        _ => unreachable!("{bits} bits a pixel"),
    }
}

fn transpose_packed<const BITS: usize>(kernel: Kernel) -> TransposePacked {
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ssse3 => super::ssse3::transpose_packed::<BITS>(),
        _ => transpose_portably::<BITS>,
    }
}

#[allow(clippy::large_stack_arrays)] // 32 KiB
fn rotate_bits<const BITS: usize>(kernel: Kernel, rotation: &Rotation<'_>, out: &mut [u8]) {
    let per_byte = 8 / BITS;
    let transpose = transpose_packed::<BITS>(kernel);
    let first_byte = rotation.first / per_byte;
    let end_byte = (rotation.first + rotation.count).div_ceil(per_byte);
    let mut rotated = [[0; PACKED_BAND_ROWS]; BYTE_COLUMNS];
    let mut columns = [0; PACKED_BAND_ROWS];
    // Bands of much the same size: a small one would take as long.
    let bands = rotation.rows.rows.div_ceil(PACKED_BAND_ROWS);
    let band_rows = rotation.rows.rows.div_ceil(bands).next_multiple_of(64);

    for row in (0..rotation.rows.rows).step_by(band_rows) {
        let rows = band_rows.min(rotation.rows.rows - row);
        let padded = rows.next_multiple_of(64);
        let ends = [row, row + rows - 1].map(|row| rotation.rows.start(row));
        let band = Rows {
            bytes: &rotation.rows.bytes[ends[0].min(ends[1])..],
            rows,
            ..*rotation.rows
        };
        let row_bytes = (rows * BITS).div_ceil(8);
        // A copy of known length is fastest. What it writes too much lies in the same row, and is
        // overwritten by the next band or as padding.
        let has_room = row / per_byte + PACKED_BAND_ROWS / per_byte <= rotation.out_stride;
        for byte in (first_byte..end_byte).step_by(BYTE_COLUMNS) {
            let count = BYTE_COLUMNS.min(end_byte - byte);
            let band_rotation = Rotation {
                rows: &band,
                first: byte,
                count,
                last_column_first: false,
                out_stride: PACKED_BAND_ROWS,
            };
            for rotated in &mut rotated[..count] {
                // The rows that pad the last word.
                rotated[padded - 64..][..64].fill(0);
            }
            band_rotation.rotate_bytes(kernel, 1, rotated[..count].as_flattened_mut());
            for (index, rotated) in rotated[..count].iter().enumerate() {
                transpose(rotated, padded, &mut columns);
                let column = (byte + index) * per_byte;
                for (offset, pixels) in columns
                    .chunks_exact(PACKED_BAND_ROWS / per_byte)
                    .enumerate()
                {
                    let column = column + offset;
                    if column < rotation.first || column >= rotation.first + rotation.count {
                        continue;
                    }
                    let start = rotation.out_row(column - rotation.first) * rotation.out_stride
                        + row / per_byte;
                    if has_room {
                        out[start..][..PACKED_BAND_ROWS / per_byte].copy_from_slice(pixels);
                    } else {
                        out[start..][..row_bytes].copy_from_slice(&pixels[..row_bytes]);
                    }
                }
            }
        }
    }
}

/// [`TransposePacked`] in words of 64 bits: squares of 8 × 8, 4 × 4 or 2 × 2 pixels are transposed by
/// swapping their halves, quarters and eighths.
fn transpose_portably<const BITS: usize>(
    rotated: &[u8; PACKED_BAND_ROWS],
    rows: usize,
    columns: &mut [u8; PACKED_BAND_ROWS],
) {
    let per_byte = 8 / BITS;
    let column_bytes = PACKED_BAND_ROWS / per_byte;
    let words = rotated[..rows].as_chunks::<8>().0;
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
