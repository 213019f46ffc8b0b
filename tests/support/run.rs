//! A command of a test: started, waited for, and what came out of it.

use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::world::difference;

/// A run that takes longer hangs: every one here is over in a second or two on an idle machine.
const TOO_LONG: Duration = Duration::from_secs(120);

/// A command that is about to run.
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
}

impl Run {
    pub(crate) fn new(command: Command) -> Self {
        Self {
            command,
            input: Vec::new(),
        }
    }

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
    pub(crate) fn start(self) -> Running {
        let described = format!("{:?}", self.command);
        self.try_start()
            .unwrap_or_else(|error| panic!("{described}: {error}"))
    }

    fn try_start(mut self) -> io::Result<Running> {
        let described = format!("{:?}", self.command);
        let mut child = self.command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may end without reading everything.
            std::thread::spawn(move || drop(stdin.write_all(&self.input)));
        }
        Ok(Running {
            stdout: collect(child.stdout.take()),
            stderr: collect(child.stderr.take()),
            child,
            described,
            begun: Instant::now(),
        })
    }

    /// Runs it to its end, if there is such a program.
    pub(crate) fn try_go(self) -> Option<Ran> {
        Some(self.try_start().ok()?.wait())
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

    /// Checks that standard error is the summary alone.
    #[track_caller]
    pub(crate) fn silent_but_summary(self) -> Self {
        assert!(
            self.stderr.lines().count() == 1 && self.stderr.contains("0 failed"),
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
