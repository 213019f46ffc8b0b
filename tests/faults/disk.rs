//! Disks that are full, limited, read-only, or pulled away.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;
use std::time::Duration;

use crate::support::{Ran, World, bitmap, skip};

/// Pictures of about a megabyte in `in`, and what becomes of each.
fn megabytes(count: usize) -> (World, Vec<u8>) {
    let world = World::new();
    let bytes = bitmap::large(24, 1001, 340, false);
    for number in 0..count {
        world.write(format!("in/{number:02}.bmp"), &bytes);
    }
    (world, rot90::rotate(&bytes).unwrap().bytes)
}

/// Checks a run of which some files failed for `reason`: a record for each input, and in `folder`
/// exactly the outputs of the others, all of them whole.
#[track_caller]
fn assert_partly_done(world: &World, ran: Ran, folder: &str, rotated: &[u8], reason: &str) {
    let ran = ran.exit(1);
    let records = ran.records();
    let mut expected = Vec::new();
    for record in &records {
        if let Some(output) = record["output"].as_str() {
            let name = output.rsplit('/').next().unwrap();
            expected.push(format!("{folder}/{name}"));
            assert!(
                world.read(format!("{folder}/{name}")) == rotated,
                "{name} is torn"
            );
        } else {
            let error = record["error"].as_str().unwrap();
            assert!(error.contains(reason), "{error}\n{}", ran.told());
        }
    }
    let inputs = world
        .list()
        .iter()
        .filter(|name| name.starts_with("in/"))
        .count();
    assert_eq!(records.len(), inputs, "{}", ran.told());
    assert!(
        expected.len() < records.len(),
        "nothing failed\n{}",
        ran.told()
    );
    let mut found = world.list();
    found.retain(|name| name.starts_with(&format!("{folder}/")));
    assert_eq!(found, expected, "other files\n{}", ran.told());
}

#[test]
fn a_full_disk() {
    let (world, rotated) = megabytes(10);
    for (round, workers) in ["1", "4"].iter().enumerate() {
        // The copy is made where there is room, before the small disk goes.
        let line = format!(
            "mkdir -p small && mount -t tmpfs -o size=6m none small &&
             \"$ROT90\" 'in/*.bmp' -o small -w {workers}; code=$?;
             mkdir kept{round} && cp -a small/. kept{round}/; exit $code"
        );
        let Some(run) = world.namespace(&line) else {
            return skip("a_full_disk", "no mount namespaces");
        };
        let ran = run.go().says("rot90: in/");
        assert!(
            ran.records()
                .iter()
                .any(|record| record["output"].is_string())
        );
        let folder = format!("kept{round}");
        assert_partly_done(&world, ran, &folder, &rotated, "No space left on device");
    }
}

/// All threads write to one output, which on such a disk they do in two ways.
#[test]
fn a_large_picture_on_a_disk_in_memory() {
    let name = "a_large_picture_on_a_disk_in_memory";
    let world = World::new();
    world.write("in/large.bmp", bitmap::large(24, 2300, 2001, false));
    world.rot90(["in/large.bmp", "-w", "1"]).go().exit(0);
    for round in 0..3 {
        let line = "mkdir -p room && mount -t tmpfs -o size=32m none room &&
            \"$ROT90\" in/large.bmp -o room -w 4 && cmp in/large_rot90.bmp room/large_rot90.bmp";
        let Some(run) = world.namespace(line) else {
            return skip(name, "no mount namespaces");
        };
        let ran = run.go();
        assert!(ran.status.success(), "round {round}: {}", ran.told());
    }
    let line = "mkdir -p small && mount -t tmpfs -o size=10m none small &&
        \"$ROT90\" in/large.bmp -o small -w 4; code=$?; ls -A small >&2; exit $code";
    let Some(run) = world.namespace(line) else {
        return skip(name, "no mount namespaces");
    };
    let reason = "cannot write the output: No space left on device";
    let ran = run.go().exit(1).fails("in/large.bmp", reason);
    // The reason, and no name of a file.
    assert_eq!(ran.stderr.lines().count(), 1, "stray: {}", ran.told());
}

