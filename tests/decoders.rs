//! The decoders of compressed pixels, against plain ones written here and against damage.

mod writer;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rot90::bmp::embedded::{self, Embedded, EmbeddedError, Rows};
use rot90::bmp::huffman::{self, HuffmanError};
use rot90::bmp::rle::{self, RunLength, RunLengthError};
use writer::fax::{self, Ends, Options};
use writer::random::{self, Random};
use writer::runs::{self, Holes};

const KINDS: [(u32, RunLength); 3] = [
    (4, RunLength::Rle4),
    (8, RunLength::Rle8),
    (24, RunLength::Rle24),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bmpsuite")
}

/// Rows as a plain bitmap has them, to one value a pixel.
fn unpack(out: &[u8], bits: usize, width: usize, height: usize) -> Vec<u64> {
    let stride_bytes = stride(bits, width);
    let mut pixels = Vec::new();
    for row in 0..height {
        for column in 0..width {
            let mut value = 0;
            for bit in 0..bits {
                let at = row * stride_bytes * 8 + column * bits + bit;
                value = value << 1 | u64::from(out[at / 8] >> (7 - at % 8) & 1);
            }
            // Whole bytes stand lowest first.
            if bits > 8 {
                value = value.swap_bytes() >> (64 - bits);
            }
            pixels.push(value);
        }
    }
    pixels
}

fn stride(bits: usize, width: usize) -> usize {
    (width * bits).div_ceil(32) * 4
}

fn expand_runs(
    (bits, kind): (u32, RunLength),
    data: &[u8],
    width: usize,
    height: usize,
) -> Result<Vec<u64>, RunLengthError> {
    let bits = bits as usize;
    let stride_bytes = stride(bits, width);
    let mut out = vec![0; stride_bytes * height];
    rle::expand(kind, data, width, height, stride_bytes, &mut out)?;
    let padding_bits = stride_bytes * 8 - width * bits;
    for row in out.chunks(stride_bytes) {
        let end = u32::from_be_bytes(*row.last_chunk().unwrap());
        let mask = (1_u64 << padding_bits.min(32)) as u32;
        assert_eq!(end & mask.wrapping_sub(1), 0, "row padding is written to");
    }
    Ok(unpack(&out, bits, width, height))
}

#[test]
fn valid_run_length_programs_give_what_they_say() {
    let mut random = Random::new(1);
    for round in 0..3000 {
        let kind = KINDS[round % 3];
        let (width, height) = (1 + random.below(600), 1 + random.below(12));
        let holes = random.pick(&[Holes::None, Holes::Some]);
        let program = runs::valid_program(&mut random, kind.0, width, height, holes);
        let expected = runs::interpret(kind.0, &program, width, height).expect("it is valid");
        let data = runs::encode(kind.0, &program);
        let found = expand_runs(kind, &data, width, height);
        assert_eq!(
            found,
            Ok(expected),
            "{kind:?} {width} × {height}: {program:?}"
        );
    }
}

#[test]
fn any_run_length_program_is_played_or_refused_alike() {
    let mut random = Random::new(2);
    let mut played = 0;
    for round in 0..30_000 {
        let kind = KINDS[round % 3];
        let (width, height) = (1 + random.below(24), 1 + random.below(6));
        let program = runs::wild_program(&mut random, kind.0);
        let data = runs::encode(kind.0, &program);
        let expected = runs::interpret(kind.0, &program, width, height);
        played += usize::from(expected.is_some());
        let found = expand_runs(kind, &data, width, height).ok();
        assert_eq!(found, expected, "{kind:?} {width} × {height}: {program:?}");
    }
    assert!(
        (1000..29_000).contains(&played),
        "{played} of 30000 were valid"
    );
}

