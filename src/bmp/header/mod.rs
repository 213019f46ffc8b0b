//! The headers of a bitmap, read and rewritten.
//!
//! Sources: `BITMAPFILEHEADER`, `BITMAPCOREHEADER`, `BITMAPINFOHEADER`, `BITMAPV4HEADER` and
//! `BITMAPV5HEADER` in the Windows GDI documentation; `BITMAPFILEHEADER2`, `BITMAPINFOHEADER2` and
//! `BITMAPARRAYFILEHEADER2` in the OS/2 2.x Presentation Manager reference.

mod compression;
mod signature;

use crate::error::FormatError;
pub use compression::Compression;
use compression::compression;

/// Bytes of the file header (`BITMAPFILEHEADER`).
pub(crate) const FILE_HEADER: u64 = 14;

/// How many bytes from the start of a file [`Header::parse`] may want to see.
pub const HEADER_BYTES: usize = 2048;

/// The bits of a pixel that belong to each channel (`bV4RedMask` and its neighbours).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelMasks {
    /// Red.
    pub red: u32,
    /// Green.
    pub green: u32,
    /// Blue.
    pub blue: u32,
}

/// A colour profile, embedded or named, that travels with the picture
/// (`bV5ProfileData`, `bV5ProfileSize`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Where it begins in the file.
    pub offset: u64,
    /// Its bytes in the file: never more than the file has.
    pub size: u64,
}

/// What the headers of a bitmap say.
#[derive(Clone, Debug)]
pub struct Header {
    /// Where the bitmap's own file header begins: 14 within a bitmap array, 0 elsewhere.
    pub(crate) start: u64,
    /// Bytes of the header after the file header: its version.
    pub header_size: u32,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether the first row in the file is the picture's uppermost (a negative `biHeight`).
    pub top_down: bool,
    /// 1, 2, 4, 8, 16, 24, 32 or 64; 0 where an embedded picture has its own depth.
    pub bits_per_pixel: u32,
    /// How the pixels are stored.
    pub compression: Compression,
    /// Bytes of the pixels, as the header has it (`biSizeImage`); 0 where it does not.
    pub(crate) image_size: u32,
    /// The channels of 16- and 32-bit pixels; `None` for 64-bit ones.
    pub channel_masks: ChannelMasks,
    /// Red, green and blue of each palette entry that a pixel can name.
    pub palette: Vec<[u8; 3]>,
    /// Where the pixels begin in the file.
    pub pixel_offset: u64,
    /// The colour profile, where there is one that lies after the pixels.
    pub profile: Option<Profile>,
    /// How many bytes from `start` on are carried over to the output.
    prefix: u64,
    /// The header announces a profile, and the file ends before it.
    profile_is_missing: bool,
    /// Palette entries that are there, where the header's number of them would mislead.
    true_colours: Option<u32>,
}

/// A gap between the headers and the pixels is carried over up to this size.
const GAP_CARRIED: u64 = 1 << 20;

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Bytes of a row of plain pixels, padded to four.
pub(crate) fn stride_bytes(width: u32, bits_per_pixel: u32) -> u64 {
    (u64::from(width) * u64::from(bits_per_pixel)).div_ceil(32) * 4
}