#[test]
fn a_disk_that_is_full_where_outputs_are_replaced() {
    let (world, rotated) = megabytes(6);
    // Room for five outputs, all there already: an output needs room beside its predecessor.
    let line = "mkdir -p small && mount -t tmpfs -o size=7m none small &&
        for number in 00 01 02 03 04 05; do
            head -c 1000000 /dev/zero > small/${number}_rot90.bmp; done;
        \"$ROT90\" 'in/*.bmp' -o small -w 1; code=$?;
        mkdir kept && cp -a small/. kept/; exit $code";
    let Some(run) = world.namespace(line) else {
        return skip(
            "a_disk_that_is_full_where_outputs_are_replaced",
            "no mount namespaces",
        );
    };
    let ran = run.go();
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", ran.told());
    let old = vec![0; 1_000_000];
    let kept: Vec<_> = world
        .list()
        .into_iter()
        .filter(|name| name.starts_with("kept/"))
        .collect();
    assert_eq!(kept.len(), 6, "{kept:?}\n{}", ran.told());
    for name in kept {
        let bytes = world.read(&name);
        assert!(
            bytes == old || bytes == rotated,
            "{name} is torn\n{}",
            ran.told()
        );
    }
}

#[test]
fn a_disk_without_room_for_names() {
    let (world, rotated) = megabytes(10);
    let line = "mkdir -p small && mount -t tmpfs -o nr_inodes=6 none small &&
        \"$ROT90\" 'in/*.bmp' -o small -w 1; code=$?;
        mkdir kept && cp -a small/. kept/; exit $code";
    let Some(run) = world.namespace(line) else {
        return skip("a_disk_without_room_for_names", "no mount namespaces");
    };
    assert_partly_done(
        &world,
        run.go(),
        "kept",
        &rotated,
        "No space left on device",
    );
}

#[test]
fn a_read_only_disk() {
    let (world, _) = megabytes(2);
    let line = "mkdir -p small && mount -t tmpfs -o ro none small &&
        exec \"$ROT90\" 'in/*.bmp' -o small";
    let Some(run) = world.namespace(line) else {
        return skip("a_read_only_disk", "no mount namespaces");
    };
    run.go()
        .exit(1)
        .fails("in/00.bmp", "Read-only file system")
        .fails("in/01.bmp", "Read-only file system");
}

#[test]
fn a_limit_on_file_sizes() {
    let (world, rotated) = megabytes(2);
    world.bitmap("a.bmp");
    for workers in [1, 4] {
        // Blocks of 512 bytes. The signal that comes with it must not end the run.
        let line = format!("ulimit -f 200; exec \"$ROT90\" 'in/*.bmp' a.bmp -w {workers}");
        let ran = world.shell(&line).go().exit(1);
        assert_eq!(ran.records().len(), 3, "{}", ran.told());
        ran.fails("in/00.bmp", "File too large")
            .fails("in/01.bmp", "File too large");
        world.assert_rotated("a.bmp", "a_rot90.bmp");
        world.assert_files(&["a.bmp", "a_rot90.bmp", "in/00.bmp", "in/01.bmp"]);
        // An earlier output stays what it is.
        world.write("in/00_rot90.bmp", &rotated);
        world.shell(&line).go().exit(1);
        assert!(world.read("in/00_rot90.bmp") == rotated);
        fs::remove_file(world.path("in/00_rot90.bmp")).unwrap();
    }
}

#[test]
fn a_limit_on_file_sizes_with_a_large_picture() {
    let world = World::with(&["a.bmp"]);
    world.write("b.bmp", bitmap::large(8, 9001, 8000, true));
    world
        .shell("ulimit -f 20000; exec \"$ROT90\" *.bmp -w 3")
        .go()
        .exit(1)
        .fails("b.bmp", "File too large");
    world.assert_files(&["a.bmp", "a_rot90.bmp", "b.bmp"]);
}

