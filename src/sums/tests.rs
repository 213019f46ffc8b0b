//! Every sum against a loop over single pixels, with every kernel.

use super::{TableSum, byte_sum, masked_sum32, portable, sum_rgb555, sum_rgb565, table_sum};
use crate::turn::Kernel;

/// Bytes without a pattern, at any alignment, of any length to 300 and of
/// some that take every path; also the extremes, which overflow first.
fn for_all_inputs(mut check: impl FnMut(Kernel, &[u8])) {
    let mut state = 1_u32;
    let mut noise = vec![0; 70_000];
    for byte in &mut noise {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    let white = vec![255; 300_000];
    for kernel in Kernel::available() {
        for len in 0..=300 {
            check(kernel, &noise[len % 67..][..len]);
            check(kernel, &white[..len]);
        }
        for start in 0..64 {
            check(kernel, &noise[start..][..4096 + start]);
        }
        check(kernel, &noise);
        check(kernel, &white);
    }
}

#[test]
fn byte_sums_are_exact() {
    for_all_inputs(|kernel, bytes| {
        let expected: u64 = bytes.iter().map(|&byte| u64::from(byte)).sum();
        assert_eq!(
            byte_sum(kernel, bytes),
            expected,
            "{kernel:?}, {} bytes",
            bytes.len()
        );
    });
}

#[test]
fn masked_sums_are_exact() {
    for keep in [
        [255, 255, 255, 0],
        [0, 255, 255, 255],
        [255; 4],
        [0xF8, 0xFC, 0x03, 0x80],
    ] {
        for_all_inputs(|kernel, bytes| {
            let groups = bytes.chunks_exact(4);
            let expected: u64 = groups
                .flat_map(|group| group.iter().zip(keep))
                .map(|(&byte, keep)| u64::from(byte & keep))
                .sum();
            assert_eq!(
                masked_sum32(kernel, bytes, keep),
                expected,
                "{kernel:?}, {} bytes, {keep:?}",
                bytes.len()
            );
        });
    }
}

/// Red, green and blue of all pixels in a byte, for a palette of chance.
fn packed_table(bits: usize, seed: u32) -> [u16; 256] {
    let entry = |index: usize| (index as u32).wrapping_mul(seed) as u16 % 766;
    std::array::from_fn(|byte| {
        (0..8 / bits)
            .map(|pixel| entry(byte >> (pixel * bits) & ((1 << bits) - 1)))
            .sum()
    })
}

#[test]
fn table_sums_are_exact() {
    let grey: [u16; 256] = std::array::from_fn(|byte| 3 * byte as u16);
    let inverted: [u16; 256] = std::array::from_fn(|byte| 765 - 3 * byte as u16);
    let mut tables = vec![grey, inverted, [0; 256], [6120; 256], [65535; 256]];
    // The low half of a byte may count for less when it is larger.
    tables.push(std::array::from_fn(|byte| {
        (15 - (byte as u16 & 15)) * 255 + (byte as u16 >> 4)
    }));
    // Almost grey.
    let mut uneven = grey;
    uneven[255] = 0;
    tables.push(uneven);
    let mut highest = [65535; 256];
    highest[0] = 0;
    tables.push(highest);
    // A palette of 20 colours.
    let mut short = packed_table(8, 40_503);
    short[20..].fill(0);
    tables.push(short);
    for bits in [1, 2, 4, 8] {
        tables.extend([packed_table(bits, 40_503), packed_table(bits, 747)]);
    }
    for table in &tables {
        let prepared = TableSum::new(table);
        for_all_inputs(|kernel, bytes| {
            let expected: u64 = bytes
                .iter()
                .map(|&byte| u64::from(table[usize::from(byte)]))
                .sum();
            let message = || format!("{kernel:?}, {} bytes, {table:?}", bytes.len());
            assert_eq!(prepared.sum(kernel, bytes), expected, "{}", message());
            if bytes.len() < 70 {
                assert_eq!(table_sum(kernel, bytes, table), expected, "{}", message());
            }
        });
    }
}

/// `value * 255 / highest`, rounded, in the obvious way.
fn scaled(value: u16, highest: u16) -> u64 {
    (f64::from(value) * 255.0 / f64::from(highest)).round() as u64
}

#[test]
fn channels_are_scaled_by_rounding() {
    for value in 0..32 {
        assert_eq!(
            u64::from(portable::scale_5(value)),
            scaled(value as u16, 31)
        );
    }
    for value in 0..64 {
        assert_eq!(
            u64::from(portable::scale_6(value)),
            scaled(value as u16, 63)
        );
    }
}

fn pixels(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes
        .chunks_exact(2)
        .map(|pixel| u16::from_le_bytes([pixel[0], pixel[1]]))
}

fn rgb555(pixel: u16) -> u64 {
    scaled(pixel >> 10 & 31, 31) + scaled(pixel >> 5 & 31, 31) + scaled(pixel & 31, 31)
}

fn rgb565(pixel: u16) -> u64 {
    scaled(pixel >> 11, 31) + scaled(pixel >> 5 & 63, 63) + scaled(pixel & 31, 31)
}

#[test]
fn sums_of_16_bit_pixels_are_exact() {
    for_all_inputs(|kernel, bytes| {
        let message = || format!("{kernel:?}, {} bytes", bytes.len());
        let expected: u64 = pixels(bytes).map(rgb555).sum();
        assert_eq!(sum_rgb555(kernel, bytes), expected, "{}", message());
        let expected: u64 = pixels(bytes).map(rgb565).sum();
        assert_eq!(sum_rgb565(kernel, bytes), expected, "{}", message());
    });
}

#[test]
fn every_16_bit_pixel_has_its_sum() {
    for kernel in Kernel::available() {
        for pixel in 0..=u16::MAX {
            // As many as a register holds, so that no kernel falls back.
            let bytes = pixel.to_le_bytes().repeat(32);
            assert_eq!(
                sum_rgb555(kernel, &bytes),
                32 * rgb555(pixel),
                "{kernel:?} {pixel:#06x}"
            );
            assert_eq!(
                sum_rgb565(kernel, &bytes),
                32 * rgb565(pixel),
                "{kernel:?} {pixel:#06x}"
            );
        }
    }
}
