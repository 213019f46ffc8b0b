//! Man page and completions, made from the command line's grammar.

use std::io::{self, Write};

use clap::{Command, CommandFactory as _, ValueEnum as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::Config;
use super::args::help::{EXAMPLES, EXIT_STATUS};

/// Writes what `--generate` asks for to `out`.
pub(crate) fn generate(kind: &str, out: &mut dyn Write) -> io::Result<()> {
    match kind.strip_prefix("complete-") {
        Some(shell) => {
            let shell = Shell::from_str(shell, false).map_err(io::Error::other)?;
            // It panics where it cannot write, so it writes where it can.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut visible(), "rot90", &mut script);
            out.write_all(&script)
        }
        None => man(out),
    }
}

/// The grammar without hidden options, which completions would offer.
fn visible() -> Command {
    let grammar = Config::command();
    let arguments = grammar.get_arguments().filter(|one| !one.is_hide_set());
    Command::new("rot90")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args(arguments.cloned())
}

fn man(out: &mut dyn Write) -> io::Result<()> {
    // All options in one section, as manuals have it.
    let command = Config::command().mut_args(|argument| argument.help_heading(None));
    let version = command.get_version().unwrap_or_default().to_owned();
    // A date would change with every build, and without one the generator leaves out its place.
    let man = Man::new(command)
        .date(version.clone())
        .source(format!("rot90 {version}"))
        .manual("User Commands");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    section("EXIT STATUS", &EXIT_STATUS, out)?;
    section("EXAMPLES", &EXAMPLES, out)
}

fn section(title: &str, paragraphs: &[(&str, &str)], out: &mut dyn Write) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (tag, text) in paragraphs {
        roff.control("TP", []);
        roff.text([bold(*tag)]);
        roff.text([roman(*text)]);
    }
    roff.to_writer(out)
}
