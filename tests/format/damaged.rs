//! Thousands of damaged files in one batch of the real binary, with little memory.
//!
//! `ROT90_DAMAGED_SEED` makes another batch of the same size.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use image::ImageFormat;
use serde_json::Value;

use crate::support::bitmap::kinds;
use crate::support::random::Random;
use crate::support::{World, files, fixture, reader};

/// How many damaged files there are at least.
const FILES: usize = 3000;

/// Where numbers stand in the headers, with their bytes: those of the file, `BITMAPCOREHEADER`
/// and `BITMAPINFOHEADER`, masks, and the profile of `BITMAPV5HEADER`.
const FIELDS: [(usize, usize); 25] = [
    (0, 2),
    (2, 4),
    (10, 4),
    (14, 4),
    (18, 2),
    (20, 2),
    (22, 2),
    (24, 2),
    (18, 4),
    (22, 4),
    (26, 2),
    (28, 2),
    (30, 4),
    (34, 4),
    (38, 4),
    (42, 4),
    (46, 4),
    (50, 4),
    (54, 4),
    (58, 4),
    (62, 4),
    (66, 4),
    (70, 4),
    (126, 4),
    (130, 4),
];

/// The first rows of an uncompressed bitmap of 40 header bytes, as stored.
fn crop(mut bytes: Vec<u8>) -> Vec<u8> {
    const ROWS: usize = 12;
    let picture = reader::read(&bytes);
    let stride = (picture.width * picture.bits_per_pixel).div_ceil(32) * 4;
    let offset = bytes.len() - picture.tail.len() - stride * picture.height;
    bytes.truncate(offset + ROWS * stride);
    bytes[22..26].copy_from_slice(&(ROWS as i32).to_le_bytes());
    bytes
}

/// Whole files of every kind.
fn whole() -> Vec<Vec<u8>> {
    let read = |path: PathBuf| fs::read(path).unwrap();
    let bitmaps = |folder| files(&fixture(folder), ".bmp").into_iter();
    let mut whole: Vec<_> = bitmaps("samples").map(|path| crop(read(path))).collect();
    whole.extend(bitmaps("hand").chain(bitmaps("bmpsuite")).map(read));
    let kinds = kinds::gallery().into_iter();
    whole.extend(kinds.map(|bitmap| bitmap.bytes));
    assert!(whole.len() > 140, "{} whole files", whole.len());
    whole
}

/// A number that a reader may stumble over, in a file of that size.
fn extreme(random: &mut Random, size: usize) -> u32 {
    let size = size as u32;
    match random.below(20) {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 0x7fff,
        4 => 0x8000,
        5 => 0xffff,
        6 => i32::MAX as u32,
        7 => i32::MIN as u32,
        8 => u32::MAX,
        9 => u32::MAX - 1,
        10 => size,
        11 => size - 1,
        12 => size + 1,
        13 => 65_000,
        // Depths, compressions and sizes of headers, among others.
        14 => [4, 8, 12, 16, 24, 32, 40, 52, 56, 64, 108, 124][random.below(12)],
        15 => random.below(8) as u32,
        16 => 1 << random.below(32),
        17 => (1 << random.below(32)) - 1,
        18 => random.below(300) as u32,
        _ => random.next() as u32,
    }
}

/// Where a piece of a file begins, and where it ends.
fn piece(random: &mut Random, size: usize) -> std::ops::Range<usize> {
    let start = random.below(size);
    let longest = 1 << random.below(12);
    start..size.min(start + 1 + random.below(longest))
}

/// Does one kind of damage.
fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    let size = bytes.len();
    let somewhere = |random: &mut Random, size: usize| {
        // Half of it in the headers, which are the smaller part of most files.
        let within = if random.below(2) == 0 {
            size
        } else {
            size.min(140)
        };
        random.below(within)
    };
    match random.below(10) {
        0 | 1 => bytes.truncate(somewhere(random, size).max(1)),
        2 | 3 => {
            for _ in 0..=random.below(12) {
                bytes[somewhere(random, size)] ^= 1 << random.below(8);
            }
        }
        4..=6 => {
            let (at, length) = FIELDS[random.below(FIELDS.len())];
            let value = extreme(random, size).to_le_bytes();
            if let Some(field) = bytes.get_mut(at..at + length) {
                field.copy_from_slice(&value[..length]);
            }
        }
        7 => {
            let (a, b) = (piece(random, size), piece(random, size));
            let length = a.len().min(b.len());
            for i in 0..length {
                bytes.swap(a.start + i, b.start + i);
            }
        }
        8 => {
            let value = [0, 0xff][random.below(2)];
            let piece = piece(random, size);
            bytes[piece].fill(value);
        }
        _ => {
            // A piece that is lost, or stands there twice.
            let piece = piece(random, size);
            let twice = random.below(2) == 0;
            let copy = bytes[piece.clone()].to_vec();
            if twice {
                bytes.splice(piece.start..piece.start, copy);
            } else if piece.len() < size {
                bytes.drain(piece);
            }
        }
    }
}

