//! Patterns and paths that are too much: deep trees, slow folders, names without an end.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{FaultFs, World, skip};

/// Listing these folders takes ten seconds.
#[test]
fn the_first_signal_ends_an_expansion() {
    const TEST: &str = "the_first_signal_ends_an_expansion";
    let world = World::new();
    for number in 0..50 {
        world.bitmap(format!("under/{number:02}/a.bmp"));
    }
    let Some(_mounted) = FaultFs::mount(&world, &[("LIST_PAUSE", "200")]) else {
        return skip(TEST, "no file system through user space");
    };
    for (signal, code, pattern) in [
        (Signal::INT, 130, "over/**/*.bmp"),
        (Signal::TERM, 143, "over/*/*.bmp"),
        (Signal::HUP, 129, "over/**/*.bmp"),
    ] {
        let running = world.rot90([pattern, "-o", "out"]).start();
        sleep(Duration::from_millis(700));
        running.signal(signal);
        let ran = running.wait().exit(code).stdout("[]\n");
        assert!(ran.took < Duration::from_secs(4), "{}", ran.told());
        assert!(!world.path("out").exists());
    }
}

/// However deep a folder is, it is looked for once.
#[test]
fn a_deep_tree_takes_the_time_of_its_folders() {
    let world = World::with(&["top/a.bmp"]);
    fs::create_dir_all(world.path(format!("top/{}", "d/".repeat(1000)))).unwrap();
    let ran = world.rot90(["top/**/*.bmp", "--dry-run"]).go().exit(0);
    assert_eq!(ran.inputs(), ["top/a.bmp"]);
    assert!(ran.took < Duration::from_secs(5), "{}", ran.told());
}

/// The working folder may be one that this user cannot reach by its path, as under `sudo -u`.
#[test]
fn folders_are_found_from_a_working_folder_without_a_path() {
    let world = World::with(&["closed/open/sub/a.bmp"]);
    if !rustix::process::getuid().is_root() || world.unprivileged("").is_none() {
        let test = "folders_are_found_from_a_working_folder_without_a_path";
        return skip(test, "there is no other user to be");
    }
    let line = "cd closed/open && chmod 777 sub && chmod 700 .. && exec setpriv --reuid=65534 \
                --regid=65534 --clear-groups \"$ROT90\" 'sub/*.bmp' '**/*.bmp'";
    let ran = world.shell(line).go().exit(0);
    assert_eq!(ran.inputs(), ["sub/a.bmp"], "{}", ran.told());
}

/// A pattern takes the time of the folders it lists, however it is written.
#[test]
fn repeated_stars_are_one() {
    let world = World::new();
    let mut folder = "tree".to_owned();
    for level in 0..24 {
        folder = format!("{folder}/{level}");
        world.bitmap(format!("{folder}/a.bmp"));
        for beside in 0..4 {
            fs::create_dir_all(world.path(format!("{folder}/beside{beside}"))).unwrap();
        }
    }
    let expected = world.rot90(["tree/**/*.bmp", "--dry-run"]).go().exit(0);
    assert_eq!(expected.inputs().len(), 24);
    for pattern in [
        "tree/**/**/*.bmp",
        "tree/**/**/**/**/**/**/**/**/**/**/*.bmp",
        "tree/**/**/**/**/**/**/**/**/**/**/**/**/**/**/**/**/a.bmp",
    ] {
        let ran = world.rot90([pattern, "--dry-run"]).go().exit(0);
        assert!(ran.took < Duration::from_secs(10), "{}", ran.told());
        assert_eq!(ran.inputs(), expected.inputs(), "{}", ran.told());
    }
    // With folders between them there is more to match, not to list.
    for pattern in [
        "tree/**/*/**/*/**/*/**/*/**/*/**/*.bmp",
        "**/0/**/1/**/2/**/*.bmp",
    ] {
        let ran = world.rot90([pattern, "--dry-run"]).go().exit(0);
        assert!(ran.took < Duration::from_secs(10), "{}", ran.told());
        assert!(ran.inputs().len() >= 17, "{}", ran.told());
    }
}

/// Each of these is that name's error, or wrong usage.
#[test]
fn paths_without_an_end() {
    let world = World::with(&["a.bmp"]);
    let names = [
        "n".repeat(60_000),
        "n/".repeat(30_000),
        format!("{}a.bmp", "./".repeat(30_000)),
        format!("{}a.bmp", "n/".repeat(30_000)),
        format!("{}a.bmp", "../".repeat(20_000)),
        format!("/{}", "n/".repeat(30_000)),
        format!("{}*.bmp", "n/".repeat(30_000)),
        format!("{}*.bmp", "*/".repeat(30_000)),
        format!("{}*.bmp", "**/".repeat(20_000)),
        format!("{}*.bmp", "**/n/".repeat(12_000)),
        "[".repeat(60_000),
        "*".repeat(60_000),
        "?".repeat(60_000),
        format!("{}.bmp", "*a".repeat(30_000)),
    ];
    for name in &names {
        let begin = &name[..20];
        for arguments in [
            &[name.as_str(), "a.bmp"][..],
            &["a.bmp", name, "-w", "4"],
            &["a.bmp", "-o", name],
            &[name, "-o", name, "--dry-run"],
        ] {
            let ran = world.rot90(arguments).go();
            assert!(
                matches!(ran.status.code(), Some(0..=2)),
                "{begin}…: {:?}\n{}",
                ran.status,
                ran.stderr.get(..2000).unwrap_or(&ran.stderr)
            );
            assert!(ran.took < Duration::from_secs(20), "{begin}…");
        }
        world.write("list", format!("{name}\0a.bmp\0"));
        let ran = world.rot90(["--files0-from", "list"]).go();
        assert!(
            matches!(ran.status.code(), Some(0 | 1)),
            "{begin}…: {:?}",
            ran.status
        );
        assert!(ran.stderr.contains("a.bmp") || ran.inputs().contains(&"a.bmp".to_owned()));
        let page = format!("{name}.html");
        let ran = world.rot90(["a.bmp", "--report", &page]).go();
        assert!(
            matches!(ran.status.code(), Some(0..=2)),
            "{begin}…: {:?}",
            ran.status
        );
    }
    world.assert_rotated("a.bmp", "a_rot90.bmp");
}
