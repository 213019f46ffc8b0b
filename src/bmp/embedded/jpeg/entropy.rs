//! Entropy-coded blocks of a JPEG (ITU-T T.81, annexes F and G).

/// Why a scan's data is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is over before the scan is.
    Ends,
    /// Bits that no code begins with, or a coefficient beyond the last.
    Code,
}

/// Where the coefficients of a block, in the order they are coded, belong.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The place in a block of the coefficient that is coded as number `k`.
pub(super) fn place(k: usize) -> usize {
    usize::from(ZIGZAG[k & 63])
}

/// Takes bits from entropy-coded data, the highest of each byte first.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// The next bits, from the highest down; the rest is zero.
    window: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: 0,
            window: 0,
            count: 0,
        }
    }

    /// Fills the window up to the next marker or the end.
    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.data[self.at..] {
                [0xff, 0, ..] => {
                    self.at += 2;
                    0xff
                }
                [0xff, ..] | [] => return,
                [byte, ..] => {
                    self.at += 1;
                    byte
                }
            };
            self.window |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    fn skip(&mut self, bits: u32) {
        self.window <<= bits;
        self.count -= bits;
    }

    /// The next bits as a number; at most 16 of them.
    fn take(&mut self, bits: u32) -> Result<i32, Fault> {
        if bits == 0 {
            return Ok(0);
        }
        if self.count < bits {
            self.fill();
            if self.count < bits {
                return Err(Fault::Ends);
            }
        }
        let value = (self.window >> (64 - bits)) as i32;
        self.skip(bits);
        Ok(value)
    }

    fn bit(&mut self) -> Result<bool, Fault> {
        Ok(self.take(1)? == 1)
    }

    /// A value of so many bits, the lower half of which stands for negative ones (F.2.2.1).
    fn signed(&mut self, bits: u32) -> Result<i32, Fault> {
        let value = self.take(bits)?;
        let low = bits > 0 && value < 1 << (bits - 1);
        Ok(if low { value - (1 << bits) + 1 } else { value })
    }

    /// Whether nothing but padding comes before the next marker or the end: ones or zeros to the
    /// end of a byte, then zeros. Takes it.
    pub(super) fn only_padding(&mut self) -> bool {
        self.skip(self.count % 8);
        loop {
            self.fill();
            if self.count == 0 {
                return true;
            }
            if self.window >> 56 != 0 {
                return false;
            }
            self.skip(8);
        }
    }

    /// Takes the restart marker of this number, if that is what comes next.
    pub(super) fn restart(&mut self, number: usize) -> bool {
        let marker = 0xd0 + (number % 8) as u8;
        if !self.only_padding() {
            return false;
        }
        let rest = &self.data[self.at..];
        let fill = rest.iter().take_while(|&&byte| byte == 0xff).count();
        let found = fill > 0 && rest.get(fill) == Some(&marker);
        if found {
            self.at += fill + 1;
        }
        found
    }

    /// Whether nothing is left but bytes that fill up before a marker (B.1.1.2).
    pub(super) fn at_end(&self) -> bool {
        self.data[self.at..].iter().all(|&byte| byte == 0xff)
    }
}

/// The bits of a code that are looked up at once.
const LOOKED_UP: u32 = 8;

