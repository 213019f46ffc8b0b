//! From coefficients to colours: the inverse transform, missing samples, red, green and blue.
//!
//! Every step is that of the library of the Independent JPEG Group in its usual settings (the
//! accurate integer transform, triangular interpolation of halved components), to the last bit, so
//! that a picture is what nearly every program shows.

use super::entropy::Block;
use super::markers::{Component, Frame};

/// The samples of a component, row after row, whole blocks of them.
pub(super) struct Plane {
    pub(super) samples: Vec<u8>,
    stride: usize,
    width: usize,
    height: usize,
    /// How many samples of the picture one of these stands for.
    across: Spread,
    down: Spread,
}

/// A sampling factor over the largest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spread {
    own: usize,
    most: usize,
}

impl Spread {
    fn is_one(self) -> bool {
        self.own == self.most
    }

    fn is_two(self) -> bool {
        2 * self.own == self.most
    }
}

impl Plane {
    /// A plane for `component`, in the memory of `samples`, which has room for it.
    pub(super) fn new(frame: &Frame, component: &Component, mut samples: Vec<u8>) -> Self {
        samples.resize(component.padded_blocks() * 64, 0);
        Self {
            samples,
            stride: component.padded_across * 8,
            width: component.width,
            height: component.height,
            across: Spread {
                own: component.across,
                most: frame.across,
            },
            down: Spread {
                own: component.down,
                most: frame.down,
            },
        }
    }

    /// Fills the block in this column and row of blocks.
    pub(super) fn put(&mut self, column: usize, row: usize, block: &Block, table: &[u16; 64]) {
        let start = row * 8 * self.stride + column * 8;
        inverse_transform(block, table, &mut self.samples[start..], self.stride);
    }

    fn row(&self, row: usize) -> &[u8] {
        let start = row * self.stride;
        &self.samples[start..start + self.width]
    }

    /// Row `y` of the picture, with samples put between those that there are. `sums` is for use
    /// in between; both are as long as a row of the picture and a sample more.
    fn spread(&self, y: usize, sums: &mut [u16], out: &mut [u8]) {
        let halved = self.across.is_two() && self.width > 2;
        let row = |y: usize| self.row(y.min(self.height - 1));
        // The row that lies nearest to this one on its other side.
        let beside = if y.is_multiple_of(2) {
            (y / 2).saturating_sub(1)
        } else {
            y / 2 + 1
        };
        match (halved, self.down) {
            (false, down) if self.across.is_one() && down.is_one() => {
                out[..self.width].copy_from_slice(row(y));
            }
            (false, down) if self.across.is_one() && down.is_two() => {
                let bias = 1 + (y % 2) as u16;
                for ((out, &near), &far) in out.iter_mut().zip(row(y / 2)).zip(row(beside)) {
                    *out = ((u16::from(near) * 3 + u16::from(far) + bias) >> 2) as u8;
                }
            }
            (true, down) if down.is_one() => {
                let near = row(y);
                let sums = &mut sums[..near.len()];
                for (sum, &near) in sums.iter_mut().zip(near) {
                    *sum = u16::from(near);
                }
                spread_across(sums, [1, 2], 2, out);
            }
            (true, down) if down.is_two() => {
                let (near, far) = (row(y / 2), row(beside));
                let sums = &mut sums[..near.len()];
                for ((sum, &near), &far) in sums.iter_mut().zip(near).zip(far) {
                    *sum = u16::from(near) * 3 + u16::from(far);
                }
                spread_across(sums, [8, 7], 4, out);
            }
            _ => {
                let row = row(y * self.down.own / self.down.most);
                for (x, out) in out.iter_mut().enumerate() {
                    let x = x * self.across.own / self.across.most;
                    *out = row[x.min(self.width - 1)];
                }
            }
        }
    }
}

/// Two samples for each: three parts of it and one of its neighbour on that side, rounded by the
/// two biases in turn. `shift` is the base-2 logarithm of all parts together.
fn spread_across(sums: &[u16], bias: [u16; 2], shift: u32, out: &mut [u8]) {
    let last = sums.len() - 1;
    for (x, pair) in out.chunks_mut(2).enumerate().take(sums.len()) {
        let own = sums[x] * 3;
        let left = sums[x.saturating_sub(1)];
        let right = sums[(x + 1).min(last)];
        pair[0] = ((own + left + bias[0]) >> shift) as u8;
        if let Some(second) = pair.get_mut(1) {
            *second = ((own + right + bias[1]) >> shift) as u8;
        }
    }
}

