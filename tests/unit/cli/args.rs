//! The grammar: sizes, and what does not go together.

use super::*;

fn parsed(words: &[&str]) -> Result<Config, String> {
    let words: Vec<_> = ["rot90"].iter().chain(words).map(Into::into).collect();
    parse(&words).map_err(|error| error.to_string())
}

#[test]
fn the_grammar_holds_together() {
    Config::command().debug_assert();
}

#[test]
fn options_of_one_letter_go_together() {
    assert!(parsed(&["-vvvw2", "-odir", "a"]).unwrap().verbose);
}

#[test]
fn sizes() {
    for (text, bytes) in [
        ("4194304", 4 << 20),
        ("512M", 512 << 20),
        ("1.5GiB", 3 << 29),
        ("2tb", 2 << 40),
        ("1024K", 1 << 20),
    ] {
        assert_eq!(parse_size(text), Ok(bytes), "{text}");
    }
    for text in ["", "0", "10", "M", "1.2.3M", "-1M", "2 G", "1023K", "1e9"] {
        assert!(parse_size(text).is_err(), "{text}");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (words, part) in [
        (&[][..], "rot90 \"*.bmp\""),
        (&["--unordered", "a"], "requires --format jsonl"),
        (&["--report-pictures", "3", "a"], "--report <FILE>"),
        (&["a", "-output-dir=x"], "did you mean --output-dir"),
        (&["-out", "x", "a"], "did you mean --output-dir"),
        (&["a", "-outdir", "x"], "did you mean --output-dir"),
        (&["a", "-workers4"], "did you mean --workers"),
        (&["a", "--update", "--no-clobber"], "cannot be used"),
    ] {
        let error = parsed(words).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}
