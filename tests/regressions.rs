//! What the fuzzers found once, and the seeds that they begin with, hold on every toolchain.

use std::path::{Path, PathBuf};

/// As `fuzz/fuzz_targets/turn.rs`, but for the memory: some findings need a little more.
const MAX_MEMORY: u64 = 64 << 20;

fn bitmaps(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = folder.read_dir() else {
            println!("skipped: {} is not there", folder.display());
            continue;
        };
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "bmp") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Four more turns give the first one's bytes again, and all of them the same mean; returns
/// whether the bitmap could be turned.
fn holds(path: &Path) -> bool {
    let bitmap = std::fs::read(path).expect("a readable bitmap");
    let Ok(first) = rot90::turn_within(&bitmap, MAX_MEMORY) else {
        return false;
    };
    let mut last = first.clone();
    for _ in 0..4 {
        let next = rot90::turn_within(&last.bytes, MAX_MEMORY)
            .unwrap_or_else(|error| panic!("{}: a second time: {error}", path.display()));
        assert_eq!((next.width, next.height), (last.height, last.width));
        assert_eq!(
            next.mean.to_bits(),
            first.mean.to_bits(),
            "{}",
            path.display()
        );
        last = next;
    }
    assert!(last == first, "{}: not the identity", path.display());
    true
}

#[test]
fn findings_of_the_fuzzers_stay_mended() {
    let findings = bitmaps("fixtures/regressions/turn");
    assert!(!findings.is_empty());
    for path in findings {
        assert!(holds(&path), "{} was turned once", path.display());
    }
}

#[test]
fn four_turns_of_every_fixture_are_the_identity() {
    let fixtures: Vec<_> = ["fixtures/hand", "fixtures/bmpsuite"]
        .into_iter()
        .flat_map(bitmaps)
        .collect();
    let turned = fixtures.iter().filter(|path| holds(path)).count();
    println!("{turned} of {} fixtures turn", fixtures.len());
    assert!(turned > 40);
}
