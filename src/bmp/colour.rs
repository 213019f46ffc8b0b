//! The colour of single pixels, for looking at a picture.

use std::ops::Range;

use super::header::{Compression, Header};
use super::mean::{Channel, linear_table};

/// Red, green and blue, from the lowest byte up; the highest is 0.
pub(crate) type Colour = u32;

fn colour([red, green, blue]: [u8; 3]) -> Colour {
    u32::from_le_bytes([red, green, blue, 0])
}

/// How plain pixels become red, green and blue of 8 bits each: as the mean counts them, without
/// alpha.
pub(crate) struct Colours {
    bits_per_pixel: u32,
    rule: Rule,
}

enum Rule {
    /// Black where the file's palette has no entry.
    Palette(Box<[Colour; 256]>),
    /// Blue, green and red bytes.
    Bytes,
    Channels(Box<[Channel; 3]>),
    /// 64-bit pixels.
    Linear(&'static [u8]),
}

impl Colours {
    /// The rule for the plain pixels of `header`, whose depth is `bits_per_pixel`.
    pub(crate) fn new(header: &Header, bits_per_pixel: u32) -> Self {
        let masks = header.channel_masks;
        let masked = matches!(
            header.compression,
            Compression::BitFields | Compression::AlphaBitFields
        );
        let rule = match bits_per_pixel {
            ..=8 => {
                let mut palette = Box::new([0; 256]);
                for (entry, &rgb) in palette.iter_mut().zip(&header.palette) {
                    *entry = colour(rgb);
                }
                Rule::Palette(palette)
            }
            64 => Rule::Linear(linear_table()),
            24 | 32 if !masked => Rule::Bytes,
            _ => Rule::Channels(Box::new(
                [masks.red, masks.green, masks.blue].map(Channel::new),
            )),
        };
        Self {
            bits_per_pixel,
            rule,
        }
    }

    /// The bytes of a row in which pixel `column` stands.
    pub(crate) fn place(&self, column: u32) -> Range<usize> {
        let (column, bits) = (column as usize, self.bits_per_pixel as usize);
        column * bits / 8..((column + 1) * bits).div_ceil(8)
    }

    /// The first pixel that [`place`](Self::place) has a part of.
    pub(crate) fn first_of(&self, column: u32) -> u32 {
        let pixels = 8 / self.bits_per_pixel;
        if pixels > 1 {
            column / pixels * pixels
        } else {
            column
        }
    }

    /// Puts some pixels of `row` into `out`.
    pub(crate) fn pick(&self, row: &[u8], columns: &[u32], out: &mut [Colour]) {
        let bits = self.bits_per_pixel as usize;
        let step = bits / 8;
        let pixels = columns.iter().map(|&column| column as usize).zip(&mut *out);
        match &self.rule {
            Rule::Palette(palette) if bits == 8 => {
                for (column, out) in pixels {
                    *out = palette[usize::from(row[column])];
                }
            }
            Rule::Palette(palette) => {
                let most = (1_u8 << bits) - 1;
                for (column, out) in pixels {
                    // The first pixel of a byte has its highest bits.
                    let shift = 8 - bits - column * bits % 8;
                    *out = palette[usize::from(row[column * bits / 8] >> shift & most)];
                }
            }
            Rule::Bytes => {
                for (column, out) in pixels {
                    let pixel = &row[column * step..column * step + 3];
                    *out = colour([pixel[2], pixel[1], pixel[0]]);
                }
            }
            Rule::Channels(channels) => {
                for (column, out) in pixels {
                    let mut word = [0; 4];
                    word[..step].copy_from_slice(&row[column * step..(column + 1) * step]);
                    let word = u32::from_le_bytes(word);
                    *out = colour([0, 1, 2].map(|at| channels[at].sample(word)));
                }
            }
            Rule::Linear(table) => {
                for (column, out) in pixels {
                    let pixel = &row[column * step..column * step + 6];
                    let sample = |at: usize| {
                        table[usize::from(u16::from_le_bytes([pixel[at], pixel[at + 1]]))]
                    };
                    *out = colour([sample(4), sample(2), sample(0)]);
                }
            }
        }
    }
}
