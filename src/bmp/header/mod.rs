//! The headers of a bitmap: what they say, and what lies where in the file.
//!
//! Sources: `BITMAPFILEHEADER`, `BITMAPCOREHEADER`, `BITMAPINFOHEADER`, `BITMAPV4HEADER` and
//! `BITMAPV5HEADER` in the Windows GDI documentation; `BITMAPFILEHEADER2`, `BITMAPINFOHEADER2` and
//! `BITMAPARRAYFILEHEADER2` in the OS/2 2.x Presentation Manager reference.

mod compression;
mod parse;
mod rotated;
#[cfg(test)]
#[path = "../../../tests/unit/header.rs"]
mod tests;

use std::ops::Range;

use crate::error::FormatError;
pub use compression::Compression;

/// Bytes of the file header (`BITMAPFILEHEADER`).
const FILE_HEADER: usize = 14;

/// How many bytes from the start of a file [`Header::parse`] may want to see.
pub const HEADER_BYTES: usize = 2048;

/// A gap between the headers and the pixels is carried over up to this size.
const MOST_GAP: u64 = 1 << 20;

/// The largest palette that is carried over: 256 entries have 1 KiB.
const MOST_PALETTE: u64 = 256 << 10;

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

impl ChannelMasks {
    /// What 16-bit pixels have where nothing is said.
    pub(crate) const RGB555: Self = Self::new(0x7c00, 0x03e0, 0x001f);

    /// What 24- and 32-bit pixels have where nothing is said: blue, green and red bytes.
    pub(crate) const RGB888: Self = Self::new(0x00ff_0000, 0x0000_ff00, 0x0000_00ff);

