//! What the help and the man page say beyond the options, written once for both.

use std::fmt::Write as _;

use clap::builder::StyledStr;
use clap::builder::styling::Styles;

/// A command line and what it does.
pub(super) struct Example {
    pub(super) line: &'static str,
    pub(super) meaning: &'static str,
    /// Whether `-h` shows it too.
    short: bool,
}

/// What people do with the command.
pub(super) const EXAMPLES: [Example; 7] = [
    Example {
        line: "rot90 'scans/*.bmp'",
        meaning: "turn a folder of bitmaps",
        short: true,
    },
    Example {
        line: "rot90 'scans/**/*.bmp' -o turned",
        meaning: "turn a whole tree, into another folder",
        short: true,
    },
    Example {
        line: "rot90 'scans/*.bmp' --update",
        meaning: "only what has changed since the last run",
        short: true,
    },
    Example {
        line: "rot90 'scans/*.bmp' --dry-run",
        meaning: "show what would be done",
        short: false,
    },
    Example {
        line: "rot90 'scans/*.bmp' --format means",
        meaning: "print the means alone",
        short: false,
    },
    Example {
        line: "rot90 'scans/*.bmp' --format jsonl | jq .mean",
        meaning: "hand each result on as soon as it is known",
        short: false,
    },
    Example {
        line: "find . -name '*.bmp' -print0 | rot90 --files0-from -",
        meaning: "turn what another program has found",
        short: true,
    },
];

/// The exit codes, and when each is given.
pub(super) const EXIT_STATUS: [(&str, &str); 6] = [
    ("0", "every file was turned"),
    (
        "1",
        "some file failed (all others were done), a pattern matched nothing, or standard output \
         could not be written",
    ),
    (
        "2",
        "wrong usage or conflicting outputs; nothing was touched",
    ),
    (
        "130",
        "interrupted (SIGINT): the results so far are printed, as valid JSON",
    ),
    ("143", "the same, terminated (SIGTERM)"),
    (
        "129",
        "the same, hung up (SIGHUP), as when a terminal closes; nohup keeps it from that",
    ),
];

/// What stands below the options of `-h`.
pub(super) fn after_short_help() -> StyledStr {
    examples(|example| example.short).into()
}

/// What stands below the options of `--help`.
pub(super) fn after_long_help() -> StyledStr {
    let mut text = heading("Exit status:");
    for (code, when) in EXIT_STATUS {
        let _ = write!(text, "\n  {code}\n      {when}");
    }
    text.push_str("\n\n");
    text.push_str(&examples(|_| true));
    text.into()
}

/// Each line of its own with its meaning below it, so that nothing breaks on narrow terminals.
fn examples(wanted: impl Fn(&Example) -> bool) -> String {
    let mut text = heading("Examples:");
    for example in EXAMPLES.iter().filter(|example| wanted(example)) {
        let _ = write!(text, "\n  {}\n      {}", example.line, example.meaning);
    }
    text
}

/// A heading like those of the options; off a terminal its style is taken out again.
fn heading(text: &str) -> String {
    let styles = Styles::styled();
    let style = styles.get_header();
    format!("{style}{text}{style:#}")
}
