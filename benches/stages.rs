//! The stages of one file, beside copying it: read, rotate and sum in memory, write, and all of it.
//!
//! `cargo bench --bench stages -- 2000x2000` picks one picture; `ROT90_BENCH_FOLDER` names where
//! the files lie, /dev/shm where there is one. Each stage but the last is one thread's.

mod measure;

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read as _;
use std::path::PathBuf;

use measure::measure;
use rot90::{FileOptions, rotate, rotate_file};

const SIZES: [(u32, u32); 3] = [(775, 522), (2000, 2000), (4096, 4096)];

/// A 24-bit bitmap.
fn bitmap(width: u32, height: u32) -> Vec<u8> {
    let size = (width * 3).next_multiple_of(4) * height;
    let mut bytes = b"BM".to_vec();
    for field in [54 + size, 0, 54, 40, width, height, 0x0018_0001, 0, size] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.resize(54, 0);
    bytes.extend((0..size).map(|at| (at * 7 + at / 251) as u8));
    bytes
}

fn main() {
    let base = std::env::var_os("ROT90_BENCH_FOLDER").map_or_else(
        || {
            let shared = PathBuf::from("/dev/shm");
            if shared.is_dir() {
                shared
            } else {
                std::env::temp_dir()
            }
        },
        PathBuf::from,
    );
    let folder = tempfile::tempdir_in(base).expect("a folder for the files");
    let (input, output) = (folder.path().join("in.bmp"), folder.path().join("out.bmp"));
    for (width, height) in SIZES {
        let bytes = bitmap(width, height);
        let size = bytes.len();
        fs::write(&input, &bytes).expect("room for the input");
        let name = |what: &str| format!("{width}x{height}/{what}");
        measure(&name("copy the file"), size, || {
            // As the other stages do, into a file of its own.
            let _ = fs::remove_file(&output);
            fs::copy(&input, &output).expect("a copy");
        });
        let mut buffer = vec![0; size];
        measure(&name("read"), size, || {
            let mut file = File::open(&input).expect("the input");
            file.read_exact(black_box(&mut buffer)).expect("all of it");
        });
        measure(&name("rotate and sum in memory"), size, || {
            black_box(rotate(black_box(&bytes)).expect("a bitmap"));
        });
        measure(&name("write"), size, || {
            let _ = fs::remove_file(&output);
            fs::write(&output, black_box(&bytes)).expect("room for the output");
        });
        measure(&name("rotate the file"), size, || {
            let _ = fs::remove_file(&output);
            rotate_file(&input, &output, &FileOptions::default()).expect("a rotated file");
        });
    }
}
