//! The format: headers in and out, compressed pixels, exact means.

#[cfg(feature = "cli")]
pub(crate) mod colour;
#[doc(hidden)]
pub mod embedded;
pub(crate) mod header;
#[doc(hidden)]
pub mod huffman;
pub(crate) mod mean;
pub(crate) mod pixels;
#[doc(hidden)]
pub mod rle;

pub use header::{ChannelMasks, Compression, HEADER_BYTES, Header, Profile};
