//! An embedded PNG, decoded by the `image` crate.

use std::cell::Cell;
use std::io::Cursor;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use image::codecs::png::PngDecoder;
use image::{ColorType, ImageDecoder, ImageError, Limits};

use super::{Embedded, EmbeddedError, Rows, allocate};

const KIND: Embedded = Embedded::Png;

/// Width, height and whether there is alpha, from the headers.
pub(super) fn dimensions(data: &[u8]) -> Result<(u32, u32, bool), EmbeddedError> {
    let header = Png::read(data)?;
    Ok((header.width, header.height, header.has_alpha))
}

/// Width, height, the fewest bytes that can hold the pixels, and the bytes that decoding allocates.
pub(super) fn cost(data: &[u8]) -> Result<(u32, u32, u64, u64), EmbeddedError> {
    /// Tables, rows and windows of the decoder, whatever the picture's size.
    const FIXED: u64 = 1 << 20;
    /// Rows that the decoder keeps at a time, with room for the widest samples it uses.
    const ROW_BYTES_PER_PIXEL: u64 = 256;

    let png = Png::read(data)?;
    // Deflate makes at most 258 bytes of two bits.
    let least_bytes = png.packed_bytes() / 1032;
    let needed = png
        .decoded_bytes()
        .saturating_add(data.len() as u64)
        .saturating_add(u64::from(png.width) * ROW_BYTES_PER_PIXEL + FIXED);
    Ok((png.width, png.height, least_bytes, needed))
}

/// Decodes into rows that are as wide and high as the picture; see [`super::expand`].
pub(super) fn expand(
    data: &[u8],
    rows: Rows,
    needed: u64,
    out: &mut [u8],
) -> Result<(), EmbeddedError> {
    // The decoder aborts the process where memory runs out; find out before it can.
    drop(allocate(KIND, needed, needed)?);

    let decoded = contained(|| {
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(needed);
        PngDecoder::with_limits(Cursor::new(data), limits)
            .map_err(|error| why(data, error))
            .and_then(|decoder| decode(data, decoder, needed))
    });
    let decoded = decoded.unwrap_or_else(|| Err(damaged("its decoder gave up")))?;
    let Rows {
        width,
        height,
        stride_bytes,
        ..
    } = rows;
    if (decoded.width as usize, decoded.height as usize) != (width, height) {
        return Err(EmbeddedError::OtherDimensions {
            kind: KIND,
            width: decoded.width,
            height: decoded.height,
            expected_width: width,
            expected_height: height,
        });
    }
    let place = match (decoded.channels, rows.bits_per_pixel) {
        (1, 24) => place_row::<1, 3>,
        (1, _) => place_row::<1, 4>,
        (2, 24) => place_row::<2, 3>,
        (2, _) => place_row::<2, 4>,
        (3, 24) => place_row::<3, 3>,
        (3, _) => place_row::<3, 4>,
        (_, 24) => place_row::<4, 3>,
        (_, _) => place_row::<4, 4>,
    };
    let samples = decoded.samples.chunks_exact(width * decoded.channels);
    let targets = out.chunks_exact_mut(stride_bytes);
    if rows.bottom_up {
        samples
            .zip(targets.rev())
            .for_each(|(row, target)| place(row, target));
    } else {
        samples
            .zip(targets)
            .for_each(|(row, target)| place(row, target));
    }
    Ok(())
}

/// Grey or red, green, blue, with or without alpha, to blue, green, red and perhaps alpha.
fn place_row<const CHANNELS: usize, const PIXEL_BYTES: usize>(row: &[u8], target: &mut [u8]) {
    let pixels = target.as_chunks_mut::<PIXEL_BYTES>().0;
    for (pixel, samples) in pixels.iter_mut().zip(row.as_chunks::<CHANNELS>().0) {
        let all = match samples[..] {
            [grey] => [grey, grey, grey, u8::MAX],
            [grey, alpha] => [grey, grey, grey, alpha],
            [red, green, blue] => [blue, green, red, u8::MAX],
            [red, green, blue, alpha, ..] => [blue, green, red, alpha],
            [] => return,
        };
        pixel.copy_from_slice(&all[..PIXEL_BYTES]);
    }
}

/// Samples of 8 bits, row after row without padding, the highest row first.
struct Decoded {
    width: u32,
    height: u32,
    channels: usize,
    samples: Vec<u8>,
}

