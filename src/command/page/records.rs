//! The page of a batch that other processes have turned, from the records that they printed.
//!
//! This is how a batch on a cluster gets the page of a local run. The option is for the program
//! that spreads such a batch, so no help has it: `rot90 --report-of-records --report FILE` reads
//! one line about the batch, then a record for each file of the plan, in order, and touches
//! nothing but the page.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Arg, ArgAction, ArgMatches, Command};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde_json::Value;

use super::{Page, Totals};
use crate::command::cli::Config;
use crate::command::names;
use crate::command::plan::Plan;
use crate::command::report::Outcome;
use crate::command::sweeper::SecondProcess;
use crate::os::Publishing;
use crate::text;

const OPTION: &str = "report_of_records";

/// Adds `--report-of-records`, which stands apart from the grammar so that no completion offers it.
pub(crate) fn with_option(command: Command) -> Command {
    command
        .mut_arg("patterns", |patterns| {
            patterns.required_unless_present(OPTION)
        })
        .arg(
            Arg::new(OPTION)
                .long("report-of-records")
                .action(ArgAction::SetTrue)
                .requires("report")
                .conflicts_with_all(["patterns", "files0_from", "update", "no_clobber"])
                .hide(true),
        )
}

/// Whether the page of records is what is asked for.
pub(crate) fn asked_for(matches: &ArgMatches) -> bool {
    matches.get_flag(OPTION)
}

/// What is known of a file.
struct Record {
    input: OsString,
    output: Option<OsString>,
    outcome: Outcome,
}

/// Makes the page of these records, or only checks that it can stand where it should: that is so
/// where the first line has no `seconds`, before the batch. An error means that the page is not
/// there; whether it could have been begun is told apart by the inner result.
pub(crate) fn make(
    input: &[u8],
    path: &Path,
    config: &Config,
) -> anyhow::Result<crate::Result<()>> {
    let mut lines = input
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    let about: Value = serde_json::from_slice(lines.next().unwrap_or_default())
        .context("the first line is not about a batch")?;
    let mut files = Vec::new();
    let mut outcomes = Vec::new();
    for (at, line) in lines.enumerate() {
        let record = record(line).ok_or_else(|| anyhow!("line {}: is no record", at + 2))?;
        files.push((record.input, record.output));
        outcomes.push(record.outcome);
    }
    let mut plan = Plan::of_files(files);
    plan.skipped = vec![OsString::new(); about["skipped"].as_u64().unwrap_or(0) as usize];
    plan.problems = about["problems"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|problem| problem.as_str().map(str::to_owned))
        .collect();
    let publishing = Publishing {
        durable: config.durable,
        sweeper: Some(Arc::<SecondProcess>::default()),
        ..Publishing::default()
    };
    let mut page = Page::begin(path, &plan, config.output_dir.as_deref(), publishing)?;
    let Some(seconds) = about["seconds"].as_f64() else {
        return Ok(Ok(()));
    };
    let elapsed = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    page.begun = page.begun.checked_sub(elapsed).unwrap_or(page.begun);
    let mut totals = Totals {
        turned: 0,
        failed: 0,
        bytes: 0,
        elapsed,
    };
    for (at, outcome) in outcomes.iter().enumerate() {
        let mut bytes = 0;
        match outcome {
            Outcome::Done { .. } => {
                let metadata = fs::metadata(&*plan.jobs[at].input);
                bytes = metadata.map_or(0, |metadata| metadata.len());
                totals.turned += 1;
                totals.bytes += bytes;
            }
            Outcome::Failed(_) => totals.failed += 1,
            Outcome::Planned | Outcome::Dropped => {}
        }
        page.put(at, outcome, bytes);
    }
    (0..outcomes.len()).into_par_iter().for_each(|at| {
        if matches!(outcomes[at], Outcome::Done { .. })
            && let Some(onlooker) = page.onlooker(at)
        {
            page.look_at(at, &plan, &plan.jobs[at], onlooker);
        }
    });
    let written = page.write(&plan, &totals);
    if let Err(error) = &written {
        crate::command::say(&format!("--report {}: {error}", text::shown(path)));
    }
    Ok(written)
}

/// Reads a record as [`crate::command::report`] writes it; one without a size is of a file that
/// was not turned.
fn record(line: &[u8]) -> Option<Record> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let number = |name: &str| u32::try_from(value[name].as_u64()?).ok();
    let outcome = if let Some(reason) = value["error"].as_str() {
        Outcome::Failed(reason.into())
    } else if value["mean"].is_number() {
        // As JSON it may come back as the number beside it; as text it is exact.
        let (_, mean) = std::str::from_utf8(line).ok()?.rsplit_once("\"mean\": ")?;
        Outcome::Done {
            width: number("width")?,
            height: number("height")?,
            mean: mean.trim_end().strip_suffix('}')?.parse().ok()?,
        }
    } else {
        Outcome::Planned
    };
    Some(Record {
        input: name(&value["input"])?,
        output: name(&value["output"]),
        outcome,
    })
}

/// A path: a string, or `{"bytes": "<base64>"}`.
fn name(value: &Value) -> Option<OsString> {
    match value {
        Value::String(name) => Some(OsStr::new(name).to_owned()),
        Value::Object(name) => {
            let bytes = STANDARD.decode(name.get("bytes")?.as_str()?).ok()?;
            Some(names::from_bytes(&bytes))
        }
        _ => None,
    }
}
