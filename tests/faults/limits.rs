//! Little memory, and the order of system calls that survives power loss.

use std::fs;
use std::io::Cursor;
use std::time::Duration;

use crate::support::{World, bitmap, fixture, reader, skip};

/// The allocator sets aside 64 MiB for each thread that it has not seen before.
#[test]
#[cfg(target_os = "linux")]
fn little_address_space_means_fewer_threads() {
    let world = World::with(&[]);
    for number in 0..40 {
        world.write(format!("{number}.bmp"), bitmap::bitmap(500, 300));
    }
    for kilobytes in [100_000, 150_000, 300_000, 500_000] {
        let line = format!("ulimit -v {kilobytes}; exec \"$ROT90\" '*.bmp' -o out -w 16");
        let ran = world.shell(&line).go().exit(0);
        assert_eq!(ran.inputs().len(), 40);
    }
}

/// A bitmap of these header fields and this little data.
fn claims(width: i32, height: i32, depth: u16, compression: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = bitmap::noise(8, 1, 1).bytes;
    bytes.truncate(54 + 1024);
    bytes[18..22].copy_from_slice(&width.to_le_bytes());
    bytes[22..26].copy_from_slice(&height.to_le_bytes());
    bytes[28..30].copy_from_slice(&depth.to_le_bytes());
    bytes[30..34].copy_from_slice(&compression.to_le_bytes());
    bytes[34..38].copy_from_slice(&(data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// The same with an OS/2 2.x header of 64 bytes, which has other kinds of compression.
fn claims_os2(width: i32, height: i32, depth: u16, compression: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = claims(width, height, depth, compression, &[]);
    let palette = if depth <= 8 { 4 << depth } else { 0 };
    bytes.truncate(54);
    bytes.resize(14 + 64 + palette, 0);
    bytes[10..14].copy_from_slice(&(14 + 64 + palette as u32).to_le_bytes());
    bytes[14..18].copy_from_slice(&64_u32.to_le_bytes());
    bytes[34..38].copy_from_slice(&(data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// A whole JPEG file whose frame header says that it is larger.
fn jpeg_claims(side: u16) -> Vec<u8> {
    let mut bytes = fs::read(fixture("bmpsuite/html/rgb24.jpg")).unwrap();
    let frame = bytes
        .windows(4)
        .position(|bytes| matches!(bytes, [0xff, 0xc0 | 0xc2, 0, 17]))
        .expect("a frame header");
    bytes[frame + 5..frame + 7].copy_from_slice(&side.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&side.to_be_bytes());
    bytes
}

/// A PNG file of 500 x 500 black pixels that says it is larger.
fn png_claims(side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::RgbImage::new(500, 500)
        .write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png)
        .unwrap();
    bytes[16..20].copy_from_slice(&side.to_be_bytes());
    bytes[20..24].copy_from_slice(&side.to_be_bytes());
    let sum = checksum(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// The sum at the end of a PNG chunk (CRC-32), of its name and data.
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for &byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = sum >> 1 ^ (0xedb8_8320 * (sum & 1));
        }
    }
    !sum
}

/// A zlib stream of 258 zeros so many times, and one more.
fn zeros(times: u32) -> Vec<u8> {
    let mut bytes = vec![0x78, 0x01];
    let (mut word, mut used) = (0_u64, 0);
    let mut put = |code: u64, length: u32| {
        word |= code << used;
        used += length;
        while used >= 8 {
            bytes.push(word as u8);
            word >>= 8;
            used -= 8;
        }
    };
    // The last block, with fixed codes; they stand highest bit first in a stream that does not.
    put(0b011, 3);
    put(0b0000_1100, 8);
    for _ in 0..times {
        // 258 bytes, from one byte before.
        put(0b1010_0011, 8);
        put(0, 5);
    }
    put(0, 7);
    put(0, 7);
    let sum = ((u64::from(times) * 258 + 1) % 65_521) << 16 | 1;
    bytes.extend((sum as u32).to_be_bytes());
    bytes
}

/// Small files that stand for huge pictures.
fn bombs(world: &World) -> Vec<&'static str> {
    let end = [0, 1];
    // As many pixels as a kilobyte can have.
    let runs = [255, 7].repeat(500);
    let runs24 = [255, 7, 8, 9].repeat(250);
    // White runs of 2,560 pixels, whose code is 000000011111, one after another.
    let fax = [0x01, 0xf0, 0x1f].repeat(340);
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
        ("rle8-runs.bmp", claims(65_000, 65_000, 8, 1, &runs)),
        ("rle4-runs.bmp", claims(65_000, 65_000, 4, 2, &runs)),
        ("rle24-runs.bmp", claims_os2(65_000, 65_000, 24, 4, &runs24)),
        ("rle24-end.bmp", claims_os2(65_000, 65_000, 24, 4, &end)),
        ("huffman.bmp", claims_os2(65_000, 65_000, 1, 3, &fax)),
        (
            "jpeg-frame.bmp",
            claims(65_000, 65_000, 0, 4, &jpeg_claims(65_000)),
        ),
        (
            "png-head.bmp",
            claims(65_000, 65_000, 0, 5, &png_claims(65_000)),
        ),
        // Small enough to be tried: 62 MB of pixels, of which a hundredth is there.
        (
            "jpeg-tried.bmp",
            claims(4600, 4600, 0, 4, &jpeg_claims(4600)),
        ),
        ("png-tried.bmp", claims(4600, 4600, 0, 5, &png_claims(4600))),
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
        world.assert_rotated("good.bmp", "good_rot90.bmp");
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
    world.assert_rotated("good.bmp", "good_rot90.bmp");
    assert_eq!(world.list().len(), bombs.len() + 3, "{}", ran.told());
    let ran = world
        .shell("ulimit -v 1000000; exec \"$ROT90\" good.bmp real.bmp")
        .go()
        .exit(1);
    ran.fails("real.bmp", "memory");
}

/// Profiles that claim gigabytes, or to lie behind them: the picture is rotated, and nothing that is
/// not in the file is made room for.
#[test]
fn profiles_that_claim_gigabytes() {
    let world = World::with(&["good.bmp"]);
    let original = fs::read(fixture("hand/profile-embedded.bmp")).unwrap();
    let length = original.len() as u32;
    let profile = u32::from_le_bytes(original[126..130].try_into().unwrap());
    let claims = [
        (profile, u32::MAX),
        (profile, i32::MAX as u32),
        (profile, length),
        (u32::MAX, u32::MAX),
        (u32::MAX - 14, 15),
        (i32::MAX as u32, 3),
        (length, u32::MAX),
        (0, u32::MAX),
        (1, u32::MAX),
    ];
    for (number, (offset, size)) in claims.into_iter().enumerate() {
        let mut bytes = original.clone();
        bytes[126..130].copy_from_slice(&offset.to_le_bytes());
        bytes[130..134].copy_from_slice(&size.to_le_bytes());
        world.write(format!("{number}.bmp"), bytes);
    }
    let ran = world
        .shell("ulimit -v 1000000; exec \"$ROT90\" *.bmp -w 4")
        .go()
        .exit(0);
    assert_eq!(ran.records().len(), claims.len() + 1, "{}", ran.told());
    let expected = reader::read(&rot90::rotate(&original).unwrap().bytes);
    for number in 0..claims.len() {
        let bytes = world.read(format!("{number}_rot90.bmp"));
        assert!(bytes.len() < original.len() + 64, "{number}");
        let found = reader::read(&bytes);
        assert_eq!(
            (found.width, found.height),
            (expected.width, expected.height)
        );
        assert!(found.pixels == expected.pixels, "{number}");
    }
    world.assert_rotated("good.bmp", "good_rot90.bmp");
}

/// A colour profile in an embedded PNG that unpacks to more than there is: nothing needs it.
#[test]
fn a_packed_profile_of_gigabytes() {
    let world = World::with(&["good.bmp"]);
    let picture = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 7]));
    for (name, times) in [("small", 4), ("huge", 5_000_000)] {
        let mut png = Vec::new();
        picture
            .write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)
            .unwrap();
        let data = [&b"iCCPname\0\0"[..], &zeros(times)].concat();
        let length = (data.len() - 4) as u32;
        let sum = checksum(&data);
        let chunk = [&length.to_be_bytes()[..], &data, &sum.to_be_bytes()].concat();
        // Behind IHDR.
        png.splice(33..33, chunk);
        world.write(format!("{name}.bmp"), claims(40, 30, 0, 5, &png));
    }
    let ran = world
        .shell("ulimit -v 1000000; exec \"$ROT90\" *.bmp")
        .go()
        .exit(0);
    assert!(ran.took < Duration::from_secs(20), "{}", ran.told());
    let expected = image::DynamicImage::from(picture).rotate90().to_rgb8();
    for name in ["small_rot90.bmp", "huge_rot90.bmp"] {
        let bytes = world.read(name);
        assert!(bytes.len() < 10_000, "{name} has {} bytes", bytes.len());
        let found = image::load_from_memory_with_format(&bytes, image::ImageFormat::Bmp);
        assert!(found.unwrap().to_rgb8() == expected, "{name}");
    }
    world.assert_rotated("good.bmp", "good_rot90.bmp");
}

