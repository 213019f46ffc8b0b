//! Where the page may stand: checked before the batch, when nothing has been done yet.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::bail;

use crate::cli::args::Config;
use crate::cli::messages::shown;
use crate::cli::plan::Plan;

/// Refuses a place where there cannot be a page, or where it would replace a picture.
pub(crate) fn check(plan: &Plan, config: &Config) -> anyhow::Result<()> {
    if let Some(path) = &config.report
        && let Some(reason) = objection(path, plan, config)
    {
        bail!("--report {}: {reason}; nothing was done", shown(path));
    }
    Ok(())
}

fn objection(path: &Path, plan: &Plan, config: &Config) -> Option<String> {
    let folder = folder_of(path);
    // The batch makes the folder of its outputs.
    let will_be_made = config
        .output_dir
        .as_ref()
        .is_some_and(|dir| folder.starts_with(dir));
    let inputs = plan.jobs.iter().map(|job| Path::new(&*job.input));
    let mut read = inputs.chain(config.files0_from.as_deref());
    let mut outputs = plan.jobs.iter().map(|job| plan.output(job));
    if path.is_dir() {
        Some("is a directory".to_owned())
    } else if begins_with(path, &[b"BM", b"BA"]) {
        Some("is a bitmap, which the page would replace".to_owned())
    } else if outputs.any(|output| is_same(&output, path)) {
        Some("is also the output of an input".to_owned())
    } else if path.is_file()
        && !begins_with(path, &[b"<!DOCTYPE html>"])
        && read.any(|file| is_same(file, path) || is_link_to(file, path))
    {
        Some("is also an input, which the page would replace".to_owned())
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

/// Whether there is a file that begins with one of these. An input may be named by another path or
/// be a link to this file: what is a bitmap is kept. An earlier page may be replaced.
fn begins_with(path: &Path, magics: &[&[u8]]) -> bool {
    let mut begin = Vec::new();
    let mut read = || File::open(path)?.take(15).read_to_end(&mut begin);
    path.is_file() && read().is_ok() && magics.iter().any(|magic| begin.starts_with(magic))
}

fn is_link_to(link: &Path, path: &Path) -> bool {
    link.is_symlink() && link.canonicalize().ok() == path.canonicalize().ok()
}

/// Whether these are, or will be, names of one file.
fn is_same(one: &Path, other: &Path) -> bool {
    // File systems may take names for the same that differ in case alone.
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().to_lowercase())
    };
    // Folders that do not exist yet may turn out to be the same.
    let place = |path: &Path| folder_of(path).canonicalize().ok();
    name(one) == name(other) && place(one) == place(other)
}
