//! Bitmaps whose pixels are a JPEG or PNG file (`BI_JPEG`, `BI_PNG`), decoded to plain rows.

use std::cell::Cell;
use std::io::Cursor;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::{ColorType, ImageDecoder, ImageError, Limits};
use thiserror::Error;

/// What is embedded in place of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Embedded {
    /// A JPEG file: `BI_JPEG`.
    Jpeg,
    /// A PNG file: `BI_PNG`.
    Png,
}

impl std::fmt::Display for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
        })
    }
}

/// Why an embedded picture cannot be decoded.
#[derive(Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The data does not begin as such a file does, or is damaged further on.
    #[error("the embedded {kind} is damaged: {reason}")]
    Damaged {
        /// What the data should be.
        kind: Embedded,
        /// What is wrong with it.
        reason: String,
    },
    /// The data is of a kind that no decoder here knows.
    #[error("the embedded {kind} is of a kind that is not supported: {reason}")]
    Unsupported {
        /// What the data is.
        kind: Embedded,
        /// What it uses.
        reason: String,
    },
    /// The data ends before the picture does.
    #[error("the embedded {kind} ends early, after {length} bytes")]
    EndsEarly {
        /// What the data is.
        kind: Embedded,
        /// Bytes of data there are.
        length: usize,
    },
    /// The picture claims more pixels than so few bytes can stand for.
    #[error("{length} bytes of embedded {kind} cannot hold {width} × {height} pixels")]
    TooLittleData {
        /// What the data is.
        kind: Embedded,
        /// Bytes of data there are.
        length: usize,
        /// Pixels of a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The embedded picture and the bitmap's header differ in size.
    #[error(
        "the embedded {kind} has {width} × {height} pixels, \
         the bitmap around it {expected_width} × {expected_height}"
    )]
    OtherDimensions {
        /// What the data is.
        kind: Embedded,
        /// Pixels of a row of the embedded picture.
        width: u32,
        /// Rows of the embedded picture.
        height: u32,
        /// Pixels of a row according to the bitmap.
        expected_width: usize,
        /// Rows according to the bitmap.
        expected_height: usize,
    },
    /// Decoding needs more memory than allowed.
    #[error("decoding the embedded {kind} needs {needed} bytes of memory, {limit} are allowed")]
    TooLarge {
        /// What the data is.
        kind: Embedded,
        /// Bytes of memory it takes, beside the output.
        needed: u64,
        /// Bytes that may be used.
        limit: u64,
    },
    /// The memory for decoding is not to be had.
    #[error("there is no memory for the {needed} bytes that decoding the embedded {kind} needs")]
    OutOfMemory {
        /// What the data is.
        kind: Embedded,
        /// Bytes of memory it takes, beside the output.
        needed: u64,
    },
    /// The caller's buffer has another size, or the depth is neither 24 nor 32.
    #[error(
        "a buffer of {length} bytes with rows of {stride_bytes} cannot take {height} rows of \
         {width} pixels at {bits_per_pixel} bits"
    )]
    Buffer {
        /// Bytes of the buffer.
        length: usize,
        /// Bytes from row to row.
        stride_bytes: usize,
        /// The pixels a row has.
        width: usize,
        /// The rows the picture has.
        height: usize,
        /// Bits a pixel should take.
        bits_per_pixel: u32,
    },
}

/// Width, height and whether there is alpha, from the headers alone.
///
/// A PNG has alpha if its colour type has, or if a `tRNS` chunk gives some; a JPEG never has.
/// Nothing is allocated.
///
/// # Errors
///
/// [`EmbeddedError`] when the data is not what `kind` says, or is cut before its pixels.
pub fn dimensions(kind: Embedded, data: &[u8]) -> Result<(u32, u32, bool), EmbeddedError> {
    match kind {
        Embedded::Jpeg => {
            let frame = Jpeg::read(data, Until::Frame)?;
            Ok((frame.width, frame.height, false))
        }
        Embedded::Png => {
            let header = Png::read(data)?;
            Ok((header.width, header.height, header.has_alpha))
        }
    }
}

/// The rows that an embedded picture is decoded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 24 for blue, green and red, 32 for those and alpha.
    pub bits_per_pixel: u32,
    /// Bytes from row to row.
    pub stride_bytes: usize,
    /// Whether the lowest row of the picture comes first.
    pub bottom_up: bool,
}