/// With less and less memory there comes a point where nothing goes; until then all goes well.
#[test]
fn an_address_space_that_shrinks() {
    let world = World::with(&["a.bmp"]);
    let bytes = bitmap::large(24, 1501, 1000, false);
    world.write("b.bmp", &bytes);
    let rotated = rot90::rotate(&bytes).unwrap().bytes;
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
            assert!(found == rotated, "{megabytes} MB\n{}", ran.told());
        }
        if matches!(ran.status.code(), Some(0 | 1)) {
            assert_eq!(ran.records().len(), 2, "{}", ran.told());
        }
        let _ = fs::remove_dir_all(world.path("out"));
    }
}

#[test]
fn few_threads_are_to_be_had() {
    let names: Vec<_> = (0..20).map(|number| format!("{number:02}.bmp")).collect();
    for limit in [1, 2, 4] {
        let world = World::new();
        for name in &names {
            world.bitmap(name);
        }
        // Not every shell's `ulimit` knows this limit.
        let line = format!("exec prlimit --nproc={limit} \"$ROT90\" *.bmp -w 16 -o .");
        let Some(run) = world.unprivileged(&line) else {
            return skip("few_threads_are_to_be_had", "there is no other user to be");
        };
        run.go().exit(0);
        for name in &names {
            world.assert_rotated(name, name.replace(".bmp", "_rot90.bmp"));
        }
    }
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
    let is_output = |path: &str, unnamed: bool| {
        let name = path.rsplit('/').next().unwrap_or_default();
        unnamed || name.contains("_rot90") || name.starts_with(".rot90")
    };
    let synced = |path: &str, unnamed: bool| {
        if is_output(path, unnamed) {
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
            // The portable path seeks, and writes where it is then.
            "write" if is_output(path, call.contains("(deleted)")) => "write output".to_owned(),
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
    // Also what an earlier run has left in memory.
    let kept = traced(&world, &format!("{arguments} --update")).unwrap();
    assert_eq!(kept, ["fsync output", "fsync folder", "report"]);
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
