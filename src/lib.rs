//! Turns bitmaps (BMP files) a quarter turn clockwise, losslessly, and gives their means.
//!
//! * [`turn()`] turns a bitmap in memory.
//! * [`turn_file`] turns one file into another, which appears whole or not at all.
//!
//! The output keeps the input's depth, header version, palette, channel masks, colour profile
//! and row order; horizontal and vertical resolution change places. Run-length and Huffman pixels
//! become plain ones of the same depth, embedded JPEG and PNG pictures 24- or 32-bit ones.
//!
//! # In memory
//!
//! ```
//! let bitmap = std::fs::read("fixtures/samples/chelsea.bmp")?;
//! let turned = rot90::turn(&bitmap)?;
//! assert_eq!((turned.width, turned.height), (300, 451));
//! assert_eq!(turned.mean, 115.30514166050752);
//! std::fs::write(std::env::temp_dir().join("chelsea_rot90.bmp"), turned.bytes)?;
//! # std::fs::remove_file(std::env::temp_dir().join("chelsea_rot90.bmp"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`turn_within`] bounds the memory that a compressed picture may take; a plain one cannot be
//! larger than its file.
//!
//! # A file
//!
//! ```
//! use rot90::{Existing, FileOptions};
//!
//! let folder = tempfile::tempdir()?;
//! let output = folder.path().join("turned/cell.bmp");
//! let mut options = FileOptions::default();
//! options.make_directories = true;
//! options.existing = Existing::KeepNewer;
//!
//! let turned = rot90::turn_file("fixtures/samples/cell.bmp", &output, &options)?;
//! assert!(turned.written);
//! let again = rot90::turn_file("fixtures/samples/cell.bmp", &output, &options)?;
//! assert!(!again.written && again.mean == turned.mean);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Many files are turned from as many threads as one likes: each thread keeps its buffers.
//! Pictures of [`LARGE`] bytes and more use the whole rayon pool that they are turned in.
//!
//! # The mean
//!
//! It is that of the 8-bit red, green and blue samples of all pixels, alpha left out. The sums
//! are exact integers, divided once, so that it is the same on every machine, to the last bit.
//! Channels of other widths are scaled to 8 bits and rounded first.
//!
//! # Errors
//!
//! [`Error`] tells by its variants who has to act: [`Error::Format`] whoever made the file,
//! [`Error::Io`] whoever keeps the disk, [`Error::Memory`] whoever sets the limits. Its text says
//! what is wrong and where, with numbers, and leaves the file's name to the caller:
//!
//! ```
//! use rot90::{Error, FormatError};
//!
//! let bitmap = std::fs::read("fixtures/samples/chelsea.bmp")?;
//! let error = rot90::turn(&bitmap[..1000]).unwrap_err();
//! assert!(matches!(error, Error::Format(FormatError::PixelsCut { available: 1000, .. })));
//! assert_eq!(
//!     error.to_string(),
//!     "needs 406797 bytes of pixels at offset 54, the file ends after 1000"
//! );
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! No function panics, whatever the input, and none takes memory that the input's bytes do not
//! justify.
//!
//! # Features
//!
//! `cli`, on by default, builds the command `rot90` with what it needs, clap and indicatif among
//! it. A library user leaves that out:
//!
//! ```toml
//! rot90 = { version = "0.1", default-features = false }
//! ```
//!
//! # Versions
//!
//! [Semantic versioning](https://semver.org) holds for all that is documented here, and for the
//! command's options, exit codes and JSON. Within 0.x a breaking change raises the minor version.
//! New variants of errors, new fields of options and results, and a newer Rust (never one of the
//! last half year) are no breaking changes; no such type can be taken apart or made field by field.

pub mod bmp;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod command;
mod error;
mod file;
mod limits;
mod memory;
mod os;
#[cfg(feature = "cli")]
mod sampled;
mod scratch;
mod strip;
#[doc(hidden)]
pub mod sums;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod turn;

pub use error::{Error, FormatError, OtherFormat, Result};
pub use file::{Existing, FileOptions, LARGE, TurnedFile, turn_file};
pub use limits::{default_max_memory, usable_memory};
pub use memory::{TurnedBitmap, turn, turn_within};
