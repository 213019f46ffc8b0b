//! The page as HTML.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::PoisonError;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::histogram::Histogram;
use super::pictures::{Pair, Picture};
use super::{Page, Row, Totals};
use crate::command::batch::{bytes_shown, counted};
use crate::command::plan::Plan;
use crate::os::Output;
use crate::{Result, text};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// So many failures stand above all else; the list has the others.
const FAILURES_ABOVE: usize = 100;

/// Pieces of the page are written once they have this many bytes.
const PIECE: usize = 256 << 10;

/// Writes the page, whole or not at all.
pub(super) fn write(page: Page, plan: &Plan, totals: &Totals) -> Result<()> {
    let rows = page
        .rows
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let side = page.gallery.side();
    let pairs = page.gallery.into_pairs();
    let output = Output::create(&page.path, 0, &page.publishing)?;
    let mut out = Sink {
        output: &output,
        offset: 0,
        piece: String::new(),
    };
    let nonce = nonce();
    let mut rest = TEMPLATE;
    while let Some((before, after)) = rest.split_once("{{") {
        out.add(before)?;
        let (name, after) = after.split_once("}}").unwrap_or_default();
        rest = after;
        match name {
            "nonce" => out.add(&nonce)?,
            "style" => out.add(STYLE.trim_end())?,
            "script" => out.add(SCRIPT.trim_end())?,
            "title" => out.add(&title(totals))?,
            "when" => out.add(&when(page.begun))?,
            "version" => out.add(env!("CARGO_PKG_VERSION"))?,
            "state" => out.add(state(totals))?,
            "notice" => out.add(&notice(plan, totals))?,
            "summary" => out.add(&summary(plan, totals))?,
            "failures" => write_failures(&mut out, plan, &rows, totals)?,
            "histogram" => out.add(&histogram(&rows))?,
            "side" => out.add(&side.to_string())?,
            "pictures_note" => out.add(&pictures_note(pairs.len(), totals.turned))?,
            "rows" => write_rows(&mut out, plan, &rows)?,
            "pictures" => write_pictures(&mut out, &rows, &pairs)?,
            _ => {}
        }
    }
    out.add(rest)?;
    out.finish()?;
    output.publish(&page.publishing)
}

/// Takes the page in pieces, so that a long one need not be in memory as a whole.
struct Sink<'a> {
    output: &'a Output,
    offset: u64,
    piece: String,
}

impl Sink<'_> {
    fn add(&mut self, text: &str) -> Result<()> {
        self.piece.push_str(text);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.output.write(self.piece.as_bytes(), self.offset)?;
        self.offset += self.piece.len() as u64;
        self.piece.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        self.flush()
    }
}

/// A word that nobody can foresee: what is smuggled into the page cannot run without it.
fn nonce() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    let word = || std::hash::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}

fn title(totals: &Totals) -> String {
    let mut title = format!("{} turned", grouped_files(totals.turned));
    if totals.failed > 0 {
        let _ = write!(title, ", {} failed", grouped(totals.failed));
    }
    title
}

fn state(totals: &Totals) -> &'static str {
    if totals.failed > 0 { "failed" } else { "done" }
}

/// What a reader should know before the numbers.
fn notice(plan: &Plan, totals: &Totals) -> String {
    let mut out = String::new();
    let missing = plan.jobs.len() - totals.turned - totals.failed;
    if missing > 0 {
        let _ = writeln!(
            out,
            "<p class=\"notice\">The run was ended early: {} of {} were not begun or not finished, \
             and are not in this report.</p>",
            grouped(missing),
            grouped_files(plan.jobs.len())
        );
    }
    for problem in &plan.problems {
        let _ = writeln!(
            out,
            "<p class=\"notice\">{}</p>",
            escaped(&text::shown_text(problem))
        );
    }
    out
}

