//! Which files, in which order: operands, patterns, lists of names.

use std::fs;

use crate::support::{World, array, list0, record};

#[test]
fn operands_are_done_in_their_order() {
    let world = World::with(&["a.bmp", "b.bmp", "c.bmp"]);
    let expected = [
        record("c.bmp", "c_rot90.bmp"),
        record("a.bmp", "a_rot90.bmp"),
        record("b.bmp", "b_rot90.bmp"),
    ];
    world
        .rot90(["c.bmp", "a.bmp", "b.bmp"])
        .go()
        .exit(0)
        .stdout(&array(&expected));
    for name in ["a", "b", "c"] {
        world.assert_rotated(format!("{name}.bmp"), format!("{name}_rot90.bmp"));
    }
}

#[test]
fn patterns_come_in_byte_order_of_the_paths() {
    let names = [
        "B.bmp",
        "a-b/x.bmp",
        "a.bmp",
        "a/x.bmp",
        "a/y/x.bmp",
        "b.bmp",
        "b10.bmp",
        "b9.bmp",
        "é.bmp",
    ];
    let world = World::with(&names);
    let ran = world.rot90(["**/*.bmp"]).go().exit(0);
    assert_eq!(ran.inputs(), names, "{}", ran.told());
    let ran = world.rot90(["b*.bmp", "*.bmp", "--dry-run"]).go().exit(0);
    // What the first pattern found is not done again.
    assert_eq!(
        ran.inputs(),
        ["b.bmp", "b10.bmp", "b9.bmp", "B.bmp", "a.bmp", "é.bmp"],
        "{}",
        ran.told()
    );
}

#[test]
fn wildcards_mean_what_they_mean_in_shells() {
    let world = World::with(&[
        "a1.bmp",
        "a2.bmp",
        "a3.bmp",
        "ab.bmp",
        "a10.bmp",
        "a.txt",
        "d/a1.bmp",
        "d/e/a1.bmp",
        "d/e/f/a1.bmp",
    ]);
    for (pattern, expected) in [
        ("a?.bmp", &["a1.bmp", "a2.bmp", "a3.bmp", "ab.bmp"][..]),
        ("a[12].bmp", &["a1.bmp", "a2.bmp"]),
        ("a[1-3].bmp", &["a1.bmp", "a2.bmp", "a3.bmp"]),
        ("a[!1-3].bmp", &["ab.bmp"]),
        ("*1*.bmp", &["a1.bmp", "a10.bmp"]),
        ("*/a1.bmp", &["d/a1.bmp"]),
        ("*/*/*.bmp", &["d/e/a1.bmp"]),
        ("d/**/a1.bmp", &["d/a1.bmp", "d/e/a1.bmp", "d/e/f/a1.bmp"]),
        ("**/e/*.bmp", &["d/e/a1.bmp"]),
        (
            "**/[a-f]/**/*.bmp",
            &["d/a1.bmp", "d/e/a1.bmp", "d/e/f/a1.bmp"],
        ),
        ("./a[1].bmp", &["./a1.bmp"]),
    ] {
        let ran = world.rot90([pattern, "--dry-run"]).go().exit(0);
        assert_eq!(ran.inputs(), expected, "{}", ran.told());
    }
    let absolute = format!("{}/d/*.bmp", world.root().display());
    let ran = world.rot90([&absolute, "--dry-run"]).go().exit(0);
    assert_eq!(
        ran.inputs(),
        [absolute.replace('*', "a1")],
        "{}",
        ran.told()
    );
}

#[test]
fn wildcards_match_no_leading_dot() {
    let world = World::with(&[".a.bmp", "a.bmp", ".d/a.bmp", "d/a.bmp", "d/.a.bmp"]);
    for (pattern, expected) in [
        ("*.bmp", &["a.bmp"][..]),
        ("?a.bmp", &[]),
        ("[.]a.bmp", &[]),
        ("*/a.bmp", &["d/a.bmp"]),
        ("**/*.bmp", &["a.bmp", "d/a.bmp"]),
        (".*.bmp", &[".a.bmp"]),
        (".d/*.bmp", &[".d/a.bmp"]),
        (".a.bmp", &[".a.bmp"]),
    ] {
        let ran = world.rot90([pattern, "--dry-run"]).go();
        assert_eq!(ran.inputs(), expected, "{}", ran.told());
        ran.exit(i32::from(expected.is_empty()));
    }
}

