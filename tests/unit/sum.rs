use super::*;

/// Bytes without a pattern, at any alignment, of any length to 300 and of some that take
/// every path; also the extremes, which overflow first.
fn for_all_inputs(check: impl Fn(&[u8])) {
    let mut state = 1_u32;
    let mut noise = vec![0; 70_000];
    for byte in &mut noise {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    let white = vec![255; 300_000];
    for len in 0..=300 {
        check(&noise[len % 67..][..len]);
        check(&white[..len]);
    }
    for start in 0..64 {
        check(&noise[start..][..4096 + start]);
    }
    check(&noise);
    check(&white);
}

#[test]
fn byte_sums_are_exact() {
    for_all_inputs(|bytes| {
        let expected: u64 = bytes.iter().map(|&byte| u64::from(byte)).sum();
        assert_eq!(byte_sum(bytes), expected, "{} bytes", bytes.len());
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
        for_all_inputs(|bytes| {
            let groups = bytes.chunks_exact(4);
            let expected: u64 = groups
                .flat_map(|group| group.iter().zip(keep))
                .map(|(&byte, keep)| u64::from(byte & keep))
                .sum();
            let message = format!("{} bytes, {keep:?}", bytes.len());
            assert_eq!(masked_sum(bytes, keep), expected, "{message}");
        });
    }
}

#[test]
fn table_sums_are_exact() {
    let grey: [u16; 256] = std::array::from_fn(|byte| 3 * byte as u16);
    let inverted = grey.map(|value| 765 - value);
    let mut almost_grey = grey;
    almost_grey[255] = 0;
    let mut highest = [65535; 256];
    highest[0] = 0;
    let mut tables = vec![grey, inverted, almost_grey, highest];
    tables.extend([[0; 256], [6120; 256], [65535; 256]]);
    // Palettes of chance, of 1, 2, 4 and 8 bits per pixel.
    tables.extend([1, 2, 4, 8].map(|bits| {
        let entry = |index: usize| (index as u32).wrapping_mul(40_503) as u16 % 766;
        std::array::from_fn(|byte| {
            (0..8 / bits)
                .map(|pixel| entry(byte >> (pixel * bits) & ((1 << bits) - 1)))
                .sum()
        })
    }));
    for table in &tables {
        for_all_inputs(|bytes| {
            let values = bytes.iter().map(|&byte| table[usize::from(byte)]);
            let expected: u64 = values.map(u64::from).sum();
            let message = || format!("{} bytes, {table:?}", bytes.len());
            assert_eq!(table_sum(bytes, table), expected, "{}", message());
        });
    }
}

/// `value * 255 / highest`, rounded, in the obvious way.
fn scaled(value: u16, highest: u16) -> u64 {
    (f64::from(value) * 255.0 / f64::from(highest)).round() as u64
}

fn rgb555(pixel: u16) -> u64 {
    scaled(pixel >> 10 & 31, 31) + scaled(pixel >> 5 & 31, 31) + scaled(pixel & 31, 31)
}

fn rgb565(pixel: u16) -> u64 {
    scaled(pixel >> 11, 31) + scaled(pixel >> 5 & 63, 63) + scaled(pixel & 31, 31)
}

#[test]
fn sums_of_16_bit_pixels_are_exact() {
    for_all_inputs(|bytes| {
        let pixels = bytes.as_chunks().0.iter();
        let pixels = pixels.map(|&pixel| u16::from_le_bytes(pixel));
        let expected: u64 = pixels.clone().map(rgb555).sum();
        assert_eq!(sum_rgb16::<5>(bytes), expected, "{} bytes", bytes.len());
        let expected: u64 = pixels.map(rgb565).sum();
        assert_eq!(sum_rgb16::<6>(bytes), expected, "{} bytes", bytes.len());
    });
}

#[test]
fn every_16_bit_pixel_has_its_sum() {
    for pixel in 0..=u16::MAX {
        // Alone, and among as many as are summed side by side.
        for count in [1, LANES] {
            let bytes = pixel.to_le_bytes().repeat(count);
            let count = count as u64;
            assert_eq!(
                sum_rgb16::<5>(&bytes),
                count * rgb555(pixel),
                "{pixel:#06x}"
            );
            assert_eq!(
                sum_rgb16::<6>(&bytes),
                count * rgb565(pixel),
                "{pixel:#06x}"
            );
        }
    }
}
