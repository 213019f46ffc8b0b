use super::{CLAIMED, UNIT, packed, unpacked};

#[test]
fn regions_survive_packing() {
    for (start, units) in [(UNIT, 1), (0x7fff_ffff_f000, (1 << 28) - 1), (5 * UNIT, 0)] {
        let region = unpacked(packed(start, units * UNIT).unwrap());
        assert_eq!(region, start..start + units * UNIT);
    }
    assert!(packed(1 << 48, UNIT).is_none());
    assert!(packed(UNIT, UNIT << 28).is_none());
    assert!(unpacked(CLAIMED).is_empty());
}