#[test]
fn an_operand_that_names_a_file_is_literal() {
    let world = World::with(&[
        "[a].bmp",
        "a.bmp",
        "*.bmp",
        "b?.bmp",
        "bc.bmp",
        "[d]/e.bmp",
        "d/e.bmp",
    ]);
    let operands = ["[a].bmp", "*.bmp", "b?.bmp", "[d]/e.bmp"];
    let ran = world.rot90(operands).go().exit(0);
    assert_eq!(ran.inputs(), operands, "{}", ran.told());
    world.assert_rotated("*.bmp", "*_rot90.bmp");
    world.assert_rotated("[d]/e.bmp", "[d]/e_rot90.bmp");
    assert!(!world.path("a_rot90.bmp").exists());
}

#[test]
fn a_pattern_in_a_folder_with_glob_characters() {
    let world = World::with(&["[x]/a.bmp", "[x]/b.bmp"]);
    let ran = world.rot90(["[x]/*.bmp"]).go().exit(0);
    assert_eq!(ran.inputs(), ["[x]/a.bmp", "[x]/b.bmp"], "{}", ran.told());
}

#[test]
fn a_broken_pattern_is_a_name() {
    let world = World::with(&["a[.bmp"]);
    world.rot90(["a[.bmp"]).go().exit(0);
    world.assert_rotated("a[.bmp", "a[_rot90.bmp");
    let ran = world.rot90(["b[.bmp"]).go().exit(1);
    assert!(ran.stderr.contains("b[.bmp"), "{}", ran.told());
}

#[test]
fn a_path_named_twice_is_done_once() {
    let world = World::with(&["a.bmp", "b.bmp"]);
    let ran = world
        .rot90(["b.bmp", "a.bmp", "b.bmp", "*.bmp", "a.bmp"])
        .go()
        .exit(0);
    assert_eq!(ran.inputs(), ["b.bmp", "a.bmp"], "{}", ran.told());
}

#[test]
fn a_file_named_by_two_paths_is_done_once() {
    let world = World::with(&["a.bmp", "d/b.bmp"]);
    std::os::unix::fs::symlink("d", world.path("link")).unwrap();
    let absolute = world.path("a.bmp").display().to_string();
    let ran = world
        .rot90([
            "./a.bmp",
            "a.bmp",
            "d/../a.bmp",
            &absolute,
            "link/b.bmp",
            "d/b.bmp",
        ])
        .go()
        .exit(0);
    assert_eq!(ran.inputs(), ["./a.bmp", "link/b.bmp"], "{}", ran.told());
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    world.assert_rotated("d/b.bmp", "d/b_rot90.bmp");
}

#[test]
fn a_pattern_that_matches_nothing_is_an_error() {
    let world = World::with(&["a.bmp"]);
    world
        .rot90(["*.png", "a.bmp", "x/**/*.bmp"])
        .go()
        .exit(1)
        .stdout(&array(&[record("a.bmp", "a_rot90.bmp")]))
        .says("rot90: *.png: ")
        .says("rot90: x/**/*.bmp: ");
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    world
        .rot90(["*.png"])
        .go()
        .exit(1)
        .stdout("[]\n")
        .says("*.png");
    world
        .rot90(["*.png", "--format", "jsonl"])
        .go()
        .exit(1)
        .stdout("");
    world
        .rot90(["*.png", "--format", "means"])
        .go()
        .exit(1)
        .stdout("[]\n");
}

#[test]
fn a_missing_file_has_a_record() {
    let world = World::with(&["a.bmp"]);
    let ran = world
        .rot90(["gone.bmp", "a.bmp", "x/gone.bmp"])
        .go()
        .exit(1)
        .fails("gone.bmp", "No such file")
        .fails("x/gone.bmp", "No such file");
    assert_eq!(ran.inputs(), ["gone.bmp", "a.bmp", "x/gone.bmp"]);
    world.assert_files(&["a.bmp", "a_rot90.bmp"]);
}