/// The damaged files, by name.
fn damaged(seed: u64) -> BTreeMap<String, Vec<u8>> {
    let mut random = Random::new(seed);
    let whole = whole();
    let mut files = BTreeMap::new();
    for round in 0..FILES.div_ceil(whole.len()) {
        for (number, bytes) in whole.iter().enumerate() {
            let mut bytes = bytes.clone();
            for _ in 0..[1, 1, 1, 2, 3][random.below(5)] {
                damage(&mut random, &mut bytes);
            }
            files.insert(format!("{number:03}-{round:02}.bmp"), bytes);
        }
    }
    files
}

/// What an output is to the readers at hand.
struct Seen {
    /// Whether `image` reads it.
    by_image: bool,
    /// Whether `image` reads input and output, and has compared all of their pixels.
    compared: bool,
}

/// Whether all readers should see the same picture in this file, if they see one: the pixels are
/// uncompressed and stand where the header says, behind a whole palette. Run lengths with holes, indices
/// without colours and pictures in pictures are a matter of taste.
fn seen_alike(bytes: &[u8]) -> bool {
    let short = |at: usize| u64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let long = |at: usize| short(at) | short(at + 2) << 16;
    if !bytes.starts_with(b"BM") || bytes.len() < 54 {
        return false;
    }
    let (depth, entry, uncompressed) = if long(14) == 12 {
        (short(24), 3, true)
    } else {
        (short(28), 4, [0, 3, 6].contains(&long(30)))
    };
    let palette = if depth <= 8 { entry << depth } else { 0 };
    uncompressed && long(10) >= 14 + long(14) + palette
}

/// Looks at an output, which has this record; panics where it is no whole bitmap.
fn look(input: &[u8], output: &[u8], record: &Value) -> Seen {
    let size = (
        record["width"].as_u64().unwrap() as u32,
        record["height"].as_u64().unwrap() as u32,
    );
    let mean = record["mean"].as_f64().expect("a mean");
    assert!((0.0..=255.0).contains(&mean), "mean {mean}");
    // Where there is a pixel too few, this panics.
    let read = reader::read(output);
    assert_eq!((read.width as u32, read.height as u32), size);
    assert!(read.clean, "row padding");
    assert_eq!(read.file_size as usize, output.len(), "size of the file");
    let Ok(seen) = image::load_from_memory_with_format(output, ImageFormat::Bmp) else {
        return Seen {
            by_image: false,
            compared: false,
        };
    };
    assert_eq!((seen.width(), seen.height()), size, "as `image` sees it");
    let alike = seen_alike(input);
    let before = image::load_from_memory_with_format(input, ImageFormat::Bmp);
    let compared = match before {
        Ok(before) if alike => {
            let rotated = before.rotate90();
            assert!(rotated == seen, "`image` sees another picture");
            true
        }
        _ => false,
    };
    Seen {
        by_image: true,
        compared,
    }
}

#[test]
fn thousands_of_damaged_files() {
    let chosen = std::env::var("ROT90_DAMAGED_SEED").map_or(3, |text| text.parse().unwrap());
    println!("ROT90_DAMAGED_SEED={chosen}");
    let files = damaged(chosen);
    let world = World::new();
    for (name, bytes) in &files {
        world.write(format!("in/{name}"), bytes);
    }
    let line = "ulimit -v 3000000; exec \"$ROT90\" 'in/*.bmp' -o out -w 4 --format jsonl";
    let ran = world.shell(line).go().exit(1);
    for word in ["panicked", "RUST_BACKTRACE", "internal error", "overflow"] {
        assert!(!ran.stderr.contains(word), "{word}: {}", ran.told());
    }

    let records = ran.lines();
    assert_eq!(records.len(), files.len(), "{}", ran.told());
    let mut expected: Vec<_> = files.keys().map(|name| format!("in/{name}")).collect();
    let (mut rotated, mut by_image, mut compared) = (0, 0, 0);
    let mut wrong = Vec::new();
    for ((name, bytes), record) in files.iter().zip(&records) {
        assert_eq!(record["input"], format!("in/{name}"), "the order");
        assert!(world.read(format!("in/{name}")) == *bytes, "{name} changed");
        if let Some(error) = record["error"].as_str() {
            assert!(!error.is_empty() && record.get("output").is_none());
            let message = format!("rot90: in/{name}: {error}\n");
            assert!(ran.stderr.contains(&message), "no message: {message}");
            continue;
        }
        let output = record["output"].as_str().unwrap().to_owned();
        let checked = catch_unwind(AssertUnwindSafe(|| {
            look(bytes, &world.read(&output), record)
        }));
        match checked {
            Ok(look) => {
                by_image += usize::from(look.by_image);
                compared += usize::from(look.compared);
            }
            Err(_) => wrong.push(name),
        }
        expected.push(output);
        rotated += 1;
    }
    println!(
        "{} files: {rotated} rotated, {by_image} of them read by image, {compared} compared; {:.1} s",
        files.len(),
        ran.took.as_secs_f64()
    );
    if !wrong.is_empty() {
        for name in &wrong {
            fs::write(std::env::temp_dir().join(name), &files[*name]).unwrap();
        }
        panic!("{wrong:?}: kept in {}", std::env::temp_dir().display());
    }
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    world.assert_files(&expected);
    // Else the damage is too small, or too great, to show anything.
    let tenth = files.len() / 10;
    assert!(rotated > tenth && rotated < files.len() - tenth);
    assert!(by_image > rotated / 4 && compared > rotated / 8);
}
