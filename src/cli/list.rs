//! `--files0-from`: names out of a file, a pipe or standard input.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{anyhow, bail};

use super::messages::{io_reason, quoted, shown};
use super::plan::names;
use super::signals::Signals;

/// Names separated by NUL; a NUL after the last one is optional.
pub(crate) fn names(list: &Path, signals: &Signals) -> anyhow::Result<Vec<OsString>> {
    let mut bytes = read(list, signals).map_err(|error| {
        let (list, reason) = (shown(list), io_reason(&error));
        anyhow!("--files0-from {list}: cannot read the names: {reason}")
    })?;
    let is_one_name = || {
        Path::new(&names::from_bytes(&bytes))
            .symlink_metadata()
            .is_ok()
    };
    if bytes.contains(&b'\n') && !bytes.contains(&0) && !is_one_name() {
        bail!("{}", names_in_lines(list));
    }
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let names = bytes.split(|&byte| byte == 0).map(names::from_bytes);
    Ok(names.collect())
}

/// What to do with a list whose names end in newlines.
fn names_in_lines(list: &Path) -> String {
    let shown = shown(list);
    let wrong = format!("--files0-from {shown}: names must end in NUL, not in a newline");
    let wrong = format!("{wrong}; nothing was done");
    if cfg!(windows) {
        return wrong;
    }
    let source = match &*shown {
        "-" => String::new(),
        _ => format!(" < {}", quoted(list.as_os_str())),
    };
    format!(
        "{wrong}. With find, use -print0; to convert a list: \
         tr '\\n' '\\0'{source} | rot90 --files0-from -"
    )
}

/// Reads a list to its end, or until a signal comes; `-` is standard input.
pub(crate) fn read(list: &Path, signals: &Signals) -> io::Result<Vec<u8>> {
    const LOOK_FOR_SIGNALS: Duration = Duration::from_millis(50);
    // A pipe that nobody writes to would wait through all signals, so that is another thread's.
    let (sender, receiver) = mpsc::channel();
    let file = list.to_owned();
    let reader = std::thread::Builder::new().name("rot90-list".to_owned());
    if let Err(_no_more_threads) = reader.spawn(move || sender.send(read_to_end(&file))) {
        return read_to_end(list);
    }
    loop {
        match receiver.recv_timeout(LOOK_FOR_SIGNALS) {
            Ok(bytes) => return bytes,
            Err(RecvTimeoutError::Timeout) if !signals.stop().load(Ordering::Relaxed) => {}
            Err(_) => return Ok(Vec::new()),
        }
    }
}

fn read_to_end(list: &Path) -> io::Result<Vec<u8>> {
    if list.as_os_str() != "-" {
        return std::fs::read(list);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
