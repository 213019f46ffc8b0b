//! The exact mean of a picture, from its pixels as they lie.

use std::sync::LazyLock;

use super::header::{ChannelMasks, Compression, Header};
use crate::sums::{self, TableSum};
use crate::turn::Kernel;

/// How the samples of packed pixels add up: prepared once per picture.
///
/// A sample is a pixel's red, green or blue as 8 bits; channels of other widths are scaled,
/// `round(v * 255 / max)`. Alpha and unused bits do not count.
pub(crate) struct PixelSum {
    bits_per_pixel: u32,
    rule: Rule,
    /// What a pixel of all zero bits adds: padding has to be taken off again.
    zero_pixel: u64,
}

enum Rule {
    /// Every byte is a sample.
    Bytes,
    /// 32-bit pixels whose channels are whole bytes.
    Masked([u8; 4]),
    /// Up to 8 bits: whole bytes of pixels through a table.
    Table(Box<TableSum>),
    Rgb555,
    Rgb565,
    /// 16-bit pixels through a table of all of them.
    Words(Box<[u16]>),
    /// Anything else with masks.
    Channels(Box<[Channel; 3]>),
    /// 64-bit pixels: s2.13 linear light through a table of all values.
    Linear(&'static [u8]),
}

impl PixelSum {
    /// The rule for the plain pixels of `header`, whose depth is `bits_per_pixel`.
    pub(crate) fn new(header: &Header, bits_per_pixel: u32) -> Self {
        let masks = header.channel_masks;
        let rule = match bits_per_pixel {
            1..=8 => Rule::Table(Box::new(TableSum::new(&index_table(
                &header.palette,
                bits_per_pixel,
            )))),
            16 => match (masks.red, masks.green, masks.blue) {
                (0x7c00, 0x03e0, 0x001f) => Rule::Rgb555,
                (0xf800, 0x07e0, 0x001f) => Rule::Rgb565,
                // A table of all pixels pays from about as many pixels on.
                _ if u64::from(header.width) * u64::from(header.height) >= 1 << 16 => {
                    Rule::Words(word_table(masks))
                }
                _ => Rule::Channels(Box::new(
                    [masks.red, masks.green, masks.blue].map(Channel::new),
                )),
            },
            64 => Rule::Linear(linear_table()),
            // An embedded picture's pixels have no masks but their own order.
            24 if header.compression != Compression::BitFields
                && header.compression != Compression::AlphaBitFields =>
            {
                Rule::Bytes
            }
            _ => whole_bytes(masks).map_or_else(
                || {
                    Rule::Channels(Box::new(
                        [masks.red, masks.green, masks.blue].map(Channel::new),
                    ))
                },
                |keep| match bits_per_pixel {
                    24 if keep == [0xff, 0xff, 0xff, 0] => Rule::Bytes,
                    32 => Rule::Masked(keep),
                    _ => Rule::Channels(Box::new(
                        [masks.red, masks.green, masks.blue].map(Channel::new),
                    )),
                },
            ),
        };
        let zero_pixel = match (&rule, header.palette.first()) {
            (Rule::Table(_), Some(entry)) => entry.iter().map(|&v| u64::from(v)).sum(),
            _ => 0,
        };
        Self {
            bits_per_pixel,
            rule,
            zero_pixel,
        }
    }

