//! The turn and the sums alone, in memory, beside a copy of the same bytes.
//!
//! `cargo bench --bench kernels -- 24-bit/2000x2000` picks one picture;
//! every kernel that this processor has is measured. `strip` turns into a
//! re-used strip of 512 KiB, as the command does, `whole` into a picture.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rot90::sums::{TableSum, byte_sum, masked_sum32, sum_rgb555};
use rot90::turn::{Kernel, Rows, turn_columns};

/// A small picture, one that third-level caches hold, and one whose stride
/// is a multiple of 4096 bytes.
const SIZES: [(usize, usize); 3] = [(775, 522), (2000, 2000), (4096, 4096)];

const STRIP_BYTES: usize = 512 * 1024;

fn bytes(len: usize) -> Vec<u8> {
    (0..len)
        .map(|index| (index * 7 + index / 251) as u8)
        .collect()
}

fn turn(criterion: &mut Criterion) {
    for bits in [24, 1, 2, 4, 8, 16, 32, 64] {
        for (width, height) in SIZES {
            let stride = |pixels: usize| (pixels * bits).div_ceil(32) * 4;
            let (stride_bytes, out_stride) = (stride(width), stride(height));
            let input = bytes(stride_bytes * height);
            let mut whole = vec![0; out_stride * width];
            // A strip starts at a whole byte.
            let strip = (STRIP_BYTES / out_stride)
                .clamp(1, width)
                .next_multiple_of(8);

            let mut group = criterion.benchmark_group(format!("{bits}-bit/{width}x{height}"));
            group.throughput(Throughput::Bytes(input.len() as u64));
            let mut copied = vec![0; input.len()];
            group.bench_function("copy", |bencher| {
                bencher.iter(|| black_box(&mut copied).copy_from_slice(black_box(&input)));
            });
            let rows = Rows {
                bytes: &input,
                stride_bytes,
                rows: height,
                reversed: false,
            };
            for kernel in Kernel::available() {
                group.bench_function(BenchmarkId::new("strip", kernel.name()), |bencher| {
                    let out = &mut whole[..strip.min(width) * out_stride];
                    bencher.iter(|| {
                        for first in (0..width).step_by(strip) {
                            let count = strip.min(width - first);
                            let out = &mut black_box(&mut *out)[..count * out_stride];
                            turn_columns(
                                kernel,
                                bits as u32,
                                &rows,
                                first,
                                count,
                                true,
                                out,
                                out_stride,
                            );
                        }
                    });
                });
                group.bench_function(BenchmarkId::new("whole", kernel.name()), |bencher| {
                    bencher.iter(|| {
                        let out = black_box(&mut whole);
                        turn_columns(kernel, bits as u32, &rows, 0, width, true, out, out_stride);
                    });
                });
            }
        }
    }
}

fn sums(criterion: &mut Criterion) {
    // What a strip holds.
    let input = bytes(STRIP_BYTES);
    let mut copied = input.clone();
    let grey = TableSum::new(&std::array::from_fn(|byte| 3 * byte as u16));
    let packed = TableSum::new(&std::array::from_fn(|byte| {
        let entry = |index: usize| (index * index * 3) as u16;
        entry(byte >> 4) + entry(byte & 15)
    }));
    let short = TableSum::new(&std::array::from_fn(|byte| {
        if byte < 64 {
            (byte * byte % 766) as u16
        } else {
            0
        }
    }));
    let palette = TableSum::new(&std::array::from_fn(|byte| (byte * byte % 766) as u16));

    let mut group = criterion.benchmark_group("sums");
    group.throughput(Throughput::Bytes(input.len() as u64));
    group.bench_function("copy", |bencher| {
        bencher.iter(|| black_box(&mut copied).copy_from_slice(black_box(&input)));
    });
    for kernel in Kernel::available() {
        type Sum<'a> = &'a dyn Fn(&[u8]) -> u64;
        let sums: [(&str, Sum<'_>); 7] = [
            ("bytes", &|bytes| byte_sum(kernel, bytes)),
            ("masked", &|bytes| {
                masked_sum32(kernel, bytes, [255, 255, 255, 0])
            }),
            ("rgb555", &|bytes| sum_rgb555(kernel, bytes)),
            ("grey-table", &|bytes| grey.sum(kernel, bytes)),
            ("packed-table", &|bytes| packed.sum(kernel, bytes)),
            ("short-table", &|bytes| short.sum(kernel, bytes)),
            ("any-table", &|bytes| palette.sum(kernel, bytes)),
        ];
        for (name, sum) in sums {
            group.bench_function(BenchmarkId::new(name, kernel.name()), |bencher| {
                bencher.iter(|| sum(black_box(&input)));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = turn, sums
}
criterion_main!(benches);
