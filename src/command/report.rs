//! Results as JSON, JSON Lines or a list of means, in order.

use std::ffi::OsStr;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use base64::Engine as _;

use super::cli::Format;

/// What became of one input.
pub(crate) enum Outcome {
    /// It was turned, or its newer output left alone.
    Done { width: u32, height: u32, mean: f64 },
    /// It would be turned.
    Planned,
    /// It was not turned, for this reason.
    Failed(Box<str>),
    /// The run ended before it was turned.
    Dropped,
}

/// Writes records one after another. Each call leaves whole records in `out`.
pub(crate) struct Report<W> {
    out: W,
    format: Format,
    records: u64,
}

impl<W: Write> Report<W> {
    pub(crate) fn new(out: W, format: Format) -> Self {
        Self {
            out,
            format,
            records: 0,
        }
    }

    /// Writes the record of an input.
    pub(crate) fn record(
        &mut self,
        input: &OsStr,
        output: &Path,
        outcome: &Outcome,
    ) -> io::Result<()> {
        if matches!(outcome, Outcome::Dropped) {
            return Ok(());
        }
        let mut line: Vec<u8> = match (self.format, self.records) {
            (Format::Json, 0) => b"[\n".to_vec(),
            (Format::Json, _) => b",\n".to_vec(),
            (Format::Jsonl, _) => Vec::new(),
            (Format::Means, 0) => b"[".to_vec(),
            (Format::Means, _) => b", ".to_vec(),
        };
        if self.format == Format::Means {
            match outcome {
                Outcome::Done { mean, .. } => serde_json::to_writer(&mut line, mean)?,
                _ => line.extend_from_slice(b"null"),
            }
        } else {
            write_record(&mut line, input, output, outcome)?;
        }
        if self.format == Format::Jsonl {
            line.push(b'\n');
        }
        self.records += 1;
        self.out.write_all(&line)
    }

    /// Closes what is open.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let end: &[u8] = match (self.format, self.records) {
            (Format::Jsonl, _) => b"",
            (_, 0) => b"[]\n",
            (Format::Json, _) => b"\n]\n",
            (Format::Means, _) => b"]\n",
        };
        self.out.write_all(end)?;
        self.flush()
    }

    /// Hands on what is buffered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Report<BufWriter<W>> {
    /// Ends without writing what is buffered.
    pub(crate) fn abandon(self) {
        drop(self.out.into_parts());
    }
}

fn write_record(
    line: &mut Vec<u8>,
    input: &OsStr,
    output: &Path,
    outcome: &Outcome,
) -> io::Result<()> {
    line.extend_from_slice(b"{\"input\": ");
    write_name(line, input)?;
    if let Outcome::Failed(reason) = outcome {
        line.extend_from_slice(b", \"error\": ");
        serde_json::to_writer(&mut *line, reason)?;
    } else {
        line.extend_from_slice(b", \"output\": ");
        write_name(line, output.as_os_str())?;
    }
    if let Outcome::Done {
        width,
        height,
        mean,
    } = outcome
    {
        write!(
            line,
            ", \"width\": {width}, \"height\": {height}, \"mean\": "
        )?;
        serde_json::to_writer(&mut *line, mean)?;
    }
    line.push(b'}');
    Ok(())
}

/// A path as a string, or as `{"bytes": "<base64>"}` where it is not UTF-8.
fn write_name(line: &mut Vec<u8>, name: &OsStr) -> io::Result<()> {
    if let Some(text) = name.to_str() {
        serde_json::to_writer(line, text)?;
    } else {
        let bytes = base64::engine::general_purpose::STANDARD.encode(super::names::bytes(name));
        write!(line, "{{\"bytes\": \"{bytes}\"}}")?;
    }
    Ok(())
}
