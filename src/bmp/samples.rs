//! What 8-bit red, green and blue a pixel has: one rule for the mean and for looking at a picture.

use super::header::{ChannelMasks, Header};
use crate::sum;

/// The samples of uncompressed pixels: prepared once per picture.
///
/// A sample is a pixel's red, green or blue as 8 bits; channels of other widths are scaled,
/// `round(v * 255 / max)`. Alpha and unused bits do not count; an index without a palette entry is
/// black.
pub(crate) struct Samples {
    bits_per_pixel: u32,
    rule: Rule,
}

enum Rule {
    /// Up to 8 bits: for every index its colour, and for every byte of pixels the sum of theirs.
    Palette {
        colours: Box<[[u8; 3]; 256]>,
        byte_sums: Box<[u16; 256]>,
    },
    /// 16 to 32 bits: red, green and blue.
    Channels([Channel; 3]),
    /// 64 bits, s2.13 linear light: the samples of 0 to 1.
    Linear(Box<[u8]>),
}

impl Samples {
    /// The rule for the pixels of `header`, whose depth once they are uncompressed is
    /// `bits_per_pixel`.
    pub(crate) fn new(header: &Header, bits_per_pixel: u32) -> Self {
        // Pixels that were decoded from an embedded picture have bytes in the usual order.
        let masks = if header.compression.is_uncompressed() {
            header.channel_masks
        } else {
            ChannelMasks::RGB888
        };
        let rule = match bits_per_pixel {
            ..=8 => palette_rule(&header.palette, bits_per_pixel),
            64 => Rule::Linear(linear_table()),
            _ => Rule::Channels([masks.red, masks.green, masks.blue].map(Channel::new)),
        };
        Self {
            bits_per_pixel,
            rule,
        }
    }

    /// The sum over rows of `width` pixels, whose padding up to `stride_bytes` is zero.
    pub(crate) fn sum(&self, rows: &[u8], width: usize, stride_bytes: usize) -> u64 {
        match &self.rule {
            Rule::Palette { colours, byte_sums } => {
                let padding = stride_bytes * 8 / self.bits_per_pixel as usize - width;
                let padding = padding as u64 * (rows.len() / stride_bytes) as u64;
                // The padding reads as pixels of index 0, which need not be black.
                sum::table_sum(rows, byte_sums) - padding * u64::from(sum_of(colours[0]))
            }
            Rule::Channels(channels) => {
                let masks = channels.each_ref().map(|channel| channel.mask);
                match (self.bits_per_pixel, masks, whole_bytes(masks)) {
                    (16, [0x7c00, 0x03e0, 0x001f], _) => sum::sum_rgb16::<5>(rows),
                    (16, [0xf800, 0x07e0, 0x001f], _) => sum::sum_rgb16::<6>(rows),
                    (24, _, Some([0xff, 0xff, 0xff, 0])) => sum::byte_sum(rows),
                    (32, _, Some(keep)) => sum::masked_sum(rows, keep),
                    (16, ..) => rows_sum::<2>(channels, rows, stride_bytes),
                    (24, ..) => rows_sum::<3>(channels, rows, stride_bytes),
                    _ => rows_sum::<4>(channels, rows, stride_bytes),
                }
            }
            Rule::Linear(table) => {
                let pixels = rows.chunks_exact(8);
                let sums = pixels.map(|pixel| u64::from(sum_of(linear_rgb(table, pixel))));
                sums.sum()
            }
        }
    }

    /// Red, green and blue of the pixel in `column` of a row.
    pub(crate) fn rgb(&self, row: &[u8], column: usize) -> [u8; 3] {
        let bits = self.bits_per_pixel as usize;
        let bytes = &row[column * bits / 8..];
        match &self.rule {
            Rule::Palette { colours, .. } => {
                // The first pixel of a byte has its highest bits.
                let shift = 8 - bits - column * bits % 8;
                let index = usize::from(bytes[0]) >> shift & ((1 << bits) - 1);
                colours[index]
            }
            Rule::Channels(channels) => {
                let mut word = [0; 4];
                word[..bits / 8].copy_from_slice(&bytes[..bits / 8]);
                let word = u32::from_le_bytes(word);
                channels
                    .each_ref()
                    .map(|channel| channel.sample(word) as u8)
            }
            Rule::Linear(table) => linear_rgb(table, bytes),
        }
    }
}

/// The mean of a picture whose samples add up to `sum`: one division in double precision.
pub(crate) fn mean(sum: u64, width: u32, height: u32) -> f64 {
    let samples = u128::from(width) * u128::from(height) * 3;
    sum as f64 / samples as f64
}

