//! The rotation of every size up to 40 × 40 and some large ones, against a slow and obvious one.

use std::fs;
use std::path::Path;

use image::ImageFormat;
use rot90::FileOptions;

use crate::support::bitmap::{self, Bitmap, DEPTHS, noise};
use crate::support::random::Random;
use crate::support::{files, fixture};
use rot90::{rotate, rotate_file};

/// The library's rotation of `picture` is the reference's, to the byte and to the last bit.
#[track_caller]
fn assert_rotates(picture: &Bitmap) {
    let name = &picture.name;
    let rotated = rotate(&picture.bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = picture.rotated();
    assert_eq!(
        (rotated.width as usize, rotated.height as usize),
        (expected.width, expected.height),
        "{name}: size"
    );
    assert_same(&rotated.bytes, &expected.bytes, name);
    assert_eq!(
        rotated.mean.to_bits(),
        picture.mean().to_bits(),
        "{name}: mean {} is not {}",
        rotated.mean,
        picture.mean()
    );
}

fn described(bits_per_pixel: u32, width: usize, height: usize, top_down: bool) -> String {
    let order = if top_down { "top-down" } else { "bottom-up" };
    format!("{width} × {height}, {bits_per_pixel} bits, {order}")
}

/// Equal bytes; where not, says at which offset they part rather than print them all.
#[track_caller]
fn assert_same(found: &[u8], expected: &[u8], name: &str) {
    if found == expected {
        return;
    }
    let at = found
        .iter()
        .zip(expected)
        .position(|(one, other)| one != other);
    panic!(
        "{name}: {} bytes for {} expected, the first other one at {at:?}",
        found.len(),
        expected.len()
    );
}

fn every_size_up_to_40(bits_per_pixel: u32) {
    for width in 1..=40 {
        for height in 1..=40 {
            let picture = noise(bits_per_pixel, width, height);
            assert_rotates(&picture);
            assert_rotates(&picture.with_rows(true));
        }
    }
}

#[test]
fn every_size_of_1_bit() {
    every_size_up_to_40(1);
}

#[test]
fn every_size_of_2_bits() {
    every_size_up_to_40(2);
}

#[test]
fn every_size_of_4_bits() {
    every_size_up_to_40(4);
}

#[test]
fn every_size_of_8_bits() {
    every_size_up_to_40(8);
}

#[test]
fn every_size_of_16_bits() {
    every_size_up_to_40(16);
}

#[test]
fn every_size_of_24_bits() {
    every_size_up_to_40(24);
}

#[test]
fn every_size_of_32_bits() {
    every_size_up_to_40(32);
}

#[test]
fn every_size_of_64_bits() {
    every_size_up_to_40(64);
}

/// Long and thin, around the edges of tiles and of vector registers.
#[test]
fn long_and_thin_pictures() {
    for bits_per_pixel in DEPTHS {
        for long in [63, 64, 65, 127, 129, 255, 257, 511, 513, 1025] {
            for thin in [1, 2, 3, 17] {
                assert_rotates(&noise(bits_per_pixel, long, thin));
                assert_rotates(&noise(bits_per_pixel, thin, long).with_rows(true));
            }
        }
    }
}

/// Masks in other places and of other widths than usual, wide ones and such with holes beside.
#[test]
fn masked_pictures() {
    let masks: [(u32, &[[u32; 3]]); 2] = [
        (
            16,
            &[
                [0xf800, 0x07e0, 0x001f],
                [0x001f, 0x07e0, 0xf800],
                [0x0f00, 0x00f0, 0x000f],
                [0x8000, 0x4000, 0x2000],
                [0x00ff, 0xff00, 0x0001],
            ],
        ),
        (
            32,
            &[
                [0x0000_00ff, 0x0000_ff00, 0x00ff_0000],
                [0xff00_0000, 0x00ff_0000, 0x0000_ff00],
                [0x3ff0_0000, 0x000f_fc00, 0x0000_03ff],
                [0xffe0_0000, 0x001f_fc00, 0x0000_03ff],
                [0xffff_0000, 0x0000_fff0, 0x0000_000f],
            ],
        ),
    ];
    for (bits_per_pixel, masks) in masks {
        for &masks in masks {
            // The last is large enough for another way of adding up.
            for (width, height) in [(1, 1), (7, 5), (33, 17), (300, 230)] {
                assert_rotates(&noise(bits_per_pixel, width, height).with_masks(masks));
            }
        }
    }
}

#[test]
fn four_rotations_are_the_identity() {
    for bits_per_pixel in DEPTHS {
        for (width, height) in [(1, 1), (5, 3), (31, 33), (64, 8), (100, 75)] {
            for top_down in [false, true] {
                let picture = noise(bits_per_pixel, width, height).with_rows(top_down);
                let mut bytes = picture.bytes.clone();
                for _ in 0..4 {
                    bytes = rotate(&bytes).unwrap().bytes;
                }
                assert_same(&bytes, &picture.bytes, &picture.name);
            }
        }
    }
}

/// Another decoder, reading input and output, sees the picture rotated.
#[test]
fn the_image_crate_sees_the_rotated_picture() {
    let read = |bytes: &[u8], name: &str| {
        image::load_from_memory_with_format(bytes, ImageFormat::Bmp)
            .unwrap_or_else(|error| panic!("{name}: the image crate does not read it: {error}"))
            .to_rgba8()
    };
    // It reads no 64-bit bitmaps.
    for bits_per_pixel in [1, 2, 4, 8, 16, 24, 32] {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (13, 7), (40, 40), (129, 66)] {
            for top_down in [false, true] {
                let picture = noise(bits_per_pixel, width, height).with_rows(top_down);
                let name = &picture.name;
                let output = rotate(&picture.bytes).unwrap().bytes;
                let expected = image::imageops::rotate90(&read(&picture.bytes, name));
                assert!(read(&output, name) == expected, "{name}: another picture");
            }
        }
    }
}

