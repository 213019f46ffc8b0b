//! Embedded JPEG and PNG: the first byte says which, and how they are wanted.

use rot90::bmp::embedded::{Embedded, Rows, dimensions, expand};

const MAX_MEMORY: u64 = 1 << 28;

/// Whether the input was decoded. It must then be the same picture at either depth and in either
/// order of rows, and the padding of rows must be as it was.
pub(crate) fn check(input: &[u8]) -> bool {
    let Some((&how, data)) = input.split_first() else {
        return false;
    };
    let kind = if how & 1 == 0 {
        Embedded::Jpeg
    } else {
        Embedded::Png
    };
    let Ok((width, height, _)) = dimensions(kind, data) else {
        return false;
    };
    if u64::from(width) * u64::from(height) > 1 << 20 {
        return false;
    }
    let (width, height) = (width as usize, height as usize);
    let decode = |bits_per_pixel: usize, bottom_up: bool| {
        let stride_bytes = (width * bits_per_pixel).div_ceil(32) * 4;
        let rows = Rows {
            width,
            height,
            bits_per_pixel: bits_per_pixel as u32,
            stride_bytes,
            bottom_up,
        };
        let mut out = vec![0x5a; stride_bytes * height];
        let decoded = expand(kind, data, rows, MAX_MEMORY, &mut out).is_ok();
        if decoded {
            for row in out.chunks(stride_bytes) {
                let padding = &row[width * bits_per_pixel / 8..];
                assert!(padding.iter().all(|&byte| byte == 0x5a), "row padding");
            }
        } else {
            assert!(out.iter().all(|&byte| byte == 0x5a), "refused, but written");
        }
        decoded.then_some((out, stride_bytes))
    };
    let bits_per_pixel = if how & 2 == 0 { 24 } else { 32 };
    let bottom_up = how & 4 != 0;
    let one = decode(bits_per_pixel, bottom_up);
    // Twice the time, but for some of the inputs.
    if how & 8 == 0 {
        return one.is_some();
    }
    let other = decode(56 - bits_per_pixel, !bottom_up);
    assert_eq!(one.is_some(), other.is_some());
    let (Some((one, one_stride)), Some((other, other_stride))) = (one, other) else {
        return false;
    };
    let (one_bytes, other_bytes) = (bits_per_pixel / 8, 7 - bits_per_pixel / 8);
    for (row, mirrored) in one.chunks(one_stride).zip(other.rchunks(other_stride)) {
        let pixels = row[..width * one_bytes].chunks(one_bytes);
        let others = mirrored[..width * other_bytes].chunks(other_bytes);
        for (pixel, other) in pixels.zip(others) {
            assert_eq!(pixel[..3], other[..3]);
        }
    }
    true
}
