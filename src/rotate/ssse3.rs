//! x86-64 with SSSE3.

#![allow(unsafe_code)]
// Compiled for the instruction set only where inlined into a function that enables it; and listing
// 30 intrinsics helps nobody.
#![allow(clippy::inline_always, clippy::wildcard_imports)]

use std::arch::x86_64::*;

use super::blocks::define_rotate;
use super::simd::{Simd, pack_order};
use super::{PACKED_BAND_ROWS, TransposePacked};

define_rotate!(Ssse3, "ssse3");

pub(super) struct Ssse3;

// SAFETY: every function needs SSSE3 and nothing else.
unsafe impl Simd for Ssse3 {
    type Vector = __m128i;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> __m128i {
        // SAFETY: the caller vouches for 16 bytes.
        unsafe { _mm_loadu_si128(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut u8, vector: __m128i) {
        // SAFETY: the caller vouches for 16 bytes.
        unsafe { _mm_storeu_si128(to.cast(), vector) }
    }

    #[inline(always)]
    unsafe fn interleave<const BYTES: usize>(a: __m128i, b: __m128i) -> [__m128i; 2] {
        // SAFETY: the caller has SSSE3.
        unsafe {
            match BYTES {
                1 => [_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b)],
                2 => [_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)],
                4 => [_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b)],
                _ => [_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b)],
            }
        }
    }

    #[inline(always)]
    unsafe fn shuffle(vector: __m128i, order: &[u8; 16]) -> __m128i {
        // SAFETY: the caller has SSSE3; `order` has 16 bytes.
        unsafe { _mm_shuffle_epi8(vector, _mm_loadu_si128(order.as_ptr().cast())) }
    }

    #[inline(always)]
    unsafe fn store_packed<const PIXEL: usize>(to: *mut u8, vectors: [__m128i; 4]) {
        // SAFETY: the caller has SSSE3 and vouches for 48 bytes.
        unsafe {
            // The words a, b and c of each register, placed where one more instruction joins them.
            let first = Self::shuffle(vectors[0], &const { pack_order::<PIXEL>(*b"zabc") });
            let second = Self::shuffle(vectors[1], &const { pack_order::<PIXEL>(*b"abcz") });
            let third = Self::shuffle(vectors[2], &const { pack_order::<PIXEL>(*b"abzc") });
            let fourth = Self::shuffle(vectors[3], &const { pack_order::<PIXEL>(*b"abcz") });
            let middle =
                _mm_shuffle_ps::<0b01_00_10_01>(_mm_castsi128_ps(second), _mm_castsi128_ps(third));
            _mm_storeu_si128(to.cast(), _mm_alignr_epi8::<4>(second, first));
            _mm_storeu_si128(to.wrapping_add(16).cast(), _mm_castps_si128(middle));
            _mm_storeu_si128(
                to.wrapping_add(32).cast(),
                _mm_alignr_epi8::<12>(fourth, third),
            );
        }
    }

    #[inline(always)]
    unsafe fn prefetch(at: *const u8) {
        // SAFETY: a prefetch does not fault.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }
}

/// For pixels narrower than a byte.
pub(super) fn transpose_packed<const BITS: usize>() -> TransposePacked {
    // SAFETY: `Kernel::or_portable` has found SSSE3.
    |rotated, rows, columns| unsafe { transpose_band::<BITS>(rotated, rows, columns) }
}

#[target_feature(enable = "ssse3")]
fn transpose_band<const BITS: usize>(
    rotated: &[u8; PACKED_BAND_ROWS],
    rows: usize,
    columns: &mut [u8; PACKED_BAND_ROWS],
) {
    let column_bytes = PACKED_BAND_ROWS * BITS / 8;
    if BITS == 1 {
        let rows_back = _mm_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
        for (index, bytes) in rotated[..rows].as_chunks::<16>().0.iter().enumerate() {
            // SAFETY: 16 bytes are there.
            let bytes = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
            let mut bytes = _mm_shuffle_epi8(bytes, rows_back);
            for column in columns.chunks_exact_mut(column_bytes) {
                let rows = _mm_movemask_epi8(bytes) as u16;
                column.as_chunks_mut().0[index] = rows.to_le_bytes();
                bytes = _mm_add_epi8(bytes, bytes);
            }
        }
    } else {
        // Multiply and add neighbours: two pixels become one, twice as wide.
        let halves = _mm_set1_epi16(0x0110);
        let quarters = _mm_set1_epi16(0x0104);
        for (index, bytes) in rotated[..rows].as_chunks::<64>().0.iter().enumerate() {
            // SAFETY: 64 bytes are there.
            let bytes: [__m128i; 4] = unsafe {
                std::array::from_fn(|part| _mm_loadu_si128(bytes[16 * part..].as_ptr().cast()))
            };
            for (column, out) in columns.chunks_exact_mut(column_bytes).enumerate() {
                let shift = _mm_cvtsi32_si128((8 - BITS * (column + 1)) as i32);
                let mask = _mm_set1_epi8((1 << BITS) - 1);
                let mut parts = bytes;
                for part in &mut parts {
                    *part = _mm_and_si128(_mm_srl_epi16(*part, shift), mask);
                }
                let factors = if BITS == 2 { quarters } else { halves };
                let low = _mm_packus_epi16(
                    _mm_maddubs_epi16(parts[0], factors),
                    _mm_maddubs_epi16(parts[1], factors),
                );
                let high = _mm_packus_epi16(
                    _mm_maddubs_epi16(parts[2], factors),
                    _mm_maddubs_epi16(parts[3], factors),
                );
                if BITS == 2 {
                    let all = _mm_packus_epi16(
                        _mm_maddubs_epi16(low, halves),
                        _mm_maddubs_epi16(high, halves),
                    );
                    let out = &mut out.as_chunks_mut::<16>().0[index];
                    // SAFETY: 16 bytes are there.
                    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), all) };
                } else {
                    let out = &mut out.as_chunks_mut::<32>().0[index];
                    // SAFETY: 32 bytes are there.
                    unsafe {
                        _mm_storeu_si128(out.as_mut_ptr().cast(), low);
                        _mm_storeu_si128(out[16..].as_mut_ptr().cast(), high);
                    }
                }
            }
        }
    }
}
