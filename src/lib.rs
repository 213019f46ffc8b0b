//! Turns bitmaps a quarter turn clockwise.

#[doc(hidden)]
pub mod sums;
#[doc(hidden)]
pub mod turn;
