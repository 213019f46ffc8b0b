//! The summary, and numbers in a person's words.

use std::time::Duration;

use super::board::Board;
use crate::command::plan::Plan;

pub(super) fn summary(plan: &Plan, board: &Board, elapsed: Duration, dry_run: bool) -> String {
    let seconds = elapsed.as_secs_f64();
    let skipped = match plan.skipped.len() {
        0 => "0 skipped".to_owned(),
        1 => "1 earlier result skipped".to_owned(),
        count => format!("{count} earlier results skipped"),
    };
    if dry_run {
        let files = plan.jobs.len() - board.failed;
        return format!(
            "{} would be turned, {skipped}, {} failed",
            counted(files),
            board.failed
        );
    }
    let unread = match plan.problems.len() {
        0 => String::new(),
        1 => ", 1 pattern or folder without files".to_owned(),
        count => format!(", {count} patterns or folders without files"),
    };
    format!(
        "{}, {} in {seconds:.3} s ({}/s), {skipped}, {} failed{unread}",
        counted(board.turned),
        bytes_shown(board.bytes as f64),
        bytes_shown(board.bytes as f64 / seconds.max(1e-9)),
        board.failed
    )
}

pub(in crate::command) fn counted(files: usize) -> String {
    if files == 1 {
        "1 file".to_owned()
    } else {
        format!("{files} files")
    }
}

/// Bytes in decimal units, three digits or so.
pub(in crate::command) fn bytes_shown(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 100.0);
    format!("{value:.digits$} {}", UNITS[unit])
}
