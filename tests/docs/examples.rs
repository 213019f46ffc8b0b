//! The examples do what they say.

use std::path::{Path, PathBuf};

use crate::support::{World, cut, skip};

/// The program of that example, which `cargo test` builds unless it is told to run one test alone.
fn example(name: &str) -> Option<PathBuf> {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().and_then(Path::parent).unwrap();
    let program = profile.join("examples").join(name);
    if program.exists() {
        return Some(program);
    }
    skip(name, "the examples are not built: cargo build --examples");
    None
}

#[test]
fn in_memory() {
    let Some(program) = example("in_memory") else {
        return;
    };
    let world = World::with(&["a.bmp"]);
    world.write("cut.bmp", cut());
    world.write("a.png", b"\x89PNG\r\n\x1a\n");
    let run = |input: &str| world.run(&program, [input, "out.bmp"]).go();
    run("a.bmp").exit(0).silent();
    world.assert_rotated("a.bmp", "out.bmp");
    run("cut.bmp").exit(1).says("needs 1200 bytes");
    run("a.png").exit(1).says("no bitmap");
    run("gone.bmp").exit(1).says("No such file");
    world.run(&program, ["a.bmp"]).go().exit(2).says("usage");
}

#[test]
fn one_file() {
    let Some(program) = example("one_file") else {
        return;
    };
    let world = World::with(&["a.bmp"]);
    let run = || world.run(&program, ["a.bmp", "new/out.bmp"]).go();
    for word in ["wrote", "kept"] {
        let ran = run().exit(0).silent();
        let text = String::from_utf8(ran.stdout).unwrap();
        assert!(text.starts_with(&format!("{word} new/out.bmp: ")), "{text}");
    }
    world.assert_rotated("a.bmp", "new/out.bmp");
    world
        .run(&program, ["gone.bmp", "x.bmp"])
        .go()
        .exit(1)
        .says("No such file");
}
