//! What can go wrong with one picture, sorted by who has to act.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a picture was not rotated.
///
/// The text of an error says what is wrong with the file, and where, with numbers; it does not
/// repeat the file's name, which the caller knows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not a bitmap, or a corrupt one.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The bytes are a bitmap of a kind that is not rotated here.
    #[error("{0}")]
    Unsupported(String),
    /// Rotating the picture would take more memory than allowed, or than there is.
    #[error("{0}")]
    Memory(String),
    /// The input is not a regular file.
    #[error("{0}")]
    NotAFile(String),
    /// There is an output already, and it may not be replaced.
    #[error("the output already exists")]
    OutputExists,
    /// The input changed while it was read.
    #[error("{0}")]
    Changed(String),
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
    /// A defect in the program, caught so that it affects only this picture.
    #[error("internal error: {0}; please report this file")]
    Internal(String),
}

impl Error {
    pub(crate) fn no_memory(size: u64) -> Self {
        let text = format!("needs {size} bytes of memory, more than the system gives");
        Self::Memory(text)
    }

    pub(crate) fn io(doing: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Io {
            doing: doing.into(),
            source: source.into(),
        }
    }
}

/// Fails with [`Error::Interrupted`] once the caller has asked for an end.
pub(crate) fn stop_if_cancelled(cancel: Option<&AtomicBool>) -> Result<()> {
    match cancel {
        Some(cancel) if cancel.load(Ordering::Relaxed) => Err(Error::Interrupted),
        _ => Ok(()),
    }
}

/// The operating system's message without Rust's `(os error 28)`.
fn io_reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").take(1).collect()
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
    /// The file ends before its headers or its pixels do.
    #[error("truncated: {0}")]
    Truncated(String),
    /// No bitmap has this depth with this compression.
    #[error("no bitmap has {bits_per_pixel} bits per pixel with compression {compression}")]
    Depth {
        /// `biBitCount`.
        bits_per_pixel: u32,
        /// The compression's number and name.
        compression: String,
    },
    /// A field of the headers, or a code in compressed pixels, makes no sense.
    #[error("corrupt at offset {offset}: {what}")]
    Corrupt {
        /// Where in the file it stands.
        offset: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The rotated picture would not fit into the format.
    #[error("the rotated bitmap would have {0}, more than the format allows")]
    TooLarge(String),
}

fn looks_like_text(format: Option<OtherFormat>) -> String {
    format.map_or_else(String::new, |format| format!("; this looks like {format}"))
}

/// The format of a file that was taken for a bitmap: pictures, documents, archives, and the
/// icons and pointers of OS/2.
///
/// ```
/// use rot90::{Error, FormatError, OtherFormat};
///
/// let error = rot90::rotate(b"\x89PNG\r\n\x1a\n").unwrap_err();
/// let Error::Format(FormatError::Signature { looks_like, .. }) = error else {
///     panic!("{error}");
/// };
/// assert_eq!(looks_like, Some(OtherFormat::Png));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub enum OtherFormat {
    Png,
    Jpeg,
    Gif,
    Tiff,
    WebP,
    Pdf,
    Zip,
    Gzip,
    Os2Icon,
}

impl OtherFormat {
    /// How its files begin, what a person calls one, and the extension of pictures.
    const KNOWN: [(&[u8], Self, &str, Option<&str>); 13] = [
        (b"\x89PNG", Self::Png, "a PNG file", Some("png")),
        (b"\xff\xd8\xff", Self::Jpeg, "a JPEG file", Some("jpg")),
        (b"GIF8", Self::Gif, "a GIF file", Some("gif")),
        (b"II*\0", Self::Tiff, "a TIFF file", Some("tif")),
        (b"MM\0*", Self::Tiff, "a TIFF file", Some("tif")),
        (b"RIFF", Self::WebP, "a WebP file", Some("webp")),
        (b"%PDF", Self::Pdf, "a PDF file", None),
        (b"PK\x03\x04", Self::Zip, "a ZIP file", None),
        (b"\x1f\x8b", Self::Gzip, "a gzip file", None),
        (b"IC", Self::Os2Icon, "an OS/2 icon or pointer", None),
        (b"CI", Self::Os2Icon, "an OS/2 icon or pointer", None),
        (b"PT", Self::Os2Icon, "an OS/2 icon or pointer", None),
        (b"CP", Self::Os2Icon, "an OS/2 icon or pointer", None),
    ];

    /// What a file that begins with these bytes looks like.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let is_webp = bytes.get(8..12) == Some(b"WEBP");
        let fits = |known: &&(&[u8], Self, _, _)| {
            bytes.starts_with(known.0) && (known.1 != Self::WebP || is_webp)
        };
        Self::KNOWN.iter().find(fits).map(|known| known.1)
    }

    fn names(self) -> (&'static str, Option<&'static str>) {
        let known = Self::KNOWN.iter().find(|known| known.1 == self);
        known.map_or(("another format", None), |known| (known.2, known.3))
    }

    /// The extension that pictures of this format go by; `None` for what is no picture.
    #[must_use]
    pub fn picture_extension(self) -> Option<&'static str> {
        self.names().1
    }
}

impl fmt::Display for OtherFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.names().0)
    }
}

/// Why [`rotate_pixels`](crate::rotate_pixels) refused its arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PixelsError {
    /// No kernel is made for pixels of this size.
    #[error("a pixel has 1 to 16 bytes, not {0}")]
    PixelBytes(usize),
    /// Some of the pixels, or of the columns asked for, would lie outside the input.
    #[error("{0}")]
    Input(String),
    /// Rows of the output would overlap, or lie outside it.
    #[error("{0}")]
    Output(String),
}

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