#[test]
fn a_folder_suggests_a_pattern() {
    let world = World::with(&["d/a.bmp", "b.bmp"]);
    world
        .rot90(["d", "b.bmp"])
        .go()
        .exit(1)
        .fails("d", "d/*.bmp");
    world
        .rot90(["d/"])
        .go()
        .exit(1)
        .fails("d/", "d/*.bmp")
        .says_not("d//*");
    world.assert_files(&["b.bmp", "b_rot90.bmp", "d/a.bmp"]);
    world.rot90(["d/*.bmp"]).go().exit(0);
    world.assert_rotated("d/a.bmp", "d/a_rot90.bmp");
}

#[test]
fn lists_of_names_are_literal_and_in_order() {
    let names = [
        "b.bmp",
        "*.bmp",
        "new\nline.bmp",
        "-dash.bmp",
        "a.bmp",
        "d/a.bmp",
    ];
    let world = World::with(&names);
    world.write("list", list0(&names));
    let expected = [
        record("b.bmp", "b_rot90.bmp"),
        record("*.bmp", "*_rot90.bmp"),
        record("new\nline.bmp", "new\nline_rot90.bmp"),
        record("-dash.bmp", "-dash_rot90.bmp"),
        record("a.bmp", "a_rot90.bmp"),
        record("d/a.bmp", "d/a_rot90.bmp"),
    ];
    let expected = array(&expected);
    world
        .rot90(["--files0-from", "list"])
        .go()
        .exit(0)
        .stdout(&expected);
    world
        .rot90(["--files0-from=list"])
        .go()
        .exit(0)
        .stdout(&expected);
    let mut list = list0(&names);
    world
        .rot90(["--files0-from", "-"])
        .input(list.clone())
        .go()
        .exit(0)
        .stdout(&expected);
    // The NUL behind the last name may be missing.
    list.pop();
    world
        .rot90(["--files0-from", "-"])
        .input(list)
        .go()
        .exit(0)
        .stdout(&expected);
}

#[test]
fn a_pattern_in_a_list_is_not_expanded() {
    let world = World::with(&["a.bmp"]);
    world
        .rot90(["--files0-from", "-"])
        .input(list0(&["*.bmp", "a.bmp"]))
        .go()
        .exit(1)
        .fails("*.bmp", "No such file");
    world.assert_rotated("a.bmp", "a_rot90.bmp");
}

#[test]
fn an_empty_name_in_a_list_costs_itself_alone() {
    let world = World::with(&["a.bmp", "b.bmp"]);
    world
        .rot90(["--files0-from", "-"])
        .input(*b"a.bmp\0\0b.bmp\0")
        .go()
        .exit(1);
    world.assert_files(&["a.bmp", "a_rot90.bmp", "b.bmp", "b_rot90.bmp"]);
}

#[test]
fn an_empty_list_gives_an_empty_array() {
    let world = World::new();
    world.rot90(["--files0-from", "-"]).go().stdout("[]\n");
}

#[test]
fn a_list_that_cannot_be_read_is_wrong_usage() {
    let world = World::with(&["a.bmp"]);
    world
        .rot90(["--files0-from", "gone"])
        .go()
        .exit(2)
        .stdout("")
        .says("gone");
    world
        .rot90(["--files0-from", "-", "a.bmp"])
        .input(*b"a.bmp\0")
        .go()
        .exit(2)
        .stdout("");
    world.assert_files(&["a.bmp"]);
}

#[test]
fn hard_and_symbolic_links_are_inputs_of_their_own() {
    let world = World::with(&["a.bmp"]);
    fs::hard_link(world.path("a.bmp"), world.path("hard.bmp")).unwrap();
    std::os::unix::fs::symlink("a.bmp", world.path("soft.bmp")).unwrap();
    let ran = world.rot90(["*.bmp"]).go().exit(0);
    assert_eq!(
        ran.inputs(),
        ["a.bmp", "hard.bmp", "soft.bmp"],
        "{}",
        ran.told()
    );
    for output in ["a_rot90.bmp", "hard_rot90.bmp", "soft_rot90.bmp"] {
        world.assert_rotated("a.bmp", output);
    }
    assert!(world.path("soft.bmp").is_symlink(), "an input was replaced");
}

#[test]
fn many_names_need_no_long_command_line() {
    let world = World::new();
    for number in 0..300 {
        world.bitmap(format!("some/folder/with a long name/{number:04}.bmp"));
    }
    let ran = world.rot90(["some/**/*.bmp", "-w", "3"]).go().exit(0);
    let inputs = ran.inputs();
    assert_eq!(inputs.len(), 300);
    assert!(inputs.is_sorted());
}
