//! Patterns and the files that they name.
//!
//! The `glob` crate's walk passes over names that are not UTF-8 and over folders that it may not
//! read, so the walk is done here and the crate's [`Pattern`] matches one name at a time.

use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern, PatternError};

use super::names;
use crate::text;

/// A file that a pattern names.
pub(crate) struct Match {
    pub(crate) path: OsString,
    /// The directory listing says that it is a regular file.
    pub(crate) regular: bool,
}

/// What a pattern names.
#[derive(Default)]
pub(crate) struct Matches {
    /// In byte order of the paths, each once.
    pub(crate) files: Vec<Match>,
    /// Folders that could not be read, with the reason.
    pub(crate) problems: Vec<String>,
}

/// Whether an operand has characters that make it a pattern.
pub(crate) fn is_pattern(operand: &OsStr) -> bool {
    names::bytes(operand)
        .iter()
        .any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// The part of a pattern before its first component with a wildcard: `/opt/data` of
/// `/opt/data/**/*.bmp`. It ends with a slash, or is empty.
pub(crate) fn fixed_part(pattern: &OsStr) -> &[u8] {
    let bytes = names::bytes(pattern);
    let wild = bytes
        .iter()
        .position(|byte| matches!(byte, b'*' | b'?' | b'['))
        .unwrap_or(bytes.len());
    let end = bytes[..wild]
        .iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |at| at + 1);
    &bytes[..end]
}

/// Finds the files that `pattern` names.
pub(crate) fn matches(pattern: &OsStr) -> Result<Matches, PatternError> {
    let fixed = fixed_part(pattern);
    let rest = &names::bytes(pattern)[fixed.len()..];
    let components = rest
        .split(|&byte| byte == b'/')
        .filter(|component| !component.is_empty())
        .map(Component::parse)
        .collect::<Result<Vec<_>, _>>()?;
    let mut found = Matches::default();
    walk(fixed, &components, &mut found);
    found
        .files
        .sort_unstable_by(|a, b| names::bytes(&a.path).cmp(names::bytes(&b.path)));
    found.files.dedup_by(|a, b| a.path == b.path);
    Ok(found)
}

/// One part of a pattern between slashes.
enum Component {
    /// A name without wildcards.
    Name(Vec<u8>),
    /// A name with wildcards, as it is written and as it matches.
    Wild(Vec<u8>, Pattern),
    /// `**`: any number of folders.
    Folders,
}

impl Component {
    fn parse(bytes: &[u8]) -> Result<Self, PatternError> {
        if bytes == b"**" {
            return Ok(Self::Folders);
        }
        if !is_pattern(&names::from_bytes(bytes)) {
            return Ok(Self::Name(bytes.to_vec()));
        }
        // Within a name, `**` means no more than `*`.
        let mut pattern = characters(bytes);
        while pattern.contains("**") {
            pattern = pattern.replace("**", "*");
        }
        Ok(Self::Wild(bytes.to_vec(), Pattern::new(&pattern)?))
    }
}

/// A name as characters to match: bytes that are not UTF-8 become private ones, so that
/// wildcards match them and nothing else does.
fn characters(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(
            chunk
                .invalid()
                .iter()
                .filter_map(|&byte| char::from_u32(0x0010_ff00 + u32::from(byte))),
        );
    }
    out
}

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Looks for `components` below `base`, which ends with a slash or is empty.
fn walk(base: &[u8], components: &[Component], found: &mut Matches) {
    let Some((component, rest)) = components.split_first() else {
        return;
    };
    match component {
        Component::Name(name) => {
            let path = [base, name].concat();
            take(path, None, rest, found);
        }
        Component::Wild(written, pattern) => {
            let before = found.files.len();
            let mut any = false;
            for (name, kind) in entries(base, found) {
                if pattern.matches_with(&characters(&name), OPTIONS) {
                    any = true;
                    take([base, &name].concat(), kind, rest, found);
                }
            }
            // A folder may be called just like the pattern, as a file may.
            if !any && !rest.is_empty() && found.files.len() == before {
                take([base, written].concat(), None, rest, found);
            }
        }
        Component::Folders => {
            let last = rest.is_empty();
            if !last {
                walk(base, rest, found);
            }
            for (name, kind) in entries(base, found) {
                if name.starts_with(b".") {
                    continue;
                }
                let path = [base, &name].concat();
                // Links to folders are not followed: they may lead back up.
                if kind.is_some_and(|kind| kind.is_dir()) {
                    walk(&[&path[..], b"/"].concat(), components, found);
                } else if last {
                    take(path, kind, rest, found);
                }
            }
        }
    }
}

/// A name that matched: a result, or a folder in which the rest is looked for.
fn take(path: Vec<u8>, kind: Option<FileType>, rest: &[Component], found: &mut Matches) {
    if !rest.is_empty() {
        if kind.is_none_or(|kind| kind.is_dir() || kind.is_symlink()) {
            let mut folder = path;
            folder.push(b'/');
            walk(&folder, rest, found);
        }
        return;
    }
    let path = names::from_bytes(&path);
    if kind.is_some() || Path::new(&path).symlink_metadata().is_ok() {
        found.files.push(Match {
            path,
            regular: kind.is_some_and(|kind| kind.is_file()),
        });
    }
}

/// The names in a folder, with their kinds where the listing has them.
fn entries(base: &[u8], found: &mut Matches) -> Vec<(Vec<u8>, Option<FileType>)> {
    let folder = if base.is_empty() {
        PathBuf::from(".")
    } else {
        PathBuf::from(names::from_bytes(base))
    };
    let mut problem = |error: io::Error| {
        if !matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        ) {
            let reason = crate::Error::io("cannot list the folder", error);
            found
                .problems
                .push(format!("{}: {reason}", text::shown(&folder)));
        }
    };
    let listing = match fs::read_dir(&folder) {
        Ok(listing) => listing,
        Err(error) => {
            problem(error);
            return Vec::new();
        }
    };
    let mut entries = Vec::new();
    for entry in listing {
        match entry {
            Ok(entry) => entries.push((
                names::bytes(&entry.file_name()).to_vec(),
                entry.file_type().ok(),
            )),
            Err(error) => {
                problem(error);
                break;
            }
        }
    }
    entries
}
