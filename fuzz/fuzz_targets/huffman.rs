//! See `tests/properties/huffman.rs`, which `cargo test` replays on what was found.
#![no_main]

#[path = "../../tests/properties/huffman.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    property::check(input);
});
