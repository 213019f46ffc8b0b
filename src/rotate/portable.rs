//! Rotation in safe code: pixels of any size on any processor.
//!
//! Blocks of pixels are copied aside row by row, which fetches many cache lines at a time and
//! leaves cache-set conflicts behind, and written column by column from there.

use super::Rotation;

/// Rows of a block.
const ROWS: usize = 64;

/// Rotates pixels of whole bytes.
pub(super) fn rotate(pixel_bytes: usize, rotation: &Rotation<'_>, out: &mut [u8]) {
    match pixel_bytes {
        1 => rotate_blocks::<1, 64>(rotation, out),
        2 => rotate_blocks::<2, 64>(rotation, out),
        3 => rotate_blocks::<3, 64>(rotation, out),
        4 => rotate_blocks::<4, 64>(rotation, out),
        5 => rotate_blocks::<5, 64>(rotation, out),
        6 => rotate_blocks::<6, 64>(rotation, out),
        7 => rotate_blocks::<7, 64>(rotation, out),
        8 => rotate_blocks::<8, 64>(rotation, out),
        9 => rotate_blocks::<9, 64>(rotation, out),
        10 => rotate_blocks::<10, 64>(rotation, out),
        11 => rotate_blocks::<11, 64>(rotation, out),
        12 => rotate_blocks::<12, 64>(rotation, out),
        13 => rotate_blocks::<13, 64>(rotation, out),
        14 => rotate_blocks::<14, 64>(rotation, out),
        15 => rotate_blocks::<15, 64>(rotation, out),
        // Wider blocks would have conflicts of their own.
        16 => rotate_blocks::<16, 32>(rotation, out),
        _ => unreachable!("{pixel_bytes} bytes per pixel"),
    }
}

#[allow(clippy::large_stack_arrays)] // 60 KiB at most
fn rotate_blocks<const PIXEL: usize, const COLUMNS: usize>(
    rotation: &Rotation<'_>,
    out: &mut [u8],
) {
    let input = rotation.rows;
    let mut block = [[[0; PIXEL]; COLUMNS]; ROWS];
    for row in (0..input.rows).step_by(ROWS) {
        let rows = ROWS.min(input.rows - row);
        for column in (0..rotation.count).step_by(COLUMNS) {
            let columns = COLUMNS.min(rotation.count - column);
            for (index, pixels) in block[..rows].iter_mut().enumerate() {
                let start = input.start(row + index) + (rotation.first + column) * PIXEL;
                let from = &input.bytes[start..][..columns * PIXEL];
                pixels[..columns].as_flattened_mut().copy_from_slice(from);
            }
            for index in 0..columns {
                let start = rotation.out_row(column + index) * rotation.out_stride + row * PIXEL;
                let (run, _) = out[start..][..rows * PIXEL].as_chunks_mut();
                for (to, pixels) in run.iter_mut().zip(&block) {
                    *to = pixels[index];
                }
            }
        }
    }
}
