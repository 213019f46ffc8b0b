//! The tests' model of a bitmap: what its headers say and how its pixels are coded ([`Recipe`]), the
//! file of it with the pixels that a reader must find ([`Bitmap`]), and the slow and obvious rotation
//! that the fast one is held against.
//!
//! Nothing here is shared with the crate under test, or with the tests' reader.

pub(crate) mod fax;
pub(crate) mod kinds;
pub(crate) mod runs;

use std::io::Cursor;

use super::random::Random;
use runs::Instruction;

/// The depths that a bitmap can have.
pub(crate) const DEPTHS: [u32; 8] = [1, 2, 4, 8, 16, 24, 32, 64];

/// A bitmap file, and what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Bitmap {
    /// What kind of bitmap this is, for messages.
    pub(crate) name: String,
    /// The file.
    pub(crate) bytes: Vec<u8>,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Bits per pixel once decoded.
    pub(crate) bits_per_pixel: u32,
    /// Stored values, the highest row first. At 24 bits and more, blue is lowest.
    pub(crate) pixels: Vec<u64>,
    /// How far samples may be off: two decoders may differ by so much over a JPEG.
    pub(crate) within: u8,
    /// What was written, its depth that of the decoded pixels.
    recipe: Recipe,
}

impl Bitmap {
    /// Red, green and blue in 8 bits, the highest row first.
    pub(crate) fn colours(&self) -> Vec<[u8; 3]> {
        let pixels = self.pixels.iter();
        pixels.map(|&value| self.recipe.colour(value)).collect()
    }

    /// The mean over all samples, alpha left out.
    pub(crate) fn mean(&self) -> f64 {
        let sum: u64 = self
            .pixels
            .iter()
            .flat_map(|&value| self.recipe.colour(value))
            .map(u64::from)
            .sum();
        sum as f64 / (self.pixels.len() * 3) as f64
    }

    /// The bitmap rotated by 90° clockwise: its left column, read upwards, becomes the top row. Its
    /// pixels are not compressed. Where nothing in the file is odd (a size that is wrong, an array,
    /// a profile behind the pixels, compression), this is the output to the byte.
    pub(crate) fn rotated(&self) -> Self {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for column in 0..self.width {
            for row in (0..self.height).rev() {
                pixels.push(self.pixels[row * self.width + column]);
            }
        }
        let (across, down) = self.recipe.resolution;
        let recipe = Recipe {
            width: self.height,
            height: self.width,
            resolution: (down, across),
            coding: Coding::Uncompressed,
            padding: 0,
            ..self.recipe.clone()
        };
        recipe.with_pixels(&self.name, pixels)
    }

    /// The same picture with its rows in that order.
    pub(crate) fn with_rows(self, top_down: bool) -> Self {
        let recipe = Recipe {
            top_down,
            ..self.recipe
        };
        recipe.with_pixels(&recipe.described(), self.pixels)
    }

    /// The same stored values with red, green and blue elsewhere in them.
    pub(crate) fn with_masks(self, [red, green, blue]: [u32; 3]) -> Self {
        let recipe = Recipe {
            masks: Some([red, green, blue, 0]),
            ..self.recipe
        };
        recipe.with_pixels(&self.name, self.pixels)
    }
}

/// An uncompressed bitmap of noise with a header of 40 bytes: the same for the same arguments.
pub(crate) fn noise(bits_per_pixel: u32, width: usize, height: usize) -> Bitmap {
    let seed = (u64::from(bits_per_pixel) << 48) | ((width as u64) << 24) | height as u64;
    let mut random = Random::new(seed);
    let mut recipe = Recipe::new(width, height, bits_per_pixel);
    for entry in &mut recipe.palette {
        let [red, green, blue, ..] = random.next().to_le_bytes();
        *entry = [red, green, blue];
    }
    recipe.colours_used = 0;
    recipe.resolution = (2835, 5906);
    recipe.write(&recipe.described(), &mut random)
}

/// The file of a 24-bit bitmap of noise.
pub(crate) fn bitmap(width: usize, height: usize) -> Vec<u8> {
    noise(24, width, height).bytes
}