fn summary(plan: &Plan, totals: &Totals) -> String {
    let seconds = totals.elapsed.as_secs_f64();
    let mut out = String::new();
    let mut number = |name: &str, value: &str, class: &str| {
        let _ = writeln!(
            out,
            "<div class=\"number {class}\"><dt>{name}</dt><dd>{value}</dd></div>"
        );
    };
    number("Files", &grouped(totals.turned + totals.failed), "");
    let failed = if totals.failed > 0 { "bad" } else { "good" };
    number("Failed", &grouped(totals.failed), failed);
    number("Read", &bytes_shown(totals.bytes as f64), "");
    number("Time", &time_shown(seconds), "");
    let rate = bytes_shown(totals.bytes as f64 / seconds.max(1e-9));
    number("Rate", &format!("{rate}/s"), "");
    if !plan.skipped.is_empty() {
        number("Earlier results skipped", &grouped(plan.skipped.len()), "");
    }
    out
}

fn write_failures(out: &mut Sink<'_>, plan: &Plan, rows: &[Row], totals: &Totals) -> Result<()> {
    if totals.failed == 0 {
        return Ok(());
    }
    out.add("<section class=\"failures\" aria-labelledby=\"failures-title\">\n")?;
    let files = grouped_files(totals.failed);
    out.add(&format!(
        "<h2 id=\"failures-title\">{files} failed</h2>\n\
         <ul tabindex=\"0\" aria-labelledby=\"failures-title\">\n"
    ))?;
    let failed = plan
        .jobs
        .iter()
        .zip(rows)
        .filter_map(|(job, row)| match row {
            Row::Failed(reason) => Some((&job.input, reason)),
            _ => None,
        });
    for (input, reason) in failed.take(FAILURES_ABOVE) {
        let (name, escapes) = name_shown(input);
        out.add(&format!(
            "<li><bdi class=\"name{}\">{}</bdi> <span class=\"reason\">{}</span></li>\n",
            if escapes { " escaped" } else { "" },
            escaped(&name),
            escaped(&text::shown_text(reason))
        ))?;
    }
    out.add("</ul>\n")?;
    if totals.failed > FAILURES_ABOVE {
        out.add(&format!(
            "<p class=\"aside\">The list below has {} more.</p>\n",
            grouped(totals.failed - FAILURES_ABOVE)
        ))?;
    }
    out.add("</section>\n")
}

fn histogram(rows: &[Row]) -> String {
    let mut histogram = Histogram::default();
    for row in rows {
        if let Row::Done { mean, .. } = row {
            histogram.add(*mean);
        }
    }
    let drawn = histogram.drawn();
    if drawn.is_empty() {
        return drawn;
    }
    format!(
        "<section class=\"means\" aria-labelledby=\"means-title\">\n\
         <h2 id=\"means-title\">Means</h2>\n{drawn}</section>"
    )
}

fn pictures_note(pictures: usize, turned: usize) -> String {
    if pictures >= turned {
        String::new()
    } else {
        format!(
            "{} of {}, evenly spread over the batch",
            grouped(pictures),
            grouped(turned)
        )
    }
}

/// A record of the list: `[name, width, height, bytes, mean]` or `[name, reason]`. A name that is
/// not shown as it is, is a list of one string.
fn write_rows(out: &mut Sink<'_>, plan: &Plan, rows: &[Row]) -> Result<()> {
    let mut first = true;
    for (job, row) in plan.jobs.iter().zip(rows) {
        let rest = match row {
            Row::Missing => continue,
            Row::Done {
                width,
                height,
                bytes,
                mean,
            } => format!("{width},{height},{bytes},{mean:?}"),
            Row::Failed(reason) => json(&text::shown_text(reason)),
        };
        let (name, escapes) = name_shown(&job.input);
        let name = json(&name);
        let separator = if first { "\n" } else { ",\n" };
        first = false;
        out.add(&if escapes {
            format!("{separator}[[{name}],{rest}]")
        } else {
            format!("{separator}[{name},{rest}]")
        })?;
    }
    Ok(())
}

