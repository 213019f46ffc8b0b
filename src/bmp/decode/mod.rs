//! Compressed pixels, decoded in memory to the uncompressed ones that are rotated.

mod embedded;
mod huffman;
mod jpeg;
mod png;
mod rle;
#[cfg(test)]
#[path = "../../../tests/unit/decode.rs"]
mod tests;

use super::header::{Compression, Header, stride_bytes};
use crate::error::{Error, FormatError, Result};
use crate::memory::zeroed;

/// Compressed pictures up to this size are decoded whatever their data can justify.
const ALWAYS_DECODED: u64 = 64 << 20;

/// The uncompressed rows that a decoder fills, zeroed at first, in the order of the bitmap.
struct DecodedRows<'a> {
    /// Pixels of a row.
    width: usize,
    bits_per_pixel: usize,
    stride_bytes: usize,
    bytes: &'a mut [u8],
}

impl DecodedRows<'_> {
    fn height(&self) -> usize {
        self.bytes.len() / self.stride_bytes
    }
}

/// What the headers of an embedded picture say.
struct Embedded {
    width: u32,
    height: u32,
    has_alpha: bool,
    /// Bytes of data that are the picture's.
    length: usize,
    /// The fewest bytes of data that can hold the pixels.
    least_bytes: u64,
    /// Bytes that the decoder allocates, its samples included, at most.
    memory: u64,
    /// Samples have 16 bits, of which 8 are kept.
    is_deep: bool,
}

/// What decoding makes and takes, found out before anything as large as the picture is allocated.
pub(crate) struct Decoding {
    embedded: Option<Embedded>,
    /// The depth of the decoded pixels: that of the bitmap, or for embedded pictures 24, with alpha
    /// 32.
    pub(crate) bits_per_pixel: u32,
    /// Bytes of the decoded pixels.
    size: u64,
    /// All bytes that [`decode`](Self::decode) allocates, those of the pixels included.
    pub(crate) memory: u64,
}

impl Decoding {
    /// `data` are the bytes of [`Header::data_range`].
    ///
    /// # Errors
    ///
    /// Where the headers of an embedded picture are corrupt, and where the data is too short for
    /// the picture that it promises.
    pub(crate) fn new(header: &Header, data: &[u8]) -> Result<Self> {
        let embedded = Embedded::read(header, data).map_err(|error| in_file(header, error))?;
        let bits_per_pixel = match &embedded {
            Some(picture) if picture.has_alpha => 32,
            Some(_) => 24,
            None => header.bits_per_pixel,
        };
        let (width, height) = (header.width, header.height);
        let size = stride_bytes(width, bits_per_pixel).saturating_mul(u64::from(height));
        // The most bytes of pixels that a byte of data can stand for.
        let most = match header.compression {
            // Two bytes: 255 pixels.
            Compression::Rle8 => 128,
            Compression::Rle4 => 64,
            // Four bytes: 255 pixels of three bytes.
            Compression::Rle24 => 192,
            // Six bits: 1,664 pixels, which take 208 bytes.
            Compression::Huffman1D => 280,
            // Embedded pictures have their own rules.
            _ => u64::MAX,
        };
        if size > ALWAYS_DECODED && size / most > data.len() as u64 {
            let length = data.len();
            let what = format!(
                "{length} bytes of compressed pixels cannot define {width} x {height} pixels"
            );
            return Err(in_file(header, corrupt(0, what)));
        }
        let beside = embedded.as_ref().map_or(0, |picture| picture.memory);
        Ok(Self {
            embedded,
            bits_per_pixel,
            size,
            memory: size.saturating_add(beside),
        })
    }

    /// What decoding does not keep, in words.
    pub(crate) fn left_out(&self) -> Option<String> {
        let is_deep = self
            .embedded
            .as_ref()
            .is_some_and(|picture| picture.is_deep);
        is_deep.then(|| "8 of the 16 bits of the embedded picture's samples".to_owned())
    }

    /// Decodes the pixels: rows as they would lie in an uncompressed bitmap of that depth. `header`
    /// and `data` are those of [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// Where the data is corrupt or too short for the picture that it promises, and where decoding
    /// would take more than `max_memory` bytes, of which `held` are taken already.
    pub(crate) fn decode(
        &self,
        header: &Header,
        data: &[u8],
        held: u64,
        max_memory: u64,
    ) -> Result<Vec<u8>> {
        let needed = self.memory.saturating_add(held);
        if needed > max_memory {
            return Err(Error::Memory(format!(
                "needs {needed} bytes of memory to decode {} x {} pixels; the limit is {max_memory}",
                header.width, header.height
            )));
        }
        let mut bytes = zeroed(self.size)?;
        let mut rows = DecodedRows {
            width: header.width as usize,
            bits_per_pixel: self.bits_per_pixel as usize,
            stride_bytes: stride_bytes(header.width, self.bits_per_pixel) as usize,
            bytes: &mut bytes,
        };
        match &self.embedded {
            Some(picture) => picture.decode(header, data, &mut rows),
            None if header.compression == Compression::Huffman1D => {
                huffman::decode(data, &mut rows)
            }
            None => rle::decode(data, &mut rows),
        }
        .map_err(|error| in_file(header, error))?;
        Ok(bytes)
    }
}

/// Where the data is corrupt, `offset` counted from its first byte.
fn corrupt(offset: usize, what: impl Into<String>) -> Error {
    Error::Format(FormatError::Corrupt {
        offset: offset as u64,
        what: what.into(),
    })
}

fn truncated(what: String) -> Error {
    Error::Format(FormatError::Truncated(what))
}

/// The error of a decoder, which knows its data alone, with the offset in the file.
fn in_file(header: &Header, mut error: Error) -> Error {
    if let Error::Format(FormatError::Corrupt { offset, .. }) = &mut error {
        *offset += header.pixel_offset;
    }
    error
}
