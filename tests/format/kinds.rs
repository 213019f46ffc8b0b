//! Bitmaps of every kind, rotated: stored values, colours, headers and means, against what the
//! writer of the tests put into them, and against what another decoder sees.

use std::io::Cursor;

use image::DynamicImage;
use image::codecs::bmp::BmpDecoder;

use crate::checks::{alike, refused, rotated};
use crate::support::bitmap::{Bitmap, Coding, Recipe, kinds, put, runs};
use crate::support::random::Random;
use crate::support::reader;
use rot90::{Rotated, rotate};

/// Headers keep their version and palette; what belongs to an axis is on the other one.
#[track_caller]
fn assert_headers_kept(bitmap: &Bitmap, output: &[u8]) {
    let name = &bitmap.name;
    let start = if bitmap.bytes.starts_with(b"BA") {
        14
    } else {
        0
    };
    let input = &bitmap.bytes[start..];
    let size = usize::from(input[14]);
    assert_eq!(&output[14..18], &input[14..18], "{name}: header version");
    assert_eq!(&output[6..10], &input[6..10], "{name}: hotspot");
    if size >= 32 {
        assert_eq!(&output[38..42], &input[42..46], "{name}: resolution");
        assert_eq!(&output[42..46], &input[38..42], "{name}: resolution");
    }
    let signed = |bytes: &[u8]| i32::from_le_bytes(bytes[22..26].try_into().unwrap());
    if size > 12 {
        assert_eq!(signed(output) < 0, signed(input) < 0, "{name}: row order");
    }
    // Whatever stands between headers and pixels: masks, palette, a gap.
    let offset = |bytes: &[u8]| u32::from_le_bytes(bytes[10..14].try_into().unwrap()) as usize;
    let end = offset(output).min(offset(input) - start);
    assert_eq!(
        output[14 + size..end],
        input[14 + size..end],
        "{name}: masks and palette"
    );
}

/// Four more rotations give the same file again.
#[track_caller]
fn assert_round_trip(name: &str, first: &Rotated) {
    let mut last = first.clone();
    for _ in 0..4 {
        last = rotate(&last.bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert!(
        last.bytes == first.bytes && last.mean.to_bits() == first.mean.to_bits(),
        "{name}: four rotations are not the identity"
    );
}

fn seen(bytes: &[u8]) -> Option<DynamicImage> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).ok()?;
    DynamicImage::from_decoder(decoder).ok()
}

/// Whether the `image` crate sees the picture rotated; `None` where it does not read the input.
#[track_caller]
fn assert_seen_rotated(bitmap: &Bitmap, output: &[u8]) -> Option<()> {
    // Where run lengths leave pixels out, it has colours of its own, and it takes the palette of
    // the oldest header for whole when it is not.
    let name = &bitmap.name;
    let holes = name.contains("run lengths") && !name.contains("holes: None");
    if holes || bitmap.bytes[14..18] == [12, 0, 0, 0] {
        return None;
    }
    let before = seen(&bitmap.bytes)?;
    let after = seen(output)
        .unwrap_or_else(|| panic!("{name}: the image crate reads the input, not the output"));
    // The output's format may say that there is alpha where the input's did not.
    assert!(
        after.to_rgb8() == image::imageops::rotate90(&before.to_rgb8()),
        "{name}: the image crate sees another picture"
    );
    Some(())
}

#[track_caller]
fn check(bitmap: &Bitmap) -> bool {
    let output = rotated(bitmap);
    assert_headers_kept(bitmap, &output.bytes);
    assert_round_trip(&bitmap.name, &output);
    assert_seen_rotated(bitmap, &output.bytes).is_some()
}

#[test]
fn one_of_each_kind() {
    let gallery = kinds::gallery();
    assert!(gallery.len() > 300, "{} kinds", gallery.len());
    let seen = gallery.iter().filter(|bitmap| check(bitmap)).count();
    assert!(seen > 50, "the image crate read {seen}");
}

