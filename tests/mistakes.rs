//! The commonest mistakes are answered with what to type instead.
#![cfg(all(unix, feature = "cli"))]

mod common;

use common::{World, pictures};

/// A world with this many tiny bitmaps in a folder.
fn many(count: usize) -> World {
    let world = World::new();
    for number in 0..count {
        world.write(format!("scans/{number:04}.bmp"), pictures::bitmap(2, 1));
    }
    world
}

#[test]
fn a_mistyped_option_suggests_the_right_one() {
    let world = World::with(&["a.bmp"]);
    for (wrong, right) in [
        ("--ouput-dir", "'--output-dir'"),
        ("--output", "'--output-dir'"),
        ("--fromat", "'--format'"),
        ("--quite", "'--quiet'"),
        ("--noclobber", "'--no-clobber'"),
        ("--file0-from", "'--files0-from'"),
        ("--threads=4", "'--workers'"),
        ("-j4", "'--workers'"),
        ("--recursive", "'DIR/**/*.bmp'"),
        ("-r", "'DIR/**/*.bmp'"),
        ("--json", "--format"),
        ("-f", "--no-clobber"),
        ("-O", "'-o'"),
        ("-n", "--dry-run"),
        ("-s", "'--quiet'"),
        ("--no-progress", "--progress never"),
        ("--angle=180", "90 degrees clockwise"),
        ("--clockwise", "90 degrees clockwise"),
        ("--completions", "--generate complete-bash"),
        ("--stdin", "--files0-from -"),
    ] {
        world
            .rot90([wrong, "a.bmp"])
            .go()
            .exit(2)
            .stdout("")
            .says("tip: ")
            .says(right);
    }
    world.assert_files(&["a.bmp"]);
}

/// The parser alone would write into a folder `utput-dir`.
#[test]
fn one_dash_in_place_of_two() {
    let world = World::with(&["a.bmp"]);
    for (wrong, right) in [
        ("-output-dir", "'--output-dir'"),
        ("-outdir", "'--output-dir'"),
        ("-out", "'--output-dir'"),
        ("-workers=4", "'--workers'"),
        ("-format", "'--format'"),
        ("-version", "'--version'"),
    ] {
        let ran = world.rot90(["a.bmp", wrong, "x"]).go().exit(2).stdout("");
        ran.says(&format!("tip: a similar argument exists: {right}"));
    }
    world.assert_files(&["a.bmp"]);
    // Options of one letter, with their values and without.
    world.rot90(["-qvw2", "-oout", "a.bmp"]).go().exit(0);
    world.rot90(["-qoout", "--", "-out"]).go().exit(1);
    world.assert_files(&["a.bmp", "out/a_rot90.bmp"]);
}

/// An unknown option is answered by its letter if that was typed, and never with the advice to
/// take it for a name.
#[test]
fn an_unknown_option_is_named_as_it_was_typed() {
    let world = World::with(&["a.bmp"]);
    for (wrong, named) in [
        ("-j4", "'-j'"),
        ("--jobs=4", "'--jobs <N>'"),
        ("-9", "'-9'"),
    ] {
        let ran = world.rot90([wrong, "a.bmp"]).go().exit(2);
        ran.says(&format!("unexpected argument {named} found"))
            .says_not("as a value");
    }
    let world = World::with(&["-x.bmp"]);
    world
        .rot90(["-x.bmp"])
        .go()
        .exit(2)
        .says("tip: the file of that name is ./-x.bmp")
        .says_not("as a value");
    world.rot90(["./-x.bmp"]).go().exit(0);
}

#[test]
fn a_wrong_value_says_what_is_right() {
    let world = World::with(&["a.bmp"]);
    for (arguments, part) in [
        (["-w", "0"], "a whole number, 1 or more"),
        (["-w", "-1"], "a whole number, 1 or more"),
        (["--format", "xml"], "json, jsonl, means"),
        (["--max-memory", "lots"], "such as 512M"),
    ] {
        world
            .rot90(arguments.iter().chain(&["a.bmp"]))
            .go()
            .exit(2)
            .says(part);
    }
    world
        .rot90(["--max-memory", "2", "G", "a.bmp"])
        .go()
        .exit(1)
        .says("no space in it: --max-memory 2G");
}

