//! Registers of x86-64, and the functions compiled for them.

#![allow(unsafe_code)]
// Nothing here is compiled for the instruction set unless it is inlined into
// the function that enables it; and listing 50 intrinsics helps nobody.
#![allow(clippy::inline_always, clippy::wildcard_imports)]

use std::arch::x86_64::*;

use super::portable;
use super::table::Any;
use super::vectors::{self, Vector};

/// The functions of [`Vector`] that are one intrinsic each.
macro_rules! intrinsics {
    ($($name:ident: $intrinsic:ident;)*) => { $(
        #[inline(always)]
        unsafe fn $name(self, other: Self) -> Self {
            // SAFETY: the caller has the instruction set.
            unsafe { $intrinsic(self, other) }
        }
    )* };
}

// SAFETY: every function needs SSSE3 and nothing else.
unsafe impl Vector for __m128i {
    const BYTES: usize = 16;

    intrinsics! {
        and: _mm_and_si128;
        add_bytes: _mm_add_epi8;
        add_bytes_saturating: _mm_adds_epu8;
        add_words: _mm_add_epi16;
        add_quads: _mm_add_epi64;
        multiply_words: _mm_mullo_epi16;
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller vouches for 16 bytes.
        unsafe { _mm_loadu_si128(from.cast()) }
    }

    #[inline(always)]
    unsafe fn repeat(bytes: [u8; 16]) -> Self {
        // SAFETY: the caller has the instruction set; 16 bytes are there.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    unsafe fn shift_words_right<const BITS: i32>(self) -> Self {
        // SAFETY: the caller has the instruction set.
        unsafe { _mm_srli_epi16::<BITS>(self) }
    }

    #[inline(always)]
    unsafe fn look_up(self, table: Self) -> Self {
        // SAFETY: the caller has the instruction set.
        unsafe { _mm_shuffle_epi8(table, self) }
    }

    #[inline(always)]
    unsafe fn sum_octets(self) -> Self {
        // SAFETY: the caller has the instruction set.
        unsafe { _mm_sad_epu8(self, _mm_setzero_si128()) }
    }

    #[inline(always)]
    unsafe fn sum_quads(self) -> u64 {
        // SAFETY: the caller has the instruction set.
        unsafe {
            (_mm_cvtsi128_si64(self) + _mm_cvtsi128_si64(_mm_unpackhi_epi64(self, self))) as u64
        }
    }
}

// SAFETY: every function needs AVX2 and nothing else.
unsafe impl Vector for __m256i {
    const BYTES: usize = 32;

    intrinsics! {
        and: _mm256_and_si256;
        add_bytes: _mm256_add_epi8;
        add_bytes_saturating: _mm256_adds_epu8;
        add_words: _mm256_add_epi16;
        add_quads: _mm256_add_epi64;
        multiply_words: _mm256_mullo_epi16;
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller vouches for 32 bytes.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn repeat(bytes: [u8; 16]) -> Self {
        // SAFETY: the caller has the instruction set; 16 bytes are there.
        unsafe { _mm256_broadcastsi128_si256(__m128i::repeat(bytes)) }
    }

    #[inline(always)]
    unsafe fn shift_words_right<const BITS: i32>(self) -> Self {
        // SAFETY: the caller has the instruction set.
        unsafe { _mm256_srli_epi16::<BITS>(self) }
    }

    #[inline(always)]
    unsafe fn look_up(self, table: Self) -> Self {
        // SAFETY: the caller has the instruction set.
        unsafe { _mm256_shuffle_epi8(table, self) }
    }

    #[inline(always)]
    unsafe fn sum_octets(self) -> Self {
        // SAFETY: the caller has the instruction set.
        unsafe { _mm256_sad_epu8(self, _mm256_setzero_si256()) }
    }

    #[inline(always)]
    unsafe fn sum_quads(self) -> u64 {
        // SAFETY: the caller has the instruction set.
        unsafe {
            _mm256_castsi256_si128(self)
                .add_quads(_mm256_extracti128_si256::<1>(self))
                .sum_quads()
        }
    }
}

// SAFETY: every function needs AVX-512 BW and nothing else.
unsafe impl Vector for __m512i {
    const BYTES: usize = 64;

