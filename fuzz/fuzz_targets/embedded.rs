//! Embedded JPEG and PNG: the first byte says which, and how they are wanted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rot90::bmp::embedded::{Embedded, Rows, dimensions, expand};

fuzz_target!(|input: &[u8]| {
    let Some((&how, data)) = input.split_first() else {
        return;
    };
    let kind = if how & 1 == 0 {
        Embedded::Jpeg
    } else {
        Embedded::Png
    };
    let Ok((width, height, _)) = dimensions(kind, data) else {
        return;
    };
    if u64::from(width) * u64::from(height) > 1 << 20 {
        return;
    }
    let (width, height) = (width as usize, height as usize);
    let bits_per_pixel = if how & 2 == 0 { 24 } else { 32 };
    let stride_bytes = (width * bits_per_pixel).div_ceil(32) * 4;
    let rows = Rows {
        width,
        height,
        bits_per_pixel: bits_per_pixel as u32,
        stride_bytes,
        bottom_up: how & 4 != 0,
    };
    let mut out = vec![0; stride_bytes * height];
    let _ = expand(kind, data, rows, 1 << 28, &mut out);
});