#[test]
fn too_many_open_files() {
    let world = World::new();
    let names: Vec<_> = (0..60).map(|number| format!("{number:02}.bmp")).collect();
    for name in &names {
        world.bitmap(format!("d{}/{name}", &name[..1]));
    }
    let inputs: Vec<_> = names
        .iter()
        .map(|name| format!("d{}/{name}", &name[..1]))
        .collect();
    for limit in [4, 5, 6, 7, 8, 10, 12, 16, 24] {
        for workers in [1, 16] {
            let line = format!("ulimit -n {limit}; exec \"$ROT90\" 'd*/*.bmp' -w {workers} -o out");
            let ran = world.shell(&line).go();
            let code = ran.status.code();
            assert!(matches!(code, Some(0..=2)), "{}", ran.told());
            if code == Some(2) {
                // It could not even begin, and says so.
                assert!(limit < 8 && !world.path("out").exists(), "{}", ran.told());
                assert!(
                    ran.stdout.is_empty() && !ran.stderr.is_empty(),
                    "{}",
                    ran.told()
                );
                continue;
            }
            let records = ran.records();
            for record in &records {
                if let Some(output) = record["output"].as_str() {
                    world.assert_rotated(record["input"].as_str().unwrap(), output);
                } else {
                    let error = record["error"].as_str().unwrap();
                    assert!(
                        error.contains("Too many open files"),
                        "{error}\n{}",
                        ran.told()
                    );
                }
            }
            if limit >= 8 {
                assert_eq!(ran.inputs(), inputs, "limit {limit}\n{}", ran.told());
            }
            // Few do all the work where many would fail.
            assert!(limit < 8 || code == Some(0), "{}", ran.told());
            let refused = ran.stderr.contains("Too many open files");
            assert_eq!(code == Some(1), refused, "{}", ran.told());
            let stray = world.list().into_iter().find(|name| name.contains("tmp"));
            assert_eq!(stray, None);
            let _ = fs::remove_dir_all(world.path("out"));
        }
    }
}

#[test]
fn a_folder_that_may_not_be_written() {
    let world = World::with(&["closed/a.bmp", "open/b.bmp", "closed/c.bmp"]);
    world.write("closed/c_rot90.bmp", "an earlier output");
    fs::set_permissions(world.path("closed"), Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(world.path("open"), Permissions::from_mode(0o777)).unwrap();
    let Some(run) = world.unprivileged("exec \"$ROT90\" '*/*.bmp'") else {
        return skip(
            "a_folder_that_may_not_be_written",
            "there is no other user to be",
        );
    };
    let ran = run.go();
    fs::set_permissions(world.path("closed"), Permissions::from_mode(0o755)).unwrap();
    ran.exit(1)
        .fails("closed/a.bmp", "Permission denied")
        .fails("closed/c.bmp", "Permission denied");
    world.assert_rotated("open/b.bmp", "open/b_rot90.bmp");
    assert_eq!(world.read("closed/c_rot90.bmp"), b"an earlier output");
}

/// Linking an unnamed file takes another way without privileges.
#[test]
fn a_user_without_privileges() {
    let world = World::with(&["a.bmp", "b.bmp"]);
    world.write("b_rot90.bmp", "an earlier output");
    let Some(run) = world.unprivileged("exec \"$ROT90\" *.bmp -o .") else {
        return skip("a_user_without_privileges", "there is no other user to be");
    };
    run.go().exit(0);
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    world.assert_rotated("b.bmp", "b_rot90.bmp");
    world.assert_files(&["a.bmp", "a_rot90.bmp", "b.bmp", "b_rot90.bmp"]);
}

#[test]
fn an_output_folder_that_cannot_be_made() {
    let world = World::with(&["a.bmp", "file"]);
    symlink("nowhere/at/all", world.path("dangling")).unwrap();
    for folder in ["file/below", "dangling", "/proc/new", "/dev/null/x"] {
        let ran = world.rot90(["a.bmp", "-o", folder]).go();
        assert!(matches!(ran.status.code(), Some(1 | 2)), "{}", ran.told());
        ran.says("rot90: ");
    }
    world.assert_files(&["a.bmp", "dangling", "file"]);
}

#[test]
fn an_output_folder_that_is_removed_meanwhile() {
    let (world, rotated) = megabytes(12);
    for workers in ["1", "4"] {
        let running = world
            .rot90([
                "in/*.bmp",
                "-o",
                "out/below",
                "-w",
                workers,
                "--format",
                "jsonl",
            ])
            .start();
        for moved in 0..40 {
            let aside = world.path(format!("aside{workers}.{moved}"));
            let _ = fs::rename(world.path("out"), &aside);
            let _ = fs::remove_dir_all(aside);
            std::thread::sleep(Duration::from_millis(1));
        }
        let ran = running.wait();
        assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", ran.told());
        assert_eq!(ran.lines().len(), 12, "{}", ran.told());
        for name in world.list().iter().filter(|name| !name.starts_with("in/")) {
            assert!(name.ends_with("_rot90.bmp"), "{name}\n{}", ran.told());
            assert!(
                world.read(name) == rotated,
                "{name} is torn\n{}",
                ran.told()
            );
        }
    }
}

#[test]
fn a_working_folder_that_is_gone() {
    let world = World::with(&["a.bmp", "gone/x"]);
    let absolute = world.path("a.bmp");
    let line = format!(
        "cd gone && rm -r ../gone && exec \"$ROT90\" b.bmp '*.bmp' {}",
        absolute.display()
    );
    let ran = world.shell(&line).go().exit(1);
    assert!(!ran.records().is_empty(), "{}", ran.told());
    world.assert_rotated("a.bmp", "a_rot90.bmp");
}

/// A mounted view of a folder, without what its file system cannot do; unmounted in the end.
struct Mounted<'a>(&'a World);