fn decode(data: &[u8], decoder: impl ImageDecoder, needed: u64) -> Result<Decoded, EmbeddedError> {
    let (width, height) = decoder.dimensions();
    let colour = decoder.color_type();
    let length = decoder.total_bytes();
    if length > needed {
        // The decoder sees more in the headers than was budgeted: do not follow it.
        return Err(EmbeddedError::TooLarge {
            kind: KIND,
            needed: length,
            limit: needed,
        });
    }
    let mut samples = allocate(KIND, length, needed)?;
    samples.resize(length as usize, 0);
    decoder
        .read_image(&mut samples)
        .map_err(|error| why(data, error))?;
    match colour {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => {}
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            for i in 0..samples.len() / 2 {
                let sample = u16::from_ne_bytes([samples[2 * i], samples[2 * i + 1]]);
                // 65535 is 257 times 255, so that this rounds to the nearest.
                samples[i] = ((u32::from(sample) + 128) / 257) as u8;
            }
            samples.truncate(samples.len() / 2);
        }
        other => {
            return Err(EmbeddedError::Unsupported {
                kind: KIND,
                reason: format!("{other:?} samples"),
            });
        }
    }
    Ok(Decoded {
        width,
        height,
        channels: usize::from(colour.channel_count()),
        samples,
    })
}

fn why(data: &[u8], error: ImageError) -> EmbeddedError {
    match error {
        ImageError::Unsupported(error) => EmbeddedError::Unsupported {
            kind: KIND,
            reason: error.to_string(),
        },
        ImageError::IoError(_) => EmbeddedError::EndsEarly {
            kind: KIND,
            length: data.len(),
        },
        other => damaged(&other.to_string()),
    }
}

fn damaged(reason: &str) -> EmbeddedError {
    EmbeddedError::Damaged {
        kind: KIND,
        reason: reason.to_owned(),
    }
}

/// What the headers of a PNG say (PNG specification, 11.2.1 `IHDR` and 11.3.1.1 `tRNS`).
struct Png {
    width: u32,
    height: u32,
    bit_depth: u8,
    colour_type: u8,
    has_alpha: bool,
}

impl Png {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

    fn read(data: &[u8]) -> Result<Self, EmbeddedError> {
        let ends_early = || EmbeddedError::EndsEarly {
            kind: KIND,
            length: data.len(),
        };
        if !data.starts_with(Self::SIGNATURE) {
            return Err(damaged("it does not begin with the PNG signature"));
        }
        let mut rest = &data[Self::SIGNATURE.len()..];
        let mut header = None;
        loop {
            let (&length, after) = rest.split_first_chunk().ok_or_else(ends_early)?;
            let (name, after) = after.split_first_chunk::<4>().ok_or_else(ends_early)?;
            let length = u32::from_be_bytes(length) as usize;
            match (name, &mut header) {
                (b"IHDR", None) => {
                    let (fields, _) = after.split_first_chunk::<13>().ok_or_else(ends_early)?;
                    let &[w0, w1, w2, w3, h0, h1, h2, h3, bit_depth, colour_type, ..] = fields;
                    header = Some(Self {
                        width: u32::from_be_bytes([w0, w1, w2, w3]),
                        height: u32::from_be_bytes([h0, h1, h2, h3]),
                        bit_depth,
                        colour_type,
                        has_alpha: matches!(colour_type, 4 | 6),
                    });
                }
                (_, None) => return Err(damaged("its first chunk is not IHDR")),
                (b"tRNS", Some(header)) => header.has_alpha = true,
                (b"IDAT" | b"IEND", Some(_)) => break,
                _ => {}
            }
            // The chunk's data and its checksum.
            rest = length
                .checked_add(4)
                .and_then(|length| after.get(length..))
                .ok_or_else(ends_early)?;
        }
        match header {
            Some(header) if header.width > 0 && header.height > 0 => Ok(header),
            _ => Err(damaged("its width or height is 0")),
        }
    }

    fn channels(&self) -> u64 {
        match self.colour_type {
            0 | 3 => 1,
            4 => 2,
            2 => 3,
            _ => 4,
        }
    }

    /// Bytes of the pixels before compression, at least.
    fn packed_bytes(&self) -> u64 {
        let row_bits = u64::from(self.width) * self.channels() * u64::from(self.bit_depth);
        (row_bits / 8).saturating_mul(u64::from(self.height))
    }

    /// Bytes of the pixels once the palette and `tRNS` are applied.
    fn decoded_bytes(&self) -> u64 {
        let channels = match (self.colour_type, self.has_alpha) {
            (0, false) => 1,
            (0 | 4, _) => 2,
            (2 | 3, false) => 3,
            _ => 4,
        };
        let sample_bytes = if self.bit_depth > 8 { 2 } else { 1 };
        (u64::from(self.width) * channels * sample_bytes).saturating_mul(u64::from(self.height))
    }
}

thread_local! {
    /// Whether a panic of this thread is about to be caught and turned into an error.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder that may panic on hostile input; `None` when it did.
///
/// This library promises not to, and cannot promise it for others. The panic's message is kept off
/// standard error too, by a hook that passes on everything else.
fn contained<T>(decode: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let other = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CONTAINED.get() {
                other(info);
            }
        }));
    });
    CONTAINED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(decode));
    CONTAINED.set(false);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_contained() {
        assert_eq!(contained(|| 1), Some(1));
        assert_eq!(contained(|| panic!("hidden")), None::<()>);
        assert!(!CONTAINED.get());
    }
}
