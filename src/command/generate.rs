//! Man page, completions and the README's tables, made from the command line's grammar.

use std::fmt::Write as _;
use std::io::{self, Write};

use clap::builder::{EnumValueParser, StyledStr};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueEnum, ValueHint};
use clap_complete::Shell;
use clap_mangen::Man;
use roff::{Roff, bold, roman};

use super::help::{EXAMPLES, EXIT_STATUS};

/// What can be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The man page, as roff.
    Man,
    /// Options and exit codes, as tables for a README.
    Markdown,
    /// Completions for bash.
    CompleteBash,
    /// Completions for zsh.
    CompleteZsh,
    /// Completions for fish.
    CompleteFish,
    /// Completions for elvish.
    CompleteElvish,
    /// Completions for `PowerShell`.
    CompletePowershell,
}

/// `--generate KIND`, which stands apart from the grammar so that no completion offers it.
pub(super) fn option() -> Arg {
    Arg::new("generate")
        .long("generate")
        .value_name("KIND")
        .value_parser(EnumValueParser::<Kind>::new())
        .exclusive(true)
        .hide(true)
}

/// What `--generate` asks for.
pub(super) fn asked_for(matches: &ArgMatches) -> Option<Kind> {
    matches.get_one("generate").copied()
}

/// Writes it to `out`.
pub(super) fn generate(kind: Kind, mut command: Command, out: &mut dyn Write) -> io::Result<()> {
    let shell = match kind {
        Kind::Man => return man(command, out),
        Kind::Markdown => return markdown(command, out),
        Kind::CompleteElvish => return elvish(command, out),
        Kind::CompleteBash => return bash(command, out),
        Kind::CompletePowershell => return powershell(command, out),
        Kind::CompleteZsh => return zsh(command, out),
        Kind::CompleteFish => Shell::Fish,
    };
    out.write_all(&completions(shell, &mut command))
}

/// The script that `clap_complete` makes. It cannot hand on a failed write, so it gets none.
fn completions(shell: Shell, command: &mut Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "rot90", &mut script);
    script
}

/// Completions for zsh. `*::` would mean that behind the first operand there are operands alone.
fn zsh(mut command: Command, out: &mut dyn Write) -> io::Result<()> {
    let script = completions(Shell::Zsh, &mut command);
    let script = String::from_utf8_lossy(&script);
    out.write_all(script.replace("'*::patterns", "'*:patterns").as_bytes())
}

/// Completions for bash, which takes `--format=json` apart into three words: what stands before
/// the equals sign is the word that counts.
fn bash(mut command: Command, out: &mut dyn Write) -> io::Result<()> {
    const BEFORE: &str = "    prev=\"$3\"\n";
    const APART: &str = r#"    if [[ "${cur}" == "=" ]]; then
        cur=""
    elif [[ "${prev}" == "=" && COMP_CWORD -ge 2 ]]; then
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
"#;
    let script = completions(Shell::Bash, &mut command);
    let script = String::from_utf8_lossy(&script);
    let script = script.replacen(BEFORE, &format!("{BEFORE}{APART}"), 1);
    out.write_all(script.as_bytes())
}

/// Completions for `PowerShell`. Those of `clap_complete` end with the first operand, know no values,
/// and offer options where a file is looked for.
fn powershell(mut command: Command, out: &mut dyn Write) -> io::Result<()> {
    command.build();
    let mut options = String::new();
    let mut values = String::new();
    for argument in command.get_arguments().filter(|one| !one.is_hide_set()) {
        let help = quoted_help(argument.get_help());
        let possible: Vec<_> = argument
            .get_possible_values()
            .iter()
            .map(|value| single_quoted(value.get_name()))
            .collect();
        for name in names(argument) {
            let _ = writeln!(options, "        , @('{name}', {help})");
            if argument.get_action().takes_values() && !possible.is_empty() {
                let _ = writeln!(values, "        '{name}' = {}", possible.join(", "));
            }
        }
    }
    write!(
        out,
        r#"Register-ArgumentCompleter -Native -CommandName 'rot90' -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)

    function offer($text, $kind, $help) {{
        [System.Management.Automation.CompletionResult]::new($text, $text, $kind, $help)
    }}
    $values = @{{
{values}    }}
    $options = @(
{options}    )
    $before = $commandAst.CommandElements |
        Where-Object {{ $_.Extent.EndOffset -lt $cursorPosition }} |
        ForEach-Object {{ $_.Extent.Text }}
    $last = $before | Select-Object -Last 1
    if ($values.ContainsKey($last)) {{
        foreach ($value in $values[$last]) {{
            if ($value -clike "$wordToComplete*") {{ offer $value 'ParameterValue' $value }}
        }}
    }} elseif ($wordToComplete -match '^(--[^=]+)=' -and $values.ContainsKey($Matches[1])) {{
        foreach ($value in $values[$Matches[1]]) {{
            $text = $Matches[1] + '=' + $value
            if ($text -clike "$wordToComplete*") {{ offer $text 'ParameterValue' $value }}
        }}
    }} elseif ($wordToComplete.StartsWith('-') -and $before -cnotcontains '--') {{
        foreach ($option in $options) {{
            if ($option[0] -clike "$wordToComplete*") {{
                offer $option[0] 'ParameterName' $option[1]
            }}
        }}
    }}
    # Where nothing is offered, PowerShell completes the names of files.
}}
"#
    )
}

