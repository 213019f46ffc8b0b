//! Standard output and standard error: closed, full, slow, a terminal or none.
#![cfg(all(unix, feature = "cli"))]

mod common;

use std::process::Stdio;

use common::{CUT, ROT90, World, cut, list0, mixed, open_to_write, pictures, skip};

#[test]
fn jsonl_comes_as_soon_as_it_is_known() {
    // The list of names is at its end before the run begins; the last file is a large one.
    let world = World::with(&["a.bmp"]);
    world.write("z.bmp", pictures::large(1, 16_000, 9000, false));
    let script = r#"exec 3>&1; "$ROT90" a.bmp z.bmp -w 1 --format jsonl | {
        read -r line; test -e z_rot90.bmp || echo early >&3; cat >/dev/null; }"#;
    let ran = world.shell(script).go().exit(0);
    assert!(world.path("z_rot90.bmp").exists(), "{}", ran.told());
    if ran.stdout != b"early\n" {
        skip(
            "jsonl_comes_as_soon_as_it_is_known",
            "the machine was too busy to tell",
        );
    }
}

#[test]
fn progress_stays_off_standard_output() {
    let world = mixed();
    let never = world.rot90(["*.bmp", "--progress", "never"]).go().exit(1);
    let auto = world
        .rot90(["*.bmp", "--progress", "auto", "a.bmp"])
        .go()
        .exit(1);
    let always = world.rot90(["*.bmp", "--progress", "always"]).go().exit(1);
    assert_eq!(never.stdout, always.stdout);
    assert_eq!(never.stdout, auto.stdout);
    for ran in [&never, &auto] {
        assert!(
            !ran.stderr.contains(['\r', '\x1b']),
            "a bar off a terminal\n{}",
            ran.told()
        );
    }
    // Messages stand whole on lines of their own, bar or not.
    let message = format!("rot90: b.bmp: {CUT}");
    assert!(
        always
            .stderr
            .split(['\n', '\r'])
            .any(|line| line.trim_start_matches("\x1b[2K").starts_with(&message)),
        "a torn message\n{}",
        always.told()
    );
}

#[test]
fn a_terminal_sees_a_bar() {
    let world = World::new();
    if world.run("script", ["--version"]).try_go().is_none() {
        return skip("a_terminal_sees_a_bar", "there is no program `script`");
    }
    world.write("z.bmp", pictures::large(1, 16_000, 9000, false));
    let terminal = |options: &str| {
        let line = format!("'{ROT90}' z.bmp -w 1 {options} >results");
        world
            .run("script", ["-qec", &line, "/dev/null"])
            .env("TERM", "xterm")
            .go()
            .exit(0)
    };
    let shown = terminal("");
    assert!(shown.stdout.contains(&b'\r'), "no bar\n{}", shown.told());
    for without in ["--progress never", "-q"] {
        let shown = terminal(without);
        assert!(
            !shown.stdout.contains(&0x1b),
            "a bar with {without}\n{}",
            shown.told()
        );
    }
}

#[test]
fn a_bar_keeps_to_one_line_of_its_terminal() {
    const TEST: &str = "a_bar_keeps_to_one_line_of_its_terminal";
    let world = World::new();
    if world.run("script", ["--version"]).try_go().is_none() {
        return skip(TEST, "there is no program `script`");
    }
    world.write("z.bmp", pictures::large(1, 16_000, 9000, false));
    for columns in [40, 60, 80, 200] {
        let line = format!("stty rows 24 cols {columns}; '{ROT90}' z.bmp -w 1 >results");
        let shown = world.run("script", ["-qec", &line, "/dev/null"]);
        let shown = shown.env("TERM", "xterm").env("NO_COLOR", "1").go().exit(0);
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        let bars: Vec<_> = text
            .split(['\r', '\n', '\x1b'])
            .filter(|part| part.contains('─'))
            .collect();
        assert!(!bars.is_empty(), "no bar\n{}", shown.told());
        for bar in bars {
            let wide = bar.chars().count();
            assert!(
                wide <= columns + "[2K".len(),
                "{wide} of {columns} columns: {bar}"
            );
        }
    }
}

/// Results that go to the bar's terminal stand whole, without a piece of it before or behind them.
#[test]
fn a_bar_gives_way_to_results_on_its_terminal() {
    const TEST: &str = "a_bar_gives_way_to_results_on_its_terminal";
    let world = World::new();
    if world.run("script", ["--version"]).try_go().is_none() {
        return skip(TEST, "there is no program `script`");
    }
    world.write("a.bmp", pictures::large(1, 8000, 4500, false));
    world.write("b.bmp", cut());
    // Its results are there while the last one is turned.
    world.write("z.bmp", pictures::large(1, 16_000, 9000, false));
    for format in ["json", "jsonl", "means"] {
        let line = format!("stty rows 24 cols 80; '{ROT90}' '*.bmp' -w 1 --format {format}");
        let shown = world.run("script", ["-qec", &line, "/dev/null"]);
        let shown = shown.env("TERM", "xterm").go().exit(1);
        let plain = world.rot90(["*.bmp", "--format", format]).go().exit(1);
        let screen = on_screen(&String::from_utf8_lossy(&shown.stdout));
        let bars = screen.iter().filter(|line| line.contains('─')).count();
        assert_eq!(bars, 0, "{screen:#?}");
        let results = String::from_utf8(plain.stdout).unwrap();
        for result in results.lines().filter(|line| line.len() > 2) {
            assert!(
                screen.iter().any(|line| line == result),
                "{format}: no {result}\n{screen:#?}"
            );
        }
    }
}