#[test]
fn run_lengths_cut_short_are_refused_or_complete() {
    let mut random = Random::new(3);
    for round in 0..150 {
        let kind = KINDS[round % 3];
        let (width, height) = (1 + random.below(40), 1 + random.below(5));
        let program = runs::valid_program(&mut random, kind.0, width, height, Holes::None);
        let whole = runs::interpret(kind.0, &program, width, height).unwrap();
        let data = runs::encode(kind.0, &program);
        for length in 0..data.len() {
            match expand_runs(kind, &data[..length], width, height) {
                Ok(pixels) => assert_eq!(pixels, whole, "{length} of {}", data.len()),
                Err(RunLengthError::EndsEarly { length: named, .. }) => {
                    assert_eq!(named, length);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn hostile_run_lengths_end_soon() {
    let mut random = Random::new(4);
    let start = Instant::now();
    for kind in KINDS {
        for _ in 0..300 {
            let length = random.below(2000);
            let data = random.bytes(length);
            let (width, height) = (1 + random.below(300), 1 + random.below(300));
            let _ = expand_runs(kind, &data, width, height);
        }
        // Millions of deltas and of ends of line.
        let mut out = [0; 4];
        let far = [0, 2, 255, 255].repeat(1 << 20);
        assert!(rle::expand(kind.1, &far, 1, 1, 4, &mut out).is_ok());
        let ends = vec![0; 1 << 22];
        assert!(rle::expand(kind.1, &ends, 1, 1, 4, &mut out).is_ok());
        let nothing = [0, 2, 0, 0].repeat(1 << 20);
        assert!(rle::expand(kind.1, &nothing, 1, 1, 4, &mut out).is_err());
    }
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn run_lengths_of_the_suite_are_as_its_references() {
    for (file, reference, kind) in [
        ("g/pal4rle.bmp", Some("html/pal4.png"), KINDS[0]),
        ("g/pal8rle.bmp", Some("html/pal8.png"), KINDS[1]),
        (
            "q/pal4rletrns.bmp",
            Some("html/pal4rletrns-0.png"),
            KINDS[0],
        ),
        (
            "q/pal8rletrns.bmp",
            Some("html/pal8rletrns-0.png"),
            KINDS[1],
        ),
        ("b/badrle.bmp", None, KINDS[1]),
    ] {
        let bytes = fs::read(fixtures().join(file)).unwrap();
        let data = &bytes[u32::from_le_bytes(*bytes[10..].first_chunk().unwrap()) as usize..];
        let found = expand_runs(kind, data, 127, 64);
        let Some(reference) = reference else {
            assert!(
                matches!(
                    found,
                    Err(RunLengthError::PastRowEnd { .. } | RunLengthError::PastLastRow { .. })
                ),
                "{file}: {found:?}"
            );
            continue;
        };
        let picture = image::open(fixtures().join(reference)).unwrap().to_rgb8();
        for (i, index) in found.unwrap().into_iter().enumerate() {
            let entry = 54 + 4 * index as usize;
            let (x, y) = (i % 127, 63 - i / 127);
            let pixel = picture.get_pixel(x as u32, y as u32);
            for channel in 0..3 {
                let difference = pixel[channel].abs_diff(bytes[entry + 2 - channel]);
                assert!(difference <= 1, "{file}: column {x}, row {y}");
            }
        }
    }
}

fn expand_huffman(data: &[u8], width: usize, height: usize) -> Result<Vec<u64>, HuffmanError> {
    let stride_bytes = stride(1, width);
    let mut out = vec![0; stride_bytes * height];
    huffman::expand(data, width, height, stride_bytes, &mut out)?;
    Ok(unpack(&out, 1, width, height))
}

fn strokes(random: &mut Random, count: usize) -> Vec<u64> {
    let mut pixels = Vec::new();
    while pixels.len() < count {
        let limit = random.pick(&[2, 10, 100, 3000]);
        let ink = random.next() & 1;
        pixels.extend(std::iter::repeat_n(ink, 1 + random.below(limit)));
    }
    pixels.truncate(count);
    pixels
}

#[test]
fn the_fax_codes_are_those_of_the_standard() {
    for (black, entries) in [
        (false, &::fax::maps::white::ENTRIES),
        (true, &::fax::maps::black::ENTRIES),
    ] {
        for &(length, code) in entries {
            let mut bits = String::new();
            fax::push_run(&mut bits, black, usize::from(length));
            let theirs = format!("{:0width$b}", code.data, width = usize::from(code.len));
            assert!(bits.starts_with(&theirs), "{length} in black: {black}");
        }
    }
}

#[test]
fn huffman_rows_come_back() {
    let mut random = Random::new(5);
    for round in 0..1500 {
        let width = 1 + random.below([8, 200, 6000][round % 3]);
        let height = 1 + random.below(10);
        let pixels = strokes(&mut random, width * height);
        let options = Options {
            ends: random.pick(&[Ends::Before, Ends::Between, Ends::Nowhere]),
            fill: random.one_in(2),
            end_of_page: random.one_in(2),
        };
        let data = fax::encode(&pixels, width, options, &mut random);
        assert!(huffman::least_bytes(width, height) <= data.len() as u64);
        let found = expand_huffman(&data, width, height);
        assert_eq!(found, Ok(pixels), "{width} × {height}, {options:?}");
    }
}

#[test]
fn huffman_rows_of_another_width_are_refused() {
    let mut random = Random::new(6);
    for _ in 0..500 {
        let (width, height) = (2 + random.below(300), 2 + random.below(6));
        let pixels = strokes(&mut random, width * height);
        let data = fax::encode(&pixels, width, Options::COMMON, &mut random);
        assert!(matches!(
            expand_huffman(&data, width + 1, height),
            Err(HuffmanError::RowTooShort { row: 0, .. })
        ));
        assert!(matches!(
            expand_huffman(&data, width - 1, height),
            Err(HuffmanError::RowTooLong { row: 0, .. } | HuffmanError::NoEndOfLine { row: 0, .. })
        ));
        assert!(matches!(
            expand_huffman(&data, width, height + 1),
            Err(HuffmanError::EndsEarly { .. })
        ));
    }
}

#[test]
fn damaged_huffman_data_ends_soon() {
    let mut random = Random::new(7);
    let start = Instant::now();
    for _ in 0..3000 {
        let (width, height) = (1 + random.below(300), 1 + random.below(20));
        let pixels = strokes(&mut random, width * height);
        let mut data = fax::encode(&pixels, width, Options::COMMON, &mut random);
        for _ in 0..=random.below(4) {
            let at = random.below(data.len());
            match random.below(3) {
                0 => data.truncate(at.max(1)),
                1 => data[at] = random.next() as u8,
                _ => data[at] ^= 1 << random.below(8),
            }
        }
        let _ = expand_huffman(&data, width, height);
        let _ = expand_huffman(&random.bytes(400), width, height);
    }
    // Fill without end, ends of line without rows, runs of nothing.
    let mut out = vec![0; 1 << 20];
    for data in [
        vec![0; 1 << 22],
        [0, 0x10, 0x01].repeat(1 << 20),
        [0, 0, 0, 0, 0, 0, 0, 1].repeat(1 << 20),
        fax::pack(&"001101010000110111".repeat(1 << 18)),
    ] {
        assert!(huffman::expand(&data, 17, 1 << 18, 4, &mut out).is_err());
    }
    assert!(start.elapsed() < Duration::from_secs(30));
}

/// The data of a bitmap's pixels, and what it is.
fn embedded_data(bytes: &[u8]) -> (Embedded, &[u8]) {
    let offset = u32::from_le_bytes(*bytes[10..].first_chunk().unwrap()) as usize;
    let kind = if bytes[30] == 4 {
        Embedded::Jpeg
    } else {
        Embedded::Png
    };
    (kind, &bytes[offset..])
}

fn rows(width: usize, height: usize, bits_per_pixel: u32, bottom_up: bool) -> Rows {
    Rows {
        width,
        height,
        bits_per_pixel,
        stride_bytes: stride(bits_per_pixel as usize, width),
        bottom_up,
    }
}

fn expand_embedded(kind: Embedded, data: &[u8], rows: Rows) -> Result<Vec<u8>, EmbeddedError> {
    let mut out = vec![0; rows.stride_bytes * rows.height];
    embedded::expand(kind, data, rows, 1 << 24, &mut out)?;
    Ok(out)
}

/// Whether all bytes of all pixels differ by `within` at most.
fn alike(found: &[u64], expected: &[u64], within: u8) -> bool {
    let bytes = |pixels: &[u64]| -> Vec<u8> {
        pixels
            .iter()
            .flat_map(|pixel| pixel.to_le_bytes())
            .collect()
    };
    let (found, expected) = (bytes(found), bytes(expected));
    let mut pairs = found.iter().zip(&expected);
    found.len() == expected.len() && pairs.all(|(one, other)| one.abs_diff(*other) <= within)
}

#[test]
fn embedded_pictures_are_as_they_were_written() {
    let mut kinds = 0;
    for bitmap in random::gallery() {
        if !bitmap.name.starts_with("embedded") {
            continue;
        }
        kinds += 1;
        let (kind, data) = embedded_data(&bitmap.bytes);
        let (width, height) = (bitmap.width, bitmap.height);
        let has_alpha = bitmap.bits_per_pixel == 32;
        assert_eq!(
            embedded::dimensions(kind, data),
            Ok((width as u32, height as u32, has_alpha)),
            "{}",
            bitmap.name
        );
        let upright = rows(width, height, bitmap.bits_per_pixel, false);
        let out = expand_embedded(kind, data, upright).unwrap();
        let bits = bitmap.bits_per_pixel as usize;
        let pixels = unpack(&out, bits, width, height);
        assert!(
            alike(&pixels, &bitmap.pixels, bitmap.within),
            "{}",
            bitmap.name
        );

        let flipped = rows(width, height, bitmap.bits_per_pixel, true);
        let flipped = expand_embedded(kind, data, flipped).unwrap();
        let back: Vec<u8> = flipped
            .rchunks(upright.stride_bytes)
            .flatten()
            .copied()
            .collect();
        assert_eq!(back, out, "{}", bitmap.name);

        // The other depth: alpha left out, or opaque.
        let other = rows(width, height, if has_alpha { 24 } else { 32 }, false);
        let out = expand_embedded(kind, data, other).unwrap();
        let expected: Vec<u64> = pixels
            .iter()
            .map(|pixel| {
                if has_alpha {
                    pixel & 0x00ff_ffff
                } else {
                    pixel | 0xff00_0000
                }
            })
            .collect();
        let bits = other.bits_per_pixel as usize;
        assert!(
            unpack(&out, bits, width, height) == expected,
            "{}",
            bitmap.name
        );
    }
    assert_eq!(kinds, 8);
}

#[test]
fn embedded_pictures_of_the_suite_are_as_its_references() {
    for (file, reference) in [
        ("q/rgb24jpeg.bmp", "html/rgb24-jpeg.png"),
        ("q/rgb24png.bmp", "html/rgb24.png"),
    ] {
        let bytes = fs::read(fixtures().join(file)).unwrap();
        let (kind, data) = embedded_data(&bytes);
        let out = expand_embedded(kind, data, rows(127, 64, 24, false)).unwrap();
        let picture = image::open(fixtures().join(reference)).unwrap().to_rgb8();
        let expected: Vec<u64> = picture
            .pixels()
            .map(|p| u64::from(u32::from_be_bytes([0, p[0], p[1], p[2]])))
            .collect();
        assert!(unpack(&out, 24, 127, 64) == expected, "{file}");
    }
}

#[test]
fn palettes_and_transparent_colours_of_png_are_applied() {
    // The reference pictures have 1, 2, 4 and 8 bits a pixel, palettes and `tRNS`.
    let mut alphas = 0;
    for entry in fs::read_dir(fixtures().join("html")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "png") {
            continue;
        }
        let data = fs::read(&path).unwrap();
        let picture = image::load_from_memory(&data).unwrap();
        let has_alpha = picture.color().has_alpha();
        let (width, height) = (picture.width(), picture.height());
        assert_eq!(
            embedded::dimensions(Embedded::Png, &data),
            Ok((width, height, has_alpha)),
            "{path:?}"
        );
        alphas += usize::from(has_alpha);
        let rows = rows(width as usize, height as usize, 32, false);
        let out = expand_embedded(Embedded::Png, &data, rows).unwrap();
        let expected: Vec<u8> = picture
            .to_rgba8()
            .pixels()
            .flat_map(|p| [p[2], p[1], p[0], p[3]])
            .collect();
        assert_eq!(out, expected, "{path:?}");
    }
    assert!(alphas > 0);
}

#[test]
fn cut_embedded_pictures_are_refused() {
    for bitmap in random::gallery() {
        if !bitmap.name.starts_with("embedded") {
            continue;
        }
        let (kind, data) = embedded_data(&bitmap.bytes);
        let rows = rows(bitmap.width, bitmap.height, 24, false);
        let whole = expand_embedded(kind, data, rows).unwrap();
        for length in (0..data.len()).step_by(1 + data.len() / 300) {
            match expand_embedded(kind, &data[..length], rows) {
                // The very end of a PNG says nothing of its pixels.
                Ok(out) => assert!(
                    kind == Embedded::Png && length + 24 >= data.len() && out == whole,
                    "{}: {length} of {}",
                    bitmap.name,
                    data.len()
                ),
                Err(
                    EmbeddedError::EndsEarly { .. }
                    | EmbeddedError::TooLittleData { .. }
                    | EmbeddedError::Damaged { .. },
                ) => {}
                Err(other) => panic!("{}: {length}: {other}", bitmap.name),
            }
        }
    }
}

#[test]
fn embedded_pictures_that_claim_too_much_are_refused_before_they_cost() {
    let jpeg = fs::read(fixtures().join("html/rgb24.jpg")).unwrap();
    let frame = jpeg
        .windows(2)
        .position(|w| w == [0xff, 0xc0] || w == [0xff, 0xc2])
        .unwrap();
    let mut large = jpeg.clone();
    large[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let size = 0xffdc;
    assert_eq!(
        embedded::dimensions(Embedded::Jpeg, &large),
        Ok((size as u32, size as u32, false))
    );
    // The output is the caller's: a small one shows that the picture is not looked at first.
    let small = rows(127, 64, 24, false);
    assert!(matches!(
        expand_embedded(Embedded::Jpeg, &large, small),
        Err(EmbeddedError::TooLittleData { .. })
    ));

    let mut png = fs::read(fixtures().join("html/rgb24.png")).unwrap();
    png[16..24].copy_from_slice(&[0, 0, 0xff, 0, 0, 0, 0xff, 0]);
    assert!(matches!(
        expand_embedded(Embedded::Png, &png, small),
        Err(EmbeddedError::TooLittleData { .. })
    ));

    let mut out = vec![0; small.stride_bytes * small.height];
    assert!(matches!(
        embedded::expand(Embedded::Jpeg, &jpeg, small, 1000, &mut out),
        Err(EmbeddedError::TooLarge { limit: 1000, .. })
    ));
    let wider = rows(128, 64, 24, false);
    assert_eq!(
        expand_embedded(Embedded::Jpeg, &jpeg, wider),
        Err(EmbeddedError::OtherDimensions {
            kind: Embedded::Jpeg,
            width: 127,
            height: 64,
            expected_width: 128,
            expected_height: 64
        })
    );
}

/// Blank pages are the most that few bytes can hold.
#[test]
fn embedded_pages_that_are_blank_are_turned() {
    let (width, height) = (4832_u32, 4801_u32);
    // Coefficient 0 of each block, grey and progressive, has a code of one bit: no difference.
    let mut jpeg = b"\xff\xd8\xff\xdb\0\x43\0".to_vec();
    jpeg.extend([1; 64]);
    jpeg.extend(b"\xff\xc2\0\x0b\x08\x12\xc1\x12\xe0\x01\x01\x11\0");
    jpeg.extend(b"\xff\xc4\0\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    jpeg.extend(b"\xff\xda\0\x08\x01\x01\0\0\0\0");
    jpeg.resize(jpeg.len() + (604 * 601_usize).div_ceil(8), 0);
    jpeg.extend(b"\xff\xd9");
    let png = fs::read(fixtures().join("../blank/page.png")).unwrap();
    for (name, compression, data, mean) in [("JPEG", 4_u32, jpeg, 128_f64), ("PNG", 5, png, 255.0)]
    {
        let mut bitmap = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
        bitmap.extend(width.to_le_bytes());
        bitmap.extend(height.to_le_bytes());
        bitmap.extend([1, 0, 0, 0]);
        bitmap.extend(compression.to_le_bytes());
        bitmap.resize(54, 0);
        bitmap.extend(data);
        let turned = rot90::turn(&bitmap).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((turned.width, turned.height), (height, width));
        assert_eq!(turned.mean.to_bits(), mean.to_bits(), "{name}");
    }
}

#[test]
fn damaged_embedded_pictures_do_no_harm() {
    let mut random = Random::new(8);
    let gallery = random::gallery();
    let pictures: Vec<_> = gallery
        .iter()
        .filter(|bitmap| bitmap.name.starts_with("embedded"))
        .map(|bitmap| embedded_data(&bitmap.bytes))
        .collect();
    let start = Instant::now();
    for _ in 0..2000 {
        let (kind, data) = random.pick(&pictures);
        let mut data = data.to_vec();
        for _ in 0..=random.below(6) {
            // The headers matter most.
            let within = random.pick(&[700.min(data.len()), data.len()]);
            let at = random.below(within);
            data[at] = random.next() as u8;
        }
        if let Ok((width, height, _)) = embedded::dimensions(kind, &data)
            && u64::from(width) * u64::from(height) < 1 << 20
        {
            let rows = rows(width as usize, height as usize, 32, false);
            let _ = expand_embedded(kind, &data, rows);
        }
        let _ = embedded::dimensions(kind, &random.bytes(50));
    }
    assert!(start.elapsed() < Duration::from_secs(120));
}

#[test]
fn the_writer_writes_what_another_decoder_reads() {
    let mut read = 0;
    let random_ones = (0..800).map(random::bitmap);
    for bitmap in random::gallery().into_iter().chain(random_ones) {
        // `image` has no colours for what run lengths leave out, and takes the palette of the
        // oldest header for whole when it is not.
        if bitmap.name.contains("run lengths") || bitmap.bytes[14..18] == [12, 0, 0, 0] {
            continue;
        }
        let reader = std::io::Cursor::new(&bitmap.bytes);
        let picture =
            image::codecs::bmp::BmpDecoder::new(reader).and_then(image::DynamicImage::from_decoder);
        let Ok(picture) = picture else {
            continue;
        };
        // It scales wide channels without rounding.
        let within = u8::from(matches!(bitmap.bits_per_pixel, 16 | 32));
        let found: Vec<[u8; 3]> = picture.to_rgb8().pixels().map(|p| p.0).collect();
        assert_eq!(found.len(), bitmap.colours.len(), "{}", bitmap.name);
        let samples = found.iter().flatten().zip(bitmap.colours.iter().flatten());
        for (theirs, ours) in samples {
            assert!(theirs.abs_diff(*ours) <= within, "{}", bitmap.name);
        }
        read += 1;
    }
    assert!(read > 200, "only {read} were read");
}
