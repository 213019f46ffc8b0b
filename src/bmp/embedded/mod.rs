//! Bitmaps whose pixels are a JPEG or PNG file (`BI_JPEG`, `BI_PNG`), decoded to plain rows.

mod jpeg;
mod png;

use thiserror::Error;

/// What is embedded in place of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Embedded {
    /// A JPEG file: `BI_JPEG`.
    Jpeg,
    /// A PNG file: `BI_PNG`.
    Png,
}

impl std::fmt::Display for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
        })
    }
}

/// Why an embedded picture cannot be decoded.
#[derive(Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The data does not begin as such a file does, or is damaged further on.
    #[error("the embedded {kind} is damaged: {reason}")]
    Damaged {
        /// What the data should be.
        kind: Embedded,
        /// What is wrong with it.
        reason: String,
    },
    /// The data is of a kind that no decoder here knows.
    #[error("the embedded {kind} is of a kind that is not supported: {reason}")]
    Unsupported {
        /// What the data is.
        kind: Embedded,
        /// What it uses.
        reason: String,
    },
    /// The data ends before the picture does.
    #[error("the embedded {kind} ends early, after {length} bytes")]
    EndsEarly {
        /// What the data is.
        kind: Embedded,
        /// Bytes of data there are.
        length: usize,
    },
    /// The picture claims more pixels than so few bytes can stand for.
    #[error("{length} bytes of embedded {kind} cannot hold {width} × {height} pixels")]
    TooLittleData {
        /// What the data is.
        kind: Embedded,
        /// Bytes of data there are.
        length: usize,
        /// Pixels of a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The embedded picture and the bitmap's header differ in size.
    #[error(
        "the embedded {kind} has {width} × {height} pixels, \
         the bitmap around it {expected_width} × {expected_height}"
    )]
    OtherDimensions {
        /// What the data is.
        kind: Embedded,
        /// Pixels of a row of the embedded picture.
        width: u32,
        /// Rows of the embedded picture.
        height: u32,
        /// Pixels of a row according to the bitmap.
        expected_width: usize,
        /// Rows according to the bitmap.
        expected_height: usize,
    },
    /// Decoding needs more memory than allowed.
    #[error("decoding the embedded {kind} needs {needed} bytes of memory, {limit} are allowed")]
    TooLarge {
        /// What the data is.
        kind: Embedded,
        /// Bytes of memory it takes, beside the output.
        needed: u64,
        /// Bytes that may be used.
        limit: u64,
    },
    /// The memory for decoding is not to be had.
    #[error("there is no memory for the {needed} bytes that decoding the embedded {kind} needs")]
    OutOfMemory {
        /// What the data is.
        kind: Embedded,
        /// Bytes of memory it takes, beside the output.
        needed: u64,
    },
    /// The caller's buffer has another size, or the depth is neither 24 nor 32.
    #[error(
        "a buffer of {length} bytes with rows of {stride_bytes} cannot take {height} rows of \
         {width} pixels at {bits_per_pixel} bits"
    )]
    Buffer {
        /// Bytes of the buffer.
        length: usize,
        /// Bytes from row to row.
        stride_bytes: usize,
        /// The pixels a row has.
        width: usize,
        /// The rows the picture has.
        height: usize,
        /// Bits a pixel should take.
        bits_per_pixel: u32,
    },
}

/// Width, height and whether there is alpha, from the headers alone.
///
/// A PNG has alpha if its colour type has, or if a `tRNS` chunk gives some; a JPEG never has.
/// Nothing is allocated.
///
/// # Errors
///
/// [`EmbeddedError`] when the data is not what `kind` says, or is cut before its pixels.
pub fn dimensions(kind: Embedded, data: &[u8]) -> Result<(u32, u32, bool), EmbeddedError> {
    match kind {
        Embedded::Jpeg => jpeg::dimensions(data).map(|(width, height)| (width, height, false)),
        Embedded::Png => png::dimensions(data),
    }
}

