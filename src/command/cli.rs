//! The command line, resolved once into a [`Config`].

use std::ffi::OsString;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PathBufValueParser, TypedValueParser as _};
use clap::{ArgAction, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum, ValueHint};

use super::{ALL_DONE, SOME_FAILED, WRONG_USAGE, generate, help, mistyped, page};
use crate::{Existing, text};

/// Turns bitmaps a quarter turn clockwise, in bulk.
///
/// Each input NAME.bmp is turned into NAME_rot90.bmp beside it, losslessly: same depth, palette,
/// masks, colour profile and resolution. The results, with the mean of each picture, are printed
/// in order as JSON.
#[derive(Debug, Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option without a value"
)]
#[expect(clippy::doc_markdown, reason = "this is the help's text")]
#[command(
    name = "rot90",
    version,
    max_term_width = 100,
    override_usage = "rot90 [OPTIONS] <PATTERN>...\n       rot90 [OPTIONS] --files0-from <FILE>",
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = help::after_short_help(),
    after_long_help = help::after_long_help(),
)]
struct Arguments {
    /// Paths, or patterns (`*` `?` `[…]` `**`) that rot90 expands itself: quote them.
    ///
    /// An operand that names an existing file is taken literally. A file that carries the output
    /// name of another input is an earlier result and is skipped.
    #[arg(
        value_name = "PATTERN",
        required_unless_present = "files0_from",
        help_heading = "Input",
        display_order = 0,
        value_hint = ValueHint::FilePath
    )]
    patterns: Vec<OsString>,

    /// Read names separated by NUL from FILE; `-` is standard input.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "patterns",
        help_heading = "Input",
        display_order = 1,
        value_hint = ValueHint::FilePath
    )]
    files0_from: Option<PathBuf>,

    /// Write the outputs below DIR, which is made if missing.
    ///
    /// Each input keeps its path below the fixed part of its pattern; a literal operand keeps its
    /// file name alone.
    #[arg(
        short,
        long,
        value_name = "DIR",
        help_heading = "Output",
        value_hint = ValueHint::DirPath
    )]
    output_dir: Option<PathBuf>,

    /// Print an array of records, a record a line, or an array of the means.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "json",
        help_heading = "Output"
    )]
    format: Format,

    /// Leave alone an output that is not older than its input; its mean is still reported.
    #[arg(long, conflicts_with = "no_clobber", help_heading = "Output")]
    update: bool,

    /// Fail where an output exists already.
    #[arg(long, help_heading = "Output")]
    no_clobber: bool,

    /// Print what would be done, and do nothing.
    #[arg(long, help_heading = "Output")]
    dry_run: bool,

    /// fsync each output and its directory before it is reported.
    #[arg(long, help_heading = "Output")]
    durable: bool,

    /// Number of threads [default: the CPUs this process may use].
    #[arg(short, long, value_name = "N", value_parser = parse_workers, allow_negative_numbers = true, help_heading = "Performance")]
    workers: Option<NonZeroUsize>,

    /// The most memory for a picture, as 512M or 2G [default: half of what this process may use].
    #[arg(long, value_name = "SIZE", value_parser = parse_size, allow_negative_numbers = true, help_heading = "Performance")]
    max_memory: Option<u64>,

    /// Start no new file after the first failure.
    #[arg(long, help_heading = "Performance")]
    fail_fast: bool,

    /// Write a page with all results and small pictures to FILE, which ends with .html.
    ///
    /// It is one file that needs no network: failures first, the means as a histogram, and
    /// pictures before and after, sortable and searchable.
    #[arg(
        long,
        value_name = "FILE",
        value_parser = PathBufValueParser::new().try_map(page::parse_name),
        conflicts_with = "dry_run",
        help_heading = "Reporting",
        value_hint = ValueHint::FilePath
    )]
    report: Option<PathBuf>,

    /// Show a progress bar on standard error; `auto`: if that is a terminal.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Reporting"
    )]
    progress: When,

    /// Print no progress and no summary; failures are still told.
    #[arg(short, long, overrides_with = "verbose", help_heading = "Reporting")]
    quiet: bool,

    /// Tell more on standard error; twice: of every file.
    #[arg(short, long, action = ArgAction::Count, help_heading = "Reporting")]
    verbose: u8,

    /// Print help: `-h` for short, `--help` in full.
    #[arg(short, long, action = ArgAction::Help, help_heading = "Help")]
    help: Option<bool>,

    /// Print the version.
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Help")]
    version: Option<bool>,
}

/// The form of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One array, a record a line.
    Json,
    /// A record a line, each as soon as it is known.
    Jsonl,
    /// One array of the means, null for a failed file.
    Means,
}

