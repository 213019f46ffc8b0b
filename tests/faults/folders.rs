//! Output folders that are renamed, removed and made again while a run uses them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{World, bitmap};

/// So many pictures take a while.
const FILES: usize = 120;

fn pictures() -> (World, Vec<u8>) {
    let world = World::new();
    let bytes = bitmap::large(24, 201, 200, false);
    for number in 0..FILES {
        world.write(format!("in/{number:03}.bmp"), &bytes);
    }
    (world, rot90::rotate(&bytes).unwrap().bytes)
}

/// Each record of a result names a file that is there; it was put there before the folder was
/// moved, or is in the folder that is there now.
fn replaced_once(replace: fn(&World), kept: &str) {
    let (world, rotated) = pictures();
    let mut replaced = 0;
    for moment in [3, 9, 25] {
        for workers in ["1", "4"] {
            let _ = fs::remove_dir_all(world.path("out"));
            let _ = fs::remove_dir_all(world.path("aside"));
            fs::create_dir(world.path("out")).unwrap();
            let running = world
                .rot90(["in/*.bmp", "-o", "out", "-w", workers, "--format", "jsonl"])
                .start();
            sleep(Duration::from_millis(moment));
            replace(&world);
            let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let ran = running.wait();
            assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", ran.told());
            let records = ran.lines();
            assert_eq!(records.len(), FILES, "{}", ran.told());
            for record in &records {
                let Some(output) = record["output"].as_str() else {
                    continue;
                };
                if let Ok(found) = fs::read(world.path(output)) {
                    assert!(found == rotated, "{output} is torn\n{}", ran.told());
                    replaced += 1;
                    continue;
                }
                if kept.is_empty() {
                    // It was there, and was removed with its folder.
                    continue;
                }
                let moved = world.path(output.replace("out/", kept));
                let found = fs::metadata(&moved);
                let found = found.unwrap_or_else(|_| panic!("{output} is nowhere\n{}", ran.told()));
                let put = Duration::new(found.ctime() as u64, found.ctime_nsec() as u32);
                assert!(
                    put < at + Duration::from_millis(50),
                    "{output} was put into the folder that was moved\n{}",
                    ran.told()
                );
            }
            let stray = world
                .list()
                .into_iter()
                .find(|name| !name.starts_with("in/") && !name.ends_with("_rot90.bmp"));
            assert_eq!(stray, None, "{}", ran.told());
        }
    }
    assert!(replaced > FILES, "{replaced} outputs in new folders");
}

#[test]
fn an_output_folder_that_is_renamed_and_made_again() {
    let replace = |world: &World| {
        fs::rename(world.path("out"), world.path("aside")).unwrap();
        fs::create_dir(world.path("out")).unwrap();
    };
    replaced_once(replace, "aside/");
}

#[test]
fn an_output_folder_that_is_renamed() {
    let replace = |world: &World| {
        fs::rename(world.path("out"), world.path("aside")).unwrap();
    };
    replaced_once(replace, "aside/");
}

#[test]
fn an_output_folder_that_is_removed_and_made_again() {
    let replace = |world: &World| {
        // Something may be put into it meanwhile.
        while fs::remove_dir_all(world.path("out")).is_err() {}
        let _ = fs::create_dir(world.path("out"));
    };
    replaced_once(replace, "");
}

/// A program that has another working directory than before writes below that one.
#[test]
fn another_working_directory() {
    let world = World::with(&["one/a.bmp", "two/a.bmp"]);
    // In a process of its own: the directory is that of all its threads.
    let tests = std::env::current_exe().unwrap();
    let done = Command::new(tests)
        .args([
            "--exact",
            "folders::in_one_folder_and_in_another",
            "--ignored",
        ])
        .current_dir(world.root())
        .env("ROT90_TEST_FOLDERS", "one two")
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stdout)
    );
    for folder in ["one", "two"] {
        world.assert_rotated(
            format!("{folder}/a.bmp"),
            format!("{folder}/out/a_rot90.bmp"),
        );
    }
    assert_eq!(world.list().len(), 4, "{:?}", world.list());
}

#[test]
#[ignore = "run by the test `another_working_directory`"]
fn in_one_folder_and_in_another() {
    let Ok(folders) = std::env::var("ROT90_TEST_FOLDERS") else {
        return;
    };
    let root = std::env::current_dir().unwrap();
    let mut options = rot90::FileOptions::default();
    options.make_directories = true;
    for folder in folders.split(' ') {
        std::env::set_current_dir(root.join(folder)).unwrap();
        let done = rot90::rotate_file("a.bmp", "out/a_rot90.bmp", &options).unwrap();
        assert!(done.written);
    }
}