/// The rows that an embedded picture is decoded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 24 for blue, green and red, 32 for those and alpha.
    pub bits_per_pixel: u32,
    /// Bytes from row to row.
    pub stride_bytes: usize,
    /// Whether the lowest row of the picture comes first.
    pub bottom_up: bool,
}

/// Decodes the embedded picture into plain rows: blue, green and red, then alpha at 32 bits.
///
/// A PNG goes through the `image` crate. A JPEG has a decoder here, because the one of `image` shows
/// something whatever the damage, and differs by up to 4 from what the common library shows.
///
/// `out` holds the rows as `rows` describes them. Bytes between the pixels' end and the stride are left
/// alone. Samples of other widths are scaled to 8 bits, rounded; a picture without alpha is opaque
/// at 32 bits, and one with alpha loses it at 24. Gamma and colour profiles within the embedded
/// file are not applied.
///
/// No more than `max_alloc` bytes are allocated beside `out`, and none that the length of the data
/// cannot justify.
///
/// # Errors
///
/// [`EmbeddedError`] when the data is damaged, cut, not of the size the caller expects, or would
/// take too much memory. `out` is then as it was.
pub fn expand(
    kind: Embedded,
    data: &[u8],
    rows: Rows,
    max_alloc: u64,
    out: &mut [u8],
) -> Result<(), EmbeddedError> {
    let Rows {
        width,
        height,
        bits_per_pixel,
        stride_bytes,
        ..
    } = rows;
    let pixel_bytes = match bits_per_pixel {
        24 => 3,
        32 => 4,
        _ => 0,
    };
    let row_fits = width
        .checked_mul(pixel_bytes)
        .is_some_and(|bytes| bytes <= stride_bytes);
    if pixel_bytes == 0 || !row_fits || stride_bytes.checked_mul(height) != Some(out.len()) {
        return Err(EmbeddedError::Buffer {
            length: out.len(),
            stride_bytes,
            width,
            height,
            bits_per_pixel,
        });
    }
    let (embedded_width, embedded_height, needed) = cost(kind, data)?;
    if (embedded_width as usize, embedded_height as usize) != (width, height) {
        return Err(EmbeddedError::OtherDimensions {
            kind,
            width: embedded_width,
            height: embedded_height,
            expected_width: width,
            expected_height: height,
        });
    }
    if needed > max_alloc {
        return Err(EmbeddedError::TooLarge {
            kind,
            needed,
            limit: max_alloc,
        });
    }
    match kind {
        Embedded::Jpeg => jpeg::expand(data, rows, needed, out),
        Embedded::Png => png::expand(data, rows, needed, out),
    }
}

/// Whether the data, whose headers alone are looked at, is enough for the picture that it promises.
///
/// # Errors
///
/// [`EmbeddedError::TooLittleData`] where it is not, and others where the headers are damaged.
pub(crate) fn check_justified(kind: Embedded, data: &[u8]) -> Result<(), EmbeddedError> {
    cost(kind, data).map(drop)
}

/// An empty vector with room for `length` bytes.
fn allocate(kind: Embedded, length: u64, needed: u64) -> Result<Vec<u8>, EmbeddedError> {
    let mut bytes = Vec::new();
    usize::try_from(length)
        .ok()
        .and_then(|length| bytes.try_reserve_exact(length).ok())
        .ok_or(EmbeddedError::OutOfMemory { kind, needed })?;
    Ok(bytes)
}

/// Width, height, and the bytes that decoding allocates beside the output, at most.
fn cost(kind: Embedded, data: &[u8]) -> Result<(u32, u32, u64), EmbeddedError> {
    let (width, height, least_bytes, needed) = match kind {
        Embedded::Jpeg => {
            let cost = jpeg::cost(data)?;
            (cost.width, cost.height, cost.least_bytes, cost.memory)
        }
        Embedded::Png => png::cost(data)?,
    };
    if least_bytes > data.len() as u64 {
        return Err(EmbeddedError::TooLittleData {
            kind,
            length: data.len(),
            width,
            height,
        });
    }
    Ok((width, height, needed))
}
