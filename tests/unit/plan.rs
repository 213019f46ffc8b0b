//! Plans of files that are there, and the parts that they are made with.

use std::fs;

use tempfile::TempDir;

use super::*;

fn world(files: &[&str]) -> TempDir {
    let world = tempfile::tempdir().unwrap();
    for file in files {
        let path = world.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    world
}

fn plan(world: &TempDir, operands: &[&str], output_dir: Option<&str>) -> Result<Plan, String> {
    let place = |name: &&str| world.path().join(name).into_os_string();
    let output_dir = output_dir.map(|folder| world.path().join(folder));
    Plan::make(
        operands.iter().map(place).collect(),
        true,
        output_dir.as_deref(),
        &AtomicBool::new(false),
    )
    .map_err(|error| error.to_string())
}

/// Inputs and outputs of a plan, without the path of the world.
fn outputs(world: &TempDir, plan: &Plan) -> Vec<(String, String)> {
    let short = |path: &Path| {
        let path = path.strip_prefix(world.path()).unwrap_or(path);
        path.to_str().unwrap().replace('\\', "/")
    };
    let pair = |job: &Job| (short(Path::new(&*job.input)), short(&plan.output(job)));
    plan.jobs.iter().map(pair).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |&(input, output): &(&str, &str)| (input.to_owned(), output.to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn operands_keep_their_order_and_are_done_once() {
    let world = world(&["b.bmp", "a.bmp", "a_rot90.bmp", "d/[x].bmp", "d/x.bmp"]);
    let operands = [
        "d/[x].bmp",
        "b.bmp",
        "*.bmp",
        "d/../b.bmp",
        "gone.bmp",
        "a[.bmp",
    ];
    let plan = plan(&world, &operands, None).unwrap();
    let expected = pairs(&[
        ("d/[x].bmp", "d/[x]_rot90.bmp"),
        ("b.bmp", "b_rot90.bmp"),
        ("a.bmp", "a_rot90.bmp"),
        ("gone.bmp", "gone_rot90.bmp"),
        ("a[.bmp", "a[_rot90.bmp"),
    ]);
    assert_eq!(outputs(&world, &plan), expected);
    assert_eq!(plan.skipped.len(), 1);
    assert!(
        plan.skipped[0]
            .original
            .to_str()
            .unwrap()
            .ends_with("a.bmp")
    );
    assert!(plan.problems.is_empty() && plan.notes.is_empty());
}

// On Windows `*\..` is nothing, whatever the star stands for.
#[cfg(unix)]
#[test]
fn outputs_keep_their_path_below_the_fixed_part() {
    let world = world(&["in/a.bmp", "in/b/c.bmp", "d.bmp"]);
    let plan = plan(&world, &["in/**/*.bmp", "in/*/../../d.bmp"], Some("out")).unwrap();
    let expected = pairs(&[
        ("in/a.bmp", "out/a_rot90.bmp"),
        ("in/b/c.bmp", "out/b/c_rot90.bmp"),
        ("in/b/../../d.bmp", "out/b/_/_/d_rot90.bmp"),
    ]);
    assert_eq!(outputs(&world, &plan), expected);
}

#[test]
fn what_is_no_folder_is_no_output_dir() {
    let world = world(&["a.bmp"]);
    for (folder, reason) in [
        ("a.bmp", "not a directory"),
        ("b.Bmp", "rot90 names the outputs itself"),
    ] {
        let error = plan(&world, &["a.bmp"], Some(folder)).err().unwrap();
        assert!(error.contains(reason), "{error}");
    }
    assert!(plan(&world, &["a.bmp"], Some("new.bmp/")).is_ok());
}

#[test]
fn shared_outputs_are_refused() {
    let world = world(&["x/a.bmp", "y/a.bmp"]);
    let error = plan(&world, &["x/*", "y/*"], Some("out")).err().unwrap();
    assert!(
        error.contains("x/a.bmp and ") && error.contains("y/a.bmp would both"),
        "{error}"
    );
}

#[test]
fn folders_called_like_an_output_are_refused() {
    let world = world(&["in/a.bmp", "in/a_rot90.bmp/b/c.bmp", "in/d/e.bmp"]);
    let error = plan(&world, &["in/**/*.bmp"], Some("out")).err().unwrap();
    assert!(
        error.contains("a_rot90.bmp would be the output of") && error.contains("in/a.bmp"),
        "{error}"
    );
    // Beside its input the folder is there already, and that file's output fails in any order.
    assert_eq!(plan(&world, &["in/**/*.bmp"], None).unwrap().jobs.len(), 3);
    assert!(plan(&world, &["in/a*.bmp/**/c.bmp", "in/d/*"], Some("out")).is_ok());
}

#[cfg(unix)]
#[test]
fn links_to_outputs_are_refused() {
    use std::os::unix::fs::symlink;
    let world = world(&["a.bmp", "d/b.bmp"]);
    let link = |target: &str, name: &str| symlink(target, world.path().join(name)).unwrap();
    link("a.bmp", "to-input.bmp");
    fs::hard_link(world.path().join("a.bmp"), world.path().join("hard.bmp")).unwrap();
    link("d", "e");
    let operands = ["a.bmp", "hard.bmp", "to-input.bmp", "d/b.bmp", "e/b.bmp"];
    assert_eq!(plan(&world, &operands, None).unwrap().jobs.len(), 4);
    // Whether the output is there already or not, and by however many links.
    link("a_rot90.bmp", "z1.bmp");
    link("e/../z1.bmp", "z2.bmp");
    link("self_rot90.bmp", "self.bmp");
    for operands in [["z2.bmp", "a.bmp"], ["self.bmp", "d/b.bmp"]] {
        let error = plan(&world, &operands, None).err().unwrap();
        assert!(
            error.contains("is a link to") && error.contains(operands[0]),
            "{error}"
        );
        fs::write(world.path().join("a_rot90.bmp"), "").unwrap();
        assert_eq!(plan(&world, &operands, None).err().unwrap(), error);
    }
    assert!(plan(&world, &["z2.bmp", "a.bmp"], Some("out")).is_ok());
}

#[cfg(unix)]
#[test]
fn links_to_folders_that_are_not_there_yet_are_known() {
    use std::os::unix::fs::symlink;
    let world = world(&["in/a/q.bmp", "in/b/q.bmp", "a.bmp", "out/here"]);
    let link = |target: &str, name: &str| symlink(target, world.path().join(name)).unwrap();
    link("a", "out/b");
    let error = plan(&world, &["in/**/*.bmp"], Some("out")).err().unwrap();
    assert!(error.contains("would both be written to"), "{error}");
    // An earlier result, once it is there.
    link("new/sub", "link");
    let planned = plan(&world, &["a.bmp", "link/a_rot90.bmp"], Some("new/sub")).unwrap();
    assert_eq!((planned.jobs.len(), planned.skipped.len()), (1, 1));
    link("round", "round");
    assert!(plan(&world, &["a.bmp"], Some("round/out")).is_ok());
}

#[test]
fn patterns_that_miss_are_told_with_one_tip() {
    let world = world(&["a.bmp", "B.BMP", "C.Bmp", "up/A.BMP", "up/B.BMP"]);
    let told = |operands: &[&str]| {
        let plan = plan(&world, operands, None).unwrap();
        [plan.problems, plan.notes].concat().join("\n")
    };
    if cfg!(not(windows)) {
        let told_of = |operand, part| assert!(told(&[operand]).contains(part), "{operand}");
        told_of("*.bmp", "2 other files would match if case were ignored");
        told_of(
            "up/*.bmp",
            "no file; 2 files would match if case were ignored, such as ",
        );
        assert_eq!(told(&["*.bmp", "*.B*"]), "");
    }
    assert!(told(&["gone/*.bmp"]).contains("there is no folder"));
    assert!(told(&["*.png"]).ends_with("matches no file"));
}

// No argument is as long as these on Windows.
#[cfg(unix)]
#[test]
fn long_paths_cost_themselves_alone_and_signals_end_a_plan() {
    let world = world(&["a.bmp"]);
    let long = "d/".repeat(30_000);
    let operands = ["a.bmp", &long, &format!("{long}b.bmp")];
    assert_eq!(plan(&world, &operands, None).unwrap().jobs.len(), 3);
    assert_eq!(plan(&world, &operands, Some(&long)).unwrap().jobs.len(), 3);
    let unmatched = plan(&world, &[&format!("{long}*.bmp")], None).unwrap();
    assert_eq!(unmatched.jobs.len(), 0);
    assert!(!unmatched.problems.is_empty());
    let operands = vec![world.path().join("*").into_os_string()];
    let cancelled = Plan::make(operands, true, None, &AtomicBool::new(true)).unwrap();
    assert!(cancelled.jobs.is_empty() && cancelled.problems.is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn no_output_goes_beside_an_open_file_s_name() {
    let plan = |operand: &str, output_dir: Option<&Path>| {
        let operands = vec![operand.into()];
        Plan::make(operands, false, output_dir, &AtomicBool::new(false)).unwrap()
    };
    let file = fs::File::open("/proc/self/exe").unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&file);
    for folder in ["/dev/fd", "/proc/self/fd", "/proc/../dev/./fd"] {
        let operand = format!("{folder}/{number}");
        assert!(plan(&operand, None).jobs[0].unfit.is_some(), "{operand}");
        let elsewhere = plan(&operand, Some(Path::new("out")));
        assert!(elsewhere.jobs[0].unfit.is_none(), "{operand}");
    }
    // This one is no regular file, and is told so.
    assert!(plan("/dev/null", None).jobs[0].unfit.is_none());
    assert!(plan("/dev/shm/a.bmp", None).jobs[0].unfit.is_none());
}

#[test]
fn both_cases_fold_to_one() {
    for (one, other) in [
        ("A_ROT90.Bmp", "a_rot90.bmp"),
        ("GRÖßE Σς", "größe σσ"),
        ("ſ", "S"),
    ] {
        let folded = |name: &str| case::folded(name.as_bytes());
        assert_eq!(folded(one), folded(other), "{one}");
    }
    assert_eq!(case::folded(b"A\xff\xc3"), b"a\xff\xc3");
    assert_ne!(case::folded(b"a\xff"), case::folded(b"a\xfe"));
}

#[test]
fn a_folder_is_asked_whether_it_ignores_case() {
    let world = world(&["d/a.bmp", "d/A.bmp", "e/1", "E/1"]);
    if cfg!(target_os = "linux") {
        // An empty folder is like the one that it is in.
        fs::create_dir(world.path().join("empty")).unwrap();
        for folder in ["d", "e", "empty"] {
            assert!(!case::is_ignored_in(&world.path().join(folder)), "{folder}");
        }
    }
}

#[test]
fn output_names_keep_the_extension() {
    for (name, output) in [
        ("a.bmp", "a_rot90.bmp"),
        ("A.BMP", "A_rot90.BMP"),
        ("scan", "scan_rot90"),
        (".bmp", ".bmp_rot90"),
        ("a.b.bmp", "a.b_rot90.bmp"),
        ("a.", "a_rot90."),
    ] {
        assert_eq!(names::output_name(name.as_bytes()), output.as_bytes());
        let original = names::original_name(output.as_bytes());
        assert_eq!(original.as_deref(), Some(name.as_bytes()));
    }
    assert_eq!(names::original_name(b"a.bmp"), None);
    // The output of a file with no name cannot be: `.bmp` has no extension.
    assert_eq!(names::original_name(b"_rot90.bmp"), None);
}

#[test]
fn folders_are_split_off_as_written() {
    let on_windows = |length| if cfg!(windows) { length } else { 0 };
    let folder = |path: &str| names::split(OsStr::new(path)).0.len();
    assert_eq!(folder("./x.bmp.d//a.bmp"), 11);
    assert_eq!(folder("a.bmp"), 0);
    assert_eq!(folder(r"C:\x/a.bmp"), 5);
    assert_eq!(folder("C:a.bmp"), on_windows(2));
    assert_eq!(folder(r"\\server\share\a"), on_windows(15));
    let fixed = |pattern: &str| names::fixed_part(OsStr::new(pattern)).unwrap().len();
    assert_eq!(fixed("/opt/data/**/*.bmp"), 10);
    assert_eq!(fixed(r"Z:\data\**\*.bmp"), on_windows(8));
    assert_eq!(fixed("Z:*.bmp"), on_windows(2));
    assert_eq!(fixed(r"\\?\C:\x\?.bmp"), on_windows(9));
    let is_pattern = |name: &str| names::fixed_part(OsStr::new(name)).is_some();
    assert_eq!(is_pattern(r"\\?\C:\a.bmp"), cfg!(not(windows)));
}

#[cfg(windows)]
#[test]
fn names_that_are_not_unicode_survive() {
    use std::os::windows::ffi::OsStringExt as _;
    let name = OsString::from_wide(&[0x61, 0xd83d, 0x2f, 0xd83d, 0xde00, 0xdc00, 0xe9]);
    assert_eq!(names::from_bytes(names::bytes(&name)), name);
}

fn found(world: &TempDir, pattern: &str) -> Vec<String> {
    let root = format!("{}/", world.path().display());
    let pattern = OsString::from(format!("{root}{pattern}"));
    let found = walk::matches(&pattern, &AtomicBool::new(false)).unwrap();
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let files = found.files.into_iter();
    let path = |(path, _): (OsString, _)| path.into_string().unwrap().replace(&root, "");
    files.map(path).collect()
}

#[test]
fn folders_are_listed_once_however_the_pattern_is_written() {
    let file = format!("{}x.bmp", "a/b/".repeat(20));
    let world = world(&[&file]);
    for pattern in [
        "**/**/**/**/*.bmp".to_owned(),
        format!("{}*.bmp", "**/*/".repeat(20)),
        format!("{}*.bmp", "**/a/**/b/".repeat(20)),
        format!("a/{}b/**/x.bmp", "*/../".repeat(300)),
    ] {
        assert_eq!(found(&world, &pattern).len(), 1, "{pattern}");
    }
    assert_eq!(found(&world, "**/a/**/b/*.bmp"), [file]);
    // More components than a thread's stack has room for.
    assert!(found(&world, &"a/*/".repeat(20_000)).is_empty());
}

#[test]
fn wildcards_follow_links_and_double_stars_do_not() {
    let world = world(&["d/.h/x.bmp", "d/e/x.bmp", "[d]/x.bmp", "[f]/y.bmp", "f/x"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../d/e", world.path().join("f/link")).unwrap();
        assert_eq!(found(&world, "f/*/*.bmp"), ["f/link/x.bmp"]);
        // A link to a folder is no file, either.
        assert_eq!(found(&world, "f*/**"), ["f/x"]);
        // `**` can stand for no folder, behind a link too.
        assert_eq!(found(&world, "f*/*/**/*.bmp"), ["f/link/x.bmp"]);
    }
    assert_eq!(found(&world, "d/**/*.bmp"), ["d/e/x.bmp"]);
    assert_eq!(found(&world, "d/.*/*.bmp"), ["d/.h/x.bmp"]);
    // A folder that is called like the pattern is meant as well.
    assert_eq!(found(&world, "[d]/*.bmp"), ["[d]/x.bmp"]);
    assert_eq!(found(&world, "[d]/e/*.bmp"), ["d/e/x.bmp"]);
}
