//! Operands → an ordered list of inputs and outputs, free of conflicts.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::{hints, names, walk};
use crate::text;

/// What the command was asked to turn.
pub(crate) enum Operands {
    /// Paths and patterns.
    Patterns(Vec<OsString>),
    /// Paths.
    Names(Vec<OsString>),
}

/// One input.
pub(crate) struct Job {
    /// As the user wrote it, or as the pattern found it.
    pub(crate) input: Box<OsStr>,
    /// Index of the output's folder, where outputs go elsewhere.
    output_folder: Option<u32>,
    /// Known from the folder's listing to be a regular file.
    pub(crate) regular: bool,
}

/// What will be done.
pub(crate) struct Plan {
    /// In the order of the results.
    pub(crate) jobs: Vec<Job>,
    /// Folders of outputs below `--output-dir`.
    output_folders: Vec<OsString>,
    /// Inputs left out because they are earlier results.
    pub(crate) skipped: Vec<OsString>,
    /// Patterns that matched nothing and folders that could not be read.
    pub(crate) problems: Vec<String>,
}

impl Plan {
    /// Makes the plan. Nothing is written; an error means that the outputs conflict.
    pub(crate) fn make(operands: Operands, output_dir: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(directory) = output_dir
            && directory.exists()
            && !directory.is_dir()
        {
            bail!(
                "--output-dir {}: is not a directory",
                text::shown(directory)
            );
        }
        let mut list = List {
            plan: Self {
                jobs: Vec::new(),
                output_folders: Vec::new(),
                skipped: Vec::new(),
                problems: Vec::new(),
            },
            output_dir,
            output_folder_numbers: HashMap::new(),
        };
        match operands {
            Operands::Names(names) => names.into_iter().for_each(|name| list.add_name(name)),
            Operands::Patterns(patterns) => patterns
                .into_iter()
                .for_each(|pattern| list.add_operand(pattern)),
        }
        let mut plan = list.plan;
        let mut seen = std::collections::HashSet::new();
        plan.problems.retain(|problem| seen.insert(problem.clone()));
        plan.settle()?;
        Ok(plan)
    }

