//! Names of every kind.

use std::os::unix::ffi::OsStrExt as _;

use crate::support::{World, array, list0, name, record, skip};
use base64::Engine as _;
use serde_json::{Value, json};

/// Inputs and what their outputs are called.
const NAMES: [(&str, &str); 22] = [
    ("a.bmp", "a_rot90.bmp"),
    ("A.BMP", "A_rot90.BMP"),
    ("Mixed.Bmp", "Mixed_rot90.Bmp"),
    ("scan", "scan_rot90"),
    ("picture.dib", "picture_rot90.dib"),
    ("a.b.c.bmp", "a.b.c_rot90.bmp"),
    ("a b  c.bmp", "a b  c_rot90.bmp"),
    (" .bmp", " _rot90.bmp"),
    ("it's.bmp", "it's_rot90.bmp"),
    ("say \"hi\".bmp", "say \"hi\"_rot90.bmp"),
    ("back\\slash.bmp", "back\\slash_rot90.bmp"),
    ("new\nline.bmp", "new\nline_rot90.bmp"),
    ("tab\there.bmp", "tab\there_rot90.bmp"),
    ("[1].bmp", "[1]_rot90.bmp"),
    ("star*.bmp", "star*_rot90.bmp"),
    ("what?.bmp", "what?_rot90.bmp"),
    ("{a,b}.bmp", "{a,b}_rot90.bmp"),
    ("$HOME.bmp", "$HOME_rot90.bmp"),
    ("-dash.bmp", "-dash_rot90.bmp"),
    ("größe 📷.bmp", "größe 📷_rot90.bmp"),
    ("x.bmp.d/a.bmp", "x.bmp.d/a_rot90.bmp"),
    ("y_rot90.bmp/z.bmp", "y_rot90.bmp/z_rot90.bmp"),
];

#[test]
fn outputs_are_called_after_their_inputs() {
    for (input, output) in NAMES {
        let world = World::with(&[input]);
        world
            .rot90(["--", input])
            .go()
            .exit(0)
            .stdout(&array(&[record(input, output)]));
        world.assert_rotated(input, output);
        assert_eq!(world.list().len(), 2, "{input}");
    }
}

#[test]
fn patterns_find_every_name() {
    let world = World::new();
    for (input, _) in NAMES {
        world.bitmap(input);
    }
    let mut inputs: Vec<_> = NAMES.iter().map(|&(input, _)| input).collect();
    inputs.sort_unstable();
    // The pattern names folders as well, which are not what this is about.
    let rotated = |ran: &crate::support::Ran| -> Vec<String> {
        let mut records = ran.records();
        records.retain(|record| record.get("output").is_some());
        records
            .iter()
            .filter_map(|record| record["input"].as_str().map(str::to_owned))
            .collect()
    };
    let ran = world.rot90(["**/*"]).go();
    assert_eq!(rotated(&ran), inputs, "{}", ran.told());
    for (input, output) in NAMES {
        world.assert_rotated(input, output);
    }
    let count = world.list().len();
    // And their results are known again.
    let ran = world.rot90(["**/*"]).go();
    assert_eq!(rotated(&ran), inputs, "{}", ran.told());
    assert_eq!(world.list().len(), count);
}

#[test]
fn the_shell_s_expansion_finds_every_name() {
    let world = World::new();
    for (input, _) in NAMES {
        world.bitmap(input);
    }
    let ran = world
        .shell("find . -type f -print0 | LC_ALL=C sort -z | \"$ROT90\" --files0-from -")
        .go()
        .exit(0);
    assert_eq!(ran.inputs().len(), NAMES.len(), "{}", ran.told());
    for (input, output) in NAMES {
        world.assert_rotated(input, output);
    }
}

#[test]
fn a_leading_dash_needs_no_care_in_patterns_and_lists() {
    let world = World::with(&["-w.bmp", "--help"]);
    let ran = world.rot90(["*.bmp"]).go().exit(0);
    assert_eq!(ran.inputs(), ["-w.bmp"]);
    world
        .rot90(["--files0-from", "-"])
        .input(list0(&["-w.bmp", "--help"]))
        .go()
        .exit(0);
    world.assert_rotated("--help", "--help_rot90");
}

