//! Huffman 1D, which is fax group 3, against an encoder written from the standard, and damage.

use std::time::{Duration, Instant};

use crate::checks::{refused, rotated};
use crate::support::bitmap::fax::{self, Ends, Options};
use crate::support::bitmap::{Coding, Recipe, put};
use crate::support::random::Random;
use rot90::rotate;

fn recipe(width: usize, height: usize, options: Options) -> Recipe {
    Recipe {
        header_bytes: 64,
        coding: Coding::Huffman(options),
        ..Recipe::new(width, height, 1)
    }
}

#[test]
fn the_codes_of_the_tests_are_those_of_the_standard() {
    for (black, entries) in [
        (false, &::fax::maps::white::ENTRIES),
        (true, &::fax::maps::black::ENTRIES),
    ] {
        for &(length, code) in entries {
            let mut bits = String::new();
            fax::push_run(&mut bits, black, usize::from(length));
            let theirs = format!("{:0width$b}", code.data, width = usize::from(code.len));
            assert!(bits.starts_with(&theirs), "{length} in black: {black}");
        }
    }
}

#[test]
fn rows_come_back() {
    let mut random = Random::new(5);
    for round in 0..450 {
        let width = 1 + random.below([8, 200, 6000][round % 3]);
        let height = 1 + random.below(10);
        let options = Options {
            ends: random.pick(&[Ends::Before, Ends::Between, Ends::Nowhere]),
            fill: random.one_in(2),
            end_of_page: random.one_in(2),
        };
        let name = format!("{width} × {height}, {options:?}");
        rotated(&recipe(width, height, options).write(&name, &mut random));
    }
}

#[test]
fn rows_of_another_width_are_refused() {
    let mut random = Random::new(6);
    for _ in 0..500 {
        let (width, height) = (2 + random.below(300), 2 + random.below(6));
        let bitmap = recipe(width, height, Options::COMMON).write("", &mut random);
        for (field, value) in [(18, width + 1), (18, width - 1), (22, height + 1)] {
            let mut bytes = bitmap.bytes.clone();
            put(&mut bytes, field, value as u32);
            refused(&bytes, "");
        }
    }
}

#[test]
fn damaged_data_ends_soon() {
    let mut random = Random::new(7);
    let start = Instant::now();
    for _ in 0..3000 {
        let (width, height) = (1 + random.below(300), 1 + random.below(20));
        let recipe = recipe(width, height, Options::COMMON);
        let bitmap = recipe.write("", &mut random);
        let offset = recipe.around(&[]).len();
        let mut data = bitmap.bytes[offset..].to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(data.len());
            match random.below(3) {
                0 => data.truncate(at.max(1)),
                1 => data[at] = random.next() as u8,
                _ => data[at] ^= 1 << random.below(8),
            }
        }
        let _ = rotate(&recipe.around(&data));
        let _ = rotate(&recipe.around(&random.bytes(400)));
    }
    // Fill without end, ends of line without rows, runs of nothing.
    let many = recipe(17, 1 << 18, Options::COMMON);
    for data in [
        vec![0; 1 << 22],
        [0, 0x10, 0x01].repeat(1 << 20),
        [0, 0, 0, 0, 0, 0, 0, 1].repeat(1 << 20),
        fax::pack(&"001101010000110111".repeat(1 << 18)),
    ] {
        refused(&many.around(&data), "");
    }
    assert!(start.elapsed() < Duration::from_secs(30));
}