    /// The plan that another process has made: its inputs, and their outputs as far as they are
    /// known.
    pub(crate) fn of_files(files: Vec<(OsString, Option<OsString>)>) -> Self {
        let mut folders: Vec<OsString> = Vec::new();
        let mut numbers: HashMap<Vec<u8>, u32> = HashMap::new();
        let jobs = files
            .into_iter()
            .map(|(input, output)| Job {
                input: input.into_boxed_os_str(),
                output_folder: output.map(|output| {
                    let (folder, _) = names::split(&output);
                    *numbers.entry(folder.to_vec()).or_insert_with_key(|folder| {
                        folders.push(names::from_bytes(folder));
                        (folders.len() - 1) as u32
                    })
                }),
                regular: false,
            })
            .collect();
        Self {
            jobs,
            output_folders: folders,
            skipped: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The path of a job's output.
    pub(crate) fn output(&self, job: &Job) -> PathBuf {
        let (folder, name) = names::split(&job.input);
        let folder = match job.output_folder {
            Some(number) => names::bytes(&self.output_folders[number as usize]),
            None => folder,
        };
        names::from_bytes(&[folder, &names::output_name(name)].concat()).into()
    }

    /// Drops what is named twice and what is an earlier result; refuses outputs that conflict.
    fn settle(&mut self) -> anyhow::Result<()> {
        let mut folders = Folders::default();
        // The folders of each job's input and output.
        let places: Vec<(u32, u32)> = self
            .jobs
            .iter()
            .map(|job| {
                let input = folders.number(names::split(&job.input).0);
                let output = job.output_folder.map_or(input, |number| {
                    folders.number(names::bytes(&self.output_folders[number as usize]))
                });
                (input, output)
            })
            .collect();
        let name = |at: usize| names::split(&self.jobs[at].input).1;

        let mut inputs: HashMap<(u32, &[u8]), u32> = HashMap::with_capacity(self.jobs.len());
        // An output's name follows from its input's, so that this stands for the output.
        let mut outputs: HashMap<(u32, &[u8]), u32> = HashMap::new();
        let mut keep = vec![true; self.jobs.len()];
        for (at, &(folder, _)) in places.iter().enumerate() {
            match inputs.entry((folder, name(at))) {
                std::collections::hash_map::Entry::Occupied(_) => keep[at] = false,
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(at as u32);
                }
            }
        }
        let elsewhere = self.jobs.iter().any(|job| job.output_folder.is_some());
        if elsewhere {
            for (at, &(_, output)) in places.iter().enumerate().filter(|(at, _)| keep[*at]) {
                outputs.entry((output, name(at))).or_insert(at as u32);
            }
        }
        let mut skipped = Vec::new();
        for (at, &(folder, _)) in places.iter().enumerate() {
            let Some(original) = names::original_name(name(at)) else {
                continue;
            };
            let original = (folder, &original[..]);
            let made_from = |map: &HashMap<(u32, &[u8]), u32>| {
                map.get(&original).is_some_and(|&from| from as usize != at)
            };
            if keep[at] && (made_from(&inputs) || made_from(&outputs)) {
                keep[at] = false;
                skipped.push(at);
            }
        }
        let kept = || places.iter().enumerate().filter(|(at, _)| keep[*at]);
        let conflict = |one: u32, other: usize| -> anyhow::Result<()> {
            bail!(
                "{} and {} would both be written to {}; nothing was done",
                text::shown(Path::new(&*self.jobs[one as usize].input)),
                text::shown(Path::new(&*self.jobs[other].input)),
                text::shown(&self.output(&self.jobs[other]))
            )
        };
        if elsewhere {
            outputs.clear();
            for (at, &(_, output)) in kept() {
                if let Some(other) = outputs.insert((output, name(at)), at as u32) {
                    conflict(other, at)?;
                }
            }
        }
        let mut folded: HashMap<(u32, String), u32> = HashMap::new();
        for (at, &(_, output)) in kept() {
            if folders.ignores_case(output) {
                let name = String::from_utf8_lossy(name(at)).to_lowercase();
                if let Some(other) = folded.insert((output, name), at as u32) {
                    conflict(other, at)?;
                }
            }
        }
        self.skipped = skipped
            .into_iter()
            .map(|at| self.jobs[at].input.to_os_string())
            .collect();
        let mut keep = keep.into_iter();
        self.jobs.retain(|_| keep.next().unwrap_or(true));
        self.jobs.shrink_to_fit();
        Ok(())
    }
}

/// The plan as it grows.
struct List<'a> {
    plan: Plan,
    output_dir: Option<&'a Path>,
    output_folder_numbers: HashMap<Vec<u8>, u32>,
}

impl List<'_> {
    fn add_operand(&mut self, operand: OsString) {
        if !walk::is_pattern(&operand) || Path::new(&operand).symlink_metadata().is_ok() {
            self.add_name(operand);
            return;
        }
        // What is no pattern, such as `a[.bmp`, can still be a name.
        let Ok(matches) = walk::matches(&operand) else {
            self.add_name(operand);
            return;
        };
        if matches.files.is_empty() {
            let shown = text::shown(Path::new(&operand));
            let hint = hints::of_unmatched(&operand);
            self.plan
                .problems
                .push(format!("{shown}: the pattern matches no file{hint}"));
        }
        self.plan.problems.extend(matches.problems);
        let fixed = walk::fixed_part(&operand).len();
        self.plan.jobs.reserve(matches.files.len());
        for found in matches.files {
            let (folder, _) = names::split(&found.path);
            let below = folder.get(fixed..).unwrap_or_default().to_vec();
            self.add(found.path, &below, found.regular);
        }
    }

    /// A literal operand: below `--output-dir` it keeps its file name alone.
    fn add_name(&mut self, name: OsString) {
        self.add(name, b"", false);
    }

    fn add(&mut self, input: OsString, below: &[u8], regular: bool) {
        let output_folder = self.output_dir.map(|directory| {
            let mut folder = names::bytes(directory.as_os_str()).to_vec();
            if folder.last() != Some(&b'/') {
                folder.push(b'/');
            }
            // A path that leads upwards would leave the output directory.
            for part in below
                .split(|&byte| byte == b'/')
                .filter(|part| !part.is_empty() && *part != b".")
            {
                folder.extend_from_slice(if part == b".." { b"_" } else { part });
                folder.push(b'/');
            }
            let folders = &mut self.plan.output_folders;
            *self
                .output_folder_numbers
                .entry(folder)
                .or_insert_with_key(|folder| {
                    folders.push(names::from_bytes(folder));
                    (folders.len() - 1) as u32
                })
        });
        self.plan.jobs.push(Job {
            input: input.into_boxed_os_str(),
            output_folder,
            regular,
        });
    }
}

