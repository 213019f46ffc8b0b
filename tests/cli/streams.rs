//! Standard output and standard error: closed, full, slow, a terminal or none.

use std::process::Stdio;

use crate::support::{CUT, World, bitmap, cut, list0, long_name, mixed, open_to_write};

#[test]
fn jsonl_comes_as_soon_as_it_is_known() {
    // The list of names is at its end before the run begins; the last file is a large one.
    let world = World::with(&["a.bmp"]);
    world.write("z.bmp", bitmap::large(1, 16_000, 9000, false));
    let script = r#"exec 3>&1; rm -f z_rot90.bmp; "$ROT90" a.bmp z.bmp -w 1 --format jsonl | {
        read -r line; test -e z_rot90.bmp || echo early >&3; cat >/dev/null; }"#;
    // A busy machine may let the reader wait for long, but not each time.
    let early = (0..20).any(|_| {
        let ran = world.shell(script).go().exit(0);
        assert!(world.path("z_rot90.bmp").exists(), "{}", ran.told());
        ran.stdout == b"early\n"
    });
    assert!(early, "the first record comes with the last");
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
fn a_closed_standard_output_ends_the_run_quietly() {
    let world = World::new();
    for number in 0..200 {
        world.bitmap(long_name(number));
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
        world.assert_rotated(name.replace("_rot90", ""), name);
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
        world.assert_rotated("a.bmp", "a_rot90.bmp");
        world.assert_rotated("b.bmp", "b_rot90.bmp");
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
    for number in 0..250 {
        world.bitmap(long_name(number));
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
    assert_eq!(outputs, 250);
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
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    world.assert_rotated("c.bmp", "c_rot90.bmp");
}

#[test]
fn results_go_to_a_slow_reader() {
    let world = World::new();
    for number in 0..300 {
        world.bitmap(long_name(number));
    }
    let ran = world
        .shell("\"$ROT90\" '*.bmp' --format jsonl | { sleep 0.5; cat; }")
        .go()
        .exit(0);
    assert_eq!(ran.lines().len(), 300);
}

/// Whoever shares a pipe can have all writes to it come back at once, full or not.
#[test]
fn results_go_into_a_pipe_that_does_not_wait() {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let (world, names) = (World::new(), 0..250);
    for name in names.clone() {
        world.bitmap(long_name(name));
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

/// Nothing in a message but its newline may move a terminal's cursor, or do worse.
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
