//! Folders whose names ignore case.

use crate::disk::ExFat;
use crate::support::{World, bitmap, skip};

/// A file of the user's own that has an output's name in another case is what that name always is:
/// an earlier result where its original is among the inputs.
#[test]
fn an_output_s_name_in_another_case() {
    const TEST: &str = "an_output_s_name_in_another_case";
    for workers in ["1", "2", "8"] {
        let world = World::new();
        let Some(_mounted) = ExFat::new(&world) else {
            return skip(TEST, "exFAT through user space cannot be mounted here");
        };
        world.write("over/a.bmp", bitmap::bitmap(7, 5));
        world.write("over/A_ROT90.bmp", bitmap::bitmap(3, 4));
        for operands in [&["over/*.bmp"][..], &["over/A_ROT90.bmp", "over/a.bmp"]] {
            let ran = world
                .rot90([operands, &["-w", workers]].concat())
                .go()
                .exit(0)
                .says("1 earlier result skipped");
            assert_eq!(ran.inputs(), ["over/a.bmp"], "{}", ran.told());
            let rotated = bitmap::noise(24, 7, 5).rotated().bytes;
            assert!(world.read("over/a_rot90.bmp") == rotated, "{}", ran.told());
            let files = world.list();
            assert_eq!(files.len(), 3, "{files:?}");
        }
        // Alone it is an input.
        std::fs::remove_file(world.path("over/a.bmp")).unwrap();
        let ran = world.rot90(["over/*.bmp"]).go().exit(0).says("0 skipped");
        assert_eq!(ran.inputs().len(), 1, "{}", ran.told());
    }
}

/// With `--no-clobber` it is an output that exists.
#[test]
fn an_output_s_name_in_another_case_is_taken() {
    const TEST: &str = "an_output_s_name_in_another_case_is_taken";
    let world = World::new();
    let Some(_mounted) = ExFat::new(&world) else {
        return skip(TEST, "exFAT through user space cannot be mounted here");
    };
    world.write("over/a.bmp", bitmap::bitmap(7, 5));
    world.write("over/A_ROT90.BMP", "the user's own");
    let ran = world.rot90(["over/a.bmp", "--no-clobber"]).go().exit(1);
    ran.fails("over/a.bmp", "exists");
    assert_eq!(world.read("over/A_ROT90.BMP"), b"the user's own");
}