impl Header {
    /// Reads the headers of a bitmap from the first bytes of its file.
    ///
    /// `bytes` are the file's first [`HEADER_BYTES`] bytes, or all of them where there are fewer;
    /// `file_size` is the size of the whole file. Nothing beyond the headers is looked at, so a
    /// file that ends inside its pixels passes here and fails in [`Header::check_pixels`].
    ///
    /// # Errors
    ///
    /// A [`FormatError`] that says which field is wrong.
    pub fn parse(bytes: &[u8], file_size: u64) -> Result<Self, FormatError> {
        if file_size == 0 || bytes.is_empty() {
            return Err(FormatError::Empty);
        }
        let start = match bytes.get(..2) {
            Some(b"BA") => FILE_HEADER as usize,
            _ => 0,
        };
        let cut = |part, needed: usize| FormatError::HeaderCut {
            part,
            needed: needed as u64,
            available: file_size,
        };
        let signature = bytes.get(start..start + 2).unwrap_or(&[]);
        if signature != b"BM" {
            if start == 0 && bytes.len() < 2 && bytes[0] == b'B' {
                return Err(cut("file header", 14));
            }
            if start != 0 && signature.len() < 2 {
                return Err(cut("bitmap array", start + 14));
            }
            return Err(FormatError::Signature {
                found: signature::readable(&bytes[start..bytes.len().min(start + 4)]),
                looks_like: signature::known_format(&bytes[start..]),
            });
        }
        let info = start + FILE_HEADER as usize;
        if bytes.len() < info + 4 {
            return Err(cut("headers", info + 12));
        }
        let offset_field = u64::from(u32_at(bytes, start + 10));
        let header_size = u32_at(bytes, info);
        let size = header_size as usize;
        if !matches!(size, 12 | 16..=64 | 108 | 124) {
            return Err(FormatError::HeaderSize(header_size));
        }
        if bytes.len() < info + size {
            return Err(cut("headers", info + size));
        }
        let header = &bytes[info..info + size];
        // A field of an OS/2 2.x header that was cut off reads as zero.
        let field = |at: usize| {
            if at + 4 <= size {
                u32_at(header, at)
            } else {
                0
            }
        };

        let (width, height, bits_per_pixel, code, colours_used);
        if size == 12 {
            width = i64::from(u16_at(header, 4));
            height = i64::from(u16_at(header, 6));
            bits_per_pixel = u32::from(u16_at(header, 10));
            code = 0;
            colours_used = 0;
        } else {
            width = i64::from(u32_at(header, 4) as i32);
            height = i64::from(u32_at(header, 8) as i32);
            bits_per_pixel = u32::from(u16_at(header, 14));
            code = field(16);
            colours_used = field(32);
        }
        if width <= 0 || height == 0 || height == i64::from(i32::MIN) {
            return Err(FormatError::Dimensions { width, height });
        }
        let windows = matches!(size, 40 | 52 | 56 | 108 | 124);
        let after_header = (info + size) as u64;
        let compression = compression(code, bits_per_pixel, size, || {
            let at = usize::try_from(offset_field).unwrap_or(usize::MAX);
            bytes
                .get(at..)
                .is_some_and(|data| data.starts_with(&[0xff, 0xd8]))
        })
        .ok_or_else(|| FormatError::Depth {
            bits_per_pixel,
            compression: compression_name(code, windows),
        })?;

        // Masks: after a 40-byte header, inside a longer one.
        let masks_after = match (size, compression) {
            (40, Compression::BitFields) => 12,
            (40, Compression::AlphaBitFields) => 16,
            _ => 0,
        };
        let masks_end = info + size + masks_after;
        if bytes.len() < masks_end {
            return Err(cut("channel masks", masks_end));
        }
        let channel_masks = match compression {
            Compression::BitFields | Compression::AlphaBitFields => ChannelMasks {
                red: u32_at(bytes, info + 40),
                green: u32_at(bytes, info + 44),
                blue: u32_at(bytes, info + 48),
            },
            _ if bits_per_pixel == 16 => ChannelMasks {
                red: 0x7c00,
                green: 0x03e0,
                blue: 0x001f,
            },
            _ => ChannelMasks {
                red: 0x00ff_0000,
                green: 0x0000_ff00,
                blue: 0x0000_00ff,
            },
        };

        // The palette. Pixels that begin before its nominal end shorten it.
        let entry_bytes: u64 = if size == 12 { 3 } else { 4 };
        let headers_end = after_header + masks_after as u64;
        let nominal = match (bits_per_pixel, colours_used) {
            (1..=8, 0) => 1 << bits_per_pixel,
            (_, used) => u64::from(used),
        };
        let nominal_end = headers_end.saturating_add(nominal.saturating_mul(entry_bytes));
        let pixel_offset = if offset_field == 0 {
            nominal_end
        } else {
            offset_field
        };
        if pixel_offset < headers_end {
            return Err(FormatError::PixelOffset {
                offset: pixel_offset,
                header_end: headers_end,
            });
        }
        let palette_end = nominal_end.min(pixel_offset).min(file_size);
        let palette = if bits_per_pixel <= 8 {
            let named =
                ((palette_end.saturating_sub(headers_end)) / entry_bytes).min(1 << bits_per_pixel);
            let end = headers_end + named * entry_bytes;
            bytes
                .get(headers_end as usize..end as usize)
                .ok_or_else(|| cut("palette", end as usize))?
                .chunks_exact(entry_bytes as usize)
                .map(|entry| [entry[2], entry[1], entry[0]])
                .collect()
        } else {
            Vec::new()
        };

        // Programs that trust a number larger than the truth would take pixels for palette.
        let there = palette_end.saturating_sub(headers_end) / entry_bytes;
        let usable = if bits_per_pixel <= 8 {
            there.min(1 << bits_per_pixel)
        } else {
            there
        };
        let true_colours = (nominal > there).then_some(usable as u32);

        let start = start as u64;
        let carries_gap = start == 0 && pixel_offset - palette_end <= GAP_CARRIED;
        let mut parsed = Self {
            start,
            header_size,
            width: width as u32,
            height: height.unsigned_abs() as u32,
            top_down: height < 0,
            bits_per_pixel,
            compression,
            image_size: if size == 12 { 0 } else { field(20) },
            channel_masks,
            palette,
            pixel_offset,
            profile: None,
            true_colours,
            profile_is_missing: false,
            prefix: if carries_gap {
                pixel_offset
            } else {
                palette_end
            } - start,
        };
        if size == 124 {
            match profile(header, &parsed) {
                Some(profile) if profile.offset >= file_size => parsed.profile_is_missing = true,
                Some(profile) if profile.offset >= parsed.start + parsed.prefix => {
                    parsed.profile = Some(Profile {
                        size: profile.size.min(file_size - profile.offset),
                        ..profile
                    });
                }
                // One before the pixels travels with the headers.
                _ => {}
            }
        }
        Ok(parsed)
    }

