//! The turn in safe code, for any processor.
//!
//! Squares of 64 × 64 pixels are copied aside row by row, which fetches many
//! lines at a time, and written column by column from there.

use super::Job;

/// Rows and columns of a square.
const SIDE: usize = 64;

/// Turns whole-byte pixels.
pub(super) fn turn(pixel_bytes: usize, job: &Job<'_>, out: &mut [u8]) {
    match pixel_bytes {
        1 => turn_pixels::<1>(job, out),
        2 => turn_pixels::<2>(job, out),
        3 => turn_pixels::<3>(job, out),
        4 => turn_pixels::<4>(job, out),
        8 => turn_pixels::<8>(job, out),
        _ => unreachable!("{pixel_bytes} bytes a pixel"),
    }
}

#[allow(clippy::large_stack_arrays)] // 32 KiB at most
fn turn_pixels<const PIXEL: usize>(job: &Job<'_>, out: &mut [u8]) {
    let mut square = [[[0; PIXEL]; SIDE]; SIDE];
    for row in (0..job.rows.rows).step_by(SIDE) {
        let rows = SIDE.min(job.rows.rows - row);
        for column in (0..job.count).step_by(SIDE) {
            let columns = SIDE.min(job.count - column);
            for (index, pixels) in square[..rows].iter_mut().enumerate() {
                let start = job.rows.start(row + index) + (job.first + column) * PIXEL;
                let from = &job.rows.bytes[start..][..columns * PIXEL];
                pixels[..columns].as_flattened_mut().copy_from_slice(from);
            }
            for index in 0..columns {
                let at = job.out_row(column + index) * job.out_stride + row * PIXEL;
                let (run, _) = out[at..][..rows * PIXEL].as_chunks_mut::<PIXEL>();
                // Eight pixels at a time are joined before they are written.
                let (eights, rest) = run.as_chunks_mut::<8>();
                let (squares, _) = square.as_chunks::<8>();
                for (to, from) in eights.iter_mut().zip(squares) {
                    *to = from.each_ref().map(|row| row[index]);
                }
                for (to, from) in rest.iter_mut().zip(&square[rows / 8 * 8..]) {
                    *to = from[index];
                }
            }
        }
    }
}