/// Completions for elvish. Those of `clap_complete` know options alone, and a completer of one's
/// own takes the place of elvish's for files: with them no name could be completed any more.
fn elvish(mut command: Command, out: &mut dyn Write) -> io::Result<()> {
    command.build();
    let mut options = String::new();
    let mut values = String::new();
    let mut others = Vec::new();
    for argument in command.get_arguments().filter(|one| !one.is_hide_set()) {
        let names = names(argument);
        let help = quoted_help(argument.get_help());
        for name in &names {
            let _ = writeln!(options, "        option {name} {help}");
        }
        if names.is_empty() || !argument.get_action().takes_values() {
            continue;
        }
        let possible = argument.get_possible_values();
        if !possible.is_empty() {
            let names = names.join(" ");
            let _ = writeln!(values, "    for name [{names}] {{ set values[$name] = [");
            for value in possible {
                let help = quoted_help(value.get_help());
                let _ = writeln!(values, "        [{} {help}]", value.get_name());
            }
            let _ = writeln!(values, "    ] }}");
        } else if argument.get_value_hint() == ValueHint::Unknown {
            others.extend(names);
        }
    }
    let others = others.join(" ");
    write!(
        out,
        r"use str

set edit:completion:arg-completer[rot90] = {{|@words|
    fn option {{|name help|
        edit:complex-candidate $name &display=$name'  '$help
    }}
    # What stands for itself: a number or a size.
    var free = [{others}]
    var values = [&]
{values}    var word = $words[-1]
    var before = $words[-2]
    if (has-key $values $before) {{
        for value $values[$before] {{ option $@value }}
    }} elif (has-value $free $before) {{
        nop
    }} elif (and (str:has-prefix $word -) (not (has-value $words[..-1] --))) {{
{options}    }} else {{
        edit:complete-filename $@words
    }}
}}
"
    )
}

/// What an option is called, with its dashes.
fn names(argument: &Arg) -> Vec<String> {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    short.into_iter().chain(long).collect()
}

fn quoted_help(help: Option<&StyledStr>) -> String {
    single_quoted(&help.map(ToString::to_string).unwrap_or_default())
}

/// Text as elvish and `PowerShell` want it.
fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A section that is more than options: tagged paragraphs, or plain ones where the tag is empty.
type Section = (&'static str, &'static [(&'static str, &'static str)]);

const RESULTS: Section = (
    "RESULTS",
    &[
        (
            "",
            "Standard output carries the results alone, in the order of the operands, and within \
             a pattern in byte order of the paths. A file that was turned has the record \
             {\"input\": …, \"output\": …, \"width\": …, \"height\": …, \"mean\": …}, with the width and \
             height of the output; one that failed has {\"input\": …, \"error\": …}. A path that is \
             not UTF-8 stands as {\"bytes\": \"<base64>\"}.",
        ),
        (
            "",
            "The mean is that of the 8-bit red, green and blue samples of all pixels, alpha left \
             out: exact integer sums, divided once.",
        ),
        (
            "",
            "Messages, progress and the summary go to standard error.",
        ),
    ],
);

const FILES: Section = (
    "FILES",
    &[
        (
            "NAME_rot90.EXT",
            "The output of NAME.EXT, beside it or below --output-dir. It appears whole or not at \
             all. An input that carries the output name of another input is an earlier result and \
             is skipped.",
        ),
        (
            ".rot90-*",
            "The name that an output may have for an instant before it takes the place of \
             another. None stays behind, even if rot90 is killed.",
        ),
    ],
);

