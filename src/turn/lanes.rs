//! Tiles of pixels turned in registers, for any width of register.
//!
//! All instruction sets shuffle bytes within lanes of 16 bytes. A tile is
//! therefore made of columns as wide as one lane, and the lanes of a register
//! hold different rows; the turned lanes then lie in memory order. An
//! instruction set only has to say how to load, interleave and store
//! ([`Lanes`]).
//!
//! Edges are turned by tiles that overlap their neighbours, so that no pixel
//! outside the picture is read or written and few are moved one by one.

#![allow(unsafe_code)]
// Nothing here is compiled for an instruction set unless it is inlined into
// the function that enables it.
#![allow(clippy::inline_always)]

use std::mem::MaybeUninit;

use super::Job;

/// A register of one or more lanes of 16 bytes.
///
/// # Safety
///
/// The functions may only be called on a processor that has the instruction
/// set, and are to be inlined into a function that enables it.
pub(super) unsafe trait Lanes {
    /// The register.
    type Vector: Copy;

    /// Lanes to a register.
    const LANES: usize;

    /// In [`Self::turn_24`], rows from one lane to the next and from one
    /// group to the next.
    const STEPS_24: (usize, usize);

    /// Loads lane `l` from 16 bytes at `from + l * step`.
    unsafe fn load(from: *const u8, step: isize) -> Self::Vector;

    /// Stores all lanes, one after the other.
    unsafe fn store(to: *mut u8, vector: Self::Vector);