/// What the components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Grey,
    Rgb,
    YCbCr,
    /// As Adobe's programs store it: 255 is no ink.
    Cmyk,
    /// The same, in the place of which the first three are YCbCr.
    Ycck,
}

/// All components, ready to be read row by row.
pub(super) struct Picture {
    pub(super) planes: Vec<Plane>,
    pub(super) colours: Colours,
    pub(super) width: usize,
    /// Memory for rows: one for each component.
    pub(super) rows: Vec<Vec<u8>>,
    pub(super) sums: Vec<u16>,
}

impl Picture {
    /// Calls `put` with the column and the red, green and blue of each pixel of row `y`.
    pub(super) fn row(&mut self, y: usize, mut put: impl FnMut(usize, [u8; 3])) {
        for (plane, row) in self.planes.iter().zip(&mut self.rows) {
            plane.spread(y, &mut self.sums, row);
        }
        let width = self.width;
        match (self.colours, &self.rows[..]) {
            (Colours::Grey, [grey, ..]) => {
                for (x, &grey) in grey[..width].iter().enumerate() {
                    put(x, [grey; 3]);
                }
            }
            (Colours::Rgb, [red, green, blue, ..]) => {
                for x in 0..width {
                    put(x, [red[x], green[x], blue[x]]);
                }
            }
            (Colours::YCbCr, [y, cb, cr, ..]) => {
                for x in 0..width {
                    put(x, rgb(y[x], cb[x], cr[x]));
                }
            }
            (colours, [first, second, third, black]) => {
                for x in 0..width {
                    let ink = if colours == Colours::Ycck {
                        rgb(first[x], second[x], third[x]).map(|sample| 255 - sample)
                    } else {
                        [first[x], second[x], third[x]]
                    };
                    put(x, ink.map(|sample| product(sample, black[x])));
                }
            }
            _ => {}
        }
    }
}

/// The product of two samples of which 255 is one, rounded.
fn product(one: u8, other: u8) -> u8 {
    ((u32::from(one) * u32::from(other) * 2 + 255) / 510) as u8
}

/// Red, green and blue of luma and chroma (JFIF 1.02), in 16 bits behind the point.
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((91_881 * cr + HALF) >> 16);
    let green = y + ((-22_554 * cb - 46_802 * cr + HALF) >> 16);
    let blue = y + ((116_130 * cb + HALF) >> 16);
    [red, green, blue].map(|sample| sample.clamp(0, 255) as u8)
}

/// Bits behind the point of the factors, and of what the columns leave for the rows.
const FACTOR_BITS: u32 = 13;
const COLUMN_BITS: u32 = 2;

/// The inverse cosine transform after Loeffler, Ligtenberg and Moschytz ("Practical fast 1-D DCT
/// algorithms with 11 multiplications", 1989), in integers.
fn inverse_transform(block: &Block, table: &[u16; 64], out: &mut [u8], stride: usize) {
    let mut work = [0_i32; 64];
    for column in 0..8 {
        let input = std::array::from_fn(|row| {
            let at = row * 8 + column;
            i32::from(block[at]).wrapping_mul(i32::from(table[at]))
        });
        let done = transform_8(input, FACTOR_BITS - COLUMN_BITS);
        for (row, value) in done.into_iter().enumerate() {
            work[row * 8 + column] = value;
        }
    }
    for (row, values) in work.as_chunks::<8>().0.iter().enumerate() {
        let done = transform_8(*values, FACTOR_BITS + COLUMN_BITS + 3);
        let out = &mut out[row * stride..][..8];
        for (out, value) in out.iter_mut().zip(done) {
            *out = value.saturating_add(128).clamp(0, 255) as u8;
        }
    }
}

