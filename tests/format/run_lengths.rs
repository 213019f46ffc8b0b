//! Run lengths, against an interpreter that goes pixel by pixel, and against damage.

use std::time::{Duration, Instant};

use crate::checks::{refused, rotated};
use crate::support::bitmap::runs::{self, Holes, Instruction};
use crate::support::bitmap::{Coding, Recipe};
use crate::support::random::Random;
use rot90::rotate;

/// RLE4, RLE8 and RLE24, which has the header of OS/2 2.x.
const DEPTHS: [u32; 3] = [4, 8, 24];

fn recipe(bits: u32, width: usize, height: usize, program: Vec<Instruction>) -> Recipe {
    Recipe {
        header_bytes: if bits == 24 { 64 } else { 40 },
        coding: Coding::RunLength(program),
        ..Recipe::new(width, height, bits)
    }
}

#[test]
fn valid_programs_give_what_they_say() {
    let mut random = Random::new(1);
    for round in 0..900 {
        let bits = DEPTHS[round % 3];
        let (width, height) = (1 + random.below(600), 1 + random.below(12));
        let holes = random.pick(&[Holes::None, Holes::Some]);
        let program = runs::valid_program(&mut random, bits, width, height, holes);
        let name = format!("{bits} bits, {width} × {height}: {program:?}");
        let bitmap = recipe(bits, width, height, program).write(&name, &mut random);
        rotated(&bitmap);
    }
}

#[test]
fn any_program_is_played_or_refused() {
    let mut random = Random::new(2);
    let mut played = 0;
    for round in 0..15_000 {
        let bits = DEPTHS[round % 3];
        let (width, height) = (1 + random.below(24), 1 + random.below(6));
        let program = runs::wild_program(&mut random, bits);
        let name = format!("{bits} bits, {width} × {height}: {program:?}");
        let data = runs::encode(bits, &program);
        let valid = runs::interpret(bits, &program, width, height).is_some();
        let recipe = recipe(bits, width, height, program);
        if valid {
            played += 1;
            rotated(&recipe.write(&name, &mut random));
        } else {
            let found = rotate(&recipe.around(&data));
            assert!(found.is_err(), "rotated: {name}");
        }
    }
    assert!(
        (500..14_500).contains(&played),
        "{played} of 15000 were valid"
    );
}

#[test]
fn data_cut_short_is_refused_or_complete() {
    let mut random = Random::new(3);
    for round in 0..150 {
        let bits = DEPTHS[round % 3];
        let (width, height) = (1 + random.below(40), 1 + random.below(5));
        let program = runs::valid_program(&mut random, bits, width, height, Holes::None);
        let data = runs::encode(bits, &program);
        let recipe = recipe(bits, width, height, program);
        let whole = rotated(&recipe.write("whole", &mut random));
        for length in 0..data.len() {
            match rotate(&recipe.around(&data[..length])) {
                Ok(cut) => assert!(cut.bytes == whole.bytes, "{length} of {}", data.len()),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
}

#[test]
fn hostile_data_ends_soon() {
    let mut random = Random::new(4);
    let start = Instant::now();
    for bits in DEPTHS {
        for _ in 0..300 {
            let length = random.below(2000);
            let data = random.bytes(length);
            let (width, height) = (1 + random.below(300), 1 + random.below(300));
            let _ = rotate(&recipe(bits, width, height, Vec::new()).around(&data));
        }
        // Millions of deltas and of ends of line: beyond the only pixel it is all one.
        let one = recipe(bits, 1, 1, Vec::new());
        let far = [0, 2, 255, 255].repeat(1 << 20);
        assert!(rotate(&one.around(&far)).is_ok());
        let ends = vec![0; 1 << 22];
        assert!(rotate(&one.around(&ends)).is_ok());
        let nothing = [0, 2, 0, 0].repeat(1 << 20);
        refused(&one.around(&nothing), "");
    }
    assert!(start.elapsed() < Duration::from_secs(30));
}
