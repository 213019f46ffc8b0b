//! Exact sums over packed pixels, for the mean.
//!
//! Every function has one safe body for any processor (`portable.rs`) and one
//! that is generic over the width of a register (`vectors.rs`).

mod portable;
mod table;
#[cfg(target_arch = "x86_64")]
mod vectors;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use table::TableSum;

use crate::turn::Kernel;

/// The sum of all bytes.
pub fn byte_sum(kernel: Kernel, bytes: &[u8]) -> u64 {
    match kernel.or_portable() {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ssse3 => x86::ssse3::byte_sum(bytes),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => x86::avx2::byte_sum(bytes),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => x86::avx512::byte_sum(bytes),
        _ => portable::byte_sum(bytes),
    }
}

/// The sum of all bytes, each first cut to the bits of `keep` that belong to
/// its place in a group of four; up to three bytes after the last group are
/// left out.
pub fn masked_sum32(kernel: Kernel, bytes: &[u8], keep: [u8; 4]) -> u64 {
    match kernel.or_portable() {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ssse3 => x86::ssse3::masked_sum32(bytes, keep),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => x86::avx2::masked_sum32(bytes, keep),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => x86::avx512::masked_sum32(bytes, keep),
        _ => portable::masked_sum32(bytes, keep),
    }
}

/// The sum of `table[byte]` over all bytes.
///
/// For more than one call with the same table, keep a [`TableSum`].
pub fn table_sum(kernel: Kernel, bytes: &[u8], table: &[u16; 256]) -> u64 {
    TableSum::new(table).sum(kernel, bytes)
}

/// The sum of red, green and blue over little-endian pixels of 5 bits each,
/// scaled to 8 bits and rounded; the highest bit is left out, and so is a
/// byte after the last pixel.
pub fn sum_rgb555(kernel: Kernel, bytes: &[u8]) -> u64 {
    match kernel.or_portable() {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ssse3 => x86::ssse3::sum_rgb::<5>(bytes),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => x86::avx2::sum_rgb::<5>(bytes),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => x86::avx512::sum_rgb::<5>(bytes),
        _ => portable::sum_rgb::<5>(bytes),
    }
}

/// The sum of red, green and blue over little-endian pixels of 5, 6 and 5
/// bits, scaled to 8 bits and rounded; a byte after the last pixel is left
/// out.
pub fn sum_rgb565(kernel: Kernel, bytes: &[u8]) -> u64 {
    match kernel.or_portable() {
        #[cfg(target_arch = "x86_64")]
        Kernel::Ssse3 => x86::ssse3::sum_rgb::<6>(bytes),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => x86::avx2::sum_rgb::<6>(bytes),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 => x86::avx512::sum_rgb::<6>(bytes),
        _ => portable::sum_rgb::<6>(bytes),
    }
}

#[cfg(test)]
mod tests;
