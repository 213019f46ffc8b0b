//! What holds of every rotated bitmap, and of what is refused.

use crate::support::bitmap::Bitmap;
use crate::support::reader;
use rot90::{Rotated, rotate};

/// `bitmap` rotated, once its size, mean, stored values, colours and padding are checked.
#[track_caller]
pub(crate) fn rotated(bitmap: &Bitmap) -> Rotated {
    let name = &bitmap.name;
    let rotated = rotate(&bitmap.bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = bitmap.rotated();
    let (width, height) = (expected.width, expected.height);
    assert_eq!(
        (rotated.width as usize, rotated.height as usize),
        (width, height),
        "{name}: size"
    );
    let (mean, right) = (rotated.mean, bitmap.mean());
    assert!(
        (mean - right).abs() <= f64::from(bitmap.within),
        "{name}: mean {mean}, not {right}"
    );

    let found = reader::read(&rotated.bytes);
    assert_eq!((found.width, found.height), (width, height), "{name}");
    assert_eq!(
        found.bits_per_pixel as u32, bitmap.bits_per_pixel,
        "{name}: depth"
    );
    assert!(found.clean, "{name}: padding is not zero");
    assert_eq!(
        found.file_size as usize,
        rotated.bytes.len(),
        "{name}: bfSize"
    );
    let pixel_bytes = bitmap.bits_per_pixel.div_ceil(8) as usize;
    let pixels: Vec<u8> = expected
        .pixels
        .iter()
        .flat_map(|value| value.to_le_bytes()[..pixel_bytes].to_vec())
        .collect();
    assert!(
        alike(&found.pixels, &pixels, bitmap.within),
        "{name}: other pixels"
    );
    let colours = reader::colours(&rotated.bytes, &found);
    assert!(
        alike(
            colours.as_flattened(),
            expected.colours().as_flattened(),
            bitmap.within
        ),
        "{name}: other colours"
    );
    rotated
}

/// Whether samples are as many, and differ by `within` at most.
pub(crate) fn alike(found: &[u8], expected: &[u8], within: u8) -> bool {
    let mut pairs = found.iter().zip(expected);
    found.len() == expected.len() && pairs.all(|(one, other)| one.abs_diff(*other) <= within)
}

/// `bytes` are refused, and the reason has this part.
#[track_caller]
pub(crate) fn refused(bytes: &[u8], part: &str) {
    match rotate(bytes) {
        Ok(_) => panic!("rotated, though it should be refused: {part}"),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(part), "\"{text}\" lacks \"{part}\"");
        }
    }
}
