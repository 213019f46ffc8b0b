//! What can go wrong with one picture, sorted by who has to act.

use std::io;

/// Why a picture was not turned.
///
/// The text of an error says what is wrong with the file, and where, with numbers; it does not
/// repeat the file's name, which the caller knows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not a bitmap, or a damaged one.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The bytes are a bitmap of a kind that the program does not turn.
    #[error("{0}")]
    Unsupported(String),
    /// Turning the picture would take more memory than allowed, or than there is.
    #[error("{0}")]
    Memory(String),
    /// The input is not a regular file.
    #[error("{0}")]
    NotAFile(String),
    /// There is an output already, and it may not be replaced.
    #[error("the output {0} exists already")]
    OutputExists(String),
    /// The operating system refused something.
    #[error("{doing}: {}", io_reason(.source))]
    Io {
        /// What was being done, such as `cannot open`.
        doing: String,
        /// The operating system's own word.
        source: io::Error,
    },
    /// The work was given up because the caller asked for it.
    #[error("interrupted")]
    Interrupted,
    /// A defect of the program, caught so that it costs this picture alone.
    #[error("internal error: {0}; please report this file")]
    Internal(String),
}

impl Error {
    pub(crate) fn io(doing: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Io {
            doing: doing.into(),
            source: source.into(),
        }
    }
}

/// The operating system's message without Rust's `(os error 28)`.
pub(crate) fn io_reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// What is wrong with the bytes of a bitmap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It does not begin like a bitmap.
    #[error("not a bitmap: begins with {found}, not with \"BM\"{}", looks_like_text(*.looks_like))]
    Signature {
        /// The first bytes, readable.
        found: String,
        /// What kind of file it looks like, where its first bytes tell.
        looks_like: Option<OtherFormat>,
    },
    /// It ends inside its headers.
    #[error("needs {needed} bytes of {part}, the file ends after {available}")]
    HeaderCut {
        /// Which header, or the palette.
        part: &'static str,
        /// Bytes from the start of the file that it takes.
        needed: u64,
        /// Bytes there are.
        available: u64,
    },
    /// No header version has this size.
    #[error("the header says it is {0} bytes long, which no version of the format is")]
    HeaderSize(u32),
    /// There are no pixels.
    #[error("the header gives a width of {width} and a height of {height}: there are no pixels")]
    Dimensions {
        /// `biWidth`.
        width: i64,
        /// `biHeight`.
        height: i64,
    },
    /// No bitmap has this depth with this compression.
    #[error("{bits_per_pixel} bits per pixel with compression {compression} is not a bitmap")]
    Depth {
        /// `biBitCount`.
        bits_per_pixel: u32,
        /// The compression's name.
        compression: String,
    },
    /// The pixels are said to begin inside the header.
    #[error(
        "the pixels are said to begin at offset {offset}, inside the header, which ends at {header_end}"
    )]
    PixelOffset {
        /// `bfOffBits`.
        offset: u64,
        /// The first offset that is free.
        header_end: u64,
    },
    /// The file ends inside its pixels.
    #[error("needs {needed} bytes of pixels at offset {offset}, the file ends after {available}")]
    PixelsCut {
        /// Bytes of pixels.
        needed: u64,
        /// Where they begin.
        offset: u64,
        /// Bytes in the whole file.
        available: u64,
    },
    /// The file grew shorter while it was read.
    #[error("the file ends after {now} bytes, though it had {before} when it was opened")]
    Shrank {
        /// Bytes when it was opened.
        before: u64,
        /// Bytes found.
        now: u64,
    },
    /// The compressed pixels are damaged.
    #[error("{0}")]
    Compressed(String),
    /// The picture turned would not fit into the format.
    #[error("the turned bitmap would have {0}, more than the format can say")]
    TooLarge(String),
}

fn looks_like_text(format: Option<OtherFormat>) -> String {
    format.map_or_else(String::new, |format| format!("; this looks like {format}"))
}

/// A format that files have which are taken for bitmaps.
///
/// ```
/// use rot90::{Error, FormatError, OtherFormat};
///
/// let error = rot90::turn(b"\x89PNG\r\n\x1a\n").unwrap_err();
/// let Error::Format(FormatError::Signature { looks_like, .. }) = error else {
///     panic!("{error}");
/// };
/// assert_eq!(looks_like, Some(OtherFormat::Png));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum OtherFormat {
    /// Portable Network Graphics.
    #[error("a PNG file")]
    Png,
    /// JPEG, in whatever container.
    #[error("a JPEG file")]
    Jpeg,
    /// Graphics Interchange Format.
    #[error("a GIF file")]
    Gif,
    /// Tagged Image File Format.
    #[error("a TIFF file")]
    Tiff,
    /// A RIFF container, such as that of WebP.
    #[error("a RIFF file, such as WebP")]
    Riff,
    /// Portable Document Format.
    #[error("a PDF file")]
    Pdf,
    /// A ZIP archive.
    #[error("a ZIP file")]
    Zip,
    /// Something packed by gzip.
    #[error("a gzip file")]
    Gzip,
    /// An icon of OS/2.
    #[error("an OS/2 icon")]
    Os2Icon,
    /// An icon of OS/2, in colour.
    #[error("an OS/2 colour icon")]
    Os2ColourIcon,
    /// A pointer of OS/2.
    #[error("an OS/2 pointer")]
    Os2Pointer,
    /// A pointer of OS/2, in colour.
    #[error("an OS/2 colour pointer")]
    Os2ColourPointer,
}

impl OtherFormat {
    /// The extension that pictures of this format go by; `None` for what is no picture.
    #[must_use]
    pub fn picture_extension(self) -> Option<&'static str> {
        match self {
            Self::Png => Some("png"),
            Self::Jpeg => Some("jpg"),
            Self::Gif => Some("gif"),
            Self::Tiff => Some("tif"),
            Self::Riff => Some("webp"),
            _ => None,
        }
    }
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