#[test]
fn random_bitmaps_of_all_kinds() {
    let seen = (0..1000)
        .filter(|&seed| check(&kinds::bitmap(seed)))
        .count();
    assert!(seen > 200, "the image crate read {seen}");
}

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn many_random_bitmaps_of_all_kinds() {
    let seen = (10_000..60_000)
        .filter(|&seed| check(&kinds::bitmap(seed)))
        .count();
    assert!(seen > 10_000, "the image crate read {seen}");
}

/// What the tests hold rot90 against is held against another decoder itself.
#[test]
fn the_tests_write_what_another_decoder_reads() {
    let mut read = 0;
    let random_ones = (0..800).map(kinds::bitmap);
    for bitmap in kinds::gallery().into_iter().chain(random_ones) {
        // `image` has no colours for what run lengths leave out, and takes the palette of the
        // oldest header for whole when it is not.
        if bitmap.name.contains("run lengths") || bitmap.bytes[14..18] == [12, 0, 0, 0] {
            continue;
        }
        let Some(picture) = seen(&bitmap.bytes) else {
            continue;
        };
        // It scales wide channels without rounding.
        let within = u8::from(matches!(bitmap.bits_per_pixel, 16 | 32));
        let found = picture.to_rgb8();
        assert!(
            alike(found.as_raw(), bitmap.colours().as_flattened(), within),
            "{}",
            bitmap.name
        );
        read += 1;
    }
    assert!(read > 200, "only {read} were read");
}

fn small(bits_per_pixel: u32) -> Bitmap {
    let recipe = Recipe::new(23, 9, bits_per_pixel);
    recipe.write(&format!("{bits_per_pixel} bits"), &mut Random::new(3))
}

#[test]
fn an_offset_of_zero_means_right_after_the_headers() {
    for bits_per_pixel in [1, 4, 8, 16, 24, 32] {
        let mut bitmap = small(bits_per_pixel);
        put(&mut bitmap.bytes, 10, 0);
        rotated(&bitmap);
    }
}

/// Pixels that begin inside the palette shorten it; indices beyond it are black.
#[test]
fn an_offset_inside_the_palette() {
    let mut recipe = Recipe::new(23, 9, 8);
    recipe.palette.truncate(100);
    recipe.colours_used = 100;
    let mut bitmap = recipe.write("an offset inside the palette", &mut Random::new(4));
    for used in [0, 256, 0x0100_0000] {
        put(&mut bitmap.bytes, 46, used);
        check(&bitmap);
    }
}

#[test]
fn alpha_that_is_zero_everywhere_is_kept() {
    for (header_bytes, masks) in [
        (40, None),
        (108, Some([0x00ff_0000, 0xff00, 0xff, 0xff00_0000])),
        (124, Some([0x00ff_0000, 0xff00, 0xff, 0xff00_0000])),
    ] {
        let mut recipe = Recipe::new(23, 9, 32);
        recipe.header_bytes = header_bytes;
        recipe.masks = masks;
        let mut bitmap = recipe.write("alpha is zero", &mut Random::new(5));
        let offset = 14 + header_bytes;
        for pixel in bitmap.bytes[offset..].chunks_exact_mut(4) {
            pixel[3] = 0;
        }
        bitmap
            .pixels
            .iter_mut()
            .for_each(|pixel| *pixel &= 0x00ff_ffff);
        check(&bitmap);
    }
}

/// The depth beside an embedded picture should be 0, and says nothing if it is not.
#[test]
fn any_depth_beside_an_embedded_picture() {
    for bitmap in kinds::gallery() {
        if bitmap.name.starts_with("embedded") {
            for depth in [0_u8, 8, 24, 32] {
                let mut bitmap = bitmap.clone();
                bitmap.bytes[28] = depth;
                rotated(&bitmap);
            }
        }
    }
}