#[test]
fn a_leading_dot_is_part_of_the_stem() {
    let world = World::with(&[".hidden.bmp", ".hidden", "d/.x.bmp"]);
    world
        .rot90([".hidden.bmp", ".hidden", "d/.x.bmp"])
        .go()
        .exit(0)
        .stdout(&array(&[
            record(".hidden.bmp", ".hidden_rot90.bmp"),
            record(".hidden", ".hidden_rot90"),
            record("d/.x.bmp", "d/.x_rot90.bmp"),
        ]));
}

#[test]
fn folder_names_are_never_rewritten() {
    let world = World::with(&["a.bmp/b.c/scan", "d.bmp/e_rot90.d/f.bmp"]);
    world
        .rot90(["a.bmp/b.c/scan", "./d.bmp//e_rot90.d/f.bmp"])
        .go()
        .exit(0);
    world.assert_rotated("a.bmp/b.c/scan", "a.bmp/b.c/scan_rot90");
    world.assert_rotated("d.bmp/e_rot90.d/f.bmp", "d.bmp/e_rot90.d/f_rot90.bmp");
}

/// What stands in a record for a name that is not UTF-8.
fn encoded(bytes: &[u8]) -> Value {
    json!({"bytes": base64::engine::general_purpose::STANDARD.encode(bytes)})
}

#[test]
fn names_that_are_not_utf8_stand_as_base64() {
    let world = World::new();
    let (file, output) = (name(b"caf\xe9 \xff.bmp"), b"caf\xe9 \xff_rot90.bmp");
    if std::fs::write(world.path(&file), "").is_err() {
        return skip(
            "names_that_are_not_utf8_stand_as_base64",
            "this file system takes UTF-8 alone",
        );
    }
    world.bitmap(&file);
    world.bitmap(name(b"\xf0\x28/plain.bmp"));
    world.write(name(b"bad\xfe.bmp"), "nothing");
    let world = &world;
    let check = |ran: crate::support::Ran| {
        let records = ran.records();
        let told = ran.told();
        let find = |bytes: &[u8]| {
            let wanted = encoded(bytes);
            records
                .iter()
                .find(|record| record["input"] == wanted)
                .unwrap_or_else(|| panic!("no record of {wanted}\n{told}"))
        };
        assert_eq!(find(file.as_bytes())["output"], encoded(output), "{told}");
        assert_eq!(
            find(b"\xf0\x28/plain.bmp")["output"],
            encoded(b"\xf0\x28/plain_rot90.bmp"),
            "{told}"
        );
        assert!(find(b"bad\xfe.bmp")["error"].is_string(), "{told}");
        // Bytes that are no text are escaped in messages.
        assert!(ran.stderr.contains("rot90: bad\\xfe.bmp: "), "{told}");
        world.assert_rotated(&file, name(output));
        world.assert_rotated(
            name(b"\xf0\x28/plain.bmp"),
            name(b"\xf0\x28/plain_rot90.bmp"),
        );
    };
    check(world.rot90(["**/*.bmp"]).go().exit(1));
    check(world.rot90(["*.bmp", "*/*.bmp"]).go().exit(1));
    check(
        world
            .rot90([&file, &name(b"\xf0\x28/plain.bmp"), &name(b"bad\xfe.bmp")])
            .go()
            .exit(1),
    );
    let list = b"caf\xe9 \xff.bmp\0\xf0\x28/plain.bmp\0bad\xfe.bmp\0";
    check(
        world
            .rot90(["--files0-from", "-"])
            .input(*list)
            .go()
            .exit(1),
    );
    // Below an output folder of that kind, too.
    let ran = world.rot90([&file, &name(b"-oout\xff")]).go().exit(0);
    assert_eq!(
        ran.records()[0]["output"],
        encoded(b"out\xff/caf\xe9 \xff_rot90.bmp"),
        "{}",
        ran.told()
    );
}

#[test]
fn the_longest_names_that_fit_are_used() {
    let world = World::new();
    // 255 bytes are the most on almost every file system.
    let fits = format!("{}.bmp", "n".repeat(255 - 10));
    let too_long = format!("{}.bmp", "m".repeat(255 - 9));
    world.bitmap(&fits);
    world.bitmap(&too_long);
    world.bitmap("a.bmp");
    world
        .rot90(["*.bmp"])
        .go()
        .exit(1)
        .fails(&too_long, "name too long");
    world.assert_rotated(&fits, fits.replace(".bmp", "_rot90.bmp"));
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    assert_eq!(world.list().len(), 5);
}
