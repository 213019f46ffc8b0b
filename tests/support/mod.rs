//! What all tests share: a model of bitmaps, a reader of them that is independent of it, random
//! numbers, and a temporary world in which the real binary runs.

pub(crate) mod bitmap;
#[cfg(all(unix, feature = "cli"))]
mod helpers;
pub(crate) mod random;
pub(crate) mod reader;
#[cfg(all(unix, feature = "cli"))]
mod run;
#[path = "../skipped/list.rs"]
mod skipped;
#[cfg(all(unix, feature = "cli"))]
mod system;
#[cfg(all(unix, feature = "cli"))]
mod world;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

#[cfg(all(unix, feature = "cli"))]
pub(crate) use {
    helpers::{FaultFs, helper, measured},
    run::{Ran, Running},
    world::{
        CUT, ROT90, World, array, cut, difference, list0, long_name, mean, mixed, name,
        open_to_write, record, size_of,
    },
};

/// A file or folder of the project.
pub(crate) fn in_project(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A file or folder among the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    in_project("fixtures").join(name)
}

/// All files below a folder whose names end like this, in order, but for what rot90 made of them.
pub(crate) fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder);
    for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if name.ends_with(end) && !name.contains("_rot90") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Says that a test, or a part of it, cannot run here, and why. It is counted: the program
/// `tests/skipped.rs`, which `cargo test` runs last, sums up. Where all must run, which is in CI, it
/// is a failure.
pub(crate) fn skip(test: &str, why: &str) {
    // Past the harness, which keeps what a passed test prints: skipped is not passed.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
    assert!(
        std::env::var_os("CI").is_none(),
        "{test} is skipped in CI: {why}"
    );
    let noted = File::options()
        .create(true)
        .append(true)
        .open(skipped::list());
    noted
        .and_then(|mut list| writeln!(list, "{test}\t{why}"))
        .unwrap();
}