/// An embedded picture with alpha has a header that says so, where it has room to.
#[test]
fn alpha_of_embedded_pictures_is_seen_by_others() {
    let mut with_alpha = 0;
    for bitmap in kinds::gallery() {
        if !bitmap.name.starts_with("embedded") || bitmap.bits_per_pixel != 32 {
            continue;
        }
        with_alpha += 1;
        let output = rotated(&bitmap);
        let picture = seen(&output.bytes).unwrap().to_rgba8();
        let alphas: Vec<u64> = picture.pixels().map(|pixel| u64::from(pixel[3])).collect();
        let expected: Vec<u64> = bitmap.rotated().pixels.iter().map(|p| p >> 24).collect();
        assert_eq!(alphas, expected, "{}", bitmap.name);
    }
    assert_eq!(with_alpha, 3);
}

#[test]
fn icons_and_pointers_are_named_and_refused() {
    let name = "an OS/2 icon or pointer";
    for signature in [b"IC", b"CI", b"PT", b"CP"] {
        let mut bytes = small(1).bytes;
        bytes[..2].copy_from_slice(signature);
        refused(&bytes, name);
        let array = [b"BA\x28\0\0\0\0\0\0\0\0\0\0\0", &bytes[..]].concat();
        refused(&array, name);
    }
}

#[test]
fn pictures_without_pixels_are_refused() {
    for (at, value) in [
        (18, 0_i32),
        (18, -23),
        (18, i32::MIN),
        (22, 0),
        (22, i32::MIN),
    ] {
        let mut bytes = small(24).bytes;
        put(&mut bytes, at, value as u32);
        refused(&bytes, &value.to_string());
    }
}

#[test]
fn depths_and_compressions_that_do_not_go_together_are_refused() {
    for (bits_per_pixel, compression) in [
        (0, 0),
        (3, 0),
        (48, 0),
        (4, 1),
        (8, 2),
        (1, 1),
        (8, 3),
        (64, 3),
        (8, 6),
        (24, 7),
        (32, 11),
        (32, 12),
        (24, u32::MAX),
    ] {
        let mut bytes = small(24).bytes;
        bytes[28..30].copy_from_slice(&(bits_per_pixel as u16).to_le_bytes());
        put(&mut bytes, 30, compression);
        refused(&bytes, &format!("{bits_per_pixel} bits per pixel"));
    }
}

#[test]
fn run_lengths_that_would_need_inventing_are_refused() {
    use runs::Instruction::{Delta, EndOfLine, Literal, Run};
    let (width, height) = (6, 3);
    let row = || Run(6, 0x11);
    for (program, part) in [
        // What lies outside the picture is left out, and the rest is missing.
        (vec![Run(7, 0x11)], "ends after"),
        (vec![Literal(vec![1; 4]), Literal(vec![1; 3])], "ends after"),
        (vec![Delta(5, 1), Run(2, 0x22)], "ends after"),
        (vec![row(), EndOfLine, row()], "ends after"),
        (vec![EndOfLine; 2], "ends after"),
    ] {
        for bits_per_pixel in [4, 8, 24] {
            let mut recipe = Recipe::new(width, height, bits_per_pixel);
            if bits_per_pixel == 24 {
                recipe.header_bytes = 64;
            }
            recipe.coding = Coding::RunLength(Vec::new());
            let data = runs::encode(bits_per_pixel, &program);
            refused(&recipe.around(&data), part);
        }
    }
}

/// A file that ends anywhere before its last pixel is refused, whatever its kind.
#[test]
fn files_cut_anywhere_are_refused_or_whole() {
    let mut random = Random::new(9);
    for bitmap in (0..150).map(kinds::bitmap) {
        let whole = rotate(&bitmap.bytes).unwrap();
        for _ in 0..12 {
            let length = random.below(bitmap.bytes.len());
            // What is beyond the pixels may be missing, and so may what no pixel needs.
            if let Ok(cut) = rotate(&bitmap.bytes[..length]) {
                let (found, expected) = (reader::read(&cut.bytes), reader::read(&whole.bytes));
                assert_eq!(cut.mean.to_bits(), whole.mean.to_bits(), "{}", bitmap.name);
                assert!(
                    found.pixels == expected.pixels,
                    "{}: {length} of {} bytes make another picture",
                    bitmap.name,
                    bitmap.bytes.len()
                );
            }
        }
    }
}
