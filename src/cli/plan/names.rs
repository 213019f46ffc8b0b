//! Names as bytes: where paths are split, and what outputs are called.
//!
//! The bytes are those of [`OsStr::as_encoded_bytes`], so that names which are not Unicode keep
//! working on every system.

use std::ffi::{OsStr, OsString};
use std::path::{MAIN_SEPARATOR, PathBuf};

/// What the name of an output has over that of its input.
const MARK: &[u8] = b"_rot90";

pub(super) fn bytes(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// The name that consists of `bytes`.
#[cfg(unix)]
pub(crate) fn from_bytes(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

/// The name that consists of `bytes`: UTF-8, in which half of a surrogate pair has three bytes, as
/// [`bytes`] gives it for the names of Windows that are not Unicode.
#[cfg(not(unix))]
pub(crate) fn from_bytes(bytes: &[u8]) -> OsString {
    let mut units: Vec<u16> = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(chunk) = rest.utf8_chunks().next() {
        units.extend(chunk.valid().encode_utf16());
        rest = &rest[chunk.valid().len()..];
        if let [0xed, high @ 0xa0..=0xbf, low @ 0x80..=0xbf, ref behind @ ..] = *rest {
            units.push(0xd000 | u16::from(high & 0x3f) << 6 | u16::from(low & 0x3f));
            rest = behind;
        } else if !rest.is_empty() {
            units.push(0xfffd);
            rest = &rest[chunk.invalid().len()..];
        }
    }
    std::os::windows::ffi::OsStringExt::from_wide(&units)
}

pub(super) fn is_separator(byte: u8) -> bool {
    std::path::is_separator(byte.into())
}

/// Bytes before all folders on Windows: `C:`, and `\\?\`, whose question mark is no wildcard.
fn prefix_length(path: &[u8]) -> usize {
    match *path {
        _ if cfg!(not(windows)) => 0,
        [a, b, b'?' | b'.', c, ..] if [a, b, c].into_iter().all(is_separator) => 4,
        [letter, b':', ..] if letter.is_ascii_alphabetic() => 2,
        _ => 0,
    }
}

/// The separator that stands last in the first of some paths that has one, or else the system's.
pub(super) fn separator_in(paths: &[&OsStr]) -> u8 {
    let bytes = paths.iter().flat_map(|path| bytes(path).iter().rev());
    let typed = bytes.copied().find(|&byte| is_separator(byte));
    typed.unwrap_or(MAIN_SEPARATOR as u8)
}

fn folder_length(path: &[u8]) -> usize {
    let separator = path.iter().rposition(|&byte| is_separator(byte));
    separator.map_or_else(|| prefix_length(path), |at| at + 1)
}

/// Folder (with the separator behind it, or nothing) and file name of a path, as they are written.
pub(super) fn split(path: &OsStr) -> (&[u8], &[u8]) {
    let bytes = bytes(path);
    bytes.split_at(folder_length(bytes))
}

/// The path of a folder that [`split`] has split off.
pub(super) fn folder(path: &[u8]) -> PathBuf {
    from_bytes(if path.is_empty() { b"." } else { path }).into()
}

/// Where an operand, or a part of one, begins to be a pattern.
pub(super) fn first_wildcard(path: &[u8]) -> Option<usize> {
    let start = prefix_length(path);
    let is_wild = |byte: &u8| matches!(byte, b'*' | b'?' | b'[');
    path[start..].iter().position(is_wild).map(|at| start + at)
}

/// The part of a pattern before its first component with a wildcard: `/opt/data/` of
/// `/opt/data/**/*.bmp`. It is a folder as [`split`] gives it.
pub(super) fn fixed_part(pattern: &OsStr) -> Option<&[u8]> {
    let bytes = bytes(pattern);
    let wild = first_wildcard(bytes)?;
    Some(&bytes[..folder_length(&bytes[..wild])])
}

/// Stem and extension (with its dot, or nothing) of a file name. A leading dot begins none.
fn stem_and_extension(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().rposition(|&byte| byte == b'.') {
        None | Some(0) => (name, &[]),
        Some(dot) => name.split_at(dot),
    }
}

/// `a.bmp` → `a_rot90.bmp`.
pub(super) fn output_name(name: &[u8]) -> Vec<u8> {
    let (stem, extension) = stem_and_extension(name);
    [stem, MARK, extension].concat()
}

/// The name whose output is called `name`, if there can be one: `a_rot90.bmp` → `a.bmp`.
pub(super) fn original_name(name: &[u8]) -> Option<Vec<u8>> {
    let (stem, extension) = stem_and_extension(name);
    let original = [stem.strip_suffix(MARK)?, extension].concat();
    (output_name(&original) == name).then_some(original)
}

/// Whether Windows takes a name for that of a device, in whatever folder and with whatever
/// extension.
pub(super) fn is_reserved(path: &OsStr) -> bool {
    const DEVICES: [&[u8]; 6] = [b"CON", b"PRN", b"AUX", b"NUL", b"CONIN$", b"CONOUT$"];
    let (folder, name) = split(path);
    if !cfg!(windows) || folder.starts_with(br"\\?\") {
        return false;
    }
    let end = name.iter().position(|byte| matches!(byte, b'.' | b':'));
    let stem = name[..end.unwrap_or(name.len())].trim_ascii_end();
    let stem = stem.to_ascii_uppercase();
    let is_port = matches!(
        stem[..],
        [b'C', b'O', b'M', b'1'..=b'9'] | [b'L', b'P', b'T', b'1'..=b'9']
    );
    is_port || DEVICES.contains(&&stem[..]) || folder.starts_with(br"\\.\")
}
