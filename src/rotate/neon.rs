//! 64-bit ARM with Advanced SIMD (NEON).

#![allow(unsafe_code)]
// Vectors pass through these functions in registers only where inlined; and listing 20 intrinsics
// helps nobody.
#![allow(clippy::inline_always, clippy::wildcard_imports)]

use std::arch::aarch64::*;

use super::blocks::define_rotate;
use super::simd::{Simd, spread_at};

define_rotate!(Neon, "neon");

pub(super) struct Neon;

/// Where [`Neon::store_packed`] takes 16 of its 48 bytes from: of registers `pair` and `pair + 1`,
/// the second counted from 16.
const fn pair_order<const PIXEL: usize>(pair: usize) -> [u8; 16] {
    let mut order = [0; 16];
    let mut byte = 0;
    while byte < 16 {
        // Of twelve bytes in each register.
        let packed = 16 * pair + byte;
        let register = packed / 12 - pair;
        order[byte] = 16 * register as u8 + spread_at::<PIXEL>(packed % 12);
        byte += 1;
    }
    order
}

// SAFETY: every function needs Advanced SIMD and nothing else.
unsafe impl Simd for Neon {
    type Vector = uint8x16_t;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> uint8x16_t {
        // SAFETY: the caller vouches for 16 bytes.
        unsafe { vld1q_u8(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut u8, vector: uint8x16_t) {
        // SAFETY: the caller vouches for 16 bytes.
        unsafe { vst1q_u8(to, vector) }
    }

    #[inline(always)]
    unsafe fn interleave<const BYTES: usize>(a: uint8x16_t, b: uint8x16_t) -> [uint8x16_t; 2] {
        /// Both halves, for elements of which a register is a vector of another type.
        macro_rules! zip {
            ($from_bytes:ident, $zip_lo:ident, $zip_hi:ident, $to_bytes:ident) => {{
                let (a, b) = ($from_bytes(a), $from_bytes(b));
                [$to_bytes($zip_lo(a, b)), $to_bytes($zip_hi(a, b))]
            }};
        }
        // SAFETY: the caller has Advanced SIMD.
        unsafe {
            match BYTES {
                1 => [vzip1q_u8(a, b), vzip2q_u8(a, b)],
                2 => zip!(
                    vreinterpretq_u16_u8,
                    vzip1q_u16,
                    vzip2q_u16,
                    vreinterpretq_u8_u16
                ),
                4 => zip!(
                    vreinterpretq_u32_u8,
                    vzip1q_u32,
                    vzip2q_u32,
                    vreinterpretq_u8_u32
                ),
                _ => zip!(
                    vreinterpretq_u64_u8,
                    vzip1q_u64,
                    vzip2q_u64,
                    vreinterpretq_u8_u64
                ),
            }
        }
    }

    #[inline(always)]
    unsafe fn shuffle(vector: uint8x16_t, order: &[u8; 16]) -> uint8x16_t {
        // SAFETY: the caller has Advanced SIMD; `order` has 16 bytes.
        unsafe { vqtbl1q_u8(vector, vld1q_u8(order.as_ptr())) }
    }

    #[inline(always)]
    unsafe fn store_packed<const PIXEL: usize>(to: *mut u8, vectors: [uint8x16_t; 4]) {
        let orders = const {
            [
                pair_order::<PIXEL>(0),
                pair_order::<PIXEL>(1),
                pair_order::<PIXEL>(2),
            ]
        };
        // SAFETY: the caller has Advanced SIMD and vouches for 48 bytes.
        unsafe {
            for (index, order) in orders.iter().enumerate() {
                let pair = uint8x16x2_t(vectors[index], vectors[index + 1]);
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
}