/// The file of a large bitmap, made fast: one row of noise over and over, each time shifted by some
/// bytes.
pub(crate) fn large(bits_per_pixel: u32, width: usize, height: usize, top_down: bool) -> Vec<u8> {
    let mut bytes = noise(bits_per_pixel, width, 1).bytes;
    let used = (width * bits_per_pixel as usize).div_ceil(8);
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

/// Puts a number of four bytes into a file.
pub(crate) fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// How the pixels are stored.
#[derive(Clone, Debug)]
pub(crate) enum Coding {
    Uncompressed,
    /// RLE4, RLE8 or RLE24, by the bits per pixel.
    RunLength(Vec<Instruction>),
    Huffman(fax::Options),
    /// A JPEG of this quality.
    Jpeg(u8),
    Png(PngColour),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PngColour {
    Grey8,
    GreyAlpha8,
    Rgb8,
    Rgba8,
    Grey16,
    Rgb16,
    Rgba16,
}

/// What a size field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Right,
    Zero,
    /// That of the headers alone, as some OS/2 documentation has it.
    Headers,
    Wrong(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    None,
    Embedded(Vec<u8>),
    /// A file name, in Windows' code page 1252, without the zero at its end.
    Linked(Vec<u8>),
}

/// A bitmap to be written.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// 12, 16 to 64, 108 or 124.
    pub(crate) header_bytes: usize,
    pub(crate) bits_per_pixel: u32,
    pub(crate) coding: Coding,
    /// Red, green, blue and alpha.
    pub(crate) masks: Option<[u32; 4]>,
    /// Compression 6 in place of 3, with four masks after a header of 40 bytes.
    pub(crate) alpha_bit_fields: bool,
    pub(crate) palette: Vec<[u8; 3]>,
    /// What the header says of the palette's length.
    pub(crate) colours_used: u32,
    pub(crate) top_down: bool,
    pub(crate) planes: u16,
    pub(crate) resolution: (u32, u32),
    pub(crate) hotspot: (u16, u16),
    pub(crate) file_size: Size,
    pub(crate) image_size: Size,
    /// Unused bytes between palette and pixels.
    pub(crate) gap: usize,
    /// Unused bytes between pixels and profile, or at the end.
    pub(crate) gap_after: usize,
    pub(crate) profile: Profile,
    /// The bitmap is the first of an array (`BA`) with as many more after it.
    pub(crate) array: Option<usize>,
    /// What row padding is filled with.
    pub(crate) padding: u8,
}

impl Recipe {
    /// An uncompressed Windows bitmap of the given size and depth, with a palette if it needs one.
    pub(crate) fn new(width: usize, height: usize, bits_per_pixel: u32) -> Self {
        let palette = match bits_per_pixel {
            1..=8 => ramp(1 << bits_per_pixel),
            _ => Vec::new(),
        };
        Self {
            width,
            height,
            header_bytes: 40,
            bits_per_pixel,
            coding: Coding::Uncompressed,
            masks: None,
            alpha_bit_fields: false,
            colours_used: palette.len() as u32,
            palette,
            top_down: false,
            planes: 1,
            resolution: (2835, 5669),
            hotspot: (0, 0),
            file_size: Size::Right,
            image_size: Size::Right,
            gap: 0,
            gap_after: 0,
            profile: Profile::None,
            array: None,
            padding: 0,
        }
    }

    /// The masks in force: those given, or the default ones of the depth where there are none, or
    /// none with a bit.
    fn masks_in_force(&self) -> [u32; 4] {
        let given = self.masks.filter(|masks| masks[..3] != [0; 3]);
        given.unwrap_or(match self.bits_per_pixel {
            16 => [0x7c00, 0x03e0, 0x001f, 0],
            _ => [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0],
        })
    }

    /// The colour of a stored value, as the mean takes it.
    pub(crate) fn colour(&self, value: u64) -> [u8; 3] {
        match self.bits_per_pixel {
            1..=8 => self
                .palette
                .get(value as usize)
                .copied()
                .unwrap_or_default(),
            16 | 32 => {
                let [red, green, blue, _] = self.masks_in_force();
                [red, green, blue].map(|mask| scaled(value as u32, mask))
            }
            24 => [(value >> 16) as u8, (value >> 8) as u8, value as u8],
            64 => [(value >> 32) as u16, (value >> 16) as u16, value as u16].map(linear_to_srgb),
            other => panic!("no bitmap has {other} bits per pixel"),
        }
    }

    /// Writes the bitmap with random pixels. Run-length codes bring their own.
    pub(crate) fn write(&self, name: &str, random: &mut Random) -> Bitmap {
        match &self.coding {
            Coding::Uncompressed => {
                let pixels = self.random_pixels(random);
                self.with_pixels(name, pixels)
            }
            Coding::RunLength(program) => {
                let data = runs::encode(self.bits_per_pixel, program);
                let bottom_up =
                    runs::interpret(self.bits_per_pixel, program, self.width, self.height)
                        .expect("a recipe's program is valid");
                let pixels = self.upright(&bottom_up);
                self.assemble(name, &data, pixels)
            }
            Coding::Huffman(options) => {
                let pixels = self.random_strokes(random);
                let rows = self.upright(&pixels);
                let data = fax::encode(&rows, self.width, *options, random);
                self.assemble(name, &data, pixels)
            }
            Coding::Jpeg(quality) => {
                let picture =
                    image::RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
                        image::Rgb([(x * 5) as u8, (y * 7) as u8, (x * y) as u8])
                    });
                let mut data = Vec::new();
                image::codecs::jpeg::JpegEncoder::new_with_quality(&mut data, *quality)
                    .encode_image(&picture)
                    .unwrap();
                let decoded = image::load_from_memory(&data).unwrap().to_rgb8();
                let pixels = decoded
                    .pixels()
                    .map(|p| u64::from(u32::from_be_bytes([0, p[0], p[1], p[2]])))
                    .collect();
                let decoded = Self {
                    bits_per_pixel: 24,
                    ..self.clone()
                };
                decoded.assemble(name, &data, pixels)
            }
            Coding::Png(colour) => {
                let (data, bits_per_pixel, pixels) = self.png(*colour, random);
                let decoded = Self {
                    bits_per_pixel,
                    ..self.clone()
                };
                decoded.assemble(name, &data, pixels)
            }
        }
    }

    /// Writes the uncompressed bitmap of these pixels, the highest row first.
    pub(crate) fn with_pixels(&self, name: &str, pixels: Vec<u64>) -> Bitmap {
        assert_eq!(pixels.len(), self.width * self.height, "{name}");
        self.assemble(name, &self.packed_rows(&pixels), pixels)
    }

    /// The file that has `data` in the place of its coded pixels, whatever that is.
    pub(crate) fn around(&self, data: &[u8]) -> Vec<u8> {
        self.assemble("", data, Vec::new()).bytes
    }

    fn described(&self) -> String {
        let order = if self.top_down {
            "top-down"
        } else {
            "bottom-up"
        };
        format!(
            "{} × {}, {} bits, {order}",
            self.width, self.height, self.bits_per_pixel
        )
    }

    /// Rows in the order of the file, put with the highest first, or back.
    fn upright(&self, rows: &[u64]) -> Vec<u64> {
        if self.top_down {
            return rows.to_vec();
        }
        rows.rchunks(self.width).flatten().copied().collect()
    }

    fn random_pixels(&self, random: &mut Random) -> Vec<u64> {
        let limit = match self.bits_per_pixel {
            64 => u64::MAX,
            bits => (1 << bits) - 1,
        };
        (0..self.width * self.height)
            .map(|_| random.next() & limit)
            .collect()
    }

    /// One-bit pixels in strokes of all lengths.
    fn random_strokes(&self, random: &mut Random) -> Vec<u64> {
        let mut pixels = Vec::new();
        let mut ink = 0;
        while pixels.len() < self.width * self.height {
            let length = match random.below(8) {
                0 => random.below(3 * self.width + 1),
                1 => 64 * random.below(self.width / 64 + 2),
                _ => random.below(20),
            };
            pixels.extend(std::iter::repeat_n(ink, length));
            ink ^= 1;
        }
        pixels.truncate(self.width * self.height);
        pixels
    }

    /// Packs pixels, highest row first, as an uncompressed bitmap has them.
    fn packed_rows(&self, pixels: &[u64]) -> Vec<u8> {
        let bits = self.bits_per_pixel as usize;
        let stride = (self.width * bits).div_ceil(32) * 4;
        let mut out = Vec::new();
        for row in self.upright(pixels).chunks(self.width) {
            let mut bytes = Vec::new();
            if bits < 8 {
                for group in row.chunks(8 / bits) {
                    let mut byte = 0;
                    for (i, value) in group.iter().enumerate() {
                        byte |= value << (8 - bits * (i + 1));
                    }
                    bytes.push(byte as u8);
                }
            } else {
                for value in row {
                    bytes.extend_from_slice(&value.to_le_bytes()[..bits / 8]);
                }
            }
            bytes.resize(stride, self.padding);
            out.extend(bytes);
        }
        out
    }

    fn png(&self, colour: PngColour, random: &mut Random) -> (Vec<u8>, u32, Vec<u64>) {
        use image::ExtendedColorType as Type;
        let (channels, sample_bytes, kind) = match colour {
            PngColour::Grey8 => (1, 1, Type::L8),
            PngColour::GreyAlpha8 => (2, 1, Type::La8),
            PngColour::Rgb8 => (3, 1, Type::Rgb8),
            PngColour::Rgba8 => (4, 1, Type::Rgba8),
            PngColour::Grey16 => (1, 2, Type::L16),
            PngColour::Rgb16 => (3, 2, Type::Rgb16),
            PngColour::Rgba16 => (4, 2, Type::Rgba16),
        };
        let mut bytes = Vec::new();
        let mut pixels = Vec::new();
        for _ in 0..self.width * self.height {
            let mut samples = Vec::new();
            for _ in 0..channels {
                let sample = random.next() as u16;
                if sample_bytes == 1 {
                    bytes.push(sample as u8);
                    samples.push(u64::from(sample as u8));
                } else {
                    bytes.extend(sample.to_ne_bytes());
                    samples.push((f64::from(sample) * 255.0 / 65535.0).round() as u64);
                }
            }
            let [red, green, blue, alpha] = match samples[..] {
                [grey] => [grey, grey, grey, 0],
                [grey, alpha] => [grey, grey, grey, alpha],
                [red, green, blue] => [red, green, blue, 0],
                _ => [samples[0], samples[1], samples[2], samples[3]],
            };
            pixels.push(alpha << 24 | red << 16 | green << 8 | blue);
        }
        let mut data = Cursor::new(Vec::new());
        image::write_buffer_with_format(
            &mut data,
            &bytes,
            self.width as u32,
            self.height as u32,
            kind,
            image::ImageFormat::Png,
        )
        .unwrap();
        let bits_per_pixel = if channels % 2 == 0 { 32 } else { 24 };
        (data.into_inner(), bits_per_pixel, pixels)
    }

    fn compression(&self) -> u32 {
        match (&self.coding, self.bits_per_pixel) {
            (Coding::Uncompressed, _) if self.masks.is_none() => 0,
            (Coding::Uncompressed, _) if self.alpha_bit_fields => 6,
            (Coding::RunLength(_), 8) => 1,
            (Coding::RunLength(_), 4) => 2,
            (Coding::Uncompressed | Coding::Huffman(_), _) => 3,
            (Coding::RunLength(_) | Coding::Jpeg(_), _) => 4,
            (Coding::Png(_), _) => 5,
        }
    }

    fn assemble(&self, name: &str, data: &[u8], pixels: Vec<u64>) -> Bitmap {
        let array_bytes = if self.array.is_some() { 14 } else { 0 };
        let masks: Vec<u8> = match self.masks {
            Some(masks) if self.header_bytes == 40 => {
                let count = if self.alpha_bit_fields { 4 } else { 3 };
                masks[..count]
                    .iter()
                    .flat_map(|m| m.to_le_bytes())
                    .collect()
            }
            _ => Vec::new(),
        };
        let mut palette = Vec::new();
        for &[red, green, blue] in &self.palette {
            palette.extend([blue, green, red]);
            if self.header_bytes != 12 {
                palette.push(0);
            }
        }
        let headers = array_bytes + 14 + self.header_bytes;
        let offset = headers + masks.len() + palette.len() + self.gap;
        let end = offset + data.len() + self.gap_after;
        let profile = match &self.profile {
            Profile::None => Vec::new(),
            Profile::Embedded(bytes) => bytes.clone(),
            Profile::Linked(name) => [name, &b"\0"[..]].concat(),
        };

        let mut bytes = Vec::new();
        if self.array.is_some() {
            bytes.extend(b"BA");
            bytes.extend((headers as u32).to_le_bytes());
            let more = self.array != Some(0);
            let next = if more { end + profile.len() } else { 0 };
            bytes.extend((next as u32).to_le_bytes());
            bytes.extend(1024_u16.to_le_bytes());
            bytes.extend(768_u16.to_le_bytes());
        }
        bytes.extend(b"BM");
        let file_bytes = end + profile.len() - array_bytes;
        bytes.extend(size(self.file_size, file_bytes, 14 + self.header_bytes).to_le_bytes());
        bytes.extend(self.hotspot.0.to_le_bytes());
        bytes.extend(self.hotspot.1.to_le_bytes());
        bytes.extend((offset as u32).to_le_bytes());
        bytes.extend(self.info_header(data.len(), offset - array_bytes, &profile));
        bytes.extend(masks);
        bytes.extend(palette);
        bytes.extend(std::iter::repeat_n(0xa5, self.gap));
        bytes.extend(data);
        bytes.extend(std::iter::repeat_n(0x5a, self.gap_after));
        bytes.extend(profile);
        for i in 0..self.array.unwrap_or(0) {
            // Later pictures are uncompressed and of other sizes; nobody should look at them.
            let start = bytes.len();
            let mut other = Self::new(3 + i, 2, 24);
            other.array = Some(0);
            let mut other = other.write("another", &mut Random::new(i as u64)).bytes;
            let offset = u32::from_le_bytes(other[24..28].try_into().unwrap()) + start as u32;
            other[24..28].copy_from_slice(&offset.to_le_bytes());
            bytes.extend(other);
        }
        Bitmap {
            name: name.to_string(),
            bytes,
            width: self.width,
            height: self.height,
            bits_per_pixel: self.bits_per_pixel,
            pixels,
            within: match self.coding {
                Coding::Jpeg(_) => 8,
                _ => 0,
            },
            recipe: self.clone(),
        }
    }

    fn info_header(&self, data_bytes: usize, offset: usize, profile: &[u8]) -> Vec<u8> {
        let embedded = matches!(self.coding, Coding::Jpeg(_) | Coding::Png(_));
        let bits = if embedded {
            0
        } else {
            self.bits_per_pixel as u16
        };
        let mut header = (self.header_bytes as u32).to_le_bytes().to_vec();
        if self.header_bytes == 12 {
            header.extend((self.width as u16).to_le_bytes());
            header.extend((self.height as u16).to_le_bytes());
            header.extend(self.planes.to_le_bytes());
            header.extend(bits.to_le_bytes());
            return header;
        }
        let height = self.height as i32;
        header.extend((self.width as u32).to_le_bytes());
        header.extend(if self.top_down { -height } else { height }.to_le_bytes());
        header.extend(self.planes.to_le_bytes());
        header.extend(bits.to_le_bytes());
        for field in [
            self.compression(),
            size(self.image_size, data_bytes, 14 + self.header_bytes),
            self.resolution.0,
            self.resolution.1,
            self.colours_used,
            0,
        ] {
            header.extend(field.to_le_bytes());
        }
        if self.header_bytes >= 52 && self.header_bytes != 64 {
            let masks = self.masks.unwrap_or_default();
            header.extend(masks.iter().flat_map(|mask| mask.to_le_bytes()));
        }
        header.resize(56, 0);
        if self.header_bytes >= 108 {
            let colour_space: &[u8; 4] = match self.profile {
                Profile::None => b"BGRs",
                Profile::Embedded(_) => b"DEBM",
                Profile::Linked(_) => b"KNIL",
            };
            header.extend(colour_space);
            header.resize(108, 0);
        }
        if self.header_bytes >= 124 {
            header.extend(4_u32.to_le_bytes());
            let at = if profile.is_empty() {
                0
            } else {
                offset - 14 + data_bytes + self.gap_after
            };
            header.extend((at as u32).to_le_bytes());
            header.extend((profile.len() as u32).to_le_bytes());
        }
        header.resize(self.header_bytes, 0);
        header
    }
}

