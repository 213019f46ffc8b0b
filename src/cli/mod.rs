//! The command: arguments → plan → batch → report. It uses the library's public face alone.

mod args;
mod batch;
mod collector;
mod generate;
mod list;
mod messages;
mod panics;
mod plan;
mod progress;
mod report;
mod results;
mod signals;
mod summary;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;

use args::{ALL_DONE, Config, SOME_FAILED, WRONG_USAGE};
use messages::{io_reason, say};
use plan::Plan;
use signals::Signals;

/// Runs the command with the process's arguments.
pub(crate) fn run() -> ExitCode {
    panics::install();
    ExitCode::from(panics::caught(run_request).unwrap_or_else(|text| {
        say(&collector::internal_error(&text));
        SOME_FAILED
    }))
}

fn run_request() -> u8 {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let config = match args::parse(&arguments) {
        Ok(config) => config,
        Err(error) if error.use_stderr() => {
            // An argument may hold what a terminal would obey.
            let text = error.render().to_string();
            let lines: Vec<_> = text.lines().map(messages::shown_text).collect();
            let _ = writeln!(io::stderr().lock(), "{}", lines.join("\n"));
            return WRONG_USAGE;
        }
        // Help or version.
        Err(text) => return printed(text.print()),
    };
    if let Some(kind) = &config.generate {
        let mut stdout = io::stdout().lock();
        let written = generate::generate(kind, &mut stdout);
        return printed(written.and_then(|()| stdout.flush()));
    }
    let signals = Signals::install().context("cannot handle signals");
    let code = signals.and_then(|signals| run_batch(&config, &signals));
    code.unwrap_or_else(|error| {
        say(&format!("{error:#}"));
        WRONG_USAGE
    })
}

/// The exit code of a text that was asked for.
fn printed(written: io::Result<()>) -> u8 {
    match written {
        Ok(()) => return ALL_DONE,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => {
            let reason = io_reason(&error);
            say(&format!("cannot write to standard output: {reason}"));
        }
    }
    SOME_FAILED
}

/// Makes the plan and runs it; an error means that nothing was touched.
fn run_batch(config: &Config, signals: &Signals) -> anyhow::Result<u8> {
    if config.report_of_records {
        return report::records::run(config, signals);
    }
    let (operands, may_be_patterns) = match &config.files0_from {
        Some(list) => (list::names(list, signals)?, false),
        None => (config.patterns.clone(), true),
    };
    let output_dir = config.output_dir.as_deref();
    let plan = Plan::make(operands, may_be_patterns, output_dir, signals.stop())?;
    let notes = plan.notes.iter().filter(|_| !config.quiet);
    plan.problems.iter().chain(notes).for_each(|text| say(text));
    batch::run(&plan, config, signals)
}
