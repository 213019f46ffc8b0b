//! What is printed where, and the exit code.

use std::fs;

use crate::support::bitmap::{self, DEPTHS, Recipe};
use crate::support::random::Random;
use crate::support::{CUT, World, array, cut, mean, mixed, record};

#[test]
fn json_is_an_array_with_a_record_a_line() {
    let failed = format!(r#"{{"input": "b.bmp", "error": "{CUT}"}}"#);
    let expected = array(&[
        record("a.bmp", "a_rot90.bmp"),
        failed,
        record("c.bmp", "c_rot90.bmp"),
    ]);
    for options in [&[][..], &["--format", "json"], &["--format=json"]] {
        let world = mixed();
        let arguments = [&["*.bmp"], options].concat();
        world
            .rot90(arguments)
            .go()
            .exit(1)
            .stdout(&expected)
            .says(&format!("rot90: b.bmp: {CUT}\n"));
        world.assert_files(&["a.bmp", "a_rot90.bmp", "b.bmp", "c.bmp", "c_rot90.bmp"]);
    }
}

#[test]
fn jsonl_is_a_record_a_line() {
    let expected = format!(
        "{}\n{{\"input\": \"b.bmp\", \"error\": \"{CUT}\"}}\n{}\n",
        record("a.bmp", "a_rot90.bmp"),
        record("c.bmp", "c_rot90.bmp")
    );
    mixed()
        .rot90(["*.bmp", "--format", "jsonl"])
        .go()
        .exit(1)
        .stdout(&expected);
}

#[test]
fn means_are_one_array() {
    let expected = format!("[{}, null, {}]\n", mean("a.bmp"), mean("c.bmp"));
    mixed()
        .rot90(["*.bmp", "--format", "means"])
        .go()
        .exit(1)
        .stdout(&expected)
        .says("rot90: b.bmp: ");
}

#[test]
fn whole_means_have_a_decimal_point() {
    let world = World::new();
    let grey = Recipe::new(4, 3, 24).with_pixels("grey", vec![0x0080_8080; 12]);
    world.write("grey.bmp", grey.bytes);
    world
        .rot90(["grey.bmp", "--format", "means"])
        .go()
        .exit(0)
        .stdout("[128.0]\n");
}

#[test]
fn results_are_the_same_at_any_number_of_workers() {
    let world = World::new();
    let mut random = Random::new(3);
    for number in 0..60 {
        let name = format!("{number:02}.bmp");
        if number % 7 == 3 {
            world.write(name, cut());
        } else {
            let (width, height) = (1 + random.below(300), 1 + random.below(300));
            let depth = random.pick(&DEPTHS);
            world.write(name, bitmap::noise(depth, width, height).bytes);
        }
    }
    for format in ["json", "jsonl", "means"] {
        let run = |workers: &str, out: &str| {
            world
                .rot90([
                    "*.bmp", "gone", "-w", workers, "--format", format, "-q", "-o", out,
                ])
                .go()
                .exit(1)
        };
        let first = run("1", "out");
        let outputs: Vec<_> = world
            .list()
            .into_iter()
            .filter(|name| name.contains("_rot90"))
            .collect();
        let bytes: Vec<_> = outputs.iter().map(|name| world.read(name)).collect();
        for workers in ["2", "3", "7", "16"] {
            fs::remove_dir_all(world.path("out")).unwrap();
            let again =
                run(workers, "out").stdout(&String::from_utf8(first.stdout.clone()).unwrap());
            assert_eq!(
                again.stderr, first.stderr,
                "messages with {workers} workers"
            );
            for (name, bytes) in outputs.iter().zip(&bytes) {
                assert!(world.read(name) == *bytes, "{name} with {workers} workers");
            }
        }
    }
}

#[test]
fn workers_are_a_number_of_one_or_more() {
    let world = World::with(&["a.bmp"]);
    for wrong in ["0", "x", "-1", "1.5", "", "1e3", "99999999999999999999999"] {
        world
            .rot90(["a.bmp", &format!("--workers={wrong}")])
            .go()
            .exit(2)
            .stdout("")
            .says("--workers");
    }
    world.rot90(["a.bmp", "-w"]).go().exit(2);
    world.assert_files(&["a.bmp"]);
    for right in ["1", "2", "16", "300"] {
        world.rot90(["a.bmp", "-w", right]).go().exit(0);
    }
    world.rot90(["-w1", "a.bmp"]).go().exit(0);
}

#[test]
fn wrong_usage_is_exit_2_and_touches_nothing() {
    let world = World::with(&["a.bmp"]);
    for wrong in [
        &[][..],
        &["a.bmp", "--no-such-option"],
        &["a.bmp", "--format", "xml"],
        &["a.bmp", "--progress", "maybe"],
        &["a.bmp", "--update", "--no-clobber"],
        &["a.bmp", "--max-memory", "0"],
        &["a.bmp", "--max-memory", "10"],
        &["a.bmp", "--max-memory", "64K"],
        &["a.bmp", "--max-memory", "lots"],
        &["a.bmp", "--max-memory", "-1"],
        &["a.bmp", "--max-memory", "12X"],
        &["a.bmp", "-o"],
        &["--files0-from"],
    ] {
        let ran = world.rot90(wrong).go().exit(2).stdout("");
        assert!(!ran.stderr.is_empty(), "{}", ran.told());
    }
    world.assert_files(&["a.bmp"]);
}

#[test]
fn a_wrong_value_says_what_is_right() {
    let world = World::with(&["a.bmp"]);
    for (arguments, part) in [
        (["-w", "0"], "a whole number, 1 or more"),
        (["-w", "-1"], "a whole number, 1 or more"),
        (["-w", "1.5"], "a whole number, 1 or more"),
        (["--format", "xml"], "json, jsonl, means"),
        (["--max-memory", "lots"], "such as 512M"),
        (["--max-memory", "-1"], "such as 512M"),
        (["--max-memory", "1023K"], "at least 1M"),
    ] {
        world
            .rot90(arguments.iter().chain(&["a.bmp"]))
            .go()
            .exit(2)
            .says(part);
    }
}

#[test]
fn help_and_version_are_results() {
    let world = World::new();
    let version = format!("rot90 {}\n", env!("CARGO_PKG_VERSION"));
    world
        .rot90(["--version"])
        .go()
        .exit(0)
        .silent()
        .stdout(&version);
    for option in ["--help", "-h"] {
        let ran = world.rot90([option]).go().exit(0).silent();
        let help = String::from_utf8(ran.stdout).unwrap();
        for option in [
            "--workers",
            "--output-dir",
            "--files0-from",
            "--format",
            "--update",
            "--no-clobber",
            "--dry-run",
            "--durable",
            "--max-memory",
            "--fail-fast",
            "--progress",
            "--quiet",
            "--verbose",
        ] {
            assert!(help.contains(option), "the help lacks {option}");
        }
    }
}

#[test]
fn fail_fast_begins_nothing_after_a_failure() {
    let world = mixed();
    let ran = world
        .rot90(["*.bmp", "--fail-fast", "-w", "1"])
        .go()
        .exit(1);
    assert_eq!(ran.inputs(), ["a.bmp", "b.bmp"], "{}", ran.told());
    ran.says("1 failed, 1 not done\n");
    world.assert_files(&["a.bmp", "a_rot90.bmp", "b.bmp", "c.bmp"]);
    // What other workers have under way is finished, and has its record.
    let world = World::new();
    let names: Vec<_> = (0..400).map(|number| format!("{number:03}.bmp")).collect();
    for name in &names {
        world.bitmap(name);
    }
    world.write("005.bmp", cut());
    let ran = world
        .rot90(["*.bmp", "--fail-fast", "-w", "4"])
        .go()
        .exit(1);
    let inputs = ran.inputs();
    assert!(inputs.len() < 400, "{}", ran.told());
    for name in &names {
        let output = name.replace(".bmp", "_rot90.bmp");
        let done = name != "005.bmp" && inputs.contains(name);
        assert_eq!(world.path(&output).exists(), done, "{output}");
    }
    // Without a failure it changes nothing.
    let world = World::with(&["a.bmp", "b.bmp"]);
    world.rot90(["*.bmp", "--fail-fast"]).go().exit(0);
}

#[test]
fn the_summary_counts() {
    let world = mixed();
    world.write("a_rot90.bmp", "");
    let ran = world.rot90(["*.bmp"]).go().exit(1);
    let last = ran.stderr.lines().last().unwrap_or_default();
    let bytes = world.read("a.bmp").len() + world.read("c.bmp").len();
    let begin = format!("rot90: 2 files rotated, {bytes} B in 0.0");
    assert!(
        last.starts_with(&begin) && last.ends_with("B/s), 1 earlier result skipped, 1 failed"),
        "{}",
        ran.told()
    );
}

#[test]
fn the_summary_of_an_update_counts_what_is_kept_apart() {
    let world = World::with(&["a.bmp", "b.bmp"]);
    world
        .rot90(["?.bmp", "--update"])
        .go()
        .exit(0)
        .says("rot90: 2 rotated, 0 up to date, ");
    world.bitmap("c.bmp");
    let line = "rot90: 1 would be rotated, 2 up to date, 0 skipped, 0 failed\n";
    let dry = ["?.bmp", "--update", "--dry-run"];
    world.rot90(dry).go().exit(0).says(line);
    let ran = world.rot90(["?.bmp", "--update"]).go().exit(0);
    ran.says("rot90: 1 rotated, 2 up to date, ")
        .says("0 skipped, 0 failed\n");
}

/// One message has told all there is.
#[test]
fn nothing_but_one_failure_has_no_summary() {
    let world = World::new();
    world.write("b.bmp", cut());
    for arguments in ["b.bmp", "*.png"] {
        let ran = world.rot90([arguments]).go().exit(1);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.told());
    }
}

