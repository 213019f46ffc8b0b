//! The commonest mistakes, and what to type instead.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::{names, walk};
use crate::{OtherFormat, text};

/// From this many operands on they are likely to come from a pattern that the shell expanded.
const MANY: usize = 1000;

/// So many operands are looked at one by one.
const FEW: usize = 20;

/// What can be said of the operands before anything is done. They are done all the same.
pub(super) fn of_operands(operands: &[OsString], max_memory: Option<u64>) -> Vec<String> {
    let mut hints = Vec::new();
    if operands.len() > MANY
        && let Some(pattern) = expanded(operands)
    {
        hints.push(format!(
            "{} names were given, as by a pattern that the shell expanded; in quotes rot90 \
             expands it itself, however many files there are: {}",
            operands.len(),
            command_with(operands, &pattern)
        ));
    }
    if let Some(bytes) = max_memory.filter(|&bytes| bytes < 1 << 10)
        && let Some(unit) = operands.iter().find(|operand| is_unit(operand))
    {
        hints.push(format!(
            "--max-memory {bytes} means {bytes} bytes; a size has no space in it: \
             --max-memory {bytes}{}",
            unit.display()
        ));
    }
    // A look into a folder for each of very many would take long.
    for operand in operands.iter().take(FEW) {
        if Path::new(operand).symlink_metadata().is_err()
            && !walk::is_pattern(operand)
            && of_missing(operand).is_empty()
            && let Some(meant) = meant(operand).or_else(|| bitmaps_meant(operand))
            && !operands.contains(&meant)
        {
            hints.push(format!(
                "there is no {}; did you mean {}?",
                text::shown(Path::new(operand)),
                quoted(&meant)
            ));
        }
    }
    if let [input, output] = operands
        && Path::new(input).is_file()
        && !walk::is_pattern(output)
        && Path::new(output).symlink_metadata().is_err()
        && !is_unit(output)
        && !names::bytes(output).starts_with(b"-")
        && meant(output).is_none_or(|meant| operands.contains(&meant))
    {
        let is_folder = Path::new(output).extension().is_none();
        hints.push(format!(
            "{} is taken as an input too; outputs are named by rot90, and go below another \
             folder with: {}",
            text::shown(Path::new(output)),
            line([
                OsStr::new("rot90"),
                input,
                OsStr::new("--output-dir"),
                if is_folder { output } else { OsStr::new("DIR") }
            ])
        ));
    }
    hints
}

fn is_unit(operand: &OsStr) -> bool {
    const UNITS: [&str; 12] = [
        "K", "M", "G", "T", "KB", "MB", "GB", "TB", "KIB", "MIB", "GIB", "TIB",
    ];
    UNITS.iter().any(|unit| operand.eq_ignore_ascii_case(unit)) && !Path::new(operand).exists()
}

/// The pattern that names just these files, if it is one that people write: all of a folder, or
/// of all folders in one, with one extension.
fn expanded(operands: &[OsString]) -> Option<OsString> {
    let (folder, name) = names::split(operands.first()?);
    let extension = &name[name
        .iter()
        .rposition(|&byte| byte == b'.')
        .unwrap_or(name.len())..];
    let is_alike = |operand: &OsString| names::bytes(operand).ends_with(extension);
    if !operands.iter().all(is_alike) {
        return None;
    }
    let in_one = |operand: &OsString| names::split(operand).0 == folder;
    let pattern = if operands.iter().all(in_one) {
        [folder, b"*", extension].concat()
    } else {
        let folder = names::from_bytes(folder.strip_suffix(b"/")?);
        [names::split(&folder).0, b"*/*", extension].concat()
    };
    let pattern = names::from_bytes(&pattern);
    let given: HashSet<&OsStr> = operands.iter().map(OsString::as_os_str).collect();
    let found = walk::matches(&pattern).ok()?.files;
    (found.len() == given.len() && found.iter().all(|found| given.contains(&*found.path)))
        .then_some(pattern)
}

/// This command line with `pattern` in place of the operands.
fn command_with(operands: &[OsString], pattern: &OsStr) -> String {
    let operands: HashSet<&OsString> = operands.iter().collect();
    let mut arguments = vec![OsString::from("rot90")];
    let mut placed = false;
    for argument in std::env::args_os().skip(1) {
        if !operands.contains(&argument) {
            arguments.push(argument);
        } else if !placed {
            arguments.push(pattern.to_owned());
            placed = true;
        }
    }
    line(&arguments)
}

/// Arguments as a shell wants them.
fn line(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let quoted: Vec<_> = arguments
        .into_iter()
        .map(|argument| quoted(argument.as_ref()))
        .collect();
    quoted.join(" ")
}

