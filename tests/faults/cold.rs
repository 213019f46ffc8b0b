//! Inputs that are on a disk and not in memory: read in order by some threads while others rotate
//! or make the pages of outputs.

use std::fs::{self, File};
use std::path::Path;

use crate::support::{ROT90, Ran, World, bitmap, skip};
use rustix::fs::{Advice, fadvise};

/// Has the system forget a file's pages. Whether it did: a file system in memory keeps them.
fn evict(path: &Path) -> bool {
    let file = File::open(path).unwrap();
    file.sync_all().unwrap();
    fadvise(&file, 0, None, Advice::DontNeed).unwrap();
    let mut byte = [0];
    // Asking has the system read there, so it is not done where the program will ask.
    let asked = rustix::io::preadv2(
        &file,
        &mut [std::io::IoSliceMut::new(&mut byte)],
        file.metadata().unwrap().len() - 1,
        rustix::io::ReadWriteFlags::NOWAIT,
    );
    asked.is_err()
}

/// Pictures of which several are read at a time, and large ones, in a folder on the disk on which
/// this is built.
fn pictures() -> (World, Vec<(String, Vec<u8>)>) {
    let world = World::within(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let mut files = Vec::new();
    let shapes = [
        (24, 1300, 1201, false),
        (24, 2501, 2300, false),
        (8, 2411, 2000, true),
        (1, 9001, 4003, false),
        (32, 2200, 2100, true),
        (24, 1500, 1400, true),
        (16, 1999, 2003, false),
    ];
    for (at, (bits, width, height, top_down)) in shapes.into_iter().enumerate() {
        let bytes = bitmap::large(bits, width, height, top_down);
        let name = format!("{at}.bmp");
        world.write(&name, &bytes);
        files.push((name, bytes));
    }
    (world, files)
}

/// Whether a record has this mean, to the last digit.
fn has_mean(ran: &Ran, mean: f64) -> bool {
    let mean = format!("\"mean\": {mean:?}");
    String::from_utf8_lossy(&ran.stdout).contains(&mean)
}

#[test]
fn cold_pictures_are_rotated_like_others() {
    let (world, files) = pictures();
    let rotated: Vec<_> = files
        .iter()
        .map(|(_, bytes)| rot90::rotate(bytes).unwrap())
        .collect();
    for workers in ["1", "2", "5"] {
        let cold = files.iter().all(|(name, _)| evict(&world.path(name)));
        if !cold {
            return skip(
                "cold_pictures_are_rotated_like_others",
                "files stay in memory",
            );
        }
        let ran = world
            .rot90(["*.bmp", "-o", "out", "--workers", workers])
            .go()
            .exit(0);
        for ((name, _), rotated) in files.iter().zip(&rotated) {
            let output = format!("out/{}_rot90.bmp", name.strip_suffix(".bmp").unwrap());
            assert!(world.read(&output) == rotated.bytes, "{name}, {workers}");
            assert!(has_mean(&ran, rotated.mean), "{name}: {}", ran.told());
        }
        fs::remove_dir_all(world.path("out")).unwrap();
    }
}

/// There is room for one output, whichever way the picture is rotated.
#[test]
fn an_output_takes_its_room_once() {
    const TEST: &str = "an_output_takes_its_room_once";
    let (world, files) = pictures();
    let (name, bytes) = &files[1];
    let line = format!(
        "mount -t tmpfs -o size=18m none {0} && {ROT90} {name} -o {0} $LIMIT && cp {0}/* rotated.bmp",
        world.path("small").display()
    );
    fs::create_dir(world.path("small")).unwrap();
    for limit in ["", "--max-memory 6M", "--max-memory 6M"] {
        if !evict(&world.path(name)) {
            return skip(TEST, "files stay in memory");
        }
        let Some(run) = world.namespace(&line) else {
            return skip(TEST, "no namespaces");
        };
        run.env("LIMIT", limit).go().exit(0);
        assert!(world.read("rotated.bmp") == rot90::rotate(bytes).unwrap().bytes);
    }
}

/// What is not to be written is not begun either; its mean is told where it is asked for.
#[test]
fn outputs_that_stay_are_left_alone() {
    let (world, files) = pictures();
    let large = "1.bmp";
    // As large as the input makes it, and newer: up to date by all that is looked at.
    let rotated = rot90::rotate(&files[1].1).unwrap();
    let other = vec![b'k'; rotated.bytes.len()];
    let kept = world.write("out/1_rot90.bmp", &other);
    for (option, code) in [("--no-clobber", 1), ("--update", 0)] {
        if !evict(&world.path(large)) {
            return skip("outputs_that_stay_are_left_alone", "files stay in memory");
        }
        let ran = world.rot90([large, "-o", "out", option]).go().exit(code);
        assert_eq!(has_mean(&ran, rotated.mean), code == 0, "{}", ran.told());
        assert!(fs::read(&kept).unwrap() == other, "{option}");
    }
}

/// The disk is too small for the pages that are made ahead: the error is the same as ever.
#[test]
fn a_full_disk_is_told_as_such() {
    const TEST: &str = "a_full_disk_is_told_as_such";
    let (world, _) = pictures();
    let line = format!(
        "mount -t tmpfs -o size=10m none {0} && {ROT90} 1.bmp -o {0}; \
         code=$?; find {0} -type f >&2; exit $code",
        world.path("small").display()
    );
    fs::create_dir(world.path("small")).unwrap();
    if !evict(&world.path("1.bmp")) {
        return skip(TEST, "files stay in memory");
    }
    let Some(run) = world.namespace(&line) else {
        return skip(TEST, "no namespaces");
    };
    let ran = run.go().exit(1).says("No space left on device");
    assert!(!ran.stderr.contains("rot90.bmp"), "{}", ran.told());
}
