//! How the pixels are stored, and what the header's code for it means.

/// How the pixels are stored (`biCompression`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// `BI_RGB`: uncompressed pixels.
    Rgb,
    /// `BI_RLE8`: run lengths of 8-bit indices.
    Rle8,
    /// `BI_RLE4`: run lengths of 4-bit indices.
    Rle4,
    /// OS/2 2.x `BCA_RLE24`: run lengths of 24-bit pixels.
    Rle24,
    /// `BI_BITFIELDS`: uncompressed pixels whose channels are given by masks.
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
    /// Whether the pixels lie in the file as they are rotated.
    #[must_use]
    pub fn is_uncompressed(self) -> bool {
        matches!(self, Self::Rgb | Self::BitFields | Self::AlphaBitFields)
    }

    /// What the header's code means; `None` where no bitmap has it at that depth.
    ///
    /// Codes 3 and 4 mean `BCA_HUFFMAN1D` and `BCA_RLE24` in OS/2 2.x headers, `BI_BITFIELDS` and
    /// `BI_JPEG` in Windows ones. A header of 40 bytes may be either, and then the depth decides;
    /// `looks_like_jpeg` decides where a 24-bit depth stands beside code 4.
    pub(super) fn from_code(
        code: u32,
        bits_per_pixel: u32,
        header_size: usize,
        looks_like_jpeg: impl Fn() -> bool,
    ) -> Option<Self> {
        let windows = is_windows(header_size);
        let os2 = header_size <= 64;
        Some(match (code, bits_per_pixel) {
            (0, 1 | 2 | 4 | 8 | 16 | 24 | 32 | 64) => Self::Rgb,
            (1, 8) => Self::Rle8,
            (2, 4) => Self::Rle4,
            (3, 1) if os2 => Self::Huffman1D,
            (3, 16 | 24 | 32) if windows => Self::BitFields,
            (4, 24) if os2 && !(windows && looks_like_jpeg()) => Self::Rle24,
            (4, _) if windows => Self::Jpeg,
            (5, _) if windows => Self::Png,
            (6, 16 | 24 | 32) if windows => Self::AlphaBitFields,
            _ => return None,
        })
    }
}

/// Whether headers of this size are written by Windows; the others up to 64 bytes are OS/2's.
pub(super) fn is_windows(header_size: usize) -> bool {
    matches!(header_size, 40 | 52 | 56 | 108 | 124)
}

/// The code as an error names it.
pub(super) fn code_name(code: u32, header_size: usize) -> String {
    let name = match (code, is_windows(header_size)) {
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
