//! The page of a batch that other processes have done, from the records that they printed.
//!
//! This is how a batch on a cluster gets the page of a local run. The option is for the program
//! that spreads such a batch, so no help has it: `rot90 --report-of-records --report FILE` reads
//! one line about the batch, then a record for each file of the plan, in order, and touches
//! nothing but the page.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::cli::args::{ALL_DONE, Config, SOME_FAILED};
use crate::cli::plan::{Plan, Skipped, names};
use crate::cli::results::Outcome;
use crate::cli::signals::Signals;
use crate::cli::{batch, list};

/// Reads the records from standard input and writes the page.
pub(crate) fn run(config: &Config, signals: &Signals) -> anyhow::Result<u8> {
    let text = list::read(Path::new("-"), signals).context("cannot read the records")?;
    if let Some(code) = signals.exit_code() {
        return Ok(code);
    }
    let (plan, outcomes, elapsed) = batch_of(&text)?;
    super::check_place(&plan, config)?;
    // Without it the batch has not begun yet: only the report's place was to be checked.
    let Some(elapsed) = elapsed else {
        return Ok(ALL_DONE);
    };
    let pool = batch::pool(config.workers())?;
    let written = super::write(&plan, &outcomes, elapsed, config, signals.stop(), &pool);
    let code = if written { ALL_DONE } else { SOME_FAILED };
    Ok(signals.exit_code().unwrap_or(code))
}

/// Takes the line about the batch, `{"seconds": 1.5, "skipped": 0, "problems": []}`, and the
/// records behind it apart. Without seconds the batch has not begun.
fn batch_of(text: &[u8]) -> anyhow::Result<(Plan, Vec<Outcome>, Option<Duration>)> {
    let mut lines = text
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    let about: Value = serde_json::from_slice(lines.next().unwrap_or_default())
        .context("the first line is not about a batch")?;
    let mut files = Vec::new();
    let mut outcomes = Vec::new();
    for (at, line) in lines.enumerate() {
        let (input, output, outcome) =
            record(line).ok_or_else(|| anyhow!("line {}: is no record", at + 2))?;
        files.push((input, output));
        outcomes.push(outcome);
    }
    let mut plan = Plan::of_files(files);
    let count = about["skipped"].as_u64().unwrap_or(0) as usize;
    plan.skipped.resize_with(count, Skipped::default);
    let problems = about["problems"].as_array().into_iter().flatten();
    plan.problems = problems
        .filter_map(|problem| problem.as_str().map(str::to_owned))
        .collect();
    let seconds = about["seconds"].as_f64();
    let elapsed = seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
    Ok((plan, outcomes, elapsed))
}

/// Reads a record as [`crate::cli::results`] writes it.
fn record(line: &[u8]) -> Option<(OsString, Option<OsString>, Outcome)> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let input = path(&value["input"])?;
    let number = |name: &str| u32::try_from(value[name].as_u64()?).ok();
    let outcome = if let Some(reason) = value["error"].as_str() {
        Outcome::Failed(reason.into())
    } else if value["mean"].is_number() {
        // A number of JSON may be read as the one next to it; its text is exact.
        let (_, mean) = std::str::from_utf8(line).ok()?.rsplit_once("\"mean\": ")?;
        Outcome::Done {
            width: number("width")?,
            height: number("height")?,
            mean: mean.trim_end().strip_suffix('}')?.parse().ok()?,
            bytes: fs::metadata(&input).map_or(0, |metadata| metadata.len()),
            written: true,
        }
    } else {
        // The run did not come to it.
        Outcome::Dropped
    };
    Some((input, path(&value["output"]), outcome))
}

/// A path: a string, or `{"bytes": "<base64>"}`.
fn path(value: &Value) -> Option<OsString> {
    match value {
        Value::String(name) => Some(OsStr::new(name).to_owned()),
        Value::Object(name) => {
            let bytes = STANDARD.decode(name.get("bytes")?.as_str()?).ok()?;
            Some(names::from_bytes(&bytes))
        }
        _ => None,
    }
}
