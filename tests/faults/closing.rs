//! Errors that come late: when an output is written back, synced, closed or put in place. None of
//! them leaves an output, and each is told.

use std::fs;

use crate::support::{FaultFs, Ran, World, bitmap, skip};

const EIO: &str = "5";
const ENOSPC: &str = "28";
const EDQUOT: &str = "122";

const INPUTS: [&str; 4] = ["in/a.bmp", "in/b.bmp", "in/c.bmp", "in/d.bmp"];

/// Every input failed for that reason.
#[track_caller]
fn assert_all_fail(mut ran: Ran, reason: &str) {
    ran = ran.exit(1);
    assert_eq!(ran.inputs(), INPUTS, "{}", ran.told());
    for input in INPUTS {
        ran = ran.fails(input, reason);
    }
}

/// Rotates into a file system that fails as `settings` say, where nothing is, and where something
/// is to be replaced; either stays as it was.
fn into_a_failing_folder(test: &str, settings: &[(&str, &str)], options: &[&str], reason: &str) {
    let world = World::with(&INPUTS);
    let Some(_mounted) = FaultFs::mount(&world, settings) else {
        return skip(test, "no file system through user space");
    };
    for replacing in [false, true] {
        if replacing {
            for name in ["a", "b", "c", "d"] {
                world.write(format!("under/{name}_rot90.bmp"), "an earlier output");
            }
        }
        let before = world.list();
        for workers in ["1", "4"] {
            let arguments = [&["in/*.bmp", "-o", "over", "-w", workers], options].concat();
            assert_all_fail(world.rot90(arguments).go(), reason);
            assert_eq!(world.list(), before, "{settings:?}");
            if replacing {
                assert_eq!(world.read("under/a_rot90.bmp"), b"an earlier output");
            }
        }
    }
}

#[test]
fn a_failure_that_is_told_at_close() {
    let test = "a_failure_that_is_told_at_close";
    for (error, reason) in [
        (EIO, "Input/output error"),
        (ENOSPC, "No space left on device"),
        (EDQUOT, "Disk quota exceeded"),
    ] {
        into_a_failing_folder(test, &[("FLUSH_ERROR", error)], &[], reason);
    }
    // What of it got there is another matter.
    for kept in ["0", "100", "1000000"] {
        let settings = [("FLUSH_ERROR", EIO), ("FLUSH_KEEPS", kept)];
        into_a_failing_folder(test, &settings, &[], "Input/output error");
    }
}

/// Of a mapped file, too, the system's own word is told.
#[test]
fn a_failure_to_read() {
    let world = World::new();
    world.write("under/a.bmp", bitmap::large(24, 2000, 1000, false));
    let settings = [("READ_ERROR", EIO), ("READ_AT", "4000000")];
    let Some(_mounted) = FaultFs::mount(&world, &settings) else {
        return skip("a_failure_to_read", "no file system through user space");
    };
    for memory in ["1G", "1M"] {
        let arguments = ["over/a.bmp", "-o", "out", "--max-memory", memory];
        let ran = world.rot90(arguments).go().exit(1);
        ran.fails("over/a.bmp", "cannot read: Input/output error");
        assert!(!world.path("out/a_rot90.bmp").exists());
    }
}

#[test]
fn a_failure_to_write() {
    for room in ["0", "60", "150"] {
        let settings = [("WRITE_ERROR", ENOSPC), ("WRITE_ROOM", room)];
        into_a_failing_folder("a_failure_to_write", &settings, &[], "No space left");
    }
}

#[test]
fn a_failure_to_sync() {
    let settings = [("FSYNC_ERROR", EIO)];
    into_a_failing_folder(
        "a_failure_to_sync",
        &settings,
        &["--durable"],
        "Input/output error",
    );
}

#[test]
fn a_failure_to_put_an_output_in_place() {
    let settings = [("RENAME_ERROR", EIO), ("LINK_ERROR", EIO)];
    into_a_failing_folder(
        "a_failure_to_put_an_output_in_place",
        &settings,
        &[],
        "Input/output error",
    );
}

#[test]
fn a_page_whose_closing_fails() {
    let world = World::with(&INPUTS);
    let Some(_mounted) = FaultFs::mount(&world, &[("FLUSH_ERROR", ENOSPC)]) else {
        return skip(
            "a_page_whose_closing_fails",
            "no file system through user space",
        );
    };
    for earlier in [false, true] {
        if earlier {
            world.write("under/report.html", "an earlier page");
        }
        let ran = world
            .rot90(["in/*.bmp", "-o", "out", "--report", "over/report.html"])
            .go()
            .exit(1)
            .says("over/report.html")
            .says("No space left on device");
        // The pictures are done all the same.
        assert!(
            ran.records()
                .iter()
                .all(|record| record["output"].is_string())
        );
        for input in INPUTS {
            let output = input.replace("in/", "out/").replace(".bmp", "_rot90.bmp");
            world.assert_rotated(input, output);
        }
        let found = fs::read(world.path("under/report.html"));
        assert_eq!(
            found.ok().as_deref(),
            earlier.then_some(&b"an earlier page"[..])
        );
    }
}

/// The same file system when nothing fails, so that it is no obstacle itself.
#[test]
fn nothing_fails_without_a_reason() {
    let world = World::with(&INPUTS);
    let Some(_mounted) = FaultFs::mount(&world, &[]) else {
        return skip(
            "nothing_fails_without_a_reason",
            "no file system through user space",
        );
    };
    for options in [&[][..], &["--durable"], &["--no-clobber", "-o", "over/new"]] {
        let arguments = [&["in/*.bmp", "-o", "over"], options];
        let arguments = if options.contains(&"-o") {
            [&["in/*.bmp"], options].concat()
        } else {
            arguments.concat()
        };
        world.rot90(arguments).go().exit(0);
    }
    for folder in ["under", "under/new"] {
        world.assert_rotated("in/a.bmp", format!("{folder}/a_rot90.bmp"));
        assert_eq!(
            fs::read_dir(world.path(folder))
                .unwrap()
                .filter(|entry| { entry.as_ref().unwrap().path().is_file() })
                .count(),
            4,
            "{folder}"
        );
    }
}

/// With `--durable` a record says that the output is safe: the folder's parent is synced by then,
/// whichever worker made the folder.
#[test]
fn a_record_comes_after_the_parent_of_a_new_folder_is_synced() {
    const TEST: &str = "a_record_comes_after_the_parent_of_a_new_folder_is_synced";
    for workers in [1, 2, 4] {
        let world = World::with(&INPUTS);
        let Some(_mounted) = FaultFs::mount(&world, &[("SYNC_PAUSE", "500")]) else {
            return skip(TEST, "no file system through user space");
        };
        let line = format!(
            "\"$ROT90\" 'in/*.bmp' -o over/new --durable -w {workers} --format jsonl --unordered |
             {{ read -r line; test -s synced && echo after >&2; cat >/dev/null; }}"
        );
        world.shell(&line).go().exit(0).says("after");
        world.assert_rotated("in/a.bmp", "under/new/a_rot90.bmp");
    }
}
