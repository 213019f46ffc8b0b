//! What stands where a bitmap's signature should.

/// The first bytes of a file as a person can read them.
pub(super) fn readable(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// What a file that is no bitmap looks like.
pub(super) fn known_format(bytes: &[u8]) -> String {
    const KNOWN: [(&[u8], &str); 13] = [
        (b"\x89PNG", "a PNG file"),
        (b"\xff\xd8\xff", "a JPEG file"),
        (b"GIF8", "a GIF file"),
        (b"II*\0", "a TIFF file"),
        (b"MM\0*", "a TIFF file"),
        (b"RIFF", "a RIFF file, such as WebP"),
        (b"%PDF", "a PDF file"),
        (b"PK\x03\x04", "a ZIP file"),
        (b"\x1f\x8b", "a gzip file"),
        (b"IC", "an OS/2 icon"),
        (b"CI", "an OS/2 colour icon"),
        (b"PT", "an OS/2 pointer"),
        (b"CP", "an OS/2 colour pointer"),
    ];
    KNOWN
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map_or_else(String::new, |(_, name)| format!("; this looks like {name}"))
}
