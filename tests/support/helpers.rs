//! Small programs in C that bring about what a test cannot: see the head of each in `support/c`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use super::in_project;
use super::world::{ROT90, World};

/// The program made of that C file; `None` without a C compiler, or without a library it needs.
pub(crate) fn helper(name: &str) -> Option<PathBuf> {
    /// One test makes it, those beside it find it made.
    static COMPILING: Mutex<()> = Mutex::new(());
    let _alone = COMPILING.lock();
    let source = in_project("tests/support/c").join(name).with_extension("c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("helper-{name}"));
    let changed = |path: &Path| fs::metadata(path).and_then(|found| found.modified());
    let is_made =
        matches!((changed(&program), changed(&source)), (Ok(made), Ok(written)) if made >= written);
    if !is_made {
        let library = match name {
            "faultfs" => "$(pkg-config --cflags --libs fuse3)",
            _ => "",
        };
        // Another run of the tests may be using the one that was there.
        let line = format!("cc -O1 -o \"$1.new\" \"$0\" {library} && mv \"$1.new\" \"$1\"");
        let made = Command::new("sh")
            .args(["-c", &line])
            .args([&source, &program])
            .output();
        if !made.is_ok_and(|made| made.status.success()) {
            return None;
        }
    }
    Some(program)
}

/// The folder `under` of a world, shown as `over` by a file system that fails on demand; gone in
/// the end.
pub(crate) struct FaultFs<'a> {
    world: &'a World,
}

impl<'a> FaultFs<'a> {
    /// `None` where there is no such file system.
    pub(crate) fn mount(world: &'a World, settings: &[(&str, &str)]) -> Option<Self> {
        let program = helper("faultfs")?;
        fs::create_dir_all(world.path("under")).unwrap();
        fs::create_dir_all(world.path("over")).unwrap();
        let mut run = world
            .run(program, ["over"])
            .env("BACK", world.path("under").to_str().unwrap())
            .env("SYNC_LOG", world.path("synced").to_str().unwrap());
        for (name, value) in settings {
            run = run.env(name, value);
        }
        let ran = run.try_go()?;
        ran.status.success().then_some(Self { world })
    }
}

impl Drop for FaultFs<'_> {
    fn drop(&mut self) {
        let over = self.world.path("over");
        let unmounted = Command::new("fusermount3")
            .args([OsStr::new("-u"), OsStr::new("-z"), over.as_os_str()])
            .status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", over.display());
        }
    }
}

/// A run of rot90 whose peak of memory is measured: the run, and the kilobytes. `None` where nothing
/// measures.
pub(crate) fn measured(world: &World, arguments: &[&str]) -> Option<(super::Ran, u64)> {
    let program = helper("peak")?;
    let peak = world.path("peak");
    let given = [peak.to_str().unwrap(), ROT90];
    let ran = world.run(program, given.iter().chain(arguments)).go();
    let kilobytes = fs::read_to_string(&peak).unwrap().trim().parse().unwrap();
    fs::remove_file(peak).unwrap();
    Some((ran, kilobytes))
}
