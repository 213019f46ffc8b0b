//! Every kernel against a loop over single pixels.

use super::{Kernel, Rows, rotate_columns};

#[cfg(all(unix, not(miri)))]
mod guarded;
#[cfg(not(all(unix, not(miri))))]
#[path = "unguarded.rs"]
mod guarded;

/// Every kind of tile, and sizes that have none.
const DEPTHS: [u32; 13] = [1, 2, 4, 8, 16, 24, 32, 40, 48, 56, 64, 96, 128];

/// Of the sizes below, Miri has time for few.
const STEP: usize = if cfg!(miri) { 19 } else { 1 };

/// One case, in the words of [`rotate_columns`].
#[derive(Clone, Copy, Debug)]
struct Case {
    bits: u32,
    rows: usize,
    stride: usize,
    first: usize,
    count: usize,
    last_row_first: bool,
    last_column_first: bool,
    out_stride: usize,
}

impl Case {
    /// Bytes of input that the contract asks for, and no more.
    fn input_bytes(&self) -> usize {
        (self.rows - 1) * self.stride + ((self.first + self.count) * self.bits as usize).div_ceil(8)
    }

    fn run(&self, kernel: Kernel, input: &[u8], out: &mut [u8]) {
        let rows = Rows {
            bytes: input,
            stride_bytes: self.stride,
            rows: self.rows,
            last_row_first: self.last_row_first,
        };
        rotate_columns(
            kernel,
            self.bits,
            &rows,
            self.first,
            self.count,
            self.last_column_first,
            out,
            self.out_stride,
        );
    }

    /// The slow and obvious way.
    fn expected(&self, input: &[u8]) -> Vec<u8> {
        let bits = self.bits as usize;
        let mut out = vec![0; self.count * self.out_stride];
        for index in 0..self.count {
            let column = self.first + index;
            let row_out = if self.last_column_first {
                self.count - 1 - index
            } else {
                index
            };
            for pixel in 0..self.rows {
                let row = if self.last_row_first {
                    self.rows - 1 - pixel
                } else {
                    pixel
                };
                if bits >= 8 {
                    let bytes = bits / 8;
                    let from = row * self.stride + column * bytes;
                    let to = row_out * self.out_stride + pixel * bytes;
                    out[to..to + bytes].copy_from_slice(&input[from..from + bytes]);
                } else {
                    let per_byte = 8 / bits;
                    let shift = |at: usize| 8 - bits * (at % per_byte + 1);
                    let byte = input[row * self.stride + column / per_byte];
                    let value = byte >> shift(column) & ((1 << bits) - 1);
                    out[row_out * self.out_stride + pixel / per_byte] |= value << shift(pixel);
                }
            }
        }
        out
    }
}

/// Bytes with no pattern in them; the same ones every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Runs cases of one kernel, in guarded memory.
struct Bench {
    kernel: Kernel,
    noise: Noise,
    input: guarded::Guarded,
    output: guarded::Guarded,
}

impl Bench {
    fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            noise: Noise(4),
            input: guarded::Guarded::new(1 << 20),
            output: guarded::Guarded::new(1 << 20),
        }
    }

    fn check(&mut self, case: Case) {
        let at_end = self.noise.next() & 1 == 0;
        let input = self.input.bytes(case.input_bytes(), at_end);
        self.noise.fill(input);
        let out = self.output.bytes(case.count * case.out_stride, at_end);
        out.fill(0xEE);
        case.run(self.kernel, input, out);
        assert!(
            out == case.expected(input),
            "{:?} differs: {case:?}",
            self.kernel
        );
    }

    /// A picture of that size with everything else left to chance.
    fn check_size(&mut self, bits: u32, width: usize, rows: usize) {
        let noise = &mut self.noise;
        let packed = |pixels: usize| (pixels * bits as usize).div_ceil(8);
        let (first, count) = match noise.below(3) {
            0 => (0, width),
            1 => (noise.below(20), width),
            _ => {
                let first = noise.below(width);
                (first, 1 + noise.below(width - first))
            }
        };
        let stride = match noise.below(3) {
            0 => packed(first + count).next_multiple_of(4),
            1 => packed(first + count) + noise.below(9),
            _ => packed(first + count).next_multiple_of(256),
        };
        let out_stride = match noise.below(3) {
            0 => packed(rows).next_multiple_of(4),
            1 => packed(rows),
            _ => packed(rows) + noise.below(70),
        };
        let flags = noise.next();
        self.check(Case {
            bits,
            rows,
            stride,
            first,
            count,
            last_row_first: flags & 1 != 0,
            last_column_first: flags & 2 != 0,
            out_stride,
        });
    }
}