/// An argument as a shell wants it, in quotes where it needs them.
pub(super) fn quoted(argument: &OsStr) -> String {
    let shown = text::shown(Path::new(argument));
    let plain = |character: char| {
        character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '/' | '=' | ':' | ',')
    };
    if !shown.is_empty() && shown.chars().all(plain) {
        shown
    } else {
        format!("'{}'", shown.replace('\'', r"'\''"))
    }
}

/// What may be wrong with a name that no file has; empty, or to be put behind the message.
pub(super) fn of_missing(name: &OsStr) -> String {
    let bytes = names::bytes(name);
    match bytes {
        b"" => return "; the name is empty, as that of a variable that is not set".to_owned(),
        b"-" => return "; names from standard input: rot90 --files0-from -".to_owned(),
        b"help" | b"version" => return format!("; did you mean rot90 --{}?", name.display()),
        _ => {}
    }
    if let Some(rest) = bytes.strip_prefix(b"$") {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_{}".contains(byte);
        let end = rest.iter().position(|byte| !is_word(byte));
        let (variable, rest) = rest.split_at(end.unwrap_or(rest.len()));
        if !variable.is_empty() {
            return format!(
                "; in single quotes ${0} is no variable: write \"${0}\"{1}",
                String::from_utf8_lossy(variable),
                if rest.is_empty() {
                    String::new()
                } else {
                    quoted(&names::from_bytes(rest))
                }
            );
        }
    }
    if bytes.starts_with(b"~")
        && let Some(slash) = bytes.iter().position(|&byte| byte == b'/')
    {
        let (home, rest) = bytes.split_at(slash + 1);
        let home = names::from_bytes(home);
        let rest = quoted(&names::from_bytes(rest));
        return format!(
            "; in quotes ~ is no home folder: write {}{rest}",
            text::shown(Path::new(&home))
        );
    }
    if let Some(open) = bytes.iter().position(|&byte| byte == b'{')
        && let Some(close) = bytes[open..].iter().position(|&byte| byte == b'}')
        && bytes[open..open + close].contains(&b',')
    {
        let (before, after) = (&bytes[..open], &bytes[open + close + 1..]);
        let each: Vec<_> = bytes[open + 1..open + close]
            .split(|&byte| byte == b',')
            .map(|part| names::from_bytes(&[before, part, after].concat()))
            .collect();
        return format!("; braces are the shell's, not rot90's: name {}", line(each));
    }
    if bytes.starts_with(b"-") {
        return "; behind -- all is names: options go before it".to_owned();
    }
    String::new()
}

/// What may be wrong with a pattern that matches nothing; empty, or to be put behind the message.
pub(super) fn of_unmatched(pattern: &OsStr) -> String {
    let missing = of_missing(pattern);
    if !missing.is_empty() {
        return missing;
    }
    let folder = names::from_bytes(walk::fixed_part(pattern));
    if !folder.is_empty() && !Path::new(&folder).is_dir() {
        let hint = folder_meant(&folder).map_or_else(String::new, |meant| {
            let rest = &names::bytes(pattern)[names::bytes(&folder).len()..];
            let pattern = names::from_bytes(&[names::bytes(&meant), rest].concat());
            format!("; did you mean {}?", quoted(&pattern))
        });
        let folder = text::shown(Path::new(&folder));
        return format!("; there is no folder {folder}{hint}");
    }
    let (above, name) = names::split(pattern);
    let dot = name
        .iter()
        .rposition(|&byte| byte == b'.')
        .unwrap_or(name.len());
    let (stem, extension) = name.split_at(dot);
    let others = [
        [above, stem, &extension.to_ascii_uppercase()].concat(),
        [above, stem, &extension.to_ascii_lowercase()].concat(),
        // One folder further down; a walk of all folders could take long.
        [above, b"*/", name].concat(),
        [above, stem, b".bmp"].concat(),
        [above, stem, b".BMP"].concat(),
    ];
    for other in others {
        let other = names::from_bytes(&other);
        if other == *pattern {
            continue;
        }
        match walk::matches(&other).map_or(0, |matches| matches.files.len()) {
            0 => {}
            1 => return format!("; {} matches one", quoted(&other)),
            count => return format!("; {} matches {count}", quoted(&other)),
        }
    }
    String::new()
}

