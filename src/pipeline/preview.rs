//! A small picture of a bitmap, for looking at.

use std::path::Path;

use super::FileOptions;
use super::open_picture::OpenPicture;
use crate::bmp::header::stride_bytes;
use crate::bmp::samples::Samples;
use crate::error::Result;
use crate::io::Input;

/// A small picture of a bitmap, in red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preview {
    /// Pixels in a row of the bitmap itself.
    pub picture_width: u32,
    /// Rows of the bitmap itself.
    pub picture_height: u32,
    /// Pixels in a row of the preview.
    pub width: u32,
    /// Rows of the preview.
    pub height: u32,
    /// Red, green and blue of each pixel, row after row from the top.
    pub rgb: Vec<u8>,
}

/// Makes a small picture of the bitmap in the file `path`.
///
/// Its longer side has `longest_side` pixels, or as many as the bitmap has if they are fewer.
/// Each is the average of up to two by two pixels of the bitmap, as the mean counts them: without
/// alpha, channels of other widths scaled to 8 bits. Of uncompressed bitmaps only those rows are
/// read; others are decoded, within `max_memory` bytes.
///
/// # Errors
///
/// As [`rotate_file`](crate::rotate_file).
pub fn preview(path: &Path, longest_side: u32, max_memory: u64) -> Result<Preview> {
    let options = FileOptions {
        max_memory: Some(max_memory),
        ..FileOptions::default()
    };
    let picture = OpenPicture::open(path, &options)?;
    let depth = picture.layout.geometry.bits_per_pixel;
    let decoded = picture.decoding.as_ref();
    let decoded = decoded
        .map(|decoding| picture.decode(decoding))
        .transpose()?;
    let header = &picture.header;
    let pixels = Pixels {
        input: &picture.input,
        decoded: decoded.as_ref().map(|(_, bytes)| &bytes[..]),
        offset: header.pixel_offset,
        samples: Samples::new(header, depth),
        bits_per_pixel: depth as usize,
        stride_bytes: stride_bytes(header.width, depth),
    };
    let (width, height) = (header.width, header.height);
    let longest = width.max(height);
    let side = longest_side.clamp(1, longest);
    let scaled = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1);
    let grid = |length| grid(length, scaled(length) as u32);
    let (columns, rows) = (grid(width), grid(height));
    let mut rgb = Vec::with_capacity(columns.len() * rows.len() * 3);
    for pair in &rows {
        let mut sums = vec![[0_u16; 3]; columns.len()];
        for &row in pair {
            let above = if header.top_down {
                row
            } else {
                height - 1 - row
            };
            pixels.add_row(above, &columns, &mut sums)?;
        }
        rgb.extend(sums.into_iter().flatten().map(|sum| ((sum + 2) / 4) as u8));
    }
    Ok(Preview {
        picture_width: width,
        picture_height: height,
        width: columns.len() as u32,
        height: rows.len() as u32,
        rgb,
    })
}

/// For each of `count` places along a side of `length` pixels, the two pixels in its middle.
fn grid(length: u32, count: u32) -> Vec<[u32; 2]> {
    let middle = |half: u64| {
        let halves = 2 * u64::from(count);
        ((2 * half + 1) * u64::from(length) / (2 * halves)) as u32
    };
    (0..u64::from(count))
        .map(|at| [middle(2 * at), middle(2 * at + 1)])
        .collect()
}

/// Uncompressed pixels, in memory or from some offset of a file on, of which some are looked at.
struct Pixels<'a> {
    decoded: Option<&'a [u8]>,
    input: &'a Input,
    offset: u64,
    samples: Samples,
    bits_per_pixel: usize,
    stride_bytes: u64,
}

impl Pixels<'_> {
    /// Adds the pixels of a stored row, two for each place.
    fn add_row(&self, row: u32, columns: &[[u32; 2]], sums: &mut [[u16; 3]]) -> Result<()> {
        /// Of longer rows the bytes of each place are read alone.
        const READ_WHOLE: u64 = 1 << 20;
        let offset = u64::from(row) * self.stride_bytes;
        let step = if self.stride_bytes > READ_WHOLE {
            1
        } else {
            columns.len()
        };
        let mut bytes = Vec::new();
        for (columns, sums) in columns.chunks(step).zip(sums.chunks_mut(step)) {
            let (first, last) = (columns[0][0], columns[columns.len() - 1][1]);
            // A byte holds as many pixels as start within it.
            let per_byte = (8 / self.bits_per_pixel).max(1) as u32;
            let first = first / per_byte * per_byte;
            let start = first as usize * self.bits_per_pixel / 8;
            let end = ((last as usize + 1) * self.bits_per_pixel).div_ceil(8);
            let row = if let Some(rows) = self.decoded {
                &rows[offset as usize..][start..end]
            } else {
                bytes.resize(end - start, 0);
                let at = self.offset + offset + start as u64;
                self.input.read_exact(&mut bytes, at)?;
                &bytes
            };
            for (&[left, right], sum) in columns.iter().zip(sums) {
                for column in [left, right] {
                    let pixel = self.samples.rgb(row, (column - first) as usize);
                    for (sum, sample) in sum.iter_mut().zip(pixel) {
                        *sum += u16::from(sample);
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "../../tests/unit/preview.rs"]
mod tests;