    /// Interleaves the low halves of each lane, elements of `BYTES` bytes.
    unsafe fn low<const BYTES: usize>(a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Interleaves the high halves of each lane, elements of `BYTES` bytes.
    unsafe fn high<const BYTES: usize>(a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Turns one group: four rows a lane, of four pixels of 3 bytes each,
    /// which start at byte 0 of the lane or, `shifted`, at byte 4. What comes
    /// out are four columns, in a form that [`Self::store_24`] knows.
    unsafe fn turn_24(group: usize, rows: [Self::Vector; 4], shifted: bool) -> [Self::Vector; 4];

    /// Stores one column of four groups: 48 bytes per lane.
    unsafe fn store_24(to: *mut u8, groups: [Self::Vector; 4]);

    /// Asks for the cache line at `at`, which need not be a valid address.
    unsafe fn prefetch(at: *const u8);

    /// Turns a plane that has too few rows for this register.
    unsafe fn turn_lower<const PIXEL: usize>(plane: Plane);
}

/// A part of a picture, with its bounds already checked.
///
/// Pixel (column c, row r) is read at `from + r * from_step + c * pixel` and
/// written at `to + c * to_step + r * pixel`.
#[derive(Clone, Copy)]
pub(super) struct Plane {
    from: *const u8,
    from_step: isize,
    to: *mut u8,
    to_step: isize,
    rows: usize,
    columns: usize,
}

impl Plane {
    /// The plane of a job on `pixel` bytes a pixel.
    ///
    /// # Safety
    ///
    /// None is needed to make one. That it may be used rests on what
    /// `turn_columns` has checked: all columns of all rows lie in
    /// `job.rows.bytes`, and all rows of all columns in `out`.
    pub(super) fn new(pixel: usize, job: &Job<'_>, out: &mut [u8]) -> Self {
        let step = |bytes: usize, back: bool| {
            if back {
                (bytes as isize).wrapping_neg()
            } else {
                bytes as isize
            }
        };
        let from = job.rows.start(0) + job.first * pixel;
        let to = job.out_row(0) * job.out_stride;
        Self {
            from: job.rows.bytes[from..].as_ptr(),
            from_step: step(job.rows.stride_bytes, job.rows.reversed),
            to: out[to..].as_mut_ptr(),
            to_step: step(job.out_stride, job.reversed),
            rows: job.rows.rows,
            columns: job.count,
        }
    }

    /// The address that pixel (column, row) is read at.
    #[inline(always)]
    fn from(&self, column: usize, row: usize, pixel: usize) -> *const u8 {
        self.from
            .wrapping_offset(row as isize * self.from_step)
            .wrapping_add(column * pixel)
    }

    /// The address that pixel (column, row) is written at.
    #[inline(always)]
    fn to(&self, column: usize, row: usize, pixel: usize) -> *mut u8 {
        self.to
            .wrapping_offset(column as isize * self.to_step)
            .wrapping_add(row * pixel)
    }

    /// Some of the columns and rows.
    #[inline(always)]
    fn part(&self, column: usize, columns: usize, row: usize, rows: usize, pixel: usize) -> Self {
        Self {
            from: self.from(column, row, pixel),
            to: self.to(column, row, pixel),
            rows,
            columns,
            ..*self
        }
    }

    /// The last `rows` rows.
    #[inline(always)]
    fn tail(&self, rows: usize, pixel: usize) -> Self {
        self.part(0, self.columns, self.rows - rows, rows, pixel)
    }
}

/// Rows turned before the next columns are: the lines that they touch, read
/// and written, stay in the first-level cache.
const BAND_ROWS: usize = 64;

/// Bytes of each row of a band that are turned before the next ones are.
const CHUNK_BYTES: usize = 256;

/// Bytes of output that stay in the second-level cache, or nearly: wider groups make more of each
/// page of input.
const GROUP_BYTES: usize = 1024 * 1024;

/// The fewest columns that tiles can turn.
///
/// Three-byte pixels are loaded in sixteens of which twelve are used: at the
/// right edge the other four lie before them, and need two pixels.
#[inline(always)]
const fn least_columns<const PIXEL: usize>() -> usize {
    if PIXEL == 3 { 6 } else { 16 / PIXEL }
}

/// Turns a plane of `PIXEL` bytes a pixel.
///
/// # Safety
///
/// The processor must have the instruction set of `L`, and the plane's memory
/// must be valid for its reads and writes.
#[inline(always)]
pub(super) unsafe fn turn<L: Lanes, const PIXEL: usize>(plane: Plane) {
    let (_, tile_columns) = tile_size::<L, PIXEL>();
    // As many columns as the cache holds rows of output for, and no fewer
    // than a chunk has.
    let group = (GROUP_BYTES / plane.to_step.unsigned_abs()).max(CHUNK_BYTES / PIXEL);
    let groups = plane.columns.div_ceil(group);
    let group = plane
        .columns
        .div_ceil(groups)
        .next_multiple_of(tile_columns);
    let crowded = crowded(plane.from_step);
    // The last group, like the last chunk below, is never too narrow.
    let last = plane.columns.saturating_sub(least_columns::<PIXEL>());
    let mut column = 0;
    while column < plane.columns {
        let start = column.min(last);
        let columns = group.min(plane.columns - start);
        let part = plane.part(start, columns, 0, plane.rows, PIXEL);
        // SAFETY: as the caller vouches.
        unsafe {
            if crowded {
                turn_group::<L, PIXEL, true>(part);
            } else {
                turn_group::<L, PIXEL, false>(part);
            }
        }
        column = start + columns;
    }
}

/// Whether the rows of a band share so few places in a cache of 64 sets that
/// they drive each other out.
fn crowded(step: isize) -> bool {
    let mut uses = [0_u8; 64];
    for row in 0..BAND_ROWS {
        uses[row.wrapping_mul(step.unsigned_abs()) / 64 % 64] += 1;
    }
    uses.into_iter().max() > Some(4)
}

/// Rows whose lines are still to be asked for.
pub(super) struct Ahead {
    next: *const u8,
    step: isize,
    rows: usize,
    row_bytes: usize,
}

impl Ahead {
    /// No row.
    #[inline(always)]
    pub(super) const fn none() -> Self {
        Self {
            next: std::ptr::null(),
            step: 0,
            rows: 0,
            row_bytes: 0,
        }
    }

    /// Asks for the lines of some more rows.
    #[inline(always)]
    unsafe fn ask<L: Lanes>(&mut self, rows: usize) {
        let rows = rows.min(self.rows);
        for _ in 0..rows {
            for byte in (0..self.row_bytes).step_by(64) {
                // SAFETY: the caller has the instruction set.
                unsafe { L::prefetch(self.next.wrapping_add(byte)) };
            }
            self.next = self.next.wrapping_offset(self.step);
        }
        self.rows -= rows;
    }
}

/// Bytes from one staged row to the next: an odd number of lines.
const STAGED_STRIDE: usize = CHUNK_BYTES + 64;

/// Room for a chunk of two bands.
#[repr(align(64))]
struct Staged(MaybeUninit<[u8; 2 * BAND_ROWS * STAGED_STRIDE]>);

/// Turns a group of columns, band by band.
///
/// The lines of the next band are asked for meanwhile, into the second-level
/// cache: in the first they would drive out what is being turned.
#[inline(always)]
unsafe fn turn_group<L: Lanes, const PIXEL: usize, const CROWDED: bool>(plane: Plane) {
    let (_, tile_columns) = tile_size::<L, PIXEL>();
    let mut staged = Staged(MaybeUninit::uninit());
    let staged = staged.0.as_mut_ptr().cast::<u8>();
    let chunks = (plane.columns * PIXEL).div_ceil(CHUNK_BYTES);
    let chunk = plane
        .columns
        .div_ceil(chunks)
        .next_multiple_of(tile_columns);
    let chunk = chunk.min(CHUNK_BYTES / PIXEL);
    let last = plane.columns.saturating_sub(least_columns::<PIXEL>());
    let mut row = 0;
    while row < plane.rows {
        // The last band takes in what would be too small for tiles.
        let left = plane.rows - row;
        let rows = if left < 2 * BAND_ROWS {
            left
        } else {
            BAND_ROWS
        };
        let mut column = 0;
        while column < plane.columns {
            let start = column.min(last);
            let columns = chunk.min(plane.columns - start);
            // SAFETY: as the caller vouches; a chunk of a band fits `staged`.
            unsafe {
                let next = row + rows;
                let next_rows = rows.min(plane.rows - next);
                let mut ahead = Ahead {
                    next: plane.from(start, next, PIXEL),
                    step: plane.from_step,
                    rows: next_rows,
                    // Its last line too, wherever in a line it begins.
                    row_bytes: columns * PIXEL + 63,
                };
                let mut part = plane.part(start, columns, row, rows, PIXEL);
                if CROWDED {
                    part = stage(part, staged, PIXEL);
                }
                turn_block::<L, PIXEL>(part, &mut ahead);
                ahead.ask::<L>(usize::MAX);
            }
            column = start + columns;
        }
        row += rows;
    }
}

/// Copies the rows of a part to where they do not crowd each other.
#[inline(always)]
unsafe fn stage(part: Plane, staged: *mut u8, pixel: usize) -> Plane {
    let row_bytes = part.columns * pixel;
    for row in 0..part.rows {
        let from = part.from(0, row, pixel);
        let to = staged.wrapping_add(row * STAGED_STRIDE);
        // SAFETY: the caller vouches for both. Pieces of a length known here
        // are copied by a few instructions; the last overlaps the one before.
        unsafe {
            if row_bytes < 64 {
                to.copy_from_nonoverlapping(from, row_bytes);
            } else {
                for byte in (0..row_bytes).step_by(64) {
                    let byte = byte.min(row_bytes - 64);
                    to.wrapping_add(byte)
                        .copy_from_nonoverlapping(from.wrapping_add(byte), 64);
                }
            }
        }
    }
    Plane {
        from: staged,
        from_step: STAGED_STRIDE as isize,
        ..part
    }
}

/// Turns a block tile by tile.
#[inline(always)]
pub(super) unsafe fn turn_block<L: Lanes, const PIXEL: usize>(plane: Plane, ahead: &mut Ahead) {
    let (tile_rows, tile_columns) = tile_size::<L, PIXEL>();
    let tiles = plane.columns.div_ceil(tile_columns) * (plane.rows / tile_rows).max(1);
    let share = ahead.rows.div_ceil(tiles);
    // SAFETY: as the caller vouches; every tile below lies within the plane.
    unsafe {
        if plane.columns < least_columns::<PIXEL>() {
            return turn_singly::<PIXEL>(plane);
        }
        if plane.rows < tile_rows {
            return L::turn_lower::<PIXEL>(plane);
        }
        let whole_rows = plane.rows - plane.rows % tile_rows;
        let mut column = 0;
        while column < plane.columns {
            let at = column.min(plane.columns - tile_columns);
            let mut row = 0;
            while row < whole_rows {
                ahead.ask::<L>(share);
                turn_tile::<L, PIXEL>(&plane, at, row);
                row += tile_rows;
            }
            column += tile_columns;
        }
        let left = plane.rows - whole_rows;
        if left == 0 {
        } else if L::LANES > 2 && left <= tile_rows / 4 {
            L::turn_lower::<PIXEL>(plane.tail(tile_rows / 4, PIXEL));
        } else if L::LANES > 1 && left <= tile_rows / 2 {
            L::turn_lower::<PIXEL>(plane.tail(tile_rows / 2, PIXEL));
        } else {
            let row = plane.rows - tile_rows;
            let mut column = 0;
            while column < plane.columns {
                turn_tile::<L, PIXEL>(&plane, column.min(plane.columns - tile_columns), row);
                column += tile_columns;
            }
        }
    }
}

/// Rows and columns of a tile.
#[inline(always)]
const fn tile_size<L: Lanes, const PIXEL: usize>() -> (usize, usize) {
    if PIXEL == 3 {
        (16 * L::LANES, 4)
    } else {
        (16 / PIXEL * L::LANES, 16 / PIXEL)
    }
}

#[inline(always)]
unsafe fn turn_tile<L: Lanes, const PIXEL: usize>(plane: &Plane, column: usize, row: usize) {
    // SAFETY: the caller has the instruction set, and a tile at (column, row)
    // lies within the plane.
    unsafe {
        match PIXEL {
            1 => turn_whole::<L, 1, 16>(plane, column, row),
            2 => turn_whole::<L, 2, 8>(plane, column, row),
            3 => turn_24::<L>(plane, column, row),
            4 => turn_whole::<L, 4, 4>(plane, column, row),
            8 => turn_whole::<L, 8, 2>(plane, column, row),
            _ => unreachable!(),
        }
    }
}

/// Turns one tile of pixels that fill a lane: `N` columns, `N` rows a lane.
#[inline(always)]
unsafe fn turn_whole<L: Lanes, const PIXEL: usize, const N: usize>(
    plane: &Plane,
    column: usize,
    row: usize,
) {
    let from = opaque(plane.from(column, row, PIXEL));
    let to = plane.to(column, row, PIXEL);
    // SAFETY: as for `turn_tile`; each load reads N pixels, 16 bytes, of each
    // of its rows, and each store writes N * LANES pixels of one column.
    unsafe {
        let mut vectors = [L::load(from, plane.from_step * N as isize); N];
        for (index, vector) in vectors.iter_mut().enumerate() {
            let from = from.wrapping_offset(index as isize * plane.from_step);
            *vector = L::load(from, plane.from_step * N as isize);
        }
        let vectors = transpose::<L, PIXEL, N>(vectors);
        for (index, vector) in vectors.into_iter().enumerate() {
            L::store(to.wrapping_offset(index as isize * plane.to_step), vector);
        }
    }
}

/// Turns one tile of 24-bit pixels: 4 columns, 16 rows a lane.
#[inline(always)]
unsafe fn turn_24<L: Lanes>(plane: &Plane, column: usize, row: usize) {
    let (lane_rows, group_rows) = L::STEPS_24;
    // A load reads 5 pixels and a byte. Where the sixth column is outside
    // the plane, it starts 4 bytes sooner: the plane has 6 columns at least.
    let shifted = column + 6 > plane.columns;
    let from = opaque(
        plane
            .from(column, row, 3)
            .wrapping_sub(if shifted { 4 } else { 0 }),
    );
    let to = plane.to(column, row, 3);
    // SAFETY: as for `turn_tile`; each store writes 16 * LANES pixels.
    unsafe {
        let step = plane.from_step * lane_rows as isize;
        let zero = L::load(from, step);
        let mut turned = [[zero; 4]; 4];
        for (group, quad) in turned.iter_mut().enumerate() {
            for (index, vector) in quad.iter_mut().enumerate() {
                let row = (group * group_rows + index) as isize;
                *vector = L::load(from.wrapping_offset(row * plane.from_step), step);
            }
            *quad = L::turn_24(group, *quad, shifted);
        }
        let [a, b, c, d] = turned;
        for column in 0..4 {
            let to = to.wrapping_offset(column as isize * plane.to_step);
            L::store_24(to, [a[column], b[column], c[column], d[column]]);
        }
    }
}

/// The same address, of which the compiler knows nothing.
///
/// Otherwise it carries the addresses of all rows of a tile from one tile to
/// the next, 64 of them for 16 registers, which takes longer than the turn.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block)] // it is not followed
fn opaque(mut address: *const u8) -> *const u8 {
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {} */", inout(reg) address, options(pure, nomem, nostack, preserves_flags));
    }
    address
}

/// Transposes `N` × `N` elements in each lane: a perfect shuffle of all
/// elements, as often as `N` can be halved.
#[inline(always)]
pub(super) unsafe fn transpose<L: Lanes, const BYTES: usize, const N: usize>(
    mut vectors: [L::Vector; N],
) -> [L::Vector; N] {
    let mut size = 1;
    while size < N {
        let before = vectors;
        for index in 0..N / 2 {
            // SAFETY: the caller has the instruction set.
            unsafe {
                vectors[2 * index] = L::low::<BYTES>(before[index], before[index + N / 2]);
                vectors[2 * index + 1] = L::high::<BYTES>(before[index], before[index + N / 2]);
            }
        }
        size *= 2;
    }
    vectors
}

/// Turns pixel by pixel what is too small for a tile.
#[inline(always)]
pub(super) unsafe fn turn_singly<const PIXEL: usize>(plane: Plane) {
    for column in 0..plane.columns {
        for row in 0..plane.rows {
            // SAFETY: the caller vouches for the plane.
            unsafe {
                let from = plane.from(column, row, PIXEL).cast::<[u8; PIXEL]>();
                plane
                    .to(column, row, PIXEL)
                    .cast::<[u8; PIXEL]>()
                    .write(from.read());
            }
        }
    }
}

/// Defines `turn` for an instruction set: the one function compiled for it.
macro_rules! define_turn {
    ($lanes:ty, $features:literal) => {
        /// Turns whole-byte pixels.
        pub(super) fn turn(pixel_bytes: usize, job: &crate::turn::Job<'_>, out: &mut [u8]) {
            let plane = crate::turn::lanes::Plane::new(pixel_bytes, job, out);
            // SAFETY: `Kernel::or_portable` has found the instruction set,
            // and `turn_columns` has checked the bounds.
            unsafe { turn_plane(pixel_bytes, plane) }
        }

        #[target_feature(enable = $features)]
        unsafe fn turn_plane(pixel_bytes: usize, plane: crate::turn::lanes::Plane) {
            use crate::turn::lanes::turn;
            // SAFETY: as the caller vouches.
            unsafe {
                match pixel_bytes {
                    1 => turn::<$lanes, 1>(plane),
                    2 => turn::<$lanes, 2>(plane),
                    3 => turn::<$lanes, 3>(plane),
                    4 => turn::<$lanes, 4>(plane),
                    8 => turn::<$lanes, 8>(plane),
                    _ => unreachable!("{pixel_bytes} bytes a pixel"),
                }
            }
        }
    };
}
pub(super) use define_turn;
