//! The turn in safe code, for any processor.
//!
//! Eight rows are read at once, so that each column gives a run of eight
//! pixels to write; they are joined in registers where the pixel is small.

use super::Job;

/// Rows that are read side by side.
const ROWS: usize = 8;

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

fn turn_pixels<const PIXEL: usize>(job: &Job<'_>, out: &mut [u8]) {
    let pixels = |row: usize| {
        let start = job.rows.start(row) + job.first * PIXEL;
        let (pixels, _) = job.rows.bytes[start..][..job.count * PIXEL].as_chunks::<PIXEL>();
        pixels
    };
    let mut row = 0;
    while row + ROWS <= job.rows.rows {
        let rows: [_; ROWS] = std::array::from_fn(|index| pixels(row + index));
        for column in 0..job.count {
            let start = job.out_row(column) * job.out_stride + row * PIXEL;
            let (run, _) = out[start..][..ROWS * PIXEL].as_chunks_mut::<PIXEL>();
            for (to, from) in run.iter_mut().zip(rows) {
                *to = from[column];
            }
        }
        row += ROWS;
    }
    for row in row..job.rows.rows {
        for (column, pixel) in pixels(row).iter().enumerate() {
            let start = job.out_row(column) * job.out_stride + row * PIXEL;
            out[start..][..PIXEL].copy_from_slice(pixel);
        }
    }
}
