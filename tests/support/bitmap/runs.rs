//! Run-length programs: written out as bytes, played pixel by pixel, made at random.

use super::super::random::Random;

/// One code of run-length data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// So many pixels of a colour; at 4 bits, of two indices in turn, the first in the high half.
    Run(u8, u32),
    /// Pixels one by one, 3 to 255.
    Literal(Vec<u32>),
    EndOfLine,
    EndOfBitmap,
    /// Right, and up in a bottom-up bitmap.
    Delta(u8, u8),
}

use Instruction::{Delta, EndOfBitmap, EndOfLine, Literal, Run};

/// The bytes of a program at 4, 8 or 24 bits per pixel.
pub(crate) fn encode(bits: u32, program: &[Instruction]) -> Vec<u8> {
    let mut data = Vec::new();
    for instruction in program {
        match instruction {
            Run(count, colour) => {
                data.push(*count);
                push_colour(&mut data, bits, *colour);
            }
            Literal(pixels) => {
                data.extend([0, pixels.len() as u8]);
                let start = data.len();
                if bits == 4 {
                    for pair in pixels.chunks(2) {
                        let low = pair.get(1).copied().unwrap_or_default();
                        data.push((pair[0] << 4 | low) as u8);
                    }
                } else {
                    for &pixel in pixels {
                        push_colour(&mut data, bits, pixel);
                    }
                }
                if (data.len() - start) % 2 == 1 {
                    data.push(0);
                }
            }
            EndOfLine => data.extend([0, 0]),
            EndOfBitmap => data.extend([0, 1]),
            Delta(right, up) => data.extend([0, 2, *right, *up]),
        }
    }
    data
}

fn push_colour(data: &mut Vec<u8>, bits: u32, colour: u32) {
    let bytes = if bits == 24 { 3 } else { 1 };
    data.extend_from_slice(&colour.to_le_bytes()[..bytes]);
}

/// The pixels that a program leaves, in the order of its rows; `None` if it must be refused.
pub(crate) fn interpret(
    bits: u32,
    program: &[Instruction],
    width: usize,
    height: usize,
) -> Option<Vec<u64>> {
    let mut pixels = vec![0; width * height];
    let (mut x, mut y) = (0, 0);
    // Writers encode the row's padding too: what lies outside is left out.
    let mut put = |x: usize, y: usize, value: u64| {
        if x < width && y < height {
            pixels[y * width + x] = value;
        }
    };
    for instruction in program {
        match instruction {
            Run(count, colour) => {
                for i in 0..usize::from(*count) {
                    let value = match (bits, i % 2) {
                        (4, 0) => colour >> 4,
                        (4, _) => colour & 15,
                        _ => *colour,
                    };
                    put(x, y, value.into());
                    x += 1;
                }
            }
            Literal(values) => {
                for &value in values {
                    put(x, y, value.into());
                    x += 1;
                }
            }
            EndOfLine => (x, y) = (0, y + 1),
            EndOfBitmap => return Some(pixels),
            Delta(right, up) => (x, y) = (x + usize::from(*right), y + usize::from(*up)),
        }
    }
    let complete = y >= height || (y + 1 == height && x >= width);
    complete.then_some(pixels)
}

/// How a random program leaves pixels undefined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holes {
    None,
    /// Deltas, early ends of line, an early end of bitmap.
    Some,
}

/// A program that fills a picture at random and stays within it.
pub(crate) fn valid_program(
    random: &mut Random,
    bits: u32,
    width: usize,
    height: usize,
    holes: Holes,
) -> Vec<Instruction> {
    let mut program = Vec::new();
    let holes = holes == Holes::Some;
    let (mut x, mut y) = (0, 0);
    while y < height {
        let left = width - x;
        if left == 0 || (holes && random.below(20) == 0) {
            let last = y + 1 == height;
            if last && random.below(3) == 0 && left == 0 {
                // The end mark may be missing from a complete picture.
                return program;
            }
            if !last || random.below(2) == 0 {
                program.push(EndOfLine);
            }
            (x, y) = (0, y + 1);
            continue;
        }
        match random.below(if holes { 12 } else { 10 }) {
            0..5 => {
                let count = 1 + random.below(left.min(255));
                program.push(Run(count as u8, colour(random, bits, true)));
                x += count;
            }
            5..10 if left >= 3 => {
                let count = 3 + random.below(left.min(255) - 2);
                let pixels = (0..count).map(|_| colour(random, bits, false)).collect();
                program.push(Literal(pixels));
                x += count;
            }
            10 => {
                let right = random.below(left.min(255) + 1);
                let up = if random.below(3) == 0 {
                    random.below(4).min(height - 1 - y)
                } else {
                    0
                };
                program.push(Delta(right as u8, up as u8));
                (x, y) = (x + right, y + up);
            }
            11 if random.below(40) == 0 => break,
            11 if random.below(10) == 0 => {
                // Out of the picture and back by an end of line.
                program.extend([Delta(255, 0), EndOfLine]);
                (x, y) = (0, y + 1);
            }
            _ => {}
        }
    }
    program.push(EndOfBitmap);
    program
}

/// A program of any instructions at all, most of which must be refused.
pub(crate) fn wild_program(random: &mut Random, bits: u32) -> Vec<Instruction> {
    (0..random.below(30))
        .map(|_| match random.below(20) {
            0..8 => Run(1 + random.below(12) as u8, colour(random, bits, true)),
            8..12 => {
                let count = 3 + random.below(9);
                Literal((0..count).map(|_| colour(random, bits, false)).collect())
            }
            12..17 => EndOfLine,
            17..19 => Delta(random.below(6) as u8, random.below(3) as u8),
            _ => EndOfBitmap,
        })
        .collect()
}

fn colour(random: &mut Random, bits: u32, run: bool) -> u32 {
    let bits = if bits == 4 && run { 8 } else { bits };
    random.next() as u32 & ((1 << bits) - 1)
}