#[test]
fn quiet_tells_failures_alone() {
    for option in ["-q", "--quiet"] {
        let world = mixed();
        let ran = world.rot90(["*.bmp", "*.png", option]).go().exit(1);
        assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.told());
        ran.says("rot90: b.bmp: ").says("rot90: *.png: ");
        world.rot90(["a.bmp", option]).go().exit(0).silent();
        world
            .rot90(["a.bmp", option, "--progress", "auto"])
            .go()
            .exit(0)
            .silent();
    }
}

#[test]
fn verbose_tells_more() {
    let world = World::with(&["a.bmp", "a_rot90.bmp"]);
    let plain = world.rot90(["*.bmp"]).go().exit(0);
    let more = world
        .rot90(["*.bmp", "-v"])
        .go()
        .exit(0)
        .says("a_rot90.bmp");
    let most = world.rot90(["*.bmp", "-vv"]).go().exit(0);
    let lines = [&plain, &more, &most].map(|ran| ran.stderr.lines().count());
    assert!(
        lines[0] < lines[1] && lines[1] <= lines[2],
        "{}",
        most.told()
    );
    assert_eq!(plain.stdout, most.stdout);
}

#[test]
fn max_memory_refuses_what_needs_more() {
    let world = World::with(&["a.bmp"]);
    world.write("b.bmp", bitmap::large(24, 1000, 5000, false));
    // So high that not even a strip of it fits.
    world.write("c.bmp", bitmap::large(24, 4, 400_000, false));
    let ran = world
        .rot90(["a.bmp", "b.bmp", "c.bmp", "--max-memory", "1M"])
        .go()
        .exit(1)
        .fails("c.bmp", "bytes of memory for 400000 rows");
    assert_eq!(ran.inputs(), ["a.bmp", "b.bmp", "c.bmp"]);
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    assert!(!world.path("c_rot90.bmp").exists());
    // The size that it names will do.
    let needed = ran.stderr.split("c.bmp: needs ").nth(1).unwrap();
    let needed = needed.split(' ').next().unwrap();
    world.rot90(["c.bmp", "--max-memory", needed]).go().exit(0);
    let mut outputs = vec![world.read("b_rot90.bmp")];
    for size in ["4M", "512M", "2G", "100000000", "1.5G", "64MiB"] {
        world.rot90(["b.bmp", "--max-memory", size]).go().exit(0);
        outputs.push(world.read("b_rot90.bmp"));
    }
    assert!(outputs.iter().all(|output| *output == outputs[0]));
}

