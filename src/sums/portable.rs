//! The sums in safe code, for any processor.

/// Bytes whose sums still fit 32 bits, in every function here.
const CHUNK: usize = 1 << 16;

pub(super) fn byte_sum(bytes: &[u8]) -> u64 {
    // Words of four at once are twice as fast as single bytes.
    let rest = &bytes[bytes.len() / 4 * 4..];
    masked_sum32(bytes, [255; 4]) + rest.iter().map(|&byte| u64::from(byte)).sum::<u64>()
}

pub(super) fn masked_sum32(bytes: &[u8], keep: [u8; 4]) -> u64 {
    // Two bytes of each group at a time, side by side in one word.
    let keep = u32::from_le_bytes(keep);
    let (even, odd) = (keep & 0x00FF_00FF, keep >> 8 & 0x00FF_00FF);
    let chunk_sum = |chunk: &[[u8; 4]]| {
        let words = chunk.iter().map(|&group| u32::from_le_bytes(group));
        let pairs: u32 = words.map(|word| (word & even) + (word >> 8 & odd)).sum();
        u64::from(pairs & 0xFFFF) + u64::from(pairs >> 16)
    };
    // Of 128 groups each half sums to 128 * 510 at most: 16 bits hold it.
    bytes.as_chunks().0.chunks(128).map(chunk_sum).sum()
}

pub(super) fn table_sum(bytes: &[u8], table: &[u16; 256]) -> u64 {
    let chunk_sum = |chunk: &[u8]| {
        let (words, rest) = chunk.as_chunks::<8>();
        let value = |byte: u64| u32::from(table[(byte & 0xFF) as usize]);
        let mut sums = [0_u32; 4];
        for &word in words {
            let word = u64::from_le_bytes(word);
            sums[0] += value(word) + value(word >> 8);
            sums[1] += value(word >> 16) + value(word >> 24);
            sums[2] += value(word >> 32) + value(word >> 40);
            sums[3] += value(word >> 48) + value(word >> 56);
        }
        let rest = rest
            .iter()
            .map(|&byte| u64::from(value(u64::from(byte))))
            .sum::<u64>();
        sums.into_iter().map(u64::from).sum::<u64>() + rest
    };
    bytes.chunks(CHUNK).map(chunk_sum).sum()
}

/// `GREEN` is the width of the middle channel: 5 or 6 bits.
pub(super) fn sum_rgb<const GREEN: u32>(bytes: &[u8]) -> u64 {
    let chunk_sum = |chunk: &[[u8; 2]]| {
        let pixels = chunk
            .iter()
            .map(|&pixel| u32::from(u16::from_le_bytes(pixel)));
        pixels.map(pixel_sum::<GREEN>).sum::<u32>()
    };
    bytes
        .as_chunks()
        .0
        .chunks(CHUNK)
        .map(|chunk| u64::from(chunk_sum(chunk)))
        .sum()
}

fn pixel_sum<const GREEN: u32>(pixel: u32) -> u32 {
    let red = scale_5(pixel >> (5 + GREEN) & 31);
    let green = pixel >> 5;
    let green = if GREEN == 6 {
        scale_6(green & 63)
    } else {
        scale_5(green & 31)
    };
    red + green + scale_5(pixel & 31)
}

/// `value * 255 / 31`, rounded.
pub(super) fn scale_5(value: u32) -> u32 {
    (value * 527 + 23) >> 6
}

/// `value * 255 / 63`, rounded.
pub(super) fn scale_6(value: u32) -> u32 {
    (value * 259 + 33) >> 6
}
