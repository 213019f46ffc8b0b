//! Where outputs go, which files are no inputs, and what happens to an output that exists.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::{Duration, SystemTime};

use crate::support::{World, array, bitmap, mean, record, size_of};

#[test]
fn output_dir_keeps_the_tree_below_the_fixed_part() {
    let world = World::with(&["in/a.bmp", "in/b/c.bmp", "in/b/d/e.bmp", "in/b/../../f.bmp"]);
    world
        .rot90(["in/**/*.bmp", "in/b/../../f.bmp", "-o", "out"])
        .go()
        .exit(0)
        .stdout(&array(&[
            record("in/a.bmp", "out/a_rot90.bmp"),
            record("in/b/c.bmp", "out/b/c_rot90.bmp"),
            record("in/b/d/e.bmp", "out/b/d/e_rot90.bmp"),
            record("in/b/../../f.bmp", "out/f_rot90.bmp"),
        ]));
    world.assert_rotated("in/a.bmp", "out/a_rot90.bmp");
    world.assert_rotated("in/b/d/e.bmp", "out/b/d/e_rot90.bmp");
    world.assert_files(&[
        "f.bmp",
        "in/a.bmp",
        "in/b/c.bmp",
        "in/b/d/e.bmp",
        "out/a_rot90.bmp",
        "out/b/c_rot90.bmp",
        "out/b/d/e_rot90.bmp",
        "out/f_rot90.bmp",
    ]);
}

#[test]
fn output_dir_takes_absolute_patterns_and_literal_names() {
    let world = World::with(&["opt/data/a/b.bmp", "opt/data/c.bmp", "x/y/z.bmp"]);
    let pattern = world.path("opt/data/**/*.bmp");
    let literal = world.path("x/y/z.bmp");
    let out = world.path("new/folder");
    world
        .rot90([
            pattern.as_os_str(),
            literal.as_os_str(),
            "--output-dir".as_ref(),
            out.as_os_str(),
        ])
        .go()
        .exit(0);
    world.assert_rotated("opt/data/a/b.bmp", "new/folder/a/b_rot90.bmp");
    world.assert_rotated("opt/data/c.bmp", "new/folder/c_rot90.bmp");
    world.assert_rotated("x/y/z.bmp", "new/folder/z_rot90.bmp");
}

#[test]
fn output_dir_starts_behind_the_last_folder_without_wildcards() {
    let world = World::with(&["in/p1/x/a.bmp", "in/p2/x/a.bmp"]);
    world.rot90(["in/p*/x/a.bmp", "-o", "out"]).go().exit(0);
    world.assert_rotated("in/p1/x/a.bmp", "out/p1/x/a_rot90.bmp");
    world.assert_rotated("in/p2/x/a.bmp", "out/p2/x/a_rot90.bmp");
}

#[test]
fn outputs_never_leave_the_output_dir() {
    let world = World::with(&["in/x/a.bmp", "b.bmp"]);
    world
        .rot90(["in/*/../../b.bmp", "--output-dir", "deep/er/out"])
        .go()
        .exit(0);
    let stray: Vec<_> = world
        .list()
        .into_iter()
        .filter(|name| name.contains("_rot90") && !name.starts_with("deep/er/out/"))
        .collect();
    assert!(stray.is_empty(), "{stray:?}");
}

#[test]
fn an_output_dir_that_is_a_file_is_refused() {
    let world = World::with(&["a.bmp", "out"]);
    let ran = world.rot90(["a.bmp", "-o", "out"]).go();
    assert!(matches!(ran.status.code(), Some(1 | 2)), "{}", ran.told());
    ran.says("out");
    world.assert_files(&["a.bmp", "out"]);
}

#[test]
fn an_existing_output_is_replaced() {
    let world = World::with(&["a.bmp"]);
    world.write(
        "a_rot90.bmp",
        "something else, and longer than the picture".repeat(99),
    );
    world.rot90(["a.bmp"]).go().exit(0);
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    world.assert_files(&["a.bmp", "a_rot90.bmp"]);
}

#[test]
fn a_linked_output_is_replaced_not_followed() {
    let world = World::with(&["a.bmp", "b.bmp"]);
    world.write("precious", "text");
    std::os::unix::fs::symlink("precious", world.path("a_rot90.bmp")).unwrap();
    std::os::unix::fs::symlink("nowhere", world.path("b_rot90.bmp")).unwrap();
    world.rot90(["a.bmp", "b.bmp"]).go().exit(0);
    assert_eq!(world.read("precious"), b"text");
    for name in ["a", "b"] {
        let output = format!("{name}_rot90.bmp");
        assert!(!world.path(&output).is_symlink());
        world.assert_rotated(format!("{name}.bmp"), output);
    }
    world.assert_files(&["a.bmp", "a_rot90.bmp", "b.bmp", "b_rot90.bmp", "precious"]);
}

