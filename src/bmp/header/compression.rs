//! How the pixels are stored, and what the header's code for it means.

/// How the pixels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// `BI_RGB`: plain pixels.
    Rgb,
    /// `BI_RLE8`: run lengths of 8-bit indices.
    Rle8,
    /// `BI_RLE4`: run lengths of 4-bit indices.
    Rle4,
    /// OS/2 2.x `BCA_RLE24`: run lengths of 24-bit pixels.
    Rle24,
    /// `BI_BITFIELDS`: plain pixels whose channels are given by masks.
    BitFields,
    /// `BI_ALPHABITFIELDS`: the same with a mask for alpha.
    AlphaBitFields,
    /// OS/2 2.x `BCA_HUFFMAN1D`: fax group 3, one-dimensional.
    Huffman1D,
    /// `BI_JPEG`: a JPEG file stands in place of the pixels.
    Jpeg,
    /// `BI_PNG`: a PNG file stands in place of the pixels.
    Png,
}

impl Compression {
    /// Whether the pixels lie in the file as they are turned.
    #[must_use]
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Rgb | Self::BitFields | Self::AlphaBitFields)
    }
}

/// Which compression the header's code means; `None` where no bitmap has it at that depth.
///
/// Codes 3 and 4 mean `BCA_HUFFMAN1D` and `BCA_RLE24` in OS/2 2.x headers, `BI_BITFIELDS` and
/// `BI_JPEG` in Windows ones. A header of 40 bytes may be either, and then the depth decides;
/// `looks_like_jpeg` decides where a 24-bit depth stands beside code 4.
pub(super) fn compression(
    code: u32,
    bits_per_pixel: u32,
    size: usize,
    looks_like_jpeg: impl Fn() -> bool,
) -> Option<Compression> {
    let windows = matches!(size, 40 | 52 | 56 | 108 | 124);
    let os2 = size <= 64;
    Some(match (code, bits_per_pixel) {
        (0, 1 | 2 | 4 | 8 | 16 | 24 | 32 | 64) => Compression::Rgb,
        (1, 8) => Compression::Rle8,
        (2, 4) => Compression::Rle4,
        (3, 1) if os2 => Compression::Huffman1D,
        (3, 16 | 24 | 32) if windows => Compression::BitFields,
        (4, 24) if os2 && !(windows && looks_like_jpeg()) => Compression::Rle24,
        (4, _) if windows => Compression::Jpeg,
        (5, _) if windows => Compression::Png,
        (6, 16 | 24 | 32) if windows => Compression::AlphaBitFields,
        _ => return None,
    })
}
