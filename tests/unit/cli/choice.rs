//! Which files have pictures: extremes, each bar, and an even sample.

use super::*;

fn of(means: &[f64], most: usize) -> Vec<usize> {
    chosen(&means.iter().copied().enumerate().collect::<Vec<_>>(), most)
}

#[test]
fn extremes_come_first_then_the_highest_bars() {
    let means = [9.0, 250.0, 8.5, 100.0, 101.0, 8.0, 250.5];
    assert!(of(&means, 0).is_empty());
    assert_eq!(of(&means, 1), [5]);
    assert_eq!(of(&means, 2), [5, 6]);
    // The bar from 8 to 12 has three files.
    assert_eq!(of(&means, 3), [0, 5, 6]);
    assert_eq!(of(&means, usize::MAX), [0, 1, 2, 3, 4, 5, 6]);
    assert!(of(&[], 200).is_empty());
}

#[test]
fn each_bar_has_a_picture() {
    // Nearly all files are alike; 64 of them, scattered, have bars of their own.
    let mut means = vec![130.0; 10_000];
    for bar in 0..BARS {
        means[bar * 150 + 17] = bar as f64 * 4.0 + 1.5;
    }
    let chosen = of(&means, 200);
    assert_eq!(chosen.len(), 200);
    let bars: BTreeSet<_> = chosen.iter().map(|&job| bar_of(means[job])).collect();
    assert_eq!(bars.len(), BARS);
}

#[test]
fn the_rest_is_spread_evenly() {
    for (files, most) in [(300, 200), (301, 24), (10_000, 200), (201, 200)] {
        let chosen = of(&vec![77.0; files], most);
        assert_eq!(chosen.len(), most, "{most} of {files}");
        let widest = chosen.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(
            widest <= Some(files.div_ceil(most) + 1),
            "{most} of {files}"
        );
    }
}