#[test]
fn a_hard_linked_output_is_replaced_for_its_own_name_only() {
    let world = World::with(&["a.bmp"]);
    world.write("precious", "text");
    fs::hard_link(world.path("precious"), world.path("a_rot90.bmp")).unwrap();
    world.rot90(["a.bmp"]).go().exit(0);
    assert_eq!(world.read("precious"), b"text");
    world.assert_rotated("a.bmp", "a_rot90.bmp");
}

#[test]
fn a_folder_in_the_output_s_place_is_an_error() {
    let world = World::with(&["a.bmp", "a_rot90.bmp/keep", "b.bmp"]);
    world
        .rot90(["a.bmp", "b.bmp"])
        .go()
        .exit(1)
        .fails("a.bmp", "a_rot90.bmp");
    world.assert_files(&["a.bmp", "a_rot90.bmp/keep", "b.bmp", "b_rot90.bmp"]);
}

#[test]
fn no_clobber_makes_an_existing_output_an_error() {
    let world = World::with(&["a.bmp", "b.bmp", "c.bmp"]);
    world.write("a_rot90.bmp", "text");
    std::os::unix::fs::symlink("nowhere", world.path("c_rot90.bmp")).unwrap();
    let ran = world
        .rot90(["a.bmp", "b.bmp", "c.bmp", "--no-clobber"])
        .go()
        .exit(1)
        .fails("a.bmp", "exists")
        .fails("c.bmp", "exists");
    assert_eq!(ran.inputs(), ["a.bmp", "b.bmp", "c.bmp"]);
    assert_eq!(world.read("a_rot90.bmp"), b"text");
    assert!(world.path("c_rot90.bmp").is_symlink());
    world.assert_rotated("b.bmp", "b_rot90.bmp");
    world
        .rot90(["b.bmp", "--no-clobber"])
        .go()
        .exit(1)
        .fails("b.bmp", "exists");
}

