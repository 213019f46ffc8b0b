//! Bitmaps of every kind and size: stored values, headers, means, and what damage does.

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part")]
mod support;

#[path = "../properties/mod.rs"]
mod properties;

mod checks;
#[cfg(all(target_os = "linux", feature = "cli"))]
mod damaged;
mod embedded;
mod fuzzed;
#[cfg(all(unix, feature = "cli"))]
mod golden;
mod huffman;
mod kinds;
#[cfg(all(unix, feature = "cli"))]
mod other_decoders;
mod run_lengths;
mod sizes;
mod suite;
#[cfg(all(unix, feature = "cli"))]
mod writers;
