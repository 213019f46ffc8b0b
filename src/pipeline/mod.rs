//! The way of a picture from its source through rotated strips to its sink.
//!
//! [`rotate_into`] is the one loop: in memory, one file and a batch of files all go through it.
//! What differs is where the rows come from ([`Source`]) and where the strips go ([`Sink`]).

mod budget;
mod file;
mod geometry;
mod in_memory;
mod open_picture;
mod options;
mod preview;
mod source;

pub use budget::MemoryBudget;
pub use file::{is_up_to_date, rotate_file};
pub use in_memory::{Rotated, rotate, rotate_within};
pub use options::{FileOptions, IfExists, RotatedFile};
pub use preview::{Preview, preview};

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::bmp::header::Header;
use crate::error::{Result, stop_if_cancelled};
use crate::io::Buffer;
use crate::rotate::CACHE_LINE;
use geometry::Geometry;
use source::Source;

/// What the rotated file consists of.
struct Layout {
    geometry: Geometry,
    /// The headers of the rotated picture, its palette, and the gap before its pixels.
    headers: Vec<u8>,
    /// Which bytes of the input stand behind the output's pixels.
    tail: Range<u64>,
}

impl Layout {
    /// The layout of the output for an input of `file_size` bytes, whose headers are `prefix`.
    fn new(header: &Header, prefix: &[u8], bits_per_pixel: u32, file_size: u64) -> Result<Self> {
        Ok(Self {
            geometry: Geometry::new(header, bits_per_pixel),
            headers: header.rotated_headers(prefix, bits_per_pixel, file_size)?,
            tail: header.tail_range(file_size),
        })
    }

    /// Bytes of the whole output.
    fn out_size(&self) -> u64 {
        self.tail_offset() + (self.tail.end - self.tail.start)
    }

    /// Where in the output the tail begins.
    fn tail_offset(&self) -> u64 {
        let rows = self.geometry.width as u64;
        self.headers.len() as u64 + rows * self.geometry.out_stride as u64
    }

    /// Bytes of buffer that a thread needs for a strip of so many columns at most, with the
    /// headers before it.
    fn strip_buffer_bytes(&self, columns: usize) -> usize {
        let columns = columns.min(self.geometry.strip_columns());
        let strip = columns.min(self.geometry.width) * self.geometry.out_stride;
        CACHE_LINE + self.headers.len() + strip
    }
}

/// Takes rotated bytes, whose first belongs at an offset of the output: each once, in any order,
/// from several threads.
type Sink<'a> = dyn Fn(&[u8], u64) -> Result<()> + Sync + 'a;

/// Rotates a picture's headers and pixels from `source` into `sink`, and returns the sum of its
/// samples.
///
/// The picture is cut into pieces of columns, which threads take one after another: this one,
/// and for a larger picture those of the current rayon pool that have nothing else to do.
fn rotate_into(
    layout: &Layout,
    source: &Source<'_>,
    sink: &Sink<'_>,
    options: &FileOptions<'_>,
) -> Result<u64> {
    let geometry = &layout.geometry;
    let columns = source.piece_columns(geometry);
    let pieces: Vec<_> = geometry.pieces(0..geometry.width, columns).collect();
    let strip_bytes = layout.strip_buffer_bytes(columns);
    let band_bytes = source.band_bytes(geometry);
    let next = AtomicUsize::new(0);
    let rotate_pieces = || {
        let mut buffer = Buffer::take();
        let bytes = buffer.reserve(strip_bytes + band_bytes, options.huge_pages())?;
        let (strip, band) = bytes.split_at_mut(strip_bytes);
        let mut sum = 0;
        while let Some(columns) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            sum += rotate_piece(layout, source, columns, sink, strip, band, options)?;
        }
        Ok(sum)
    };
    let sum = Mutex::new(Ok(0));
    let one_thread = || {
        let part = rotate_pieces();
        if part.is_err() {
            // Nobody takes any more.
            next.store(pieces.len(), Ordering::Relaxed);
        }
        let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(before) = *sum {
            *sum = part.map(|part| before + part);
        }
    };
    let threads = source.at_once().min(pieces.len());
    if threads <= 1 {
        one_thread();
    } else {
        rayon::in_place_scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|_| one_thread());
            }
            one_thread();
        });
    }
    sum.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Rotates some columns strip by strip; the first strip of the output stands behind the headers.
fn rotate_piece(
    layout: &Layout,
    source: &Source<'_>,
    columns: &Range<usize>,
    sink: &Sink<'_>,
    strip: &mut [u8],
    band: &mut [u8],
    options: &FileOptions<'_>,
) -> Result<u64> {
    let (geometry, headers) = (&layout.geometry, &layout.headers);
    let (rows, first_column) = source.rows(geometry, columns, band)?;
    let mut sum = 0;
    for columns in geometry.pieces(columns.clone(), geometry.strip_columns()) {
        stop_if_cancelled(options.cancel)?;
        let pixels = geometry.out_offset(&columns);
        let before: &[u8] = if pixels == 0 { headers } else { &[] };
        let offset = headers.len() as u64 + pixels - before.len() as u64;
        let bytes = before.len() + columns.len() * geometry.out_stride;
        // The first byte lies in a cache line as it will in the file: the system copies from line to
        // line, which is faster than across them.
        let begin = (offset as usize).wrapping_sub(strip.as_ptr().addr()) % CACHE_LINE;
        let out = &mut strip[begin..][..bytes];
        out[..before.len()].copy_from_slice(before);
        let strip = &mut out[before.len()..];
        sum += geometry.rotate_strip(&rows, columns.start - first_column, columns.len(), strip);
        sink(out, offset)?;
    }
    Ok(sum)
}