    intrinsics! {
        and: _mm512_and_si512;
        add_bytes: _mm512_add_epi8;
        add_bytes_saturating: _mm512_adds_epu8;
        add_words: _mm512_add_epi16;
        add_quads: _mm512_add_epi64;
        multiply_words: _mm512_mullo_epi16;
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller vouches for 64 bytes.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn repeat(bytes: [u8; 16]) -> Self {
        // SAFETY: the caller has the instruction set; 16 bytes are there.
        unsafe { _mm512_broadcast_i32x4(__m128i::repeat(bytes)) }
    }

    #[inline(always)]
    unsafe fn shift_words_right<const BITS: i32>(self) -> Self {
        // SAFETY: the caller has the instruction set.
        unsafe { _mm512_srl_epi16(self, _mm_cvtsi32_si128(BITS)) }
    }

    #[inline(always)]
    unsafe fn look_up(self, table: Self) -> Self {
        // SAFETY: the caller has the instruction set.
        unsafe { _mm512_shuffle_epi8(table, self) }
    }

    #[inline(always)]
    unsafe fn sum_octets(self) -> Self {
        // SAFETY: the caller has the instruction set.
        unsafe { _mm512_sad_epu8(self, _mm512_setzero_si512()) }
    }

    #[inline(always)]
    unsafe fn sum_quads(self) -> u64 {
        // SAFETY: the caller has the instruction set.
        unsafe { _mm512_reduce_add_epi64(self) as u64 }
    }
}

/// The functions compiled for one instruction set.
macro_rules! functions {
    ($module:ident: $vector:ident, $features:literal) => {
        pub(super) mod $module {
            use std::arch::x86_64::$vector;

            use super::super::table::Halves;
            use super::super::vectors;

            functions! { $vector, $features:
                byte_sum(bytes: &[u8]);
                masked_sum32(bytes: &[u8], keep: [u8; 4]);
                halves_sum(bytes: &[u8], halves: &Halves);
            }

            pub(in super::super) fn sum_rgb<const GREEN: u32>(bytes: &[u8]) -> u64 {
                #[target_feature(enable = $features)]
                fn compiled<const GREEN: u32>(bytes: &[u8]) -> u64 {
                    // SAFETY: the instruction set is enabled.
                    unsafe { vectors::sum_rgb::<$vector, GREEN>(bytes) }
                }
                // SAFETY: `Kernel::or_portable` has found the instruction set.
                unsafe { compiled::<GREEN>(bytes) }
            }
        }
    };
    ($vector:ident, $features:literal:
        $($name:ident($($argument:ident: $type:ty),*);)*) => { $(
        pub(in super::super) fn $name($($argument: $type),*) -> u64 {
            #[target_feature(enable = $features)]
            fn compiled($($argument: $type),*) -> u64 {
                // SAFETY: the instruction set is enabled.
                unsafe { vectors::$name::<$vector>($($argument),*) }
            }
            // SAFETY: `Kernel::or_portable` has found the instruction set.
            unsafe { compiled($($argument),*) }
        }
    )* };
}

functions! { ssse3: __m128i, "ssse3" }
functions! { avx2: __m256i, "avx2" }
functions! { avx512: __m512i, "avx2,avx512f,avx512bw,avx512vl,avx512vbmi" }

/// The sum through a table with few entries.
pub(super) fn avx2_sixteens_sum(bytes: &[u8], table: &Any) -> u64 {
    #[target_feature(enable = "avx2")]
    fn compiled(bytes: &[u8], table: &Any) -> u64 {
        // SAFETY: the instruction set is enabled.
        unsafe { vectors::sixteens_sum::<__m256i>(bytes, table) }
    }
    // SAFETY: `Kernel::or_portable` has found the instruction set.
    unsafe { compiled(bytes, table) }
}

/// The sum through any table, by byte permutes over 128 entries at a time.
pub(super) fn avx512_table_sum(bytes: &[u8], table: &Any) -> u64 {
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn compiled(bytes: &[u8], table: &Any) -> u64 {
        let (blocks, rest) = bytes.as_chunks::<64>();
        // SAFETY: each load reads 64 bytes of an array that has them.
        let load = |from: &[u8]| unsafe { _mm512_loadu_si512(from[..64].as_ptr().cast()) };
        let [low, high] = table.bytes.each_ref().map(|bytes| {
            [
                load(bytes),
                load(&bytes[64..]),
                load(&bytes[128..]),
                load(&bytes[192..]),
            ]
        });
        let zero = _mm512_setzero_si512();
        let (mut low_sum, mut high_sum) = (zero, zero);
        for block in blocks {
            let block = load(block);
            let upper = _mm512_movepi8_mask(block);
            let look_up = |table: &[__m512i; 4]| {
                let values = _mm512_mask_blend_epi8(
                    upper,
                    _mm512_permutex2var_epi8(table[0], block, table[1]),
                    _mm512_permutex2var_epi8(table[2], block, table[3]),
                );
                _mm512_sad_epu8(values, zero)
            };
            low_sum = _mm512_add_epi64(low_sum, look_up(&low));
            high_sum = _mm512_add_epi64(high_sum, look_up(&high));
        }
        let low = _mm512_reduce_add_epi64(low_sum) as u64;
        let high = _mm512_reduce_add_epi64(high_sum) as u64;
        low + (high << 8) + portable::table_sum(rest, &table.table)
    }
    // SAFETY: `Kernel::or_portable` has found the instruction set.
    unsafe { compiled(bytes, table) }
}
