//! JPEG and PNG pictures embedded in bitmaps, against what other programs make of them, cut short,
//! and damaged. (One of each kind that the tests write is in `kinds.rs`.)

use std::fs;
use std::time::{Duration, Instant};

use crate::checks::{alike, refused};
use crate::support::bitmap::{Coding, PngColour, Recipe, kinds};
use crate::support::random::Random;
use crate::support::{files, fixture, reader};
use rot90::{Rotated, rotate, rotate_within};

/// Two JPEG decoders may differ by this much.
const WITHIN: u8 = 8;

const JPEG: Coding = Coding::Jpeg(90);
const PNG: Coding = Coding::Png(PngColour::Rgb8);

/// A bitmap that says it is of that size and has `data` embedded.
fn around(coding: Coding, data: &[u8], width: u32, height: u32) -> Vec<u8> {
    let recipe = Recipe {
        coding,
        ..Recipe::new(width as usize, height as usize, 24)
    };
    recipe.around(data)
}

fn jpegs() -> Vec<(String, Vec<u8>, image::RgbImage)> {
    let all = files(&fixture("jpeg"), ".jpg");
    assert!(all.len() >= 28, "only {} pictures", all.len());
    all.into_iter()
        .map(|path| {
            let reference = image::open(path.with_extension("png")).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap(), reference.to_rgb8())
        })
        .collect()
}

/// Whether `found` is `picture` rotated, its samples within those bounds.
fn is_rotated(found: &Rotated, picture: &image::RgbImage, within: u8) -> bool {
    let expected = image::imageops::rotate90(picture);
    let colours = reader::colours(&found.bytes, &reader::read(&found.bytes));
    (found.width, found.height) == expected.dimensions()
        && alike(colours.as_flattened(), expected.as_raw(), within)
}

/// `scripts/golden-jpeg.py` made the references.
#[test]
fn jpegs_are_as_libjpeg_decodes_them() {
    for (name, data, picture) in jpegs() {
        let bitmap = around(JPEG, &data, picture.width(), picture.height());
        let found = rotate(&bitmap).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(is_rotated(&found, &picture, WITHIN), "{name}");
    }
}

/// The reference pictures of the suite have 1, 2, 4 and 8 bits a pixel, palettes and `tRNS`.
#[test]
fn palettes_and_transparent_colours_of_pngs_are_applied() {
    let mut alphas = 0;
    for path in files(&fixture("bmpsuite/html"), ".png") {
        let data = fs::read(&path).unwrap();
        let picture = image::load_from_memory(&data).unwrap();
        let (width, height) = (picture.width(), picture.height());
        let found = rotate(&around(PNG, &data, width, height)).unwrap();
        let pixels = reader::read(&found.bytes);
        let expected = image::imageops::rotate90(&picture.to_rgba8());
        let has_alpha = picture.color().has_alpha();
        assert_eq!(
            pixels.bits_per_pixel,
            if has_alpha { 32 } else { 24 },
            "{path:?}"
        );
        let expected: Vec<u8> = expected
            .pixels()
            .flat_map(|p| {
                [p[2], p[1], p[0], p[3]]
                    .into_iter()
                    .take(3 + usize::from(has_alpha))
            })
            .collect();
        assert!(pixels.pixels == expected, "{path:?}");
        alphas += usize::from(has_alpha);
    }
    assert!(alphas > 0);
}

#[test]
fn bits_of_deep_pngs_that_are_dropped_are_told() {
    let told = |picture: image::DynamicImage| {
        let mut data = std::io::Cursor::new(Vec::new());
        picture
            .write_to(&mut data, image::ImageFormat::Png)
            .unwrap();
        rotate(&around(PNG, data.get_ref(), 3, 2)).unwrap().left_out
    };
    let deep = told(image::DynamicImage::new_rgb16(3, 2));
    assert_eq!(deep, ["8 of the 16 bits of the embedded picture's samples"]);
    assert!(told(image::DynamicImage::new_rgb8(3, 2)).is_empty());
}

#[test]
fn pictures_cut_short_are_refused() {
    for bitmap in kinds::gallery() {
        if !bitmap.name.starts_with("embedded") {
            continue;
        }
        let whole = rotate(&bitmap.bytes).unwrap();
        let size = bitmap.bytes.len();
        let offset = u32::from_le_bytes(*bitmap.bytes[10..].first_chunk().unwrap()) as usize;
        for length in (offset..size).step_by(1 + (size - offset) / 300) {
            // The very end of a PNG says nothing of its pixels.
            if let Ok(cut) = rotate(&bitmap.bytes[..length]) {
                assert!(
                    bitmap.name.contains("Png") && length + 24 >= size && cut.bytes == whole.bytes,
                    "{}: {length} of {size}",
                    bitmap.name
                );
            }
        }
    }
    // Every kind of JPEG, too: what is lost of it is never made up.
    for (name, data, picture) in jpegs() {
        for length in (0..data.len() - 1).step_by(1 + data.len() / 40) {
            let cut = around(JPEG, &data[..length], picture.width(), picture.height());
            assert!(rotate(&cut).is_err(), "{name}: {length} of {}", data.len());
        }
    }
}

