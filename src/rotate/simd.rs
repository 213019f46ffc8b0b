//! Tiles of pixels rotated in registers, for any width of register.
//!
//! A tile is as wide as a register of 16 bytes.
//!
//! | bytes per pixel | pixels in a register | how a tile is rotated |
//! |---|---|---|
//! | 1, 2, 4, 8 | 16, 8, 4, 2 | transposed by interleaving |
//! | 3, 6, 12 | 4, 2, 1 and four bytes to spare | spread to 4, 8, 16 bytes, transposed, packed again |

#![allow(unsafe_code)]
// Compiled for an instruction set only where inlined into a function that enables it.
#![allow(clippy::inline_always)]

use super::plane::Plane;

/// A register of 16 bytes.
///
/// # Safety
///
/// The functions may only be called on a processor that has the instruction set. They are to be
/// inlined into a function that enables it.
pub(super) unsafe trait Simd {
    /// The register.
    type Vector: Copy;

    /// Loads 16 bytes.
    unsafe fn load(from: *const u8) -> Self::Vector;

    /// Stores 16 bytes.
    unsafe fn store(to: *mut u8, vector: Self::Vector);

    /// Interleaves elements of `BYTES` bytes: the low halves, and the high halves.
    unsafe fn interleave<const BYTES: usize>(a: Self::Vector, b: Self::Vector)
    -> [Self::Vector; 2];

    /// Byte i becomes byte `order[i]`, or 0 where that is [`ZERO`].
    unsafe fn shuffle(vector: Self::Vector, order: &[u8; 16]) -> Self::Vector;

    /// Packs the pixels of four registers, spread as [`spread_order`] has them, and stores them:
    /// 48 bytes.
    unsafe fn store_packed<const PIXEL: usize>(to: *mut u8, vectors: [Self::Vector; 4]);

    /// Prefetches the cache line at `at`, which need not be a valid address, into the
    /// second-level cache.
    unsafe fn prefetch(at: *const u8);
}

/// Whether there are tiles for pixels of that many bytes: where they pay.
pub(super) const fn has_tiles(pixel_bytes: usize) -> bool {
    matches!(pixel_bytes, 1 | 2 | 3 | 4 | 6 | 8 | 12)
}

/// The fewest columns that tiles can rotate: those which a load of 16 bytes touches.
pub(super) const fn min_columns<const PIXEL: usize>() -> usize {
    16_usize.div_ceil(PIXEL)
}

/// Rows and columns of a tile.
pub(super) const fn tile_size<const PIXEL: usize>() -> (usize, usize) {
    if PIXEL.is_multiple_of(3) {
        (48 / PIXEL, 12 / PIXEL)
    } else {
        (16 / PIXEL, 16 / PIXEL)
    }
}

/// Rotates the tile whose first pixel is (column, row).
///
/// # Safety
///
/// The processor must have the instruction set of `S`, the tile must lie within the plane, the
/// plane must have [`min_columns`], and its memory must be valid for its reads and writes.
#[inline(always)]
pub(super) unsafe fn rotate_tile<S: Simd, const PIXEL: usize>(
    plane: &Plane<PIXEL>,
    column: usize,
    row: usize,
) {
    // SAFETY: as the caller vouches.
    unsafe {
        match PIXEL {
            1 => rotate_full::<S, PIXEL, 16>(plane, column, row),
            2 => rotate_full::<S, PIXEL, 8>(plane, column, row),
            4 => rotate_full::<S, PIXEL, 4>(plane, column, row),
            8 => rotate_full::<S, PIXEL, 2>(plane, column, row),
            3 => rotate_spread::<S, PIXEL, 4, 4>(plane, column, row),
            6 => rotate_spread::<S, PIXEL, 8, 2>(plane, column, row),
            12 => rotate_spread::<S, PIXEL, 16, 1>(plane, column, row),
            _ => unreachable!(),
        }
    }
}

/// A tile of pixels that fill a register: `N` columns and rows.
#[inline(always)]
unsafe fn rotate_full<S: Simd, const PIXEL: usize, const N: usize>(
    plane: &Plane<PIXEL>,
    column: usize,
    row: usize,
) {
    let from = black_box_ptr(plane.from(column, row));
    let to = plane.to(column, row);
    // SAFETY: as for `rotate_tile`. Each load reads N pixels, 16 bytes, of one row; each
    // store writes N pixels of one column.
    unsafe {
        let mut vectors = [S::load(from); N];
        for (index, vector) in vectors.iter_mut().enumerate() {
            let from = from.wrapping_offset(index as isize * plane.from_step);
            *vector = S::load(from);
        }
        let vectors = transpose::<S, PIXEL, N>(vectors);
        for (index, vector) in vectors.into_iter().enumerate() {
            S::store(to.wrapping_offset(index as isize * plane.to_step), vector);
        }
    }
}

