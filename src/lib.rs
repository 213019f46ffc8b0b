//! Turns bitmaps a quarter turn clockwise.

pub mod bmp;
