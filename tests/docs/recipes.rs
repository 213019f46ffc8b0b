//! What is to be typed, typed as it is printed: each recipe of `docs/recipes.md`, and the first
//! example of the README.

use std::fs;
use std::path::Path;

use crate::support::{ROT90, Ran, World, cut, files, fixture, in_project, skip};

/// The title of a recipe, and its blocks: language and text.
type Recipe = (String, Vec<(String, String)>);

/// The recipes, in order.
fn recipes() -> Vec<Recipe> {
    let page = fs::read_to_string(in_project("docs/recipes.md")).unwrap();
    let mut recipes: Vec<Recipe> = Vec::new();
    let mut block: Option<(String, String)> = None;
    for line in page.lines() {
        if let Some((_, text)) = &mut block {
            if line == "```" {
                let done = block.take().unwrap();
                recipes
                    .last_mut()
                    .expect("a title before the block")
                    .1
                    .push(done);
            } else {
                text.push_str(line);
                text.push('\n');
            }
        } else if let Some(language) = line.strip_prefix("```") {
            block = Some((language.to_owned(), String::new()));
        } else if let Some(title) = line.strip_prefix("## ") {
            recipes.push((title.to_owned(), Vec::new()));
        }
    }
    recipes
}

/// The block of that recipe, the only one in that language unless `number` tells which.
fn block(title: &str, language: &str, number: usize) -> String {
    let recipe = recipes().into_iter().find(|(found, _)| found == title);
    let (_, blocks) = recipe.unwrap_or_else(|| panic!("there is no recipe {title:?}"));
    let mut blocks = blocks.into_iter().filter(|(found, _)| found == language);
    let block = blocks.nth(number);
    block
        .unwrap_or_else(|| panic!("{title:?} has no {language} block {number}"))
        .1
}

const CHANGED: &str = "Only what has changed, from a makefile";
const PARALLEL: &str = "File by file, in a parallel make";
const CI: &str = "A CI job that fails on a bad file and keeps the report";
const JQ: &str = "With jq";
const FIND: &str = "Names from find";
const PYTHON: &str = "In place of a Python loop";

/// Each recipe with the languages of its blocks: all of them are run below.
const RUN: [(&str, &[&str]); 6] = [
    (CHANGED, &["make"]),
    (PARALLEL, &["make"]),
    (CI, &["yaml"]),
    (JQ, &["sh"]),
    (FIND, &["sh"]),
    (PYTHON, &["python", "python"]),
];

#[test]
fn all_recipes_are_run() {
    let found = recipes();
    let found: Vec<(&str, Vec<&str>)> = found
        .iter()
        .map(|(title, blocks)| {
            let languages = blocks.iter().map(|(language, _)| language.as_str());
            (title.as_str(), languages.collect())
        })
        .collect();
    let run: Vec<(&str, Vec<&str>)> = RUN.map(|(title, blocks)| (title, blocks.to_vec())).into();
    assert_eq!(found, run);
}

/// A folder `scans` with sample pictures.
fn scans() -> World {
    let world = World::new();
    for name in ["cell", "chelsea", "ihc"] {
        let bytes = fs::read(fixture(&format!("samples/{name}.bmp"))).unwrap();
        world.write(format!("scans/{name}.bmp"), bytes);
    }
    world
}

/// Runs a line of shell with `rot90` where programs are looked for.
fn type_in(world: &World, line: &str) -> Ran {
    let folder = Path::new(ROT90).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    world
        .run("bash", ["-ec", line])
        .env("PATH", &format!("{}:{path}", folder.display()))
        .go()
}

/// Whether the programs are here; says so if one is missing.
fn have(test: &str, programs: &[&str]) -> bool {
    let world = World::new();
    programs.iter().all(|program| {
        let there = world.run(program, ["--version"]).try_go().is_some();
        if !there {
            skip(test, &format!("there is no {program}"));
        }
        there
    })
}