/// A tile of pixels that are spread to `WIDE` bytes each: `N` columns, `4 * N` rows.
#[inline(always)]
unsafe fn rotate_spread<S: Simd, const PIXEL: usize, const WIDE: usize, const N: usize>(
    plane: &Plane<PIXEL>,
    column: usize,
    row: usize,
) {
    // A load reads 16 bytes, of which 12 are the tile's. Where the other four would lie to the
    // right of the plane, it begins four bytes sooner: a row of the plane has 16 bytes at least.
    let at_right_edge = column + min_columns::<PIXEL>() > plane.columns;
    let (before, order) = if at_right_edge {
        (4, const { spread_order::<PIXEL>(4) })
    } else {
        (0, const { spread_order::<PIXEL>(0) })
    };
    let from = black_box_ptr(plane.from(column, row).wrapping_sub(before));
    let to = plane.to(column, row);
    // SAFETY: as for `rotate_tile`. Each load reads 16 bytes of one row, as explained
    // above; each store writes 4 * N pixels of one column.
    unsafe {
        let mut groups = [[S::load(from); N]; 4];
        for (index, vector) in groups.as_flattened_mut().iter_mut().enumerate() {
            let from = from.wrapping_offset(index as isize * plane.from_step);
            *vector = S::shuffle(S::load(from), &order);
        }
        for group in &mut groups {
            *group = transpose::<S, WIDE, N>(*group);
        }
        let [a, b, c, d] = groups;
        for column in 0..N {
            let to = to.wrapping_offset(column as isize * plane.to_step);
            S::store_packed::<PIXEL>(to, [a[column], b[column], c[column], d[column]]);
        }
    }
}

/// Transposes `N` × `N` elements of `BYTES` bytes: a perfect shuffle of all
/// elements, as often as `N` can be halved.
#[inline(always)]
unsafe fn transpose<S: Simd, const BYTES: usize, const N: usize>(
    mut vectors: [S::Vector; N],
) -> [S::Vector; N] {
    let mut size = 1;
    while size < N {
        let before = vectors;
        for index in 0..N / 2 {
            // SAFETY: the caller has the instruction set.
            let both = unsafe { S::interleave::<BYTES>(before[index], before[index + N / 2]) };
            [vectors[2 * index], vectors[2 * index + 1]] = both;
        }
        size *= 2;
    }
    vectors
}

/// In [`Simd::shuffle`], a byte that becomes 0.
pub(super) const ZERO: u8 = 0xFF;

/// Takes twelve bytes of pixels, from byte `start` on, apart: a quarter of zeros after each pixel.
const fn spread_order<const PIXEL: usize>(start: u8) -> [u8; 16] {
    let mut order = [ZERO; 16];
    let mut byte = 0;
    while byte < 12 {
        order[spread_at::<PIXEL>(byte) as usize] = start + byte as u8;
        byte += 1;
    }
    order
}

/// Where byte `byte` of the twelve stands when they are spread.
pub(super) const fn spread_at<const PIXEL: usize>(byte: usize) -> u8 {
    (byte + byte / PIXEL * (PIXEL / 3)) as u8
}

/// Packs spread pixels: their twelve bytes are three words a, b and c, which become the words of
/// the result in the order that `words` says, such as `b"abcz"`; z is a word of zeros.
#[cfg(target_arch = "x86_64")]
pub(super) const fn pack_order<const PIXEL: usize>(words: [u8; 4]) -> [u8; 16] {
    let mut order = [ZERO; 16];
    let mut byte = 0;
    while byte < 16 {
        let word = words[byte / 4];
        if word != b'z' {
            order[byte] = spread_at::<PIXEL>(4 * (word - b'a') as usize + byte % 4);
        }
        byte += 1;
    }
    order
}

/// The same address, of which the compiler knows nothing. Otherwise it carries the addresses of
/// all rows from tile to tile, up to 64 of them for 16 registers, which takes longer than rotating.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block)] // it is not followed
fn black_box_ptr(address: *const u8) -> *const u8 {
    #[cfg(not(miri))]
    {
        let mut address = address;
        // SAFETY: no instruction at all.
        unsafe {
            std::arch::asm!("/* {} */", inout(reg) address, options(pure, nomem, nostack, preserves_flags));
        }
        address
    }
    #[cfg(miri)]
    address
}
