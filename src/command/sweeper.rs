//! Removes temporary names that a killed run leaves.
//!
//! An output that takes the place of another one has a name of its own for the instant between
//! two system calls: only a name can be renamed. The same holds for every output on a file system
//! without unnamed temporary files. A process killed in that instant cannot clean up, so a second
//! one, which a signal to the first or to its group does not reach, waits for the first to end
//! and removes what it left. It is started when the first such name is needed.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};

use super::names;
use crate::os::{Sweeper, temporary_name, temporary_prefix};

/// The argument that makes this program the second process. It is no option: it is not parsed
/// with them, and has no meaning for a user.
const ROLE: &str = "--internal-sweep-after";

/// The first process's side.
#[derive(Debug, Default)]
pub(crate) struct SecondProcess(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    child: Option<Child>,
    watched: HashSet<PathBuf>,
}

impl Sweeper for SecondProcess {
    fn watch(&self, directory: &Path) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.watched.insert(directory.to_owned()) {
            return;
        }
        if state.child.is_none() {
            // Without it the run is as safe as with it, unless it is killed.
            state.child = start().ok();
        }
        let Ok(directory) = std::path::absolute(directory) else {
            return;
        };
        if let Some(pipe) = state.child.as_mut().and_then(|child| child.stdin.as_mut()) {
            let line = [names::bytes(directory.as_os_str()), b"\0"].concat();
            let _ = pipe.write_all(&line);
        }
    }
}

impl Drop for SecondProcess {
    fn drop(&mut self) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(child) = &mut state.child {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

fn start() -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args([ROLE, temporary_prefix()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/");
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// The second process's side, if that is what this process is.
pub(crate) fn run_if_asked(arguments: &[OsString]) -> Option<ExitCode> {
    let [_, role, prefix] = arguments else {
        return None;
    };
    let prefix = prefix
        .to_str()
        .filter(|prefix| role == ROLE && prefix.starts_with(".rot90-"))?;
    let mut directories = Vec::new();
    let mut list = io::stdin().lock();
    let mut name = Vec::new();
    while list.read_until(0, &mut name).is_ok_and(|count| count > 0) {
        name.pop();
        directories.push(PathBuf::from(names::from_bytes(&name)));
        name.clear();
    }
    // The first process is gone. The names that its threads use come first, for speed.
    for thread in 0..THREADS_SWEPT_FIRST {
        for directory in &directories {
            let _ = std::fs::remove_file(directory.join(temporary_name(prefix, thread)));
        }
    }
    for directory in &directories {
        sweep(directory, prefix);
    }
    Some(ExitCode::SUCCESS)
}

const THREADS_SWEPT_FIRST: u32 = 8;

fn sweep(directory: &Path, prefix: &str) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        if names::bytes(&entry.file_name()).starts_with(prefix.as_bytes()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
