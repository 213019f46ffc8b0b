//! Headers: what is accepted is in bounds, whatever the size of the file is said to be.
//!
//! The input is the size of the file (eight bytes), then its first bytes.

use rot90::bmp::{HEADER_BYTES, Header};

/// Whether the headers were accepted.
pub(crate) fn check(input: &[u8]) -> bool {
    let Some((size, bytes)) = input.split_first_chunk() else {
        return false;
    };
    // Mostly the true size, sometimes a claim: a file is never smaller than what was read of it.
    let claimed = u64::from_le_bytes(*size) >> 16;
    let whole = bytes.len() <= HEADER_BYTES && claimed % 2 == 0;
    let size = if whole {
        bytes.len() as u64
    } else {
        claimed.max(bytes.len() as u64)
    };
    let bytes = &bytes[..bytes.len().min(HEADER_BYTES)];
    let Ok(header) = Header::parse(bytes, size) else {
        return false;
    };
    assert!(header.width > 0 && header.height > 0);
    assert!(header.palette.len() <= 256);
    if header.compression.is_uncompressed() && header.check_pixels(size).is_ok() {
        assert!(header.pixel_offset < size);
    }
    if let Some(profile) = header.profile {
        assert!(profile.offset + profile.size <= size);
    }
    true
}