/// Folders, each with one number however it is written.
#[derive(Default)]
struct Folders {
    by_text: HashMap<Vec<u8>, u32>,
    by_place: HashMap<PathBuf, u32>,
    ignoring_case: Vec<bool>,
}

impl Folders {
    fn number(&mut self, text: &[u8]) -> u32 {
        if let Some(&number) = self.by_text.get(text) {
            return number;
        }
        let path = if text.is_empty() {
            PathBuf::from(".")
        } else {
            names::from_bytes(text).into()
        };
        let place = canonical(&path);
        let next = self.by_place.len() as u32;
        let number = *self.by_place.entry(place).or_insert_with_key(|place| {
            self.ignoring_case.push(ignores_case(place));
            next
        });
        self.by_text.insert(text.to_vec(), number);
        number
    }

    fn ignores_case(&self, number: u32) -> bool {
        self.ignoring_case[number as usize]
    }
}

/// The one true path of a folder, which need not exist yet.
pub(super) fn canonical(path: &Path) -> PathBuf {
    if let Ok(path) = fs::canonicalize(path) {
        return path;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if !parent.as_os_str().is_empty() => {
            canonical(parent).join(name)
        }
        (_, Some(name)) => canonical(Path::new(".")).join(name),
        _ => path.to_owned(),
    }
}

/// `FS_CASEFOLD_FL`: chattr +F on ext4, f2fs and others.
#[cfg(target_os = "linux")]
const CASEFOLD: u32 = 0x4000_0000;

/// Whether names in a folder that differ in case alone are the same.
#[cfg(target_os = "linux")]
fn ignores_case(folder: &Path) -> bool {
    use rustix::fs::{IFlags, Mode, OFlags, fstatfs, ioctl_getflags, open};
    // msdos/vfat, exfat, ntfs3, ntfs, cifs, smb2, hfs, hfsplus.
    const IGNORING: [u32; 8] = [
        0x4d44,
        0x2011_bab0,
        0x7366_746e,
        0x5346_544e,
        0xff53_4d42,
        0xfe53_4d42,
        0x4244,
        0x482b,
    ];
    // ext4, xfs, btrfs, tmpfs, f2fs, overlay, ramfs, zfs: unless the folder is marked.
    const HEEDING: [u32; 8] = [
        0xef53,
        0x5846_5342,
        0x9123_683e,
        0x0102_1994,
        0xf2f5_2010,
        0x794c_7630,
        0x8584_58f6,
        0x2fc1_2fc1,
    ];
    // A folder that is not there yet will be like the one it is made in.
    let Some(existing) = folder.ancestors().find(|above| above.exists()) else {
        return false;
    };
    let Ok(handle) = open(
        existing,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    ) else {
        return false;
    };
    let kind = fstatfs(&handle).map_or(0, |stat| stat.f_type as u32);
    if IGNORING.contains(&kind)
        || ioctl_getflags(&handle).is_ok_and(|flags: IFlags| flags.bits() & CASEFOLD != 0)
    {
        return true;
    }
    !HEEDING.contains(&kind) && finds_other_case(existing)
}

/// Whether a name that is found in a folder, or in those above it on the same file system, is
/// found in the other case as well. Network and user-space file systems do not tell otherwise.
#[cfg(target_os = "linux")]
fn finds_other_case(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    let other_case = |name: &OsStr| {
        let mut bytes = names::bytes(name).to_vec();
        for byte in &mut bytes {
            *byte ^= u8::from(byte.is_ascii_alphabetic()) << 5;
        }
        names::from_bytes(&bytes)
    };
    let own = device(folder);
    for folder in folder.ancestors().take_while(|above| device(above) == own) {
        let Ok(entries) = fs::read_dir(folder) else {
            return false;
        };
        let name = entries
            .flatten()
            .map(|entry| entry.file_name())
            .find(|name| other_case(name) != *name);
        if let Some(name) = name {
            let other = other_case(&name);
            // Two files may be called so; then both are listed.
            return folder.join(&other).symlink_metadata().is_ok()
                && fs::read_dir(folder).is_ok_and(|entries| {
                    entries.flatten().all(|entry| entry.file_name() != other)
                });
        }
    }
    false
}

/// Whether names in a folder that differ in case alone are the same: by the system's custom.
#[cfg(not(target_os = "linux"))]
fn ignores_case(_folder: &Path) -> bool {
    cfg!(any(windows, target_os = "macos"))
}
