//! The bitmap suite: each file does what `fixtures/bmpsuite/manifest.tsv` says.
//!
//! The reference pictures are the suite's own. A turned file is read by the plain reader of the
//! tests, and by the `image` crate where that can; its mean is compared in any case. Each file is a
//! test of its own, named after it: `cargo test --test bmpsuite -- q/pal8` runs those of some.

#[path = "common/reader.rs"]
mod reader;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

/// One line of the manifest.
#[derive(Clone)]
struct Entry {
    file: String,
    turned: bool,
    reference: String,
    all_pixels: bool,
    within: u8,
}

fn entries() -> Vec<Entry> {
    let manifest = std::fs::read_to_string("fixtures/bmpsuite/manifest.tsv").unwrap();
    let lines = manifest
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            Entry {
                file: fields[0].to_owned(),
                turned: match fields[1] {
                    "turned" => true,
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
    let folder = Path::new("fixtures/bmpsuite");
    let bitmap = std::fs::read(folder.join(&entry.file)).unwrap();
    let turned = match (rot90::turn(&bitmap), entry.turned) {
        (Ok(turned), true) => turned,
        (Err(_), false) => return Ok(false),
        (Ok(_), false) => return Err("turned, though it should be refused".to_owned()),
        (Err(error), true) => return Err(format!("refused: {error}")),
    };
    if entry.reference == "-" {
        return Ok(false);
    }
    let reference = image::open(folder.join(&entry.reference))
        .unwrap()
        .to_rgba8();
    let expected = image::imageops::rotate90(&reference);
    if (turned.width, turned.height) != expected.dimensions() {
        return Err(format!("{} x {}", turned.width, turned.height));
    }
    if entry.all_pixels {
        let samples = || expected.pixels().flat_map(|pixel| &pixel.0[..3]);
        let sum: u64 = samples().map(|&sample| u64::from(sample)).sum();
        let mean = sum as f64 / samples().count() as f64;
        if (turned.mean - mean).abs() > f64::from(entry.within) {
            return Err(format!("mean {}, the reference has {mean}", turned.mean));
        }
    }
    let most = |seen: &mut dyn Iterator<Item = [u8; 3]>| {
        seen.zip(expected.pixels())
            .filter(|(_, expected)| entry.all_pixels || expected.0[3] == 255)
            .flat_map(|(seen, expected)| (0..3).map(move |at| seen[at].abs_diff(expected.0[at])))
            .max()
    };
    let bitmap = reader::read(&turned.bytes);
    let read = most(&mut reader::colours(&turned.bytes, &bitmap).into_iter());
    if read.is_none() || read > Some(entry.within) {
        return Err(format!("a sample differs by {read:?}"));
    }
    let Ok(seen) = image::load_from_memory_with_format(&turned.bytes, image::ImageFormat::Bmp)
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

/// Every bitmap of the suite has its line, once, and another decoder looks at most of them.
fn check_manifest(entries: &[Entry]) -> Result<(), Failed> {
    let mut listed: Vec<_> = entries.iter().map(|entry| entry.file.clone()).collect();
    listed.sort();
    let mut found = Vec::new();
    for folder in ["b", "g", "q"] {
        for file in Path::new("fixtures/bmpsuite").join(folder).read_dir()? {
            found.push(format!("{folder}/{}", file?.file_name().display()));
        }
    }
    found.sort();
    if listed != found {
        return Err(format!("listed: {listed:?}\nfound: {found:?}").into());
    }
    let looked_at = entries
        .iter()
        .filter(|entry| check(entry) == Ok(true))
        .count();
    if entries.len() < 60 || looked_at < 40 {
        return Err(format!("{} files, {looked_at} looked at", entries.len()).into());
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let entries = entries();
    let mut trials: Vec<_> = entries
        .iter()
        .cloned()
        .map(|entry| {
            Trial::test(entry.file.clone(), move || {
                check(&entry).map(drop).map_err(Failed::from)
            })
        })
        .collect();
    trials.push(Trial::test("manifest", move || check_manifest(&entries)));
    libtest_mimic::run(&arguments, trials).exit_code()
}