/// Sets when a file was changed, in seconds from now.
fn set_age(world: &World, name: &str, seconds: i64) {
    let now = SystemTime::now();
    let span = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { now - span } else { now + span };
    let file = File::options().write(true).open(world.path(name)).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn update_leaves_alone_what_is_not_older() {
    let inputs = [
        "newer.bmp",
        "older.bmp",
        "other.bmp",
        "same.bmp",
        "without.bmp",
    ];
    let world = World::with(&inputs);
    // Of the size that the input gives, and of another.
    let output = |name: &str| format!("{name}_rot90.bmp");
    let stand_in = |name: &str| {
        let (width, height) = size_of(format!("{name}.bmp").as_ref());
        bitmap::bitmap(height, width)
    };
    for name in ["newer", "older", "same"] {
        world.write(output(name), stand_in(name));
    }
    world.write(output("other"), [stand_in("other"), vec![0]].concat());
    for name in ["newer", "older", "other", "same", "without"] {
        set_age(&world, &format!("{name}.bmp"), -1000);
    }
    set_age(&world, "newer_rot90.bmp", -500);
    set_age(&world, "other_rot90.bmp", -500);
    set_age(&world, "older_rot90.bmp", -2000);
    let changed = fs::metadata(world.path("same.bmp"))
        .unwrap()
        .modified()
        .unwrap();
    let same = File::options()
        .write(true)
        .open(world.path("same_rot90.bmp"))
        .unwrap();
    same.set_modified(changed).unwrap();

    let expected: Vec<_> = inputs
        .iter()
        .map(|input| record(input, &input.replace(".bmp", "_rot90.bmp")))
        .collect();
    let mut arguments = inputs.to_vec();
    arguments.push("--update");
    world
        .rot90(arguments)
        .go()
        .exit(0)
        .stdout(&array(&expected));
    for kept in ["newer", "same"] {
        assert!(world.read(output(kept)) == stand_in(kept), "{kept}");
    }
    for rotated in ["older", "other", "without"] {
        world.assert_rotated(format!("{rotated}.bmp"), output(rotated));
    }
    world.rot90(inputs).go().exit(0).stdout(&array(&expected));
    world.assert_rotated("newer.bmp", "newer_rot90.bmp");
}

/// As by `mv` or `cp -p` from elsewhere: only the change time tells.
#[test]
fn update_sees_an_input_that_is_replaced_by_an_older_one() {
    let world = World::with(&["a.bmp"]);
    set_age(&world, "a.bmp", -1000);
    world.rot90(["a.bmp"]).go().exit(0);
    let (width, height) = size_of("a.bmp".as_ref());
    // The system's clock for files goes in steps.
    std::thread::sleep(Duration::from_millis(20));
    let mut other = bitmap::bitmap(width, height);
    other[54] ^= 1;
    world.write("other", &other);
    set_age(&world, "other", -2000);
    fs::rename(world.path("other"), world.path("a.bmp")).unwrap();
    let before = world.read("a_rot90.bmp");
    for (option, says) in [("--dry-run", "1 would be rotated"), ("-v", "1 rotated")] {
        world
            .rot90(["a.bmp", "--update", option])
            .go()
            .exit(0)
            .says(says);
    }
    assert!(world.read("a_rot90.bmp") != before);
}

#[test]
fn update_after_a_run_writes_nothing() {
    let world = World::with(&["a.bmp", "d/b.bmp"]);
    for options in [&["**/*.bmp"][..], &["**/*.bmp", "-o", "out"]] {
        let first = world.rot90(options).go().exit(0);
        let stat = |name: &str| {
            let metadata = fs::symlink_metadata(world.path(name)).unwrap();
            (metadata.ino(), metadata.mtime_nsec(), metadata.ctime_nsec())
        };
        let before: Vec<_> = world.list().iter().map(|name| stat(name)).collect();
        let again = [options, &["--update"]].concat();
        world
            .rot90(again)
            .go()
            .exit(0)
            .stdout(&String::from_utf8(first.stdout).unwrap());
        let after: Vec<_> = world.list().iter().map(|name| stat(name)).collect();
        assert_eq!(before, after);
    }
}

#[test]
fn inputs_are_never_changed() {
    let world = World::with(&["a.bmp"]);
    let bytes = world.read("a.bmp");
    fs::set_permissions(world.path("a.bmp"), fs::Permissions::from_mode(0o444)).unwrap();
    let before = fs::metadata(world.path("a.bmp")).unwrap();
    world.rot90(["a.bmp"]).go().exit(0);
    let after = fs::metadata(world.path("a.bmp")).unwrap();
    assert_eq!(world.read("a.bmp"), bytes);
    assert_eq!(
        (
            before.mtime(),
            before.mtime_nsec(),
            before.ino(),
            before.mode()
        ),
        (after.mtime(), after.mtime_nsec(), after.ino(), after.mode())
    );
}

#[test]
fn the_mode_is_that_of_the_input_less_the_umask() {
    for (input, umask, mode) in [
        (0o666, "022", 0o644),
        (0o666, "077", 0o600),
        (0o666, "002", 0o664),
        (0o666, "000", 0o666),
        (0o666, "277", 0o400),
        (0o640, "022", 0o640),
        (0o600, "000", 0o600),
        (0o777, "022", 0o755),
        (0o444, "002", 0o444),
        (0o6755, "000", 0o755),
    ] {
        let world = World::with(&["a.bmp", "b.bmp"]);
        for name in ["a.bmp", "b.bmp"] {
            let permissions = fs::Permissions::from_mode(input);
            fs::set_permissions(world.path(name), permissions).unwrap();
        }
        world.write("b_rot90.bmp", "to be replaced");
        world
            .shell(&format!("umask {umask}; exec \"$ROT90\" *.bmp -o ."))
            .go()
            .exit(0);
        for output in ["a_rot90.bmp", "b_rot90.bmp"] {
            let found = fs::metadata(world.path(output)).unwrap().mode() & 0o7777;
            assert_eq!(
                found, mode,
                "{output}: {found:o} of {input:o} with umask {umask}"
            );
        }
    }
}

#[test]
fn means_are_the_same_wherever_outputs_go() {
    let world = World::with(&["a.bmp", "b.bmp"]);
    let expected = format!("[{}, {}]\n", mean("a.bmp"), mean("b.bmp"));
    for options in [
        &[][..],
        &["--update"],
        &["-o", "out"],
        &["--durable"],
        &["-w", "2"],
    ] {
        let arguments = [&["a.bmp", "b.bmp", "--format", "means"], options].concat();
        world.rot90(arguments).go().exit(0).stdout(&expected);
    }
}

/// Nobody can make a file there, not even root.
#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_takes_no_output_is_named() {
    let world = World::with(&["a.bmp"]);
    world
        .rot90(["a.bmp", "-o", "/proc"])
        .go()
        .exit(1)
        .fails("a.bmp", "cannot create the output in /proc: ");
}
