//! The commonest mistakes are answered with what to type instead.

use crate::support::{World, bitmap};

#[test]
fn a_folder_is_answered_with_a_pattern_to_copy() {
    let world = World::with(&["it's/a.bmp", "scans/a.bmp"]);
    world
        .rot90(["it's", "scans"])
        .go()
        .exit(1)
        .fails("scans", "rot90 'scans/*.bmp'")
        .fails("it's", r"rot90 'it'\''s/*.bmp'");
}

#[test]
fn a_pattern_that_matches_nothing_is_told_as_such() {
    let world = World::with(&["scans/a.bmp"]);
    for pattern in ["scans/*.png", "gone/*.bmp", "scans/**/b*.bmp"] {
        world
            .rot90([pattern])
            .go()
            .exit(1)
            .stdout("[]\n")
            .says(&format!("rot90: {pattern}: the pattern matches no file"));
    }
    let home = world.rot90(["~/*.bmp"]).go().exit(1);
    home.says("there is no folder ~/; ~ is not expanded inside quotes");
}

#[test]
fn a_pattern_that_matches_in_another_case_alone() {
    let world = World::with(&["up/A.BMP", "up/B.BMP"]);
    world
        .rot90(["up/*.bmp"])
        .go()
        .exit(1)
        .stdout("[]\n")
        .says("the pattern matches no file")
        .says("2");
}

#[test]
fn another_format_is_answered_with_a_conversion() {
    let world = World::new();
    for (name, magic) in [
        ("a b.png", &b"\x89PNG\r\n\x1a\n0000"[..]),
        ("a.jpg", b"\xff\xd8\xff\xe00000"),
        ("a.tif", b"II*\x000000"),
        ("a.gif", b"GIF89a00"),
        ("a.webp", b"RIFF\0\0\0\0WEBP"),
    ] {
        world.write(name, magic);
    }
    world
        .rot90(["a b.png", "a.jpg", "a.tif", "a.gif", "a.webp"])
        .go()
        .exit(1)
        .fails(
            "a b.png",
            "to convert it first, with ImageMagick: convert 'a b.png' 'a b.bmp'",
        )
        .fails("a.jpg", "ImageMagick: convert a.jpg a.bmp")
        .fails("a.tif", "ImageMagick: convert a.tif a.bmp")
        .fails("a.gif", "ImageMagick: convert a.gif a.bmp")
        .fails("a.webp", "ImageMagick: convert a.webp a.bmp");
    // No conversion onto itself.
    world.write("b.bmp", b"\x89PNG\r\n\x1a\n0000");
    world.rot90(["b.bmp"]).go().exit(1).fails(
        "b.bmp",
        "a PNG file despite its name; to convert it first, with ImageMagick: \
         mv b.bmp b.png && convert b.png b.bmp",
    );
    // What is no picture cannot be made one.
    world.write("c.zip", b"PK\x03\x040000");
    world.write("d.wav", b"RIFF\0\0\0\0WAVEfmt ");
    world
        .rot90(["c.zip", "d.wav"])
        .go()
        .exit(1)
        .fails("c.zip", "a ZIP file")
        .fails("d.wav", "not with \"BM\"")
        .says_not("convert");
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
        .says("With find, use -print0")
        .says("tr '\\n' '\\0' < list | rot90 --files0-from -");
    world
        .shell("find . -name '*.bmp' | \"$ROT90\" --files0-from -")
        .go()
        .exit(2)
        .stdout("")
        .says("tr '\\n' '\\0' | rot90 --files0-from -");
    world.assert_files(&["a.bmp", "b.bmp", "list"]);
    // The advice taken.
    world
        .shell("tr '\\n' '\\0' < list | \"$ROT90\" --files0-from - --format means")
        .go()
        .exit(0);
    // One name may have a newline in it.
    world.write("c\nd.bmp", bitmap::bitmap(2, 1));
    world.write("one", "c\nd.bmp");
    world.rot90(["--files0-from", "one"]).go().exit(0);
    world.write("more", "c\nd.bmp\0e\nf.bmp");
    world.rot90(["--files0-from", "more"]).go().exit(1);
}

#[test]
fn what_begins_like_an_option() {
    let world = World::with(&["-dash.bmp"]);
    world.write("-p.bmp", b"\x89PNG\r\n\x1a\n0000");
    for (name, code) in [("-dash.bmp", 2), ("./-dash.bmp", 0)] {
        world.rot90([name]).go().exit(code).says_not("tip: to pass");
    }
    world.rot90(["--", "-p.bmp"]).go().exit(1).fails(
        "-p.bmp",
        "mv ./-p.bmp ./-p.png && convert ./-p.png ./-p.bmp",
    );
    // Nobody is told to name a file that is not there.
    for option in ["--ccw", "-r", "--threads=4"] {
        world.rot90([option]).go().exit(2).says_not("tip: to pass");
    }
    world
        .rot90([""])
        .go()
        .exit(1)
        .fails("", "the name is empty");
}

/// The parser alone would write into a folder `utput-dir`.
#[test]
fn one_dash_in_place_of_two() {
    let world = World::with(&["a.bmp"]);
    for (wrong, right) in [
        ("-output-dir", "--output-dir"),
        ("-workers=4", "--workers"),
        ("-format", "--format"),
        ("-version", "--version"),
    ] {
        let ran = world.rot90(["a.bmp", wrong, "x"]).go().exit(2).stdout("");
        ran.says(&format!("'{wrong}'; did you mean {right}?\n"));
        // What is named is an option: the help knows it.
        let help = world.rot90(["--help"]).go().exit(0).stdout;
        assert!(String::from_utf8(help).unwrap().contains(right), "{right}");
    }
    world.assert_files(&["a.bmp"]);
    // Options of one letter, with their values and without.
    world.rot90(["-qvw2", "-oout", "a.bmp"]).go().exit(0);
    world.rot90(["-qoout", "--", "-out"]).go().exit(1);
    world.assert_files(&["a.bmp", "out/a_rot90.bmp"]);
}
