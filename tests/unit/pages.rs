use super::{HUGE_PAGE, LEAST_BYTES, Pages};

/// A multiple of all usual pages.
const PAGES: usize = 64 << 10;

#[test]
fn pages_are_whole_aligned_zero_and_ones_own() {
    for may_be_huge in [false, true] {
        assert!(Pages::new(usize::MAX, may_be_huge).is_none());
        assert!(Pages::new(usize::MAX - HUGE_PAGE, may_be_huge).is_none());
        let sizes = [
            PAGES,
            LEAST_BYTES,
            HUGE_PAGE,
            HUGE_PAGE + PAGES,
            5 * HUGE_PAGE - PAGES,
        ];
        let mut all: Vec<Pages> = sizes
            .map(|size| Pages::new(size, may_be_huge).unwrap())
            .into();
        for (pages, size) in all.iter_mut().zip(sizes) {
            let is_huge = may_be_huge && size >= LEAST_BYTES;
            let unit = if is_huge { HUGE_PAGE } else { PAGES };
            assert_eq!(pages.len(), size.next_multiple_of(unit));
            let alignment = if is_huge { HUGE_PAGE } else { 4096 };
            assert!(pages.as_ptr().addr().is_multiple_of(alignment));
            assert!(pages.iter().all(|&byte| byte == 0));
            pages.fill(1);
        }
        // Not one byte of the others goes with it.
        all.remove(2);
        assert!(all.iter().all(|pages| pages.iter().all(|&byte| byte == 1)));
    }
}