impl<'a> Mounted<'a> {
    fn new(world: &'a World) -> Option<Self> {
        fs::create_dir_all(world.path("under")).unwrap();
        fs::create_dir_all(world.path("over")).unwrap();
        let ran = world.run("bindfs", ["under", "over"]).try_go()?;
        ran.status.success().then_some(Self(world))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("fusermount")
            .args(["-u", "-z"])
            .arg(self.0.path("over"))
            .status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.0.path("over").display());
        }
    }
}

/// A file system that knows no unnamed files.
#[test]
fn a_file_system_without_unnamed_files() {
    let world = World::new();
    let Some(_mounted) = Mounted::new(&world) else {
        return skip(
            "a_file_system_without_unnamed_files",
            "bindfs does not run here",
        );
    };
    let bytes = bitmap::large(24, 601, 400, false);
    let rotated = rot90::rotate(&bytes).unwrap().bytes;
    for number in 0..30 {
        world.write(format!("over/{number:02}.bmp"), &bytes);
    }
    for options in [&[][..], &["--durable"], &["--update"]] {
        world
            .rot90([&["over/*.bmp"], options].concat())
            .go()
            .exit(0);
        for number in 0..30 {
            assert!(world.read(format!("over/{number:02}_rot90.bmp")) == rotated);
        }
        assert_eq!(world.list().len(), 120);
    }
    world
        .rot90(["over/*.bmp", "--no-clobber"])
        .go()
        .exit(1)
        .fails("over/00.bmp", "exists");
    assert_eq!(world.list().len(), 120);
    // Killed while outputs have hidden names: the next run over them takes those over.
    for moment in 0..12 {
        let running = world.rot90(["over/*.bmp", "-w", "3"]).start();
        std::thread::sleep(Duration::from_millis(5 * moment));
        running.signal(rustix::process::Signal::KILL);
        let ran = running.wait();
        // Each is seen in both folders.
        assert!(
            world.list().len() <= 120 + 2 * 3,
            "{:?}\n{}",
            world.list(),
            ran.told()
        );
        world.rot90(["over/*.bmp"]).go().exit(0);
        assert_eq!(world.list().len(), 120, "{:?}", world.list());
        for number in 0..30 {
            assert!(world.read(format!("over/{number:02}_rot90.bmp")) == rotated);
        }
    }
}

/// An exFAT file system of a few megabytes at `over`, through user space; gone in the end.
pub(crate) struct ExFat<'a> {
    world: &'a World,
    device: String,
}

impl<'a> ExFat<'a> {
    pub(crate) fn new(world: &'a World) -> Option<Self> {
        fs::create_dir_all(world.path("over")).unwrap();
        let line = "truncate -s 16M image && mkfs.exfat image >&2 && losetup -f --show image";
        let ran = world.shell(line).go();
        if !ran.status.success() {
            return None;
        }
        let device = String::from_utf8(ran.stdout).unwrap().trim().to_owned();
        let mounted = Self { world, device };
        let ran = world
            .run("mount.exfat-fuse", [&*mounted.device, "over"])
            .try_go()?;
        ran.status.success().then_some(mounted)
    }
}

impl Drop for ExFat<'_> {
    fn drop(&mut self) {
        let line = format!(
            "umount over 2>/dev/null || umount -l over; losetup -d {}",
            self.device
        );
        self.world.shell(&line).go();
    }
}

/// A btrfs file system at `over`, whose folder `over/s` takes 4 MiB and no more; gone in the end.
struct Quota<'a> {
    world: &'a World,
    device: String,
}

