//! The headers of the rotated picture.

use super::{FILE_HEADER, Header, announced_profile, stride_bytes, u32_at};
use crate::error::FormatError;

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

/// A field too narrow for the truth says zero, as writers of very large bitmaps do.
fn or_zero(value: u64) -> [u8; 4] {
    u32::try_from(value).unwrap_or(0).to_le_bytes()
}

impl Header {
    /// The headers of the rotated picture, up to its first pixel.
    ///
    /// `prefix` are the bytes of [`Header::prefix_range`]; `bits_per_pixel` is the depth of the
    /// output, which differs from the input's for embedded pictures alone.
    pub(crate) fn rotated_headers(
        &self,
        prefix: &[u8],
        bits_per_pixel: u32,
        file_size: u64,
    ) -> Result<Vec<u8>, FormatError> {
        let info = FILE_HEADER;
        let size = self.header_size as usize;
        let mut out = prefix.to_vec();
        let pixel_offset = out.len() as u64;
        let pixel_bytes =
            stride_bytes(self.height, bits_per_pixel).saturating_mul(u64::from(self.width));
        let pixels_end = pixel_offset.saturating_add(pixel_bytes);
        let tail = self.tail_range(file_size);
        let out_size = pixels_end.saturating_add(tail.end - tail.start);
        put(&mut out, 2, &or_zero(out_size));
        // A prefix is never longer than 2 MiB.
        put(&mut out, 10, &(pixel_offset as u32).to_le_bytes());
        if size == 12 {
            put(&mut out, info + 4, &(self.height as u16).to_le_bytes());
            put(&mut out, info + 6, &(self.width as u16).to_le_bytes());
            put(&mut out, info + 8, &1_u16.to_le_bytes());
            return Ok(out);
        }
        // Either was at most `i32::MAX` in the input.
        let height = self.width as i32 * if self.top_down { -1 } else { 1 };
        put(&mut out, info + 4, &self.height.to_le_bytes());
        put(&mut out, info + 8, &height.to_le_bytes());
        // There is one plane, whatever the header says.
        put(&mut out, info + 12, &1_u16.to_le_bytes());
        let uncompressed = self.compression.is_uncompressed();
        if !uncompressed {
            announce_depth(&mut out[info..], size, bits_per_pixel);
        }
        // `biSizeImage` may be zero for uncompressed pixels, and then stays zero.
        if size >= 24 && (!uncompressed || u32_at(&out, info + 20) != 0) {
            put(&mut out, info + 20, &or_zero(pixel_bytes));
        }
        // `biXPelsPerMeter` and `biYPelsPerMeter` change places.
        if size >= 32 {
            out[info + 24..info + 32].rotate_left(4);
        }
        if size >= 36
            && let Some(colours) = self.true_colours
        {
            put(&mut out, info + 32, &colours.to_le_bytes());
        }
        if announced_profile(&out[info..]).is_some() {
            match self.profile {
                Some(profile) if self.carries_in_prefix(profile) => {}
                Some(profile) if tail.contains(&profile.offset) => {
                    let moved =
                        (pixels_end - info as u64).saturating_add(profile.offset - tail.start);
                    let moved = u32::try_from(moved).map_err(|_| {
                        FormatError::TooLarge(format!(
                            "a colour profile of {} bytes at offset {moved}",
                            profile.size
                        ))
                    })?;
                    put(&mut out, info + 112, &moved.to_le_bytes());
                }
                // Other bytes of the output must not become a profile.
                _ => put(&mut out, info + 112, &[0; 8]),
            }
        }
        Ok(out)
    }
}

/// Makes the info header say that pixels are no longer compressed, and how deep they are.
fn announce_depth(info: &mut [u8], size: usize, bits_per_pixel: u32) {
    put(info, 14, &(bits_per_pixel as u16).to_le_bytes());
    // An alpha channel has to be announced, where the header has room to.
    let alpha = bits_per_pixel == 32 && size >= 56;
    if size >= 20 {
        // `BI_BITFIELDS` or `BI_RGB`.
        put(info, 16, &[if alpha { 3 } else { 0 }, 0, 0, 0]);
    }
    if alpha {
        let masks = [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0xff00_0000];
        put(info, 40, &masks.map(u32::to_le_bytes).concat());
    }
}
