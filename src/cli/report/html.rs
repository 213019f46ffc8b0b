//! The page as HTML: the template, filled in.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use indicatif::{DecimalBytes, HumanCount};

use super::histogram::Histogram;
use super::pictures::Pair;
use crate::cli::messages::{counted, rate, shown, shown_text};
use crate::cli::plan::Plan;
use crate::cli::results::Outcome;
use crate::cli::summary::Totals;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// So many failures stand above all else; the list has the others.
const FAILURES_ABOVE: usize = 100;

/// What stands on the page.
pub(super) struct Page<'a> {
    pub(super) plan: &'a Plan,
    /// Of the plan's jobs.
    pub(super) outcomes: &'a [Outcome],
    /// The jobs that have a mean, and those of them that have pictures.
    pub(super) means: &'a [(usize, f64)],
    pub(super) pairs: &'a [Pair],
    /// In seconds since 1970.
    pub(super) begun: u64,
    pub(super) elapsed: Duration,
}

impl Page<'_> {
    /// The template with its `{{names}}` replaced, once: what is put in is not looked at again.
    pub(super) fn filled(&self) -> String {
        let values = self.values();
        let mut out = String::new();
        let mut rest = TEMPLATE;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap_or_default();
            out += before;
            out += &values[name];
            rest = after;
        }
        out + rest
    }

    fn values(&self) -> HashMap<&'static str, String> {
        let mut totals = Totals::default();
        self.outcomes
            .iter()
            .for_each(|outcome| totals.count(outcome));
        let more_failures = totals.failed.saturating_sub(FAILURES_ABOVE);
        let histogram = Histogram::of(self.means);
        let (rows, pictures) = self.data();
        HashMap::from([
            ("nonce", nonce()),
            ("style", STYLE.trim_end().to_owned()),
            ("script", SCRIPT.trim_end().to_owned()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("begun", self.begun.to_string()),
            ("title", title(&totals)),
            ("notices", self.notices(&totals)),
            ("files", grouped(self.means.len() + totals.failed)),
            ("failed", grouped(totals.failed)),
            ("read", DecimalBytes(totals.bytes).to_string()),
            ("time", format!("{:.3} s", self.elapsed.as_secs_f64())),
            ("rate", rate(totals.bytes, self.elapsed)),
            ("skipped", grouped(self.plan.skipped.len())),
            ("none_skipped", hidden(self.plan.skipped.is_empty())),
            ("no_failures", hidden(totals.failed == 0)),
            ("failures_title", counted(totals.failed, "file")),
            ("failures", self.failures()),
            ("no_more_failures", hidden(more_failures == 0)),
            ("more_failures", grouped(more_failures)),
            ("no_means", hidden(self.means.is_empty())),
            ("bars", histogram.bars),
            ("means_note", histogram.note),
            ("pictures_note", self.pictures_note()),
            ("rows", rows),
            ("pictures", pictures),
        ])
    }

    /// What a reader should know before the numbers.
    fn notices(&self, totals: &Totals) -> String {
        let files = self.outcomes.len();
        let missing = files - self.means.len() - totals.failed;
        let ended_early = (missing > 0).then(|| {
            let (missing, files) = (grouped(missing), counted(files, "file"));
            format!("The run was ended early: {missing} of {files} are not in this report.")
        });
        let problems = self.plan.problems.iter().map(|problem| shown_text(problem));
        let mut out = String::new();
        for notice in ended_early.into_iter().chain(problems) {
            let _ = writeln!(out, "<p class=\"notice\">{}</p>", escaped(&notice));
        }
        out
    }

    fn failures(&self) -> String {
        let jobs = self.plan.jobs.iter().zip(self.outcomes);
        let failures = jobs.filter_map(|(job, outcome)| match outcome {
            Outcome::Failed(reason) => Some((name_shown(&job.input), reason)),
            _ => None,
        });
        let mut out = String::new();
        for ((name, is_escaped), reason) in failures.take(FAILURES_ABOVE) {
            let _ = writeln!(
                out,
                "<li><bdi class=\"name{}\">{}</bdi> <span class=\"reason\">{}</span></li>",
                if is_escaped { " escaped" } else { "" },
                escaped(&name),
                escaped(&shown_text(reason))
            );
        }
        out
    }

    fn pictures_note(&self) -> String {
        let (shown, done) = (self.pairs.len(), self.means.len());
        if shown == done {
            return String::new();
        }
        let order = "the lowest and highest means, each bar of the histogram, then an even sample";
        format!("{} of {}: {order}", grouped(shown), grouped(done))
    }

    /// The list and the pictures, as JSON. The list has `[name, width, height, bytes, mean]` or
    /// `[name, reason]` for each file; a name with escapes is an array of one string. A pair of
    /// pictures is `[place in the list, before, after]`.
    fn data(&self) -> (String, String) {
        let (mut rows, mut pictures) = (Vec::new(), Vec::new());
        let mut pairs = self.pairs.iter().peekable();
        for (at, (job, outcome)) in self.plan.jobs.iter().zip(self.outcomes).enumerate() {
            let rest = match outcome {
                Outcome::Planned { .. } | Outcome::Dropped => continue,
                Outcome::Failed(reason) => json(&shown_text(reason)),
                Outcome::Done {
                    width,
                    height,
                    mean,
                    bytes,
                    ..
                } => format!("{width},{height},{bytes},{mean:?}"),
            };
            if let Some((_, pair)) = pairs.next_if(|(job, _)| *job == at) {
                pictures.push(format!("[{},{pair}]", rows.len()));
            }
            let (name, is_escaped) = name_shown(&job.input);
            let name = json(&name);
            rows.push(if is_escaped {
                format!("[[{name}],{rest}]")
            } else {
                format!("[{name},{rest}]")
            });
        }
        (rows.join(",\n"), pictures.join(",\n"))
    }
}

fn title(totals: &Totals) -> String {
    let mut title = format!("{} rotated", counted(totals.rotated, "file"));
    for (count, what) in [(totals.up_to_date, "up to date"), (totals.failed, "failed")] {
        if count > 0 {
            let _ = write!(title, ", {} {what}", grouped(count));
        }
    }
    title
}

/// `10,000`
fn grouped(number: usize) -> String {
    HumanCount(number as u64).to_string()
}

/// A name as it may be shown, and whether characters of it had to be escaped.
fn name_shown(name: &OsStr) -> (String, bool) {
    let shown = shown(Path::new(name));
    let is_escaped = name.to_str() != Some(&shown);
    (shown, is_escaped)
}

/// A JSON string that cannot end the script element it stands in.
fn json(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.replace('<', "\\u003c")
}

/// Text that cannot be taken for markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The attribute of an element that is left out.
fn hidden(is_hidden: bool) -> String {
    if is_hidden { " hidden" } else { "" }.to_owned()
}

/// A word that nobody can foresee: what is smuggled into the page cannot run without it.
fn nonce() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    let word = || std::hash::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
