//! AVX2: two lanes to a register.

#![allow(unsafe_code)]
// Nothing here is compiled for the instruction set unless it is inlined into
// the function that enables it; and listing 30 intrinsics helps nobody.
#![allow(clippy::inline_always, clippy::wildcard_imports)]

use std::arch::x86_64::*;

use super::bits::{BAND, Split};
use super::lanes::{self, Lanes, Plane, define_turn, transpose};
use super::ssse3::Ssse3;

define_turn!(Avx2, "avx2");

pub(super) struct Avx2;

// SAFETY: every function needs AVX2 and nothing else.
unsafe impl Lanes for Avx2 {
    type Vector = __m256i;
    const LANES: usize = 2;
    const STEPS_24: (usize, usize) = (16, 4);

    #[inline(always)]
    unsafe fn load(from: *const u8, step: isize) -> __m256i {
        // SAFETY: the caller vouches for 16 bytes at either address.
        unsafe {
            let low = _mm_loadu_si128(from.cast());
            let high = _mm_loadu_si128(from.wrapping_offset(step).cast());
            _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
        }
    }

    #[inline(always)]
    unsafe fn store(to: *mut u8, vector: __m256i) {
        // SAFETY: the caller vouches for 32 bytes.
        unsafe { _mm256_storeu_si256(to.cast(), vector) }
    }

    #[inline(always)]
    unsafe fn low<const BYTES: usize>(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller has AVX2.
        unsafe {
            match BYTES {
                1 => _mm256_unpacklo_epi8(a, b),
                2 => _mm256_unpacklo_epi16(a, b),
                4 => _mm256_unpacklo_epi32(a, b),
                _ => _mm256_unpacklo_epi64(a, b),
            }
        }
    }

    #[inline(always)]
    unsafe fn high<const BYTES: usize>(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller has AVX2.
        unsafe {
            match BYTES {
                1 => _mm256_unpackhi_epi8(a, b),
                2 => _mm256_unpackhi_epi16(a, b),
                4 => _mm256_unpackhi_epi32(a, b),
                _ => _mm256_unpackhi_epi64(a, b),
            }
        }
    }

    #[inline(always)]
    unsafe fn turn_24(_group: usize, mut rows: [__m256i; 4], shifted: bool) -> [__m256i; 4] {
        // SAFETY: the caller has AVX2.
        unsafe {
            // To four bytes a pixel, and back in `store_24`.
            let start = if shifted { 4 } else { 0 };
            let order = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
            let order = _mm_add_epi8(order, _mm_set1_epi8(start));
            let order = _mm256_broadcastsi128_si256(order);
            for row in &mut rows {
                *row = _mm256_shuffle_epi8(*row, order);
            }
            transpose::<Self, 4, 4>(rows)
        }
    }

    #[inline(always)]
    unsafe fn store_24(to: *mut u8, groups: [__m256i; 4]) {
        // SAFETY: the caller has AVX2 and vouches for 96 bytes.
        unsafe {
            // The twelve bytes of a lane as three words a, b, c, placed where
            // they can be joined by blends: abcz bcza czab zabc, z being zero.
            let order = |bytes: __m128i| _mm256_broadcastsi128_si256(bytes);
            let abcz = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
            let bcza = _mm_setr_epi8(5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2, 4);
            let czab = _mm_setr_epi8(10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2, 4, 5, 6, 8, 9);
            let zabc = _mm_setr_epi8(-1, -1, -1, -1, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14);
            let first = _mm256_shuffle_epi8(groups[0], order(abcz));
            let second = _mm256_shuffle_epi8(groups[1], order(bcza));
            let third = _mm256_shuffle_epi8(groups[2], order(czab));
            let fourth = _mm256_shuffle_epi8(groups[3], order(zabc));
            let first = _mm256_blend_epi32::<0b1000_1000>(first, second);
            let second = _mm256_blend_epi32::<0b1100_1100>(second, third);
            let third = _mm256_blend_epi32::<0b1110_1110>(third, fourth);
            // Lane by lane now: the low ones hold the first 48 bytes.
            let low = _mm256_permute2x128_si256::<0x20>(first, second);
            let middle = _mm256_blend_epi32::<0b1111_0000>(third, first);
            let high = _mm256_permute2x128_si256::<0x31>(second, third);
            _mm256_storeu_si256(to.cast(), low);
            _mm256_storeu_si256(to.wrapping_add(32).cast(), middle);
            _mm256_storeu_si256(to.wrapping_add(64).cast(), high);
        }
    }

    #[inline(always)]
    unsafe fn prefetch(at: *const u8) {
        // SAFETY: a prefetch does not fault.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn turn_lower<const PIXEL: usize>(plane: Plane) {
        // SAFETY: the caller has AVX2, hence SSSE3, and vouches for the plane.
        unsafe { lanes::turn_block::<Ssse3, PIXEL>(plane, &mut lanes::Ahead::none()) }
    }
}

/// Takes apart the columns of pixels narrower than a byte.
pub(super) fn split<const BITS: usize>() -> Split {
    if BITS > 1 {
        return super::ssse3::split::<BITS>();
    }
    // SAFETY: `Kernel::or_portable` has found AVX2.
    |turned, rows, columns| unsafe { split_band(turned, rows, columns) }
}

#[target_feature(enable = "avx2")]
fn split_band(turned: &[u8; BAND], rows: usize, columns: &mut [u8; BAND]) {
    let rows_back = _mm_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
    let rows_back = _mm256_broadcastsi128_si256(rows_back);
    for (index, bytes) in turned[..rows].as_chunks::<32>().0.iter().enumerate() {
        // SAFETY: 32 bytes are there.
        let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
        let mut bytes = _mm256_shuffle_epi8(bytes, rows_back);
        for column in columns.as_chunks_mut::<{ BAND / 8 }>().0 {
            let rows = _mm256_movemask_epi8(bytes) as u32;
            column.as_chunks_mut().0[index] = rows.to_le_bytes();
            bytes = _mm256_add_epi8(bytes, bytes);
        }
    }
}
