//! Bitmaps of every kind against what other programs make of them: see `scripts/golden.py`.

use std::fs;

use crate::support::{World, fixture, reader};
use serde_json::Value;

/// What another program makes of a bitmap.
struct Golden {
    /// Below `fixtures`.
    file: String,
    entry: Value,
}

impl Golden {
    fn all() -> Vec<Self> {
        let text = fs::read(fixture("golden/golden.json")).unwrap();
        let golden: Value = serde_json::from_slice(&text).unwrap();
        golden["pictures"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| Self {
                file: entry["file"].as_str().unwrap().to_owned(),
                entry: entry.clone(),
            })
            .collect()
    }

    fn assert_pixels(&self, found: &[u8]) {
        let file = &self.file;
        if let Some(pixels) = self.entry["pixels"].as_str() {
            let found = found
                .iter()
                .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
            assert_eq!(found, pixels, "{file}: pixels");
        } else {
            assert_eq!(
                self.entry["crc32"],
                crc32(found),
                "{file}: CRC-32 of the pixels"
            );
        }
    }
}

/// CRC-32, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

#[test]
fn crc32_is_the_usual_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}

#[test]
fn pictures_and_means_are_those_of_other_programs() {
    let world = World::new();
    let golden = Golden::all();
    assert!(golden.len() >= 59, "only {} pictures", golden.len());
    for picture in &golden {
        let bytes = fs::read(fixture(&picture.file)).unwrap();
        world.write(&picture.file, bytes);
    }
    let ran = world.rot90(["hand/*.bmp", "samples/*.bmp"]).go().exit(0);
    let records = ran.records();
    assert_eq!(records.len(), golden.len(), "{}", ran.told());
    for (record, picture) in records.iter().zip(&golden) {
        let file = &picture.file;
        assert_eq!(record["input"], *file);
        assert_eq!(record["output"], file.replace(".bmp", "_rot90.bmp"));
        for key in ["width", "height", "mean"] {
            assert_eq!(record[key], picture.entry[key], "{file}: {key}");
        }
        let output = reader::read(&world.read(file.replace(".bmp", "_rot90.bmp")));
        picture.assert_pixels(&output.pixels);
    }
}

/// Everything but the pixels is what it was, with what belongs to an axis on the other one.
#[test]
fn headers_keep_everything_but_their_axes() {
    let world = World::new();
    for picture in Golden::all() {
        let file = &picture.file;
        let input = fs::read(fixture(file)).unwrap();
        world.write("a.bmp", &input);
        world.rot90(["a.bmp"]).go().exit(0);
        let bytes = world.read("a_rot90.bmp");
        let (input, output) = (reader::read(&input), reader::read(&bytes));
        assert_eq!(output.file_size as usize, bytes.len(), "{file}: bfSize");
        assert_eq!(
            (output.width, output.height),
            (input.height, input.width),
            "{file}: size"
        );
        assert_eq!(
            output.resolution,
            (input.resolution.1, input.resolution.0),
            "{file}: resolution"
        );
        assert_eq!(
            output.header_size, input.header_size,
            "{file}: header version"
        );
        assert_eq!(output.bits_per_pixel, input.bits_per_pixel, "{file}: depth");
        assert_eq!(output.compression, input.compression, "{file}: compression");
        assert_eq!(output.top_down, input.top_down, "{file}: row order");
        assert_eq!(output.tail, input.tail, "{file}: what follows the pixels");
        assert!(output.clean, "{file}: padding is not zero");
        let stride = (output.width * output.bits_per_pixel).div_ceil(32) * 4;
        assert!(
            output.image_size == 0 && (input.image_size == 0 || output.header_size < 24)
                || output.image_size as usize == stride * output.height,
            "{file}: biSizeImage is {}",
            output.image_size
        );
        // The place of a profile moves with the size of the pixels; all else stays.
        let mut expected = input.rest.clone();
        if input.header_size == 124 && !input.tail.is_empty() {
            let at = 112 - 32;
            expected[at..at + 4].copy_from_slice(&output.rest[at..at + 4]);
            let data = u32::from_le_bytes(output.rest[at..at + 4].try_into().unwrap());
            let profile = &bytes[14 + data as usize..];
            assert_eq!(profile, input.tail, "{file}: bV5ProfileData");
        }
        assert_eq!(output.rest, expected, "{file}: masks, palette, gap");
    }
}
