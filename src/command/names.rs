//! File names as bytes.

use std::ffi::{OsStr, OsString};

/// What the name of an output has over that of its input.
const MARK: &[u8] = b"_rot90";

/// The bytes of a name; on Unix, those the system knows it by.
pub(crate) fn bytes(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// The name that consists of `bytes`.
#[cfg(unix)]
pub(crate) fn from_bytes(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

/// The name that consists of `bytes`, which are UTF-8 on other systems.
#[cfg(not(unix))]
pub(crate) fn from_bytes(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Folder (with its `/`, or nothing) and file name of a path, as they are written.
pub(crate) fn split(path: &OsStr) -> (&[u8], &[u8]) {
    let bytes = bytes(path);
    let is_separator = |byte: &u8| *byte == b'/' || (cfg!(windows) && *byte == b'\\');
    let at = bytes.iter().rposition(is_separator).map_or(0, |at| at + 1);
    bytes.split_at(at)
}

/// Stem and extension (with its dot, or nothing) of a file name. A leading dot begins no
/// extension.
fn stem_and_extension(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().rposition(|&byte| byte == b'.') {
        None | Some(0) => (name, &[]),
        Some(dot) => name.split_at(dot),
    }
}

/// `a.bmp` → `a_rot90.bmp`.
pub(crate) fn output_name(name: &[u8]) -> Vec<u8> {
    let (stem, extension) = stem_and_extension(name);
    [stem, MARK, extension].concat()
}

/// The name whose output is called `name`, if there can be one: `a_rot90.bmp` → `a.bmp`.
pub(crate) fn original_name(name: &[u8]) -> Option<Vec<u8>> {
    let (stem, extension) = stem_and_extension(name);
    let original = stem.strip_suffix(MARK)?;
    let original = [original, extension].concat();
    (output_name(&original) == name).then_some(original)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_names_keep_the_extension() {
        for (name, output) in [
            ("a.bmp", "a_rot90.bmp"),
            ("A.BMP", "A_rot90.BMP"),
            ("scan", "scan_rot90"),
            (".bmp", ".bmp_rot90"),
            ("a.b.bmp", "a.b_rot90.bmp"),
            ("a.", "a_rot90."),
        ] {
            assert_eq!(output_name(name.as_bytes()), output.as_bytes());
            assert_eq!(
                original_name(output.as_bytes()).as_deref(),
                Some(name.as_bytes())
            );
        }
        assert_eq!(original_name(b"a.bmp"), None);
        // The output of a file with no name cannot be: `.bmp` has no extension.
        assert_eq!(original_name(b"_rot90.bmp"), None);
    }

    #[test]
    fn folders_are_split_off_as_written() {
        assert_eq!(
            split(OsStr::new("./x.bmp.d//a.bmp")),
            (&b"./x.bmp.d//"[..], &b"a.bmp"[..])
        );
        assert_eq!(split(OsStr::new("a.bmp")), (&b""[..], &b"a.bmp"[..]));
    }
}
