use super::*;

/// The header of a picture of 3 columns with these masks, or this palette of 4-byte entries.
fn header(bits_per_pixel: u16, masks: Option<[u32; 3]>, palette: &[u8]) -> Header {
    let mut bytes = vec![0; 66];
    bytes[..2].copy_from_slice(b"BM");
    bytes[14] = 40;
    bytes[18] = 3;
    bytes[22] = 2;
    bytes[28..30].copy_from_slice(&bits_per_pixel.to_le_bytes());
    bytes[46] = (palette.len() / 4) as u8;
    if let Some(masks) = masks {
        bytes[30] = 3;
        bytes[54..].copy_from_slice(&masks.map(u32::to_le_bytes).concat());
    } else {
        bytes.truncate(54);
    }
    bytes.extend(palette);
    let size = bytes.len() as u64;
    Header::parse(&bytes, size).unwrap()
}

/// The sum is that of single pixels, whose right samples `expected` gives.
fn check(header: &Header, bits: u32, expected: impl Fn(u64) -> [u8; 3]) {
    let samples = Samples::new(header, bits);
    let stride = (3 * bits as usize).div_ceil(32) * 4;
    let mut random = 1_u64;
    for rows in [1, 2, 99] {
        let mut bytes = vec![0; rows * stride];
        let mut sum = 0;
        for row in bytes.chunks_exact_mut(stride) {
            for column in 0..3 {
                random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                let pixel = random >> 32 << 32 | random >> 32;
                let pixel = if bits == 64 {
                    pixel
                } else {
                    pixel & ((1 << bits) - 1)
                };
                if bits < 8 {
                    let shift = 8 - bits as usize - column * bits as usize % 8;
                    row[column * bits as usize / 8] |= (pixel as u8) << shift;
                } else {
                    let step = bits as usize / 8;
                    row[column * step..][..step].copy_from_slice(&pixel.to_le_bytes()[..step]);
                }
                assert_eq!(samples.rgb(row, column), expected(pixel));
                sum += u64::from(sum_of(expected(pixel)));
            }
        }
        assert_eq!(samples.sum(&bytes, 3, stride), sum, "{bits}");
    }
}

#[test]
fn indices_have_their_palette_and_are_black_without() {
    for bits in [1, 2, 4, 8] {
        let palette: Vec<u8> = (0..8).map(|at| 255 - 9 * at).collect();
        let header = header(bits as u16, None, &palette);
        check(&header, bits, |index| match index {
            0 => [237, 246, 255],
            1 => [201, 210, 219],
            _ => [0; 3],
        });
    }
}

#[test]
fn masks_of_all_kinds_scale_to_8_bits_rounded() {
    let all = [
        (16, [0x7c00, 0x03e0, 0x1f]),
        (16, [0xf800, 0x07e0, 0x1f]),
        (16, [0x0f00, 0x00f0, 0x0f]),
        (16, [0xf80f, 0x07f0, 0]),
        (24, [0xff, 0xff00, 0x00ff_0000]),
        (24, [0x00f8_0000, 0x07_0000, 0xffff]),
        (32, [0xff00_0000, 0x00ff_0000, 0xff00]),
        (32, [0x3ff0_0000, 0x000f_fc00, 0x03ff]),
        (32, [0xff, 0xff, 0xff00]),
        (32, [0xffe0_0000, 0x001f_fc00, 1]),
        (32, [u32::MAX, 0xfff0_0000, 0x5555_5555]),
    ];
    for (bits, masks) in all {
        check(&header(bits, Some(masks), &[]), u32::from(bits), |pixel| {
            masks.map(|mask| {
                let (mut value, mut max) = (0.0, 0.0);
                for bit in (0..32).rev().filter(|bit| mask >> bit & 1 == 1) {
                    value = value * 2.0 + (pixel >> bit & 1) as f64;
                    max = max * 2.0 + 1.0;
                }
                (value * 255.0 / f64::max(max, 1.0)).round() as u8
            })
        });
    }
}

#[test]
fn plain_bytes_are_samples_and_linear_light_is_encoded() {
    for bits in [24, 32] {
        let bytes = |pixel: u64| [16, 8, 0].map(|shift| (pixel >> shift) as u8);
        check(&header(bits, None, &[]), u32::from(bits), bytes);
    }
    check(&header(64, None, &[]), 64, |pixel| {
        [32, 16, 0].map(|shift| {
            let linear = f64::from((pixel >> shift) as i16) / 8192.0;
            let linear = linear.clamp(0.0, 1.0);
            let encoded = if linear <= 0.003_130_8 {
                linear * 12.92
            } else {
                linear.powf(1.0 / 2.4) * 1.055 - 0.055
            };
            (encoded * 255.0).round() as u8
        })
    });
}

#[test]
fn channels_are_scaled_exactly() {
    for bits in 1..=13 {
        let max = (1_u32 << bits) - 1;
        let channel = Channel::new(max << 7);
        for value in 0..=max {
            let sample = channel.sample(value << 7 | 1);
            assert_eq!(sample, (value * 510 + max) / (2 * max));
        }
    }
}

#[test]
fn a_mean_is_divided_once() {
    assert_eq!(mean(10, 1, 1).to_bits(), (10.0_f64 / 3.0).to_bits());
    let large = mean(1 << 40, 1 << 31, 1 << 31);
    assert_eq!(large.to_bits(), (1.0 / 3.0 / f64::from(1 << 22)).to_bits());
}