/// The kernel, if it can run here; otherwise says that the test is skipped.
fn here(kernel: Kernel) -> Option<Bench> {
    if kernel.is_available() {
        return Some(Bench::new(kernel));
    }
    eprintln!("skipped: this processor has no {kernel:?}");
    None
}

fn check_all_sizes(kernel: Kernel) {
    let Some(mut bench) = here(kernel) else {
        return;
    };
    for bits in DEPTHS {
        for width in (1..=40).step_by(STEP) {
            for rows in (1..=40).step_by(STEP) {
                bench.check_size(bits, width, rows);
            }
        }
        if cfg!(miri) {
            continue;
        }
        // Edges of every tile, the largest being 64 rows, and of every band.
        let edges = [
            1, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200,
        ];
        for size in 41..=200 {
            for offset in 0..2 {
                let edge = edges[(size * 2 + offset) % edges.len()];
                bench.check_size(bits, edge, size);
                bench.check_size(bits, size, edge);
            }
        }
        for rows in [511, 512, 513, 575, 1023, 1024, 1025] {
            for width in [1, 7, 8, 16, 17, 33] {
                bench.check_size(bits, width, rows);
            }
        }
    }
}

fn check_all_directions(kernel: Kernel) {
    let Some(mut bench) = here(kernel) else {
        return;
    };
    for bits in DEPTHS {
        for (rows, first, count) in [(70, 0, 70), (70, 3, 50), (33, 8, 24), (5, 1, 9)] {
            if cfg!(miri) && rows > 40 {
                continue;
            }
            for directions in 0..4 {
                bench.check(Case {
                    bits,
                    rows,
                    stride: (first + count) * bits as usize / 8 + 9,
                    first,
                    count,
                    last_row_first: directions & 1 != 0,
                    last_column_first: directions & 2 != 0,
                    out_stride: rows * bits as usize / 8 + 9,
                });
            }
        }
    }
}

macro_rules! kernel_tests {
    ($($(#[$condition:meta])* $name:ident: $kernel:expr;)*) => { $(
        mod $name {
            use super::*;

            #[test]
            $(#[$condition])*
            fn rotates_all_sizes() {
                check_all_sizes($kernel);
            }

            #[test]
            $(#[$condition])*
            fn rotates_all_directions() {
                check_all_directions($kernel);
            }
        }
    )* };
}

kernel_tests! {
    portable: Kernel::Portable;
    #[cfg_attr(not(target_arch = "x86_64"), ignore = "no x86-64")]
    ssse3: Kernel::Ssse3;
    #[cfg_attr(not(target_arch = "aarch64"), ignore = "no AArch64")]
    neon: Kernel::Neon;
}

#[test]
fn the_best_kernel_is_one_that_this_processor_has() {
    assert!(Kernel::best().is_available());
    for kernel in [Kernel::Ssse3, Kernel::Neon] {
        assert!(Kernel::best() == kernel || !kernel.is_available());
    }
}

#[test]
fn empty_rotations_write_padding_only() {
    let rows = Rows {
        bytes: &[],
        stride_bytes: 4,
        rows: 0,
        last_row_first: false,
    };
    let mut out = [1; 8];
    rotate_columns(Kernel::best(), 24, &rows, 0, 2, false, &mut out, 4);
    assert_eq!(out, [0; 8]);
    rotate_columns(Kernel::best(), 24, &rows, 0, 0, false, &mut [], 4);
}

#[test]
#[should_panic(expected = "do not hold")]
fn short_input_is_refused() {
    let rows = Rows {
        bytes: &[0; 17],
        stride_bytes: 12,
        rows: 2,
        last_row_first: true,
    };
    rotate_columns(Kernel::best(), 24, &rows, 0, 2, false, &mut [0; 12], 6);
}

#[test]
#[should_panic(expected = "cannot hold 3 pixels")]
fn narrow_output_is_refused() {
    let rows = Rows {
        bytes: &[0; 36],
        stride_bytes: 12,
        rows: 3,
        last_row_first: false,
    };
    rotate_columns(Kernel::best(), 24, &rows, 0, 2, false, &mut [0; 16], 8);
}