fn modified(world: &World, name: &str) -> std::time::SystemTime {
    fs::metadata(world.path(name)).unwrap().modified().unwrap()
}

#[test]
fn a_makefile_rotates_what_has_changed() {
    if !have("a_makefile_rotates_what_has_changed", &["make"]) {
        return;
    }
    let world = scans();
    world.write("Makefile", block(CHANGED, "make", 0));
    type_in(&world, "make").exit(0);
    let first = world.read("rotated.json");
    let rotated = modified(&world, "rotated/cell_rot90.bmp");
    type_in(&world, "make -q").exit(0);
    // One picture is new: the others' outputs stay as they are.
    type_in(&world, "sleep 0.02; cp scans/cell.bmp scans/new.bmp; make").exit(0);
    assert_eq!(modified(&world, "rotated/cell_rot90.bmp"), rotated);
    assert!(world.path("rotated/new_rot90.bmp").exists());
    let second = String::from_utf8(world.read("rotated.json")).unwrap();
    assert!(
        second.len() > first.len() && second.contains("scans/new.bmp"),
        "{second}"
    );
    // A bad file fails the rule, now and the next time. The system's clock for files goes in steps.
    std::thread::sleep(std::time::Duration::from_millis(20));
    world.write("scans/bad.bmp", cut());
    type_in(&world, "make")
        .exit(2)
        .says("bad.bmp: truncated: needs 1200 bytes");
    assert!(!world.path("rotated.json").exists());
    type_in(&world, "make").exit(2).says("bad.bmp");
}

#[test]
fn a_parallel_make_rotates_file_by_file() {
    if !have("a_parallel_make_rotates_file_by_file", &["make"]) {
        return;
    }
    let world = scans();
    world.write("Makefile", block(PARALLEL, "make", 0));
    type_in(&world, "make -j4").exit(0).silent();
    let outputs = ["cell", "chelsea", "ihc"].map(|name| format!("scans/{name}_rot90.bmp"));
    assert!(outputs.iter().all(|output| world.path(output).exists()));
    let ran = type_in(&world, "make -j4").exit(0);
    assert!(!ran.told().contains("rot90 -q"), "{}", ran.told());
    type_in(&world, "sleep 0.02; touch scans/cell.bmp; make").exit(0);
    assert!(modified(&world, &outputs[0]) > modified(&world, &outputs[1]));
    world.write("scans/bad.bmp", cut());
    type_in(&world, "make -k -j4").exit(2).says("bad.bmp");
    assert_eq!(world.list().len(), 8, "{:?}", world.list());
}

#[test]
fn a_ci_job_fails_on_a_bad_file_and_keeps_the_report() {
    let job = block(CI, "yaml", 0);
    let command = job
        .lines()
        .find_map(|line| line.trim().strip_prefix("- run: "));
    let command = command.expect("a command");
    let kept = job
        .lines()
        .find_map(|line| line.trim().strip_prefix("path: "));
    let kept = kept.expect("what is kept");
    assert!(job.contains("if: always()"), "{job}");
    let world = scans();
    type_in(&world, command).exit(0);
    world.write("scans/bad.bmp", cut());
    let ran = type_in(&world, command).exit(1).says("bad.bmp");
    let kept = type_in(&world, &format!("ls {kept}")).exit(0);
    kept.stdout("report.html\nreport.jsonl\n");
    let page = String::from_utf8(world.read("report.html")).unwrap();
    assert!(page.contains("scans/bad.bmp"), "{page}");
    let report = String::from_utf8(world.read("report.jsonl")).unwrap();
    assert_eq!(report.lines().count(), 4, "{report}\n{}", ran.told());
    assert_eq!(report.matches("\"error\"").count(), 1, "{report}");
}

