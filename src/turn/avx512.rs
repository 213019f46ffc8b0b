//! AVX-512 with byte permutes (VBMI): four lanes to a register.

#![allow(unsafe_code)]
// Nothing here is compiled for the instruction set unless it is inlined into
// the function that enables it; and listing 30 intrinsics helps nobody.
#![allow(clippy::inline_always, clippy::wildcard_imports)]

use std::arch::x86_64::*;

use super::avx2::Avx2;
use super::bits::BAND;
use super::lanes::{self, Lanes, Plane, define_turn};

define_turn!(Avx512, "avx2,avx512f,avx512bw,avx512vl,avx512vbmi");

pub(super) struct Avx512;

/// How [`Avx512::store_24`] packs one of its four registers: the 48 bytes in
/// order, rotated to where they belong among the 192.
const fn packing(vector: usize) -> [u8; 64] {
    let mut order = [0; 64];
    let mut byte = 0;
    while byte < 48 {
        order[(vector * 48 + byte) % 64] = (byte / 3 * 4 + byte % 3) as u8;
        byte += 1;
    }
    order
}
static PACKING: [[u8; 64]; 4] = [packing(0), packing(1), packing(2), packing(3)];

// SAFETY: every function needs AVX-512 F, BW, VL and VBMI, and nothing else.
unsafe impl Lanes for Avx512 {
    type Vector = __m512i;
    const LANES: usize = 4;
    const STEPS_24: (usize, usize) = (4, 16);

    #[inline(always)]
    unsafe fn load(from: *const u8, step: isize) -> __m512i {
        // SAFETY: the caller vouches for 16 bytes at each address.
        unsafe {
            let low = Avx2::load(from, step);
            let high = Avx2::load(from.wrapping_offset(2 * step), step);
            _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
        }
    }

    #[inline(always)]
    unsafe fn store(to: *mut u8, vector: __m512i) {
        // SAFETY: the caller vouches for 64 bytes.
        unsafe { _mm512_storeu_si512(to.cast(), vector) }
    }

    #[inline(always)]
    unsafe fn low<const BYTES: usize>(a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the caller has AVX-512.
        unsafe {
            match BYTES {
                1 => _mm512_unpacklo_epi8(a, b),
                2 => _mm512_unpacklo_epi16(a, b),
                4 => _mm512_unpacklo_epi32(a, b),
                _ => _mm512_unpacklo_epi64(a, b),
            }
        }
    }

    #[inline(always)]
    unsafe fn high<const BYTES: usize>(a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the caller has AVX-512.
        unsafe {
            match BYTES {
                1 => _mm512_unpackhi_epi8(a, b),
                2 => _mm512_unpackhi_epi16(a, b),
                4 => _mm512_unpackhi_epi32(a, b),
                _ => _mm512_unpackhi_epi64(a, b),
            }
        }
    }

    #[inline(always)]
    unsafe fn spread_24(vector: __m512i, shifted: bool) -> __m512i {
        // SAFETY: the caller has AVX-512.
        unsafe {
            let start = if shifted { 4 } else { 0 };
            let order = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
            let order = _mm_add_epi8(order, _mm_set1_epi8(start));
            _mm512_shuffle_epi8(vector, _mm512_broadcast_i32x4(order))
        }
    }

    #[inline(always)]
    unsafe fn store_24(to: *mut u8, vectors: [__m512i; 4]) {
        // SAFETY: the caller has AVX-512 and vouches for 192 bytes.
        unsafe {
            let pack = |index: usize| {
                let order = _mm512_loadu_si512(PACKING[index].as_ptr().cast());
                _mm512_permutexvar_epi8(order, vectors[index])
            };
            let (first, second, third, fourth) = (pack(0), pack(1), pack(2), pack(3));
            let first = _mm512_mask_blend_epi32(0xF000, first, second);
            let second = _mm512_mask_blend_epi32(0xFF00, second, third);
            let third = _mm512_mask_blend_epi32(0xFFF0, third, fourth);
            _mm512_storeu_si512(to.cast(), first);
            _mm512_storeu_si512(to.wrapping_add(64).cast(), second);
            _mm512_storeu_si512(to.wrapping_add(128).cast(), third);
        }
    }

    #[inline(always)]
    unsafe fn prefetch(at: *const u8) {
        // SAFETY: a prefetch does not fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn turn_lower<const PIXEL: usize>(plane: Plane) {
        // SAFETY: the caller has AVX-512, hence AVX2, and vouches for the plane.
        unsafe { lanes::turn::<Avx2, PIXEL>(plane) }
    }
}

/// Takes apart the columns of pixels narrower than a byte.
pub(super) fn split<const BITS: usize>() -> fn(&[u8; BAND], &mut [u8; BAND]) {
    super::avx2::split::<BITS>()
}
