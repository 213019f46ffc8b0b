//! What was meant otherwise: names for outputs, devices, another case.

use std::fs::File;

use crate::support::{World, skip};

#[test]
fn a_folder_that_was_meant_as_a_file_is_refused() {
    let world = World::with(&["a.bmp", "b.bmp"]);
    for arguments in [
        &["a.bmp", "-o", "out.bmp"][..],
        &["a.bmp", "-o", "new/out.bmp"],
        &["a.bmp", "-o", "OUT.BMP"],
        &["a.bmp", "b.bmp", "--output-dir", "out.bmp"],
        &["*.bmp", "-o", "out.bmp", "--dry-run"],
    ] {
        let ran = world.rot90(arguments).go().exit(2).stdout("");
        assert!(
            ran.stderr.to_lowercase().contains("out.bmp"),
            "{}",
            ran.told()
        );
        world.assert_files(&["a.bmp", "b.bmp"]);
        assert_eq!(std::fs::read_dir(world.root()).unwrap().count(), 2);
    }
    // One that is there was meant as it is.
    std::fs::create_dir(world.path("out.bmp")).unwrap();
    world.rot90(["a.bmp", "-o", "out.bmp"]).go().exit(0);
    world.assert_rotated("a.bmp", "out.bmp/a_rot90.bmp");
}

/// Its output would stand beside the device, or beside a number in /proc.
#[test]
fn standard_input_has_no_output_beside_it() {
    let world = World::with(&["a.bmp"]);
    for operand in ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] {
        let ran = world
            .run("sh", ["-c", "exec \"$ROT90\" \"$0\" < a.bmp", operand])
            .go();
        assert_ne!(ran.status.code(), Some(0), "{}", ran.told());
        for stray in ["/dev/stdin_rot90", "/dev/fd/0_rot90"] {
            let is_there = std::fs::symlink_metadata(stray).is_ok();
            let _ = std::fs::remove_file(stray);
            assert!(!is_there, "{stray}\n{}", ran.told());
        }
        world.assert_files(&["a.bmp"]);
    }
}

#[test]
fn files_that_match_in_another_case_are_told() {
    let world = World::with(&["c.bmp", "A.BMP", "b.Bmp", "d.txt"]);
    if File::open(world.path("C.BMP")).is_ok() {
        return skip(
            "files_that_match_in_another_case_are_told",
            "case is ignored here",
        );
    }
    let ran = world.rot90(["*.bmp"]).go().exit(0);
    assert_eq!(ran.inputs(), ["c.bmp"]);
    let told = |ran: &crate::support::Ran| {
        ran.stderr
            .lines()
            .find(|line| line.contains("case"))
            .map(str::to_owned)
    };
    let line = told(&ran).unwrap_or_else(|| panic!("no word\n{}", ran.told()));
    assert!(line.contains("*.bmp") && line.contains('2'), "{line}");
    // Not where all are named, nor for those who want no words.
    let ran = world.rot90(["*.bmp", "*.BMP", "*.Bmp"]).go().exit(0);
    assert_eq!(told(&ran), None, "{}", ran.told());
    let ran = world.rot90(["*.bmp", "-q"]).go().exit(0);
    assert_eq!(told(&ran), None, "{}", ran.told());
}
