//! See `tests/properties/headers.rs`, which `cargo test` replays on what was found.
#![no_main]

#[path = "../../tests/properties/headers.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    property::check(input);
});
