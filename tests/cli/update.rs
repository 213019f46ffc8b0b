//! `--update`: what is up to date is left alone, and nothing else is.

use std::fs::{self, File};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{World, array, bitmap, record};

/// Sets when a file was modified, in seconds since 1970, which may be before.
fn set_modified(path: &Path, seconds: i64) {
    let span = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        UNIX_EPOCH - span
    } else {
        UNIX_EPOCH + span
    };
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs() as i64
}

/// Clocks of file systems go in steps.
fn a_moment_later() {
    sleep(Duration::from_millis(20));
}

/// What a run with `--update` does to the output of `a.bmp`.
#[track_caller]
fn rotates(world: &World) -> bool {
    let before = fs::symlink_metadata(world.path("a_rot90.bmp")).map(|found| {
        use std::os::unix::fs::MetadataExt as _;
        (found.ino(), found.ctime_nsec())
    });
    let plan = world.rot90(["a.bmp", "--update", "--dry-run"]).go().exit(0);
    let ran = world.rot90(["a.bmp", "--update"]).go().exit(0);
    let after = fs::symlink_metadata(world.path("a_rot90.bmp")).map(|found| {
        use std::os::unix::fs::MetadataExt as _;
        (found.ino(), found.ctime_nsec())
    });
    let rotated = before.ok() != after.ok();
    let (done, kept) = if rotated { (1, 0) } else { (0, 1) };
    let counts = |told: &str| told.contains(&format!(", {kept} up to date"));
    assert!(counts(&ran.stderr), "{}", ran.told());
    assert!(counts(&plan.stderr), "{}", plan.told());
    let ran = ran.says(&format!("{done} rotated"));
    assert_eq!(world.list().len(), 2, "{}", ran.told());
    rotated
}

#[test]
fn a_link_that_is_made_to_lead_to_an_older_file() {
    let world = World::with(&["other/old.bmp", "other/new.bmp"]);
    set_modified(&world.path("other/old.bmp"), 1_000_000_000);
    let link = |to: &str| std::os::unix::fs::symlink(to, world.path("a.bmp")).unwrap();
    link("other/new.bmp");
    for options in [&["--update"][..], &["--update", "-p"]] {
        let run = || world.rot90(["a.bmp"].iter().chain(options)).go().exit(0);
        run();
        a_moment_later();
        run().says("0 rotated, 1 up to date");
        fs::remove_file(world.path("a.bmp")).unwrap();
        link("other/old.bmp");
        run().says("1 rotated");
        world.assert_rotated("other/old.bmp", "a_rot90.bmp");
        fs::remove_file(world.path("a.bmp")).unwrap();
        fs::remove_file(world.path("a_rot90.bmp")).unwrap();
        link("other/new.bmp");
    }
}

#[test]
fn an_older_input_that_takes_another_s_place() {
    let world = World::with(&["a.bmp"]);
    assert!(rotates(&world));
    assert!(!rotates(&world));
    // Of the same size, and dated years before the output, as backups and cameras do it.
    let (width, height) = crate::support::size_of("a.bmp".as_ref());
    let other = bitmap::large(24, width, height, false);
    let file = world.write("other", &other);
    set_modified(&file, 1_000_000_000);
    a_moment_later();
    fs::rename(file, world.path("a.bmp")).unwrap();
    assert!(rotates(&world), "the output is that of the one before");
    let expected = rot90::rotate(&other).unwrap().bytes;
    assert!(world.read("a_rot90.bmp") == expected);
    assert!(!rotates(&world));
}

#[test]
fn an_output_of_another_size_is_not_up_to_date() {
    let world = World::with(&["a.bmp"]);
    assert!(rotates(&world));
    let whole = world.read("a_rot90.bmp");
    for bytes in [
        &whole[..0],
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 1],
    ] {
        a_moment_later();
        world.write("a_rot90.bmp", bytes);
        assert!(rotates(&world), "{} bytes", bytes.len());
        world.assert_rotated("a.bmp", "a_rot90.bmp");
    }
    a_moment_later();
    world.write("a_rot90.bmp", [&whole[..], b"more"].concat());
    assert!(rotates(&world));
    assert!(!rotates(&world));
}

#[test]
fn times_count_as_they_are() {
    let world = World::with(&["a.bmp"]);
    // Before 1970, about it, and to come.
    for input in [-1_000_000, -1, 0, 1, 1_000_000_000, now() + 100_000] {
        let _ = fs::remove_file(world.path("a_rot90.bmp"));
        set_modified(&world.path("a.bmp"), input);
        a_moment_later();
        assert!(rotates(&world), "{input}: nothing there");
        for (output, is_old) in [(input - 1, true), (input, false), (input + 1, false)] {
            set_modified(&world.path("a_rot90.bmp"), output);
            assert_eq!(rotates(&world), is_old, "input {input}, output {output}");
        }
    }
}

#[test]
fn standard_output_is_the_same_as_without() {
    let world = World::with(&["a.bmp", "b.bmp", "c.bmp"]);
    let expected: Vec<_> = ["a", "b", "c"]
        .map(|name| record(&format!("{name}.bmp"), &format!("{name}_rot90.bmp")))
        .into();
    let expected = array(&expected);
    world.rot90(["a.bmp", "b.bmp"]).go().exit(0);
    a_moment_later();
    let told = ["?.bmp", "--update"];
    let plan = world
        .rot90([&told[..], &["--dry-run"]].concat())
        .go()
        .exit(0);
    plan.says("1 would be rotated, 2 up to date");
    world
        .rot90(told)
        .go()
        .exit(0)
        .stdout(&expected)
        .says("1 rotated, 2 up to date");
    world
        .rot90(told)
        .go()
        .exit(0)
        .stdout(&expected)
        .says("0 rotated, 3 up to date");
    world.rot90(["?.bmp"]).go().exit(0).stdout(&expected);
}
