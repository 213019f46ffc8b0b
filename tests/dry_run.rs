//! A dry run foresees the failures that the run itself then has, in the same words.
#![cfg(unix)]

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

fn records(world: &Path, options: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_rot90"))
        .args(["--quiet", "--format", "jsonl"])
        .args(options)
        .args([
            "folder.bmp",
            "socket.bmp",
            "broken.bmp",
            "missing.bmp",
            "/dev/null",
        ])
        .current_dir(world)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn reasons_are_those_of_the_run() {
    let world = tempfile::tempdir().unwrap();
    let world = world.path();
    std::fs::create_dir(world.join("folder.bmp")).unwrap();
    std::os::unix::fs::symlink("nowhere", world.join("broken.bmp")).unwrap();
    let _socket = UnixListener::bind(world.join("socket.bmp")).unwrap();

    let run = records(world, &[]);
    assert_eq!(run.lines().count(), 5, "{run}");
    assert_eq!(records(world, &["--dry-run"]), run);
}
