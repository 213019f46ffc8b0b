//! Inputs that are the outputs of others, by links and by other spellings: refused before anything
//! is written, at any number of workers alike.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Ran, World};

/// The same at 1, 2 and 8 workers: exit code 2, both paths told, nothing written.
#[track_caller]
fn refused(world: &World, arguments: &[&str], told: [&str; 2]) {
    let before = world.list();
    let mut first: Option<Ran> = None;
    for workers in ["1", "2", "8"] {
        let arguments = [arguments, &["-w", workers]].concat();
        let ran = world.rot90(arguments).go().exit(2).stdout("");
        let ran = ran.says(told[0]).says(told[1]);
        assert_eq!(world.list(), before, "{}", ran.told());
        if let Some(first) = &first {
            assert_eq!(ran.stderr, first.stderr);
        }
        first = Some(ran);
    }
}

#[test]
fn a_link_to_an_output_that_is_there() {
    let world = World::with(&["a.bmp", "a_rot90.bmp"]);
    symlink("a_rot90.bmp", world.path("link.bmp")).unwrap();
    refused(&world, &["*.bmp"], ["a.bmp", "link.bmp"]);
    refused(&world, &["a.bmp", "link.bmp"], ["a.bmp", "link.bmp"]);
    refused(&world, &["link.bmp", "a.bmp"], ["a.bmp", "link.bmp"]);
    let literal = ["--files0-from", "list"];
    world.write("list", b"link.bmp\0a.bmp\0");
    refused(&world, &literal, ["a.bmp", "link.bmp"]);
}

#[test]
fn a_link_to_an_output_that_is_yet_to_come() {
    let world = World::with(&["a.bmp"]);
    symlink("a_rot90.bmp", world.path("link.bmp")).unwrap();
    refused(&world, &["a.bmp", "link.bmp"], ["a.bmp", "link.bmp"]);
    // A chain of them.
    symlink("link.bmp", world.path("far.bmp")).unwrap();
    refused(&world, &["a.bmp", "far.bmp"], ["a.bmp", "far.bmp"]);
}

#[test]
fn a_link_to_an_output_in_another_folder() {
    let world = World::with(&["in/a.bmp", "out/a_rot90.bmp"]);
    symlink("../out/a_rot90.bmp", world.path("in/b.bmp")).unwrap();
    refused(&world, &["in/*.bmp", "-o", "out"], ["in/a.bmp", "in/b.bmp"]);
    // By a folder that is a link.
    symlink("out", world.path("alias")).unwrap();
    refused(
        &world,
        &[
            "in/a.bmp",
            "alias/a_rot90.bmp",
            "out/a_rot90.bmp",
            "in/b.bmp",
            "-o",
            "out",
        ],
        ["in/a.bmp", "in/b.bmp"],
    );
    // Elsewhere it is a file like any other.
    world.rot90(["in/*.bmp", "-o", "new"]).go().exit(0);
}

/// A hard link is a file of its own: an output that is replaced takes nothing from it.
#[test]
fn a_hard_link_to_an_output() {
    let mut found = Vec::new();
    for workers in ["1", "2", "8"] {
        let world = World::with(&["a.bmp", "b.bmp"]);
        fs::rename(world.path("b.bmp"), world.path("a_rot90.bmp")).unwrap();
        fs::hard_link(world.path("a_rot90.bmp"), world.path("hard.bmp")).unwrap();
        let ran = world.rot90(["a.bmp", "hard.bmp", "-w", workers]).go();
        assert!(matches!(ran.status.code(), Some(0 | 2)), "{}", ran.told());
        if ran.status.code() == Some(0) {
            world.assert_rotated("a.bmp", "a_rot90.bmp");
            world.assert_rotated("b.bmp", "hard_rot90.bmp");
        }
        found.push((ran.stdout, world.list()));
    }
    assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
}

/// Links to inputs are inputs, whatever is the output of which.
#[test]
fn links_to_inputs_are_the_same_at_any_number_of_workers() {
    let mut found = Vec::new();
    for workers in ["1", "2", "8"] {
        let world = World::with(&["a.bmp", "b.bmp"]);
        symlink("a.bmp", world.path("c.bmp")).unwrap();
        symlink("c.bmp", world.path("d.bmp")).unwrap();
        let ran = world.rot90(["*.bmp", "-w", workers]).go().exit(0);
        world.assert_rotated("a.bmp", "d_rot90.bmp");
        found.push((ran.stdout, world.list()));
    }
    assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
}
