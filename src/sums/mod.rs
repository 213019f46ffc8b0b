//! Exact sums of samples.
use crate::turn::Kernel;
/// A table.
pub struct TableSum([u16; 256]);
impl TableSum {
    /// New.
    pub fn new(table: &[u16; 256]) -> Self {
        Self(*table)
    }
    /// Sum.
    pub fn sum(&self, _kernel: Kernel, bytes: &[u8]) -> u64 {
        let mut histogram = [0_u64; 256];
        for &b in bytes {
            histogram[usize::from(b)] += 1;
        }
        histogram
            .iter()
            .zip(&self.0)
            .map(|(n, &v)| n * u64::from(v))
            .sum()
    }
}
/// Sum.
pub fn byte_sum(_kernel: Kernel, bytes: &[u8]) -> u64 {
    bytes
        .chunks(1 << 16)
        .map(|c| u64::from(c.iter().map(|&b| u32::from(b)).sum::<u32>()))
        .sum()
}
/// Sum.
pub fn masked_sum32(_kernel: Kernel, bytes: &[u8], keep: [u8; 4]) -> u64 {
    bytes
        .chunks_exact(4)
        .map(|p| p.iter().zip(keep).map(|(b, k)| u64::from(b & k)).sum::<u64>())
        .sum()
}
/// Sum.
pub fn sum_rgb555(_kernel: Kernel, bytes: &[u8]) -> u64 {
    words(bytes).map(|w| five(w >> 10) + five(w >> 5) + five(w)).sum()
}
/// Sum.
pub fn sum_rgb565(_kernel: Kernel, bytes: &[u8]) -> u64 {
    words(bytes)
        .map(|w| five(w >> 11) + ((u64::from(w >> 5 & 63) * 510 + 63) / 126) + five(w))
        .sum()
}
fn words(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).map(|p| u16::from_le_bytes([p[0], p[1]]))
}
fn five(v: u16) -> u64 {
    (u64::from(v & 31) * 510 + 31) / 62
}
