//! A temporary world for each test, in which the real binary runs.

// Each test binary uses a part of this.
#![allow(dead_code, reason = "every test binary uses another part")]

pub(crate) mod pictures;
pub(crate) mod reader;

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A run that takes longer hangs: every one here is over in a second or two on an idle machine.
const TOO_LONG: Duration = Duration::from_secs(120);

/// The program under test.
pub(crate) const ROT90: &str = env!("CARGO_BIN_EXE_rot90");

/// The file of that name among the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

/// Says that a test cannot run here, and why.
pub(crate) fn skip(test: &str, why: &str) {
    // Not caught by the test harness: a skipped test must not look like one that passed.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

/// A folder of its own, removed in the end.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("world").tempdir().unwrap();
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
        self.write(name.as_ref(), pictures::bitmap(width, height))
    }

    pub(crate) fn read(&self, name: impl AsRef<OsStr>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Checks that `output` is the picture of [`World::bitmap`]`(input)`, turned.
    #[track_caller]
    pub(crate) fn assert_turned(&self, input: impl AsRef<OsStr>, output: impl AsRef<OsStr>) {
        let (width, height) = size_of(input.as_ref());
        let path = self.path(output);
        let found = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            found == pictures::turned_bitmap(width, height),
            "{} is not {} turned",
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
        Run {
            command,
            input: Vec::new(),
        }
    }
}

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
    let mean = pictures::Picture::noise(24, width, height).mean();
    let (input, output) = (Value::from(input), Value::from(output));
    format!(
        r#"{{"input": {input}, "output": {output}, "width": {height}, "height": {width}, "mean": {}}}"#,
        number(mean)
    )
}

/// The mean of a bitmap made by [`World::bitmap`], as the contract writes it.
pub(crate) fn mean(input: &str) -> String {
    let (width, height) = size_of(OsStr::new(input));
    number(pictures::Picture::noise(24, width, height).mean())
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

/// A command that is about to run.
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
}

impl Run {
    /// What it reads on standard input.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self.command.stdin(Stdio::piped());
        self
    }

    pub(crate) fn stdout_to(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it, and comes back at once.
    pub(crate) fn start(mut self) -> Running {
        let described = format!("{:?}", self.command);
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("{described}: {error}"));
        if let Some(mut stdin) = child.stdin.take() {
            // It may end without reading everything.
            std::thread::spawn(move || drop(stdin.write_all(&self.input)));
        }
        Running {
            stdout: collect(child.stdout.take()),
            stderr: collect(child.stderr.take()),
            child,
            described,
            begun: Instant::now(),
        }
    }

    /// Runs it to its end, if there is such a program.
    pub(crate) fn try_go(mut self) -> Option<Ran> {
        drop(self.command.output().ok()?);
        Some(self.go())
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn go(self) -> Ran {
        self.start().wait()
    }
}

/// Reads a stream to its end, beside all else.
fn collect(stream: Option<impl std::io::Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            let _ = stream.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
    described: String,
    begun: Instant,
}

impl Running {
    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        // It may have ended by itself; it is not waited for yet, so the number is still its own.
        let _ = rustix::process::kill_process(self.pid(), signal);
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end; a hang is a failure.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Ran {
        let mut pause = Duration::from_micros(500);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.begun.elapsed() > TOO_LONG {
                let _ = self.child.kill();
                let _ = self.child.wait();
                panic!("{}\nhangs", self.described);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        Ran {
            status,
            took: self.begun.elapsed(),
            stdout: self.stdout.join().unwrap(),
            stderr: String::from_utf8_lossy(&self.stderr.join().unwrap()).into_owned(),
            described: self.described,
        }
    }
}

/// A command that has run.
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) took: Duration,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    described: String,
}

impl Ran {
    /// The command and all that came out of it, for messages.
    pub(crate) fn told(&self) -> String {
        format!(
            "{}\n-- {} after {:.2} s\n-- standard output\n{}-- standard error\n{}",
            self.described,
            self.status,
            self.took.as_secs_f64(),
            String::from_utf8_lossy(&self.stdout),
            self.stderr
        )
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn exit(self, code: i32) -> Self {
        assert!(
            self.status.code() == Some(code),
            "expected exit code {code}\n{}",
            self.told()
        );
        self
    }

    /// Checks that it was killed by a signal.
    #[track_caller]
    pub(crate) fn killed(self, signal: rustix::process::Signal) -> Self {
        assert!(
            self.status.signal() == Some(signal.as_raw()),
            "expected an end by {signal:?}\n{}",
            self.told()
        );
        self
    }

    /// Checks standard output, every byte of it.
    #[track_caller]
    pub(crate) fn stdout(self, expected: &str) -> Self {
        let found = String::from_utf8_lossy(&self.stdout);
        assert!(
            found == expected,
            "another standard output:\n{}\n{}",
            difference(expected, &found),
            self.told()
        );
        self
    }

    /// Checks that standard error holds this.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(
            self.stderr.contains(part),
            "standard error lacks: {part}\n{}",
            self.told()
        );
        self
    }

    /// Checks that standard error does not hold this.
    #[track_caller]
    pub(crate) fn says_not(self, part: &str) -> Self {
        assert!(
            !self.stderr.contains(part),
            "standard error has: {part}\n{}",
            self.told()
        );
        self
    }

    /// Checks that standard error is empty.
    #[track_caller]
    pub(crate) fn silent(self) -> Self {
        assert!(
            self.stderr.is_empty(),
            "expected no message\n{}",
            self.told()
        );
        self
    }

    /// Standard output as one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON: {error}\n{}", self.told()))
    }

    /// The records of an array of them.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Value> {
        match self.json() {
            Value::Array(records) => records,
            _ => panic!("not an array\n{}", self.told()),
        }
    }

    /// The records, a line each.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout
            .split_inclusive(|&byte| byte == b'\n')
            .map(|line| {
                assert!(line.ends_with(b"\n"), "a line without end\n{}", self.told());
                serde_json::from_slice(line)
                    .unwrap_or_else(|error| panic!("not JSON: {error}\n{}", self.told()))
            })
            .collect()
    }

    /// The inputs of the records, in order.
    #[track_caller]
    pub(crate) fn inputs(&self) -> Vec<String> {
        let name = |record: &Value| match &record["input"] {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        };
        self.records().iter().map(name).collect()
    }

    /// Checks that the record of `input` is an error that holds `part`, on standard error too.
    #[track_caller]
    pub(crate) fn fails(self, input: &str, part: &str) -> Self {
        let records = self.records();
        let record = records
            .iter()
            .find(|record| record["input"] == input)
            .unwrap_or_else(|| panic!("no record of {input}\n{}", self.told()));
        let error = record["error"].as_str().unwrap_or_default();
        assert!(
            error.contains(part),
            "the error of {input} lacks: {part}\n{}",
            self.told()
        );
        assert!(
            record.get("output").is_none() && record.get("mean").is_none(),
            "a failed record with results\n{}",
            self.told()
        );
        let line = format!("rot90: {input}: {error}");
        self.says(&line)
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

/// A device to write results to.
pub(crate) fn open_to_write(path: &str) -> File {
    File::options().write(true).open(path).unwrap()
}
