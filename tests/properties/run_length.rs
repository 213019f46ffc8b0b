//! Run-length data of any size, held against an interpreter that goes pixel by pixel.
//!
//! The input is the kind, width and height in a byte each, then the data.

use rot90::bmp::rle::{RunLength, expand};

/// Whether the data was expanded.
pub(crate) fn check(input: &[u8]) -> bool {
    let Some((&[kind, width, height], data)) = input.split_first_chunk() else {
        return false;
    };
    let kind = [RunLength::Rle4, RunLength::Rle8, RunLength::Rle24][usize::from(kind % 3)];
    let (width, height) = (usize::from(width), usize::from(height));
    let bits = kind.bits_per_pixel();
    let stride_bytes = (width * bits).div_ceil(32) * 4;
    let mut out = vec![0; stride_bytes * height];
    let result = expand(kind, data, width, height, stride_bytes, &mut out);
    let pixels = interpret(kind, data, width, height);
    assert_eq!(result.is_ok(), pixels.is_some(), "{result:?}");
    let Some(pixels) = pixels else {
        return false;
    };
    let mut expected = vec![0; out.len()];
    for (i, pixel) in pixels.into_iter().enumerate() {
        let (row, column) = (i / width * stride_bytes, i % width);
        match kind {
            RunLength::Rle4 => expected[row + column / 2] |= pixel[0] << (4 - column % 2 * 4),
            RunLength::Rle8 => expected[row + column] = pixel[0],
            RunLength::Rle24 => {
                expected[row + 3 * column..row + 3 * column + 3].copy_from_slice(&pixel);
            }
        }
    }
    assert_eq!(out, expected);
    true
}

fn interpret(kind: RunLength, data: &[u8], width: usize, height: usize) -> Option<Vec<[u8; 3]>> {
    let mut pixels = vec![[0; 3]; width * height];
    let (mut x, mut y) = (0, 0);
    let mut rest = data;
    let colour_bytes = if kind == RunLength::Rle24 { 3 } else { 1 };
    let complete = |x, y| y >= height || (y + 1 == height && x >= width);
    let mut put = |x: usize, y: usize, colour: &[u8], odd: bool| {
        if x >= width || y >= height {
            return None;
        }
        pixels[y * width + x] = match kind {
            RunLength::Rle4 if odd => [colour[0] & 15, 0, 0],
            RunLength::Rle4 => [colour[0] >> 4, 0, 0],
            RunLength::Rle8 => [colour[0], 0, 0],
            RunLength::Rle24 => [colour[0], colour[1], colour[2]],
        };
        Some(())
    };
    while let [first, after @ ..] = rest {
        if *first > 0 {
            let Some((colour, after)) = after.split_at_checked(colour_bytes) else {
                break;
            };
            for i in 0..*first {
                put(x, y, colour, i % 2 == 1)?;
                x += 1;
            }
            rest = after;
            continue;
        }
        match after {
            [0, after @ ..] => {
                (x, y) = (0, y + 1);
                rest = after;
            }
            [1, ..] => return Some(pixels),
            [2, right, up, after @ ..] => {
                (x, y) = (x + usize::from(*right), y + usize::from(*up));
                rest = after;
            }
            [] | [2, ..] => break,
            [count, after @ ..] => {
                let count = usize::from(*count);
                let bytes = (count * kind.bits_per_pixel()).div_ceil(8);
                let Some((literal, after)) = after.split_at_checked(bytes) else {
                    break;
                };
                for i in 0..count {
                    let at = i * kind.bits_per_pixel() / 8;
                    put(x, y, &literal[at..], i % 2 == 1)?;
                    x += 1;
                }
                rest = after.get(bytes % 2..).unwrap_or_default();
            }
        }
    }
    complete(x, y).then_some(pixels)
}