impl<'a> Quota<'a> {
    fn new(world: &'a World) -> Option<Self> {
        fs::create_dir_all(world.path("over")).unwrap();
        let line = "truncate -s 256M image && mkfs.btrfs -q image >&2 && losetup -f --show image";
        let ran = world.shell(line).go();
        if !ran.status.success() {
            return None;
        }
        let device = String::from_utf8(ran.stdout).unwrap().trim().to_owned();
        let made = Self { world, device };
        let line = format!(
            "mount -t btrfs {} over && btrfs quota enable over &&
             btrfs subvolume create over/s && btrfs qgroup limit 4M over/s",
            made.device
        );
        world.shell(&line).go().status.success().then_some(made)
    }
}

impl Drop for Quota<'_> {
    fn drop(&mut self) {
        let line = format!("umount over || umount -l over; losetup -d {}", self.device);
        self.world.shell(&line).go();
    }
}

#[test]
fn a_quota() {
    let (world, rotated) = megabytes(8);
    let Some(_mounted) = Quota::new(&world) else {
        return skip("a_quota", "no btrfs with quotas can be mounted here");
    };
    for workers in ["1", "4"] {
        let ran = world
            .rot90(["in/*.bmp", "-o", "over/s", "-w", workers])
            .go()
            .says("rot90: in/");
        let is_done = |record: &serde_json::Value| record["output"].is_string();
        assert!(ran.records().iter().any(is_done), "{}", ran.told());
        assert_partly_done(&world, ran, "over/s", &rotated, "Disk quota exceeded");
        world.shell("rm over/s/*; sync -f over/s").go();
    }
}

/// It has neither unnamed files nor links, and its names ignore case.
#[test]
fn a_file_system_without_links() {
    let world = World::new();
    let Some(_mounted) = ExFat::new(&world) else {
        return skip(
            "a_file_system_without_links",
            "exFAT through user space cannot be mounted here",
        );
    };
    let names: Vec<_> = (0..12)
        .map(|number| format!("over/{number:02}.bmp"))
        .collect();
    for name in &names {
        world.bitmap(name);
    }
    let whole = |told: &str| {
        for name in &names {
            world.assert_rotated(name, name.replace(".bmp", "_rot90.bmp"));
        }
        let found = world.list().len();
        assert_eq!(found, 2 * names.len() + 1, "{:?}\n{told}", world.list());
    };
    for options in [&["--no-clobber"][..], &[], &["--update"], &["--durable"]] {
        let ran = world
            .rot90([&["over/*.bmp"], options].concat())
            .go()
            .exit(0);
        whole(&ran.told());
    }
    let ran = world.rot90(["over/*.bmp", "--no-clobber"]).go();
    let ran = ran.exit(1).fails("over/00.bmp", "exists");
    whole(&ran.told());
    for moment in 0..10 {
        let running = world.rot90(["over/*.bmp", "-w", "3"]).start();
        std::thread::sleep(Duration::from_millis(3 * moment));
        running.signal(rustix::process::Signal::KILL);
        let ran = running.wait();
        // A hidden file for each output under way, which the next run over it takes over.
        let most = 2 * names.len() + 1 + 3;
        assert!(
            world.list().len() <= most,
            "{:?}\n{}",
            world.list(),
            ran.told()
        );
        world.rot90(["over/*.bmp"]).go().exit(0);
        whole(&ran.told());
    }
}

/// Names that differ in case alone would be one file there.
#[test]
fn names_that_clash_where_case_is_ignored() {
    let test = "names_that_clash_where_case_is_ignored";
    let world = World::with(&["one/a.bmp", "two/A.bmp", "two/B.bmp"]);
    let Some(_mounted) = ExFat::new(&world) else {
        return skip(test, "exFAT through user space cannot be mounted here");
    };
    world.write("over/folder/x", "");
    for folder in ["over", "over/folder", "over/new/below"] {
        world
            .rot90(["one/a.bmp", "two/*.bmp", "-o", folder])
            .go()
            .exit(2)
            .says("one/a.bmp")
            .says("two/A.bmp");
        world
            .rot90(["one/a.bmp", "two/B.bmp", "-o", folder])
            .go()
            .exit(0);
    }
    // Elsewhere they are two.
    world
        .rot90(["one/a.bmp", "two/*.bmp", "-o", "out"])
        .go()
        .exit(0);
}
