//! What stands where a bitmap's signature should.

use crate::error::OtherFormat;

/// The first bytes of a file as a person can read them.
pub(super) fn readable(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// What a file that is no bitmap looks like.
pub(super) fn known_format(bytes: &[u8]) -> Option<OtherFormat> {
    const KNOWN: [(&[u8], OtherFormat); 13] = [
        (b"\x89PNG", OtherFormat::Png),
        (b"\xff\xd8\xff", OtherFormat::Jpeg),
        (b"GIF8", OtherFormat::Gif),
        (b"II*\0", OtherFormat::Tiff),
        (b"MM\0*", OtherFormat::Tiff),
        (b"RIFF", OtherFormat::Riff),
        (b"%PDF", OtherFormat::Pdf),
        (b"PK\x03\x04", OtherFormat::Zip),
        (b"\x1f\x8b", OtherFormat::Gzip),
        (b"IC", OtherFormat::Os2Icon),
        (b"CI", OtherFormat::Os2ColourIcon),
        (b"PT", OtherFormat::Os2Pointer),
        (b"CP", OtherFormat::Os2ColourPointer),
    ];
    KNOWN
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|&(_, format)| format)
}
