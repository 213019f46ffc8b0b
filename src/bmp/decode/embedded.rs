//! Embedded pictures: `BI_PNG`, decoded by the `image` crate, and `BI_JPEG`, by `jpeg-decoder`.
//!
//! The JPEG decoder behind `image` interpolates chroma with what lies beyond the picture's edge: it
//! differs from libjpeg by up to 49 in the last column. `jpeg-decoder` stays within 7 from 5 pixels
//! of width on, and notices restarts that are missing.

use std::panic::{self, AssertUnwindSafe};

use super::{DecodedRows, Embedded, corrupt, jpeg, png};
use crate::bmp::header::{Compression, Header};
use crate::error::Result;
use crate::memory::reserve;

impl Embedded {
    /// Reads the headers, if that is how the pixels are stored. Checks that the picture is as large
    /// as the bitmap around it says, and that its data is enough for that.
    pub(super) fn read(header: &Header, data: &[u8]) -> Result<Option<Self>> {
        let (name, found) = match header.compression {
            Compression::Jpeg => ("JPEG", jpeg::read(data)?),
            Compression::Png => ("PNG", contained(|| png::read(data, header.width))?),
            _ => return Ok(None),
        };
        let (width, height, length) = (found.width, found.height, found.length);
        let what = if (width, height) != (header.width, header.height) {
            format!(
                "the embedded {name} has {width} x {height} pixels, the header says {} x {}",
                header.width, header.height
            )
        } else if found.least_bytes > length as u64 {
            format!("{length} bytes of embedded {name} cannot hold {width} x {height} pixels")
        } else {
            return Ok(Some(found));
        };
        Err(corrupt(0, what))
    }

    /// Decodes to blue, green, red, and at 32 bits alpha.
    ///
    /// Samples of other widths are scaled to 8 bits, rounded. Gamma and colour profiles within the
    /// embedded file are not applied.
    pub(super) fn decode(
        &self,
        header: &Header,
        data: &[u8],
        rows: &mut DecodedRows<'_>,
    ) -> Result<()> {
        // The decoder aborts the process where memory runs out; find out before it can.
        drop(reserve(self.memory)?);
        let is_jpeg = header.compression == Compression::Jpeg;
        let samples = contained(|| {
            if is_jpeg {
                jpeg::samples(&data[..self.length])
            } else {
                png::samples(data, self.width)
            }
        })?;
        let pixels = rows.width * rows.height();
        let channels = samples.len() / pixels;
        if !(1..=4).contains(&channels) || samples.len() != pixels * channels {
            return Err(corrupt(
                0,
                "the embedded picture's headers contradict each other",
            ));
        }
        // Inks become light: what is left of each colour, dimmed by black.
        let light = |ink: u8, black: u8| {
            let [left, white] = [ink, black].map(|ink| u32::from(u8::MAX - ink));
            ((left * white + 127) / 255) as u8
        };
        let step = rows.bits_per_pixel / 8;
        let place = |(samples, target): (&[u8], &mut [u8])| match channels {
            1 => place_row(samples, target, step, |[v]| [v, v, v, u8::MAX]),
            2 => place_row(samples, target, step, |[v, a]| [v, v, v, a]),
            3 => place_row(samples, target, step, |[r, g, b]| [b, g, r, u8::MAX]),
            _ if is_jpeg => place_row(samples, target, step, |[c, m, y, k]| {
                [light(y, k), light(m, k), light(c, k), u8::MAX]
            }),
            _ => place_row(samples, target, step, |[r, g, b, a]| [b, g, r, a]),
        };
        // Embedded rows run from the top.
        let samples = samples.chunks_exact(rows.width * channels);
        let targets = rows.bytes.chunks_exact_mut(rows.stride_bytes);
        if header.top_down {
            samples.zip(targets).for_each(place);
        } else {
            samples.zip(targets.rev()).for_each(place);
        }
        Ok(())
    }
}

/// Runs a decoder, which may panic on hostile data: this library promises not to, and cannot
/// promise it for others.
fn contained<T>(decode: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(corrupt(0, "the decoder fails on the embedded picture")))
}

/// Makes each pixel's samples blue, green, red and alpha, of which `step` are kept.
fn place_row<const CHANNELS: usize>(
    samples: &[u8],
    target: &mut [u8],
    step: usize,
    bgra: impl Fn([u8; CHANNELS]) -> [u8; 4],
) {
    for (pixel, &samples) in target.chunks_exact_mut(step).zip(samples.as_chunks().0) {
        pixel.copy_from_slice(&bgra(samples)[..step]);
    }
}
