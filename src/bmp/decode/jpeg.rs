//! JPEG in place of pixels: what its markers say (ITU-T T.81, annex B), and its samples.

use super::{Embedded, corrupt, truncated};
use crate::error::{Error, Result};

const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// Far more scans than any program writes; each costs a walk over all blocks.
const MOST_SCANS: u32 = 100;

/// Tables of the decoder, whatever the picture's size.
const FIXED_MEMORY: u64 = 1 << 20;

/// Bytes of the planes before they are put together, and of coefficients in 16 bits.
const BYTES_PER_SAMPLE: u64 = 3;

/// Bytes of coefficients of a row of blocks: up to 4 times 8 rows, in 16 bits, twice.
const ROW_BYTES_PER_SAMPLE: u64 = 128;

/// Reads the markers up to the end of the image: decoders make something up for what a file
/// without an end mark lacks. Nothing is allocated.
pub(super) fn read(data: &[u8]) -> Result<Embedded> {
    if !data.starts_with(b"\xff\xd8") {
        return Err(corrupt(0, "there is no JPEG here"));
    }
    let ends_early = || {
        truncated(format!(
            "the embedded JPEG has no end mark within {} bytes",
            data.len()
        ))
    };
    let mut found: Option<Embedded> = None;
    let (mut at, mut scans, mut scan_bytes) = (2, 0, 0);
    loop {
        let (place, marker) = next_marker(data, at).ok_or_else(ends_early)?;
        if scans > 0 {
            scan_bytes += place - at;
        }
        at = place + 2;
        if marker == END_OF_IMAGE {
            break;
        }
        let (&length, rest) = data[at..].split_first_chunk().ok_or_else(ends_early)?;
        let length = usize::from(u16::from_be_bytes(length)).max(2);
        let segment = rest.get(..length - 2).ok_or_else(ends_early)?;
        match marker {
            // Huffman tables, arithmetic coding conditions and an extension of old.
            0xc4 | 0xc8 | 0xcc => {}
            // The decoder refuses a second one.
            0xc0..=0xcf if found.is_none() => found = Some(frame(marker, segment, place)?),
            START_OF_SCAN => scans += 1,
            _ => {}
        }
        at += length;
    }
    if scans > MOST_SCANS {
        let what = format!("the embedded JPEG has {scans} scans, more than {MOST_SCANS}");
        return Err(corrupt(0, what));
    }
    let mut picture = found.ok_or_else(|| corrupt(0, "the embedded JPEG has no picture"))?;
    picture.length = at;
    // All but the scans' data cannot hold pixels; the decoder would make them up.
    picture.least_bytes += (at - scan_bytes) as u64;
    Ok(picture)
}

/// What a start of frame says.
fn frame(marker: u8, segment: &[u8], place: usize) -> Result<Embedded> {
    let damaged = || corrupt(place, "the embedded JPEG's frame header makes no sense");
    let (&[bits, h1, h0, w1, w0, count], rest) = segment.split_first_chunk().ok_or_else(damaged)?;
    if marker > 0xc2 || bits != 8 || !matches!(count, 1 | 3 | 4) {
        return Err(Error::Unsupported(format!(
            "the embedded JPEG is of a kind that is not supported: process {}, {bits} bits, \
             {count} components",
            marker - 0xc0
        )));
    }
    let width = u32::from(u16::from_be_bytes([w1, w0]));
    let height = u32::from(u16::from_be_bytes([h1, h0]));
    let components = rest.as_chunks::<3>().0;
    let components = components.get(..usize::from(count)).ok_or_else(damaged)?;
    // Each component has some blocks across and down in each unit of the picture.
    let (mut across, mut down, mut blocks) = (1, 1, 0);
    for &[_, sampling, _] in components {
        let (h, v) = (u64::from(sampling >> 4), u64::from(sampling & 15));
        (across, down, blocks) = (across.max(h), down.max(v), blocks + h * v);
    }
    let (count, width64, height64) = (u64::from(count), u64::from(width), u64::from(height));
    let units = width64.div_ceil(8 * across) * height64.div_ceil(8 * down);
    Ok(Embedded {
        width,
        height,
        has_alpha: false,
        is_deep: false,
        length: 0,
        // A unit has a block of each component or more, whose coefficient 0 has a code of a bit or
        // more.
        least_bytes: units * count / 8,
        memory: FIXED_MEMORY
            + width64 * height64 * count
            + units * blocks * 64 * BYTES_PER_SAMPLE
            + (width64 + 32) * count * ROW_BYTES_PER_SAMPLE,
    })
}

/// Samples of 8 bits, row after row without padding: grey, or red, green and blue, or inks.
pub(super) fn samples(data: &[u8]) -> Result<Vec<u8>> {
    jpeg_decoder::Decoder::new(data)
        .decode()
        .map_err(|error| match error {
            jpeg_decoder::Error::Unsupported(_) => Error::Unsupported(
                "the embedded JPEG uses a rare feature, which is not supported".into(),
            ),
            jpeg_decoder::Error::Format(what) => {
                corrupt(0, format!("the embedded JPEG is damaged: {what}"))
            }
            other => corrupt(0, format!("the embedded JPEG is damaged: {other}")),
        })
}

/// The next marker that matters, and where it stands: fill bytes, stuffed zeros of coded data and
/// restarts are passed over.
fn next_marker(data: &[u8], from: usize) -> Option<(usize, u8)> {
    let mut at = from;
    loop {
        at += data.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match data.get(at + 1)? {
            0xff => at += 1,
            0x00 | 0x01 | 0xd0..=0xd7 => at += 2,
            &marker => return Some((at, marker)),
        }
    }
}
