//! Operands → an ordered list of inputs and outputs, free of conflicts.

mod case;
mod conflicts;
mod folders;
pub(crate) mod names;
mod pattern;
#[cfg(test)]
#[path = "../../../tests/unit/plan.rs"]
mod tests;
mod walk;

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;

use crate::cli::messages::{counted, shown};

/// One input.
pub(crate) struct Job {
    /// As the user wrote it, or as the pattern found it.
    pub(crate) input: Box<OsStr>,
    /// Index of the output's folder, where outputs go elsewhere.
    output_folder: Option<u32>,
    is_link: bool,
    /// Why it must not be tried.
    pub(crate) unfit: Option<&'static str>,
}

impl Job {
    fn new(input: OsString, output_folder: Option<u32>, is_link: bool) -> Self {
        Self {
            input: input.into_boxed_os_str(),
            output_folder,
            is_link,
            unfit: None,
        }
    }
}

/// An input that is left out, as it is the earlier result of another.
#[derive(Default)]
pub(crate) struct Skipped {
    pub(crate) input: Box<OsStr>,
    pub(crate) original: Box<OsStr>,
}

/// What will be done.
#[derive(Default)]
pub(crate) struct Plan {
    /// In the order of the results.
    pub(crate) jobs: Vec<Job>,
    /// Folders of outputs below `--output-dir`, with a separator behind each.
    output_folders: Vec<Vec<u8>>,
    pub(crate) skipped: Vec<Skipped>,
    /// Patterns that matched nothing and folders that could not be read.
    pub(crate) problems: Vec<String>,
    /// What a person may want to know besides.
    pub(crate) notes: Vec<String>,
}

impl Plan {
    /// Makes the plan of some paths, or of paths and patterns. Nothing is written; an error is wrong
    /// usage or a conflict of outputs. Once `cancel` is set, an empty plan comes back soon.
    pub(crate) fn make(
        operands: Vec<OsString>,
        may_be_patterns: bool,
        output_dir: Option<&Path>,
        cancel: &AtomicBool,
    ) -> anyhow::Result<Self> {
        if let Some(folder) = output_dir {
            check_output_dir(folder)?;
        }
        let mut list = List {
            plan: Self::default(),
            output_dir: output_dir.map(Path::as_os_str),
            folder_numbers: HashMap::new(),
            in_other_case: Vec::new(),
        };
        for operand in operands {
            if cancel.load(Ordering::Relaxed) {
                break;
            }
            list.add_operand(operand, may_be_patterns, cancel);
        }
        let mut plan = list.plan;
        conflicts::settle(&mut plan, list.in_other_case, cancel)?;
        if cancel.load(Ordering::Relaxed) {
            return Ok(Self::default());
        }
        Ok(plan)
    }

    /// The folders below `--output-dir` that outputs go to.
    pub(crate) fn output_folders(&self) -> impl Iterator<Item = PathBuf> {
        self.output_folders
            .iter()
            .map(|folder| names::from_bytes(folder).into())
    }

    /// The plan of a batch that is over: its inputs, and their outputs as far as they are known.
    pub(crate) fn of_files(files: Vec<(OsString, Option<OsString>)>) -> Self {
        let mut plan = Self::default();
        for (input, output) in files {
            let output_folder =
                output.map(|output| plan.add_output_folder(names::split(&output).0));
            plan.jobs.push(Job::new(input, output_folder, false));
        }
        plan
    }

    fn add_output_folder(&mut self, path: &[u8]) -> u32 {
        self.output_folders.push(path.to_vec());
        self.output_folders.len() as u32 - 1
    }

    /// The path of a job's output.
    pub(crate) fn output(&self, job: &Job) -> PathBuf {
        let (folder, name) = names::split(&job.input);
        let elsewhere = |number: u32| &self.output_folders[number as usize][..];
        let folder = job.output_folder.map_or(folder, elsewhere);
        names::from_bytes(&[folder, &names::output_name(name)].concat()).into()
    }
}

