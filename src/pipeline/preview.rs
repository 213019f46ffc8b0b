//! A small picture of a bitmap, for looking at.

use std::path::Path;

use super::FileOptions;
use super::open_picture::OpenPicture;
use crate::bmp::header::stride_bytes;
use crate::bmp::samples::Samples;
use crate::error::{Error, Result};
use crate::memory::zeroed;

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
/// alpha, channels of other widths scaled to 8 bits. For uncompressed bitmaps only the rows needed
/// are read, one at a time; others are decoded. Either takes at most `max_memory` bytes.
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
    let samples = Samples::new(header, depth);
    let (width, height) = (header.width, header.height);
    let longest = width.max(height);
    let side = longest_side.clamp(1, longest);
    let scaled = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1);
    let grid = |length| grid(length, scaled(length) as u32);
    let (columns, rows) = (grid(width), grid(height));
    let stride = stride_bytes(width, depth);
    // A row of a file that is read. The last one may lack its padding.
    let row_bytes = match &decoded {
        None => (u64::from(width) * u64::from(depth)).div_ceil(8),
        Some(_) => 0,
    };
    if row_bytes > max_memory {
        return Err(Error::Memory(format!(
            "needs {row_bytes} bytes of memory for a row; the limit is {max_memory}"
        )));
    }
    let mut read = zeroed(row_bytes)?;
    let mut rgb = Vec::with_capacity(columns.len() * rows.len() * 3);
    for pair in &rows {
        let mut sums = vec![[0_u16; 3]; columns.len()];
        for &row in pair {
            let stored = if header.top_down {
                row
            } else {
                height - 1 - row
            };
            let offset = u64::from(stored) * stride;
            let row = if let Some((_, pixels)) = &decoded {
                &pixels[offset as usize..]
            } else {
                let input = &picture.input;
                input.read_exact(&mut read, header.pixel_offset + offset)?;
                &read
            };
            for (pair, sum) in columns.iter().zip(&mut sums) {
                for &column in pair {
                    let pixel = samples.rgb(row, column as usize);
                    for (sum, sample) in sum.iter_mut().zip(pixel) {
                        *sum += u16::from(sample);
                    }
                }
            }
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

#[cfg(test)]
#[path = "../../tests/unit/preview.rs"]
mod tests;
