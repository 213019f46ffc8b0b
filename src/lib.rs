//! Rotates bitmaps (BMP files) 90° clockwise, losslessly, and gives their means.
//!
//! * [`rotate()`] rotates a bitmap in memory.
//! * [`rotate_file`] rotates one file into another, which appears whole or not at all.
//! * [`rotate_pixels`] rotates raw pixels of 1 to 16 bytes.
//! * [`preview()`] makes a small picture of a bitmap, for looking at.
//!
//! The output keeps the input's depth, header version, palette, channel masks, colour profile,
//! row order and any data after the pixels; horizontal and vertical resolution are swapped.
//! Run-length and Huffman pixels become uncompressed ones of the same depth, embedded JPEG and
//! PNG pictures 24- or 32-bit ones.
//!
//! ```
//! let bitmap = std::fs::read("fixtures/samples/chelsea.bmp")?;
//! let rotated = rot90::rotate(&bitmap)?;
//! assert_eq!((rotated.width, rotated.height), (300, 451));
//! assert_eq!(rotated.mean, 115.30514166050752);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Many files are rotated from as many threads as one likes: each thread keeps its buffers.
//! Pictures of 4 MiB and more use the whole rayon pool that they are rotated in.
//!
//! # The mean
//!
//! It is that of the 8-bit red, green and blue samples of all pixels, alpha left out. The sums
//! are exact integers, divided once, so that it is the same on every machine, to the last bit.
//! Channels of other widths are scaled to 8 bits and rounded first.
//!
//! # Errors
//!
//! The variants of [`Error`] say who has to act: for [`Error::Format`] whoever made the file, for
//! [`Error::Io`] whoever keeps the disk, for [`Error::Memory`] whoever sets limits. The text says
//! what is wrong and where, with numbers, and leaves the file's name to the caller:
//!
//! ```
//! use rot90::{Error, FormatError};
//!
//! let bitmap = std::fs::read("fixtures/samples/chelsea.bmp")?;
//! let error = rot90::rotate(&bitmap[..1000]).unwrap_err();
//! assert!(matches!(error, Error::Format(FormatError::Truncated(_))));
//! assert_eq!(
//!     error.to_string(),
//!     "truncated: needs 406797 bytes of pixels at offset 54, the file ends after 1000"
//! );
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! No function panics, whatever the input, and none takes memory that the input's bytes do not
//! justify. No state outlives a call except each thread's buffers and, if [`Mappings::allow`] was
//! called, a handler of SIGBUS.
//!
//! # Features
//!
//! `cli`, on by default, builds the command `rot90`. A library user leaves that out with
//! `default-features = false`; the library is the same with it or without.
//!
//! # Versions
//!
//! [Semantic versioning](https://semver.org) holds for all that is documented here, and for the
//! command's options, exit codes and JSON. Within 0.x a breaking change raises the minor version.
//! New variants of errors, new fields of options and results, and a newer Rust (never one of the
//! last half year) are not breaking changes; all of these types are `#[non_exhaustive]`.

#[cfg(not(target_pointer_width = "64"))]
compile_error!("rot90 needs a system of 64 bits: bitmaps may be larger than 4 GiB");

pub mod bmp;
mod error;
mod io;
mod memory;
mod pipeline;
mod rotate;
mod sum;

pub use error::{Error, FormatError, OtherFormat, PixelsError, Result};
pub use io::{
    Mappings, check_input, default_max_memory, make_directories, most_threads, prefetch,
    usable_memory, write_file,
};
pub use pipeline::{
    FileOptions, IfExists, MemoryBudget, Preview, Rotated, RotatedFile, is_up_to_date, preview,
    rotate, rotate_file, rotate_within,
};
pub use rotate::{Pixels, rotate_pixels};
