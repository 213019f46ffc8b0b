//! The bitmap format: what stands in a file, and how its pixels are packed.

pub mod embedded;
pub mod huffman;
pub mod rle;
