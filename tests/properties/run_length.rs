//! Run-length data of any size, held against an interpreter that goes pixel by pixel.
//!
//! The input is the kind, width and height in a byte each, then the data.

use rot90::rotate_within;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Rle4 = 4,
    Rle8 = 8,
    Rle24 = 24,
}

use Kind::{Rle4, Rle8, Rle24};

/// Whether the data was decoded.
pub(crate) fn check(input: &[u8]) -> bool {
    let Some((&[kind, width, height], data)) = input.split_first_chunk() else {
        return false;
    };
    if width == 0 || height == 0 {
        return false;
    }
    let kind = [Rle4, Rle8, Rle24][usize::from(kind % 3)];
    let bitmap = bitmap(kind, width, height, data);
    let (width, height) = (usize::from(width), usize::from(height));
    let result = rotate_within(&bitmap, 16 << 20);
    let pixels = interpret(kind, data, width, height);
    assert_eq!(result.is_ok(), pixels.is_some(), "{result:?}");
    let (Some(pixels), Ok(rotated)) = (pixels, result) else {
        return false;
    };
    // Rows are stored from the bottom up: each column from the right is one, from its bottom up too.
    let stride_bytes = (height * kind as usize).div_ceil(32) * 4;
    let mut expected = vec![0; stride_bytes * width];
    for (row, column) in (0..width).rev().enumerate() {
        for at in 0..height {
            let pixel = pixels[at * width + column];
            let row = row * stride_bytes;
            match kind {
                Rle4 => expected[row + at / 2] |= pixel[0] << (4 - at % 2 * 4),
                Rle8 => expected[row + at] = pixel[0],
                Rle24 => expected[row + 3 * at..row + 3 * at + 3].copy_from_slice(&pixel),
            }
        }
    }
    let offset = u32::from_le_bytes(*rotated.bytes[10..].first_chunk().unwrap());
    assert_eq!(rotated.bytes[offset as usize..], expected);
    true
}

/// The file with such pixels: a Windows header of 40 bytes, at 24 bits one of OS/2, of 64.
fn bitmap(kind: Kind, width: u8, height: u8, data: &[u8]) -> Vec<u8> {
    let (header, compression, colours) = match kind {
        Rle4 => (40, 2, 16),
        Rle8 => (40, 1, 256),
        Rle24 => (64, 4, 0),
    };
    let offset = 14 + header + 4 * colours;
    let size = data.len() as u32;
    let mut bytes = b"BM".to_vec();
    for field in [
        offset + size,
        0,
        offset,
        header,
        width.into(),
        height.into(),
        1 | (kind as u32) << 16,
        compression,
        size,
    ] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.resize(offset as usize, 0);
    bytes.extend(data);
    bytes
}

fn interpret(kind: Kind, data: &[u8], width: usize, height: usize) -> Option<Vec<[u8; 3]>> {
    let mut pixels = vec![[0; 3]; width * height];
    let (mut x, mut y) = (0, 0);
    let mut rest = data;
    let colour_bytes = if kind == Rle24 { 3 } else { 1 };
    let complete = |x, y| y >= height || (y + 1 == height && x >= width);
    let mut put = |x: usize, y: usize, colour: &[u8], odd: bool| {
        // Writers encode the row's padding too: what lies outside is left out.
        if x >= width || y >= height {
            return;
        }
        pixels[y * width + x] = match kind {
            Rle4 if odd => [colour[0] & 15, 0, 0],
            Rle4 => [colour[0] >> 4, 0, 0],
            Rle8 => [colour[0], 0, 0],
            Rle24 => [colour[0], colour[1], colour[2]],
        };
    };
    while let [first, after @ ..] = rest {
        if *first > 0 {
            let Some((colour, after)) = after.split_at_checked(colour_bytes) else {
                break;
            };
            for i in 0..*first {
                put(x, y, colour, i % 2 == 1);
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
                let bytes = (count * kind as usize).div_ceil(8);
                let Some((literal, after)) = after.split_at_checked(bytes) else {
                    break;
                };
                for i in 0..count {
                    let at = i * kind as usize / 8;
                    put(x, y, &literal[at..], i % 2 == 1);
                    x += 1;
                }
                rest = after.get(bytes % 2..).unwrap_or_default();
            }
        }
    }
    complete(x, y).then_some(pixels)
}
