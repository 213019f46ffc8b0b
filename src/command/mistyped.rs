//! Options that are mistyped, or another program's, and what to type instead.

use std::ffi::OsString;
use std::path::Path;

use clap::builder::{StyledStr, UnknownArgumentValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, Error};

use super::hints::quoted;
use super::names;

/// Options that other programs have and this one has not, with what it has instead.
pub(super) fn with_foreign_options(command: Command) -> Command {
    const TREE: &str = "write the pattern as 'DIR/**/*.bmp' for all folders below DIR";
    const REPLACED: &str = "an output that exists is replaced, unless --no-clobber is given";
    const TURN: &str = "each run turns by 90 degrees clockwise; for 180, run it on its outputs too";
    let flag = |name: &'static str, tip: &'static str| {
        let tip = UnknownArgumentValueParser::suggest(tip);
        let option = Arg::new(name).long(name).hide(true);
        option.action(ArgAction::SetTrue).value_parser(tip)
    };
    let valued = |name: &'static str, tip: UnknownArgumentValueParser| {
        let option = Arg::new(name).long(name).hide(true);
        option.value_name("N").value_parser(tip)
    };
    let workers = |name| valued(name, UnknownArgumentValueParser::suggest_arg("--workers"));
    let turn = |name| valued(name, UnknownArgumentValueParser::suggest(TURN));
    command.args([
        workers("jobs").short('j'),
        workers("threads"),
        flag("recursive", TREE).short('r'),
        flag("json", "JSON is the default; see --format"),
        flag("force", REPLACED).short('f'),
        flag("overwrite", REPLACED),
        flag(
            "simulate",
            "--dry-run prints what would be done; --no-clobber keeps outputs that exist",
        )
        .short('n'),
        flag("silent", "a similar argument exists: '--quiet'").short('s'),
        flag("no-progress", "write --progress never"),
        flag("stdin", "write --files0-from - for names on standard input"),
        turn("angle"),
        turn("degrees"),
        flag("clockwise", TURN),
        flag(
            "completions",
            "write --generate complete-bash, or -zsh, -fish, -elvish, -powershell",
        ),
    ])
}

/// An option of several letters behind one dash, which would be taken for options of one letter:
/// `-output-dir out` would write into a folder `utput-dir`.
pub(super) fn with_one_dash(command: &Command, dashed: &[String]) -> Option<Error> {
    for word in dashed {
        let name = word.split('=').next().unwrap_or_default();
        let Some(name) = name.strip_prefix('-').filter(|name| name.len() > 2) else {
            continue;
        };
        let meant = command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set() && argument.get_id() != "help")
            .find_map(|argument| argument.get_long().filter(|long| long.starts_with(name)))
            .or_else(|| (name == "outdir").then_some("output-dir"));
        if let Some(meant) = meant {
            let mut error = Error::new(ErrorKind::UnknownArgument).with_cmd(command);
            let usage = command.clone().render_usage();
            let meant = format!("--{meant}");
            error.insert(
                ContextKind::InvalidArg,
                ContextValue::String(format!("-{name}")),
            );
            error.insert(ContextKind::SuggestedArg, ContextValue::String(meant));
            error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
            return Some(error);
        }
    }
    None
}

/// Puts what to type instead into an error about the arguments.
pub(super) fn explain(error: &mut Error, command: &Command, dashed: &[String]) {
    match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            suggest(error, "for all bitmaps of this folder: rot90 '*.bmp'");
        }
        ErrorKind::UnknownArgument => explain_unknown(error, command, dashed),
        _ => {}
    }
}

fn explain_unknown(error: &mut Error, command: &Command, dashed: &[String]) {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else {
        return;
    };
    let unknown = unknown.clone();
    let long = unknown.split(' ').next().unwrap_or_default().to_owned();
    let typed = dashed.iter().any(|word| word.starts_with(&long));
    // A name that begins with a dash, which a pattern in the shell may well give.
    let is_name = |word: &&String| (!typed || word.starts_with(&long)) && Path::new(word).is_file();
    if let Some(name) = dashed.iter().find(is_name) {
        error.remove(ContextKind::SuggestedArg);
        let name = quoted(format!("./{name}").as_ref());
        suggest(error, &format!("the file of that name is {name}"));
        return;
    }
    // The parser's own advice is to take the option for a name.
    if let Some(ContextValue::StyledStrs(tips)) = error.get(ContextKind::Suggested)
        && tips
            .iter()
            .any(|tip| tip.to_string().contains(" as a value, use "))
    {
        error.remove(ContextKind::Suggested);
        let letter = unknown.strip_prefix('-').and_then(|rest| rest.parse().ok());
        let other_case = |letter: char| {
            if letter.is_lowercase() {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            }
        };
        let meant = letter.map(other_case).filter(|&meant| {
            command
                .get_arguments()
                .any(|argument| argument.get_short() == Some(meant) && !argument.is_hide_set())
        });
        if let Some(meant) = meant {
            let meant = ContextValue::String(format!("-{meant}"));
            error.insert(ContextKind::SuggestedArg, meant);
        }
        return;
    }
    // One of another program's, by its letter: the error has the long name, which nobody typed.
    let short = command
        .get_arguments()
        .find(|argument| argument.get_long() == long.strip_prefix("--"))
        .and_then(Arg::get_short)
        .filter(|_| !typed);
    if let Some(short) = short {
        let short = ContextValue::String(format!("-{short}"));
        error.insert(ContextKind::InvalidArg, short);
    }
}

fn suggest(error: &mut Error, tip: &str) {
    let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip.to_owned())]);
    error.insert(ContextKind::Suggested, tips);
}

/// The words that are taken for options.
pub(super) fn dashed(arguments: &[OsString]) -> Vec<String> {
    let words = arguments.iter().skip(1);
    let before = words.take_while(|word| *word != "--");
    before
        .filter(|word| names::bytes(word).starts_with(b"-") && *word != "-")
        .filter_map(|word| word.to_str().map(str::to_owned))
        .collect()
}
