//! The commonest mistakes, and what to type instead.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::builder::UnknownArgumentValueParser;
use clap::{Arg, ArgAction, Command};

use super::{names, walk};
use crate::text;

/// From this many operands on they are likely to come from a pattern that the shell expanded.
const MANY: usize = 1000;

/// Options that other programs have and this one has not, with what it has instead.
pub(super) fn with_foreign_options(command: Command) -> Command {
    const TREE: &str = "write the pattern as 'DIR/**/*.bmp' for all folders below DIR";
    const REPLACED: &str = "an output that exists is replaced, unless --no-clobber is given";
    let flag = |name: &'static str, tip: &'static str| {
        let tip = UnknownArgumentValueParser::suggest(tip);
        let option = Arg::new(name).long(name).hide(true);
        option.action(ArgAction::SetTrue).value_parser(tip)
    };
    let workers = |name: &'static str| {
        let tip = UnknownArgumentValueParser::suggest_arg("--workers");
        let option = Arg::new(name).long(name).hide(true);
        option.value_name("N").value_parser(tip)
    };
    command.args([
        workers("jobs").short('j'),
        workers("threads"),
        flag("recursive", TREE).short('r'),
        flag("json", "JSON is the default; see --format"),
        flag("force", REPLACED).short('f'),
    ])
}

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
    if let [input, output] = operands
        && Path::new(input).is_file()
        && !walk::is_pattern(output)
        && Path::new(output).symlink_metadata().is_err()
        && !is_unit(output)
        && !names::bytes(output).starts_with(b"-")
    {
        hints.push(format!(
            "{} is taken as an input too; outputs are named by rot90, and go below another \
             folder with: {}",
            text::shown(Path::new(output)),
            line([
                OsStr::new("rot90"),
                input,
                OsStr::new("--output-dir"),
                OsStr::new("DIR")
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
    if bytes.starts_with(b"~/") {
        let rest = quoted(&names::from_bytes(&bytes[2..]));
        return format!("; in quotes ~ is no home folder: write ~/{rest}");
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
        return format!("; there is no folder {}", text::shown(Path::new(&folder)));
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
pub(super) fn of_other_format(path: &Path, message: &str) -> String {
    const CONVERTED: [&str; 5] = ["PNG", "JPEG", "GIF", "TIFF", "WebP"];
    let is_picture = message
        .rsplit_once("this looks like ")
        .is_some_and(|(_, kind)| CONVERTED.iter().any(|name| kind.contains(name)));
    if !is_picture {
        return String::new();
    }
    let bitmap = path.with_extension("bmp");
    if bitmap == path {
        return String::new();
    }
    let convert = line([OsStr::new("convert"), path.as_os_str(), bitmap.as_os_str()]);
    format!("; rot90 turns bitmaps alone: first {convert}")
}
