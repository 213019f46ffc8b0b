//! The stages of one file, beside copying it: read, turn and sum in memory, write, and all of it.
//!
//! `cargo bench --bench stages -- 2000x2000` picks one picture; `ROT90_BENCH_FOLDER` names where
//! the files lie, /dev/shm where there is one. Each stage is one thread's.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rot90::{FileOptions, turn, turn_file};

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

fn stages(criterion: &mut Criterion) {
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
        fs::write(&input, &bytes).expect("room for the input");
        let mut group = criterion.benchmark_group(format!("{width}x{height}"));
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function("copy the file", |bencher| {
            bencher.iter(|| {
                // As the other stages do, into a file of its own.
                let _ = fs::remove_file(&output);
                fs::copy(&input, &output).expect("a copy")
            });
        });
        let mut buffer = vec![0; bytes.len()];
        group.bench_function("read", |bencher| {
            bencher.iter(|| {
                let mut file = File::open(&input).expect("the input");
                file.read_exact(black_box(&mut buffer)).expect("all of it");
            });
        });
        group.bench_function("turn and sum in memory", |bencher| {
            bencher.iter(|| turn(black_box(&bytes)).expect("a bitmap"));
        });
        group.bench_function("write", |bencher| {
            bencher.iter(|| {
                let _ = fs::remove_file(&output);
                fs::write(&output, black_box(&bytes)).expect("room for the output");
            });
        });
        group.bench_function("turn the file", |bencher| {
            bencher.iter(|| {
                let _ = fs::remove_file(&output);
                turn_file(&input, &output, &FileOptions::default()).expect("a turned file")
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = stages
}
criterion_main!(benches);
