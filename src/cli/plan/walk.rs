//! Patterns and the files that they name.
//!
//! The `glob` crate's walk passes over names that are not UTF-8 and over folders that it may not
//! read, so that its `Pattern` matches single names here. `walkdir` follows links to folders
//! everywhere or nowhere, where `*` follows them and `**` does not, cannot enter folders that may
//! be searched but not listed, and joins paths with separators that the user did not type.

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::names;
use super::pattern::{Component, parse};
use crate::cli::messages::{io_reason, shown};

/// What a pattern names.
#[derive(Default)]
pub(super) struct Matches {
    /// In byte order of the paths; and whether each is a link.
    pub(super) files: Vec<(OsString, bool)>,
    /// Files that it would name if their names were written in another case.
    pub(super) in_other_case: Vec<OsString>,
    /// Folders that could not be read, with the reason.
    pub(super) problems: Vec<String>,
}

/// Finds the files that `pattern` names, until `cancel` is set; `None` if it is no pattern.
pub(super) fn matches(pattern: &OsStr, cancel: &AtomicBool) -> Option<Matches> {
    let fixed = names::fixed_part(pattern)?;
    let mut walk = Walk {
        components: &parse(&names::bytes(pattern)[fixed.len()..]).ok()?,
        separator: names::separator_in(&[pattern]),
        cancel,
        pending: BTreeMap::from([(fixed.to_vec(), vec![0])]),
        visited: HashMap::new(),
        found: Matches::default(),
    };
    while let Some((path, positions)) = walk.pending.pop_first()
        && !cancel.load(Ordering::Relaxed)
    {
        use io::ErrorKind::{NotADirectory, NotFound};
        if let Err(error) = walk.visit(&path, positions)
            && !matches!(error.kind(), NotFound | NotADirectory)
        {
            let (folder, reason) = (shown(&names::folder(&path)), io_reason(&error));
            let problem = format!("{folder}: cannot list the folder: {reason}");
            walk.found.problems.push(problem);
        }
    }
    walk.found.files.sort_unstable();
    Some(walk.found)
}

struct Walk<'a> {
    components: &'a [Component],
    separator: u8,
    cancel: &'a AtomicBool,
    /// Folders to look into, by their paths as they are to stand in results, with a separator
    /// behind each; and the components to look for there.
    pending: BTreeMap<Vec<u8>, Vec<usize>>,
    /// Folders, and the components that were looked for in each. Links and `..` lead to a folder
    /// on many ways; what is in it need be found on one.
    visited: HashMap<(Place, usize), PathBuf>,
    found: Matches,
}

impl Walk<'_> {
    /// Looks for all the components in a folder at once, so that it is listed once.
    fn visit(&mut self, base: &[u8], mut positions: Vec<usize>) -> io::Result<()> {
        let path = names::folder(base);
        let place = place(&path)?;
        let mut listed = Vec::new();
        while let Some(position) = positions.pop() {
            match self.visited.entry((place.to_owned(), position)) {
                Entry::Occupied(first) if is_same_folder(first.get(), &path) => continue,
                first => first.insert_entry(path.clone()),
            };
            match &self.components[position] {
                Component::Name(name) if self.is_last(position) => {
                    let path = names::from_bytes(&[base, name].concat());
                    if let Ok(metadata) = Path::new(&path).symlink_metadata() {
                        self.found.files.push((path, metadata.is_symlink()));
                    }
                }
                Component::Name(name) => self.enter(base, name, position + 1),
                component => {
                    // `**` can stand for no folder at all.
                    if matches!(component, Component::Folders) && !self.is_last(position) {
                        positions.push(position + 1);
                    }
                    listed.push(position);
                }
            }
        }
        if listed.is_empty() {
            return Ok(());
        }
        for entry in fs::read_dir(path)? {
            if self.cancel.load(Ordering::Relaxed) {
                break;
            }
            let entry = entry?;
            let kind = entry.file_type().ok();
            self.look_at(base, names::bytes(&entry.file_name()), kind, &listed);
        }
        Ok(())
    }

    /// Compares a name in a folder with the components that are looked for there.
    fn look_at(&mut self, base: &[u8], name: &[u8], kind: Option<FileType>, positions: &[usize]) {
        let is_folder = kind.is_some_and(|kind| kind.is_dir());
        let is_link = kind.is_some_and(|kind| kind.is_symlink());
        let mut is_named = false;
        let mut is_in_other_case = false;
        for &position in positions {
            match &self.components[position] {
                // Links to folders are not followed: they may lead back up.
                Component::Folders if name.starts_with(b".") => {}
                Component::Folders if is_folder => self.enter(base, name, position),
                // A link to a folder is left out as the folder itself is.
                Component::Folders => {
                    let path = || names::folder(&[base, name].concat());
                    is_named |= self.is_last(position) && !(is_link && path().is_dir());
                }
                Component::Wild(wild) if wild.matches(name, true) => {
                    if self.is_last(position) {
                        is_named = true;
                    } else if is_folder || is_link {
                        self.enter(base, name, position + 1);
                    }
                }
                Component::Wild(wild) if self.is_last(position) && !is_folder => {
                    is_in_other_case |= wild.matches(name, false);
                }
                Component::Wild(_) | Component::Name(_) => {}
            }
        }
        let path = || names::from_bytes(&[base, name].concat());
        if is_named {
            self.found.files.push((path(), is_link));
        } else if is_in_other_case {
            self.found.in_other_case.push(path());
        }
    }

    /// Notes a folder to look into for a component.
    fn enter(&mut self, base: &[u8], name: &[u8], position: usize) {
        let path = [base, name, &[self.separator]].concat();
        self.pending.entry(path).or_default().push(position);
    }

    fn is_last(&self, position: usize) -> bool {
        position + 1 == self.components.len()
    }
}

/// Whether two paths of folders with one number lead to one folder: numbers are not unique to it
/// where it is mounted twice, or where a file system gives one to several.
fn is_same_folder(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => true,
    }
}

/// What a folder is known by on each way that leads to it: its device and its number there.
#[cfg(unix)]
type Place = (u64, u64);

#[cfg(unix)]
fn place(folder: &Path) -> io::Result<Place> {
    use std::os::unix::fs::MetadataExt as _;
    let found = folder.metadata()?;
    Ok((found.dev(), found.ino()))
}

/// Its one true path, where it has no number. Some drives of Windows cannot tell it, such as memory
/// disks; there a folder may be visited once for each of its names.
#[cfg(not(unix))]
type Place = std::path::PathBuf;

#[cfg(not(unix))]
fn place(folder: &Path) -> io::Result<Place> {
    folder.metadata()?;
    fs::canonicalize(folder).or_else(|_| std::path::absolute(folder))
}
