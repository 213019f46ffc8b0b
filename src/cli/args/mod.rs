//! The command line: a [`Config`]. A leaf, which knows nothing of the rest of the command.

pub(crate) mod help;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory as _, Parser, ValueEnum};
use rot90::IfExists;

/// Every file was rotated.
pub(crate) const ALL_DONE: u8 = 0;
/// Some file failed, a pattern matched nothing, or standard output could not be written.
pub(crate) const SOME_FAILED: u8 = 1;
/// Wrong usage or conflicting outputs: nothing was touched.
pub(crate) const WRONG_USAGE: u8 = 2;

/// The least that `--max-memory` may be: headers and a strip of a picture of usual size.
const LEAST_MEMORY: u64 = 1 << 20;

/// What can be generated; a name of a shell is that of its completions.
const KINDS: [&str; 6] = [
    "man",
    "complete-bash",
    "complete-zsh",
    "complete-fish",
    "complete-elvish",
    "complete-powershell",
];

/// Rotates bitmaps (BMP files) by 90 degrees clockwise, in bulk and without loss.
///
/// The output of NAME.bmp is NAME_rot90.bmp beside it, with the same depth, palette, masks, colour
/// profile and resolution. The results, with the mean of each picture, are printed in order as
/// JSON.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
#[expect(clippy::doc_markdown, reason = "this is the help's text")]
#[command(
    version,
    max_term_width = 100,
    args_override_self = true,
    override_usage = "rot90 [OPTIONS] <PATTERN>...\n       rot90 [OPTIONS] --files0-from <FILE>",
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = help::after_short_help(),
    after_long_help = help::after_long_help(),
)]
pub(crate) struct Config {
    /// Files, or quoted patterns (* ? […] **), which rot90 expands itself.
    ///
    /// An operand that names an existing file is taken literally, whatever characters it has. A
    /// file named like the output of another input is an earlier result and is skipped.
    #[arg(value_name = "PATTERN", help_heading = "Input", display_order = 0)]
    pub(crate) patterns: Vec<OsString>,

    /// Read NUL-terminated names from FILE (- for standard input).
    #[arg(long, value_name = "FILE", conflicts_with = "patterns")]
    #[arg(help_heading = "Input")]
    pub(crate) files0_from: Option<PathBuf>,

    /// Write outputs below DIR, which is created if missing.
    ///
    /// Each input keeps its path below the fixed part of its pattern; an operand that is not a
    /// pattern keeps only its file name.
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    pub(crate) output_dir: Option<PathBuf>,

    /// Format of the results.
    #[arg(long, default_value = "json", help_heading = "Output")]
    pub(crate) format: Format,

    /// Print each record as soon as its file is done, in any order (requires --format jsonl).
    #[arg(long, help_heading = "Output")]
    pub(crate) unordered: bool,

    /// Skip outputs that are up to date (their means are still reported).
    ///
    /// An output is up to date if it has the expected size and is not older than its input.
    #[arg(long, conflicts_with = "no_clobber", help_heading = "Output")]
    update: bool,

    /// Fail each file whose output already exists.
    #[arg(long, help_heading = "Output")]
    no_clobber: bool,

    /// Give outputs the times of their inputs, and the owner and mode where permitted.
    #[arg(short, long, help_heading = "Output")]
    pub(crate) preserve: bool,

    /// Show what would be done without doing it.
    ///
    /// Files are looked up but not decoded: only a real run finds every damaged one.
    #[arg(long, help_heading = "Output")]
    pub(crate) dry_run: bool,

    /// Flush each output to the disk (fsync) before reporting it.
    #[arg(long, help_heading = "Output")]
    pub(crate) durable: bool,

    /// Number of threads [default: the CPUs this process may use].
    #[arg(short, long, value_name = "N", value_parser = parse_workers, allow_negative_numbers = true)]
    #[arg(help_heading = "Performance")]
    workers: Option<NonZeroUsize>,

    /// Memory limit for each picture, such as 512M or 2G [default: half of what this process may
    /// use].
    #[arg(long, value_name = "SIZE", value_parser = parse_size, allow_negative_numbers = true)]
    #[arg(help_heading = "Performance")]
    max_memory: Option<u64>,

    /// Start no new file after the first failure.
    #[arg(long, help_heading = "Performance")]
    pub(crate) fail_fast: bool,

    /// Write a page of all results, with thumbnails, to FILE, whose name ends in .html.
    #[arg(long, value_name = "FILE", value_parser = page_name(), conflicts_with = "dry_run")]
    #[arg(help_heading = "Reporting")]
    pub(crate) report: Option<PathBuf>,

    /// How many files get thumbnails in the report.
    #[arg(long, value_name = "all|N", value_parser = parse_pictures, allow_negative_numbers = true)]
    #[arg(default_value = "200", requires = "report", help_heading = "Reporting")]
    pub(crate) report_pictures: usize,

    /// When to show progress on standard error; auto: if that is a terminal.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    #[arg(help_heading = "Reporting")]
    pub(crate) progress: When,

