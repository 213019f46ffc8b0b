//! What is made from the command line's grammar and checked in: man page, completions, and the
//! README's options. After a change of the grammar make them again with
//! `ROT90_REGENERATE=1 cargo test --test docs generated`.

use std::fs;

use crate::support::{World, difference, in_project, open_to_write, skip};

const COPIES: [(&str, &str); 6] = [
    ("man", "docs/rot90.1"),
    ("complete-bash", "completions/rot90.bash"),
    ("complete-zsh", "completions/_rot90"),
    ("complete-fish", "completions/rot90.fish"),
    ("complete-elvish", "completions/rot90.elv"),
    ("complete-powershell", "completions/_rot90.ps1"),
];

const BEGIN: &str = "```console\n$ rot90 -h\n";
const END: &str = "```\n";

fn generated(kind: &str) -> String {
    let ran = World::new().rot90(["--generate", kind]).go().exit(0);
    String::from_utf8(ran.silent().stdout).unwrap()
}

/// Checks a file, or writes it where that is asked for.
fn hold(name: &str, expected: &str) {
    let path = in_project(name);
    if std::env::var_os("ROT90_REGENERATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        return fs::write(path, expected).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == expected,
        "{name} has drifted: ROT90_REGENERATE=1 cargo test --test docs generated\n{}",
        difference(expected, &found)
    );
}

#[test]
fn man_page_and_completions_are_those_of_the_grammar() {
    for (kind, name) in COPIES {
        hold(name, &generated(kind));
    }
}

#[test]
fn the_options_of_the_readme_are_those_of_the_grammar() {
    let readme = fs::read_to_string(in_project("README.md")).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the options' begin");
    let (_, after) = rest.split_once(END).expect("the options' end");
    let help = World::new().rot90(["-h"]).go().exit(0);
    let help = String::from_utf8(help.silent().stdout).unwrap();
    hold("README.md", &format!("{before}{BEGIN}{help}{END}{after}"));
}

#[test]
fn every_option_of_the_help_is_in_all_copies() {
    let help = World::new().rot90(["--help"]).go().exit(0);
    let help = String::from_utf8(help.stdout).unwrap();
    let options: Vec<_> = help
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-') && !line.starts_with("- "))
        .filter_map(|line| {
            line.split([' ', ',', '='])
                .find(|word| word.starts_with("--"))
        })
        .map(|option| option.trim_end_matches('.'))
        .collect();
    assert!(options.len() > 12, "{options:?}\n{help}");
    for (_, name) in COPIES {
        let copy = fs::read_to_string(in_project(name)).unwrap();
        let copy = copy.replace("\\-", "-");
        for option in &options {
            // Fish writes long options without their dashes.
            let bare = format!("-l {} ", option.trim_start_matches('-'));
            assert!(
                copy.contains(option) || copy.contains(&bare) || copy.contains(bare.trim_end()),
                "{name} lacks {option}"
            );
        }
        for hidden in ["--report-of-records", "--recursive", "--threads"] {
            assert!(!copy.contains(hidden), "{name} has {hidden}");
        }
    }
}

#[test]
fn the_man_page_renders_without_a_warning() {
    let world = World::new();
    world.write("rot90.1", generated("man"));
    let man = world.run("man", ["--warnings", "-l", "rot90.1"]);
    let Some(ran) = man.env("MANWIDTH", "80").env("LC_ALL", "C.UTF-8").try_go() else {
        return skip(
            "the_man_page_renders_without_a_warning",
            "there is no `man`",
        );
    };
    let text = String::from_utf8(ran.exit(0).silent().stdout).unwrap();
    for section in ["NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "EXAMPLES"] {
        assert!(
            text.lines().any(|line| line == section),
            "no {section}\n{text}"
        );
    }
    let example = r#"rot90 "scans/**/*.bmp" -o rotated"#;
    assert!(text.contains(example), "{text}");
    assert!(!text.contains('`'), "a manual has no backticks\n{text}");
}

#[test]
fn bash_completes_options_and_values() {
    let world = World::new();
    world.write("rot90.bash", generated("complete-bash"));
    if world.run("bash", ["--version"]).try_go().is_none() {
        return skip("bash_completes_options_and_values", "there is no bash");
    }
    let completed = |words: &[&str]| {
        let script = r#". ./rot90.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            _rot90 rot90 "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\n' "${COMPREPLY[@]}""#;
        let ran = world.run("bash", [&["-c", script, "bash"], words].concat());
        String::from_utf8(ran.go().exit(0).stdout).unwrap()
    };
    assert_eq!(completed(&["rot90", "--no"]), "--no-clobber\n");
    assert_eq!(completed(&["rot90", "--format", "js"]), "json\njsonl\n");
    assert_eq!(
        completed(&["rot90", "--progress", ""]),
        "auto\nalways\nnever\n"
    );
    world.write("results.html", "");
    assert_eq!(completed(&["rot90", "--report", "re"]), "results.html\n");
}