#[test]
fn pictures_that_claim_too_much_are_refused_before_they_cost() {
    let mut jpeg = fs::read(fixture("bmpsuite/html/rgb24.jpg")).unwrap();
    let bitmap = around(JPEG, &jpeg, 127, 64);
    assert!(matches!(
        rotate_within(&bitmap, 1000),
        Err(rot90::Error::Memory(_))
    ));
    refused(&around(JPEG, &jpeg, 128, 64), "127 x 64");

    let frame = jpeg
        .windows(2)
        .position(|w| w == [0xff, 0xc0] || w == [0xff, 0xc2])
        .unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let mut png = fs::read(fixture("bmpsuite/html/rgb24.png")).unwrap();
    png[16..24].copy_from_slice(&[0, 0, 0xff, 0, 0, 0, 0xff, 0]);
    let start = Instant::now();
    refused(&around(JPEG, &jpeg, 0xffdc, 0xffdc), "");
    refused(&around(PNG, &png, 0xff00, 0xff00), "");
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Blank pages are the most that few bytes can hold.
#[test]
fn pages_that_are_blank_are_rotated() {
    let (width, height) = (4832, 4801);
    // Coefficient 0 of each block, grey and progressive, has a code of one bit: no difference.
    let mut jpeg = b"\xff\xd8\xff\xdb\0\x43\0".to_vec();
    jpeg.extend([1; 64]);
    jpeg.extend(b"\xff\xc2\0\x0b\x08\x12\xc1\x12\xe0\x01\x01\x11\0");
    jpeg.extend(b"\xff\xc4\0\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    jpeg.extend(b"\xff\xda\0\x08\x01\x01\0\0\0\0");
    jpeg.resize(jpeg.len() + (604 * 601_usize).div_ceil(8), 0);
    jpeg.extend(b"\xff\xd9");
    let png = fs::read(fixture("blank/page.png")).unwrap();
    for (coding, data, mean) in [(JPEG, jpeg, 128_f64), (PNG, png, 255.0)] {
        let bitmap = around(coding.clone(), &data, width, height);
        let rotated = rotate(&bitmap).unwrap_or_else(|error| panic!("{coding:?}: {error}"));
        assert_eq!((rotated.width, rotated.height), (height, width));
        assert_eq!(rotated.mean.to_bits(), mean.to_bits(), "{coding:?}");
    }
}

#[test]
fn damaged_pictures_do_no_harm() {
    let mut random = Random::new(8);
    let mut gallery = kinds::gallery();
    gallery.retain(|bitmap| bitmap.name.starts_with("embedded"));
    let start = Instant::now();
    for _ in 0..2000 {
        let bitmap = &gallery[random.below(gallery.len())];
        let offset = u32::from_le_bytes(*bitmap.bytes[10..].first_chunk().unwrap()) as usize;
        let mut bytes = bitmap.bytes.clone();
        for _ in 0..=random.below(6) {
            // The headers matter most.
            let data = bytes.len() - offset;
            let within = random.pick(&[700.min(data), data]);
            bytes[offset + random.below(within)] = random.next() as u8;
        }
        let _ = rotate(&bytes);
    }
    assert!(start.elapsed() < Duration::from_secs(120));
}

#[test]
fn bytes_behind_the_end_mark_are_passed_over() {
    for (name, data, picture) in jpegs() {
        let behind = [&data[..], b"whatever comes next \xff\xd8\xff\xc0"].concat();
        let bitmap = around(JPEG, &behind, picture.width(), picture.height());
        let found = rotate(&bitmap).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(is_rotated(&found, &picture, WITHIN), "{name}");
    }
}

/// As many scans as there can be over a picture of nothing, in 42 kilobytes: seconds at most.
#[test]
fn many_scans_over_little_data_end_soon() {
    let data = fs::read(fixture("jpeg/grey-progressive.jpg")).unwrap();
    let place = |marker: u8| data.windows(2).position(|w| w == [0xff, marker]).unwrap();
    // 4600 × 4600 pixels: 330,625 blocks, all of them without coefficients.
    let mut hostile = data[..place(0xda)].to_vec();
    let frame = place(0xc2);
    hostile[frame + 5..frame + 9].copy_from_slice(&[0x11, 0xf8, 0x11, 0xf8]);
    // No difference in one bit; 2^14 or 2^11 blocks that are over, and some more, in one or two.
    let table = |class: u8, symbols: &[u8]| {
        let mut segment = vec![0xff, 0xc4, 0, 19 + symbols.len() as u8, class];
        segment.extend((0..16).map(|length| u8::from(length < symbols.len())));
        segment.extend(symbols);
        segment
    };
    hostile.extend([table(0, &[0]), table(0x10, &[0xe0, 0xb0])].concat());
    let scan = |first: u8, last: u8, bits: u8, data: &[u8]| {
        [&[0xff, 0xda, 0, 8, 1, 1, 0, first, last, bits], data].concat()
    };
    let blocks = 575 * 575_usize;
    hostile.extend(scan(0, 0, 0, &vec![0; blocks.div_ceil(8)]));
    let bits = [
        format!("0{:014b}", 0).repeat(blocks / 16_384),
        format!("10{:011b}", blocks % 16_384 - 2048),
    ]
    .concat();
    let pack = crate::support::bitmap::fax::pack;
    for bit in (0..13).rev() {
        let high = if bit == 12 { 0 } else { bit + 1 };
        hostile.extend(scan(1, 63, high << 4 | bit, &pack(&bits)));
    }
    hostile.extend([0xff, 0xd9]);
    let begun = Instant::now();
    // A flat picture, or the reason why not.
    if let Ok(flat) = rotate(&around(JPEG, &hostile, 4600, 4600)) {
        assert_eq!(flat.mean.to_bits(), 128_f64.to_bits());
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
}
