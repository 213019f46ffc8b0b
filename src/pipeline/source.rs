//! Where the rows of a picture come from.

use std::ops::Range;

use super::Layout;
use super::geometry::Geometry;
use crate::error::{Error, Result};
use crate::io::Input;
use crate::rotate::{CACHE_LINE, Rows};

/// From this size on a picture is a large one: its file is mapped or read in bands, and idle
/// threads take strips of it. Below, copying its bytes costs less than mapping them.
pub(super) const LARGE_FROM: u64 = 4 << 20;

/// Where the rows of a picture come from.
pub(super) enum Source<'a> {
    /// Bytes in memory: a small file's, those of a decoded picture, or the caller's.
    Owned(&'a [u8]),
    /// The rows of a file that is mapped, of which so many threads may take strips at a time.
    Mapped { rows: &'a [u8], at_once: usize },
    /// A file, whose rows begin at `offset`, of which a band of columns is read at a time.
    Banded {
        input: &'a Input,
        offset: u64,
        columns: usize,
        at_once: usize,
    },
}

impl<'a> Source<'a> {
    /// Bands of which as many as there are threads fit into `max_memory`, or fewer.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] where not even the narrowest fits.
    pub(super) fn banded(
        input: &'a Input,
        offset: u64,
        layout: &Layout,
        max_memory: u64,
    ) -> Result<Self> {
        /// Enough for long reads, few enough to stay in the last-level cache.
        const BAND_BYTES: u64 = 8 << 20;
        let geometry = &layout.geometry;
        // A band takes at least a cache line of each row.
        let step = geometry
            .column_step()
            .max(CACHE_LINE * 8 / geometry.bits_per_pixel as usize);
        let band = |columns: usize| band_bytes(geometry, columns) as u64;
        let needed = |columns: usize| band(columns) + layout.strip_buffer_bytes(columns) as u64;
        let threads = rayon::current_num_threads();
        let headers = layout.headers.len() as u64;
        let left = max_memory.saturating_sub(headers);
        let at_once = (left / needed(step)).min(threads as u64) as usize;
        if at_once == 0 {
            return Err(Error::Memory(format!(
                "needs {} bytes of memory for {} rows; the limit is {max_memory}",
                headers + needed(step),
                geometry.height
            )));
        }
        // No fewer bands than threads, or some would have nothing to do.
        let most = geometry.width.div_ceil(at_once);
        let share = left / at_once as u64;
        let fits = |columns: usize| band(columns) <= BAND_BYTES && needed(columns) <= share;
        let steps = (1..).take_while(|steps| (steps - 1) * step < most && fits(steps * step));
        Ok(Self::Banded {
            input,
            offset,
            columns: steps.last().unwrap_or(1) * step,
            at_once,
        })
    }

    /// How many columns one thread takes at a time.
    pub(super) fn piece_columns(&self, geometry: &Geometry) -> usize {
        match self {
            Self::Owned(_) | Self::Mapped { .. } => geometry.strip_columns(),
            Self::Banded { columns, .. } => *columns,
        }
    }

    /// How many threads may work on the picture at a time.
    pub(super) fn at_once(&self) -> usize {
        match self {
            Self::Owned(rows) if (rows.len() as u64) < LARGE_FROM => 1,
            Self::Owned(_) => rayon::current_num_threads(),
            Self::Mapped { at_once, .. } | Self::Banded { at_once, .. } => *at_once,
        }
    }

    /// Bytes of buffer that each of these threads needs for rows.
    pub(super) fn band_bytes(&self, geometry: &Geometry) -> usize {
        match self {
            Self::Banded { columns, .. } => band_bytes(geometry, *columns),
            _ => 0,
        }
    }

    /// The rows of some columns, read into `band` where they are not in memory; and which column
    /// they begin with.
    pub(super) fn rows<'b>(
        &'b self,
        geometry: &Geometry,
        columns: &Range<usize>,
        band: &'b mut [u8],
    ) -> Result<(Rows<'b>, usize)> {
        let (bytes, stride_bytes, first) = match self {
            Self::Owned(rows) | Self::Mapped { rows, .. } => (*rows, geometry.stride, 0),
            Self::Banded { input, offset, .. } => {
                let bits = geometry.bits_per_pixel as usize;
                let first = columns.start * bits / 8;
                let row_bytes = (columns.end * bits).div_ceil(8) - first;
                let band_stride = band_stride(geometry, columns.len());
                let band = &mut band[..band_stride * geometry.height];
                let mut offset = offset + first as u64;
                for row in band.chunks_exact_mut(band_stride) {
                    input.read_exact(&mut row[..row_bytes], offset)?;
                    offset += geometry.stride as u64;
                }
                (&*band, band_stride, columns.start)
            }
        };
        let rows = Rows {
            bytes,
            stride_bytes,
            rows: geometry.height,
            last_row_first: geometry.top_down,
        };
        Ok((rows, first))
    }
}

fn band_bytes(geometry: &Geometry, columns: usize) -> usize {
    band_stride(geometry, columns.min(geometry.width)) * geometry.height
}

/// The distance between rows of a band: whole cache lines, and an odd number of them, so that
/// rows fall into all of a cache's sets.
fn band_stride(geometry: &Geometry, columns: usize) -> usize {
    let bytes = (columns * geometry.bits_per_pixel as usize).div_ceil(8);
    (bytes.div_ceil(CACHE_LINE) | 1) * CACHE_LINE
}
