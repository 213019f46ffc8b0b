//! Inputs that are no files, cannot be read, or change while they are read.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;

use crate::support::bitmap::{self, Recipe};
use crate::support::random::Random;
use crate::support::{World, skip};

/// Each of them costs its own record, at once.
#[test]
fn what_is_no_file() {
    let world = World::with(&["good.bmp", "folder.bmp/x"]);
    mknodat(CWD, world.path("fifo.bmp"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = UnixListener::bind(world.path("socket.bmp")).unwrap();
    world.write("empty.bmp", "");
    for (link, target) in [
        ("dangling.bmp", "nowhere"),
        ("loop.bmp", "loop.bmp"),
        ("ring-a.bmp", "ring-b.bmp"),
        ("ring-b.bmp", "ring-a.bmp"),
        ("zero.bmp", "/dev/zero"),
        ("null.bmp", "/dev/null"),
        ("random.bmp", "/dev/urandom"),
        ("tty.bmp", "/dev/tty"),
        ("proc.bmp", "/proc/cpuinfo"),
        ("kmsg.bmp", "/proc/kmsg"),
        ("pagemap.bmp", "/proc/self/pagemap"),
        ("mem.bmp", "/proc/self/mem"),
        ("sys.bmp", "/sys/kernel/notes"),
        ("up.bmp", ".."),
        ("fifo-link.bmp", "fifo.bmp"),
    ] {
        symlink(target, world.path(link)).unwrap();
    }
    let reasons = [
        ("dangling.bmp", "No such file"),
        ("empty.bmp", "empty"),
        ("fifo-link.bmp", "not a regular file"),
        ("fifo.bmp", "not a regular file"),
        ("folder.bmp", "directory"),
        ("kmsg.bmp", ""),
        ("loop.bmp", "symbolic links"),
        ("mem.bmp", ""),
        ("null.bmp", "not a regular file"),
        ("pagemap.bmp", ""),
        ("proc.bmp", ""),
        ("random.bmp", "not a regular file"),
        ("ring-a.bmp", "symbolic links"),
        ("ring-b.bmp", "symbolic links"),
        ("socket.bmp", "not a regular file"),
        ("sys.bmp", ""),
        ("tty.bmp", ""),
        ("up.bmp", "directory"),
        ("zero.bmp", "not a regular file"),
    ];
    let names = reasons.map(|(name, _)| name);
    let literal = [&names[..], &["good.bmp"]].concat();
    for arguments in [
        &["*.bmp"][..],
        &literal,
        &["*.bmp", "-w", "1", "--format", "json"],
    ] {
        let mut ran = world.rot90(arguments).go().exit(1);
        assert!(ran.took < Duration::from_secs(20), "{}", ran.told());
        assert_eq!(ran.records().len(), reasons.len() + 1, "{}", ran.told());
        for (name, reason) in reasons {
            ran = ran.fails(name, reason);
        }
        world.assert_rotated("good.bmp", "good_rot90.bmp");
        let outputs = world
            .list()
            .iter()
            .filter(|name| name.contains("_rot90"))
            .count();
        assert_eq!(outputs, 1, "{}", ran.told());
    }
    world
        .rot90(["/dev/zero", "-o", "out"])
        .go()
        .exit(1)
        .fails("/dev/zero", "not a regular file");
    world.rot90(["/dev/stdin", "-o", "out"]).go().exit(1);
}

#[test]
fn a_list_of_names_may_come_through_a_pipe_or_be_a_folder() {
    let world = World::with(&["a.bmp", "d/x"]);
    world
        .shell("mkfifo names; printf 'a.bmp\\0' > names & exec \"$ROT90\" --files0-from names")
        .go()
        .exit(0);
    world.rot90(["--files0-from", "d"]).go().exit(2);
}

/// It waits for a writer, but not through signals.
#[test]
fn a_list_of_names_that_nobody_writes() {
    let world = World::with(&["a.bmp"]);
    mknodat(CWD, world.path("names"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let signals = [(Signal::INT, 130), (Signal::TERM, 143)];
    for (signal, code) in signals {
        let running = world.rot90(["--files0-from", "names"]).start();
        std::thread::sleep(Duration::from_millis(300));
        running.signal(signal);
        let ran = running.wait();
        // It may not even have begun.
        if ran.status.code().is_some() {
            ran.exit(code).stdout("[]\n");
        }
    }
    let running = world.rot90(["--files0-from", "names"]).start();
    std::thread::sleep(Duration::from_millis(200));
    let mut names = File::options()
        .write(true)
        .open(world.path("names"))
        .unwrap();
    names.write_all(b"a.b").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    names.write_all(b"mp\0").unwrap();
    drop(names);
    assert_eq!(running.wait().exit(0).inputs(), ["a.bmp"]);
}

#[test]
fn what_may_not_be_read() {
    let test = "what_may_not_be_read";
    let world = World::with(&["a.bmp", "secret.bmp", "closed/b.bmp", "listed/c.bmp"]);
    fs::set_permissions(world.path("secret.bmp"), Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(world.path("closed"), Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(world.path("listed"), Permissions::from_mode(0o444)).unwrap();
    let line = "exec \"$ROT90\" '*.bmp' '*/*.bmp' closed/b.bmp";
    let Some(run) = world.unprivileged(line) else {
        return skip(test, "there is no other user to be");
    };
    let ran = run.go();
    // Else the folder could not be removed.
    for folder in ["closed", "listed"] {
        fs::set_permissions(world.path(folder), Permissions::from_mode(0o755)).unwrap();
    }
    let ran = ran
        .exit(1)
        .fails("secret.bmp", "Permission denied")
        .fails("closed/b.bmp", "Permission denied")
        .says("rot90: closed")
        .says("listed");
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    assert!(!world.path("secret_rot90.bmp").exists(), "{}", ran.told());
}

/// Never a fault by the memory manager: that file's error, or a picture.
#[test]
fn inputs_that_shrink_and_grow() {
    let world = World::new();
    let bytes = bitmap::large(24, 1201, 800, false);
    world.write("a.bmp", &bytes);
    for number in 0..24 {
        fs::hard_link(world.path("a.bmp"), world.path(format!("{number:02}.bmp"))).unwrap();
    }
    let expected = rot90::rotate(&bytes).unwrap().bytes.len() as u64;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let file = File::options()
                .write(true)
                .open(world.path("a.bmp"))
                .unwrap();
            let mut random = Random::new(11);
            while !over.load(Ordering::Relaxed) {
                file.set_len(random.below(bytes.len()) as u64).unwrap();
                std::thread::sleep(Duration::from_micros(random.below(3000) as u64));
                file.set_len(bytes.len() as u64).unwrap();
                std::os::unix::fs::FileExt::write_all_at(&file, &bytes[..4096], 0).unwrap();
                std::thread::sleep(Duration::from_micros(random.below(3000) as u64));
            }
        });
        let mut shrank = 0;
        for round in 0..8 {
            let workers = ["1", "4"][round % 2];
            // Small bands take long enough for anything to happen.
            let memory = ["1M", "1G"][round / 2 % 2];
            let arguments = ["*.bmp", "-o", "out", "-w", workers, "--max-memory", memory];
            let ran = world.rot90(arguments).go();
            assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", ran.told());
            let records = ran.records();
            assert_eq!(records.len(), 25, "{}", ran.told());
            for record in records {
                if let Some(output) = record["output"].as_str() {
                    let size = fs::metadata(world.path(output)).unwrap().len();
                    assert_eq!(size, expected, "{output}\n{}", ran.told());
                } else {
                    shrank += 1;
                    let error = record["error"].as_str().unwrap();
                    let known = ["ends after", "changed", "empty", "not a bitmap", "needs"];
                    let is_known = known.iter().any(|part| error.contains(part));
                    // The other thread would go on for ever.
                    over.store(!is_known, Ordering::Relaxed);
                    assert!(is_known, "{error}");
                }
            }
        }
        over.store(true, Ordering::Relaxed);
        println!("{shrank} inputs were caught short");
    });
}

#[test]
fn inputs_that_vanish() {
    let world = World::new();
    for number in 0..200 {
        world.bitmap(format!("in/{number:03}.bmp"));
    }
    let running = world.rot90(["in/*.bmp", "-o", "out", "-w", "2"]).start();
    for number in (0..200).rev() {
        fs::remove_file(world.path(format!("in/{number:03}.bmp"))).unwrap();
    }
    let ran = running.wait();
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", ran.told());
    for record in ran.records() {
        if let (Some(input), Some(output)) = (record["input"].as_str(), record["output"].as_str()) {
            world.assert_rotated(input, output);
        } else {
            let error = record["error"].as_str().unwrap();
            let known = ["No such file", "changed while it was being read"];
            assert!(known.iter().any(|part| error.contains(part)), "{record}");
        }
    }
}

/// A file with holes is in memory in part, so that mapping it would cost a fault for each page: it
/// is read, as it lies or to other distances, though it is large enough to be mapped.
#[test]
fn a_file_with_holes() {
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else {
        return skip("a_file_with_holes", "no folder in memory");
    };
    let world = World::new();
    for (width, height) in [(1500, 1000), (1024, 1500)] {
        let rows = height / 10;
        let mut pixels = bitmap::noise(24, width, height).pixels;
        pixels[(height - rows) * width..].fill(0);
        let picture = Recipe::new(width, height, 24).with_pixels("", pixels);
        let bytes = &picture.bytes;
        let input = folder.path().join(format!("{width}.bmp"));
        let file = File::create(&input).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        file.write_all_at(&bytes[..54], 0).unwrap();
        let begin = 54 + rows * width * 3;
        file.write_all_at(&bytes[begin..], begin as u64).unwrap();
        assert!(fs::read(&input).unwrap() == *bytes);
        let blocks = fs::metadata(&input).unwrap().blocks();
        assert!(blocks * 512 + 200_000 < bytes.len() as u64, "no holes");
        let input = input.to_str().unwrap();
        world.rot90([input, "-o", "out"]).go().exit(0);
        let output = world.read(format!("out/{width}_rot90.bmp"));
        assert!(output == picture.rotated().bytes, "{width} x {height}");
    }
}
