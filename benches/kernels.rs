//! The rotation of pixels alone, in memory, beside a copy of the same bytes, on one thread.
//!
//! `cargo bench --bench kernels -- 3-byte/2000x2000` picks one picture.

mod measure;

use std::hint::black_box;

use measure::measure;
use rot90::{Pixels, rotate_pixels};

/// A small picture, one that third-level caches hold, and one whose stride
/// is a multiple of 4096 bytes.
const SIZES: [(usize, usize); 3] = [(775, 522), (2000, 2000), (4096, 4096)];

fn main() {
    for pixel_bytes in [3, 1, 2, 4, 8, 16] {
        for (width, height) in SIZES {
            let name = |what: &str| format!("{pixel_bytes}-byte/{width}x{height}/{what}");
            let size = width * height * pixel_bytes;
            let input: Vec<u8> = (0..size).map(|at| (at * 7 + at / 251) as u8).collect();
            let mut output = vec![0; size];
            measure(&name("copy"), size, || {
                black_box(&mut output).copy_from_slice(black_box(&input));
            });
            let pixels = Pixels::packed(&input, width, height, pixel_bytes);
            measure(&name("rotate"), size, || {
                rotate_pixels(
                    black_box(&pixels),
                    black_box(&mut output),
                    height * pixel_bytes,
                )
                .expect("the sizes fit");
            });
        }
    }
}