    /// Bytes of a row in the input, padding included.
    #[must_use]
    pub fn stride_bytes(&self) -> u64 {
        stride_bytes(self.width, self.bits_per_pixel)
    }

    /// Bytes from the first pixel to the last: whole rows, but for the padding of the last one.
    pub(crate) fn pixel_bytes(&self) -> u64 {
        let row = (u64::from(self.width) * u64::from(self.bits_per_pixel)).div_ceil(8);
        // At most (2^31) rows of 2^31 * 8 bytes and a bit: beyond 64 bits only together.
        (u64::from(self.height) - 1)
            .saturating_mul(self.stride_bytes())
            .saturating_add(row)
    }

    /// Checks that the plain pixels which the header promises are in the file.
    ///
    /// # Errors
    ///
    /// [`FormatError::PixelsCut`] where the file ends before them.
    pub fn check_pixels(&self, file_size: u64) -> Result<(), FormatError> {
        let needed = self.pixel_bytes();
        if self.pixel_offset.saturating_add(needed) > file_size {
            return Err(FormatError::PixelsCut {
                needed,
                offset: self.pixel_offset,
                available: file_size,
            });
        }
        Ok(())
    }

    /// Bytes of the colour profile, 0 if there is none.
    pub(crate) fn profile_bytes(&self) -> u64 {
        self.profile.map_or(0, |profile| profile.size)
    }

    /// The part of the file, from its start, that [`Header::rewritten`] wants to see.
    pub(crate) fn prefix_range(&self) -> std::ops::Range<u64> {
        self.start..self.start + self.prefix
    }