/// Refuses what cannot be a folder, or was meant as a file.
fn check_output_dir(folder: &Path) -> anyhow::Result<()> {
    let name = names::bytes(folder.as_os_str()).to_ascii_lowercase();
    let reason = if folder.metadata().is_ok_and(|found| !found.is_dir()) {
        "is not a directory"
    } else if name.ends_with(b".bmp") && is_missing(folder) {
        "there is no such folder; rot90 names the outputs itself (NAME_rot90.bmp)"
    } else {
        return Ok(());
    };
    bail!("--output-dir {}: {reason}; nothing was done", shown(folder))
}

fn is_missing(folder: &Path) -> bool {
    let found = folder.metadata();
    found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// What is told of files that a pattern matches in another case only.
fn in_other_case(files: &[OsString], more: &str) -> Option<String> {
    let first = shown(Path::new(files.iter().min()?));
    let count = counted(files.len(), &format!("{more}file"));
    let text = format!("{count} would match if case were ignored, such as {first}");
    Some(text)
}

/// The plan as it grows.
struct List<'a> {
    plan: Plan,
    output_dir: Option<&'a OsStr>,
    /// Indices of the plan's folders of outputs.
    folder_numbers: HashMap<Vec<u8>, u32>,
    /// Patterns, and files that match them in another case only.
    in_other_case: Vec<(OsString, Vec<OsString>)>,
}

impl List<'_> {
    fn add_operand(&mut self, operand: OsString, may_be_pattern: bool, cancel: &AtomicBool) {
        let found = Path::new(&operand).symlink_metadata();
        // What exists is a name. So is what is no pattern, such as `a[.bmp`.
        if found.is_err()
            && may_be_pattern
            && let Some(matches) = walk::matches(&operand, cancel)
        {
            self.add_matches(operand, matches);
        } else {
            // A literal operand keeps its file name alone below `--output-dir`.
            let is_link = found.is_ok_and(|found| found.is_symlink());
            self.add(operand, b"", is_link);
        }
    }

    fn add_matches(&mut self, pattern: OsString, matches: walk::Matches) {
        let has_problems = !matches.problems.is_empty();
        self.plan.problems.extend(matches.problems);
        let fixed = names::fixed_part(&pattern).unwrap_or_default();
        if matches.files.is_empty() && has_problems {
            return;
        }
        if matches.files.is_empty() {
            let missing = Some(names::folder(fixed)).filter(|folder| is_missing(folder));
            let quotes = if pattern.as_encoded_bytes().starts_with(b"~") {
                "; ~ is not expanded inside quotes"
            } else {
                ""
            };
            let tip =
                missing.map(|folder| format!("there is no folder {}{quotes}", shown(&folder)));
            let tip = tip.or_else(|| in_other_case(&matches.in_other_case, ""));
            let tip = tip.map_or_else(String::new, |tip| format!("; {tip}"));
            let pattern = shown(Path::new(&pattern));
            let problem = format!("{pattern}: the pattern matches no file{tip}");
            return self.plan.problems.push(problem);
        }
        for (path, is_link) in matches.files {
            let below = names::split(&path).0[fixed.len()..].to_vec();
            self.add(path, &below, is_link);
        }
        self.in_other_case.push((pattern, matches.in_other_case));
    }

    /// Adds an input, whose output goes to `below` in `--output-dir` if there is one.
    fn add(&mut self, input: OsString, below: &[u8], is_link: bool) {
        let output_folder = self.output_dir.map(|output_dir| {
            let separator = names::separator_in(&[output_dir, &input]);
            let mut folder = names::bytes(output_dir).to_vec();
            if !names::split(output_dir).1.is_empty() {
                folder.push(separator);
            }
            for part in below.split(|&byte| names::is_separator(byte)) {
                // A path that leads upwards would leave the output directory.
                folder.extend_from_slice(match part {
                    b"" | b"." => continue,
                    b".." => b"_",
                    part => part,
                });
                folder.push(separator);
            }
            let plan = &mut self.plan;
            let number = self.folder_numbers.entry(folder);
            *number.or_insert_with_key(|folder| plan.add_output_folder(folder))
        });
        self.plan.jobs.push(Job::new(input, output_folder, is_link));
    }
}
