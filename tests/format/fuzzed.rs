//! What the fuzzers look for, replayed on every toolchain: their findings and hard cases
//! (`fixtures/regressions`), the fixtures, a bitmap of each kind, and all of these damaged a little.

use std::fs;
use std::panic::catch_unwind;

use crate::properties;
use crate::support::bitmap::{Coding, PngColour, Recipe, kinds};
use crate::support::random::Random;
use crate::support::{files, fixture, in_project};

/// A target's property: whether it accepted the input. It panics where the property does not hold.
type Check = fn(&[u8]) -> bool;

const TARGETS: [(&str, Check); 3] = [
    ("headers", properties::headers::check),
    // Some findings need more memory than the fuzzers are given.
    ("rotate", |input| properties::rotate::check(input, 64 << 20)),
    ("run_length", properties::run_length::check),
];

/// Inputs for each target, made of bitmaps of all kinds.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut bitmaps: Vec<Vec<u8>> = ["hand", "bmpsuite"]
        .iter()
        .flat_map(|folder| files(&fixture(folder), ".bmp"))
        .map(|path| fs::read(path).unwrap())
        .collect();
    bitmaps.extend(kinds::gallery().into_iter().map(|bitmap| bitmap.bytes));
    bitmaps.extend((0..300).map(|seed| kinds::bitmap(seed).bytes));
    for (end, coding) in [
        (".jpg", Coding::Jpeg(0)),
        (".png", Coding::Png(PngColour::Rgb8)),
    ] {
        for path in ["jpeg", "bmpsuite/html"]
            .iter()
            .flat_map(|folder| files(&fixture(folder), end))
        {
            let (width, height) = image::image_dimensions(&path).unwrap();
            let mut recipe = Recipe::new(width as usize, height as usize, 24);
            recipe.coding = coding.clone();
            bitmaps.push(recipe.around(&fs::read(path).unwrap()));
        }
    }
    let mut seeds = Vec::new();
    for bytes in bitmaps {
        seeds.extend(run_lengths(&bytes));
        // The size of the file, then what is read of it at first.
        let size = (bytes.len() as u64) << 16;
        let head = &bytes[..bytes.len().min(rot90::bmp::HEADER_BYTES)];
        seeds.push(("headers", [&size.to_le_bytes()[..], head].concat()));
        seeds.push(("rotate", bytes));
    }
    seeds
}

/// The run lengths of a bitmap, behind what their target wants to know of them.
fn run_lengths(bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let long =
        |at: usize| -> Option<u32> { Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)) };
    if !bytes.starts_with(b"BM") || long(14)? < 20 {
        return None;
    }
    let data = bytes.get(long(10)? as usize..)?;
    let (width, height) = (long(18)? as u8, long(22)? as u8);
    let kind = match (long(30)?, bytes[28]) {
        (2, 4) => 0,
        (1, 8) => 1,
        (4, 24) => 2,
        _ => return None,
    };
    Some(("run_length", [&[kind, width, height], data].concat()))
}

fn check_of(target: &str) -> Check {
    TARGETS
        .iter()
        .find(|(name, _)| *name == target)
        .unwrap_or_else(|| panic!("no target is called {target}"))
        .1
}

#[test]
fn findings_and_hard_cases_hold() {
    for (target, check) in TARGETS {
        let found = files(&fixture(&format!("regressions/{target}")), "");
        assert!(!found.is_empty(), "none of {target}");
        for path in found {
            // The name tells which, should one panic.
            println!("{}", path.display());
            check(&fs::read(&path).unwrap());
        }
    }
}

#[test]
fn seeds_hold() {
    let seeds = seeds();
    for (target, check) in TARGETS {
        let inputs = seeds.iter().filter(|(name, _)| *name == target);
        let accepted = inputs.clone().filter(|(_, input)| check(input)).count();
        let all = inputs.count();
        assert!(
            all >= 20 && accepted * 2 > all,
            "{target}: {accepted} of {all} accepted"
        );
    }
}

fn damaged_seeds(seed: u64, rounds: usize) {
    let mut random = Random::new(seed);
    let seeds = seeds();
    for round in 0..rounds {
        let (target, input) = &seeds[random.below(seeds.len())];
        let mut input = input.clone();
        for _ in 0..=random.below(4) {
            // The beginning matters most.
            let within = random.pick(&[64, 700, usize::MAX]).min(input.len());
            let at = random.below(within);
            match random.below(6) {
                0 => input.truncate(at.max(1)),
                1 => input[at] ^= 1 << random.below(8),
                2 => input[at] = random.pick(&[0, 1, 0x7f, 0x80, 0xff]),
                3 => {
                    let end = input.len().min(at + 1 + random.below(20));
                    input.drain(at..end);
                    input.push(0);
                }
                4 => {
                    let end = input.len().min(at + 1 + random.below(20));
                    let copy = input[at..end].to_vec();
                    input.splice(at..at, copy);
                }
                _ => input[at] = random.next() as u8,
            }
        }
        let held = catch_unwind(|| check_of(target)(&input));
        assert!(held.is_ok(), "round {round} of seed {seed}, {target}");
    }
}

#[test]
fn damaged_seeds_hold() {
    damaged_seeds(1, 10_000);
}

/// What the fuzzers have grown, where it is: see `scripts/coverage.sh`.
#[test]
#[ignore = "replays fuzz/corpus, which only the fuzzers make"]
fn the_fuzzers_corpus_holds() {
    let corpus = in_project("fuzz/corpus");
    for (target, check) in TARGETS {
        let Ok(entries) = fs::read_dir(corpus.join(target)) else {
            println!("skipped: there is no fuzz/corpus/{target}");
            continue;
        };
        let inputs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        let mut accepted = 0;
        for path in &inputs {
            let input = fs::read(path).unwrap();
            let held = catch_unwind(|| check(&input));
            accepted += usize::from(held.unwrap_or_else(|_| panic!("{}", path.display())));
        }
        println!("{target}: {accepted} of {} accepted", inputs.len());
    }
}

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn many_damaged_seeds_hold() {
    damaged_seeds(2, 500_000);
}
