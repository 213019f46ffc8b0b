//! The drawing has each mean in one bar.

use super::*;

#[test]
fn each_mean_is_in_one_bar() {
    let means = [254.9, 0.0, 3.999, 4.0, 127.5, 255.0];
    let Histogram { bars, note } = Histogram::of(&means.map(|mean| (0, mean)));
    assert_eq!(bars.matches("class=\"bar\"").count(), 4);
    assert!(bars.contains("2 pictures with a mean from 0 to 4<"));
    assert!(bars.contains("1 picture with a mean from 4 to 8<"));
    assert!(bars.contains("2 pictures with a mean from 252 to 255<"));
    assert!(note.contains("lowest 0.00 · median 65.75 · highest 255.00"));
}
