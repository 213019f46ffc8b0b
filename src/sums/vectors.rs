//! The sums, for any width of register.

#![allow(unsafe_code)]
// Nothing here is compiled for an instruction set unless it is inlined into
// the function that enables it.
#![allow(clippy::inline_always)]

use super::portable;
use super::table::{Any, Halves};

/// A register.
///
/// # Safety
///
/// The functions may only be called on a processor that has the instruction
/// set, and are to be inlined into a function that enables it.
pub(super) unsafe trait Vector: Copy {
    /// Its size.
    const BYTES: usize;
    unsafe fn load(from: *const u8) -> Self;
    /// The same 16 bytes in all lanes.
    unsafe fn repeat(bytes: [u8; 16]) -> Self;
    unsafe fn and(self, other: Self) -> Self;
    unsafe fn add_bytes(self, other: Self) -> Self;
    /// Stops at 255.
    unsafe fn add_bytes_saturating(self, other: Self) -> Self;
    unsafe fn add_words(self, other: Self) -> Self;
    unsafe fn add_quads(self, other: Self) -> Self;
    /// The low 16 bits of each product of 16-bit words.
    unsafe fn multiply_words(self, other: Self) -> Self;
    unsafe fn shift_words_right<const BITS: i32>(self) -> Self;
    /// Replaces each byte by the entry of the table that its low four bits
    /// say, or by 0 if it is above 127; the table is the same in all lanes.
    unsafe fn look_up(self, table: Self) -> Self;
    /// The sums of groups of eight bytes, as 64-bit words.
    unsafe fn sum_octets(self) -> Self;
    /// The sum of the 64-bit words.
    unsafe fn sum_quads(self) -> u64;

    #[inline(always)]
    unsafe fn byte(value: u8) -> Self {
        // SAFETY: the caller has the instruction set.
        unsafe { Self::repeat([value; 16]) }
    }

    #[inline(always)]
    unsafe fn word(value: u16) -> Self {
        let [low, high] = value.to_le_bytes();
        // SAFETY: the caller has the instruction set.
        unsafe {
            Self::repeat(std::array::from_fn(
                |at| if at % 2 == 0 { low } else { high },
            ))
        }
    }
}

/// # Safety
///
/// The processor must have the instruction set; so for all functions here.
#[inline(always)]
pub(super) unsafe fn byte_sum<V: Vector>(bytes: &[u8]) -> u64 {
    let blocks = bytes.chunks_exact(4 * V::BYTES);
    let rest = blocks.remainder();
    // SAFETY: the caller has the instruction set; a block is four registers.
    let sum = unsafe {
        let mut sums = [V::byte(0); 4];
        for block in blocks {
            for (index, sum) in sums.iter_mut().enumerate() {
                let at = block.as_ptr().wrapping_add(index * V::BYTES);
                *sum = sum.add_quads(V::load(at).sum_octets());
            }
        }
        total(sums)
    };
    sum + portable::byte_sum(rest)
}

#[inline(always)]
pub(super) unsafe fn masked_sum32<V: Vector>(bytes: &[u8], keep: [u8; 4]) -> u64 {
    let blocks = bytes.chunks_exact(4 * V::BYTES);
    let rest = blocks.remainder();
    // SAFETY: the caller has the instruction set; a block is four registers.
    let sum = unsafe {
        let mask = V::repeat(std::array::from_fn(|at| keep[at % 4]));
        let mut sums = [V::byte(0); 4];
        for block in blocks {
            for (index, sum) in sums.iter_mut().enumerate() {
                let at = block.as_ptr().wrapping_add(index * V::BYTES);
                *sum = sum.add_quads(V::load(at).and(mask).sum_octets());
            }
        }
        total(sums)
    };
    sum + portable::masked_sum32(rest, keep)
}