/// The same by a person's fingers: bash decides what the words are.
#[test]
fn bash_completes_as_it_is_typed() {
    const TEST: &str = "bash_completes_as_it_is_typed";
    const TYPED: &str = "rot90 --progress al\t-o sc\t --no\t--report res\t\nexit\n";
    let world = World::new();
    world.write("rot90.bash", generated("complete-bash"));
    world.write("results.html", "");
    fs::create_dir(world.path("scans")).unwrap();
    world.write(
        "rc",
        "PS1=; . ./rot90.bash; bind 'set enable-bracketed-paste off'; \
         rot90() { printf '<%s>' \"$@\" >typed-in; }\n",
    );
    let line = "exec bash --rcfile rc -i";
    let ran = world.run("script", ["-qec", line, "/dev/null"]);
    let Some(ran) = ran.input(TYPED).try_go() else {
        return skip(TEST, "there is no program `script`");
    };
    let typed = fs::read_to_string(world.path("typed-in")).unwrap_or_default();
    assert_eq!(
        typed,
        "<--progress><always><-o><scans><--no-clobber><--report><results.html>",
        "{}",
        ran.told()
    );
}

#[test]
fn zsh_completes_as_it_is_typed() {
    const TEST: &str = "zsh_completes_as_it_is_typed";
    const TYPED: &str = "rot90 --upd\t--report res\t--progress al\tsc\t\nexit\n";
    let world = World::new();
    if world.run("zsh", ["--version"]).try_go().is_none() {
        return skip(TEST, "there is no zsh");
    }
    world.write("_rot90", generated("complete-zsh"));
    world.write("results.html", "");
    fs::create_dir(world.path("scans")).unwrap();
    world.write(
        ".zshrc",
        "PS1=; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; bindkey -e; \
         rot90() { printf '<%s>' \"$@\" >typed-in; }\n",
    );
    let ran = world.run("script", ["-qec", "exec zsh -i", "/dev/null"]);
    let ran = ran.env("ZDOTDIR", world.path("").to_str().unwrap());
    let Some(ran) = ran.env("TERM", "xterm").input(TYPED).try_go() else {
        return skip(TEST, "there is no program `script`");
    };
    let typed = fs::read_to_string(world.path("typed-in")).unwrap_or_default();
    assert_eq!(
        typed,
        "<--update><--report><results.html><--progress><always><scans>",
        "{}",
        ran.told()
    );
}

#[test]
fn other_shells_take_their_completions() {
    let world = World::new();
    world.write("_rot90", generated("complete-zsh"));
    world.write("rot90.fish", generated("complete-fish"));
    for (shell, arguments) in [("zsh", ["-n", "_rot90"]), ("fish", ["-n", "rot90.fish"])] {
        match world.run(shell, arguments).try_go() {
            Some(ran) => drop(ran.exit(0).silent()),
            None => skip(
                "other_shells_take_their_completions",
                &format!("there is no {shell}"),
            ),
        }
    }
}

/// The completer is called as elvish calls it, with stand-ins for what it has on a terminal alone.
#[test]
fn elvish_completes_options() {
    const CALL: &str = r"
        var edit: = (ns [
            &completion:=(ns [&arg-completer=[&]])
            &complex-candidate~={|name &display=''| put $name}
            &complete-filename~={|@words| put 'a file'}
        ])
        eval (slurp < rot90.elv) &ns=(ns [&edit:=$edit:])
        $edit:completion:arg-completer[rot90] (all $args) | each {|one| echo $one}
    ";
    let world = World::new();
    world.write("rot90.elv", generated("complete-elvish"));
    let completed = |words: &[&str]| {
        let ran = world.run("elvish", [&["-norc", "-c", CALL, "rot90"], words].concat());
        let ran = ran.env("XDG_STATE_HOME", ".").try_go()?.exit(0);
        Some(String::from_utf8(ran.silent().stdout).unwrap())
    };
    let Some(options) = completed(&["--"]) else {
        return skip("elvish_completes_options", "there is no elvish");
    };
    for option in ["--no-clobber", "--dry-run", "--report"] {
        assert!(options.lines().any(|line| line == option), "{options}");
    }
}

#[test]
fn what_is_generated_needs_a_place() {
    for kind in ["man", "complete-bash", "complete-zsh"] {
        World::new()
            .rot90(["--generate", kind])
            .stdout_to(open_to_write("/dev/full"))
            .go()
            .exit(1);
    }
    // It is an option, so that a pattern may be called anything.
    let world = World::with(&["man"]);
    world.rot90(["man"]).go().exit(0);
    world.assert_rotated("man", "man_rot90");
    world.rot90(["--generate", "man", "man"]).go().exit(2);
}
