//! Mode, owner and times of outputs.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::support::World;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// A world with an input of each mode: `0600.bmp` and so on.
fn inputs(modes: &[u32]) -> World {
    let world = World::new();
    for mode in modes {
        let path = world.bitmap(format!("{mode:04o}.bmp"));
        fs::set_permissions(path, Permissions::from_mode(*mode)).unwrap();
    }
    world
}

/// As with `cp`: the input's mode less the umask.
#[test]
fn the_mode_is_the_input_s_less_the_umask() {
    const MODES: [u32; 8] = [0o600, 0o640, 0o644, 0o664, 0o666, 0o444, 0o755, 0o777];
    for umask in [0o022, 0o077, 0o002, 0o000, 0o027] {
        let world = inputs(&MODES);
        world.write("0600_rot90.bmp", "to be replaced");
        // What is replaced has no say.
        let path = world.write("0666_rot90.bmp", "to be replaced");
        fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
        for folder in [".", "out"] {
            world
                .shell(&format!(
                    "umask {umask:o}; exec \"$ROT90\" '????.bmp' -o {folder}"
                ))
                .go()
                .exit(0);
            for input in MODES {
                let output = world.path(format!("{folder}/{input:04o}_rot90.bmp"));
                let (found, expected) = (mode(&output), input & !umask);
                assert_eq!(
                    found, expected,
                    "{found:o}, not {expected:o}, of {input:o} with umask {umask:o}"
                );
            }
        }
    }
}

/// Whoever rotates a program by mistake gets no program that runs as another user.
#[test]
fn special_bits_stay_behind() {
    let world = inputs(&[0o4755, 0o2755, 0o1777]);
    world.rot90(["????.bmp"]).go().exit(0);
    for input in ["4755", "2755", "1777"] {
        let found = mode(&world.path(format!("{input}_rot90.bmp")));
        assert_eq!(found & 0o7000, 0, "{found:o} of {input}");
    }
}

#[test]
fn preserve_keeps_mode_and_times() {
    let world = inputs(&[0o600, 0o640, 0o666, 0o444]);
    let names = ["0600", "0640", "0666", "0444"];
    for (number, name) in names.iter().enumerate() {
        let path = world.path(format!("{name}.bmp"));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let times = fs::FileTimes::new()
            .set_accessed(UNIX_EPOCH + Duration::new(1_100_000_000 + number as u64, 123_456_789))
            .set_modified(UNIX_EPOCH + Duration::new(1_000_000_000 + number as u64, 987_654_321));
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_times(times)
            .unwrap();
        let kept = u32::from_str_radix(name, 8).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(kept)).unwrap();
    }
    for option in ["-p", "--preserve"] {
        for more in ["--durable", "--update", "--no-clobber"] {
            let folder = format!("out{more}");
            let _ = fs::remove_dir_all(world.path(&folder));
            let line =
                format!("umask 077; exec \"$ROT90\" '????.bmp' {option} {more} -o ./{folder}");
            world.shell(&line).go().exit(0);
            for (number, name) in names.iter().enumerate() {
                let output = world.path(format!("{folder}/{name}_rot90.bmp"));
                let found = fs::metadata(&output).unwrap();
                let input = fs::metadata(world.path(format!("{name}.bmp"))).unwrap();
                assert_eq!(found.mode() & 0o7777, input.mode() & 0o7777, "{name}");
                assert_eq!(
                    (found.mtime(), found.mtime_nsec()),
                    (1_000_000_000 + number as i64, 987_654_321)
                );
                // The input's own is that of its reading now.
                assert!(found.atime() >= 1_100_000_000, "{name}");
                world.assert_rotated(format!("{name}.bmp"), format!("{folder}/{name}_rot90.bmp"));
            }
        }
    }
}

/// The owner is kept where that is allowed; where not, it is no failure, as with `cp -p`.
#[test]
fn preserve_keeps_the_owner_where_that_is_allowed() {
    let world = inputs(&[0o640]);
    let is_root = rustix::process::getuid().is_root();
    if is_root {
        chown(world.path("0640.bmp"), Some(1234), Some(5678)).unwrap();
    }
    for options in [&["-p"][..], &["-p", "--durable"]] {
        world
            .rot90([&["????.bmp"], options].concat())
            .go()
            .exit(0)
            .silent_but_summary();
        let found = fs::metadata(world.path("0640_rot90.bmp")).unwrap();
        let input = fs::metadata(world.path("0640.bmp")).unwrap();
        assert_eq!((found.uid(), found.gid()), (input.uid(), input.gid()));
        assert_eq!(found.mode() & 0o7777, 0o640);
    }
    // Without the option it is whoever runs the program.
    world.rot90(["????.bmp"]).go().exit(0);
    let found = fs::metadata(world.path("0640_rot90.bmp")).unwrap();
    assert_eq!(found.uid(), rustix::process::getuid().as_raw());
    if !is_root {
        return;
    }
    fs::set_permissions(world.path("0640.bmp"), Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(world.path("0640_rot90.bmp")).unwrap();
    let Some(run) = world.unprivileged("exec \"$ROT90\" 0640.bmp -p") else {
        return crate::support::skip(
            "preserve_keeps_the_owner_where_that_is_allowed",
            "there is no other user to be",
        );
    };
    run.go().exit(0);
    let found = fs::metadata(world.path("0640_rot90.bmp")).unwrap();
    assert_eq!(found.uid(), 65534);
    world.assert_rotated("0640.bmp", "0640_rot90.bmp");
}

/// An output that its input's folder cannot take on is told, whatever its mode.
#[test]
fn an_input_that_nobody_may_write_has_an_output() {
    let world = inputs(&[0o400, 0o444]);
    for _ in 0..2 {
        world.rot90(["????.bmp"]).go().exit(0);
        for name in ["0400", "0444"] {
            world.assert_rotated(format!("{name}.bmp"), format!("{name}_rot90.bmp"));
        }
    }
}
