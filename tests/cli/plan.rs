//! What is known before anything is written: earlier results, conflicts, the plan itself.

use std::fs;
use std::os::unix::net::UnixListener;

use crate::support::World;

#[test]
fn a_second_run_rotates_nothing_twice() {
    let world = World::with(&["a.bmp", "B.BMP", "d/c.bmp"]);
    let patterns = ["**/*.bmp", "*.BMP"];
    let first = world.rot90(patterns).go().exit(0).says("0 skipped");
    let files = world.list();
    let second = world
        .rot90(patterns)
        .go()
        .exit(0)
        .stdout(&String::from_utf8(first.stdout).unwrap())
        .says("3 earlier results skipped");
    assert_eq!(world.list(), files, "{}", second.told());
    // The shell's expansion is no other.
    world
        .shell(r#""$ROT90" *.bmp *.BMP d/*.bmp"#)
        .go()
        .exit(0)
        .says("3 earlier results skipped");
    assert_eq!(world.list(), files);
}

#[test]
fn a_second_run_into_an_output_dir_rotates_nothing_twice() {
    let world = World::with(&["a.bmp", "d/c.bmp"]);
    for _ in 0..3 {
        let ran = world.rot90(["**/*.bmp", "-o", "out"]).go().exit(0);
        assert_eq!(ran.inputs(), ["a.bmp", "d/c.bmp"], "{}", ran.told());
        world.assert_files(&["a.bmp", "d/c.bmp", "out/a_rot90.bmp", "out/d/c_rot90.bmp"]);
    }
    for _ in 0..3 {
        world.rot90(["d/*.bmp", "-o", "d"]).go().exit(0);
        world.assert_files(&[
            "a.bmp",
            "d/c.bmp",
            "d/c_rot90.bmp",
            "out/a_rot90.bmp",
            "out/d/c_rot90.bmp",
        ]);
    }
}

#[test]
fn a_chain_of_earlier_results_is_skipped_whole() {
    let world = World::with(&["a.bmp", "a_rot90.bmp", "a_rot90_rot90.bmp"]);
    let ran = world
        .rot90(["*.bmp"])
        .go()
        .exit(0)
        .says("2 earlier results skipped");
    assert_eq!(ran.inputs(), ["a.bmp"], "{}", ran.told());
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    world.assert_files(&["a.bmp", "a_rot90.bmp", "a_rot90_rot90.bmp"]);
}

#[test]
fn an_earlier_result_without_its_original_is_an_input() {
    let world = World::with(&["a_rot90.bmp", "b.bmp", "x/b_rot90.bmp"]);
    let ran = world
        .rot90(["a_rot90.bmp", "b.bmp", "x/b_rot90.bmp"])
        .go()
        .exit(0)
        .says("0 skipped");
    assert_eq!(
        ran.inputs(),
        ["a_rot90.bmp", "b.bmp", "x/b_rot90.bmp"],
        "{}",
        ran.told()
    );
    world.assert_rotated("a_rot90.bmp", "a_rot90_rot90.bmp");
}

#[test]
fn the_original_must_be_of_the_same_name() {
    // Another extension, another case, and no stem at all: none is a result of the others.
    let world = World::with(&[
        "a.bmp",
        "a_rot90.BMP",
        "A_rot90.bmp",
        "_rot90.bmp",
        "c_rot90",
        "c.bmp",
    ]);
    let ran = world.rot90(["*"]).go().exit(0).says("0 skipped");
    assert_eq!(ran.inputs().len(), 6, "{}", ran.told());
}

#[test]
fn conflicts_are_refused_before_anything_is_written() {
    let world = World::with(&["x/a.bmp", "y/a.bmp", "b.bmp"]);
    world
        .rot90(["b.bmp", "x/a.bmp", "y/a.bmp", "-o", "out"])
        .go()
        .exit(2)
        .stdout("")
        .says("x/a.bmp")
        .says("y/a.bmp")
        .says("out/a_rot90.bmp");
    world.assert_files(&["b.bmp", "x/a.bmp", "y/a.bmp"]);
    assert!(!world.path("out").exists());
    // Patterns with other fixed parts, and the same name by way of a link to a folder.
    world
        .rot90(["x/*.bmp", "y/*.bmp", "-o", "out"])
        .go()
        .exit(2)
        .says("x/a.bmp")
        .says("y/a.bmp");
    fs::create_dir_all(world.path("out/x")).unwrap();
    std::os::unix::fs::symlink("x", world.path("out/y")).unwrap();
    world
        .rot90(["*/a.bmp", "-o", "out", "--dry-run"])
        .go()
        .exit(2)
        .says("x/a.bmp")
        .says("y/a.bmp");
    world.assert_files(&["b.bmp", "out/y", "x/a.bmp", "y/a.bmp"]);
}

#[test]
fn a_file_that_is_both_input_and_output_is_never_lost() {
    // The output of one is the other, which is then an earlier result.
    let world = World::with(&["x/a.bmp", "out/a_rot90.bmp"]);
    let ran = world
        .rot90(["x/a.bmp", "out/a_rot90.bmp", "-o", "out"])
        .go()
        .exit(0)
        .says("1 earlier result skipped");
    assert_eq!(ran.inputs(), ["x/a.bmp"], "{}", ran.told());
}

#[test]
fn dry_run_touches_nothing() {
    let world = World::with(&["a.bmp", "d/b.bmp", "a_rot90.bmp"]);
    let before = world.list();
    world
        .rot90(["gone.bmp", "**/*.bmp", "-o", "out", "--dry-run"])
        .go()
        .exit(1)
        .fails("gone.bmp", "No such file")
        .says("1 earlier result skipped");
    world
        .rot90(["a.bmp", "d/b.bmp", "--dry-run"])
        .go()
        .exit(0)
        .stdout(
            "[\n{\"input\": \"a.bmp\", \"output\": \"a_rot90.bmp\"},\n\
         {\"input\": \"d/b.bmp\", \"output\": \"d/b_rot90.bmp\"}\n]\n",
        );
    world
        .rot90(["d/*.bmp", "-o", "x/y", "--dry-run", "--format", "jsonl"])
        .go()
        .exit(0)
        .stdout("{\"input\": \"d/b.bmp\", \"output\": \"x/y/b_rot90.bmp\"}\n");
    assert_eq!(world.list(), before);
    assert!(!world.path("out").exists() && !world.path("x").exists());
}

/// A dry run foresees the failures that the run itself then has, in the same words.
#[test]
fn a_dry_run_has_the_reasons_of_the_run() {
    let world = World::new();
    fs::create_dir(world.path("folder.bmp")).unwrap();
    std::os::unix::fs::symlink("nowhere", world.path("broken.bmp")).unwrap();
    let _socket = UnixListener::bind(world.path("socket.bmp")).unwrap();
    let records = |options: &[&str]| {
        let names = [
            "folder.bmp",
            "socket.bmp",
            "broken.bmp",
            "missing.bmp",
            "/dev/null",
            "--format",
            "jsonl",
        ];
        world.rot90(names.iter().chain(options)).go().exit(1)
    };
    let run = records(&[]);
    assert_eq!(run.lines().len(), 5, "{}", run.told());
    records(&["--dry-run"]).stdout(&String::from_utf8(run.stdout).unwrap());
}
