//! Huffman data of any size.
//!
//! The input is the width in two bytes, lowest first, and the height in one, then the data.

use rot90::bmp::huffman::{expand, least_bytes};

/// Whether the data was expanded.
pub(crate) fn check(input: &[u8]) -> bool {
    let Some((&[low, high, height], data)) = input.split_first_chunk() else {
        return false;
    };
    let width = usize::from(u16::from_le_bytes([low, high]));
    let height = usize::from(height);
    let stride_bytes = width.div_ceil(32) * 4;
    let mut out = vec![0; stride_bytes * height];
    if expand(data, width, height, stride_bytes, &mut out).is_err() {
        return false;
    }
    if width > 0 {
        assert!(least_bytes(width, height) <= data.len() as u64);
    }
    // Row padding stays as it was.
    for row in out.chunks(stride_bytes.max(1)) {
        for bit in width..stride_bytes * 8 {
            assert_eq!(row[bit / 8] >> (7 - bit % 8) & 1, 0);
        }
    }
    true
}
