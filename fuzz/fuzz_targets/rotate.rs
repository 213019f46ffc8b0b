//! See `tests/properties/rotate.rs`, which `cargo test` replays on what was found.
#![no_main]

#[path = "../../tests/properties/rotate.rs"]
mod property;

/// More would slow the fuzzer down.
const MAX_MEMORY: u64 = 16 << 20;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    property::check(input, MAX_MEMORY);
});