#[test]
fn a_pattern_that_the_shell_expanded_is_done_and_told() {
    let world = many(1001);
    let ran = world
        .shell("\"$ROT90\" -o 'out dir' scans/*.bmp --format means")
        .go()
        .exit(0)
        .says("1001 names were given")
        .says("rot90 -o 'out dir' 'scans/*.bmp' --format means\n");
    let quoted = world
        .shell("\"$ROT90\" -o 'out dir' 'scans/*.bmp' --format means")
        .go()
        .exit(0)
        .says_not("names were given");
    assert_eq!(ran.stdout, quoted.stdout);
    world
        .shell("\"$ROT90\" -q scans/*.bmp")
        .go()
        .exit(0)
        .silent();
    // A second run over its own results, which the shell names too.
    world
        .shell("\"$ROT90\" scans/*.bmp")
        .go()
        .exit(0)
        .says("2002 names were given")
        .says("rot90 'scans/*.bmp'\n")
        .says("1001 earlier results skipped");
}

#[test]
fn other_long_lists_of_names_are_not_commented_on() {
    let world = many(1002);
    // All but one: no pattern names these.
    world
        .shell("rm scans/0000.bmp; cp scans/0001.bmp scans/x.bmp; \"$ROT90\" scans/[0-9]*.bmp")
        .go()
        .exit(0)
        .says_not("names were given");
    let few = many(500);
    few.shell("\"$ROT90\" scans/*.bmp")
        .go()
        .exit(0)
        .says_not("names were given");
}

#[test]
fn all_folders_of_a_folder_are_recognised() {
    let world = many(1001);
    let line = "mkdir -p d/x d/y; mv scans/00*.bmp d/x; mv scans/*.bmp d/y; \"$ROT90\" d/*/*.bmp";
    world.shell(line).go().exit(0).says("rot90 'd/*/*.bmp'\n");
}

#[test]
fn a_folder_is_answered_with_a_pattern_to_copy() {
    let world = World::with(&["it's/a.bmp", "scans/a.bmp"]);
    world
        .rot90(["it's", "scans"])
        .go()
        .exit(1)
        .fails("scans", "name 'scans/*.bmp'")
        .fails("it's", r"name 'it'\''s/*.bmp'");
}

#[test]
fn another_format_is_answered_with_a_conversion() {
    let world = World::new();
    for (name, magic) in [
        ("a b.png", &b"\x89PNG\r\n\x1a\n0000"[..]),
        ("a.jpg", b"\xff\xd8\xff\xe00000"),
        ("a.tif", b"II*\x000000"),
        ("a.gif", b"GIF89a00"),
    ] {
        world.write(name, magic);
    }
    world
        .rot90(["a b.png", "a.jpg", "a.tif", "a.gif"])
        .go()
        .exit(1)
        .fails(
            "a b.png",
            "first, with ImageMagick, convert 'a b.png' 'a b.bmp'",
        )
        .fails("a.jpg", "ImageMagick, convert a.jpg a.bmp")
        .fails("a.tif", "ImageMagick, convert a.tif a.bmp")
        .fails("a.gif", "ImageMagick, convert a.gif a.bmp");
    // No conversion onto itself.
    world.write("b.bmp", b"\x89PNG\r\n\x1a\n0000");
    world.rot90(["b.bmp"]).go().exit(1).fails(
        "b.bmp",
        "a PNG file, whatever its name: first, with ImageMagick, mv b.bmp b.png && convert b.png \
         b.bmp",
    );
    // What is no picture cannot be made one.
    world.write("c.zip", b"PK\x03\x040000");
    world
        .rot90(["c.zip"])
        .go()
        .exit(1)
        .fails("c.zip", "a ZIP file")
        .says_not("convert");
}

#[test]
fn without_operands_there_is_one_to_copy() {
    World::new()
        .rot90([""; 0])
        .go()
        .exit(2)
        .stdout("")
        .says("tip: for all bitmaps of this folder: rot90 '*.bmp'");
}

#[test]
fn a_mistyped_name_suggests_the_one_that_is_there() {
    let world = World::with(&[
        "scans/chelsea.bmp",
        "scans/cell.bmp",
        "my scans/a.bmp",
        "scans/scan1.bmp",
    ]);
    for (operand, meant) in [
        ("scans/chelsae.bmp", "scans/chelsea.bmp"),
        ("scan/chelsae.bmp", "scans/chelsea.bmp"),
        ("./scans/CELL.BMP", "./scans/cell.bmp"),
        ("scans/cell", "scans/cell.bmp"),
        ("my-scans/a.bmp", "'my scans/a.bmp'"),
        ("scan", "'scans/*.bmp'"),
        ("scan/", "'scans/*.bmp'"),
    ] {
        let meant = format!("did you mean {meant}?");
        let ran = world.rot90([operand]).go().exit(1);
        ran.fails(operand, "No such file").says(&meant);
        // What is printed is the same, whatever else is in the folder.
        world.rot90(["-q", operand]).go().exit(1).says_not("mean");
    }
    for (pattern, meant) in [
        ("scan/*.bmp", "'scans/*.bmp'"),
        ("my-scans/**/*.bmp", "'my scans/**/*.bmp'"),
    ] {
        let ran = world.rot90([pattern]).go().exit(1).stdout("[]\n");
        ran.says(&format!("did you mean {meant}?"));
    }
    for other in ["scans/elephant.bmp", "scans/scan2.bmp", "gone/x/y.bmp"] {
        world.rot90([other]).go().exit(1).says_not("did you mean");
    }
}

