//! Turns bitmaps a quarter turn clockwise.

#[doc(hidden)]
pub mod turn;