/// `[row, before]`, or `[row, before, after]` where the output has a picture of its own.
fn write_pictures(out: &mut Sink<'_>, rows: &[Row], pairs: &BTreeMap<usize, Pair>) -> Result<()> {
    let mut record = 0;
    let mut first = true;
    for (at, row) in rows.iter().enumerate() {
        if matches!(row, Row::Missing) {
            continue;
        }
        if let Some(pair) = pairs.get(&at) {
            out.add(if first { "\n" } else { ",\n" })?;
            first = false;
            out.add(&format!("[{record},\"{}\"", data_url(&pair.before)))?;
            if let Some(after) = &pair.after {
                out.add(&format!(",\"{}\"", data_url(after)))?;
            }
            out.add("]")?;
        }
        record += 1;
    }
    Ok(())
}

fn data_url(picture: &Picture) -> String {
    format!(
        "data:{};base64,{}",
        picture.kind,
        STANDARD.encode(&picture.bytes)
    )
}

/// A name as it may be shown, and whether that is not how it is.
fn name_shown(name: &OsStr) -> (String, bool) {
    let shown = text::shown(Path::new(name));
    let escapes = name.to_str() != Some(&shown);
    (shown, escapes)
}

/// A JSON string that cannot end the script element it stands in.
fn json(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('<', "\\u003c")
}

/// Text that cannot be taken for markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// `10,000`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn grouped_files(files: usize) -> String {
    if files < 1000 {
        counted(files)
    } else {
        format!("{} files", grouped(files))
    }
}

fn time_shown(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", (seconds * 1000.0).max(1.0))
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        let whole = seconds as u64;
        match (whole / 3600, whole / 60 % 60, whole % 60) {
            (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
            (hours, minutes, _) => format!("{hours} h {minutes} min"),
        }
    }
}

/// `2026-03-01 14:05 UTC`.
fn when(moment: SystemTime) -> String {
    let seconds = moment
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, minute) = (seconds / 86400, seconds / 60 % 1440);
    // Days since 0000-03-01, in eras of 400 years (Howard Hinnant, "chrono-compatible low-level
    // date algorithms").
    let days = days + 719_468;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = year_of_era + days / 146_097 * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02} UTC",
        minute / 60,
        minute % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (951_868_740, "2000-02-29 23:59 UTC"),
            (951_868_800, "2000-03-01 00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(when(moment), shown);
        }
    }

    #[test]
    fn numbers() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), shown);
        }
        for (seconds, shown) in [
            (0.0001, "1 ms"),
            (0.0561, "56 ms"),
            (3.06, "3.1 s"),
            (125.0, "2 min 5 s"),
            (7260.0, "2 h 1 min"),
        ] {
            assert_eq!(time_shown(seconds), shown);
        }
    }

    #[test]
    fn nothing_escapes() {
        assert_eq!(json("</script><!--"), "\"\\u003c/script>\\u003c!--\"");
        assert_eq!(
            escaped("<a b='c' d=\"e\">&"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;"
        );
        assert_eq!(
            name_shown(OsStr::new("a\u{202e}b")),
            ("a\\u{202e}b".to_owned(), true)
        );
        assert_eq!(
            name_shown(OsStr::new("plain.bmp")),
            ("plain.bmp".to_owned(), false)
        );
    }

    /// The template names nothing that is not filled in.
    #[test]
    fn the_template_is_filled() {
        for part in TEMPLATE.split("{{").skip(1) {
            let (name, _) = part.split_once("}}").unwrap();
            let known = [
                "nonce",
                "style",
                "script",
                "title",
                "when",
                "version",
                "state",
                "notice",
                "summary",
                "failures",
                "histogram",
                "side",
                "pictures_note",
                "rows",
                "pictures",
            ];
            assert!(known.contains(&name), "{name}");
        }
    }
}
