//! Headers that claim what would take all memory, and many pictures that want it at one time.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::bitmap::{self, Coding, Recipe, put};
use crate::support::{World, measured, reader, skip};

fn behind(colours: u32) -> u64 {
    54 + 4 * u64::from(colours)
}

/// What a run takes beside pictures, in kilobytes, at the most: its program and libraries, threads,
/// small pictures.
const BESIDE: u64 = 60 << 10;

/// A bitmap of 4 × 3 pixels of 8 bits, whose header claims so many colours and names that offset.
/// Where it is 0, the pixels stand behind the colours. The file has holes in place of most of them.
fn claiming(world: &World, name: &str, colours: u32, offset: u64) {
    let pixels = match offset {
        0 => behind(colours),
        offset => offset,
    };
    let mut headers = bitmap::noise(8, 4, 3).bytes;
    let data = headers.split_off(headers.len() - 12);
    put(&mut headers, 10, offset as u32);
    put(&mut headers, 46, colours);
    let file = File::create(world.path(name)).unwrap();
    file.set_len(pixels + 12).unwrap();
    file.write_all_at(&headers, 0).unwrap();
    file.write_all_at(&data, pixels).unwrap();
}

#[test]
fn palettes_that_claim_gigabytes() {
    const TEST: &str = "palettes_that_claim_gigabytes";
    let world = World::with(&["good.bmp"]);
    for (name, colours, offset) in [
        ("2-20.bmp", 1 << 20, behind(1 << 20)),
        ("2-28.bmp", 1 << 28, behind(1 << 28)),
        ("2-28-zero.bmp", 1 << 28, 0),
        ("2-28-early.bmp", 1 << 28, 1078),
        ("2-30-zero.bmp", 1 << 30, 0),
        ("most.bmp", u32::MAX, 0),
    ] {
        claiming(&world, name, colours, offset);
        for workers in ["1", "4"] {
            let arguments = [
                name,
                "good.bmp",
                "--max-memory",
                "64M",
                "-w",
                workers,
                "-o",
                "out",
            ];
            let Some((ran, peak)) = measured(&world, &arguments) else {
                return skip(TEST, "no C compiler");
            };
            assert!(ran.took < Duration::from_secs(20), "{}", ran.told());
            assert!(
                peak < (64 << 10) + BESIDE,
                "{name}: {peak} kB\n{}",
                ran.told()
            );
            assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", ran.told());
            world.assert_rotated("good.bmp", "out/good_rot90.bmp");
            // Refused, or a bitmap of the pixels: no offset that has wrapped.
            let output = world.path(format!("out/{}", name.replace(".bmp", "_rot90.bmp")));
            if output.exists() {
                assert!(
                    output.metadata().unwrap().len() < 16 << 20,
                    "{}",
                    ran.told()
                );
                let found = reader::read(&std::fs::read(&output).unwrap());
                let expected = bitmap::noise(8, 4, 3).rotated();
                let expected: Vec<u8> = expected.pixels.iter().map(|&pixel| pixel as u8).collect();
                assert_eq!(found.pixels, expected, "{name}\n{}", ran.told());
                std::fs::remove_file(output).unwrap();
            } else {
                assert_eq!(ran.status.code(), Some(1), "{}", ran.told());
            }
        }
    }
}

#[test]
fn a_header_of_gigabytes_can_be_interrupted() {
    let world = World::new();
    claiming(&world, "a.bmp", 1 << 28, 0);
    for moment in [5, 50, 200] {
        let running = world.rot90(["a.bmp", "-o", "out"]).start();
        sleep(Duration::from_millis(moment));
        running.signal(Signal::INT);
        let ran = running.wait();
        assert!(ran.took < Duration::from_secs(5), "{}", ran.told());
    }
}

/// Each of them may be decoded, but not all of them at the same time.
#[test]
fn many_pictures_that_are_decoded_have_one_budget() {
    const TEST: &str = "many_pictures_that_are_decoded_have_one_budget";
    let world = World::new();
    // 25 MB of index 0, of which the data says only that it ends.
    let mut recipe = Recipe::new(5000, 5000, 8);
    recipe.coding = Coding::RunLength(Vec::new());
    let bytes = recipe.around(&[0, 1]);
    for number in 0..8 {
        world.write(format!("in/{number:02}.bmp"), &bytes);
    }
    let arguments = ["in/*.bmp", "--max-memory", "40M", "-w", "8", "-o", "out"];
    let Some((ran, peak)) = measured(&world, &arguments) else {
        return skip(TEST, "no C compiler");
    };
    let ran = ran.exit(0);
    assert!(peak < (40 << 10) + BESIDE, "{peak} kB\n{}", ran.told());
    assert_eq!(ran.records().len(), 8);
    // One that is too large for the limit is an error of its own, whatever else there is.
    let ran = world
        .rot90(["in/*.bmp", "--max-memory", "16M", "-w", "8", "-o", "out"])
        .go();
    ran.exit(1).fails("in/07.bmp", "memory");
}
