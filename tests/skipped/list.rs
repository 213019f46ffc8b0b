//! Where skipped tests are noted: a file for each run of `cargo test`, whose process is the parent
//! of all test programs.

use std::path::{Path, PathBuf};

pub(crate) fn list() -> PathBuf {
    #[cfg(unix)]
    let run = std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    let run = "run";
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("skipped-{run}"))
}
