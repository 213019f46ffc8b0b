//! The order in which tiles are rotated, so that caches and pages are made the most of:
//!
//! * a *group* of columns, whose output rows fit the second-level cache;
//! * in it, *bands* of rows, as many as have a cache line each in the first-level cache;
//! * of a band, *blocks* of columns, a few cache lines wide;
//! * in a block, the tiles of `simd.rs`.
//!
//! Where a part is no multiple of the next smaller one, the last one overlaps its neighbour: no
//! pixel outside the picture is read or written, and few are moved one by one.

#![allow(unsafe_code)]
// Compiled for an instruction set only where inlined into a function that enables it.
#![allow(clippy::inline_always)]

use std::mem::MaybeUninit;

use super::CACHE_LINE;
use super::plane::Plane;
use super::simd::{Simd, min_columns, rotate_tile, tile_size};

/// Rows of a band: the lines that they touch, read and written, stay in the first-level cache.
const BAND_ROWS: usize = 64;

/// Bytes of a row that belong to a block.
const BLOCK_ROW_BYTES: usize = 256;

/// Bytes of output that belong to a group: more than some second-level caches hold, since wider
/// groups make more of each page of input.
const GROUP_BYTES: usize = 1024 * 1024;

/// Rotates a plane.
///
/// # Safety
///
/// The processor must have the instruction set of `S`, and the plane's memory must be valid for
/// its reads and writes. The same holds for all functions below.
#[inline(always)]
pub(super) unsafe fn rotate<S: Simd, const PIXEL: usize>(plane: &Plane<PIXEL>) {
    let (_, tile_columns) = tile_size::<PIXEL>();
    let max_columns = (GROUP_BYTES / plane.to_step.unsigned_abs()).max(BLOCK_ROW_BYTES / PIXEL);
    let groups = plane.columns.div_ceil(max_columns);
    let group_columns = plane
        .columns
        .div_ceil(groups)
        .next_multiple_of(tile_columns);
    let staged = has_cache_set_conflicts(plane.from_step);
    // The last group, like the last block of a band, is never too narrow for tiles.
    let last = plane.columns.saturating_sub(min_columns::<PIXEL>());
    let mut column = 0;
    while column < plane.columns {
        let start = column.min(last);
        let columns = group_columns.min(plane.columns - start);
        let group = plane.part(start, columns, 0, plane.rows);
        // SAFETY: as the caller vouches.
        unsafe {
            if staged {
                rotate_group::<S, PIXEL, true>(&group);
            } else {
                rotate_group::<S, PIXEL, false>(&group);
            }
        }
        column = start + columns;
    }
}

/// Whether more rows of a band fall into one set of a cache of 64 sets than it has ways for, so
/// that they evict each other: strides near multiples of 4096 bytes.
fn has_cache_set_conflicts(step: isize) -> bool {
    let mut uses = [0_u8; 64];
    for row in 0..BAND_ROWS {
        uses[row.wrapping_mul(step.unsigned_abs()) / CACHE_LINE % 64] += 1;
    }
    uses.into_iter().max() > Some(4)
}

/// Rotates a group of columns, band by band. The blocks of a band are copied to a buffer without
/// cache-set conflicts first if `STAGED`.
#[inline(always)]
unsafe fn rotate_group<S: Simd, const PIXEL: usize, const STAGED: bool>(plane: &Plane<PIXEL>) {
    let (_, tile_columns) = tile_size::<PIXEL>();
    let mut stage = Stage(MaybeUninit::uninit());
    let blocks = (plane.columns * PIXEL).div_ceil(BLOCK_ROW_BYTES);
    let block_columns = plane
        .columns
        .div_ceil(blocks)
        .next_multiple_of(tile_columns)
        .min(BLOCK_ROW_BYTES / PIXEL);
    let last = plane.columns.saturating_sub(min_columns::<PIXEL>());
    let mut row = 0;
    while row < plane.rows {
        // The last band takes in what would be too small for tiles.
        let rows = match plane.rows - row {
            left if left < 2 * BAND_ROWS => left,
            _ => BAND_ROWS,
        };
        let mut column = 0;
        while column < plane.columns {
            let start = column.min(last);
            let columns = block_columns.min(plane.columns - start);
            let mut block = plane.part(start, columns, row, rows);
            let next_row = row + rows;
            let next_rows = rows.min(plane.rows - next_row);
            let mut prefetch = Prefetch::of(&plane.part(start, columns, next_row, next_rows));
            // SAFETY: as the caller vouches; a block fits the stage.
            unsafe {
                if STAGED {
                    block = stage.copy(&block);
                }
                rotate_block::<S, PIXEL>(&block, &mut prefetch);
                prefetch.rows::<S>(usize::MAX);
            }
            column = start + columns;
        }
        row += rows;
    }
}

