//! Where the page may be written: checked before the batch, when nothing is touched yet.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};

use crate::command::names;
use crate::command::plan::{self, Plan};
use crate::os::{Output, Publishing, directory_of};
use crate::text;

/// The value of `--report`. Its ending is asked for, as `--report *.bmp`, with the pattern
/// expanded by the shell, would otherwise put the page in the place of a picture.
pub(crate) fn parse(path: PathBuf) -> Result<PathBuf, String> {
    let is_page = path
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|ending| {
            ending.eq_ignore_ascii_case("html") || ending.eq_ignore_ascii_case("htm")
        });
    if is_page {
        Ok(path)
    } else {
        Err("the report is a page: its name ends with .html, such as report.html".to_owned())
    }
}

/// Whether the page lies in a folder that the batch itself makes.
pub(super) fn is_below(path: &Path, output_dir: Option<&Path>) -> bool {
    output_dir.is_some_and(|directory| {
        plan::canonical(directory_of(path)).starts_with(plan::canonical(directory))
    })
}

/// Refuses a place where the page cannot be written, or where it would do harm.
pub(super) fn check(
    path: &Path,
    plan: &Plan,
    output_dir: Option<&Path>,
    publishing: &Publishing,
) -> anyhow::Result<()> {
    let refused = |why: &str| anyhow!("--report {}: {why}; nothing was done", text::shown(path));
    if let Ok(metadata) = path.symlink_metadata() {
        if metadata.is_dir() {
            bail!(refused("is a directory"));
        }
        if begins_like_a_bitmap(path) {
            bail!(refused("is a bitmap, which the page would replace"));
        }
    }
    if let Some(input) = in_the_way(path, plan) {
        bail!(refused(&format!(
            "is also the input or the output of {}",
            text::shown(Path::new(input))
        )));
    }
    let folder = directory_of(path);
    if is_below(path, output_dir) && !folder.exists() {
        return Ok(());
    }
    if !folder.is_dir() {
        bail!(refused(&format!(
            "there is no folder {}",
            text::shown(folder)
        )));
    }
    // The only sure way to know is to try; the file has no name, or loses it again.
    let publishing = Publishing {
        make_directories: false,
        ..publishing.clone()
    };
    Output::create(path, 0, &publishing)
        .map(drop)
        .map_err(|error| refused(&error.to_string()))
}

/// The input that the page would replace, or whose output it would.
fn in_the_way<'a>(path: &Path, plan: &'a Plan) -> Option<&'a OsStr> {
    let name = path.file_name().map(names::bytes).unwrap_or_default();
    // File systems may take names for the same that differ in case alone.
    let folded = |name: &[u8]| String::from_utf8_lossy(name).to_lowercase();
    let page = folded(name);
    // Most inputs are not called like a page: they cost a look at their endings.
    let like_a_page = |name: &[u8]| {
        [&b"html"[..], b"htm"].iter().any(|ending| {
            let at = name.len().saturating_sub(ending.len());
            name[at..].eq_ignore_ascii_case(ending)
        })
    };
    let same_name = |other: &[u8]| like_a_page(other) && folded(other) == page;
    let same_folder =
        |other: &Path| plan::canonical(directory_of(other)) == plan::canonical(directory_of(path));
    plan.jobs
        .iter()
        .find(|job| {
            let input = names::split(&job.input).1;
            (same_name(input) && same_folder(Path::new(&*job.input)))
                || (same_name(&names::output_name(input)) && same_folder(&plan.output(job)))
        })
        .map(|job| &*job.input)
}

/// An input may be named by another path or be a link to this file: what is a bitmap is kept.
fn begins_like_a_bitmap(path: &Path) -> bool {
    let mut begin = [0; 2];
    path.metadata().is_ok_and(|metadata| metadata.is_file())
        && fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut begin).is_ok())
        && (begin == *b"BM" || begin == *b"BA")
}
