//! Results as JSON, JSON Lines or a list of means, in order.

use std::ffi::OsStr;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use base64::Engine as _;

use super::cli::Format;
use super::progress;

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
    /// Messages and the bar go to the same terminal, and have their places between whole lines.
    among_messages: bool,
    /// The end of an array's text that is not a whole line yet, where that matters.
    last: Vec<u8>,
}

impl<W: Write> Report<BufWriter<W>> {
    pub(crate) fn new(out: BufWriter<W>, format: Format) -> Self {
        Self {
            out,
            format,
            records: 0,
            among_messages: progress::meets_results(),
            last: Vec::new(),
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
        let mut text = std::mem::take(&mut self.last);
        match (self.format, self.records) {
            (Format::Json, 0) => text.extend_from_slice(b"[\n"),
            (Format::Json, _) => text.extend_from_slice(b",\n"),
            (Format::Jsonl, _) => {}
            (Format::Means, 0) => text.push(b'['),
            (Format::Means, _) => text.extend_from_slice(b", "),
        }
        let line = text.len();
        if self.format == Format::Means {
            match outcome {
                Outcome::Done { mean, .. } => serde_json::to_writer(&mut text, mean)?,
                _ => text.extend_from_slice(b"null"),
            }
        } else {
            write_record(&mut text, input, output, outcome)?;
        }
        self.records += 1;
        match self.format {
            Format::Jsonl => text.push(b'\n'),
            Format::Json if self.among_messages => self.last = text.split_off(line),
            // There is but one line, which a person can wait for.
            Format::Means if self.among_messages => self.last = std::mem::take(&mut text),
            Format::Json | Format::Means => {}
        }
        self.write(&text)
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if self.out.buffer().len() + text.len() < self.out.capacity() {
            return self.out.write_all(text);
        }
        progress::with_results(|| {
            self.out.write_all(text)?;
            self.out.flush()
        })
    }

    /// Closes what is open.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let end: &[u8] = match (self.format, self.records) {
            (Format::Jsonl, _) => b"",
            (_, 0) => b"[]\n",
            (Format::Json, _) => b"\n]\n",
            (Format::Means, _) => b"]\n",
        };
        let mut last = std::mem::take(&mut self.last);
        last.extend_from_slice(end);
        self.write(&last)?;
        self.flush()
    }

    /// Hands on what is buffered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.out.buffer().is_empty() {
            return Ok(());
        }
        progress::with_results(|| self.out.flush())
    }

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
