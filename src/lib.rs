//! Turns bitmaps a quarter turn clockwise.
