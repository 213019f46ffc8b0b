//! What became of each input, and its record: JSON, JSON Lines or a list of means.

use std::ffi::OsStr;
use std::path::Path;

use base64::Engine as _;
use serde_json::Value;

use super::args::Format;

/// What became of one input.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was rotated, or its output was up to date and left alone.
    Done {
        /// Those of the output.
        width: u32,
        height: u32,
        mean: f64,
        /// Those of the input.
        bytes: u64,
        /// Not where an output was up to date.
        written: bool,
    },
    /// A dry run: it would be rotated, or left alone.
    Planned { up_to_date: bool },
    /// It was not rotated, for this reason.
    Failed(Box<str>),
    /// The run ended before it was rotated.
    Dropped,
}

/// The records as text, which its owner hands on to standard output.
pub(crate) struct Results {
    format: Format,
    records: u64,
    text: String,
}

impl Results {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            records: 0,
            text: String::new(),
        }
    }

    /// Bytes that wait to be handed on.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Takes what is to be handed on: whole lines, so that messages and the progress bar may stand
    /// between any two pieces on a terminal. The means are one line, which comes at the end.
    pub(crate) fn take_lines(&mut self) -> String {
        let end = self.text.rfind('\n').map_or(0, |last| last + 1);
        let rest = self.text.split_off(end);
        std::mem::replace(&mut self.text, rest)
    }

    /// Adds the record of an input.
    pub(crate) fn add(&mut self, input: &OsStr, output: &Path, outcome: &Outcome) {
        let record = match (self.format, outcome) {
            (_, Outcome::Dropped) => return,
            (Format::Means, Outcome::Done { mean, .. }) => Value::from(*mean).to_string(),
            (Format::Means, _) => "null".to_owned(),
            _ => self.record(input, output, outcome),
        };
        self.push(&record);
    }

    /// Adds the record of an input that a dry run leaves out, where the format has room for it.
    pub(crate) fn add_skipped(&mut self, input: &OsStr, reason: &str) {
        if self.format == Format::Jsonl {
            let (input, reason) = (path(input), Value::from(reason));
            self.push(&format!("{{\"input\": {input}, \"skipped\": {reason}}}"));
        }
    }

    fn push(&mut self, record: &str) {
        let (before, after) = match (self.format, self.records) {
            (Format::Json, 0) => ("[\n", ""),
            (Format::Json, _) => (",\n", ""),
            (Format::Means, 0) => ("[", ""),
            (Format::Means, _) => (", ", ""),
            (Format::Jsonl, _) => ("", "\n"),
        };
        self.records += 1;
        self.text.extend([before, record, after]);
    }

    /// Closes what is open.
    pub(crate) fn finish(&mut self) {
        self.text += match (self.format, self.records) {
            (Format::Jsonl, _) => "",
            (_, 0) => "[]\n",
            (Format::Json, _) => "\n]\n",
            (Format::Means, _) => "]\n",
        };
    }

    fn record(&self, input: &OsStr, output: &Path, outcome: &Outcome) -> String {
        let (input, output) = (path(input), path(output.as_os_str()));
        let members = match outcome {
            Outcome::Failed(reason) => format!("\"error\": {}", Value::from(&**reason)),
            Outcome::Done {
                width,
                height,
                mean,
                ..
            } => {
                let mean = Value::from(*mean);
                format!(
                    "\"output\": {output}, \"width\": {width}, \"height\": {height}, \"mean\": {mean}"
                )
            }
            // A dry run that a program reads; the other formats have the members of all records.
            Outcome::Planned { up_to_date: true } if self.format == Format::Jsonl => {
                format!("\"output\": {output}, \"up_to_date\": true")
            }
            _ => format!("\"output\": {output}"),
        };
        format!("{{\"input\": {input}, {members}}}")
    }
}

/// A path as a string, or as `{"bytes": "<base64>"}` where it is not Unicode.
fn path(path: &OsStr) -> String {
    if let Some(text) = path.to_str() {
        return Value::from(text).to_string();
    }
    let bytes = base64::engine::general_purpose::STANDARD.encode(path.as_encoded_bytes());
    format!("{{\"bytes\": \"{bytes}\"}}")
}
