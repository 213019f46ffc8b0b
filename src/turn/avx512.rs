//! AVX-512 with byte permutes (VBMI): four lanes to a register.

#![allow(unsafe_code)]
// Nothing here is compiled for the instruction set unless it is inlined into
// the function that enables it; and listing 30 intrinsics helps nobody.
#![allow(clippy::inline_always, clippy::wildcard_imports)]

use std::arch::x86_64::*;

use super::avx2::Avx2;
use super::bits::{BAND, Split};
use super::lanes::{self, Lanes, Plane, define_turn};

define_turn!(Avx512, "avx2,avx512f,avx512bw,avx512vl,avx512vbmi");

pub(super) struct Avx512;

/// Where the two rounds of [`Avx512::turn_24`] take their bytes from: of the
/// first register, or of the second, counted from 64.
struct Orders {
    /// Rows a and b of four columns: `aabb` of the first two or last two.
    pairs: [[u8; 64]; 2],
    /// Pairs of rows ab and cd of two columns: `abcd` of the first or second,
    /// lane after lane, 48 bytes, rotated to where they belong in one of four
    /// groups that fill 192 bytes.
    columns: [[[u8; 64]; 2]; 4],
}

const fn orders(start: usize) -> Orders {
    let mut orders = Orders {
        pairs: [[0; 64]; 2],
        columns: [[[0; 64]; 2]; 4],
    };
    let mut half = 0;
    while half < 2 {
        let mut byte = 0;
        while byte < 64 {
            // Column, row and byte of the pixel at this place.
            let (lane, at) = (byte / 16, byte % 16);
            let (column, row, part) = (at / 6, at / 3 % 2, at % 3);
            if at < 12 {
                let from = 16 * lane + start + 6 * half + 3 * column + part;
                orders.pairs[half][byte] = (64 * row + from) as u8;
            }
            if byte < 48 {
                let (lane, row, part) = (byte / 12, byte / 3 % 4, byte % 3);
                let from = 64 * (row / 2) + 16 * lane + 6 * half + 3 * (row % 2) + part;
                let mut group = 0;
                while group < 4 {
                    orders.columns[group][half][(48 * group + byte) % 64] = from as u8;
                    group += 1;
                }
            }
            byte += 1;
        }
        half += 1;
    }
    orders
}

/// For pixels that start at byte 0 of a lane, and at byte 4.
static ORDERS: [Orders; 2] = [orders(0), orders(4)];

// SAFETY: every function needs AVX-512 F, BW, VL and VBMI, and nothing else.
unsafe impl Lanes for Avx512 {
    type Vector = __m512i;
    const LANES: usize = 4;
    const STEPS_24: (usize, usize) = (4, 16);

