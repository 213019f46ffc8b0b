//! 64-bit ARM with Advanced SIMD: one lane to a register.

#![allow(unsafe_code)]
// Vectors pass through these functions in registers only once inlined.
#![allow(clippy::inline_always)]

use std::arch::aarch64::{
    uint8x16_t, uint8x16x2_t, vld1q_u8, vqtbl1q_u8, vqtbl2q_u8, vreinterpretq_u8_u16,
    vreinterpretq_u8_u32, vreinterpretq_u8_u64, vreinterpretq_u16_u8, vreinterpretq_u32_u8,
    vreinterpretq_u64_u8, vst1q_u8, vzip1q_u8, vzip1q_u16, vzip1q_u32, vzip1q_u64, vzip2q_u8,
    vzip2q_u16, vzip2q_u32, vzip2q_u64,
};

use super::lanes::{Lanes, Plane, define_turn, transpose, turn_singly};

define_turn!(Neon, "neon");

pub(super) struct Neon;

/// Where [`Neon::turn_24`] takes its bytes from.
static SPREAD: [[u8; 16]; 2] = [
    [0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255],
    [4, 5, 6, 255, 7, 8, 9, 255, 10, 11, 12, 255, 13, 14, 15, 255],
];

/// Where [`Neon::store_24`] takes its 48 bytes from: of registers 0 and 1, of
/// 1 and 2, of 2 and 3, the second of each pair counted from 16.
static PACK: [[u8; 16]; 3] = [
    [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20],
    [5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20, 21, 22, 24, 25],
    [
        10, 12, 13, 14, 16, 17, 18, 20, 21, 22, 24, 25, 26, 28, 29, 30,
    ],
];

// SAFETY: every function needs Advanced SIMD and nothing else.
unsafe impl Lanes for Neon {
    type Vector = uint8x16_t;
    const LANES: usize = 1;
    const STEPS_24: (usize, usize) = (16, 4);

    #[inline(always)]
    unsafe fn load(from: *const u8, _step: isize) -> uint8x16_t {
        // SAFETY: the caller vouches for 16 bytes.
        unsafe { vld1q_u8(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut u8, vector: uint8x16_t) {
        // SAFETY: the caller vouches for 16 bytes.
        unsafe { vst1q_u8(to, vector) }
    }

    #[inline(always)]
    unsafe fn low<const BYTES: usize>(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        // SAFETY: the caller has Advanced SIMD.
        unsafe {
            match BYTES {
                1 => vzip1q_u8(a, b),
                2 => vreinterpretq_u8_u16(vzip1q_u16(
                    vreinterpretq_u16_u8(a),
                    vreinterpretq_u16_u8(b),
                )),
                4 => vreinterpretq_u8_u32(vzip1q_u32(
                    vreinterpretq_u32_u8(a),
                    vreinterpretq_u32_u8(b),
                )),
                _ => vreinterpretq_u8_u64(vzip1q_u64(
                    vreinterpretq_u64_u8(a),
                    vreinterpretq_u64_u8(b),
                )),
            }
        }
    }

    #[inline(always)]
    unsafe fn high<const BYTES: usize>(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        // SAFETY: the caller has Advanced SIMD.
        unsafe {
            match BYTES {
                1 => vzip2q_u8(a, b),
                2 => vreinterpretq_u8_u16(vzip2q_u16(
                    vreinterpretq_u16_u8(a),
                    vreinterpretq_u16_u8(b),
                )),
                4 => vreinterpretq_u8_u32(vzip2q_u32(
                    vreinterpretq_u32_u8(a),
                    vreinterpretq_u32_u8(b),
                )),
                _ => vreinterpretq_u8_u64(vzip2q_u64(
                    vreinterpretq_u64_u8(a),
                    vreinterpretq_u64_u8(b),
                )),
            }
        }
    }

    #[inline(always)]
    unsafe fn turn_24(_group: usize, mut rows: [uint8x16_t; 4], shifted: bool) -> [uint8x16_t; 4] {
        // SAFETY: the caller has Advanced SIMD.
        unsafe {
            // To four bytes a pixel, and back in `store_24`.
            let order = vld1q_u8(SPREAD[usize::from(shifted)].as_ptr());
            for row in &mut rows {
                *row = vqtbl1q_u8(*row, order);
            }
            transpose::<Self, 4, 4>(rows)
        }
    }

    #[inline(always)]
    unsafe fn store_24(to: *mut u8, groups: [uint8x16_t; 4]) {
        // SAFETY: the caller has Advanced SIMD and vouches for 48 bytes.
        unsafe {
            for (index, order) in PACK.iter().enumerate() {
                let pair = uint8x16x2_t(groups[index], groups[index + 1]);
                let packed = vqtbl2q_u8(pair, vld1q_u8(order.as_ptr()));
                vst1q_u8(to.wrapping_add(16 * index), packed);
            }
        }
    }

    #[inline(always)]
    unsafe fn prefetch(at: *const u8) {
        // SAFETY: a prefetch neither faults nor changes anything.
        unsafe {
            std::arch::asm!(
                "prfm pldl2keep, [{at}]",
                at = in(reg) at,
                options(nostack, preserves_flags, readonly)
            );
        }
    }

    #[inline(always)]
    unsafe fn turn_lower<const PIXEL: usize>(plane: Plane) {
        // SAFETY: the caller vouches for the plane.
        unsafe { turn_singly::<PIXEL>(plane) }
    }
}
