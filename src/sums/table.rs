//! Sums through a table of 256 values, one for every byte.

#[cfg(target_arch = "x86_64")]
use super::x86;
use super::{Kernel, byte_sum, portable};

/// A table, made ready to sum through it as fast as memory is read.
///
/// The table gives every byte of packed pixels its value: for 8 bits a pixel
/// the red, green and blue of one palette entry, for fewer bits those of all
/// pixels in the byte.
#[derive(Clone, Debug)]
pub struct TableSum {
    plan: Plan,
}

#[derive(Clone, Debug)]
enum Plan {
    /// `factor * byte + offset`: grey palettes, also inverted ones.
    Affine { factor: i64, offset: i64 },
    /// One value for each half of the byte: any table of packed pixels.
    Halves(Box<Halves>),
    /// Any other table.
    Any(Box<Any>),
}

/// The values of the low and the high half of a byte, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Halves {
    pub(super) table: [u16; 256],
    /// Low bytes, then high bytes of the values.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(super) low_half: [[u8; 16]; 2],
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(super) high_half: [[u8; 16]; 2],
}

/// A table whose values are also there as low and high bytes: all of them,
/// and the sixteens that are not all zero, each with its number.
#[derive(Clone, Debug)]
pub(super) struct Any {
    pub(super) table: [u16; 256],
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(super) bytes: [[u8; 256]; 2],
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(super) sixteens: Vec<(u8, [[u8; 16]; 2])>,
}

impl TableSum {
    /// Looks for structure in the table.
    pub fn new(table: &[u16; 256]) -> Self {
        let plan = affine(table)
            .or_else(|| halves(table).map(|halves| Plan::Halves(Box::new(halves))))
            .unwrap_or_else(|| Plan::Any(Box::new(any(table))));
        Self { plan }
    }

    /// The sum of `table[byte]` over all bytes.
    pub fn sum(&self, kernel: Kernel, bytes: &[u8]) -> u64 {
        let kernel = kernel.or_portable();
        match &self.plan {
            Plan::Affine { factor, offset } => {
                // 0 <= factor * byte + offset < 2^16 for every byte, so the
                // result fits; terms beyond 63 bits would need 2^47 bytes.
                let sum = byte_sum(kernel, bytes) as i64;
                (factor * sum + offset * bytes.len() as i64) as u64
            }
            Plan::Halves(halves) => match kernel {
                #[cfg(target_arch = "x86_64")]
                Kernel::Ssse3 => x86::ssse3::halves_sum(bytes, halves),
                #[cfg(target_arch = "x86_64")]
                Kernel::Avx2 => x86::avx2::halves_sum(bytes, halves),
                #[cfg(target_arch = "x86_64")]
                Kernel::Avx512 => x86::avx512::halves_sum(bytes, halves),
                _ => portable::table_sum(bytes, &halves.table),
            },
            Plan::Any(any) => match kernel {
                #[cfg(target_arch = "x86_64")]
                Kernel::Avx512 => x86::avx512_table_sum(bytes, any),
                // Twice as fast as single lookups for 64 entries, slower for 256.
                #[cfg(target_arch = "x86_64")]
                Kernel::Avx2 if any.sixteens.len() <= 8 => x86::avx2_sixteens_sum(bytes, any),
                _ => portable::table_sum(bytes, &any.table),
            },
        }
    }
}

fn affine(table: &[u16; 256]) -> Option<Plan> {
    let offset = i64::from(table[0]);
    let factor = i64::from(table[1]) - offset;
    let fits = (0..)
        .zip(table)
        .all(|(byte, &value)| i64::from(value) == factor * byte + offset);
    fits.then_some(Plan::Affine { factor, offset })
}

fn halves(table: &[u16; 256]) -> Option<Halves> {
    // What the low half adds to the least value of the first sixteen; the
    // high halves then keep that least value, and nothing is negative.
    let least = *table[..16].iter().min()?;
    let low: [u16; 16] = std::array::from_fn(|half| table[half] - least);
    let mut high = [0; 16];
    for (half, value) in high.iter_mut().enumerate() {
        *value = table[16 * half].checked_sub(low[0])?;
    }
    let fits = table
        .iter()
        .enumerate()
        .all(|(byte, &value)| Some(value) == high[byte >> 4].checked_add(low[byte & 15]));
    fits.then(|| Halves {
        table: *table,
        low_half: split(&low),
        high_half: split(&high),
    })
}

fn any(table: &[u16; 256]) -> Any {
    let sixteens = (0..).zip(table.as_chunks::<16>().0);
    let used = sixteens.filter(|(_, values)| values.iter().any(|&value| value != 0));
    Any {
        table: *table,
        bytes: split(table),
        sixteens: used
            .map(|(sixteen, values)| (sixteen, split(values)))
            .collect(),
    }
}

/// The low bytes and the high bytes.
fn split<const N: usize>(values: &[u16; N]) -> [[u8; N]; 2] {
    [
        values.map(|value| value as u8),
        values.map(|value| (value >> 8) as u8),
    ]
}
