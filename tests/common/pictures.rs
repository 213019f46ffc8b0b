//! Bitmaps for tests, and the slow, obvious turn that the fast one is held against.
//!
//! A [`Picture`] is its pixels as numbers, one after another from the top left. It is turned by
//! moving those numbers, and written field by field; nothing here is shared with the library.

/// A reproducible source of noise (`SplitMix64`).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// The depths that a bitmap can have.
pub(crate) const DEPTHS: [u32; 8] = [1, 2, 4, 8, 16, 24, 32, 64];

/// A bitmap with a header of 40 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) bits_per_pixel: u32,
    pub(crate) top_down: bool,
    /// Red, green and blue; written after the header, as `BI_BITFIELDS`.
    pub(crate) masks: Option<[u32; 3]>,
    pub(crate) palette: Vec<[u8; 3]>,
    /// Pixels per metre, across and down.
    pub(crate) resolution: (u32, u32),
    /// Stored values, row after row from the top.
    pub(crate) pixels: Vec<u64>,
}

impl Picture {
    /// Noise of some size, the same for the same arguments.
    pub(crate) fn noise(bits_per_pixel: u32, width: usize, height: usize) -> Self {
        let seed = (u64::from(bits_per_pixel) << 48) | ((width as u64) << 24) | height as u64;
        let mut random = Random(seed);
        let palette = if bits_per_pixel <= 8 {
            (0..1 << bits_per_pixel)
                .map(|_| {
                    let [red, green, blue, ..] = random.next().to_le_bytes();
                    [red, green, blue]
                })
                .collect()
        } else {
            Vec::new()
        };
        let keep = u64::MAX >> (64 - bits_per_pixel);
        Self {
            width,
            height,
            bits_per_pixel,
            top_down: false,
            masks: None,
            palette,
            resolution: (2835, 5906),
            pixels: (0..width * height).map(|_| random.next() & keep).collect(),
        }
    }

    pub(crate) fn top_down(self) -> Self {
        Self {
            top_down: true,
            ..self
        }
    }

    pub(crate) fn with_masks(self, masks: [u32; 3]) -> Self {
        Self {
            masks: Some(masks),
            ..self
        }
    }

    /// The picture a quarter turn clockwise: its left column, read upwards, becomes the top row.
    pub(crate) fn turned(&self) -> Self {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for column in 0..self.width {
            for row in (0..self.height).rev() {
                pixels.push(self.pixels[row * self.width + column]);
            }
        }
        Self {
            width: self.height,
            height: self.width,
            resolution: (self.resolution.1, self.resolution.0),
            pixels,
            ..self.clone()
        }
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let stride = (self.width * self.bits_per_pixel as usize).div_ceil(32) * 4;
        let masks: &[u32] = self.masks.as_ref().map_or(&[], |masks| masks);
        let offset = 54 + 4 * masks.len() + 4 * self.palette.len();
        let image_size = stride * self.height;
        let height = self.height as i32;
        let mut out = b"BM".to_vec();
        let mut put = |value: u32| out.extend(value.to_le_bytes());
        put((offset + image_size) as u32);
        put(0);
        put(offset as u32);
        put(40);
        put(self.width as u32);
        put(if self.top_down { -height } else { height } as u32);
        put(1 | self.bits_per_pixel << 16);
        put(if masks.is_empty() { 0 } else { 3 });
        put(image_size as u32);
        put(self.resolution.0);
        put(self.resolution.1);
        put(0);
        put(0);
        for &mask in masks {
            put(mask);
        }
        for [red, green, blue] in &self.palette {
            out.extend([*blue, *green, *red, 0]);
        }
        let mut rows: Vec<&[u64]> = self.pixels.chunks(self.width).collect();
        if !self.top_down {
            rows.reverse();
        }
        for row in rows {
            let start = out.len();
            if self.bits_per_pixel < 8 {
                for pixels in row.chunks(8 / self.bits_per_pixel as usize) {
                    let mut byte = 0;
                    let mut free = 8;
                    for &pixel in pixels {
                        free -= self.bits_per_pixel;
                        byte |= (pixel as u8) << free;
                    }
                    out.push(byte);
                }
            } else {
                for pixel in row {
                    out.extend(&pixel.to_le_bytes()[..self.bits_per_pixel as usize / 8]);
                }
            }
            out.resize(start + stride, 0);
        }
        out
    }

    /// The mean of the red, green and blue samples of all pixels.
    pub(crate) fn mean(&self) -> f64 {
        let sum: u64 = self
            .pixels
            .iter()
            .flat_map(|&pixel| self.samples(pixel))
            .map(u64::from)
            .sum();
        sum as f64 / (3 * self.pixels.len()) as f64
    }

    /// Red, green and blue of a stored value.
    fn samples(&self, pixel: u64) -> [u8; 3] {
        match self.bits_per_pixel {
            ..=8 => self
                .palette
                .get(pixel as usize)
                .copied()
                .unwrap_or_default(),
            64 => [32, 16, 0].map(|shift| encoded((pixel >> shift) as u16 as i16)),
            depth => {
                let usual = match depth {
                    16 => [0x7c00, 0x03e0, 0x001f],
                    _ => [0x00ff_0000, 0xff00, 0xff],
                };
                self.masks
                    .unwrap_or(usual)
                    .map(|mask| scaled(pixel, u64::from(mask)))
            }
        }
    }
}

/// The bits of a channel, scaled to 8 bits.
fn scaled(pixel: u64, mask: u64) -> u8 {
    let max = mask >> mask.trailing_zeros();
    let value = (pixel & mask) >> mask.trailing_zeros();
    (value as f64 * 255.0 / max as f64).round() as u8
}

/// A sample of linear light, with 13 bits behind the point, as sRGB.
fn encoded(fixed: i16) -> u8 {
    let linear = (f64::from(fixed) / 8192.0).clamp(0.0, 1.0);
    let encoded = if linear <= 0.003_130_8 {
        linear * 12.92
    } else {
        1.055 * linear.powf(1.0 / 2.4) - 0.055
    };
    (encoded * 255.0).round() as u8
}

/// A 24-bit bitmap of noise, as a file.
pub(crate) fn bitmap(width: usize, height: usize) -> Vec<u8> {
    Picture::noise(24, width, height).bytes()
}

/// [`bitmap`], turned by the reference.
pub(crate) fn turned_bitmap(width: usize, height: usize) -> Vec<u8> {
    Picture::noise(24, width, height).turned().bytes()
}

/// A large bitmap, made fast: one row of noise over and over, each time shifted by some bytes.
///
/// Its rows take whole bytes.
pub(crate) fn large(bits_per_pixel: u32, width: usize, height: usize, top_down: bool) -> Vec<u8> {
    let mut bytes = Picture::noise(bits_per_pixel, width, 1).bytes();
    let used = width * bits_per_pixel as usize / 8;
    let row = bytes.split_off(bytes.len() - used.next_multiple_of(4));
    let signed = if top_down {
        -(height as i32)
    } else {
        height as i32
    };
    bytes[22..26].copy_from_slice(&signed.to_le_bytes());
    // `biSizeImage` may be left open.
    bytes[34..38].fill(0);
    for number in 0..height {
        let start = bytes.len();
        bytes.extend_from_slice(&row);
        bytes[start..start + used].rotate_left(number * 7 % used);
    }
    bytes
}
