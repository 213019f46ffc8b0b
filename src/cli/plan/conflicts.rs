//! Names that are given twice, earlier results, and outputs that conflict.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsString;
use std::fs;
use std::iter::successors;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;

use super::folders::{File, Folders, MOST_LINKS};
use super::{Plan, Skipped, case, in_other_case, names};
use crate::cli::messages::shown;

/// Drops what is named twice and what is an earlier result; refuses outputs that conflict. Once
/// `cancel` is set, the rest is dropped.
pub(super) fn settle(
    plan: &mut Plan,
    patterns: Vec<(OsString, Vec<OsString>)>,
    cancel: &AtomicBool,
) -> anyhow::Result<()> {
    let mut folders = Folders::default();
    // The input and the output of each job. An output goes by its folder and the input's name,
    // from which its own follows.
    let mut files: Vec<(File, File)> = Vec::new();
    let mut inputs = HashMap::with_capacity(plan.jobs.len());
    let mut outputs = HashMap::with_capacity(plan.jobs.len());
    plan.jobs.retain_mut(|job| {
        if cancel.load(Ordering::Relaxed) {
            return false;
        }
        let (path, name) = names::split(&job.input);
        let folder = folders.folder(path);
        let input = folder.file(name);
        let Entry::Vacant(free) = inputs.entry(input.clone()) else {
            return false;
        };
        free.insert(files.len());
        let output_folder = job.output_folder.map_or(folder, |number| {
            folders.folder(&plan.output_folders[number as usize])
        });
        let output = output_folder.file(name);
        outputs.entry(output.clone()).or_insert(files.len());
        files.push((input, output));
        if names::is_reserved(&job.input) {
            job.unfit = Some("is the name of a device on Windows");
        } else if folder.is_of_system
            && job.output_folder.is_none()
            && Path::new(&*job.input).is_file()
        {
            // Other files than regular ones are refused as such.
            job.unfit = Some("outputs are not written to /dev or /proc; use --output-dir DIR");
        }
        true
    });
    for (pattern, mut files) in patterns {
        files.retain(|path| {
            let (folder, name) = names::split(path);
            !inputs.contains_key(&folders.folder(folder).file(name))
        });
        let pattern = shown(Path::new(&pattern));
        let note = in_other_case(&files, "other ").map(|tip| format!("{pattern}: {tip}"));
        plan.notes.extend(note);
    }

    let mut writers = Writers {
        plan,
        folders,
        jobs: HashMap::with_capacity(files.len()),
    };
    let mut skipped = Vec::new();
    let mut is_kept = vec![true; files.len()];
    for (at, ((folder, name), output)) in files.into_iter().enumerate() {
        let original = names::original_name(&name).map(|name| (folder, name.into()));
        let from = original.and_then(|file| inputs.get(&file).or(outputs.get(&file)));
        if let Some(&from) = from {
            is_kept[at] = false;
            skipped.push(Skipped {
                input: plan.jobs[at].input.clone(),
                original: plan.jobs[from].input.clone(),
            });
        } else if let Some(other) = writers.jobs.insert(output, at) {
            bail!(
                "{} and {} would both be written to {}; nothing was done",
                writers.shown_input(other),
                writers.shown_input(at),
                shown(&plan.output(&plan.jobs[at]))
            );
        }
    }
    writers.refuse_links(&is_kept)?;
    writers.refuse_folders()?;

    plan.skipped = skipped;
    let mut is_kept = is_kept.into_iter();
    plan.jobs.retain(|_| is_kept.next() == Some(true));
    Ok(())
}

/// The outputs of a plan, and the job that each is of.
struct Writers<'a> {
    plan: &'a Plan,
    folders: Folders,
    jobs: HashMap<File, usize>,
}

impl Writers<'_> {
    /// What a link to an output gives would depend on what is rotated first. Other names of an
    /// output's file do no harm: a file is replaced by its name, and the bytes stay.
    fn refuse_links(&mut self, is_kept: &[bool]) -> anyhow::Result<()> {
        let jobs = &self.plan.jobs;
        for at in (0..jobs.len()).filter(|&at| is_kept[at] && jobs[at].is_link) {
            let input = PathBuf::from(&*jobs[at].input);
            let target = |path: &PathBuf| Some(path.with_file_name(fs::read_link(path).ok()?));
            for path in successors(Some(input), target).skip(1).take(MOST_LINKS) {
                if let Some(writer) = self.of(&path) {
                    bail!(
                        "{} is a link to {}, the output of {}; nothing was done",
                        self.shown_input(at),
                        shown(&path),
                        self.shown_input(writer)
                    );
                }
            }
        }
        Ok(())
    }

    /// A folder below `--output-dir` is called as one of inputs is, and that may be called like
    /// an output.
    fn refuse_folders(&mut self) -> anyhow::Result<()> {
        for folder in self.plan.output_folders() {
            for folder in folder.components().as_path().ancestors() {
                if let Some(writer) = self.of(folder) {
                    bail!(
                        "{} would be the output of {} and a folder of outputs; nothing was done",
                        shown(folder),
                        self.shown_input(writer)
                    );
                }
            }
        }
        Ok(())
    }

    /// The job whose output has this path.
    fn of(&mut self, path: &Path) -> Option<usize> {
        let (folder, name) = names::split(path.as_os_str());
        // Most names are no output's, and folders take longer to find.
        names::original_name(&case::folded(name))?;
        let (folder, name) = self.folders.folder(folder).file(name);
        let original = (folder, names::original_name(&name)?.into());
        self.jobs.get(&original).copied()
    }

    fn shown_input(&self, at: usize) -> String {
        shown(Path::new(&*self.plan.jobs[at].input))
    }
}
