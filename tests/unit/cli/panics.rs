//! Panics keep their words and their place.

use super::*;

#[test]
fn a_panic_is_told_with_its_place_on_whatever_thread_it_was() {
    install();
    let elsewhere = || {
        let other = std::thread::spawn(|| panic!("one of {}", 2));
        std::panic::resume_unwind(other.join().unwrap_err());
    };
    let text = caught(elsewhere).unwrap_err();
    assert!(
        text.contains("panics.rs") && text.contains("one of 2"),
        "{text}"
    );
    assert_eq!(caught(|| 3), Ok(3));
}
