//! Folders, each with one number however its path is written.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::{case, names};

/// A path leads through so many links at most, as on Linux.
pub(super) const MOST_LINKS: usize = 40;

/// A file: the number of its folder, and what that compares of its name.
pub(super) type File = (u32, Rc<[u8]>);

#[derive(Default)]
pub(super) struct Folders {
    by_path: HashMap<Vec<u8>, Folder>,
    numbers: HashMap<PathBuf, u32>,
    /// Whether case is ignored in a folder that exists.
    ignoring_case: HashMap<PathBuf, bool>,
}

#[derive(Clone, Copy)]
pub(super) struct Folder {
    number: u32,
    ignores_case: bool,
    /// It is of the system's making, with names for what a process has open.
    pub(super) is_of_system: bool,
}

impl Folder {
    pub(super) fn file(self, name: &[u8]) -> File {
        let folded = self.ignores_case.then(|| case::folded(name));
        (self.number, folded.as_deref().unwrap_or(name).into())
    }
}

impl Folders {
    /// A folder, which need not exist yet.
    pub(super) fn folder(&mut self, path: &[u8]) -> Folder {
        if let Some(&folder) = self.by_path.get(path) {
            return folder;
        }
        let (existing, missing) = canonical(&names::folder(path));
        let mut place = existing.join(missing);
        // What is not there yet will be like the folder it is made in. That need not tell how its
        // own path is written where case is ignored.
        let ignoring = existing.ancestors();
        let ignoring = ignoring.take_while(|folder| self.ignores_case_in(folder));
        let topmost = ignoring.last();
        if let Some(topmost) = topmost {
            let below = place.strip_prefix(topmost).unwrap_or(&place);
            let below = case::folded(names::bytes(below.as_os_str()));
            place = topmost.join(names::from_bytes(&below));
        }
        let next = self.numbers.len() as u32;
        let folder = Folder {
            number: *self.numbers.entry(place).or_insert(next),
            ignores_case: topmost.is_some(),
            is_of_system: existing.starts_with("/proc")
                || ["/dev", "/dev/fd"].map(Path::new).contains(&&*existing),
        };
        self.by_path.insert(path.to_vec(), folder);
        folder
    }

    fn ignores_case_in(&mut self, folder: &Path) -> bool {
        let known = self.ignoring_case.entry(folder.to_owned());
        *known.or_insert_with_key(|folder| case::is_ignored_in(folder))
    }
}

/// The one true path of the part of a path that exists, and what is missing of it.
fn canonical(path: &Path) -> (PathBuf, PathBuf) {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let (existing, missing) = parted(&path);
        // A link may lead to a folder that the batch is yet to make.
        let mut parts = missing.components();
        let link = parts.next().map(|first| existing.join(first));
        let Some(target) = link.and_then(|link| fs::read_link(link).ok()) else {
            return (existing, missing);
        };
        path = existing.join(target).join(parts);
    }
    parted(&path)
}

/// The part of a path that exists, as its one true path, and what is missing of it.
fn parted(path: &Path) -> (PathBuf, PathBuf) {
    let folder = |above: &Path| names::folder(names::bytes(above.as_os_str()));
    // Linux opens no longer paths.
    let exists = |above: &&Path| above.as_os_str().len() < 4096 && folder(above).exists();
    let existing = path.ancestors().find(exists).unwrap_or(Path::new(""));
    let mut missing = PathBuf::new();
    for part in path.strip_prefix(existing).unwrap_or(path).components() {
        if part != Component::ParentDir || !missing.pop() {
            missing.push(part);
        }
    }
    let existing = folder(existing);
    (fs::canonicalize(&existing).unwrap_or(existing), missing)
}