/// Eight values, transformed and shifted right by `shift`, rounded.
fn transform_8(input: [i32; 8], shift: u32) -> [i32; 8] {
    // The factors are sums of cosines, times 8192. Damaged files may have coefficients that do
    // not fit: what comes of them is of no use, but must not stop the program.
    let times = |value: i32, factor: i32| value.wrapping_mul(factor);
    let plus = |one: i32, other: i32| one.wrapping_add(other);
    let minus = |one: i32, other: i32| one.wrapping_sub(other);

    let even = times(plus(input[2], input[6]), 4433);
    let two = plus(even, times(input[6], -15_137));
    let three = plus(even, times(input[2], 6270));
    let zero = times(plus(input[0], input[4]), 1 << FACTOR_BITS);
    let one = times(minus(input[0], input[4]), 1 << FACTOR_BITS);
    let evens = [
        plus(zero, three),
        plus(one, two),
        minus(one, two),
        minus(zero, three),
    ];

    let [a, b, c, d] = [input[7], input[5], input[3], input[1]];
    let z5 = times(plus(plus(a, c), plus(b, d)), 9633);
    let z1 = times(plus(a, d), -7373);
    let z2 = times(plus(b, c), -20_995);
    let z3 = plus(times(plus(a, c), -16_069), z5);
    let z4 = plus(times(plus(b, d), -3196), z5);
    let odds = [
        plus(times(d, 12_299), plus(z1, z4)),
        plus(times(c, 25_172), plus(z2, z3)),
        plus(times(b, 16_819), plus(z2, z4)),
        plus(times(a, 2446), plus(z1, z3)),
    ];

    let rounded = |value: i32| value.wrapping_add(1 << (shift - 1)) >> shift;
    std::array::from_fn(|i| {
        if i < 4 {
            rounded(plus(evens[i], odds[i]))
        } else {
            rounded(minus(evens[7 - i], odds[7 - i]))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition (T.81, A.3.3).
    fn slow(block: &Block, table: &[u16; 64]) -> [f64; 64] {
        let scale = |k: usize| if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let cosine = |x: usize, k: usize| {
            (std::f64::consts::PI * (2 * x + 1) as f64 * k as f64 / 16.0).cos()
        };
        std::array::from_fn(|at| {
            let (y, x) = (at / 8, at % 8);
            let mut sum = 0.0;
            for v in 0..8 {
                for u in 0..8 {
                    let value = f64::from(block[v * 8 + u]) * f64::from(table[v * 8 + u]);
                    sum += scale(u) * scale(v) * value * cosine(x, u) * cosine(y, v);
                }
            }
            (sum / 4.0 + 128.0).clamp(0.0, 255.0)
        })
    }

    #[test]
    fn the_transform_is_the_definition_s() {
        let table = std::array::from_fn(|i| 1 + i as u16 % 5);
        let mut noise = 1_u32;
        for _ in 0..200 {
            let block: Block = std::array::from_fn(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if noise >> 30 == 0 {
                    (noise >> 20 & 127) as i16 - 64
                } else {
                    0
                }
            });
            let mut out = [0; 64];
            inverse_transform(&block, &table, &mut out, 8);
            for (found, expected) in out.iter().zip(slow(&block, &table)) {
                assert!((f64::from(*found) - expected).abs() < 0.6, "{block:?}");
            }
        }
    }

    #[test]
    fn colours_are_those_of_jfif() {
        for y in (0..=255).step_by(5) {
            for cb in (0..=255).step_by(3) {
                for cr in (0..=255).step_by(3) {
                    let found = rgb(y, cb, cr);
                    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
                    let expected = [
                        y + 1.402 * cr,
                        y - 0.344_136 * cb - 0.714_136 * cr,
                        y + 1.772 * cb,
                    ];
                    for (found, expected) in found.into_iter().zip(expected) {
                        assert!((f64::from(found) - expected.clamp(0.0, 255.0)).abs() < 0.51);
                    }
                }
            }
        }
    }

    #[test]
    fn flat_rows_stay_flat() {
        for value in [0, 1, 128, 255] {
            let mut out = [9; 12];
            spread_across(&[value; 6], [1, 2], 2, &mut out);
            assert_eq!(out, [value as u8; 12]);
            spread_across(&[value * 4; 6], [8, 7], 4, &mut out);
            assert_eq!(out, [value as u8; 12]);
        }
    }
}