fn sum_of(rgb: [u8; 3]) -> u16 {
    rgb.into_iter().map(u16::from).sum()
}

fn palette_rule(palette: &[[u8; 3]], bits_per_pixel: u32) -> Rule {
    let entry = |index| palette.get(index).copied().unwrap_or_default();
    let colours: Box<[_; 256]> = Box::new(std::array::from_fn(entry));
    let mask = (1_usize << bits_per_pixel) - 1;
    let byte_sums = std::array::from_fn(|byte| {
        (0..8 / bits_per_pixel)
            .map(|pixel| sum_of(colours[byte >> (pixel * bits_per_pixel) & mask]))
            .sum()
    });
    Rule::Palette {
        colours,
        byte_sums: Box::new(byte_sums),
    }
}

/// Which bytes of a little-endian pixel are samples, if the channels are distinct whole bytes.
fn whole_bytes(masks: [u32; 3]) -> Option<[u8; 4]> {
    let mut keep = 0;
    for mask in masks {
        if !matches!(mask, 0xff | 0xff00 | 0x00ff_0000 | 0xff00_0000) || keep & mask != 0 {
            return None;
        }
        keep |= mask;
    }
    Some(keep.to_le_bytes())
}

/// The sum over pixels of so many bytes. What pads a row reads as pixels without light.
fn rows_sum<const BYTES: usize>(channels: &[Channel; 3], rows: &[u8], stride_bytes: usize) -> u64 {
    let [red, green, blue] = channels;
    let pixel_sum = |pixel: &[u8; BYTES]| {
        let mut word = [0; 4];
        word[..BYTES].copy_from_slice(pixel);
        let word = u32::from_le_bytes(word);
        u64::from(red.sample(word) + green.sample(word) + blue.sample(word))
    };
    let row_sum = |row: &[u8]| row.as_chunks().0.iter().map(pixel_sum).sum::<u64>();
    rows.chunks_exact(stride_bytes).map(row_sum).sum()
}

/// One channel of pixels of up to 32 bits.
struct Channel {
    mask: u32,
    shift: u32,
    /// For up to 11 adjacent bits, 255 / the largest value in 24 fractional bits, rounded up: with
    /// it a multiplication scales as exactly as a division does, in a fifth of the time. Else 0.
    factor: u32,
}

impl Channel {
    fn new(mask: u32) -> Self {
        let shift = mask.trailing_zeros() % 32;
        let factor = match mask >> shift {
            max @ 1..0x800 if (max + 1).is_power_of_two() => (255_u32 << 24).div_ceil(max),
            _ => 0,
        };
        Self {
            mask,
            shift,
            factor,
        }
    }

    /// The channel's value scaled to 8 bits.
    fn sample(&self, word: u32) -> u32 {
        if self.factor != 0 {
            let value = (word & self.mask) >> self.shift;
            // At most 255.5 times 2^24.
            return value.wrapping_mul(self.factor).wrapping_add(1 << 23) >> 24;
        }
        // Of more bits, or with holes between them: hardly ever written. They are drawn together.
        let (mut value, mut max) = (0, 0);
        for bit in (0..32).rev().filter(|bit| self.mask >> bit & 1 == 1) {
            value = value << 1 | u64::from(word >> bit & 1);
            max = max << 1 | 1;
        }
        // A channel of no bits is always 0.
        ((value * 510 + max) / (2 * max).max(1)) as u32
    }
}

/// For s2.13 fixed-point values of linear light from 0 to 1, their 8-bit sRGB samples
/// (IEC 61966-2-1).
fn linear_table() -> Box<[u8]> {
    (0..=1 << 13)
        .map(|value| {
            let linear = f64::from(value) / f64::from(1 << 13);
            let encoded = if linear <= 0.003_130_8 {
                12.92 * linear
            } else {
                1.055 * linear.powf(1.0 / 2.4) - 0.055
            };
            (encoded * 255.0).round() as u8
        })
        .collect()
}

/// Red, green and blue of a 64-bit pixel: blue, green, red and alpha of 16 bits each.
fn linear_rgb(table: &[u8], pixel: &[u8]) -> [u8; 3] {
    [4, 2, 0].map(|at| {
        let value = i16::from_le_bytes([pixel[at], pixel[at + 1]]);
        // Less than no light is none, and more than all of it is white.
        table[usize::try_from(value).unwrap_or(0).min(table.len() - 1)]
    })
}

#[cfg(test)]
#[path = "../../tests/unit/samples.rs"]
mod tests;
