//! A picture cut into bands of columns, which several threads turn at once.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::strips::append_profile;
use crate::bmp::header::Header;
use crate::error::Result;
use crate::os::{Input, Output};
use crate::scratch::Scratch;
use crate::strip::{CACHE_LINE, StripWriter, Turn, strip_room};

/// A band of a large picture has about this many bytes: enough for long reads, few enough to
/// stay in the last-level cache.
pub(super) const BAND_BYTES: usize = 8 << 20;

/// A band takes at least this much of each row: one cache line and a bit.
pub(super) const LEAST_BAND_ROW: usize = 64;

/// The distance between rows of a band: whole cache lines, and an odd number of them, so that
/// rows fall into all of a cache's sets.
pub(super) fn band_stride(turn: &Turn, columns: usize) -> usize {
    let bytes = (columns * turn.bits_per_pixel as usize).div_ceil(8);
    (bytes.div_ceil(CACHE_LINE) | 1) * CACHE_LINE
}

/// A picture cut into bands of columns, which several threads turn at once.
pub(super) struct Bands<'a> {
    pub(super) turn: &'a Turn,
    /// Columns of a band.
    pub(super) columns: usize,
    /// Bytes of the buffer that each band is given.
    pub(super) buffer_bytes: usize,
    /// Bands that may be under way at a time.
    pub(super) at_once: usize,
    pub(super) prefix: &'a [u8],
}

impl Bands<'_> {
    /// Runs `band` for each band of columns, with a writer to its place in the output and a
    /// buffer, and writes headers and profile besides.
    pub(super) fn run(
        &self,
        header: &Header,
        input: &Input,
        output: Option<&Output>,
        band: impl Fn(
            Range<usize>,
            &mut StripWriter<'_, &dyn Fn(&[u8], u64) -> Result<()>>,
            &mut [u8],
        ) -> Result<u64>
        + Sync,
    ) -> Result<u64> {
        let write =
            |bytes: &[u8], offset: u64| output.map_or(Ok(()), |output| output.write(bytes, offset));
        let pixels_at = self.prefix.len() as u64;
        let bands: Vec<_> = self.turn.chunks(0..self.turn.width, self.columns).collect();
        let one = |columns: &Range<usize>| -> Result<u64> {
            let mut scratch = Scratch::take();
            let size = columns.len() as u64 * self.turn.out_stride as u64;
            let room = strip_room(size, self.turn.strip_bytes());
            let (buffer, strip) = scratch.0.room_and_strip(self.buffer_bytes, room)?;
            let offset = pixels_at + self.turn.out_offset(columns);
            let mut writer =
                StripWriter::new(strip, offset, &write as &dyn Fn(&[u8], u64) -> Result<()>);
            let sum = band(columns.clone(), &mut writer, buffer)?;
            writer.finish()?;
            Ok(sum)
        };
        write(self.prefix, 0)?;
        let next = AtomicUsize::new(0);
        let sum = AtomicU64::new(0);
        let failed = Mutex::new(None);
        let loops = self.at_once.min(bands.len());
        let work = || {
            while let Some(columns) = bands.get(next.fetch_add(1, Ordering::Relaxed)) {
                match one(columns) {
                    Ok(part) => {
                        sum.fetch_add(part, Ordering::Relaxed);
                    }
                    Err(error) => {
                        next.store(bands.len(), Ordering::Relaxed);
                        failed
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .get_or_insert(error);
                    }
                }
            }
        };
        if loops <= 1 {
            work();
        } else {
            rayon::scope(|scope| {
                for _ in 0..loops {
                    scope.spawn(|_| work());
                }
            });
        }
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let mut scratch = Scratch::take();
        let (_, strip) = scratch
            .0
            .room_and_strip(0, strip_room(header.profile_bytes(), 0))?;
        let end = pixels_at + self.turn.out_stride as u64 * self.turn.width as u64;
        let mut writer = StripWriter::new(strip, end, write);
        append_profile(input, header, &mut writer)?;
        writer.finish()?;
        Ok(sum.into_inner())
    }
}
