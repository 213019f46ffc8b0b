//! What the help, the man page and the README say beyond the options, written once for all.

use std::fmt::Write as _;

use clap::builder::StyledStr;
use clap::builder::styling::Styles;

/// What people do with the command: the line, and what it does. In double quotes, which all shells
/// know.
pub(crate) const EXAMPLES: [(&str, &str); 5] = [
    ("rot90 \"scans/*.bmp\"", "rotate the bitmaps of a folder"),
    (
        "rot90 \"scans/**/*.bmp\" -o rotated",
        "rotate a folder tree into another folder",
    ),
    (
        "rot90 \"scans/*.bmp\" --update",
        "rotate only what has changed since the last run",
    ),
    (
        "find . -name \"*.bmp\" -print0 | rot90 --files0-from -",
        "rotate what another program has found",
    ),
    (
        "rot90 \"scans/*.bmp\" --format jsonl | jq .mean",
        "pass each result on as soon as it is ready",
    ),
];

/// The exit codes, and when each is given.
pub(crate) const EXIT_STATUS: [(&str, &str); 6] = [
    ("0", "every file was rotated, or was up to date already"),
    (
        "1",
        "a file failed (all others were done, unless --fail-fast), a pattern matched nothing, a \
         folder could not be listed, or the results or the report could not be written",
    ),
    (
        "2",
        "wrong usage or conflicting outputs; nothing was touched",
    ),
    (
        "129",
        "the terminal closed (SIGHUP; not under nohup): files in progress are finished or \
         discarded, and the results so far are printed as valid JSON",
    ),
    ("130", "the same after an interrupt (SIGINT, Ctrl-C)"),
    ("143", "the same after a request to terminate (SIGTERM)"),
];

/// What stands below the options of `-h`.
pub(super) fn after_short_help() -> StyledStr {
    section("Examples:", &EXAMPLES).into()
}

/// What stands below the options of `--help`.
pub(super) fn after_long_help() -> StyledStr {
    let exit_status = section("Exit status:", &EXIT_STATUS);
    format!("{exit_status}\n\n{}", section("Examples:", &EXAMPLES)).into()
}

/// Each line of its own with its meaning below it, so that nothing breaks on narrow terminals.
fn section(heading: &str, lines: &[(&str, &str)]) -> String {
    let styles = Styles::styled();
    let style = styles.get_header();
    // Off a terminal the style is taken out again.
    let mut text = format!("{style}{heading}{style:#}");
    for (line, meaning) in lines {
        let _ = write!(text, "\n  {line}\n      {meaning}");
    }
    text
}