/// A Huffman table (C.2, F.2.2.3).
#[derive(Clone)]
pub(super) struct Huffman {
    /// For codes of up to 8 bits, by the bits that begin with them: length and symbol.
    short: [(u8, u8); 1 << LOOKED_UP],
    /// By length: one more than the last code, and how to get from a code to its symbol.
    ends: [i32; 17],
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// From the number of codes of each length and their symbols; none where they are too many.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            short: [(0, 0); 1 << LOOKED_UP],
            ends: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let mut code = 0_i32;
        let mut index = 0_usize;
        for (length, &count) in (1_u32..).zip(counts) {
            table.offsets[length as usize] = index as i32 - code;
            for _ in 0..count {
                let symbol = *symbols.get(index)?;
                if code >= 1 << length {
                    return None;
                }
                if length <= LOOKED_UP {
                    let free = LOOKED_UP - length;
                    let first = (code as usize) << free;
                    table.short[first..first + (1 << free)].fill((length as u8, symbol));
                }
                code += 1;
                index += 1;
            }
            table.ends[length as usize] = code;
            code <<= 1;
        }
        Some(table)
    }

    fn decode(&self, bits: &mut Bits<'_>) -> Result<u8, Fault> {
        if bits.count < 16 {
            bits.fill();
        }
        let (length, symbol) = self.short[(bits.window >> (64 - LOOKED_UP)) as usize];
        let length = u32::from(length);
        if length > 0 && length <= bits.count {
            bits.skip(length);
            return Ok(symbol);
        }
        for length in 1..=16 {
            if length > bits.count {
                return Err(Fault::Ends);
            }
            let code = (bits.window >> (64 - length)) as i32;
            if code < self.ends[length as usize] {
                bits.skip(length);
                let index = (code + self.offsets[length as usize]) as usize;
                return self.symbols.get(index).copied().ok_or(Fault::Code);
            }
        }
        Err(Fault::Code)
    }
}

/// The coefficients of a block, row after row.
pub(super) type Block = [i16; 64];

/// Which coefficients a progressive scan is about, and which bits of them (G.1.1.1).
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    pub(super) first: usize,
    pub(super) last: usize,
    /// The lowest bit that this scan brings.
    pub(super) low: u32,
    /// Whether higher bits came before.
    pub(super) refines: bool,
}

/// Decodes the difference to the block before in the coefficient 0 (F.2.2.1).
pub(super) fn dc(bits: &mut Bits<'_>, table: &Huffman, before: &mut i32) -> Result<i32, Fault> {
    let size = table.decode(bits)?;
    if size > 15 {
        return Err(Fault::Code);
    }
    *before = before.wrapping_add(bits.signed(u32::from(size))?);
    Ok(*before)
}

/// A whole block of a sequential scan (F.2.2).
pub(super) fn sequential(
    bits: &mut Bits<'_>,
    dc_table: &Huffman,
    ac_table: &Huffman,
    before: &mut i32,
    block: &mut Block,
) -> Result<(), Fault> {
    block[0] = dc(bits, dc_table, before)? as i16;
    let mut k = 1;
    while k < 64 {
        let symbol = ac_table.decode(bits)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run < 15 {
                break;
            }
            k += 16;
            continue;
        }
        k += run;
        if k > 63 {
            return Err(Fault::Code);
        }
        block[place(k)] = bits.signed(size)? as i16;
        k += 1;
    }
    Ok(())
}

/// A block of the first scan of a band of coefficients above 0 (G.1.2.2).
pub(super) fn first_ac(
    bits: &mut Bits<'_>,
    table: &Huffman,
    band: Band,
    blocks_over: &mut u32,
    block: &mut Block,
) -> Result<(), Fault> {
    if *blocks_over > 0 {
        *blocks_over -= 1;
        return Ok(());
    }
    let mut k = band.first;
    while k <= band.last {
        let symbol = table.decode(bits)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run < 15 {
                *blocks_over = (1 << run) - 1 + bits.take(run as u32)? as u32;
                break;
            }
            k += 16;
            continue;
        }
        k += run;
        if k > band.last {
            return Err(Fault::Code);
        }
        block[place(k)] = (bits.signed(size)? << band.low) as i16;
        k += 1;
    }
    Ok(())
}

/// A block of the first or a later scan of the coefficient 0 (G.1.2.1).
pub(super) fn progressive_dc(
    bits: &mut Bits<'_>,
    table: Option<&Huffman>,
    band: Band,
    before: &mut i32,
    block: &mut Block,
) -> Result<(), Fault> {
    match table {
        Some(table) => block[0] = (dc(bits, table, before)? << band.low) as i16,
        None => block[0] |= i16::from(bits.bit()?) << band.low,
    }
    Ok(())
}

