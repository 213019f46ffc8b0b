//! Where the page may stand: checked before the batch, when nothing has been done yet.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::cli::args::Config;
use crate::cli::messages::shown;
use crate::cli::plan::{Job, Plan};

/// Refuses a place where there cannot be a page, or where it would replace a picture.
pub(crate) fn check(plan: &Plan, config: &Config) -> anyhow::Result<()> {
    if let Some(path) = &config.report
        && let Some(reason) = objection(path, plan, config.output_dir.as_deref())
    {
        bail!("--report {}: {reason}; nothing was done", shown(path));
    }
    Ok(())
}

fn objection(path: &Path, plan: &Plan, output_dir: Option<&Path>) -> Option<String> {
    let folder = folder_of(path);
    // The batch makes the folder of its outputs.
    let will_be_made = output_dir.is_some_and(|output_dir| folder.starts_with(output_dir));
    if path.is_dir() {
        Some("is a directory".to_owned())
    } else if begins_like_a_bitmap(path) {
        Some("is a bitmap, which the page would replace".to_owned())
    } else if is_of_batch(path, plan) {
        Some("is also an input, or the output of one".to_owned())
    } else if !(folder.is_dir() || will_be_made && !folder.exists()) {
        Some(format!("there is no folder {}", shown(folder)))
    } else {
        None
    }
}

/// The folder that a file is in, or is to be in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// An input may be named by another path or be a link to this file: what is a bitmap is kept.
fn begins_like_a_bitmap(path: &Path) -> bool {
    let mut begin = [0; 2];
    path.is_file()
        && File::open(path).is_ok_and(|mut file| file.read_exact(&mut begin).is_ok())
        && (begin == *b"BM" || begin == *b"BA")
}

/// Whether the batch reads that file, or writes it.
fn is_of_batch(path: &Path, plan: &Plan) -> bool {
    // File systems may take names for the same that differ in case alone.
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().to_lowercase())
    };
    // Folders that do not exist yet may turn out to be the same.
    let place = |path: &Path| folder_of(path).canonicalize().ok();
    let files = |job: &Job| [PathBuf::from(&*job.input), plan.output(job)];
    let mut files = plan.jobs.iter().flat_map(files);
    files.any(|file| name(&file) == name(path) && place(&file) == place(path))
}