    /// The headers of the turned picture, up to its first pixel.
    ///
    /// `prefix` are the bytes of [`Header::prefix_range`]; `bits_per_pixel` the depth of the
    /// output, which differs from the input's for embedded pictures alone.
    pub(crate) fn rewritten(
        &self,
        prefix: &[u8],
        bits_per_pixel: u32,
    ) -> Result<Vec<u8>, FormatError> {
        let mut out = prefix.to_vec();
        let info = FILE_HEADER as usize;
        let pixel_offset = out.len() as u64;
        let pixel_bytes =
            stride_bytes(self.height, bits_per_pixel).saturating_mul(u64::from(self.width));
        let file_size = pixel_offset
            .saturating_add(pixel_bytes)
            .saturating_add(self.profile_bytes());
        // A field too narrow for the truth says zero, as writers of very large bitmaps do;
        // offsets alone have to be right.
        let narrow = |value: u64| u32::try_from(value).unwrap_or(0).to_le_bytes();
        let put = |out: &mut Vec<u8>, at: usize, bytes: &[u8]| {
            out[at..at + bytes.len()].copy_from_slice(bytes);
        };
        put(&mut out, 2, &narrow(file_size));
        put(&mut out, 10, &(pixel_offset as u32).to_le_bytes());
        if self.header_size == 12 {
            let swapped = [self.height as u16, self.width as u16].map(u16::to_le_bytes);
            put(&mut out, info + 4, &swapped.concat());
            put(&mut out, info + 8, &1_u16.to_le_bytes());
            return Ok(out);
        }
        let too_large =
            |what: &str, value: u32| FormatError::TooLarge(format!("{what} of {value}"));
        let new_width =
            i32::try_from(self.height).map_err(|_| too_large("a width", self.height))?;
        let new_height =
            i32::try_from(self.width).map_err(|_| too_large("a height", self.width))?;
        let new_height = if self.top_down {
            -new_height
        } else {
            new_height
        };
        put(&mut out, info + 4, &new_width.to_le_bytes());
        put(&mut out, info + 8, &new_height.to_le_bytes());
        let size = self.header_size as usize;
        // There is one plane, whatever the header says.
        put(&mut out, info + 12, &1_u16.to_le_bytes());
        let plain = self.compression.is_plain();
        if !plain {
            put(&mut out, info + 14, &(bits_per_pixel as u16).to_le_bytes());
            // An alpha channel has to be announced, where the header has room to.
            let alpha = bits_per_pixel == 32 && size >= 56;
            if size >= 20 {
                let code: u32 = if alpha { 3 } else { 0 };
                put(&mut out, info + 16, &code.to_le_bytes());
            }
            if alpha {
                for (at, mask) in [
                    (40, 0x00ff_0000),
                    (44, 0xff00),
                    (48, 0xff),
                    (52, 0xff00_0000_u32),
                ] {
                    put(&mut out, info + at, &mask.to_le_bytes());
                }
            }
        }
        if size >= 24 {
            // `biSizeImage` may be zero for plain pixels, and then stays zero.
            let stated = u32_at(&out, info + 20);
            if stated != 0 || !plain {
                put(&mut out, info + 20, &narrow(pixel_bytes));
            }
        }
        if size >= 32 {
            out[info + 24..info + 32].rotate_left(4);
        }
        if size >= 36
            && let Some(colours) = self.true_colours
        {
            put(&mut out, info + 32, &colours.to_le_bytes());
        }
        if let Some(profile) = self.profile {
            let moved = pixel_offset - FILE_HEADER + pixel_bytes;
            let moved = u32::try_from(moved).map_err(|_| {
                FormatError::TooLarge(format!(
                    "a colour profile of {} bytes at offset {moved}",
                    profile.size
                ))
            })?;
            put(&mut out, info + 112, &moved.to_le_bytes());
        } else if self.profile_is_missing {
            // The output may be longer than the input: its last bytes must not become a profile.
            put(&mut out, info + 112, &[0; 8]);
        }
        Ok(out)
    }
}

fn compression_name(code: u32, windows: bool) -> String {
    let name = match (code, windows) {
        (0, _) => "BI_RGB",
        (1, _) => "BI_RLE8",
        (2, _) => "BI_RLE4",
        (3, true) => "BI_BITFIELDS",
        (3, false) => "BCA_HUFFMAN1D",
        (4, true) => "BI_JPEG",
        (4, false) => "BCA_RLE24",
        (5, true) => "BI_PNG",
        (6, true) => "BI_ALPHABITFIELDS",
        (11, true) => "BI_CMYK",
        (12, true) => "BI_CMYKRLE8",
        (13, true) => "BI_CMYKRLE4",
        _ => return format!("{code} (unknown)"),
    };
    format!("{code} ({name})")
}

/// The colour profile that a V5 header announces, wherever that is.
fn profile(header: &[u8], parsed: &Header) -> Option<Profile> {
    const PROFILE_EMBEDDED: u32 = 0x4d42_4544;
    const PROFILE_LINKED: u32 = 0x4c49_4e4b;
    if !matches!(u32_at(header, 56), PROFILE_EMBEDDED | PROFILE_LINKED) {
        return None;
    }
    let (data, size) = (
        u64::from(u32_at(header, 112)),
        u64::from(u32_at(header, 116)),
    );
    let offset = parsed.start + FILE_HEADER + data;
    (size != 0 && data != 0).then_some(Profile { offset, size })
}