/// How to make a bitmap of a picture in another format; empty, or to be put behind the message.
pub(super) fn of_other_format(path: &Path, format: OtherFormat) -> String {
    let Some(extension) = format.picture_extension() else {
        return String::new();
    };
    let word = OsStr::new;
    let bitmap = path.with_extension("bmp");
    if bitmap != path {
        let convert = line([word("convert"), path.as_os_str(), bitmap.as_os_str()]);
        return format!("; rot90 turns bitmaps alone: first, with ImageMagick, {convert}");
    }
    let renamed = path.with_extension(extension);
    let rename = line([word("mv"), path.as_os_str(), renamed.as_os_str()]);
    let convert = line([word("convert"), renamed.as_os_str(), path.as_os_str()]);
    format!(", whatever its name: first, with ImageMagick, {rename} && {convert}")
}

/// What is wrong with a list of names that has none ending in NUL; `None` if nothing is.
pub(super) fn of_list(list: &Path, bytes: &[u8]) -> Option<String> {
    let by_lines = bytes.contains(&b'\n') && !bytes.contains(&0);
    if !by_lines
        || Path::new(&names::from_bytes(bytes))
            .symlink_metadata()
            .is_ok()
    {
        return None;
    }
    let source = if list.as_os_str() == "-" {
        String::new()
    } else {
        format!(" < {}", quoted(list.as_os_str()))
    };
    Some(format!(
        "--files0-from {}: the names end in newlines, not in NUL; find needs -print0, and other \
         lists go through: tr '\\n' '\\0'{source} | rot90 --files0-from -",
        quoted(list.as_os_str())
    ))
}

/// Folders are searched no further for a name that is like another.
const LOOKED_AT: usize = 10_000;

/// An existing path that `path` may have been meant to be: each part that does not exist is
/// replaced by the one most like it.
fn meant(path: &OsStr) -> Option<OsString> {
    part_by_part(path).filter(|found| !Path::new(found).is_dir())
}

/// See [`meant`] and [`folder_meant`].
fn part_by_part(path: &OsStr) -> Option<OsString> {
    let mut found: Vec<u8> = Vec::new();
    for part in names::bytes(path).split_inclusive(|&byte| byte == b'/') {
        let (name, slash) = match part.strip_suffix(b"/") {
            Some(name) => (name, &b"/"[..]),
            None => (part, &b""[..]),
        };
        let mut next = [&found[..], name].concat();
        if !name.is_empty()
            && Path::new(&names::from_bytes(&next))
                .symlink_metadata()
                .is_err()
        {
            next = [&found[..], &most_like(&found, name, !slash.is_empty())?].concat();
        }
        found = next;
        found.extend_from_slice(slash);
    }
    let found = names::from_bytes(&found);
    (found != *path).then_some(found)
}

/// The same for a folder, whose path ends with a slash.
fn folder_meant(path: &OsStr) -> Option<OsString> {
    part_by_part(path).filter(|found| Path::new(found).is_dir())
}

/// The bitmaps of the folder that `path` may have been meant to be.
fn bitmaps_meant(path: &OsStr) -> Option<OsString> {
    let mut folder = path.to_owned();
    if !names::bytes(path).ends_with(b"/") {
        folder.push("/");
    }
    let mut pattern = folder_meant(&folder)?;
    pattern.push("*.bmp");
    Some(pattern)
}

/// The name in a folder that is most like `name`, if any is.
fn most_like(folder: &[u8], name: &[u8], is_folder: bool) -> Option<Vec<u8>> {
    let name = std::str::from_utf8(name).ok()?.to_lowercase();
    // One slip in three characters; more is another name, and so is another number.
    let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem);
    let most = (stem.chars().count() / 3).min(2);
    let digits = |name: &str| -> String { name.chars().filter(char::is_ascii_digit).collect() };
    let number = digits(&name);
    let folder = if folder.is_empty() { b"." } else { folder };
    let entries = std::fs::read_dir(names::from_bytes(folder)).ok()?;
    let mut best: Option<(usize, String)> = None;
    for entry in entries.flatten().take(LOOKED_AT) {
        let Ok(other) = entry.file_name().into_string() else {
            continue;
        };
        let lower = other.to_lowercase();
        let is_whole = !is_folder && lower.strip_prefix(&name).is_some_and(|rest| rest == ".bmp");
        let slips = if is_whole {
            0
        } else {
            strsim::osa_distance(&name, &lower)
        };
        if slips <= most.max(usize::from(is_whole))
            && digits(&lower) == number
            && entry.path().is_dir() == is_folder
            // Of several that are as like, the first by name, in whatever order they are listed.
            && best.as_ref().is_none_or(|best| (slips, &other) < (best.0, &best.1))
        {
            best = Some((slips, other));
        }
    }
    best.map(|(_, name)| name.into_bytes())
}
