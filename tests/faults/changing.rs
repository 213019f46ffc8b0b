//! Inputs that change while they are read, and inputs that others hold.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::thread::sleep;
use std::time::Duration;

use crate::support::{FaultFs, World, bitmap, helper, skip};

/// What is done to an input, which is 40,000 bytes and some more, by its path.
type Change = (&'static str, fn(&std::path::Path));

const CHANGES: [Change; 6] = [
    ("cut in its last page", |path| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() - 7).unwrap();
    }),
    ("cut to nothing", |path| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(0).unwrap();
    }),
    ("cut and grown again", |path| {
        let file = File::options().write(true).open(path).unwrap();
        let size = file.metadata().unwrap().len();
        file.set_len(size / 2).unwrap();
        file.set_len(size).unwrap();
    }),
    ("overwritten in place", |path| {
        let file = File::options().write(true).open(path).unwrap();
        file.write_all_at(&[0x55; 30_000], 60).unwrap();
    }),
    ("one byte of it overwritten", |path| {
        let file = File::options().write(true).open(path).unwrap();
        file.write_all_at(&[0x55], 54).unwrap();
    }),
    ("appended to", |path| {
        let mut file = File::options().append(true).open(path).unwrap();
        file.write_all(b"more").unwrap();
    }),
];

/// The input is changed while one of its bytes takes long to be read.
#[test]
fn an_input_that_changes_while_it_is_read() {
    const TEST: &str = "an_input_that_changes_while_it_is_read";
    let bytes = bitmap::large(24, 120, 112, false);
    assert!(bytes.len() > 40_000);
    for (at, memory) in [("20000", "1M"), ("40300", "1G")] {
        let world = World::new();
        let settings = [("READ_PAUSE", "400"), ("READ_AT", at)];
        let Some(_mounted) = FaultFs::mount(&world, &settings) else {
            return skip(TEST, "no file system through user space");
        };
        for (name, change) in CHANGES {
            world.write("under/a.bmp", &bytes);
            // Clocks of file systems go in steps.
            sleep(Duration::from_millis(20));
            let running = world
                .rot90(["over/a.bmp", "-o", "out", "--max-memory", memory])
                .start();
            sleep(Duration::from_millis(200));
            change(&world.path("under/a.bmp"));
            let ran = running.wait().exit(1);
            let records = ran.records();
            assert!(
                records[0]["error"].is_string(),
                "{name}, at byte {at}: {}",
                ran.told()
            );
            let output = world.path("out/a_rot90.bmp");
            assert!(!output.exists(), "{name}, at byte {at}: {}", ran.told());
        }
    }
}

/// A picture of many pages, which is read and mapped, is overwritten by another one at some moment:
/// what comes out is the one or the other, or an error; never a part of each.
#[test]
fn an_input_that_is_overwritten_is_never_mixed() {
    let world = World::new();
    let (width, height) = (1500, 1800);
    let one = bitmap::large(24, width, height, false);
    let other: Vec<u8> = one[..54]
        .iter()
        .copied()
        .chain(one[54..].iter().map(|byte| !byte))
        .collect();
    let rotated = [&one, &other].map(|bytes| rot90::rotate(bytes).unwrap().bytes);
    let mut refused = 0;
    let moments = 24;
    for moment in 0..moments {
        let path = world.write("a.bmp", &one);
        sleep(Duration::from_millis(20));
        let workers = ["1", "4"][moment % 2];
        let running = world.rot90(["a.bmp", "-o", "out", "-w", workers]).start();
        sleep(Duration::from_micros(600 * moment as u64));
        let file = File::options().write(true).open(&path).unwrap();
        for (number, piece) in other.chunks(1 << 16).enumerate() {
            file.write_all_at(piece, (number << 16) as u64).unwrap();
        }
        let ran = running.wait();
        if ran.status.code() == Some(0) {
            let found = world.read("out/a_rot90.bmp");
            assert!(
                rotated.contains(&found),
                "mixed at moment {moment}\n{}",
                ran.told()
            );
        } else {
            refused += 1;
            let ran = ran.exit(1);
            assert!(!world.path("out/a_rot90.bmp").exists(), "{}", ran.told());
        }
        let _ = fs::remove_dir_all(world.path("out"));
    }
    println!("{refused} of {moments} refused");
}

/// Another name for a new file: what was opened first is whole, and nothing is mixed.
#[test]
fn an_input_that_is_replaced_is_never_mixed() {
    let world = World::new();
    let [one, other] = [false, true].map(|top_down| bitmap::large(24, 1200, 1300, top_down));
    let rotated = [&one, &other].map(|bytes| rot90::rotate(bytes).unwrap().bytes);
    for moment in 0..16 {
        world.write("a.bmp", &one);
        world.write("other", &other);
        sleep(Duration::from_millis(20));
        let running = world.rot90(["a.bmp", "-o", "out"]).start();
        sleep(Duration::from_micros(700 * moment));
        fs::rename(world.path("other"), world.path("a.bmp")).unwrap();
        let ran = running.wait();
        match fs::read(world.path("out/a_rot90.bmp")) {
            Ok(found) => assert!(rotated.contains(&found), "{}", ran.told()),
            Err(_) => drop(ran.exit(1)),
        }
        let _ = fs::remove_dir_all(world.path("out"));
    }
}

/// File servers hold leases for their clients: whoever wants the file waits a moment, as `cp` does.
#[test]
fn a_lease_is_waited_for() {
    const TEST: &str = "a_lease_is_waited_for";
    let Some(lease) = helper("lease") else {
        return skip(TEST, "no C compiler");
    };
    let world = World::with(&["a.bmp", "b.bmp", "c.bmp"]);
    world.write("large.bmp", bitmap::large(24, 1200, 1300, false));
    let inputs = ["a.bmp", "b.bmp", "c.bmp", "large.bmp"];
    for workers in ["1", "3"] {
        for held in ["a.bmp", "large.bmp"] {
            let line = format!("'{}' {held} 500 > holding", lease.display());
            let holder = world.shell(&line).start();
            let holds = || fs::read(world.path("holding")).is_ok_and(|text| text == b"held\n");
            for _ in 0..200 {
                if holds() {
                    break;
                }
                sleep(Duration::from_millis(10));
            }
            if !holds() {
                let told = holder.wait();
                return skip(TEST, &format!("no leases here: {}", told.stderr));
            }
            let arguments = [&inputs[..], &["-o", "out", "-w", workers]].concat();
            let ran = world.rot90(arguments).go().exit(0);
            assert!(ran.took < Duration::from_secs(30), "{}", ran.told());
            holder.wait().exit(0);
            world.assert_rotated("a.bmp", "out/a_rot90.bmp");
            fs::remove_dir_all(world.path("out")).unwrap();
            fs::remove_file(world.path("holding")).unwrap();
        }
    }
}
