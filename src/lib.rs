//! Turns bitmaps (BMP files) a quarter turn clockwise, losslessly, and gives their means.
//!
//! * [`turn()`] turns a bitmap in memory.
//! * [`turn_file`] turns one file into another, which appears whole or not at all.
//!
//! The output keeps the input's depth, header version, palette, channel masks, colour profile
//! and row order; horizontal and vertical resolution change places. Run-length, Huffman, JPEG and
//! PNG pixels become plain ones. No function panics, whatever the input; errors say what is
//! wrong with the file and where.
//!
//! ```
//! let bitmap = std::fs::read("fixtures/samples/chelsea.bmp")?;
//! let turned = rot90::turn(&bitmap)?;
//! assert_eq!((turned.width, turned.height), (300, 451));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! `cli`, on by default, builds the command `rot90` with what it needs; a library user turns it
//! off with `default-features = false`.

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

pub use error::{Error, FormatError, Result};
pub use file::{Existing, FileOptions, LARGE, TurnedFile, turn_file};
pub use limits::{default_max_memory, usable_memory};
pub use memory::{TurnedBitmap, turn, turn_within};