/// A block of a later scan of a band of coefficients above 0 (G.1.2.3).
pub(super) fn refine_ac(
    bits: &mut Bits<'_>,
    table: &Huffman,
    band: Band,
    blocks_over: &mut u32,
    block: &mut Block,
) -> Result<(), Fault> {
    let one = 1_i16 << band.low;
    let mut k = band.first;
    if *blocks_over == 0 {
        while k <= band.last {
            let symbol = table.decode(bits)?;
            let (mut run, size) = (symbol >> 4, symbol & 15);
            let value = match size {
                0 if run < 15 => {
                    *blocks_over = (1 << run) + bits.take(u32::from(run))? as u32;
                    break;
                }
                0 => 0,
                1 if bits.bit()? => one,
                1 => -one,
                _ => return Err(Fault::Code),
            };
            // Past as many coefficients that are still zero as the run says.
            while k <= band.last {
                let coefficient = &mut block[place(k)];
                if *coefficient != 0 {
                    refine(bits, one, coefficient)?;
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                k += 1;
            }
            if value != 0 {
                if k > band.last {
                    return Err(Fault::Code);
                }
                block[place(k)] = value;
            }
            k += 1;
        }
    }
    if *blocks_over > 0 {
        while k <= band.last {
            let coefficient = &mut block[place(k)];
            if *coefficient != 0 {
                refine(bits, one, coefficient)?;
            }
            k += 1;
        }
        *blocks_over -= 1;
    }
    Ok(())
}

fn refine(bits: &mut Bits<'_>, one: i16, coefficient: &mut i16) -> Result<(), Fault> {
    if bits.bit()? && *coefficient & one == 0 {
        let step = if *coefficient > 0 { one } else { -one };
        *coefficient = coefficient.wrapping_add(step);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_end_at_a_marker() {
        let mut bits = Bits::new(&[0xa5, 0xff, 0, 0xff, 0xd1, 0x80]);
        assert_eq!(bits.take(4), Ok(10));
        assert_eq!(bits.take(12), Ok(0x5ff));
        assert_eq!(bits.take(1), Err(Fault::Ends));
        assert!(!bits.restart(0));
        let mut bits = Bits::new(&[0xa5, 0, 0xff, 0xff, 0xd1, 0x80]);
        assert_eq!(bits.take(3), Ok(5));
        assert!(bits.restart(9));
        assert_eq!(bits.take(1), Ok(1));
        assert!(bits.only_padding() && bits.at_end());
    }

    #[test]
    fn values_are_signed_by_their_highest_bit() {
        let mut bits = Bits::new(&[0b0000_0101, 0b1011_1000]);
        assert_eq!(bits.signed(0), Ok(0));
        assert_eq!(bits.signed(3), Ok(-7));
        assert_eq!(bits.signed(3), Ok(-6));
        assert_eq!(bits.signed(3), Ok(-4));
        assert_eq!(bits.signed(3), Ok(-4));
        assert_eq!(bits.signed(1), Ok(1));
    }

    #[test]
    fn codes_of_all_lengths_are_found() {
        // One code of each length, all ones before the zero.
        let symbols: Vec<u8> = (10..26).collect();
        let table = Huffman::new(&[1; 16], &symbols).unwrap();
        for length in 1..=16 {
            let code = (1_u32 << length) - 2;
            let word = (code << (32 - length)).to_be_bytes();
            // The codes have bytes of ones, which are followed by zeros.
            let stuffed: Vec<u8> = word
                .iter()
                .flat_map(|&b| if b == 0xff { vec![b, 0] } else { vec![b] })
                .collect();
            let mut bits = Bits::new(&stuffed);
            assert_eq!(table.decode(&mut bits), Ok(9 + length as u8));
        }
        let mut ones = Bits::new(&[0xff, 0, 0xff, 0, 0xff, 0]);
        assert_eq!(table.decode(&mut ones), Err(Fault::Code));
        let mut few = Bits::new(&[0xff, 0]);
        assert_eq!(table.decode(&mut few), Err(Fault::Ends));
        assert!(Huffman::new(&[3; 16], &[0; 48]).is_none());
        assert!(Huffman::new(&[1; 16], &[0; 15]).is_none());
    }
}
