//! Embedded JPEGs, against what libjpeg makes of them (`scripts/golden-jpeg.py`), and cut short.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rot90::bmp::embedded::{Embedded, EmbeddedError, Rows, dimensions, expand};

fn pictures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/jpeg");
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jpg"))
        .collect();
    all.sort();
    assert!(all.len() >= 28, "only {} pictures", all.len());
    all
}

/// Red, green and blue, the highest row first.
fn decode(data: &[u8], width: u32, height: u32) -> Result<Vec<u8>, EmbeddedError> {
    let (width, height) = (width as usize, height as usize);
    let rows = Rows {
        width,
        height,
        bits_per_pixel: 24,
        stride_bytes: width * 3,
        bottom_up: false,
    };
    let mut out = vec![0; width * height * 3];
    expand(Embedded::Jpeg, data, rows, 1 << 28, &mut out)?;
    for pixel in out.chunks_exact_mut(3) {
        pixel.swap(0, 2);
    }
    Ok(out)
}

#[test]
fn pictures_are_those_of_libjpeg() {
    for path in pictures() {
        let data = fs::read(&path).unwrap();
        let expected = image::open(path.with_extension("png")).unwrap().to_rgb8();
        let (width, height) = expected.dimensions();
        assert_eq!(
            dimensions(Embedded::Jpeg, &data),
            Ok((width, height, false)),
            "{path:?}"
        );
        let found = decode(&data, width, height).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let most = found
            .iter()
            .zip(expected.as_raw())
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert_eq!(most, Some(0), "{path:?}");
    }
}

/// The decoder of the `image` crate is less exact, but sees the same picture.
#[test]
fn pictures_are_those_of_the_image_crate() {
    for path in pictures() {
        let data = fs::read(&path).unwrap();
        // It takes another stand on inks.
        if path
            .file_stem()
            .is_some_and(|name| name == "cmyk" || name == "ycck")
        {
            continue;
        }
        let theirs = image::load_from_memory(&data).unwrap().to_rgb8();
        let found = decode(&data, theirs.width(), theirs.height()).unwrap();
        let sum: u64 = found
            .iter()
            .zip(theirs.as_raw())
            .map(|(a, b)| u64::from(a.abs_diff(*b)))
            .sum();
        let mean = sum as f64 / found.len() as f64;
        assert!(mean < 3.0, "{path:?}: they differ by {mean} on average");
    }
}

/// Where the first scan's entropy-coded data begins.
fn first_scan(data: &[u8]) -> usize {
    let mut at = 2;
    loop {
        let length = usize::from(u16::from_be_bytes([data[at + 2], data[at + 3]]));
        if data[at + 1] == 0xda {
            return at + 2 + length;
        }
        at += 2 + length;
    }
}

/// A file that lost its end and got an end mark again: other decoders fill the rest with grey.
#[test]
fn cut_pictures_with_an_end_mark_are_refused() {
    for path in pictures() {
        let data = fs::read(&path).unwrap();
        let (width, height, _) = dimensions(Embedded::Jpeg, &data).unwrap();
        let progressive = path.to_string_lossy().contains("progressive");
        let whole = decode(&data, width, height).unwrap();
        let mut refused = 0;
        for length in first_scan(&data)..data.len() - 2 {
            let cut = [&data[..length], &[0xff, 0xd9]].concat();
            match decode(&cut, width, height) {
                Err(_) => refused += 1,
                // A progressive picture may leave out its last scans (T.81, G.1.1).
                Ok(_) if progressive => {}
                Ok(found) => assert_eq!(found, whole, "{path:?}: {length} of {}", data.len()),
            }
        }
        let all = data.len() - 2 - first_scan(&data);
        assert!(
            refused * 10 + 100 >= all * 9,
            "{path:?}: {refused} of {all} refused"
        );
    }
}

/// What is lost or gained in the middle changes how many blocks there are: nearly all of it is
/// noticed. (Other bits in place of some can be as valid a picture: nothing in a JPEG tells.)
#[test]
fn pictures_with_bytes_lost_or_gained_are_refused() {
    let (mut all, mut refused) = (0, 0);
    for path in pictures() {
        let data = fs::read(&path).unwrap();
        let (width, height, _) = dimensions(Embedded::Jpeg, &data).unwrap();
        let first = first_scan(&data);
        for at in (first..data.len().saturating_sub(80)).step_by(11) {
            let lost = [&data[..at], &data[at + 60..]].concat();
            let gained = [&data[..at + 60], &data[at..]].concat();
            for damaged in [lost, gained] {
                all += 1;
                refused += u32::from(decode(&damaged, width, height).is_err());
            }
        }
    }
    assert!(refused * 100 > all * 90, "{refused} of {all} refused");
}

/// What programs put around the data of a scan, and decoders pass over.
#[test]
fn harmless_bytes_are_passed_over() {
    for name in ["grey", "444-restarts", "420-progressive"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/jpeg/{name}.jpg"));
        let data = fs::read(path).unwrap();
        let (width, height, _) = dimensions(Embedded::Jpeg, &data).unwrap();
        let whole = decode(&data, width, height).unwrap();
        let (before, end) = data.split_at(data.len() - 2);
        for extra in [&[0xff, 0xff, 0xff][..], &[0], &[0, 0, 0, 0xff]] {
            let found = decode(&[before, extra, end].concat(), width, height);
            assert_eq!(found.as_ref(), Ok(&whole), "{name}: {extra:x?}");
        }
        let behind = [&data[..], b"whatever comes next \xff\xd8\xff\xc0"].concat();
        assert_eq!(decode(&behind, width, height), Ok(whole), "{name}");
    }
}

