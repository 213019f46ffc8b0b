//! What the fuzzers look for, replayed on every toolchain: their findings and hard cases
//! (`fixtures/regressions`), the fixtures, a bitmap of each kind, and all of these damaged a little.

mod properties;
mod writer;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use writer::random::{self, Random};

/// A target's property: whether it accepted the input. It panics where the property does not hold.
type Check = fn(&[u8]) -> bool;

const TARGETS: [(&str, Check); 5] = [
    ("parse", properties::parse::check),
    // Some findings need more memory than the fuzzers are given.
    ("turn", |input| properties::turn::check(input, 64 << 20)),
    ("run_length", properties::run_length::check),
    ("huffman", properties::huffman::check),
    ("embedded", properties::embedded::check),
];

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !path.to_string_lossy().contains("_rot90"))
        .collect();
    files.sort();
    files
}

/// Inputs for each target, made of bitmaps of all kinds.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut bitmaps: Vec<Vec<u8>> = ["hand", "bmpsuite/g", "bmpsuite/q", "bmpsuite/b"]
        .iter()
        .flat_map(|folder| files(folder))
        .map(|path| fs::read(path).unwrap())
        .collect();
    bitmaps.extend(random::gallery().into_iter().map(|bitmap| bitmap.bytes));
    bitmaps.extend((0..300).map(|seed| random::bitmap(seed).bytes));
    let mut seeds = Vec::new();
    for bytes in bitmaps {
        seeds.extend(compressed(&bytes));
        // The size of the file, then what is read of it at first.
        let size = (bytes.len() as u64) << 16;
        let head = &bytes[..bytes.len().min(rot90::bmp::HEADER_BYTES)];
        seeds.push(("parse", [&size.to_le_bytes()[..], head].concat()));
        seeds.push(("turn", bytes));
    }
    for folder in ["jpeg", "bmpsuite/html"] {
        for path in files(folder) {
            let data = fs::read(&path).unwrap();
            let kind: u8 = match path.extension().and_then(|extension| extension.to_str()) {
                Some("jpg") => 0,
                Some("png") => 1,
                _ => continue,
            };
            for how in [0, 2, 8, 14] {
                seeds.push(("embedded", [&[kind | how], &data[..]].concat()));
            }
        }
    }
    seeds
}

/// The pixels of a compressed bitmap, behind what their target wants to know of them.
fn compressed(bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let long =
        |at: usize| -> Option<u32> { Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)) };
    if !bytes.starts_with(b"BM") || long(14)? < 20 {
        return None;
    }
    let data = bytes.get(long(10)? as usize..)?;
    let (width, height) = (long(18)?, long(22)?);
    let bits = bytes[28];
    Some(match (long(30)?, bits) {
        (1, 8) => (
            "run_length",
            [&[1, width as u8, height as u8], data].concat(),
        ),
        (2, 4) => (
            "run_length",
            [&[0, width as u8, height as u8], data].concat(),
        ),
        (4, 24) => (
            "run_length",
            [&[2, width as u8, height as u8], data].concat(),
        ),
        (3, 1) => {
            let [low, high, ..] = width.to_le_bytes();
            ("huffman", [&[low, high, height as u8], data].concat())
        }
        (4, 0) => ("embedded", [&[8], data].concat()),
        (5, 0) => ("embedded", [&[9], data].concat()),
        _ => return None,
    })
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
        let found = files(&format!("regressions/{target}"));
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
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
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
