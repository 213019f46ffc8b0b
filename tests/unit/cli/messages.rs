//! Names in messages: what a terminal would obey is escaped, what a shell would is quoted.

use super::*;

#[test]
fn what_a_terminal_would_obey_is_escaped() {
    let text = shown_text("a\x1b[2J\nb\u{202e}");
    assert_eq!(text, "a\\u{1b}[2J\\nb\\u{202e}");
    assert_eq!(shown(Path::new("Größe.bmp")), "Größe.bmp");
}

#[cfg(unix)]
#[test]
fn names_are_quoted_where_a_shell_needs_it() {
    for (name, expected) in [
        ("a.bmp", "a.bmp"),
        ("a b.bmp", "'a b.bmp'"),
        ("*.bmp", "'*.bmp'"),
        ("it's", r"'it'\''s'"),
        ("", "''"),
        ("-d/*.bmp", "'./-d/*.bmp'"),
    ] {
        assert_eq!(quoted(OsStr::new(name)), expected);
    }
}

#[test]
fn numbers() {
    assert_eq!(counted(1, "file"), "1 file");
    assert_eq!(counted(1_234_567, "file"), "1,234,567 files");
    assert_eq!(rate(3_000_000, Duration::from_millis(500)), "6.00 MB/s");
}
