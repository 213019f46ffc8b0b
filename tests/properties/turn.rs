//! Whole bitmaps, turned in memory: four more turns give the first one's bytes again, and all of
//! them the same mean.

/// Whether the bitmap was turned.
pub(crate) fn check(bitmap: &[u8], max_memory: u64) -> bool {
    let Ok(first) = rot90::turn_within(bitmap, max_memory) else {
        return false;
    };
    let mut last = first.clone();
    for _ in 0..4 {
        let next =
            rot90::turn_within(&last.bytes, max_memory).expect("a turned bitmap is a bitmap");
        assert_eq!((next.width, next.height), (last.height, last.width));
        assert_eq!(next.mean.to_bits(), first.mean.to_bits());
        last = next;
    }
    assert!(last == first, "four turns are not the identity");
    true
}