#[test]
fn the_reason_says_what_is_wrong_with_the_file() {
    let world = World::new();
    let good = bitmap::bitmap(20, 20);
    let changed = |at: usize, bytes: &[u8]| {
        let mut copy = good.clone();
        copy[at..at + bytes.len()].copy_from_slice(bytes);
        copy
    };
    for (name, bytes, reason) in [
        ("empty.bmp", Vec::new(), "empty"),
        ("png.bmp", b"\x89PNG\r\n\x1a\n0000".to_vec(), "PNG"),
        ("text.bmp", b"once upon a time".to_vec(), "not a bitmap"),
        ("one.bmp", b"B".to_vec(), "ends after 1"),
        ("two.bmp", b"BM".to_vec(), "ends after 2"),
        ("header.bmp", good[..30].to_vec(), "ends after 30"),
        ("pixels.bmp", good[..70].to_vec(), "the file ends after 70"),
        ("version.bmp", changed(14, &[99]), "99"),
        ("depth.bmp", changed(28, &[7]), "7 bits per pixel"),
        ("width.bmp", changed(18, &[0; 4]), "width of 0"),
        ("negative.bmp", changed(18, &[0xff; 4]), "width of -1"),
        ("height.bmp", changed(22, &[0; 4]), "height of 0"),
        (
            "lowest.bmp",
            changed(22, &[0, 0, 0, 0x80]),
            "height of -2147483648",
        ),
        ("offset.bmp", changed(10, &[20, 0, 0, 0]), "offset 20"),
        (
            "beyond.bmp",
            changed(10, &[0xff, 0xff, 0xff, 0x7f]),
            "2147483647",
        ),
        (
            "huge.bmp",
            changed(18, &[0xff, 0xff, 0xff, 0x7f]),
            "the file ends after 1254",
        ),
        ("kind.bmp", changed(30, &[77]), "compression 77"),
    ] {
        world.write(name, bytes);
        world.rot90([name]).go().exit(1).fails(name, reason);
    }
    let stray = world
        .list()
        .into_iter()
        .find(|name| name.contains("_rot90"));
    assert_eq!(stray, None);
}