/// Rotates a file and checks it against the rotation in memory.
#[track_caller]
fn assert_file_equals_memory(folder: &Path, bytes: &[u8], options: &FileOptions<'_>, name: &str) {
    let (input, output) = (folder.join("a.bmp"), folder.join("a_rot90.bmp"));
    fs::write(&input, bytes).unwrap();
    let in_memory = rotate(bytes).unwrap();
    let in_file =
        rotate_file(&input, &output, options).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_same(&fs::read(&output).unwrap(), &in_memory.bytes, name);
    assert_eq!(
        in_file.mean.to_bits(),
        in_memory.mean.to_bits(),
        "{name}: means differ"
    );
    assert_eq!(
        (in_file.width, in_file.height),
        (in_memory.width, in_memory.height),
        "{name}: sizes differ"
    );
    assert_eq!(in_file.bytes, bytes.len() as u64, "{name}: bytes read");
    assert!(in_file.written, "{name}: written");
}

/// Files that are read at once, in parts, and row by row to other distances.
#[test]
fn files_rotate_as_memory_does() {
    let folder = tempfile::tempdir().unwrap();
    for bits_per_pixel in DEPTHS {
        let row = |bytes: usize| bytes * 8 / bits_per_pixel as usize;
        for (width, height) in [
            (1, 1),
            (37, 23),
            // Larger than what is read at once.
            (row(2100), 601),
            // Rows whose starts meet in few sets of the cache.
            (row(1024), 1100),
            (row(4096), 300),
            (row(4096) - 1, 300),
        ] {
            for top_down in [false, true] {
                assert_file_equals_memory(
                    folder.path(),
                    &bitmap::large(bits_per_pixel, width, height, top_down),
                    &FileOptions::default(),
                    &described(bits_per_pixel, width, height, top_down),
                );
            }
        }
    }
}

/// The hand-made bitmaps of every kind, too.
#[test]
fn files_of_every_kind_rotate_as_memory_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut bitmaps = files(&fixture("hand"), ".bmp");
    bitmaps.extend(files(&fixture("samples"), ".bmp"));
    assert!(bitmaps.len() >= 59, "only {} bitmaps", bitmaps.len());
    for path in bitmaps {
        let bytes = fs::read(&path).unwrap();
        let name = path.display().to_string();
        assert_file_equals_memory(folder.path(), &bytes, &FileOptions::default(), &name);
    }
}

/// A picture for which there is too little memory is rotated in bands, down to very thin ones.
#[test]
fn bands_of_any_width_make_the_same_picture() {
    let folder = tempfile::tempdir().unwrap();
    for bits_per_pixel in DEPTHS {
        let width = 1501 * 8 / bits_per_pixel as usize;
        for top_down in [false, true] {
            let described = described(bits_per_pixel, width, 203, top_down);
            let bytes = bitmap::large(bits_per_pixel, width, 203, top_down);
            let mut in_bands = 0;
            for kilobytes in [1, 16, 24, 32, 48, 64, 128, 256, 400] {
                let mut options = FileOptions::default();
                options.max_memory = Some(kilobytes << 10);
                let (input, output) = (folder.path().join("a.bmp"), folder.path().join("b.bmp"));
                fs::write(&input, &bytes).unwrap();
                let name = format!("{described}, in {kilobytes} KiB");
                match rotate_file(&input, &output, &options) {
                    Err(rot90::Error::Memory(_)) => {
                        assert!(kilobytes < 64, "{name}: refused");
                        assert!(!output.exists(), "{name}: refused, yet there is an output");
                    }
                    Err(error) => panic!("{name}: {error}"),
                    Ok(_) => {
                        in_bands += usize::from(kilobytes << 10 < bytes.len() as u64);
                        assert_file_equals_memory(folder.path(), &bytes, &options, &name);
                        fs::remove_file(&output).unwrap();
                    }
                }
            }
            assert!(in_bands >= 3, "{described}: {in_bands} times in bands");
        }
    }
}

/// Pictures of 64 MiB and more, which all threads rotate together.
#[test]
fn pictures_over_64_mib_rotate_as_memory_does() {
    let folder = tempfile::tempdir().unwrap();
    let height = 8009;
    for (bits_per_pixel, top_down) in [(24, false)] {
        let width = 70_000_000 / height * 8 / bits_per_pixel as usize;
        let bytes = bitmap::large(bits_per_pixel, width, height, top_down);
        let name = format!("{width} × {height}, {bits_per_pixel} bits");
        assert!(bytes.len() > 64 << 20, "{name}: not large");
        assert_file_equals_memory(folder.path(), &bytes, &FileOptions::default(), &name);
        // Some of its pixels, looked up one by one.
        let rotated = fs::read(folder.path().join("a_rot90.bmp")).unwrap();
        let pixel_bytes = bits_per_pixel as usize / 8;
        let at = |bytes: &[u8], width: usize, height: usize, x: usize, y: usize| {
            let stride = (width * pixel_bytes).next_multiple_of(4);
            let row = if top_down { y } else { height - 1 - y };
            let start = bytes.len() - stride * height + row * stride + x * pixel_bytes;
            bytes[start..start + pixel_bytes].to_vec()
        };
        let mut random = Random::new(1);
        for _ in 0..10_000 {
            let (x, y) = (random.below(width), random.below(height));
            let (before, after) = (
                at(&bytes, width, height, x, y),
                at(&rotated, height, width, height - 1 - y, x),
            );
            assert_eq!(before, after, "{name}: the pixel at {x}, {y}");
        }
    }
}