#[test]
fn jq_reads_the_results() {
    if !have("jq_reads_the_results", &["jq"]) {
        return;
    }
    let world = scans();
    world.write("scans/bad.bmp", cut());
    type_in(&world, "rot90 'scans/*.bmp' -o rotated > rotated.json").exit(1);
    let lines = block(JQ, "sh", 0);
    let lines: Vec<_> = lines.lines().filter(|line| !line.is_empty()).collect();
    let outputs: Vec<_> = lines
        .iter()
        .filter(|line| !line.starts_with('#'))
        .map(|line| String::from_utf8(type_in(&world, line).exit(0).stdout).unwrap())
        .collect();
    let [failures, table, mean, brightest, renamed] = &outputs[..] else {
        panic!("another number of lines: {lines:?}");
    };
    assert!(
        failures.starts_with("scans/bad.bmp: truncated: needs 1200 bytes of pixels"),
        "{failures}"
    );
    assert_eq!(failures.lines().count(), 1);
    assert_eq!(
        table.lines().next(),
        Some("\"scans/cell.bmp\",660,550,67.96073278236915")
    );
    assert_eq!(table.lines().count(), 3);
    let mean: f64 = mean.trim().parse().unwrap();
    assert!((mean - (67.960_732_78 + 115.305_141_66 + 160.325_219_47) / 3.0).abs() < 1e-6);
    assert_eq!(brightest, "scans/ihc.bmp\n");
    assert_eq!(renamed, "scans/bad.bmp\n");
}

#[test]
fn find_hands_names_over() {
    if !have("find_hands_names_over", &["find"]) {
        return;
    }
    let world = scans();
    world.bitmap("scans/deep/new\nline.bmp");
    type_in(&world, block(FIND, "sh", 0).trim())
        .exit(0)
        .says("4 files");
    world.assert_rotated("scans/deep/new\nline.bmp", "scans/deep/new\nline_rot90.bmp");
}

#[test]
fn python_reads_the_means() {
    const TEST: &str = "python_reads_the_means";
    if !have(TEST, &["python3"]) {
        return;
    }
    let world = scans();
    for (name, number) in [("before.py", 0), ("after.py", 1)] {
        let program = block(PYTHON, "python", number) + "print(means)\n";
        world.write(name, program);
    }
    let after = type_in(&world, "python3 after.py").exit(0);
    let after = String::from_utf8(after.stdout).unwrap();
    let expected = "[67.96073278236915, 115.30514166050752, 160.32521947224936]\n";
    assert_eq!(after, expected);
    if !type_in(&world, "python3 -c 'import cv2'").status.success() {
        return skip(
            TEST,
            "there is no OpenCV for Python, so the old loop was not run",
        );
    }
    // The outputs are earlier results to rot90; the loop would rotate them again.
    type_in(&world, "rm scans/*_rot90.bmp").exit(0);
    let before = type_in(&world, "python3 before.py").exit(0);
    let before = String::from_utf8(before.stdout).unwrap();
    assert_eq!(before.replace("np.float64(", "").replace(')', ""), expected);
}

/// The README's first example: the results to the byte, the summary but for what it took.
#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(in_project("README.md")).unwrap();
    let (_, console) = readme.split_once("```console\n$ ").expect("an example");
    let (console, _) = console.split_once("```").unwrap();
    let (typed, printed) = console.split_once('\n').unwrap();
    let line = typed.replace("cargo run --release --", "rot90");
    assert_ne!(line, typed, "it is run as it is built");

    let world = World::new();
    for path in files(&fixture("samples"), ".bmp") {
        let name = path.file_name().unwrap().to_str().unwrap();
        world.write(format!("fixtures/samples/{name}"), fs::read(&path).unwrap());
    }
    let ran = type_in(&world, &line).exit(0);
    let (results, summary) = printed.split_at(printed.find("rot90: ").unwrap());
    assert_eq!(without_time(&ran.stderr), without_time(summary));
    ran.stdout(results);
}

/// A summary without the time that it took and the rate.
fn without_time(summary: &str) -> String {
    let (files, rest) = summary.split_once(" in ").unwrap();
    let (_, counts) = rest.split_once("B/s)").unwrap();
    format!("{files}{counts}")
}