/// Rotates a block tile by tile, and spreads a prefetch over them.
///
/// # Safety
///
/// As for [`rotate`].
#[inline(always)]
pub(super) unsafe fn rotate_block<S: Simd, const PIXEL: usize>(
    plane: &Plane<PIXEL>,
    prefetch: &mut Prefetch,
) {
    let (tile_rows, tile_columns) = tile_size::<PIXEL>();
    let tiles = plane.columns.div_ceil(tile_columns) * (plane.rows / tile_rows).max(1);
    let prefetched_per_tile = prefetch.rows.div_ceil(tiles);
    // SAFETY: as the caller vouches; every tile below lies within the plane.
    unsafe {
        if plane.columns < min_columns::<PIXEL>() || plane.rows < tile_rows {
            return plane.rotate_singly();
        }
        let left = plane.rows % tile_rows;
        let whole_rows = plane.rows - left;
        let last = plane.columns - tile_columns;
        for column in (0..plane.columns).step_by(tile_columns) {
            let column = column.min(last);
            for row in (0..whole_rows).step_by(tile_rows) {
                prefetch.rows::<S>(prefetched_per_tile);
                rotate_tile::<S, PIXEL>(plane, column, row);
            }
        }
        if left == 0 {
            return;
        }
        for column in (0..plane.columns).step_by(tile_columns) {
            rotate_tile::<S, PIXEL>(plane, column.min(last), plane.rows - tile_rows);
        }
    }
}

/// Rows whose cache lines are still to be prefetched, into the second-level cache: in the first
/// they would evict what is being rotated.
pub(super) struct Prefetch {
    next: *const u8,
    step: isize,
    rows: usize,
    row_bytes: usize,
}

impl Prefetch {
    /// All rows of a plane.
    #[inline(always)]
    pub(super) fn of<const PIXEL: usize>(plane: &Plane<PIXEL>) -> Self {
        Self {
            next: plane.from,
            step: plane.from_step,
            rows: plane.rows,
            // A row's last line too, wherever in a line it begins.
            row_bytes: plane.columns * PIXEL + CACHE_LINE - 1,
        }
    }

    /// Prefetches some more rows.
    #[inline(always)]
    unsafe fn rows<S: Simd>(&mut self, rows: usize) {
        let rows = rows.min(self.rows);
        for _ in 0..rows {
            for byte in (0..self.row_bytes).step_by(CACHE_LINE) {
                // SAFETY: the caller has the instruction set, and any address will do.
                unsafe { S::prefetch(self.next.wrapping_add(byte)) };
            }
            self.next = self.next.wrapping_offset(self.step);
        }
        self.rows -= rows;
    }
}

/// Bytes from one staged row to the next: an odd number of lines, so that all sets are used.
const STAGE_STRIDE: usize = BLOCK_ROW_BYTES + CACHE_LINE;

/// A buffer for a block of the last band, which may have nearly twice the rows.
#[repr(align(64))]
struct Stage(MaybeUninit<[u8; 2 * BAND_ROWS * STAGE_STRIDE]>);

impl Stage {
    /// Copies a block's pixels here: the same block, read from here.
    #[inline(always)]
    unsafe fn copy<const PIXEL: usize>(&mut self, block: &Plane<PIXEL>) -> Plane<PIXEL> {
        let stage = self.0.as_mut_ptr().cast::<u8>();
        let row_bytes = block.columns * PIXEL;
        for row in 0..block.rows {
            let from = block.from(0, row);
            let to = stage.wrapping_add(row * STAGE_STRIDE);
            // Pieces of a length known here are copied by a few instructions; the last overlaps.
            // SAFETY: the caller vouches for the block, and its rows and columns fit.
            unsafe {
                if row_bytes < CACHE_LINE {
                    to.copy_from_nonoverlapping(from, row_bytes);
                } else {
                    for byte in (0..row_bytes).step_by(CACHE_LINE) {
                        let byte = byte.min(row_bytes - CACHE_LINE);
                        to.wrapping_add(byte)
                            .copy_from_nonoverlapping(from.wrapping_add(byte), CACHE_LINE);
                    }
                }
            }
        }
        Plane {
            from: stage,
            from_step: STAGE_STRIDE as isize,
            ..*block
        }
    }
}

/// Defines `rotate` for an instruction set: the one function that is compiled for it.
macro_rules! define_rotate {
    ($simd:ty, $features:literal) => {
        /// Rotates pixels of whole bytes that [`has_tiles`](crate::rotate::simd::has_tiles).
        pub(super) fn rotate(
            pixel_bytes: usize,
            rotation: &crate::rotate::Rotation<'_>,
            out: &mut [u8],
        ) {
            #[target_feature(enable = $features)]
            fn rotate<const PIXEL: usize>(rotation: &crate::rotate::Rotation<'_>, out: &mut [u8]) {
                let plane = crate::rotate::plane::Plane::<PIXEL>::new(rotation, out);
                // SAFETY: the instruction set is enabled here, and every pixel of a rotation lies
                // in its slices, which are borrowed until this returns.
                unsafe { crate::rotate::blocks::rotate::<$simd, PIXEL>(&plane) }
            }
            // SAFETY: `Kernel::or_portable` has found the instruction set.
            unsafe {
                match pixel_bytes {
                    1 => rotate::<1>(rotation, out),
                    2 => rotate::<2>(rotation, out),
                    3 => rotate::<3>(rotation, out),
                    4 => rotate::<4>(rotation, out),
                    6 => rotate::<6>(rotation, out),
                    8 => rotate::<8>(rotation, out),
                    12 => rotate::<12>(rotation, out),
                    _ => unreachable!("no tiles for pixels of {pixel_bytes} bytes"),
                }
            }
        }
    };
}
pub(super) use define_rotate;