    /// The sum over `rows` rows of `width` pixels, whose padding up to `stride_bytes` is zero.
    pub(crate) fn sum(
        &self,
        kernel: Kernel,
        bytes: &[u8],
        width: usize,
        stride_bytes: usize,
    ) -> u64 {
        let all = match &self.rule {
            Rule::Bytes => sums::byte_sum(kernel, bytes),
            Rule::Masked(keep) => sums::masked_sum32(kernel, bytes, *keep),
            Rule::Table(table) => table.sum(kernel, bytes),
            Rule::Rgb555 => sums::sum_rgb555(kernel, bytes),
            Rule::Rgb565 => sums::sum_rgb565(kernel, bytes),
            Rule::Words(table) => bytes
                .chunks_exact(2)
                .map(|pixel| {
                    u64::from(table[usize::from(u16::from_le_bytes([pixel[0], pixel[1]]))])
                })
                .sum(),
            Rule::Channels(channels) => {
                let pixel_bytes = self.bits_per_pixel as usize / 8;
                bytes
                    .chunks_exact(stride_bytes)
                    .flat_map(|row| row[..width * pixel_bytes].chunks_exact(pixel_bytes))
                    .map(|pixel| {
                        let mut word = [0; 4];
                        word[..pixel_bytes].copy_from_slice(pixel);
                        let word = u32::from_le_bytes(word);
                        channels
                            .iter()
                            .map(|channel| u64::from(channel.sample(word)))
                            .sum::<u64>()
                    })
                    .sum()
            }
            Rule::Linear(table) => bytes
                .chunks_exact(8)
                .map(|pixel| {
                    [0, 2, 4]
                        .iter()
                        .map(|&at| {
                            u64::from(
                                table[usize::from(u16::from_le_bytes([pixel[at], pixel[at + 1]]))],
                            )
                        })
                        .sum::<u64>()
                })
                .sum(),
        };
        if self.zero_pixel == 0 {
            return all;
        }
        let rows = bytes.len() / stride_bytes;
        let phantom = stride_bytes * 8 / self.bits_per_pixel as usize - width;
        all - self.zero_pixel * (rows as u64) * (phantom as u64)
    }
}

/// The mean of a picture whose samples add up to `sum`: one division in double precision.
pub(crate) fn mean(sum: u64, width: u32, height: u32) -> f64 {
    let samples = u128::from(width) * u128::from(height) * 3;
    sum as f64 / samples as f64
}

/// For every value of a byte, the sum over the pixels packed in it.
fn index_table(palette: &[[u8; 3]], bits_per_pixel: u32) -> [u16; 256] {
    let sample = |index: usize| {
        palette
            .get(index)
            .map_or(0, |entry| entry.iter().map(|&v| u16::from(v)).sum())
    };
    let mask = (1_usize << bits_per_pixel) - 1;
    std::array::from_fn(|byte| {
        (0..8 / bits_per_pixel)
            .map(|pixel| sample((byte >> (pixel * bits_per_pixel)) & mask))
            .sum()
    })
}

/// For every 16-bit pixel, the sum of its samples.
fn word_table(masks: ChannelMasks) -> Box<[u16]> {
    let channels = [masks.red, masks.green, masks.blue].map(Channel::new);
    (0..=u32::from(u16::MAX))
        .map(|word| {
            channels
                .iter()
                .map(|channel| u16::from(channel.sample(word)))
                .sum()
        })
        .collect()
}

/// Which bytes of a little-endian pixel are samples, if the channels are distinct whole bytes.
fn whole_bytes(masks: ChannelMasks) -> Option<[u8; 4]> {
    let mut keep = 0;
    for mask in [masks.red, masks.green, masks.blue] {
        if !matches!(mask, 0xff | 0xff00 | 0x00ff_0000 | 0xff00_0000) || keep & mask != 0 {
            return None;
        }
        keep |= mask;
    }
    Some(keep.to_le_bytes())
}

/// One channel of pixels of up to 32 bits.
pub(super) struct Channel {
    mask: u32,
    shift: u32,
    max: u64,
    contiguous: bool,
}

impl Channel {
    pub(super) fn new(mask: u32) -> Self {
        let shift = if mask == 0 { 0 } else { mask.trailing_zeros() };
        let top = mask >> shift;
        Self {
            mask,
            shift,
            max: (1_u64 << mask.count_ones()) - 1,
            contiguous: top & top.wrapping_add(1) == 0,
        }
    }

    /// The channel's value scaled to 8 bits.
    pub(super) fn sample(&self, word: u32) -> u8 {
        if self.mask == 0 {
            return 0;
        }
        let value = if self.contiguous {
            u64::from((word & self.mask) >> self.shift)
        } else {
            self.gathered(word)
        };
        ((value * 510 + self.max) / (2 * self.max)) as u8
    }

    /// The value of a mask with holes: its bits drawn together.
    fn gathered(&self, word: u32) -> u64 {
        let bits = (0..32).filter(|bit| self.mask >> bit & 1 == 1);
        bits.enumerate()
            .map(|(at, bit)| u64::from(word >> bit & 1) << at)
            .sum()
    }
}

/// For every s2.13 fixed-point value of linear light, its 8-bit sRGB sample (IEC 61966-2-1).
pub(super) fn linear_table() -> &'static [u8] {
    static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        (0..=u16::MAX)
            .map(|bits| {
                let linear = (f64::from(bits as i16) / 8192.0).clamp(0.0, 1.0);
                let encoded = if linear <= 0.003_130_8 {
                    12.92 * linear
                } else {
                    1.055 * linear.powf(1.0 / 2.4) - 0.055
                };
                (encoded * 255.0).round() as u8
            })
            .collect()
    });
    &TABLE
}