/// Decodes the embedded picture into plain rows: blue, green and red, then alpha at 32 bits.
///
/// `out` holds the rows as `rows` describes them. Bytes between the pixels' end and the stride are left
/// alone. Samples of other widths are scaled to 8 bits, rounded; a picture without alpha is opaque
/// at 32 bits, and one with alpha loses it at 24. Gamma and colour profiles within the embedded
/// file are not applied.
///
/// No more than `max_alloc` bytes are allocated beside `out`, and none that the length of the data
/// cannot justify.
///
/// # Errors
///
/// [`EmbeddedError`] when the data is damaged, cut, not of the size the caller expects, or would
/// take too much memory. `out` is then as it was.
pub fn expand(
    kind: Embedded,
    data: &[u8],
    rows: Rows,
    max_alloc: u64,
    out: &mut [u8],
) -> Result<(), EmbeddedError> {
    let Rows {
        width,
        height,
        bits_per_pixel,
        stride_bytes,
        bottom_up,
    } = rows;
    let pixel_bytes = match bits_per_pixel {
        24 => 3,
        32 => 4,
        _ => 0,
    };
    let row_fits = width
        .checked_mul(pixel_bytes)
        .is_some_and(|bytes| bytes <= stride_bytes);
    if pixel_bytes == 0 || !row_fits || stride_bytes.checked_mul(height) != Some(out.len()) {
        return Err(EmbeddedError::Buffer {
            length: out.len(),
            stride_bytes,
            width,
            height,
            bits_per_pixel,
        });
    }
    let (embedded_width, embedded_height, needed) = cost(kind, data)?;
    if (embedded_width as usize, embedded_height as usize) != (width, height) {
        return Err(EmbeddedError::OtherDimensions {
            kind,
            width: embedded_width,
            height: embedded_height,
            expected_width: width,
            expected_height: height,
        });
    }
    if needed > max_alloc {
        return Err(EmbeddedError::TooLarge {
            kind,
            needed,
            limit: max_alloc,
        });
    }
    // The decoders abort the process where memory runs out; find out before they can.
    drop(allocate(kind, needed, needed)?);

    let decoded = contained(|| match kind {
        Embedded::Jpeg => JpegDecoder::new(Cursor::new(data))
            .map_err(|error| why(kind, data, error))
            .and_then(|decoder| decode(kind, data, decoder, needed)),
        Embedded::Png => {
            let mut limits = Limits::no_limits();
            limits.max_alloc = Some(needed);
            PngDecoder::with_limits(Cursor::new(data), limits)
                .map_err(|error| why(kind, data, error))
                .and_then(|decoder| decode(kind, data, decoder, needed))
        }
    });
    let decoded = decoded.unwrap_or_else(|| {
        Err(EmbeddedError::Damaged {
            kind,
            reason: "its decoder gave up".to_string(),
        })
    })?;
    if (decoded.width, decoded.height) != (embedded_width, embedded_height) {
        return Err(EmbeddedError::OtherDimensions {
            kind,
            width: decoded.width,
            height: decoded.height,
            expected_width: width,
            expected_height: height,
        });
    }
    if width == 0 || height == 0 {
        return Ok(());
    }

    let place = match (decoded.channels, pixel_bytes) {
        (1, 3) => place_row::<1, 3>,
        (1, _) => place_row::<1, 4>,
        (2, 3) => place_row::<2, 3>,
        (2, _) => place_row::<2, 4>,
        (3, 3) => place_row::<3, 3>,
        (3, _) => place_row::<3, 4>,
        (_, 3) => place_row::<4, 3>,
        (_, _) => place_row::<4, 4>,
    };
    let rows = decoded.samples.chunks_exact(width * decoded.channels);
    let targets = out.chunks_exact_mut(stride_bytes);
    if bottom_up {
        rows.zip(targets.rev())
            .for_each(|(row, target)| place(row, target));
    } else {
        rows.zip(targets)
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

fn decode(
    kind: Embedded,
    data: &[u8],
    decoder: impl ImageDecoder,
    needed: u64,
) -> Result<Decoded, EmbeddedError> {
    let (width, height) = decoder.dimensions();
    let colour = decoder.color_type();
    let length = decoder.total_bytes();
    if length > needed {
        // The decoder sees more in the headers than was budgeted: do not follow it.
        return Err(EmbeddedError::TooLarge {
            kind,
            needed: length,
            limit: needed,
        });
    }
    let mut samples = allocate(kind, length, needed)?;
    samples.resize(length as usize, 0);
    decoder
        .read_image(&mut samples)
        .map_err(|error| why(kind, data, error))?;
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
                kind,
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

/// An empty vector with room for `length` bytes.
fn allocate(kind: Embedded, length: u64, needed: u64) -> Result<Vec<u8>, EmbeddedError> {
    let mut bytes = Vec::new();
    usize::try_from(length)
        .ok()
        .and_then(|length| bytes.try_reserve_exact(length).ok())
        .ok_or(EmbeddedError::OutOfMemory { kind, needed })?;
    Ok(bytes)
}

fn why(kind: Embedded, data: &[u8], error: ImageError) -> EmbeddedError {
    match error {
        ImageError::Unsupported(error) => EmbeddedError::Unsupported {
            kind,
            reason: error.to_string(),
        },
        ImageError::IoError(_) => EmbeddedError::EndsEarly {
            kind,
            length: data.len(),
        },
        other => EmbeddedError::Damaged {
            kind,
            reason: other.to_string(),
        },
    }
}

/// Width, height, and the bytes that decoding allocates beside the output, at most.
fn cost(kind: Embedded, data: &[u8]) -> Result<(u32, u32, u64), EmbeddedError> {
    /// Tables, rows and windows of the decoders, whatever the picture's size.
    const FIXED: u64 = 1 << 20;
    /// Rows that a decoder keeps at a time, with room for the widest samples it uses.
    const ROW_BYTES_PER_PIXEL: u64 = 256;

    let (width, height, least_bytes, picture) = match kind {
        Embedded::Jpeg => {
            let jpeg = Jpeg::read(data, Until::End)?;
            let (blocks, padded_blocks) = jpeg.blocks();
            // A coefficient takes 2 bytes, decoded samples 1 for each of 3 channels, and the
            // decoder copies the file.
            let pixels = u64::from(jpeg.width) * u64::from(jpeg.height);
            let picture = padded_blocks * 64 * 2 + pixels * 3 + data.len() as u64;
            // Each block has a code of a bit or more in the pixel data.
            let least_bytes = data.len() as u64 - jpeg.pixel_data_bytes + blocks / 8;
            (jpeg.width, jpeg.height, least_bytes, picture)
        }
        Embedded::Png => {
            let png = Png::read(data)?;
            // Deflate makes at most 258 bytes of two bits.
            let least_bytes = png.packed_bytes() / 1032;
            let picture = png.decoded_bytes().saturating_add(data.len() as u64);
            (png.width, png.height, least_bytes, picture)
        }
    };
    if least_bytes > data.len() as u64 {
        return Err(EmbeddedError::TooLittleData {
            kind,
            length: data.len(),
            width,
            height,
        });
    }
    Ok((
        width,
        height,
        picture + u64::from(width) * ROW_BYTES_PER_PIXEL + FIXED,
    ))
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
        let kind = Embedded::Png;
        let ends_early = || EmbeddedError::EndsEarly {
            kind,
            length: data.len(),
        };
        let damaged = |reason: &str| EmbeddedError::Damaged {
            kind,
            reason: reason.to_string(),
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

/// How far to read a JPEG.
#[derive(Clone, Copy, PartialEq)]
enum Until {
    Frame,
    End,
}

/// What the markers of a JPEG say (ITU-T T.81, annex B).
///
/// The decoder fills what is missing from a JPEG with grey, which would be inventing pixels. So
/// the markers are walked beforehand, to see that the file goes on to its end of image.
#[derive(Default)]
struct Jpeg {
    width: u32,
    height: u32,
    /// Horizontal and vertical sampling factors of each component.
    sampling: Vec<(u64, u64)>,
    /// Bytes of entropy-coded data in all scans.
    pixel_data_bytes: u64,
}

impl Jpeg {
    fn read(data: &[u8], until: Until) -> Result<Self, EmbeddedError> {
        let kind = Embedded::Jpeg;
        let ends_early = || EmbeddedError::EndsEarly {
            kind,
            length: data.len(),
        };
        let damaged = |reason: &str| EmbeddedError::Damaged {
            kind,
            reason: reason.to_string(),
        };
        let Some(mut rest) = data.strip_prefix(b"\xff\xd8") else {
            return Err(damaged("it does not begin with the JPEG signature"));
        };
        let mut jpeg = Self::default();
        let mut scans = 0;
        loop {
            rest = &rest[marker_at(rest).ok_or_else(ends_early)? + 1..];
            let (&marker, after) = rest.split_first().ok_or_else(ends_early)?;
            rest = after;
            match marker {
                0xd9 => break,
                // Markers without a length: TEM, restarts, a second start of image.
                0x01 | 0xd0..=0xd8 => continue,
                _ => {}
            }
            let &length = rest.first_chunk().ok_or_else(ends_early)?;
            let length = usize::from(u16::from_be_bytes(length));
            if length < 2 {
                return Err(damaged("a segment is shorter than its own length"));
            }
            let segment = rest.get(2..length).ok_or_else(ends_early)?;
            rest = &rest[length..];
            match marker {
                0xc0..=0xc2 => {
                    if !jpeg.sampling.is_empty() {
                        return Err(damaged("it has two frames"));
                    }
                    jpeg.read_frame(segment)
                        .ok_or_else(|| damaged("its frame header is wrong"))?;
                    if until == Until::Frame {
                        return Ok(jpeg);
                    }
                }
                0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                    return Err(EmbeddedError::Unsupported {
                        kind,
                        reason: format!("its coding process is number {}", marker - 0xc0),
                    });
                }
                0xda => {
                    if jpeg.sampling.is_empty() {
                        return Err(damaged("a scan comes before the frame header"));
                    }
                    scans += 1;
                    let length = entropy_coded_bytes(rest);
                    jpeg.pixel_data_bytes += length as u64;
                    rest = &rest[length..];
                }
                _ => {}
            }
        }
        if jpeg.sampling.is_empty() || (until == Until::End && scans == 0) {
            return Err(ends_early());
        }
        Ok(jpeg)
    }

    fn read_frame(&mut self, segment: &[u8]) -> Option<()> {
        let (&[_precision, h0, h1, w0, w1, count], components) = segment.split_first_chunk()?;
        self.height = u32::from(u16::from_be_bytes([h0, h1]));
        self.width = u32::from(u16::from_be_bytes([w0, w1]));
        let (components, []) = components.as_chunks::<3>() else {
            return None;
        };
        if self.width == 0
            || self.height == 0
            || !(1..=4).contains(&count)
            || components.len() != usize::from(count)
        {
            return None;
        }
        for &[_, sampling, _] in components {
            let factors = (u64::from(sampling >> 4), u64::from(sampling & 15));
            if !(1..=4).contains(&factors.0) || !(1..=4).contains(&factors.1) {
                return None;
            }
            self.sampling.push(factors);
        }
        Some(())
    }

    /// Blocks of 8 × 8 in all components: those that must be coded, and those with the padding
    /// that completes the last units of interleaved scans.
    fn blocks(&self) -> (u64, u64) {
        let across_most = self.sampling.iter().map(|s| s.0).max().unwrap_or(1);
        let down_most = self.sampling.iter().map(|s| s.1).max().unwrap_or(1);
        let (width, height) = (u64::from(self.width), u64::from(self.height));
        let units = width.div_ceil(8 * across_most) * height.div_ceil(8 * down_most);
        self.sampling
            .iter()
            .fold((0, 0), |(coded, padded), &(across, down)| {
                let component = (width * across).div_ceil(8 * across_most)
                    * (height * down).div_ceil(8 * down_most);
                (coded + component, padded + units * across * down)
            })
    }
}

/// Where the last of the 0xff bytes before the next marker code is.
fn marker_at(data: &[u8]) -> Option<usize> {
    let first = data.iter().position(|&byte| byte == 0xff)?;
    let more = data[first..].iter().position(|&byte| byte != 0xff)?;
    Some(first + more - 1)
}

/// The length of the entropy-coded data at the start of `data`, restarts included.
fn entropy_coded_bytes(data: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = data[at..].iter().position(|&byte| byte == 0xff) {
        at += found;
        match data.get(at + 1) {
            Some(0x00 | 0xd0..=0xd7) => at += 2,
            Some(0xff) => at += 1,
            Some(_) => return at,
            None => break,
        }
    }
    data.len()
}

thread_local! {
    /// Whether a panic of this thread is about to be caught and turned into an error.
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder that may panic on hostile input; `None` when it did.
///
/// zune-jpeg 0.5, which `image` decodes JPEG with, does (zune-image issues 218, 262, 362, 409).
/// The panic's message is kept off standard error too, by a hook that passes on everything else.
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

    #[test]
    fn entropy_coded_data_ends_at_a_marker() {
        assert_eq!(
            entropy_coded_bytes(&[1, 0xff, 0, 2, 0xff, 0xd3, 3, 0xff, 0xd9]),
            7
        );
        assert_eq!(entropy_coded_bytes(&[1, 0xff, 0xff, 0xda]), 2);
        assert_eq!(entropy_coded_bytes(&[1, 2, 0xff]), 3);
        assert_eq!(marker_at(&[0, 0xff, 0xff, 0xd9]), Some(2));
        assert_eq!(marker_at(&[0, 0xff, 0xff]), None);
    }
}
