//! The bitmap format: headers in and out, compressed pixels, and what samples pixels have.
//!
//! [`Header`] tells what is in a bitmap. Everything here takes bytes and gives bytes: no files, no
//! threads, no state that outlives a call.

pub(crate) mod decode;
pub(crate) mod header;
pub(crate) mod samples;

pub use header::{ChannelMasks, Compression, HEADER_BYTES, Header, Profile};
