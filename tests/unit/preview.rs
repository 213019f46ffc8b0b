use super::grid;

#[test]
fn places_are_spread_evenly() {
    assert_eq!(grid(3, 3), [[0, 0], [1, 1], [2, 2]]);
    assert_eq!(grid(4, 2), [[0, 1], [2, 3]]);
    assert_eq!(grid(1, 1), [[0, 0]]);
    let many = grid(1000, 10);
    assert!(many.iter().flatten().all(|&pixel| pixel < 1000));
    assert_eq!(many[0], [25, 75]);
}
