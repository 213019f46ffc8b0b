//! The headers of a bitmap, read.

use super::compression::{code_name, is_windows};
use super::{
    ChannelMasks, Compression, FILE_HEADER, Header, MOST_GAP, MOST_PALETTE, Profile,
    announced_profile, u16_at, u32_at,
};
use crate::error::{FormatError, OtherFormat};

/// See [`Header::parse`].
pub(super) fn parse(bytes: &[u8], file_size: u64) -> Result<Header, FormatError> {
    let has = |part: &str, needed: usize| {
        if needed <= bytes.len() {
            return Ok(());
        }
        Err(FormatError::Truncated(format!(
            "needs {needed} bytes of {part}, the file ends after {file_size}"
        )))
    };
    if bytes.is_empty() {
        return Err(FormatError::Empty);
    }
    let is_array = bytes.starts_with(b"BA");
    let start = if is_array { FILE_HEADER } else { 0 };
    let found = bytes.get(start..).unwrap_or(&[]);
    if !found.starts_with(b"BM") {
        if b"BM".starts_with(found) {
            has("file header", start + FILE_HEADER)?;
        }
        return Err(FormatError::Signature {
            // As a person can read them.
            found: format!("\"{}\"", found[..found.len().min(4)].escape_ascii()),
            looks_like: OtherFormat::of(found),
        });
    }
    let info = start + FILE_HEADER;
    has("headers", info + 12)?;
    let size = u32_at(bytes, info) as usize;
    if !matches!(size, 12 | 16..=64 | 108 | 124) {
        let what = format!("the header size is {size}, which no version of the format has");
        return Err(corrupt(info, what));
    }
    has("headers", info + size)?;

    // The core header has narrower fields. One of an OS/2 2.x header that was cut off reads as zero.
    let field = |at: usize| {
        if size > 12 && at + 4 <= size {
            u32_at(bytes, info + at)
        } else {
            0
        }
    };
    let narrow = |at: usize| u16_at(bytes, info + at);
    let (width, height, bits_per_pixel) = if size == 12 {
        (narrow(4).into(), narrow(6).into(), narrow(10).into())
    } else {
        (field(4) as i32, field(8) as i32, u32::from(narrow(14)))
    };
    if width <= 0 || height == 0 || height == i32::MIN {
        let what = format!(
            "the header gives a width of {width} and a height of {height}, which leaves no pixels"
        );
        return Err(corrupt(info + 4, what));
    }
    let pixel_offset = u32_at(bytes, start + 10);
    let compression = Compression::from_code(field(16), bits_per_pixel, size, || {
        let data = bytes.get(pixel_offset as usize..).unwrap_or(&[]);
        data.starts_with(&[0xff, 0xd8])
    })
    .ok_or_else(|| FormatError::Depth {
        bits_per_pixel,
        compression: code_name(field(16), size),
    })?;
    let masks_bytes = match (size, compression) {
        (40, Compression::BitFields) => 12,
        (40, Compression::AlphaBitFields) => 16,
        _ => 0,
    };
    let headers_end = info + size + masks_bytes;
    has("headers and channel masks", headers_end)?;

    let mut header = Header {
        header_size: size as u32,
        width: width as u32,
        height: height.unsigned_abs(),
        top_down: height < 0,
        bits_per_pixel,
        compression,
        channel_masks: channel_masks(bytes, info, compression, bits_per_pixel),
        palette: Vec::new(),
        pixel_offset: pixel_offset.into(),
        profile: None,
        start: start as u64,
        image_size: field(20),
        prefix_end: 0,
        true_colours: None,
        // The array's header says where its next picture begins (`offNext`), or 0.
        next_picture: is_array
            .then(|| u32_at(bytes, 6))
            .filter(|&offset| offset != 0),
    };
    let stated_size = u32_at(bytes, start + 2).into();
    let (palette_end, entry_bytes) =
        header.place_palette(headers_end as u64, field(32), stated_size, file_size)?;
    has("headers and palette", palette_end)?;
    header.palette = bytes[headers_end..palette_end]
        .chunks_exact(entry_bytes)
        .map(|entry| [entry[2], entry[1], entry[0]])
        .collect();
    header.profile = announced_profile(&bytes[info..]).and_then(|(offset, size)| {
        let offset = info as u64 + u64::from(offset);
        let there = file_size.checked_sub(offset).filter(|&bytes| bytes > 0)?;
        let size = u64::from(size).min(there);
        Some(Profile { offset, size })
    });
    Ok(header)
}

