//! A writer of bitmaps of every kind, for tests.
//!
//! It shares no code with the crate: it says what is in a file because it put it there. Each
//! [`Bitmap`] carries, beside its bytes, the pixels that a reader must find and the colours that
//! the mean is to be taken from.

// Each test program uses its own part of this.
#![allow(dead_code)]

pub(crate) mod fax;
pub(crate) mod random;
pub(crate) mod runs;

use std::io::Cursor;

use random::Random;
use runs::Instruction;

/// A bitmap file, and what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Bitmap {
    /// What kind of bitmap this is, for messages.
    pub(crate) name: String,
    /// The file.
    pub(crate) bytes: Vec<u8>,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Bits per pixel once expanded.
    pub(crate) bits_per_pixel: u32,
    /// Stored values, the highest row first. At 24 bits and more, blue is lowest.
    pub(crate) pixels: Vec<u64>,
    /// Red, green and blue in 8 bits, the highest row first.
    pub(crate) colours: Vec<[u8; 3]>,
    /// How far samples may be off: a JPEG is decoded here by another, less exact decoder.
    pub(crate) within: u8,
}

impl Bitmap {
    /// The mean over all samples, alpha left out.
    pub(crate) fn mean(&self) -> f64 {
        let sum: u64 = self.colours.iter().flatten().map(|&v| u64::from(v)).sum();
        sum as f64 / (self.colours.len() * 3) as f64
    }

    /// The stored values a quarter turn clockwise, the highest row first. Width and height have
    /// changed places.
    pub(crate) fn turned_pixels(&self) -> Vec<u64> {
        self.turned(&self.pixels)
    }

    /// The colours a quarter turn clockwise, the highest row first.
    pub(crate) fn turned_colours(&self) -> Vec<[u8; 3]> {
        self.turned(&self.colours)
    }

    fn turned<T: Copy>(&self, values: &[T]) -> Vec<T> {
        let mut turned = Vec::with_capacity(values.len());
        for column in 0..self.width {
            for row in (0..self.height).rev() {
                turned.push(values[row * self.width + column]);
            }
        }
        turned
    }
}

/// How the pixels are stored.
#[derive(Clone, Debug)]
pub(crate) enum Coding {
    Plain,
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
    /// A plain Windows bitmap of the given size and depth, with a palette if it needs one.
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
            coding: Coding::Plain,
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

    /// The masks in force: those given, or the default ones of the depth.
    fn masks_in_force(&self) -> [u32; 4] {
        self.masks.unwrap_or(match self.bits_per_pixel {
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
            Coding::Plain => {
                let pixels = self.random_pixels(random);
                self.assemble(name, &self.plain_rows(&pixels), pixels)
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
                let plain = Self {
                    bits_per_pixel: 24,
                    ..self.clone()
                };
                plain.assemble(name, &data, pixels)
            }
            Coding::Png(colour) => {
                let (data, bits_per_pixel, pixels) = self.png(*colour, random);
                let plain = Self {
                    bits_per_pixel,
                    ..self.clone()
                };
                plain.assemble(name, &data, pixels)
            }
        }
    }

    /// Rows in the order of the file turned to the highest first, or back.
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

    /// Packs pixels, highest row first, as a plain bitmap has them.
    fn plain_rows(&self, pixels: &[u64]) -> Vec<u8> {
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
            (Coding::Plain, _) if self.masks.is_none() => 0,
            (Coding::Plain, _) if self.alpha_bit_fields => 6,
            (Coding::RunLength(_), 8) => 1,
            (Coding::RunLength(_), 4) => 2,
            (Coding::Plain | Coding::Huffman(_), _) => 3,
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
            // Later pictures are plain and of other sizes; nobody should look at them.
            let start = bytes.len();
            let mut other = Self::new(3 + i, 2, 24);
            other.array = Some(0);
            let mut other = other.write("another", &mut Random::new(i as u64)).bytes;
            let offset = u32::from_le_bytes(other[24..28].try_into().unwrap()) + start as u32;
            other[24..28].copy_from_slice(&offset.to_le_bytes());
            bytes.extend(other);
        }
        let colours = pixels
            .iter()
            .map(|&value| self.colour_written(value))
            .collect();
        Bitmap {
            name: name.to_string(),
            bytes,
            width: self.width,
            height: self.height,
            bits_per_pixel: self.bits_per_pixel,
            pixels,
            colours,
            within: match self.coding {
                Coding::Jpeg(_) => 8,
                _ => 0,
            },
        }
    }

    fn colour_written(&self, value: u64) -> [u8; 3] {
        match self.coding {
            Coding::Jpeg(_) | Coding::Png(_) => {
                [(value >> 16) as u8, (value >> 8) as u8, value as u8]
            }
            _ => self.colour(value),
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
