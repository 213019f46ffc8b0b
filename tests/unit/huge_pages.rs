use super::{HUGE_PAGE, HugePages, LEAST_BYTES, huge_pages};

#[test]
fn pages_are_whole_aligned_zero_and_ones_own() {
    assert!(huge_pages(LEAST_BYTES - 1).is_none());
    assert!(huge_pages(usize::MAX).is_none());
    assert!(huge_pages(usize::MAX - HUGE_PAGE).is_none());
    let sizes = [LEAST_BYTES, HUGE_PAGE, HUGE_PAGE + 1, 5 * HUGE_PAGE - 1];
    let mut all: Vec<HugePages> = sizes.map(|size| huge_pages(size).unwrap()).into();
    for (pages, size) in all.iter_mut().zip(sizes) {
        assert_eq!(pages.len(), size.next_multiple_of(HUGE_PAGE));
        assert!(pages.as_ptr().addr().is_multiple_of(HUGE_PAGE));
        assert!(pages.iter().all(|&byte| byte == 0));
        pages.fill(1);
    }
    // Not one byte of the others goes with it.
    all.remove(1);
    assert!(all.iter().all(|pages| pages.iter().all(|&byte| byte == 1)));
}