/// So does a list that is longer than what is written at a time.
#[test]
fn a_bar_gives_way_to_a_long_list_on_its_terminal() {
    const TEST: &str = "a_bar_gives_way_to_a_long_list_on_its_terminal";
    let world = World::new();
    if world.run("script", ["--version"]).try_go().is_none() {
        return skip(TEST, "there is no program `script`");
    }
    let small = world.write("small.bmp", pictures::large(24, 7, 5, false));
    for at in 0..4500 {
        std::fs::hard_link(&small, world.path(format!("{at:04}.bmp"))).unwrap();
    }
    // The bar is there by the time that all of this is done.
    world.write("large.bmp", pictures::large(1, 16_000, 9000, false));
    let line = format!(
        "stty rows 24 cols 80; '{ROT90}' 'large.bmp' '[0-9]*.bmp' -o out -w 1 --format means"
    );
    let shown = world.run("script", ["-qec", &line, "/dev/null"]);
    let shown = shown.env("TERM", "xterm").go().exit(0);
    let plain = world.rot90(["large.bmp", "[0-9]*.bmp", "-o", "out", "--format", "means"]);
    let plain = String::from_utf8(plain.go().exit(0).stdout).unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout);
    let list = plain.trim_end();
    assert!(list.len() > 64 << 10, "{}", list.len());
    // Nothing stands within it, and nothing erases its last line.
    let (_, behind) = shown.split_once(list).expect("the whole list");
    assert!(behind.starts_with("\r\n"), "{behind:?}");
}

/// The lines that a terminal shows in the end, if it is wide enough.
fn on_screen(text: &str) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let mut column = 0;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let line = lines.last_mut().unwrap();
        match character {
            '\r' => column = 0,
            '\n' => lines.push(Vec::new()),
            '\x1b' => {
                let code: String = characters
                    .by_ref()
                    .skip_while(|&character| character == '[')
                    .take_while(|character| !character.is_ascii_alphabetic())
                    .collect();
                // Colours are numbers up to 49; what erases is 2K.
                if code == "2" {
                    line.clear();
                }
            }
            other => {
                line.resize(line.len().max(column + 1), ' ');
                line[column] = other;
                column += 1;
            }
        }
    }
    lines
        .iter()
        .map(|line| line.iter().collect::<String>().trim_end().to_owned())
        .collect()
}

#[test]
fn a_closed_standard_output_ends_the_run_quietly() {
    let world = World::new();
    for number in 0..500 {
        world.bitmap(format!("{number:03}.bmp"));
    }
    for format in ["json", "jsonl", "means"] {
        for reader in ["head -1", "head -c 1", "true"] {
            let line = format!("\"$ROT90\" '*.bmp' --format {format} | {reader}");
            let ran = world.shell(&line).go().exit(0);
            assert!(
                !ran.stderr.contains("ipe") && !ran.stderr.contains("panic"),
                "{}",
                ran.told()
            );
        }
    }
    for name in world.list().iter().filter(|name| name.contains("_rot90")) {
        world.assert_turned(name.replace("_rot90", ""), name);
    }
    // The run itself, which has a reader that closes at once.
    let ran = world
        .shell("\"$ROT90\" '*.bmp' --format jsonl -q | true")
        .go();
    ran.silent();
}

#[test]
fn a_full_standard_output_is_exit_1_with_a_message() {
    for format in ["json", "jsonl", "means"] {
        let world = World::with(&["a.bmp", "b.bmp"]);
        world
            .rot90(["*.bmp", "--format", format])
            .stdout_to(open_to_write("/dev/full"))
            .go()
            .exit(1)
            .says("standard output")
            .says("No space left");
        // The work is done all the same.
        world.assert_turned("a.bmp", "a_rot90.bmp");
        world.assert_turned("b.bmp", "b_rot90.bmp");
    }
    let world = World::new();
    world
        .rot90(["--files0-from", "-"])
        .stdout_to(open_to_write("/dev/full"))
        .go()
        .exit(1);
    for option in ["--help", "--version"] {
        world
            .rot90([option])
            .stdout_to(open_to_write("/dev/full"))
            .go()
            .exit(1);
    }
}

#[test]
fn texts_that_cannot_be_printed_are_told_of() {
    let world = World::new();
    for option in ["--help", "--version", "--generate=man"] {
        world
            .rot90([option])
            .stdout_to(open_to_write("/dev/full"))
            .go()
            .exit(1)
            .says("rot90: cannot write to standard output: No space left on device");
    }
}

