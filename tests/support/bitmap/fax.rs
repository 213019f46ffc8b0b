//! Fax group 3, one-dimensional (ITU-T T.4), as OS/2's "Huffman 1D" has it.

use super::super::random::Random;

/// Terminating codes of white runs, 0 to 63.
pub(crate) const WHITE: [&str; 64] = [
    "00110101", "000111", "0111", "1000", "1011", "1100", "1110", "1111", "10011", "10100",
    "00111", "01000", "001000", "000011", "110100", "110101", "101010", "101011", "0100111",
    "0001100", "0001000", "0010111", "0000011", "0000100", "0101000", "0101011", "0010011",
    "0100100", "0011000", "00000010", "00000011", "00011010", "00011011", "00010010", "00010011",
    "00010100", "00010101", "00010110", "00010111", "00101000", "00101001", "00101010", "00101011",
    "00101100", "00101101", "00000100", "00000101", "00001010", "00001011", "01010010", "01010011",
    "01010100", "01010101", "00100100", "00100101", "01011000", "01011001", "01011010", "01011011",
    "01001010", "01001011", "00110010", "00110011", "00110100",
];

/// Terminating codes of black runs, 0 to 63.
pub(crate) const BLACK: [&str; 64] = [
    "0000110111",
    "010",
    "11",
    "10",
    "011",
    "0011",
    "0010",
    "00011",
    "000101",
    "000100",
    "0000100",
    "0000101",
    "0000111",
    "00000100",
    "00000111",
    "000011000",
    "0000010111",
    "0000011000",
    "0000001000",
    "00001100111",
    "00001101000",
    "00001101100",
    "00000110111",
    "00000101000",
    "00000010111",
    "00000011000",
    "000011001010",
    "000011001011",
    "000011001100",
    "000011001101",
    "000001101000",
    "000001101001",
    "000001101010",
    "000001101011",
    "000011010010",
    "000011010011",
    "000011010100",
    "000011010101",
    "000011010110",
    "000011010111",
    "000001101100",
    "000001101101",
    "000011011010",
    "000011011011",
    "000001010100",
    "000001010101",
    "000001010110",
    "000001010111",
    "000001100100",
    "000001100101",
    "000001010010",
    "000001010011",
    "000000100100",
    "000000110111",
    "000000111000",
    "000000100111",
    "000000101000",
    "000001011000",
    "000001011001",
    "000000101011",
    "000000101100",
    "000001011010",
    "000001100110",
    "000001100111",
];

/// Make-up codes of white runs, 64 to 1728 in steps of 64.
pub(crate) const WHITE_MAKE_UP: [&str; 27] = [
    "11011",
    "10010",
    "010111",
    "0110111",
    "00110110",
    "00110111",
    "01100100",
    "01100101",
    "01101000",
    "01100111",
    "011001100",
    "011001101",
    "011010010",
    "011010011",
    "011010100",
    "011010101",
    "011010110",
    "011010111",
    "011011000",
    "011011001",
    "011011010",
    "011011011",
    "010011000",
    "010011001",
    "010011010",
    "011000",
    "010011011",
];

/// Make-up codes of black runs, 64 to 1728 in steps of 64.
pub(crate) const BLACK_MAKE_UP: [&str; 27] = [
    "0000001111",
    "000011001000",
    "000011001001",
    "000001011011",
    "000000110011",
    "000000110100",
    "000000110101",
    "0000001101100",
    "0000001101101",
    "0000001001010",
    "0000001001011",
    "0000001001100",
    "0000001001101",
    "0000001110010",
    "0000001110011",
    "0000001110100",
    "0000001110101",
    "0000001110110",
    "0000001110111",
    "0000001010010",
    "0000001010011",
    "0000001010100",
    "0000001010101",
    "0000001011010",
    "0000001011011",
    "0000001100100",
    "0000001100101",
];

/// Make-up codes of both colours, 1792 to 2560 in steps of 64.
pub(crate) const LONG_MAKE_UP: [&str; 13] = [
    "00000001000",
    "00000001100",
    "00000001101",
    "000000010010",
    "000000010011",
    "000000010100",
    "000000010101",
    "000000010110",
    "000000010111",
    "000000011100",
    "000000011101",
    "000000011110",
    "000000011111",
];

pub(crate) const END_OF_LINE: &str = "000000000001";

/// Where ends of line stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    Nowhere,
    /// Between rows.
    Between,
    /// Before each row.
    Before,
}

/// What stands around the rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) ends: Ends,
    /// Fill before some ends of line.
    pub(crate) fill: bool,
    /// Six ends of line after the last row.
    pub(crate) end_of_page: bool,
}

impl Options {
    pub(crate) const COMMON: Self = Self {
        ends: Ends::Before,
        fill: false,
        end_of_page: true,
    };
}

/// Codes rows of 0 (white) and 1 (black).
pub(crate) fn encode(
    pixels: &[u64],
    width: usize,
    options: Options,
    random: &mut Random,
) -> Vec<u8> {
    let mut bits = String::new();
    let mut end = |bits: &mut String| {
        if options.fill && random.below(3) == 0 {
            bits.push_str(&"0".repeat(random.below(40)));
        }
        bits.push_str(END_OF_LINE);
    };
    if options.ends == Ends::Before {
        end(&mut bits);
    }
    let rows = pixels.chunks(width);
    let last = rows.len() - 1;
    for (i, row) in rows.enumerate() {
        push_row(&mut bits, row);
        if options.ends != Ends::Nowhere && i < last {
            end(&mut bits);
        }
    }
    if options.end_of_page {
        for _ in 0..6 {
            end(&mut bits);
        }
    }
    pack(&bits)
}

/// The code of one run.
pub(crate) fn push_run(bits: &mut String, black: bool, length: usize) {
    let mut length = length;
    while length >= 2560 {
        bits.push_str(LONG_MAKE_UP[12]);
        length -= 2560;
    }
    let make_up = if black {
        &BLACK_MAKE_UP
    } else {
        &WHITE_MAKE_UP
    };
    match length / 64 {
        0 => {}
        units @ 1..=27 => bits.push_str(make_up[units - 1]),
        units => bits.push_str(LONG_MAKE_UP[units - 28]),
    }
    let terminating = if black { &BLACK } else { &WHITE };
    bits.push_str(terminating[length % 64]);
}

fn push_row(bits: &mut String, row: &[u64]) {
    let mut rest = row;
    let mut ink = 0;
    while !rest.is_empty() {
        let length = rest.iter().take_while(|&&pixel| pixel == ink).count();
        push_run(bits, ink == 1, length);
        rest = &rest[length..];
        ink ^= 1;
    }
}

/// Bits as text to bytes, the first in the highest bit.
pub(crate) fn pack(bits: &str) -> Vec<u8> {
    bits.as_bytes()
        .chunks(8)
        .map(|byte| {
            let place = |sum, (i, bit): (usize, &u8)| sum | (bit - b'0') << (7 - i);
            byte.iter().enumerate().fold(0, place)
        })
        .collect()
}