#[inline(always)]
pub(super) unsafe fn halves_sum<V: Vector>(bytes: &[u8], halves: &Halves) -> u64 {
    let blocks = bytes.chunks_exact(V::BYTES);
    let rest = blocks.remainder();
    // SAFETY: the caller has the instruction set; a block is one register.
    let sum = unsafe {
        let [low_low, low_high] = halves.low_half.map(|table| V::repeat(table));
        let [high_low, high_high] = halves.high_half.map(|table| V::repeat(table));
        let half = V::byte(15);
        let mut sums = [V::byte(0); 4];
        let mut high_sum = V::byte(0);
        for block in blocks {
            let block = V::load(block.as_ptr());
            let low = block.and(half);
            let high = block.shift_words_right::<4>().and(half);
            sums[0] = sums[0].add_quads(low.look_up(low_low).sum_octets());
            sums[1] = sums[1].add_quads(high.look_up(high_low).sum_octets());
            // The high bytes of both are those of a value below 2^16, so
            // their sum still fits a byte.
            let both = low.look_up(low_high).add_bytes(high.look_up(high_high));
            high_sum = high_sum.add_quads(both.sum_octets());
        }
        total(sums) + (high_sum.sum_quads() << 8)
    };
    sum + portable::table_sum(rest, &halves.table)
}

/// Sums through the sixteens of a table that are not all zero.
#[inline(always)]
pub(super) unsafe fn sixteens_sum<V: Vector>(bytes: &[u8], table: &Any) -> u64 {
    let blocks = bytes.chunks_exact(V::BYTES);
    let rest = blocks.remainder();
    // SAFETY: the caller has the instruction set; a block is one register.
    let sum = unsafe {
        let zero = V::byte(0);
        let mut sums = [zero; 4];
        for block in blocks {
            let block = V::load(block.as_ptr());
            let mut values = [zero; 2];
            for (sixteen, tables) in &table.sixteens {
                // 0x70 to 0x7F for bytes of this sixteen, above for others.
                let offset = V::byte(sixteen.wrapping_mul(16).wrapping_neg());
                let index = block.add_bytes(offset).add_bytes_saturating(V::byte(0x70));
                for (value, &table) in values.iter_mut().zip(tables) {
                    *value = value.add_bytes(index.look_up(V::repeat(table)));
                }
            }
            sums[0] = sums[0].add_quads(values[0].sum_octets());
            sums[1] = sums[1].add_quads(values[1].sum_octets());
        }
        sums[0].sum_quads() + (sums[1].sum_quads() << 8)
    };
    sum + portable::table_sum(rest, &table.table)
}

#[inline(always)]
pub(super) unsafe fn sum_rgb<V: Vector, const GREEN: u32>(bytes: &[u8]) -> u64 {
    // A pixel sums to 765 at most, and 65535 / 765 = 85 of them fit 16 bits.
    const BLOCKS: usize = 85;
    let whole = bytes.len() - bytes.len() % V::BYTES;
    let (whole, rest) = bytes.split_at(whole);
    let mut sum = 0;
    for blocks in whole.chunks(BLOCKS * V::BYTES) {
        // SAFETY: the caller has the instruction set; a block is one register.
        sum += unsafe {
            let low_byte = V::word(0xFF);
            let five = V::word(31);
            let six = V::word(63);
            let scale_5 = (V::word(527), V::word(23));
            let scale_6 = (V::word(259), V::word(33));
            let scale = |value: V, (factor, half): (V, V)| {
                value
                    .multiply_words(factor)
                    .add_words(half)
                    .shift_words_right::<6>()
            };
            let mut sums = V::byte(0);
            for block in blocks.chunks_exact(V::BYTES) {
                let pixels = V::load(block.as_ptr());
                let blue = scale(pixels.and(five), scale_5);
                let rest = pixels.shift_words_right::<5>();
                let (green, red) = if GREEN == 6 {
                    let red = pixels.shift_words_right::<11>();
                    (scale(rest.and(six), scale_6), red)
                } else {
                    let red = pixels.shift_words_right::<10>().and(five);
                    (scale(rest.and(five), scale_5), red)
                };
                let red = scale(red, scale_5);
                sums = sums.add_words(blue.add_words(green).add_words(red));
            }
            let low = sums.and(low_byte).sum_octets().sum_quads();
            let high = sums.shift_words_right::<8>().sum_octets().sum_quads();
            low + (high << 8)
        };
    }
    sum + portable::sum_rgb::<GREEN>(rest)
}

#[inline(always)]
unsafe fn total<V: Vector>(sums: [V; 4]) -> u64 {
    let [a, b, c, d] = sums;
    // SAFETY: the caller has the instruction set.
    unsafe { a.add_quads(b).add_quads(c.add_quads(d)).sum_quads() }
}