#[test]
fn a_full_standard_output_costs_no_output() {
    let world = World::new();
    // More than fits into the buffers.
    for number in 0..800 {
        world.bitmap(format!("{number:04}.bmp"));
    }
    world
        .rot90(["*.bmp", "--format", "jsonl"])
        .stdout_to(open_to_write("/dev/full"))
        .go()
        .exit(1);
    let outputs = world
        .list()
        .iter()
        .filter(|name| name.contains("_rot90"))
        .count();
    assert_eq!(outputs, 800);
}

#[test]
fn closed_streams_do_no_harm() {
    let world = mixed();
    let good = world.rot90(["*.bmp"]).go().exit(1);
    for closed in ["2>&-", "<&-", "2>&- <&-", "2>/dev/full"] {
        let ran = world
            .shell(&format!("exec \"$ROT90\" '*.bmp' {closed}"))
            .go();
        assert_eq!(ran.stdout, good.stdout, "{}", ran.told());
        ran.exit(1);
        let ran = world.shell(&format!("exec \"$ROT90\" a.bmp {closed}")).go();
        ran.exit(0);
    }
    // With all of them closed, the first files to be opened must not become the streams.
    world.shell("exec \"$ROT90\" '*.bmp' >&- 2>&- <&-").go();
    world.assert_turned("a.bmp", "a_rot90.bmp");
    world.assert_turned("c.bmp", "c_rot90.bmp");
}

#[test]
fn results_go_to_a_slow_reader() {
    let world = World::new();
    for number in 0..1000 {
        world.bitmap(format!("{number:04}.bmp"));
    }
    let ran = world
        .shell("\"$ROT90\" '*.bmp' --format jsonl | { sleep 0.5; cat; }")
        .go()
        .exit(0);
    assert_eq!(ran.lines().len(), 1000);
}

/// Nothing in a message but its newline may move a terminal's cursor, or do worse.
/// Whoever shares a pipe can have all writes to it come back at once, full or not.
#[test]
fn results_go_into_a_pipe_that_does_not_wait() {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let (world, names) = (World::new(), 0..900);
    for name in names.clone() {
        world.bitmap(format!(
            "a_picture_with_a_name_that_fills_pipes_soon_{name:03}.bmp"
        ));
    }
    for format in ["json", "jsonl"] {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let flags = fcntl_getfl(&writer).unwrap();
        fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
        let running = world
            .rot90(["*.bmp", "--format", format, "-o", "out"])
            .stdout_to(writer)
            .start();
        std::thread::sleep(std::time::Duration::from_millis(700));
        let mut found = String::new();
        std::io::Read::read_to_string(&mut reader, &mut found).unwrap();
        running.wait().exit(0);
        assert!(found.len() > 64 << 10, "the pipe was never full");
        assert_eq!(found.matches("\"output\"").count(), names.len());
    }
}

#[test]
fn control_characters_never_reach_a_terminal() {
    let nasty = "a\x1b[31m\x07\u{9b}2J\r\u{202e}b";
    let file = format!("{nasty}.bmp");
    let world = World::new();
    world.write(&file, cut());
    world.write("x/a.bmp", "");
    world.write(format!("{nasty}/a.bmp"), "");
    world.write(format!("{nasty}_rot90"), "");
    let folder = format!("{nasty}/a.bmp");
    let pattern = format!("*{nasty}*.png");
    let long = "\x1b[2J".repeat(50);
    for arguments in [
        &[&*file][..],
        &["*.bmp"],
        &["*", "-vv"],
        &[&file, "--progress", "never", "-vv"],
        &[&pattern],
        &[nasty],
        &[&*format!("gone{nasty}")],
        &["x/a.bmp", &folder, "-o", "out"],
        &[&file, "-o", &file],
        &[&file, "-o", &format!("{file}/below")],
        &[&file, &format!("--workers={nasty}")],
        &[&file, &format!("--{nasty}")],
        &[&file, &format!("--format={nasty}")],
        &[&file, &format!("--max-memory={long}")],
        &["--files0-from", nasty],
    ] {
        let ran = world.rot90(arguments).go();
        let raw = ran.stderr.chars().find(|&character| {
            character.is_control() && character != '\n'
                || ('\u{202a}'..='\u{202e}').contains(&character)
        });
        assert_eq!(raw, None, "{:?}\n{}", ran.stderr, ran.told());
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(!text.contains(['\x1b', '\x07', '\r']), "{}", ran.told());
    }
    let ran = world
        .rot90(["--files0-from", "-"])
        .input(list0(&[&file, "bytes\x1b[1m\n"]))
        .stdout_to(Stdio::null())
        .go()
        .exit(1);
    assert!(!ran.stderr.contains('\x1b'), "{}", ran.told());
    assert_eq!(ran.stderr.lines().count(), 3, "{}", ran.told());
}
