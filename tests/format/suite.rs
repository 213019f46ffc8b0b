//! The bitmap suite: each file does what `fixtures/bmpsuite/manifest.tsv` says.
//!
//! The reference pictures are the suite's own. A rotated file is read by the plain reader of the
//! tests, and by the `image` crate where that can; its mean is compared in any case.

use std::fs;

use crate::support::{files, fixture, reader};
use rot90::rotate;

/// One line of the manifest.
struct Entry {
    file: String,
    rotated: bool,
    reference: String,
    all_pixels: bool,
    within: u8,
}

fn entries() -> Vec<Entry> {
    let manifest = fs::read_to_string(fixture("bmpsuite/manifest.tsv")).unwrap();
    let lines = manifest
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            Entry {
                file: fields[0].to_owned(),
                rotated: match fields[1] {
                    "rotated" => true,
                    "refused" => false,
                    other => panic!("{line}: what is {other}?"),
                },
                reference: fields[2].to_owned(),
                all_pixels: match (fields[2], fields[3]) {
                    (_, "all") => true,
                    (_, "visible") | ("-", "-") => false,
                    (_, other) => panic!("{line}: what is {other}?"),
                },
                within: fields[4].parse().unwrap_or(0),
            }
        })
        .collect()
}

/// What is wrong with a file's treatment, if anything; else whether another decoder has looked at
/// all of its pixels.
fn check(entry: &Entry) -> Result<bool, String> {
    let suite = fixture("bmpsuite");
    let bitmap = fs::read(suite.join(&entry.file)).unwrap();
    let rotated = match (rotate(&bitmap), entry.rotated) {
        (Ok(rotated), true) => rotated,
        (Err(_), false) => return Ok(false),
        (Ok(_), false) => return Err("rotated, though it should be refused".to_owned()),
        (Err(error), true) => return Err(format!("refused: {error}")),
    };
    if entry.reference == "-" {
        return Ok(false);
    }
    let reference = image::open(suite.join(&entry.reference)).unwrap();
    let expected = image::imageops::rotate90(&reference.to_rgba8());
    if (rotated.width, rotated.height) != expected.dimensions() {
        return Err(format!("{} x {}", rotated.width, rotated.height));
    }
    if entry.all_pixels {
        let samples = || expected.pixels().flat_map(|pixel| &pixel.0[..3]);
        let sum: u64 = samples().map(|&sample| u64::from(sample)).sum();
        let mean = sum as f64 / samples().count() as f64;
        if (rotated.mean - mean).abs() > f64::from(entry.within) {
            return Err(format!("mean {}, the reference has {mean}", rotated.mean));
        }
    }
    // Where the reference is transparent, the bitmap has colours that it lacks.
    let most = |seen: &mut dyn Iterator<Item = [u8; 3]>| {
        seen.zip(expected.pixels())
            .filter(|(_, expected)| entry.all_pixels || expected.0[3] == 255)
            .flat_map(|(seen, expected)| (0..3).map(move |at| seen[at].abs_diff(expected.0[at])))
            .max()
    };
    let bitmap = reader::read(&rotated.bytes);
    let read = most(&mut reader::colours(&rotated.bytes, &bitmap).into_iter());
    if read.is_none() || read > Some(entry.within) {
        return Err(format!("a sample differs by {read:?}"));
    }
    let Ok(seen) = image::load_from_memory_with_format(&rotated.bytes, image::ImageFormat::Bmp)
    else {
        return Ok(false);
    };
    // That crate expands channels of other widths than 8 bits in its own way.
    let seen = most(&mut seen.to_rgb8().pixels().map(|pixel| pixel.0));
    if seen.is_none() || seen > Some(8) {
        return Err(format!(
            "a sample differs by {seen:?} where the image crate reads it"
        ));
    }
    Ok(true)
}

#[test]
fn each_file_does_what_the_manifest_says() {
    let entries = entries();
    let mut looked_at = 0;
    let mut wrong = Vec::new();
    for entry in &entries {
        match check(entry) {
            Ok(looked) => looked_at += usize::from(looked),
            Err(error) => wrong.push(format!("{}: {error}", entry.file)),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(looked_at >= 40, "another decoder looked at {looked_at}");
}

#[test]
fn every_file_has_its_line_once() {
    let mut listed: Vec<_> = entries().into_iter().map(|entry| entry.file).collect();
    listed.sort();
    let suite = fixture("bmpsuite");
    let mut found: Vec<_> = ["b", "g", "q"]
        .iter()
        .flat_map(|folder| files(&suite.join(folder), ""))
        .map(|path| path.strip_prefix(&suite).unwrap().display().to_string())
        .collect();
    found.sort();
    assert!(found.len() >= 60, "{} files", found.len());
    assert_eq!(listed, found);
}