fn size(says: Size, right: usize, headers: usize) -> u32 {
    match says {
        Size::Right => right as u32,
        Size::Zero => 0,
        Size::Headers => headers as u32,
        Size::Wrong(value) => value,
    }
}

/// A palette in which every entry differs.
pub(crate) fn ramp(entries: usize) -> Vec<[u8; 3]> {
    (0..entries)
        .map(|i| {
            [
                (i * 37) as u8,
                (255 - i % 256) as u8,
                (i * 5 + i / 256) as u8,
            ]
        })
        .collect()
}

/// A channel scaled to 8 bits and rounded; a channel without a mask is 0.
fn scaled(value: u32, mask: u32) -> u8 {
    if mask == 0 {
        return 0;
    }
    let shift = mask.trailing_zeros();
    let highest = f64::from(mask >> shift);
    (f64::from((value & mask) >> shift) * 255.0 / highest).round() as u8
}

/// s2.13 linear light to 8 bits of sRGB.
fn linear_to_srgb(sample: u16) -> u8 {
    let linear = (f64::from(sample as i16) / 8192.0).clamp(0.0, 1.0);
    let encoded = if linear <= 0.003_130_8 {
        12.92 * linear
    } else {
        1.055 * linear.powf(1.0 / 2.4) - 0.055
    };
    (encoded * 255.0).round() as u8
}
