//! What is said to a person on standard error, and how names stand in it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use glob::Pattern;
use indicatif::{DecimalBytes, HumanCount};
use rot90::{Error, FormatError, OtherFormat};

/// A message on standard error. Nothing can be done if that is closed.
pub(crate) fn say(message: &str) {
    let line = format!("rot90: {}\n", shown_text(message));
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// A path as it may be shown on a terminal: control characters, those that change the direction
/// of text, and bytes that are not Unicode are escaped.
pub(crate) fn shown(path: &Path) -> String {
    let mut out = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        out += &shown_text(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// A message as it may be shown on a terminal.
pub(crate) fn shown_text(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => out.extend(character.escape_default()),
            // C0, DEL and C1 controls, bidirectional overrides, line separators.
            '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => out.extend(character.escape_unicode()),
            other => out.push(other),
        }
    }
    out
}

/// A path as the system's shell wants it, in quotes where it needs them, and so that no program
/// takes it for an option.
pub(crate) fn quoted(path: &OsStr) -> String {
    let mut shown = shown(Path::new(path));
    if shown.starts_with('-') {
        shown.insert_str(0, if cfg!(windows) { ".\\" } else { "./" });
    }
    let needs_none = |character: char| {
        character.is_alphanumeric()
            || matches!(character, '-' | '_' | '.' | '/' | '=' | ':' | ',')
            || (cfg!(windows) && character == '\\')
    };
    if !shown.is_empty() && shown.chars().all(needs_none) {
        shown
    } else if cfg!(windows) {
        // No name of a file has a double quote in it there.
        format!("\"{shown}\"")
    } else {
        format!("'{}'", shown.replace('\'', r"'\''"))
    }
}

/// Why a file failed, and for common mistakes what to do instead.
pub(crate) fn failure(path: &Path, error: &Error) -> String {
    match error {
        Error::NotAFile(_) if path.is_dir() => {
            // Brackets of its name are no wildcards; Windows has no other, but in `\\?\`.
            let escape = |name: &str| match name {
                name if cfg!(windows) => name.replace('[', "[[]"),
                name => Pattern::escape(name),
            };
            let folder = path.to_str().map(escape);
            let folder = folder.map_or(path.to_owned(), PathBuf::from);
            let pattern = quoted(folder.join("*.bmp").as_os_str());
            format!("is a directory; for its bitmaps: rot90 {pattern}")
        }
        Error::Format(FormatError::Signature {
            looks_like: Some(format),
            ..
        }) => format!("{error}{}", conversion(path, *format)),
        _ => error.to_string(),
    }
}

/// How to make a bitmap of a picture in another format; empty, or to be put behind the message.
fn conversion(path: &Path, format: OtherFormat) -> String {
    let Some(extension) = format.picture_extension() else {
        return String::new();
    };
    let quoted = |path: &Path| quoted(path.as_os_str());
    let (name, bitmap) = (quoted(path), quoted(&path.with_extension("bmp")));
    // ImageMagick 7, or the name that all its versions have where no other program has it.
    let convert = if cfg!(windows) { "magick" } else { "convert" };
    if name != bitmap {
        return format!("; to convert it first, with ImageMagick: {convert} {name} {bitmap}");
    }
    let rename = if cfg!(windows) { "move" } else { "mv" };
    let renamed = quoted(&path.with_extension(extension));
    format!(
        " despite its name; to convert it first, with ImageMagick: \
         {rename} {name} {renamed} && {convert} {renamed} {name}"
    )
}

/// The operating system's message without Rust's `(os error 28)`.
pub(crate) fn io_reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error ").unwrap_or(text.len());
    text[..end].to_owned()
}

/// `1 file`, `10,000 files`
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", HumanCount(count as u64))
}

/// `281.25 MB/s`
pub(crate) fn rate(bytes: u64, took: Duration) -> String {
    let per_second = bytes as f64 / took.as_secs_f64().max(1e-9);
    format!("{}/s", DecimalBytes(per_second as u64))
}

#[cfg(test)]
#[path = "../../tests/unit/cli/messages.rs"]
mod tests;
