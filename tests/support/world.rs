//! A temporary world for each test, in which the real binary runs.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::bitmap;
use super::run::Run;

/// The program under test.
pub(crate) const ROT90: &str = env!("CARGO_BIN_EXE_rot90");

/// A folder of its own, removed in the end.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    /// A world in this folder.
    pub(crate) fn within(folder: &Path) -> Self {
        let mut builder = tempfile::Builder::new();
        let folder = builder.prefix("world").tempdir_in(folder).unwrap();
        Self { folder }
    }

    /// A world with these 24-bit bitmaps, each of another size: see [`size_of`].
    pub(crate) fn with(names: &[&str]) -> Self {
        let world = Self::new();
        for name in names {
            world.bitmap(name);
        }
        world
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.root().join(name.as_ref())
    }

    /// Writes a file, and the folders that it stands in.
    pub(crate) fn write(&self, name: impl AsRef<OsStr>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a small 24-bit bitmap whose size follows from its name.
    pub(crate) fn bitmap(&self, name: impl AsRef<OsStr>) -> PathBuf {
        let (width, height) = size_of(name.as_ref());
        self.write(name.as_ref(), bitmap::bitmap(width, height))
    }

    pub(crate) fn read(&self, name: impl AsRef<OsStr>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Checks that `output` is the picture of [`World::bitmap`]`(input)`, rotated.
    #[track_caller]
    pub(crate) fn assert_rotated(&self, input: impl AsRef<OsStr>, output: impl AsRef<OsStr>) {
        let (width, height) = size_of(input.as_ref());
        let path = self.path(output);
        let found = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            found == bitmap::noise(24, width, height).rotated().bytes,
            "{} is not {} rotated",
            path.display(),
            input.as_ref().display()
        );
    }

    /// All files and links below the root, sorted, with bytes that are not UTF-8 replaced.
    pub(crate) fn list(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.root().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    let path = entry.path();
                    let name = path.strip_prefix(self.root()).unwrap();
                    names.push(name.to_string_lossy().into_owned());
                }
            }
        }
        names.sort();
        names
    }

    /// Checks which files there are.
    #[track_caller]
    pub(crate) fn assert_files(&self, expected: &[&str]) {
        let mut expected: Vec<_> = expected.iter().map(|&name| name.to_owned()).collect();
        expected.sort();
        let (found, expected) = (self.list().join("\n"), expected.join("\n"));
        assert!(
            found == expected,
            "other files:\n{}",
            difference(&expected, &found)
        );
    }

    /// The command `rot90`, to be run in this world.
    pub(crate) fn rot90<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        self.run(ROT90, arguments)
    }

    /// A line of shell, in which `"$ROT90"` is the program.
    pub(crate) fn shell(&self, line: &str) -> Run {
        self.run("/bin/sh", ["-c", line])
    }

    /// Another command, to be run in this world.
    pub(crate) fn run<S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Run {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.root())
            .env("ROT90", ROT90)
            .env_remove("COLUMNS")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Run::new(command)
    }
}

/// A bitmap whose file ends too early.
pub(crate) fn cut() -> Vec<u8> {
    let mut bytes = bitmap::bitmap(20, 20);
    bytes.truncate(500);
    bytes
}

/// A world with good files and a bad one between them.
pub(crate) fn mixed() -> World {
    let world = World::with(&["a.bmp", "c.bmp"]);
    world.write("b.bmp", cut());
    world
}

/// What is wrong with [`cut`].
pub(crate) const CUT: &str =
    "truncated: needs 1200 bytes of pixels at offset 54, the file ends after 500";

/// Width and height of the bitmap of that name.
pub(crate) fn size_of(name: &OsStr) -> (usize, usize) {
    let sum = name.as_bytes().iter().fold(7_usize, |sum, &byte| {
        sum.wrapping_mul(31).wrapping_add(byte as usize)
    });
    (3 + sum % 19, 2 + sum / 19 % 17)
}

/// The record of a bitmap made by [`World::bitmap`], as the contract writes it.
pub(crate) fn record(input: &str, output: &str) -> String {
    let (width, height) = size_of(OsStr::new(input));
    let mean = bitmap::noise(24, width, height).mean();
    let (input, output) = (Value::from(input), Value::from(output));
    format!(
        r#"{{"input": {input}, "output": {output}, "width": {height}, "height": {width}, "mean": {}}}"#,
        number(mean)
    )
}

/// The mean of a bitmap made by [`World::bitmap`], as the contract writes it.
pub(crate) fn mean(input: &str) -> String {
    let (width, height) = size_of(OsStr::new(input));
    number(bitmap::noise(24, width, height).mean())
}

/// The shortest decimal that is this number again.
fn number(value: f64) -> String {
    format!("{value:?}")
}

/// Records as one array, a record a line.
pub(crate) fn array(records: &[String]) -> String {
    match records {
        [] => "[]\n".to_owned(),
        records => format!("[\n{}\n]\n", records.join(",\n")),
    }
}

/// Which lines two texts do not have in common.
pub(crate) fn difference(expected: &str, found: &str) -> String {
    let mut out = String::new();
    let (mut expected_lines, mut found_lines) = (expected.lines(), found.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (expected_lines.next(), found_lines.next()) {
            (None, None) => break,
            (expected, found) if expected == found => {}
            (expected, found) => {
                for (mark, line) in [('-', expected), ('+', found)] {
                    if let Some(line) = line {
                        let _ = writeln!(out, "{number:>4} {mark} {line}");
                    }
                }
            }
        }
    }
    if out.is_empty() {
        out.push_str("(they differ in the ends of lines)");
    }
    out
}

/// A name of these bytes.
pub(crate) fn name(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// Names separated by NUL, as `find -print0` writes them.
pub(crate) fn list0(names: &[&str]) -> Vec<u8> {
    names
        .iter()
        .flat_map(|name| [name.as_bytes(), b"\0"].concat())
        .collect()
}

/// A name whose record fills a hundredth of a pipe.
pub(crate) fn long_name(number: usize) -> String {
    format!(
        "{}{number:04}.bmp",
        "a-name-that-fills-pipes-soon-".repeat(8)
    )
}

/// A device to write results to.
pub(crate) fn open_to_write(path: &str) -> File {
    File::options().write(true).open(path).unwrap()
}