    /// Print no progress and no summary, only what failed or could not be kept; overrides --verbose.
    #[arg(short, long, help_heading = "Reporting")]
    pub(crate) quiet: bool,

    /// Print the number of threads, and the files that are skipped.
    #[arg(short, long, help_heading = "Reporting")]
    pub(crate) verbose: bool,

    /// Print help: -h for a summary, --help for everything.
    #[arg(short, long, action = ArgAction::Help, help_heading = "Help")]
    help: Option<bool>,

    /// Print the version.
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Help")]
    version: Option<bool>,

    /// Print the man page, or the completions for a shell.
    #[arg(long, value_name = "KIND", value_parser = KINDS, exclusive = true)]
    #[arg(help_heading = "Help")]
    pub(crate) generate: Option<String>,

    /// For programs that spread a batch over machines.
    #[arg(long, requires = "report", conflicts_with = "patterns", hide = true)]
    pub(crate) report_of_records: bool,
}

/// The form of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One array, with a record on each line.
    Json,
    /// One record per line, each written as soon as it and all before it are known.
    Jsonl,
    /// One array of the means, with null for a failed file.
    Means,
}

/// When the bar is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

impl Config {
    /// The threads asked for, or the CPUs this process may use: affinity and quota counted in.
    pub(crate) fn workers(&self) -> usize {
        let cpus = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.workers.map_or_else(cpus, NonZeroUsize::get)
    }

    pub(crate) fn max_memory(&self) -> u64 {
        self.max_memory.unwrap_or_else(rot90::default_max_memory)
    }

    pub(crate) fn if_exists(&self) -> IfExists {
        match (self.update, self.no_clobber) {
            (true, _) => IfExists::KeepUpToDate,
            (_, true) => IfExists::Refuse,
            _ => IfExists::Replace,
        }
    }
}

/// Parses the arguments; an error may also be the help or the version that was asked for.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Config, clap::Error> {
    check_dashes(arguments)?;
    let config = Config::try_parse_from(arguments).map_err(|mut error| {
        if error.kind() == ErrorKind::UnknownArgument {
            // Without the tip to put `--` before it: it is hardly ever the name of a file.
            error.insert(ContextKind::Suggested, ContextValue::None);
        }
        error
    })?;
    if config.unordered && config.format != Format::Jsonl {
        let text = "--unordered requires --format jsonl";
        return Err(Config::command().error(ErrorKind::ArgumentConflict, text));
    }
    let names_nothing = config.patterns.is_empty() && config.files0_from.is_none();
    if names_nothing && config.generate.is_none() && !config.report_of_records {
        let text = "no files given; for all bitmaps in this folder: rot90 \"*.bmp\"";
        return Err(Config::command().error(ErrorKind::MissingRequiredArgument, text));
    }
    Ok(config)
}

/// Refuses `-output-dir` for `--output-dir`: the grammar alone would write into a folder
/// `utput-dir`. Three letters of a long name are enough; `-odir` is `-o dir`.
fn check_dashes(arguments: &[OsString]) -> Result<(), clap::Error> {
    const LETTERS: usize = 3;
    let command = Config::command();
    let words = arguments.iter().skip(1).take_while(|word| *word != "--");
    for word in words.filter_map(|word| word.to_str()) {
        let Some(begin) = word.strip_prefix('-').and_then(|name| name.get(..LETTERS)) else {
            continue;
        };
        let names = command.get_arguments().filter_map(clap::Arg::get_long);
        let alike = names.filter(|long| long.starts_with(begin));
        if let Some(meant) = alike.max_by_key(|long| word[1..].starts_with(long)) {
            let text = format!("unexpected argument '{word}'; did you mean --{meant}?");
            return Err(Config::command().error(ErrorKind::UnknownArgument, text));
        }
    }
    Ok(())
}

fn parse_workers(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "must be a whole number, 1 or more".to_owned())
}

/// The name of a page. A shell makes `--report a.bmp b.bmp` of `--report *.bmp`.
fn page_name() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        // A name that ends with a separator is a folder's.
        let name = path.as_os_str().as_encoded_bytes();
        let is_page = name.to_ascii_lowercase().ends_with(b".html");
        is_page
            .then_some(path)
            .ok_or("must end in .html, such as report.html")
    })
}

fn parse_pictures(text: &str) -> Result<usize, String> {
    if text == "all" {
        return Ok(usize::MAX);
    }
    text.parse()
        .map_err(|_| "must be a whole number, or all".to_owned())
}

/// `4194304`, `512M`, `2G`, `1.5GiB`: K, M, G and T are powers of 1,024.
fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = "must be a number of bytes, or a number followed by K, M, G or T, such as 512M";
    let is_of_unit = |character: char| !character.is_ascii_digit() && character != '.';
    let (number, unit) = text.split_at(text.find(is_of_unit).unwrap_or(text.len()));
    let unit = unit.to_ascii_uppercase();
    let shift = match unit.trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(wrong.to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| wrong)?;
    match (number * (1_u64 << shift) as f64) as u64 {
        size if size >= LEAST_MEMORY => Ok(size),
        _ => Err("must be at least 1M".to_owned()),
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/cli/args.rs"]
mod tests;