fn corrupt(offset: usize, what: String) -> FormatError {
    let offset = offset as u64;
    FormatError::Corrupt { offset, what }
}

/// Masks stand after a 40-byte header, or at the same place in a longer one.
fn channel_masks(
    bytes: &[u8],
    info: usize,
    compression: Compression,
    bits_per_pixel: u32,
) -> ChannelMasks {
    let [red, green, blue] = match compression {
        Compression::BitFields | Compression::AlphaBitFields => {
            [40, 44, 48].map(|at| u32_at(bytes, info + at))
        }
        _ => [0; 3],
    };
    match (red | green | blue, bits_per_pixel) {
        (0, 16) => ChannelMasks::RGB555,
        (0, _) => ChannelMasks::RGB888,
        _ => ChannelMasks { red, green, blue },
    }
}

impl Header {
    /// Finds out where palette and pixels lie, and how much of what is before the pixels is
    /// carried over. Returns the end of the palette entries that pixels can name, and the bytes of
    /// an entry.
    fn place_palette(
        &mut self,
        headers_end: u64,
        colours_used: u32,
        stated_size: u64,
        file_size: u64,
    ) -> Result<(usize, usize), FormatError> {
        let fields_end = self.start + FILE_HEADER as u64 + u64::from(self.header_size);
        let stated_offset = self.pixel_offset;
        let indexed = self.bits_per_pixel <= 8
            && !matches!(self.compression, Compression::Jpeg | Compression::Png);
        let nameable = if indexed { 1 << self.bits_per_pixel } else { 0 };
        let claimed = match colours_used.into() {
            0 => nameable,
            used => used,
        };
        // Palettes of OS/2 2.x have four bytes an entry by the book; some writers make it three.
        let os2 = !is_windows(self.header_size as usize);
        let three = self.header_size == 12 || os2 && stated_offset == headers_end + 3 * claimed;
        let entry_bytes = if three { 3 } else { 4 };
        let claimed_end = headers_end + claimed * entry_bytes;
        // What has to lie before the pixels: other palettes than those of indices are hints.
        let needed_end = if indexed { claimed_end } else { headers_end };
        if stated_offset == 0 {
            self.pixel_offset = claimed_end;
        } else if (stated_offset == fields_end || stated_offset == headers_end)
            && self.has_room_at(needed_end, stated_size, file_size)
        {
            // The offset leaves out a palette, or masks, that stand there all the same.
            self.pixel_offset = needed_end;
        }
        if self.pixel_offset < headers_end {
            let what = format!(
                "the header puts the pixels at offset {stated_offset}, inside the headers, which end \
                 at {headers_end}"
            );
            return Err(corrupt(self.start as usize + 10, what));
        }
        // Pixels that begin before the palette's end, or the file's end, shorten it.
        let end = claimed_end.min(self.pixel_offset).min(file_size);
        let mut palette_end = end.max(headers_end);
        if palette_end - headers_end > MOST_PALETTE {
            if indexed || stated_offset == 0 {
                let what = format!(
                    "the header claims a palette of {claimed} entries, far too many for {} bits \
                     per pixel",
                    self.bits_per_pixel
                );
                return Err(corrupt(self.start as usize + FILE_HEADER + 32, what));
            }
            palette_end = headers_end;
        }
        let there = (palette_end - headers_end) / entry_bytes;
        let named = there.min(nameable);
        let true_colours = if indexed { named } else { there };
        // Where a palette is missing, 0 would claim all of it.
        let is_missing = indexed && there == 0;
        self.true_colours = (claimed > there && !is_missing).then_some(true_colours as u32);
        let carries_gap =
            self.next_picture.is_none() && self.pixel_offset - palette_end <= MOST_GAP;
        self.prefix_end = if carries_gap {
            self.pixel_offset.min(file_size)
        } else {
            palette_end
        };
        let named_end = headers_end + named * entry_bytes;
        Ok((named_end as usize, entry_bytes as usize))
    }

    /// Whether the file has room for the pixels from `offset` on.
    fn has_room_at(&self, offset: u64, stated_size: u64, file_size: u64) -> bool {
        if !self.compression.is_uncompressed() {
            return offset + u64::from(self.image_size.max(1)) <= file_size;
        }
        offset.saturating_add(self.pixel_bytes()) <= file_size
            // A file that was cut says how long it was.
            || offset.saturating_add(self.padded_pixel_bytes()) == stated_size
    }
}
