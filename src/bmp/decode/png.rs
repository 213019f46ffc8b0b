//! PNG in place of pixels.

use std::error::Error as _;
use std::io::{Cursor, ErrorKind};

use image::codecs::png::PngDecoder;
use image::{ImageDecoder, ImageError, Limits};

use super::{Embedded, corrupt, truncated};
use crate::error::{Error, Result};
use crate::memory::zeroed;

/// Tables and windows of the decoder, whatever the picture's size.
const FIXED_MEMORY: u64 = 1 << 20;

/// Rows that the decoder keeps at a time, with room for the widest samples.
const ROW_BYTES_PER_PIXEL: u64 = 256;

/// Bytes that the decoder may allocate beside the samples.
fn memory_beside(data: &[u8], width: u32) -> u64 {
    FIXED_MEMORY + u64::from(width) * ROW_BYTES_PER_PIXEL + data.len() as u64
}

/// A decoder of a picture of that width, which has read the chunks before the pixels.
fn decoder(data: &[u8], width: u32) -> Result<PngDecoder<Cursor<&[u8]>>> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(memory_beside(data, width));
    PngDecoder::with_limits(Cursor::new(data), limits).map_err(|error| explained(data, error))
}

/// Reads the headers; `width` is that of the bitmap.
pub(super) fn read(data: &[u8], width: u32) -> Result<Embedded> {
    let decoder = decoder(data, width)?;
    let samples = decoder.total_bytes();
    let (width, height) = decoder.dimensions();
    // The decoder has accepted `IHDR` (PNG specification, 11.2.1), which is always there.
    let (bit_depth, colour_type) = (u64::from(data[24]), data[25]);
    let channels = match colour_type {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let row_bytes = u64::from(width) * channels * bit_depth / 8;
    Ok(Embedded {
        width,
        height,
        has_alpha: decoder.color_type().has_alpha(),
        is_deep: bit_depth == 16,
        length: data.len(),
        // Deflate makes at most 258 bytes of two bits.
        least_bytes: row_bytes.saturating_mul(u64::from(height)) / 1032,
        memory: samples.saturating_add(memory_beside(data, width)),
    })
}

/// Samples of 8 bits, row after row without padding: grey, or red, green and blue, perhaps alpha.
pub(super) fn samples(data: &[u8], width: u32) -> Result<Vec<u8>> {
    let decoder = decoder(data, width)?;
    let colour = decoder.color_type();
    let mut samples = zeroed(decoder.total_bytes())?;
    decoder
        .read_image(&mut samples)
        .map_err(|error| explained(data, error))?;
    if colour.bytes_per_pixel() == 2 * colour.channel_count() {
        for at in 0..samples.len() / 2 {
            let sample = u16::from_ne_bytes([samples[2 * at], samples[2 * at + 1]]);
            // 65535 is 257 times 255, so that this rounds to the nearest.
            samples[at] = ((u32::from(sample) + 128) / 257) as u8;
        }
        samples.truncate(samples.len() / 2);
    }
    Ok(samples)
}

fn explained(data: &[u8], error: ImageError) -> Error {
    match error {
        ImageError::Unsupported(error) => Error::Unsupported(format!(
            "the embedded PNG is of a kind that is not supported: {error}"
        )),
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => truncated(
            format!("the embedded PNG ends early, after {} bytes", data.len()),
        ),
        other => {
            let reason = other
                .source()
                .map_or(other.to_string(), ToString::to_string);
            corrupt(0, format!("the embedded PNG is damaged: {reason}"))
        }
    }
}