/// When the bar is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// If standard error is a terminal.
    Auto,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

/// Where the names of the inputs come from.
#[derive(Debug)]
pub(crate) enum Operands {
    Patterns(Vec<OsString>),
    List(PathBuf),
    /// None: the batch is over, and its page is to be made from the records.
    Records,
}

/// What a run is to do.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) operands: Operands,
    pub(crate) output_dir: Option<PathBuf>,
    pub(crate) format: Format,
    pub(crate) existing: Existing,
    pub(crate) dry_run: bool,
    pub(crate) durable: bool,
    pub(crate) workers: usize,
    pub(crate) max_memory: Option<u64>,
    pub(crate) fail_fast: bool,
    pub(crate) report: Option<PathBuf>,
    pub(crate) progress: When,
    /// Messages other than failures: 0 none, 1 the summary, 2 and 3 more.
    pub(crate) talk: u8,
}

/// Parses the arguments; what is not a run comes back as an exit code, its text printed.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<Config, ExitCode> {
    let grammar = mistyped::with_foreign_options(Arguments::command()).arg(generate::option());
    let mut grammar = page::records::with_option(grammar);
    let mut records = false;
    let mut kind = None;
    let dashed = mistyped::dashed(&arguments);
    let matches = match mistyped::with_one_dash(&grammar, &dashed) {
        Some(error) => Err(error),
        None => grammar.try_get_matches_from_mut(arguments),
    };
    let parsed = matches.and_then(|matches| {
        kind = generate::asked_for(&matches);
        records = page::records::asked_for(&matches);
        Arguments::from_arg_matches(&matches)
    });
    let arguments = parsed.map_err(|mut error| {
        mistyped::explain(&mut error, &grammar, &dashed);
        if error.use_stderr() {
            let message = error.render().to_string();
            // An argument may hold what a terminal would obey.
            if message
                .chars()
                .any(|character| character.is_control() && character != '\n')
            {
                let lines: Vec<_> = message.lines().map(text::shown_text).collect();
                eprint_line(&lines.join("\n"));
            } else {
                let _ = error.print();
            }
            return ExitCode::from(WRONG_USAGE);
        }
        match error.print() {
            Ok(()) => ExitCode::from(ALL_DONE),
            Err(error) => unprinted(error),
        }
    })?;
    if let Some(kind) = kind {
        let mut out = std::io::stdout().lock();
        let written = generate::generate(kind, Arguments::command(), &mut out);
        return Err(match written.and_then(|()| out.flush()) {
            Ok(()) => ExitCode::from(ALL_DONE),
            Err(error) => unprinted(error),
        });
    }
    let existing = match (arguments.update, arguments.no_clobber) {
        (true, _) => Existing::KeepNewer,
        (_, true) => Existing::Refuse,
        _ => Existing::Replace,
    };
    Ok(Config {
        operands: match arguments.files0_from {
            _ if records => Operands::Records,
            Some(list) => Operands::List(list),
            None => Operands::Patterns(arguments.patterns),
        },
        output_dir: arguments.output_dir,
        format: arguments.format,
        existing,
        dry_run: arguments.dry_run,
        durable: arguments.durable,
        workers: arguments
            .workers
            .map_or_else(default_workers, NonZeroUsize::get),
        max_memory: arguments.max_memory,
        fail_fast: arguments.fail_fast,
        report: arguments.report,
        progress: if arguments.quiet {
            When::Never
        } else {
            arguments.progress
        },
        talk: if arguments.quiet {
            0
        } else {
            1 + arguments.verbose.min(2)
        },
    })
}

/// Tells that a text could not be printed, unless nobody wants it any more.
fn unprinted(error: std::io::Error) -> ExitCode {
    if error.kind() != std::io::ErrorKind::BrokenPipe {
        let reason = crate::Error::io("cannot write to standard output", error);
        eprint_line(&format!("rot90: {reason}"));
    }
    ExitCode::from(SOME_FAILED)
}

fn eprint_line(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

/// The CPUs this process may use: affinity and control-group quota counted in.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn parse_workers(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "the number of threads is a whole number, 1 or more".to_owned())
}

/// `4096`, `512M`, `2G`, `1.5GiB`: K, M, G and T are powers of 1,024.
fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || {
        "a size is a number of bytes, or one with K, M, G or T behind it, such as 512M".to_owned()
    };
    let digits = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err(wrong()),
    };
    let size = match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(1 << shift).ok_or_else(wrong)?,
        Err(_) if !number.contains('.') => return Err(wrong()),
        Err(_) => (number.parse::<f64>().map_err(|_| wrong())? * (1_u64 << shift) as f64) as u64,
    };
    if size == 0 { Err(wrong()) } else { Ok(size) }
}
