//! Exact sums over packed pixels, for the mean.
//!
//! Plain loops, shaped so that the compiler vectorises them with what every processor of the
//! architecture has.

/// The sum of all bytes.
pub(crate) fn byte_sum(bytes: &[u8]) -> u64 {
    // Words of four at once are twice as fast as single bytes.
    let rest = bytes.as_chunks::<4>().1;
    masked_sum(bytes, [0xFF; 4]) + rest.iter().map(|&byte| u64::from(byte)).sum::<u64>()
}

/// The sum of all bytes, each first cut to the bits of `keep` that belong to its place in a group
/// of four; up to three bytes after the last group are left out.
pub(crate) fn masked_sum(bytes: &[u8], keep: [u8; 4]) -> u64 {
    let groups = bytes.as_chunks().0;
    // Two bytes of each group at a time, side by side in one word.
    let keep = u32::from_le_bytes(keep);
    let (even, odd) = (keep & 0x00FF_00FF, keep >> 8 & 0x00FF_00FF);
    let chunk_sum = |chunk: &[[u8; 4]]| {
        let words = chunk.iter().map(|&group| u32::from_le_bytes(group));
        let pairs: u32 = words.map(|word| (word & even) + (word >> 8 & odd)).sum();
        u64::from(pairs & 0xFFFF) + u64::from(pairs >> 16)
    };
    // Of 128 groups each half sums to 128 * 510 at most: 16 bits hold it.
    groups.chunks(128).map(chunk_sum).sum()
}

/// The sum of `table[byte]` over all bytes.
///
/// The table gives a byte of packed pixels its samples: for 8 bits per pixel red, green and blue
/// of one palette entry, for fewer bits those of all pixels in the byte.
pub(crate) fn table_sum(bytes: &[u8], table: &[u16; 256]) -> u64 {
    if let Some((factor, offset)) = line(table) {
        // No value is negative, so neither is the sum; it would take 2^47 bytes to overflow.
        return (factor * byte_sum(bytes) as i64 + offset * bytes.len() as i64) as u64;
    }
    // Of 2^16 bytes the values add up in 32 bits.
    let chunk_sum = |chunk: &[u8]| {
        let values = chunk
            .iter()
            .map(|&byte| u32::from(table[usize::from(byte)]));
        u64::from(values.sum::<u32>())
    };
    bytes.chunks(1 << 16).map(chunk_sum).sum()
}

/// Factor and offset of a table whose values lie on a line: a grey ramp, also an inverted one.
fn line(table: &[u16; 256]) -> Option<(i64, i64)> {
    let offset = i64::from(table[0]);
    let factor = i64::from(table[1]) - offset;
    let fits = (0..)
        .zip(table)
        .all(|(byte, &value)| i64::from(value) == factor * byte + offset);
    fits.then_some((factor, offset))
}

/// Pixels that are summed side by side, in words of 16 bits.
const LANES: usize = 32;

/// The sum of red, green and blue over little-endian pixels of 16 bits, scaled to 8 bits and
/// rounded; a byte after the last pixel is left out.
///
/// `GREEN` is the width of the middle channel, 5 or 6 bits; red and blue have 5.
pub(crate) fn sum_rgb16<const GREEN: u32>(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<{ 2 * LANES }>();
    // 85 pixels of 3 * 255 fit 16 bits.
    let sums = blocks.chunks(85).map(|blocks| {
        let mut sums = [0_u16; LANES];
        for block in blocks {
            for (sum, &pixel) in sums.iter_mut().zip(block.as_chunks().0) {
                *sum += pixel_sum::<GREEN>(u16::from_le_bytes(pixel));
            }
        }
        sums.into_iter().map(u64::from).sum::<u64>()
    });
    let rest = rest.as_chunks().0.iter();
    let rest = rest.map(|&pixel| u64::from(pixel_sum::<GREEN>(u16::from_le_bytes(pixel))));
    sums.sum::<u64>() + rest.sum::<u64>()
}

fn pixel_sum<const GREEN: u32>(pixel: u16) -> u16 {
    let green = pixel >> 5 & ((1 << GREEN) - 1);
    scale::<5>(pixel >> (5 + GREEN) & 31) + scale::<GREEN>(green) + scale::<5>(pixel & 31)
}

/// A value of 5 or 6 bits times 255 / 31 or 255 / 63, rounded.
fn scale<const BITS: u32>(value: u16) -> u16 {
    let (factor, half) = if BITS == 6 { (259, 33) } else { (527, 23) };
    (value * factor + half) >> 6
}

#[cfg(test)]
#[path = "../tests/unit/sum.rs"]
mod tests;
