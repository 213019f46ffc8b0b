//! The bitmap suite: each file does what `fixtures/bmpsuite/manifest.tsv` says.
//!
//! The reference pictures are the suite's own. A turned file is looked at by the `image` crate
//! where that reads it; its mean is compared in any case.

use std::path::Path;

/// One line of the manifest.
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
                turned: fields[1] == "turned",
                reference: fields[2].to_owned(),
                all_pixels: fields[3] == "all",
                within: fields[4].parse().unwrap_or(0),
            }
        })
        .collect()
}

/// What is wrong with a file's treatment, if anything.
fn check(entry: &Entry, looked_at: &mut usize) -> Result<(), String> {
    let folder = Path::new("fixtures/bmpsuite");
    let bitmap = std::fs::read(folder.join(&entry.file)).unwrap();
    let turned = match (rot90::turn(&bitmap), entry.turned) {
        (Ok(turned), true) => turned,
        (Err(_), false) => return Ok(()),
        (Ok(_), false) => return Err("turned, though it should be refused".to_owned()),
        (Err(error), true) => return Err(format!("refused: {error}")),
    };
    if !entry.all_pixels || entry.reference.is_empty() || entry.reference == "-" {
        return Ok(());
    }
    let reference = image::open(folder.join(&entry.reference))
        .unwrap()
        .to_rgb8();
    let expected = image::imageops::rotate90(&reference);
    if (turned.width, turned.height) != expected.dimensions() {
        return Err(format!("{} x {}", turned.width, turned.height));
    }
    let sum: u64 = expected
        .as_raw()
        .iter()
        .map(|&sample| u64::from(sample))
        .sum();
    let mean = sum as f64 / expected.as_raw().len() as f64;
    if (turned.mean - mean).abs() > f64::from(entry.within) {
        return Err(format!("mean {}, the reference has {mean}", turned.mean));
    }
    // Expanding channels of other widths than 8 bits is the decoder's own affair: within 8.
    if let Ok(seen) = image::load_from_memory_with_format(&turned.bytes, image::ImageFormat::Bmp) {
        *looked_at += 1;
        let most = seen
            .to_rgb8()
            .as_raw()
            .iter()
            .zip(expected.as_raw())
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        if most > Some(entry.within.max(8)) {
            return Err(format!("a sample differs by {most:?}"));
        }
    }
    Ok(())
}

#[test]
fn each_file_does_what_the_manifest_says() {
    let entries = entries();
    let mut looked_at = 0;
    let wrong: Vec<_> = entries
        .iter()
        .filter_map(|entry| {
            Some(format!(
                "{}: {}",
                entry.file,
                check(entry, &mut looked_at).err()?
            ))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        entries.len() >= 60 && looked_at >= 40,
        "{} files, {looked_at} looked at",
        entries.len()
    );
}