#[test]
fn names_that_end_in_newlines_are_refused_with_what_to_do() {
    let world = World::with(&["a.bmp", "b.bmp"]);
    world.write("list", "a.bmp\nb.bmp\n");
    world
        .rot90(["--files0-from", "list"])
        .go()
        .exit(2)
        .stdout("")
        .says("find needs -print0")
        .says("tr '\\n' '\\0' < list | rot90 --files0-from -");
    world
        .shell("find . -name '*.bmp' | \"$ROT90\" --files0-from -")
        .go()
        .exit(2)
        .stdout("")
        .says("find needs -print0");
    world.assert_files(&["a.bmp", "b.bmp", "list"]);
    // The advice taken.
    world
        .shell("tr '\\n' '\\0' < list | \"$ROT90\" --files0-from - --format means")
        .go()
        .exit(0);
    // One name may have a newline in it.
    world.write("c\nd.bmp", pictures::bitmap(2, 1));
    world.write("one", "c\nd.bmp");
    world.rot90(["--files0-from", "one"]).go().exit(0);
    world.write("more", "c\nd.bmp\0e\nf.bmp");
    world.rot90(["--files0-from", "more"]).go().exit(1);
}

#[test]
fn words_that_are_no_names() {
    let world = World::new();
    for (operand, part) in [
        ("", "a variable that is not set"),
        ("-", "rot90 --files0-from -"),
        ("help", "rot90 --help"),
        ("version", "rot90 --version"),
    ] {
        world.rot90([operand]).go().exit(1).fails(operand, part);
    }
    world
        .rot90(["--files0-from", "gone"])
        .go()
        .exit(2)
        .says("names gone: No such file or directory\n");
}

#[test]
fn a_name_that_the_shell_would_have_changed() {
    let world = World::with(&["a.bmp"]);
    for (operand, part) in [
        ("~/a.bmp", "write ~/a.bmp"),
        ("~you/a.bmp", "write ~you/a.bmp"),
        ("{a,b}.bmp", "name a.bmp b.bmp"),
        ("$HOME/a.bmp", "write \"$HOME\"/a.bmp"),
        ("${HOME}", "write \"${HOME}\""),
    ] {
        world.rot90([operand]).go().exit(1).fails(operand, part);
    }
    for (operand, part) in [
        ("~/x/*.bmp", "write ~/'x/*.bmp'"),
        ("{a,b}*.bmp", "name 'a*.bmp' 'b*.bmp'"),
        ("$HOME/x/*.bmp", "write \"$HOME\"'/x/*.bmp'"),
    ] {
        world
            .rot90([operand])
            .go()
            .exit(1)
            .stdout("[]\n")
            .says(part);
    }
}

#[test]
fn a_pattern_that_misses_narrowly() {
    let world = World::with(&["up/A.BMP", "up/B.BMP", "tree/x/a.bmp"]);
    for (pattern, part) in [
        ("up/*.bmp", "'up/*.BMP' matches 2"),
        ("tree/*.bmp", "'tree/*/*.bmp' matches one"),
        ("gone/*.bmp", "there is no folder gone/"),
        ("up/*.png", "'up/*.BMP' matches 2"),
    ] {
        world
            .rot90([pattern])
            .go()
            .exit(1)
            .stdout("[]\n")
            .says("the pattern matches no file")
            .says(part);
    }
}

#[test]
fn options_behind_two_dashes_and_names_for_outputs() {
    let world = World::with(&["a.bmp"]);
    world
        .rot90(["--", "a.bmp", "-o", "out"])
        .go()
        .exit(1)
        .fails("-o", "options go before it");
    world
        .rot90(["a.bmp", "b.bmp"])
        .go()
        .exit(1)
        .says("b.bmp is taken as an input too")
        .says("rot90 a.bmp --output-dir DIR\n")
        .fails("b.bmp", "No such file");
    world
        .rot90(["a.bmp", "my out"])
        .go()
        .exit(1)
        .says("rot90 a.bmp --output-dir 'my out'\n");
}
