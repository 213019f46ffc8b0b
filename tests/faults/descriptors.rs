//! What a run may not do: open more files than are left to it, make unnamed files, link.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{FaultFs, World, helper, skip};

/// Most of what may be open is open already: threads are made for the rest.
#[test]
fn few_descriptors_are_left() {
    let world = World::new();
    let names: Vec<_> = (0..200)
        .map(|number| format!("in/{number:03}.bmp"))
        .collect();
    for name in &names {
        world.bitmap(name);
    }
    for (limit, inherited) in [(64, 45), (64, 30), (64, 54), (32, 20)] {
        for workers in [1, 16] {
            let line = format!(
                "for number in $(seq 10 {}); do eval \"exec $number</dev/null\"; done
                 ulimit -n {limit}; exec \"$ROT90\" 'in/*.bmp' -w {workers} -o out",
                9 + inherited
            );
            // Not every shell has descriptors of two digits.
            let ran = world.run("bash", ["-c", &line]).go().exit(0);
            assert_eq!(ran.inputs(), names, "{}", ran.told());
            for name in &names {
                let output = name.replace("in/", "out/").replace(".bmp", "_rot90.bmp");
                world.assert_rotated(name, output);
            }
            fs::remove_dir_all(world.path("out")).unwrap();
        }
    }
}

/// Each way to put an output in place that a system may forbid, with another one that serves.
#[test]
fn calls_that_are_forbidden() {
    const TEST: &str = "calls_that_are_forbidden";
    // O_TMPFILE is O_DIRECTORY too, without which it has a bit of its own.
    const UNNAMED: &str = "0x400000";
    let Some(deny) = helper("deny") else {
        return skip(TEST, "no C compiler");
    };
    let inputs = ["a.bmp", "b.bmp", "c.bmp"];
    for (call, mask, errors) in [
        ("link", "0", &["1", "13", "38", "2", "95"][..]),
        ("open", UNNAMED, &["1", "13", "21", "22", "38", "95"]),
    ] {
        for error in errors {
            let world = World::with(&inputs);
            for options in [
                &[][..],
                &["-w", "1"],
                &["--no-clobber", "-o", "out"],
                &["--durable"],
            ] {
                let command = [call, mask, error, crate::support::ROT90, "?.bmp"];
                let arguments = [&command[..], options].concat();
                let ran = world.run(&deny, arguments).go();
                if ran.status.code() == Some(99) {
                    return skip(TEST, "no seccomp");
                }
                ran.exit(0);
            }
            for input in inputs {
                let output = input.replace(".bmp", "_rot90.bmp");
                world.assert_rotated(input, &output);
                world.assert_rotated(input, format!("out/{output}"));
            }
            assert_eq!(world.list().len(), 9, "{call}, {error}: {:?}", world.list());
            let command = [
                call,
                mask,
                error,
                crate::support::ROT90,
                "?.bmp",
                "--no-clobber",
            ];
            let ran = world.run(&deny, command).go();
            ran.exit(1).fails("a.bmp", "exists");
            assert_eq!(world.list().len(), 9, "{call}, {error}: {:?}", world.list());
        }
    }
}

/// Unnamed files are linked by way of /proc where the process may not do it otherwise.
#[test]
fn an_ordinary_user_without_proc() {
    const TEST: &str = "an_ordinary_user_without_proc";
    if !rustix::process::getuid().is_root() {
        return skip(TEST, "only root can hide /proc from another user");
    }
    let world = World::with(&["a.bmp", "b.bmp"]);
    world.write("b_rot90.bmp", "an earlier output");
    fs::set_permissions(world.root(), Permissions::from_mode(0o777)).unwrap();
    let line = "mount -t tmpfs none /proc &&
        exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$ROT90\" 'a.bmp' 'b.bmp' -w 2";
    let probe = "mount -t tmpfs none /proc &&
        exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$ROT90\" --version";
    let run = |line: &str| world.run("unshare", ["-m", "sh", "-c", line]);
    if !run(probe).try_go().is_some_and(|ran| ran.status.success()) {
        return skip(
            TEST,
            "no mount namespaces, or a program that others cannot run",
        );
    }
    run(line).go().exit(0);
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    world.assert_rotated("b.bmp", "b_rot90.bmp");
    world.assert_files(&["a.bmp", "a_rot90.bmp", "b.bmp", "b_rot90.bmp"]);
}

/// One file system's answer says nothing of another's.
#[test]
fn two_file_systems_in_one_run() {
    const TEST: &str = "two_file_systems_in_one_run";
    let world = World::new();
    for number in 0..10 {
        world.bitmap(format!("under/{number}.bmp"));
        world.bitmap(format!("plain/{number}.bmp"));
    }
    let Some(_mounted) = FaultFs::mount(&world, &[("LINK_ERROR", "1")]) else {
        return skip(TEST, "no file system through user space");
    };
    for workers in ["1", "4"] {
        for order in [["over/*.bmp", "plain/*.bmp"], ["plain/*.bmp", "over/*.bmp"]] {
            world
                .rot90([&order[..], &["-w", workers]].concat())
                .go()
                .exit(0);
        }
    }
    for number in 0..10 {
        for folder in ["under", "plain"] {
            let input = format!("{folder}/{number}.bmp");
            world.assert_rotated(&input, format!("{folder}/{number}_rot90.bmp"));
        }
    }
    // Those of `under` are seen in `over` too.
    assert_eq!(world.list().len(), 60, "{:?}", world.list());
}
