//! Hidden files: what a run that is killed leaves of outputs that have a name before they are whole,
//! and what the next run does with it.

use std::collections::BTreeMap;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{FaultFs, World, bitmap, skip};

const FILES: usize = 24;

fn pictures(world: &World) -> Vec<Vec<u8>> {
    let make = |number: usize| {
        let picture = bitmap::noise(24, 200 + number, 150);
        world.write(format!("in/{number:02}.bmp"), &picture.bytes);
        picture.rotated().bytes
    };
    (0..FILES).map(make).collect()
}

/// The files of a folder by name, hidden ones apart.
fn files(world: &World, folder: &str) -> (BTreeMap<String, Vec<u8>>, Vec<String>) {
    let (mut seen, mut hidden) = (BTreeMap::new(), Vec::new());
    for entry in fs::read_dir(world.path(folder)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with('.') {
            hidden.push(name);
        } else {
            let bytes = world.read(format!("{folder}/{name}"));
            seen.insert(name, bytes);
        }
    }
    (seen, hidden)
}

/// Kills runs into `folder` at one moment after another, without tidying up between them.
fn killed_again_and_again(world: &World, folder: &str, replacing: bool) {
    const WORKERS: usize = 3;
    let rotated = pictures(world);
    fs::create_dir_all(world.path(folder)).unwrap();
    if replacing {
        for number in 0..FILES {
            world.write(
                format!("{folder}/{number:02}_rot90.bmp"),
                "an earlier output",
            );
        }
    }
    let run = || {
        let workers = WORKERS.to_string();
        world
            .rot90(["in/*.bmp", "-o", folder, "-w", &workers])
            .start()
    };
    for moment in 0..30 {
        let running = run();
        sleep(Duration::from_micros(700 * moment));
        running.signal(Signal::KILL);
        let ran = running.wait();
        let (seen, hidden) = files(world, folder);
        // One an output, of those that were under way; they never become more.
        assert!(hidden.len() <= FILES, "{hidden:?}\n{}", ran.told());
        for (name, bytes) in seen {
            let number: usize = name[..2].parse().unwrap();
            let is_whole = bytes == rotated[number];
            assert!(
                is_whole || replacing && bytes == b"an earlier output",
                "{name} is torn\n{}",
                ran.told()
            );
        }
    }
    // The next run over these outputs leaves nothing but them.
    run().wait().exit(0);
    let (seen, hidden) = files(world, folder);
    assert_eq!(hidden, [""; 0], "after a run that was not killed");
    let names: Vec<_> = seen.keys().cloned().collect();
    let expected: Vec<_> = (0..FILES)
        .map(|number| format!("{number:02}_rot90.bmp"))
        .collect();
    assert_eq!(names, expected);
    assert!(seen.values().eq(&rotated));
}

#[test]
fn fresh_outputs_leave_nothing_at_all() {
    let world = World::new();
    let rotated = pictures(&world);
    for moment in 0..20 {
        let running = world.rot90(["in/*.bmp", "-o", "out", "-w", "3"]).start();
        sleep(Duration::from_micros(900 * moment));
        running.signal(Signal::KILL);
        let ran = running.wait();
        if !world.path("out").exists() {
            continue;
        }
        let (seen, hidden) = files(&world, "out");
        assert_eq!(hidden, [""; 0], "{}", ran.told());
        for (name, bytes) in seen {
            let number: usize = name[..2].parse().unwrap();
            assert!(bytes == rotated[number], "{name} is torn\n{}", ran.told());
        }
        fs::remove_dir_all(world.path("out")).unwrap();
    }
}

#[test]
fn outputs_that_are_replaced() {
    killed_again_and_again(&World::new(), "out", true);
}

#[test]
fn outputs_where_there_are_no_unnamed_files() {
    for replacing in [false, true] {
        let world = World::new();
        let Some(_mounted) = FaultFs::mount(&world, &[]) else {
            return skip(
                "outputs_where_there_are_no_unnamed_files",
                "no file system through user space",
            );
        };
        killed_again_and_again(&world, "over", replacing);
        assert_eq!(fs::read_dir(world.path("under")).unwrap().count(), FILES);
    }
}

/// What somebody else has under such a name is not the program's to remove while they use it.
#[test]
fn two_runs_over_one_output() {
    let world = World::new();
    let rotated = pictures(&world);
    for round in 0..10 {
        let runs: Vec<_> = (0..4)
            .map(|_| {
                let options: &[&str] = if round % 2 == 0 { &[] } else { &["--durable"] };
                let arguments = [&["in/*.bmp", "-o", "out", "-w", "2"], options].concat();
                world.rot90(arguments).start()
            })
            .collect();
        for run in runs {
            run.wait().exit(0);
        }
        let (seen, hidden) = files(&world, "out");
        assert_eq!(hidden, [""; 0], "round {round}");
        assert!(seen.values().eq(&rotated), "round {round}");
    }
}
