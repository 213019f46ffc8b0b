//! Little memory, and the order of system calls that survives power loss.
#![cfg(all(target_os = "linux", feature = "cli"))]

mod common;

use std::fs;
use std::time::Duration;

use common::{World, pictures, skip};

/// A bitmap of these header fields and this little data.
fn claims(width: i32, height: i32, depth: u16, compression: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = pictures::Picture::noise(8, 1, 1).bytes();
    bytes.truncate(54 + 1024);
    bytes[18..22].copy_from_slice(&width.to_le_bytes());
    bytes[22..26].copy_from_slice(&height.to_le_bytes());
    bytes[28..30].copy_from_slice(&depth.to_le_bytes());
    bytes[30..34].copy_from_slice(&compression.to_le_bytes());
    bytes[34..38].copy_from_slice(&(data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// Small files that stand for huge pictures.
fn bombs(world: &World) -> Vec<&'static str> {
    let end = [0, 1];
    let bombs = [
        ("plain.bmp", claims(40_000, 40_000, 24, 0, &end)),
        ("rle8.bmp", claims(60_000, 60_000, 8, 1, &end)),
        ("rle4.bmp", claims(90_000, -80_000, 4, 2, &end)),
        (
            "rle8-jump.bmp",
            claims(i32::MAX, 2, 8, 1, &[0, 2, 255, 1, 0, 1]),
        ),
        ("rle8-high.bmp", claims(3, i32::MAX, 8, 1, &end)),
        ("widest.bmp", claims(i32::MAX, i32::MAX, 64, 0, &end)),
        (
            "jpeg.bmp",
            claims(60_000, 60_000, 0, 4, b"\xff\xd8\xff\xe0"),
        ),
        (
            "png.bmp",
            claims(60_000, 60_000, 0, 5, b"\x89PNG\r\n\x1a\n"),
        ),
    ];
    bombs
        .into_iter()
        .map(|(name, bytes)| {
            world.write(name, bytes);
            name
        })
        .collect()
}

#[test]
fn picture_bombs_in_an_address_space_of_1_gb() {
    let world = World::with(&["good.bmp"]);
    let bombs = bombs(&world);
    for workers in [1, 4] {
        let line = format!("ulimit -v 1000000; exec \"$ROT90\" *.bmp -w {workers}");
        let mut ran = world.shell(&line).go().exit(1);
        assert!(ran.took < Duration::from_secs(20), "{}", ran.told());
        for bomb in &bombs {
            ran = ran.fails(bomb, "");
        }
        world.assert_turned("good.bmp", "good_rot90.bmp");
        assert_eq!(world.list().len(), bombs.len() + 2, "{}", ran.told());
    }
}

#[test]
fn picture_bombs_within_max_memory() {
    let world = World::with(&["good.bmp"]);
    let bombs = bombs(&world);
    // One whose data does stand for all of its pixels: runs of 255, eight million times.
    let runs = [255, 7].repeat(8_000_000);
    world.write("real.bmp", claims(51_000, 40_000, 8, 1, &runs));
    let mut ran = world.rot90(["*.bmp", "--max-memory", "64M"]).go().exit(1);
    for bomb in &bombs {
        ran = ran.fails(bomb, "");
    }
    ran = ran.fails("real.bmp", "memory");
    world.assert_turned("good.bmp", "good_rot90.bmp");
    assert_eq!(world.list().len(), bombs.len() + 3, "{}", ran.told());
    let ran = world
        .shell("ulimit -v 1000000; exec \"$ROT90\" good.bmp real.bmp")
        .go()
        .exit(1);
    ran.fails("real.bmp", "memory");
}

/// With less and less memory there comes a point where nothing goes; until then all goes well.
#[test]
fn an_address_space_that_shrinks() {
    let world = World::with(&["a.bmp"]);
    let bytes = pictures::large(24, 1501, 1000, false);
    world.write("b.bmp", &bytes);
    let turned = rot90::turn(&bytes).unwrap().bytes;
    for megabytes in [2000, 500, 200, 100, 60, 40, 30, 20, 15, 10] {
        let line = format!(
            "ulimit -v {}; exec \"$ROT90\" *.bmp -w 4 -o out",
            megabytes * 1000
        );
        let ran = world.shell(&line).go();
        if megabytes >= 500 {
            assert_eq!(ran.status.code(), Some(0), "{}", ran.told());
        }
        // Whatever became of it, an output is whole.
        if let Ok(found) = fs::read(world.path("out/b_rot90.bmp")) {
            assert!(found == turned, "{megabytes} MB\n{}", ran.told());
        }
        if matches!(ran.status.code(), Some(0 | 1)) {
            assert_eq!(ran.records().len(), 2, "{}", ran.told());
        }
        let _ = fs::remove_dir_all(world.path("out"));
    }
}

#[test]
fn few_threads_are_to_be_had() {
    let world = World::with(&["a.bmp", "b.bmp", "c.bmp"]);
    let Some(run) = world.unprivileged("ulimit -u 1; exec \"$ROT90\" *.bmp -w 16 -o .") else {
        return skip("few_threads_are_to_be_had", "there is no other user to be");
    };
    run.go().exit(0);
    world.assert_turned("a.bmp", "a_rot90.bmp");
}

/// The system calls of a run that matter for durability, in order.
fn traced(world: &World, arguments: &str) -> Option<Vec<String>> {
    let calls = "fsync,fdatasync,linkat,rename,renameat,renameat2,mkdir,mkdirat,write,pwrite64";
    let line =
        format!("exec strace -f -y -s 9 -e trace={calls} -o trace \"$ROT90\" {arguments} -w 1 -q");
    let probe = world.run("strace", ["-o", "probe", "true"]).try_go()?;
    if !probe.status.success() {
        return None;
    }
    world.shell(&line).go().exit(0);
    let trace = String::from_utf8(world.read("trace")).unwrap();
    let root = fs::canonicalize(world.root())
        .unwrap()
        .display()
        .to_string();
    // An unnamed file has a path that is marked as deleted.
    let synced = |path: &str, unnamed: bool| {
        let name = path.rsplit('/').next().unwrap_or_default();
        if unnamed || name.contains("_rot90") || name.starts_with(".rot90") {
            return "fsync output".to_owned();
        }
        let below = path.strip_prefix(&root).unwrap_or(path);
        format!("fsync folder {}", below.trim_start_matches('/'))
            .trim_end()
            .to_owned()
    };
    let call = |line: &str| {
        let call = line
            .split_once(' ')
            .map_or(line, |(_, call)| call.trim_start());
        let name = call.split('(').next()?;
        let path = call.split(['<', '>']).nth(1).unwrap_or_default();
        Some(match name {
            "fsync" | "fdatasync" => synced(path, call.contains("(deleted)")),
            "pwrite64" => "write output".to_owned(),
            "linkat" => "link".to_owned(),
            "rename" | "renameat" | "renameat2" => "rename".to_owned(),
            "mkdir" | "mkdirat" => "make folder".to_owned(),
            "write" if call.contains("\"{\\\"input") => "report".to_owned(),
            _ => return None,
        })
    };
    Some(trace.lines().filter_map(call).collect())
}

#[test]
fn durable_outputs_are_synced_before_they_are_reported() {
    let world = World::with(&["a.bmp"]);
    let arguments = "a.bmp --durable --format jsonl";
    let Some(fresh) = traced(&world, arguments) else {
        return skip(
            "durable_outputs_are_synced_before_they_are_reported",
            "strace does not run here",
        );
    };
    let replaced = traced(&world, arguments).unwrap();
    if fresh.contains(&"rename".to_owned()) {
        // Named temporary files: renamed in place, never linked.
        let expected = [
            "write output",
            "fsync output",
            "rename",
            "fsync folder",
            "report",
        ];
        assert_eq!(fresh, expected);
        assert_eq!(replaced, expected);
    } else {
        assert_eq!(
            fresh,
            [
                "write output",
                "fsync output",
                "link",
                "fsync folder",
                "report"
            ]
        );
        assert_eq!(
            replaced,
            [
                "write output",
                "fsync output",
                "link",
                "link",
                "rename",
                "fsync folder",
                "report"
            ]
        );
    }
    let plain = traced(&world, "a.bmp --format jsonl").unwrap();
    assert!(
        !plain.iter().any(|call| call.starts_with("fsync")),
        "{plain:?}"
    );
}

#[test]
fn durable_folders_are_synced_in_their_parents() {
    let world = World::with(&["a.bmp"]);
    let Some(calls) = traced(&world, "a.bmp --durable --format jsonl -o x/y") else {
        return skip(
            "durable_folders_are_synced_in_their_parents",
            "strace does not run here",
        );
    };
    let at = |wanted: &str| {
        calls
            .iter()
            .position(|call| call == wanted)
            .unwrap_or_else(|| panic!("no {wanted}: {calls:?}"))
    };
    let report = at("report");
    assert!(at("make folder") < at("fsync folder"), "{calls:?}");
    for folder in ["fsync folder", "fsync folder x", "fsync folder x/y"] {
        assert!(at(folder) < report, "{calls:?}");
    }
    assert!(at("fsync output") < at("fsync folder x/y"), "{calls:?}");
}
