//! Names that someone swaps for links, pipes and other files while the run uses them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::support::{World, bitmap, skip};
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};

const VICTIM: &[u8] = b"not to be touched";

/// How long a pair of names is swapped, and at least how many runs there are meanwhile.
const WHILE: Duration = Duration::from_millis(700);
const RUNS: u64 = 20;

/// Lets two names change places in one step, as fast as that goes, while `body` runs again and
/// again; returns how often they did. `None` where the file system cannot.
fn swapping(one: &Path, other: &Path, mut body: impl FnMut(u64)) -> Option<u64> {
    let exchange = || renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE);
    exchange().ok()?;
    let over = AtomicBool::new(false);
    let swaps = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                // One of them may be gone for an instant.
                if exchange().is_ok() {
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let begun = Instant::now();
        let mut runs = 0;
        // A failed check must not leave the thread running.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            while begun.elapsed() < WHILE || runs < RUNS {
                body(runs);
                runs += 1;
            }
        }));
        over.store(true, Ordering::Relaxed);
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
    Some(swaps.into_inner())
}

fn options(run: u64) -> &'static [&'static str] {
    [&[][..], &["--update"], &["--no-clobber"], &["--durable"]][(run % 4) as usize]
}

/// The folder that was asked for may be a link, as for any program; an output may not.
#[test]
fn an_output_folder_behind_a_link() {
    let world = World::with(&["a.bmp"]);
    fs::create_dir(world.path("real")).unwrap();
    symlink("real", world.path("out")).unwrap();
    world.write("victim", VICTIM);
    symlink("../victim", world.path("real/a_rot90.bmp")).unwrap();
    world.rot90(["a.bmp", "-o", "out"]).go().exit(0);
    assert!(world.path("out").is_symlink() && !world.path("real/a_rot90.bmp").is_symlink());
    world.assert_rotated("a.bmp", "real/a_rot90.bmp");
    assert!(world.read("victim") == VICTIM);
}

/// The output's name is a file at one moment and a link to someone's file at the next.
#[test]
fn an_output_that_becomes_a_link() {
    let world = World::with(&["a.bmp"]);
    world.write("victim", VICTIM);
    let (output, other) = (world.path("a_rot90.bmp"), world.path("other"));
    world.write("a_rot90.bmp", "an earlier output");
    symlink("victim", &other).unwrap();
    let rotated = {
        let (width, height) = crate::support::size_of("a.bmp".as_ref());
        bitmap::noise(24, width, height).rotated().bytes
    };
    let swapped = swapping(&output, &other, |run| {
        let arguments = [&["a.bmp"], options(run)].concat();
        let ran = world.rot90(arguments).go();
        assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", ran.told());
        assert!(world.read("victim") == VICTIM, "{}", ran.told());
        for name in ["a_rot90.bmp", "other"] {
            let path = world.path(name);
            // A link is set up anew once it has been replaced.
            if fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
                continue;
            }
            let Ok(found) = fs::read(&path) else { continue };
            assert!(
                found == rotated || found == b"an earlier output" || found == VICTIM,
                "a torn output\n{}",
                ran.told()
            );
        }
        let _ = fs::remove_file(&other);
        let _ = symlink("victim", &other);
    });
    match swapped {
        Some(swaps) => assert!(swaps > RUNS, "only {swaps} swaps"),
        None => return skip("an_output_that_becomes_a_link", "names cannot be exchanged"),
    }
    let stray = world.list().into_iter().find(|name| name.contains("tmp"));
    assert_eq!(stray, None);
}

/// The output's folder is a folder at one moment and a link to another one at the next: an output
/// may be in either, but is whole, and nothing else is in them.
#[test]
fn an_output_folder_that_becomes_a_link() {
    let world = World::new();
    let bytes = bitmap::large(24, 301, 400, false);
    let rotated = rot90::rotate(&bytes).unwrap().bytes;
    for number in 0..8 {
        world.write(format!("in/{number}.bmp"), &bytes);
    }
    world.write("elsewhere/victim", VICTIM);
    fs::create_dir(world.path("out")).unwrap();
    symlink("elsewhere", world.path("link")).unwrap();
    let swapped = swapping(&world.path("out"), &world.path("link"), |run| {
        let arguments = [&["in/*.bmp", "-o", "out", "-w", "3"], options(run)].concat();
        let ran = world.rot90(arguments).go();
        assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", ran.told());
        assert_eq!(ran.records().len(), 8, "{}", ran.told());
        assert!(world.read("elsewhere/victim") == VICTIM, "{}", ran.told());
        for name in world.list() {
            // Each folder may be listed by any of its names.
            if name.starts_with("in/") || name.ends_with("/victim") || !name.contains('/') {
                continue;
            }
            assert!(name.ends_with("_rot90.bmp"), "{name}\n{}", ran.told());
            // The folder may be swapped between the listing and the look.
            if let Ok(found) = fs::read(world.path(&name)) {
                assert!(found == rotated, "{name} is torn\n{}", ran.told());
            }
        }
    });
    if swapped.is_none() {
        skip(
            "an_output_folder_that_becomes_a_link",
            "names cannot be exchanged",
        );
    }
}

/// The input is a picture at one moment and something that must not be read at the next.
#[test]
fn an_input_that_becomes_something_else() {
    for other in ["fifo", "device", "folder", "dangling"] {
        let world = World::with(&["a.bmp"]);
        let path = world.path("other");
        match other {
            "fifo" => mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap(),
            "device" => symlink("/dev/zero", &path).unwrap(),
            "folder" => fs::create_dir(&path).unwrap(),
            _ => symlink("nowhere", &path).unwrap(),
        }
        let swapped = swapping(&world.path("a.bmp"), &path, |run| {
            // By its name, and by a listing that knows it as a file.
            let operand = ["a.bmp", "a*.bmp"][(run % 2) as usize];
            let ran = world.rot90([operand, "-o", "out"]).go();
            assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", ran.told());
            assert!(ran.took < Duration::from_secs(100), "{}", ran.told());
            assert_eq!(ran.records().len(), 1, "{}", ran.told());
            if ran.status.code() == Some(0) {
                world.assert_rotated("a.bmp", "out/a_rot90.bmp");
            }
        });
        if swapped.is_none() {
            skip(
                "an_input_that_becomes_something_else",
                "names cannot be exchanged",
            );
        }
    }
}