/// Some programs write a restart after the last unit as well.
#[test]
fn a_restart_at_the_end_is_passed_over() {
    let grey = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/jpeg/grey.jpg");
    let data = fs::read(grey).unwrap();
    let (width, height, _) = dimensions(Embedded::Jpeg, &data).unwrap();
    let whole = decode(&data, width, height).unwrap();
    // 5 × 4 units: an interval of 20 has its only restart at the end.
    let scan = data.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
    let (before, end) = data.split_at(data.len() - 2);
    let interval = b"\xff\xdd\0\x04\0\x14";
    let (head, body) = before.split_at(scan);
    for (restart, fine) in [(&[0xff, 0xd0][..], true), (&[0xff, 0xd1], false)] {
        let data = [head, interval, body, restart, end].concat();
        let found = decode(&data, width, height);
        assert_eq!(found.is_ok(), fine);
        assert!(!fine || found == Ok(whole.clone()));
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/jpeg/420-restarts.jpg");
    let data = fs::read(path).unwrap();
    let (width, height, _) = dimensions(Embedded::Jpeg, &data).unwrap();
    let scan = first_scan(&data);
    let find = |marker: u8| data.windows(2).position(|w| w == [0xff, marker]).unwrap();
    // Without its tables, or with a restart too few.
    for marker in [0xc4, 0xdb, 0xd1] {
        let mut other = data.clone();
        let at = find(marker);
        assert!(marker != 0xd1 || at > scan);
        other[at + 1] = if marker == 0xd1 { 0xd3 } else { 0xef };
        let error = decode(&other, width, height).unwrap_err().to_string();
        assert!(error.contains("damaged"), "{error}");
    }
    // A frame that is higher, or lower, than the scan.
    for change in [16_i32, -16] {
        let mut other = data.clone();
        let at = find(0xc0) + 5;
        let other_height = (height as i32 + change) as u16;
        other[at..at + 2].copy_from_slice(&other_height.to_be_bytes());
        assert!(decode(&other, width, other_height.into()).is_err());
    }
    // A scan of the first component alone, whose data is that of all: too much of it, or too
    // little, and two components are nowhere.
    let mut other = data.clone();
    let at = find(0xda);
    other.splice(
        at..scan,
        b"\xff\xda\0\x08\x01\x01\0\0\x3f\0".iter().copied(),
    );
    assert!(decode(&other, width, height).is_err());
    // Another process.
    let mut other = data.clone();
    let at = find(0xc0) + 1;
    other[at] = 0xc9;
    assert!(matches!(
        decode(&other, width, height),
        Err(EmbeddedError::Unsupported { .. })
    ));
}

/// As many scans as there can be over a picture of nothing, in 42 kilobytes: seconds at most.
#[test]
fn many_scans_over_little_data_end_soon() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/jpeg/grey-progressive.jpg");
    let data = fs::read(path).unwrap();
    let frame = data.windows(2).position(|w| w == [0xff, 0xc2]).unwrap();
    // 4600 × 4600 pixels: 330,625 blocks, all of them without coefficients.
    let mut head = data[..first_scan(&data)].to_vec();
    head[frame + 5..frame + 9].copy_from_slice(&[0x11, 0xf8, 0x11, 0xf8]);
    let scan = head.windows(2).position(|w| w == [0xff, 0xda]).unwrap();
    head.truncate(scan);
    // No difference in one bit; 2^14 or 2^11 blocks that are over, and some more, in one or two.
    let table = |class: u8, symbols: &[u8]| {
        let mut segment = vec![0xff, 0xc4, 0, 19 + symbols.len() as u8, class];
        segment.extend((0..16).map(|length| u8::from(length < symbols.len())));
        segment.extend(symbols);
        segment
    };
    head.extend([table(0, &[0]), table(0x10, &[0xe0, 0xb0])].concat());
    let scan = |first: u8, last: u8, bits: u8, data: &[u8]| {
        [&[0xff, 0xda, 0, 8, 1, 1, 0, first, last, bits], data].concat()
    };
    let blocks = 575 * 575_usize;
    head.extend(scan(0, 0, 0, &vec![0; blocks.div_ceil(8)]));
    let bits = [
        format!("0{:014b}", 0).repeat(blocks / 16_384),
        format!("10{:011b}", blocks % 16_384 - 2048),
    ]
    .concat();
    let pack = |bits: &str| -> Vec<u8> {
        let bytes = bits.as_bytes().chunks(8).map(|byte| {
            let place = |sum, (i, bit): (usize, &u8)| sum | (bit - b'0') << (7 - i);
            byte.iter().enumerate().fold(0, place)
        });
        bytes.collect()
    };
    let mut hostile = head;
    for bit in (0..13).rev() {
        let high = if bit == 12 { 0 } else { bit + 1 };
        hostile.extend(scan(1, 63, high << 4 | bit, &pack(&bits)));
    }
    hostile.extend([0xff, 0xd9]);
    let begun = Instant::now();
    let flat = decode(&hostile, 4600, 4600).unwrap();
    assert!(flat.iter().all(|&sample| sample == 128));
    assert!(begun.elapsed() < Duration::from_secs(60));
}
