//! The command: arguments → plan → batch → report.

mod batch;
mod cli;
mod generate;
mod help;
mod hints;
mod mistyped;
mod names;
mod page;
mod plan;
mod progress;
mod report;
mod signals;
mod spread;
mod sweeper;
mod walk;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};

use crate::error::io_reason;
use crate::text;
use cli::{Config, Operands};
use plan::Plan;
use signals::Signals;

/// Every file was turned.
const ALL_DONE: u8 = 0;
/// Some file failed, a pattern matched nothing, or standard output could not be written.
const SOME_FAILED: u8 = 1;
/// Wrong usage or conflicting outputs: nothing was touched.
const WRONG_USAGE: u8 = 2;

/// Runs the command with the process's arguments.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = sweeper::run_if_asked(&arguments) {
        return code;
    }
    let signals = match Signals::install() {
        Ok(signals) => signals,
        Err(error) => {
            say(&format!("cannot handle signals: {error}"));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    let config = match cli::parse(arguments) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match run(&config, &signals) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::from(WRONG_USAGE)
        }
    }
}

/// Runs the batch; an error means that nothing was touched.
fn run(config: &Config, signals: &Signals) -> anyhow::Result<u8> {
    let operands = match &config.operands {
        Operands::Patterns(patterns) => {
            if config.talk > 0 {
                for hint in hints::of_operands(patterns, config.max_memory) {
                    say(&hint);
                }
            }
            plan::Operands::Patterns(patterns.clone())
        }
        Operands::List(list) => plan::Operands::Names(read_list(list, signals)?),
        Operands::Records => return page_of_records(config, signals),
    };
    let plan = Plan::make(operands, config.output_dir.as_deref())?;
    for problem in &plan.problems {
        say(problem);
    }
    batch::run(&plan, config, signals)
}

/// Makes the page of a batch that is over; an error means that it cannot be begun.
fn page_of_records(config: &Config, signals: &Signals) -> anyhow::Result<u8> {
    let records = signals
        .read_list(Path::new("-"))
        .context("cannot read the records")?;
    let Some(path) = &config.report else {
        return Ok(ALL_DONE);
    };
    let written = page::records::make(&records, path, config)?;
    Ok(signals.exit_code().unwrap_or(match written {
        Ok(()) => ALL_DONE,
        Err(_) => SOME_FAILED,
    }))
}

/// Names separated by NUL; a NUL after the last one is optional.
fn read_list(list: &Path, signals: &Signals) -> anyhow::Result<Vec<OsString>> {
    let mut bytes = signals.read_list(list).map_err(|error| {
        let list = text::shown(list);
        anyhow!(
            "cannot read the list of names {list}: {}",
            io_reason(&error)
        )
    })?;
    if let Some(problem) = hints::of_list(list, &bytes) {
        bail!("{problem}; nothing was done");
    }
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    Ok(bytes
        .split(|&byte| byte == 0)
        .map(names::from_bytes)
        .collect())
}

/// A message on standard error. Nothing can be done if that is closed.
fn say(message: &str) {
    let line = format!("rot90: {}\n", text::shown_text(message));
    let _ = io::stderr().lock().write_all(line.as_bytes());
}