    const fn new(red: u32, green: u32, blue: u32) -> Self {
        Self { red, green, blue }
    }
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
    /// Bytes of the header after the file header: its version.
    pub header_size: u32,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether the first row in the file is the picture's uppermost (a negative `biHeight`).
    pub top_down: bool,
    /// 1, 2, 4, 8, 16, 24, 32 or 64; an embedded picture has its own depth, and 0 here as a rule.
    pub bits_per_pixel: u32,
    /// How the pixels are stored.
    pub compression: Compression,
    /// The channels of 16-, 24- and 32-bit pixels; masks that are all zero count as absent.
    pub channel_masks: ChannelMasks,
    /// Red, green and blue of each palette entry that a pixel can name.
    pub palette: Vec<[u8; 3]>,
    /// Where the pixels begin in the file: behind a palette which `bfOffBits` leaves out, too.
    pub pixel_offset: u64,
    /// The colour profile, where the file has the one that its header announces.
    pub profile: Option<Profile>,
    /// Where the bitmap's own file header begins: 14 within a bitmap array, 0 elsewhere.
    start: u64,
    /// Bytes of the pixels, as the header has it (`biSizeImage`); 0 where it does not.
    image_size: u32,
    /// Where what is carried over of headers, palette and gap ends.
    prefix_end: u64,
    /// Palette entries that are there, where the header's number of them would mislead.
    true_colours: Option<u32>,
    /// Where the second picture of a bitmap array begins.
    next_picture: Option<u32>,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Offset, from the header it stands in, and size of the colour profile that a V5 header announces,
/// whether the file has it or not.
fn announced_profile(info: &[u8]) -> Option<(u32, u32)> {
    const PROFILE_EMBEDDED: u32 = 0x4d42_4544;
    const PROFILE_LINKED: u32 = 0x4c49_4e4b;
    if u32_at(info, 0) != 124 {
        return None;
    }
    let [colour_space, offset, size] = [56, 112, 116].map(|at| u32_at(info, at));
    let is_profile = matches!(colour_space, PROFILE_EMBEDDED | PROFILE_LINKED);
    (is_profile && offset != 0 && size != 0).then_some((offset, size))
}

/// Bytes of a row of uncompressed pixels, padded to four.
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
        parse::parse(bytes, file_size)
    }

    /// Checks that the file has the pixels which the header promises: all that are uncompressed,
    /// and at least a byte of compressed ones.
    ///
    /// # Errors
    ///
    /// [`FormatError::Truncated`] where the file ends before them.
    pub fn check_pixels(&self, file_size: u64) -> Result<(), FormatError> {
        if self.least_pixels_end() <= file_size {
            return Ok(());
        }
        Err(FormatError::Truncated(format!(
            "needs {} bytes of pixels at offset {}, the file ends after {file_size}",
            self.least_pixel_bytes(),
            self.pixel_offset
        )))
    }

    /// Bytes of uncompressed pixels, from the first to the last: whole rows, but for the padding of
    /// the last one.
    pub(crate) fn pixel_bytes(&self) -> u64 {
        let bits = u64::from(self.width) * u64::from(self.bits_per_pixel);
        let padding = stride_bytes(self.width, self.bits_per_pixel) - bits.div_ceil(8);
        self.padded_pixel_bytes().saturating_sub(padding)
    }

    /// Bytes of uncompressed pixels with the padding of all rows. 2^31 rows of 2^34 bytes do not
    /// fit 64 bits.
    fn padded_pixel_bytes(&self) -> u64 {
        stride_bytes(self.width, self.bits_per_pixel).saturating_mul(self.height.into())
    }

    /// The part of the file, from its headers on, that [`Header::rotated_headers`] wants to see:
    /// headers, palette and gap. Never more than 2 MiB.
    pub(crate) fn prefix_range(&self) -> Range<u64> {
        self.start..self.prefix_end
    }

    /// The part of the file in which the compressed pixels lie, and whatever follows them.
    pub(crate) fn data_range(&self, file_size: u64) -> Range<u64> {
        self.pixel_offset.min(file_size)..file_size
    }

    /// What lies behind the pixels and is carried over behind the output's pixels.
    pub(crate) fn tail_range(&self, file_size: u64) -> Range<u64> {
        // Writers that leave out the padding of the last row let a profile begin there.
        let profile = self
            .profile
            .filter(|profile| profile.offset >= self.least_pixels_end());
        match (self.pixels_end(file_size), profile) {
            (Some(end), profile) => {
                profile.map_or(end, |profile| end.min(profile.offset))..file_size
            }
            (None, Some(profile)) => profile.offset..profile.offset + profile.size,
            (None, None) => file_size..file_size,
        }
    }

    /// What cannot be carried over to the output, in words, with numbers.
    pub(crate) fn left_out(&self, file_size: u64) -> Vec<String> {
        let mut told = Vec::new();
        let tail = self.tail_range(file_size);
        let pixels = self.data_range(file_size).start;
        let gap = pixels.saturating_sub(self.prefix_end);
        if self.next_picture.is_some() {
            let carried = self.prefix_end.saturating_add(self.stated_pixel_bytes());
            let carried = carried.saturating_add(tail.end - tail.start);
            let bytes = file_size.saturating_sub(carried);
            told.push(format!(
                "the other pictures of the bitmap array ({bytes} bytes)"
            ));
        } else if gap > 0 {
            told.push(format!(
                "{gap} bytes between the headers and the pixels (from offset {} on)",
                self.prefix_end
            ));
        }
        if let Some(profile) = self.profile
            && !self.carries_in_prefix(profile)
            && !tail.contains(&profile.offset)
        {
            told.push(format!(
                "the colour profile ({} bytes at offset {})",
                profile.size, profile.offset
            ));
        }
        told
    }

    /// Whether the profile travels with the headers.
    fn carries_in_prefix(&self, profile: Profile) -> bool {
        profile.offset + profile.size <= self.prefix_end
    }

    /// The end of the pixels, where it is known that no more of them can follow.
    fn pixels_end(&self, file_size: u64) -> Option<u64> {
        let bytes = self.stated_pixel_bytes();
        let end = self.pixel_offset.saturating_add(bytes);
        let fits = self.compression.is_uncompressed() || end <= file_size;
        (self.next_picture.is_none() && bytes > 0 && fits).then_some(end.min(file_size))
    }

    /// Bytes of the pixels as the header has it: 0 where it does not.
    fn stated_pixel_bytes(&self) -> u64 {
        if self.compression.is_uncompressed() {
            self.padded_pixel_bytes()
        } else {
            self.image_size.into()
        }
    }

    /// The fewest bytes that the pixels can have.
    fn least_pixel_bytes(&self) -> u64 {
        if self.compression.is_uncompressed() {
            self.pixel_bytes()
        } else {
            1
        }
    }

    /// The first offset that can lie behind the pixels.
    fn least_pixels_end(&self) -> u64 {
        self.pixel_offset.saturating_add(self.least_pixel_bytes())
    }
}