    #[inline(always)]
    unsafe fn load(from: *const u8, step: isize) -> __m512i {
        // SAFETY: the caller vouches for 16 bytes at each address.
        unsafe {
            let lane = |index: isize| {
                let at = from.wrapping_offset(step * index);
                _mm_loadu_si128(at.cast())
            };
            let first = _mm512_castsi128_si512(lane(0));
            let two = _mm512_mask_broadcast_i32x4(first, 0x00F0, lane(1));
            let three = _mm512_mask_broadcast_i32x4(two, 0x0F00, lane(2));
            _mm512_mask_broadcast_i32x4(three, 0xF000, lane(3))
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
    unsafe fn turn_24(group: usize, rows: [__m512i; 4], shifted: bool) -> [__m512i; 4] {
        let [a, b, c, d] = rows;
        // SAFETY: the caller has AVX-512; an order is 64 bytes.
        unsafe {
            let order = |bytes: &[u8; 64]| _mm512_loadu_si512(bytes.as_ptr().cast());
            let left = order(&ORDERS[usize::from(shifted)].pairs[0]);
            let right = order(&ORDERS[usize::from(shifted)].pairs[1]);
            let first = order(&ORDERS[0].columns[group][0]);
            let second = order(&ORDERS[0].columns[group][1]);
            let ab = _mm512_permutex2var_epi8(a, left, b);
            let cd = _mm512_permutex2var_epi8(c, left, d);
            let ab_right = _mm512_permutex2var_epi8(a, right, b);
            let cd_right = _mm512_permutex2var_epi8(c, right, d);
            [
                _mm512_permutex2var_epi8(ab, first, cd),
                _mm512_permutex2var_epi8(ab, second, cd),
                _mm512_permutex2var_epi8(ab_right, first, cd_right),
                _mm512_permutex2var_epi8(ab_right, second, cd_right),
            ]
        }
    }

    #[inline(always)]
    unsafe fn store_24(to: *mut u8, groups: [__m512i; 4]) {
        let [first, second, third, fourth] = groups;
        // SAFETY: the caller has AVX-512 and vouches for 192 bytes.
        unsafe {
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
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn turn_lower<const PIXEL: usize>(plane: Plane) {
        // SAFETY: the caller has AVX-512, hence AVX2, and vouches for the plane.
        unsafe { lanes::turn_block::<Avx2, PIXEL>(plane, &mut lanes::Ahead::none()) }
    }
}

/// Takes apart the columns of pixels narrower than a byte.
pub(super) fn split<const BITS: usize>() -> Split {
    match BITS {
        // SAFETY: `Kernel::or_portable` has found AVX-512 and GFNI.
        1 => |turned, _, columns| unsafe { split_1(turned, columns) },
        // SAFETY: as above.
        2 => |turned, rows, columns| unsafe { split_2(turned, rows, columns) },
        // SAFETY: as above.
        _ => |turned, rows, columns| unsafe { split_4(turned, rows, columns) },
    }
}

/// 1 bit: squares of 8 × 8 pixels are transposed as matrices, then gathered
/// by column, 64 rows to a word.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
fn split_1(turned: &[u8; BAND], columns: &mut [u8; BAND]) {
    const GATHER: [u8; 64] = {
        let mut order = [0; 64];
        let mut at = 0;
        while at < 64 {
            order[at] = (at % 8 * 8 + at / 8) as u8;
            at += 1;
        }
        order
    };
    // SAFETY: arrays of 64 bytes.
    let load = |bytes: &[u8; 64]| unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
    // Byte c of a word becomes the matrix times this: bit 7 - c of each row.
    let bits = _mm512_set1_epi64(0x0102_0408_1020_4080);
    let gather = load(&GATHER);
    let mut words = [_mm512_setzero_si512(); 8];
    for (word, bytes) in words.iter_mut().zip(turned.as_chunks().0) {
        let squares = _mm512_gf2p8affine_epi64_epi8::<0>(bits, load(bytes));
        *word = _mm512_permutexvar_epi8(gather, squares);
    }
    // Words of one column side by side: 8 × 8 words transposed.
    let mut pairs = words;
    for index in 0..4 {
        pairs[index] = _mm512_unpacklo_epi64(words[2 * index], words[2 * index + 1]);
        pairs[index + 4] = _mm512_unpackhi_epi64(words[2 * index], words[2 * index + 1]);
    }
    let mut fours = pairs;
    for half in [0, 4] {
        let [a, b, c, d] = [
            pairs[half],
            pairs[half + 1],
            pairs[half + 2],
            pairs[half + 3],
        ];
        fours[half] = _mm512_shuffle_i64x2::<0x88>(a, b);
        fours[half + 1] = _mm512_shuffle_i64x2::<0xDD>(a, b);
        fours[half + 2] = _mm512_shuffle_i64x2::<0x88>(c, d);
        fours[half + 3] = _mm512_shuffle_i64x2::<0xDD>(c, d);
    }
    // Columns 0 to 7 are in lanes 0 to 3 of their pairs, even ones first.
    for (column, out) in columns.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        let at = column % 2 * 4 + column / 2 % 2;
        let (low, high) = (fours[at], fours[at + 2]);
        let all = if column < 4 {
            _mm512_shuffle_i64x2::<0x88>(low, high)
        } else {
            _mm512_shuffle_i64x2::<0xDD>(low, high)
        };
        // SAFETY: 64 bytes.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), all) };
    }
}

/// 2 bits: multiply and add neighbours, twice, for four rows in a byte.
#[target_feature(enable = "avx512f,avx512bw")]
fn split_2(turned: &[u8; BAND], rows: usize, columns: &mut [u8; BAND]) {
    let (quarters, halves) = (_mm512_set1_epi16(0x0104), _mm512_set1_epi32(0x0001_0010));
    let mask = _mm512_set1_epi8(3);
    for (index, bytes) in turned[..rows].as_chunks::<64>().0.iter().enumerate() {
        // SAFETY: 64 bytes.
        let bytes = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
        for (column, out) in columns
            .as_chunks_mut::<{ BAND / 4 }>()
            .0
            .iter_mut()
            .enumerate()
        {
            let shift = _mm_cvtsi32_si128(6 - 2 * column as i32);
            let pixels = _mm512_and_si512(_mm512_srl_epi16(bytes, shift), mask);
            let fours = _mm512_madd_epi16(_mm512_maddubs_epi16(pixels, quarters), halves);
            let out = &mut out.as_chunks_mut::<16>().0[index];
            // SAFETY: 16 bytes.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(fours)) };
        }
    }
}

/// 4 bits: the upper or lower halves of two neighbours.
#[target_feature(enable = "avx512f,avx512bw")]
fn split_4(turned: &[u8; BAND], rows: usize, columns: &mut [u8; BAND]) {
    let (upper, lower) = (_mm512_set1_epi16(0x00F0), _mm512_set1_epi16(0x000F));
    let (left, right) = columns.split_at_mut(BAND / 2);
    let outs = left
        .as_chunks_mut::<32>()
        .0
        .iter_mut()
        .zip(right.as_chunks_mut::<32>().0);
    for (bytes, (left, right)) in turned[..rows].as_chunks::<64>().0.iter().zip(outs) {
        // SAFETY: 64 bytes, and 32 to either column.
        unsafe {
            let bytes = _mm512_loadu_si512(bytes.as_ptr().cast());
            let next = _mm512_srli_epi16::<8>(bytes);
            let lefts =
                _mm512_or_si512(_mm512_and_si512(bytes, upper), _mm512_srli_epi16::<4>(next));
            let rights = _mm512_or_si512(
                _mm512_and_si512(_mm512_slli_epi16::<4>(bytes), upper),
                _mm512_and_si512(next, lower),
            );
            _mm256_storeu_si256(left.as_mut_ptr().cast(), _mm512_cvtepi16_epi8(lefts));
            _mm256_storeu_si256(right.as_mut_ptr().cast(), _mm512_cvtepi16_epi8(rights));
        }
    }
}
