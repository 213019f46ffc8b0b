//! Whole bitmaps, rotated in memory: four more rotations give the first one's bytes again, and all
//! of them the same mean. (A picture of millions of pixels is rotated once: it would slow the fuzzer
//! down.) Huffman pixels and embedded pictures come to their decoders this way.

use rot90::rotate_within;

/// Whether the bitmap was rotated.
pub(crate) fn check(bitmap: &[u8], max_memory: u64) -> bool {
    let Ok(first) = rotate_within(bitmap, max_memory) else {
        return false;
    };
    if u64::from(first.width) * u64::from(first.height) > 1 << 21 {
        return true;
    }
    let mut last = first.clone();
    for _ in 0..4 {
        let next = rotate_within(&last.bytes, max_memory).expect("a rotated bitmap is a bitmap");
        assert_eq!((next.width, next.height), (last.height, last.width));
        assert_eq!(next.mean.to_bits(), first.mean.to_bits());
        let size = u32::from_le_bytes(*next.bytes[2..].first_chunk().unwrap());
        assert_eq!(size as usize, next.bytes.len(), "bfSize");
        last = next;
    }
    assert!(
        last.bytes == first.bytes,
        "four rotations are not the identity"
    );
    true
}