const ENVIRONMENT: Section = (
    "ENVIRONMENT",
    &[
        (
            "ROT90_KERNEL",
            "The instruction set to use: portable, ssse3, avx2, avx512 or neon. Without it, the \
             best that the processor has. The results are the same.",
        ),
        (
            "NO_COLOR, TERM",
            "With a NO_COLOR that is not empty nothing is coloured; with TERM=dumb there is no bar \
             either.",
        ),
        (
            "COLUMNS",
            "The width of the bar where --progress always shows one off a terminal.",
        ),
    ],
);

const SEE_ALSO: Section = (
    "SEE ALSO",
    &[("", "cp(1), find(1), jq(1), make(1), bash(1)")],
);

fn man(mut command: Command, out: &mut dyn Write) -> io::Result<()> {
    command.build();
    let version = command.get_version().unwrap_or_default().to_owned();
    let man = Man::new(command.clone());
    // Without a date, which would change with every build; the generator's own title would then
    // put everything after it in the wrong place.
    writeln!(out, ".ie \\n(.g .ds Aq \\(aq")?;
    writeln!(out, ".el .ds Aq '")?;
    writeln!(
        out,
        ".TH ROT90 1 \"\" \"rot90 {version}\" \"User Commands\""
    )?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    // The groups of options are parts of one section, as manuals have it.
    let mut options = Vec::new();
    man.render_options_section(&mut options)?;
    let mut roff = Roff::new();
    roff.control("SH", ["OPTIONS"]);
    roff.to_writer(out)?;
    for line in String::from_utf8_lossy(&options).lines() {
        match line.strip_prefix(".SH ") {
            Some(group) => writeln!(out, ".SS {}", capitalised(group.trim_matches('"')))?,
            None => writeln!(out, "{line}")?,
        }
    }
    section(&RESULTS, out)?;
    section(&("EXIT STATUS", &EXIT_STATUS), out)?;
    section(&FILES, out)?;
    section(&ENVIRONMENT, out)?;
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    for example in &EXAMPLES {
        roff.control("TP", []);
        roff.text([bold(example.line)]);
        roff.text([roman(example.meaning)]);
    }
    roff.to_writer(out)?;
    section(&SEE_ALSO, out)
}

fn section((title, paragraphs): &(&str, &[(&str, &str)]), out: &mut dyn Write) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [*title]);
    for (tag, text) in *paragraphs {
        if tag.is_empty() {
            roff.control("PP", []);
        } else {
            roff.control("TP", []);
            roff.text([bold(*tag)]);
        }
        roff.text([roman(*text)]);
    }
    roff.to_writer(out)
}

/// `INPUT` → `Input`.
fn capitalised(word: &str) -> String {
    let lower = word.to_lowercase();
    let mut characters = lower.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// The options in the order of the help, those of the help itself left out, and the exit codes.
fn markdown(mut command: Command, out: &mut dyn Write) -> io::Result<()> {
    command.build();
    writeln!(out, "| option | meaning |\n|---|---|")?;
    for argument in command.get_arguments() {
        let of_help = matches!(
            argument.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        );
        if argument.is_hide_set() || of_help {
            continue;
        }
        let meaning = argument.get_help().map(ToString::to_string);
        writeln!(
            out,
            "| {} | {} |",
            name(argument).replace('|', "\\|"),
            meaning.unwrap_or_default().replace('|', "\\|")
        )?;
    }
    writeln!(out, "\n| exit | when |\n|---|---|")?;
    for (code, when) in EXIT_STATUS {
        writeln!(out, "| {code} | {when} |")?;
    }
    Ok(())
}

/// "`-o`, `--output-dir DIR`"
fn name(argument: &Arg) -> String {
    let values: Vec<_> = argument
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    let takes_value = argument.get_action().takes_values();
    let value = match argument.get_value_names() {
        Some([name, ..]) if takes_value && values.is_empty() => name.to_string(),
        _ if takes_value => values.join("|"),
        _ => String::new(),
    };
    let Some(long) = argument.get_long() else {
        return format!("`<{value}>...`");
    };
    let long = format!("--{long} {value}");
    let long = format!("`{}`", long.trim_end());
    match argument.get_short() {
        Some(short) => format!("`-{short}`, {long}"),
        None => long,
    }
}
