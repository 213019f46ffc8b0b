//! The command: see the library for the work.
fn main() {}
