//! The page that `--report` writes: whole, complete, harmless, and never in the way of a picture.
//! What it does in a browser is tested by `tests/browser/check_report.py`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread::sleep;
use std::time::Duration;

use crate::support::bitmap::Recipe;
use crate::support::{
    CUT, World, array, bitmap, cut, files, fixture, mean, mixed, name, record, size_of, skip,
};
use base64::Engine as _;
use rustix::process::Signal;
use serde_json::Value;

/// A page, taken apart.
struct Page {
    html: String,
    /// `[name, width, height, bytes, mean]` or `[name, reason]`.
    rows: Vec<Value>,
    /// `[row, before, after]`.
    pictures: Vec<Value>,
}

impl Page {
    #[track_caller]
    fn read(world: &World, path: &str) -> Self {
        let html = String::from_utf8(world.read(path)).expect("the page is UTF-8");
        assert!(html.starts_with("<!DOCTYPE html>\n"), "{path} is no page");
        assert!(html.ends_with("</html>\n"), "{path} is not whole");
        Self {
            rows: stored(&html, "data-rows"),
            pictures: stored(&html, "data-pictures"),
            html,
        }
    }

    /// The names of the rows; one with escapes is a list of one string.
    fn names(&self) -> Vec<String> {
        let shown = |row: &Value| match &row[0] {
            Value::String(name) => name.clone(),
            Value::Array(name) => format!("escaped {}", name[0].as_str().unwrap()),
            other => panic!("{other}"),
        };
        self.rows.iter().map(shown).collect()
    }

    /// The page without its data.
    fn markup(&self) -> &str {
        self.html
            .split("<script type=\"application/json\"")
            .next()
            .unwrap()
    }
}

/// The JSON in the script element of that name.
#[track_caller]
fn stored(html: &str, id: &str) -> Vec<Value> {
    let (_, rest) = html
        .split_once(&format!("<script type=\"application/json\" id=\"{id}\">"))
        .unwrap_or_else(|| panic!("no {id}"));
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// The picture of a data URL.
fn decoded(url: &Value) -> image::RgbImage {
    let data = url.as_str().expect("a picture");
    let data = data.strip_prefix("data:image/jpeg;base64,").unwrap();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(data)
        .unwrap();
    assert!(bytes.len() <= 40 << 10, "{} bytes", bytes.len());
    image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg)
        .unwrap()
        .to_rgb8()
}

/// A bitmap that JPEG keeps nearly as it is, and that looks another way from each side: red grows
/// to the right, green downwards.
fn gradient(width: usize, height: usize, blue: u64) -> Vec<u8> {
    let level = |at: usize, of: usize| (at * 255 / of) as u64;
    let row = |y| (0..width).map(move |x| level(x, width) << 16 | level(y, height) << 8 | blue);
    let pixels = (0..height).flat_map(row).collect();
    Recipe::new(width, height, 24)
        .with_pixels("gradient", pixels)
        .bytes
}

/// Whether a small picture shows this bitmap, pixel by pixel, but for what JPEG loses.
fn shows(url: &Value, bitmap: &[u8]) -> bool {
    const WITHIN: u8 = 12;
    let (found, expected) = (decoded(url), image::load_from_memory(bitmap).unwrap());
    let expected = expected.to_rgb8();
    let mut pairs = found.as_raw().iter().zip(expected.as_raw());
    found.dimensions() == expected.dimensions()
        && pairs.all(|(found, expected)| found.abs_diff(*expected) <= WITHIN)
}

#[test]
fn it_has_every_result_and_failures_first() {
    let world = mixed();
    world
        .rot90(["*.bmp", "nowhere*.bmp", "--report", "report.html"])
        .go()
        .exit(1);
    world.assert_files(&[
        "a.bmp",
        "a_rot90.bmp",
        "b.bmp",
        "c.bmp",
        "c_rot90.bmp",
        "report.html",
    ]);
    let mode = fs::metadata(world.path("report.html"))
        .unwrap()
        .permissions();
    assert_eq!(
        mode.mode() & 0o777,
        fs::metadata(world.path("a_rot90.bmp"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    );

    let page = Page::read(&world, "report.html");
    assert_eq!(page.names(), ["a.bmp", "b.bmp", "c.bmp"]);
    assert_eq!(page.rows[1][1], CUT);
    for (row, name) in [(0, "a.bmp"), (2, "c.bmp")] {
        let (width, height) = size_of(name.as_ref());
        let row = &page.rows[row];
        assert_eq!(
            row[1], height,
            "the rotated picture is as wide as the other is high"
        );
        assert_eq!(row[2], width);
        assert_eq!(row[3], world.read(name).len());
        assert_eq!(row[4].to_string(), mean(name));
    }
    let markup = page.markup();
    let at = |part: &str| markup.find(part).unwrap_or_else(|| panic!("no {part}"));
    assert!(at("<h1>2 files rotated, 1 failed</h1>") < at(CUT));
    assert!(at(CUT) < at("class=\"histogram\""));
    assert!(at("class=\"histogram\"") < at("id=\"gallery\""));
    assert!(at("nowhere*.bmp: the pattern matches no file") < at(CUT));
    assert!(markup.contains("default-src 'none'"));
    assert!(!page.html.contains("{{"), "something was not filled in");
    assert_eq!(page.pictures.len(), 2);
}

#[test]
fn results_are_printed_as_without_it() {
    for format in ["json", "jsonl", "means"] {
        let world = mixed();
        let without = world.rot90(["*.bmp", "--format", format]).go().exit(1);
        let with = world
            .rot90([
                "*.bmp",
                "--format",
                format,
                "--report",
                "report.html",
                "-w",
                "3",
            ])
            .go()
            .exit(1);
        assert_eq!(without.stdout, with.stdout, "{format}");
        assert_eq!(Page::read(&world, "report.html").rows.len(), 3);
    }
}

#[test]
fn nothing_at_all_is_a_page_too() {
    let world = World::new();
    world
        .rot90(["*.bmp", "--report", "report.html"])
        .go()
        .exit(1)
        .stdout("[]\n");
    let page = Page::read(&world, "report.html");
    assert!(page.rows.is_empty() && page.pictures.is_empty());
    assert!(page.markup().contains("<h1>0 files rotated</h1>"));
}

#[test]
fn small_pictures_are_those_of_the_files() {
    let world = World::new();
    world.write("a.bmp", gradient(70, 40, 0));
    world.write("b.bmp", gradient(30, 50, 200));
    world
        .rot90(["*.bmp", "--report", "report.html"])
        .go()
        .exit(0);
    let page = Page::read(&world, "report.html");
    assert_eq!(page.pictures.len(), 2);
    for (at, name) in ["a.bmp", "b.bmp"].into_iter().enumerate() {
        let entry = page.pictures[at].as_array().unwrap();
        assert_eq!(entry[0], at);
        assert_eq!(entry.len(), 3, "{name}: before and after");
        let output = name.replace(".bmp", "_rot90.bmp");
        assert!(shows(&entry[1], &world.read(name)), "{name}");
        assert!(shows(&entry[2], &world.read(&output)), "{output}");
        assert!(
            !shows(&entry[1], &world.read(&output)),
            "any picture would do"
        );
    }
}

#[test]
fn so_many_files_have_pictures() {
    let world = World::with(&["a.bmp", "b.bmp", "d.bmp"]);
    world.write("c.bmp", cut());
    for (number, expected) in [("0", 0), ("1", 1), ("2", 2), ("200", 3), ("all", 3)] {
        let options = ["--report", "report.html", "--report-pictures", number];
        world.rot90(["?.bmp"].iter().chain(&options)).go().exit(1);
        let page = Page::read(&world, "report.html");
        assert_eq!(page.rows.len(), 4);
        assert_eq!(page.pictures.len(), expected, "{number}");
    }
    for wrong in ["-1", "some", ""] {
        let wrong = format!("--report-pictures={wrong}");
        let ran = world.rot90(["?.bmp", "--report", "x.html", &wrong]).go();
        ran.exit(2).says("--report-pictures");
    }
    let alone = world.rot90(["?.bmp", "--report-pictures", "2"]).go();
    alone.exit(2).says("--report");
    assert!(!world.path("x.html").exists());
}

#[test]
fn an_output_that_is_another_picture_is_shown_as_it_is() {
    let world = World::new();
    world.write("a.bmp", gradient(60, 40, 0));
    sleep(Duration::from_millis(20));
    // Newer than its input and of the size that this gives, so `--update` leaves it alone,
    // whatever it shows.
    let other = gradient(40, 60, 200);
    world.write("a_rot90.bmp", &other);
    world
        .rot90(["a.bmp", "--update", "--report", "report.html"])
        .go()
        .exit(0);
    let page = Page::read(&world, "report.html");
    assert_eq!(page.rows.len(), 1);
    let entry = page.pictures[0].as_array().unwrap();
    assert_eq!(entry.len(), 3);
    assert!(world.read("a_rot90.bmp") == other);
    assert!(shows(&entry[1], &world.read("a.bmp")));
    assert!(shows(&entry[2], &other));
}

/// Every kind of bitmap has a small picture, those among them that other programs cannot read.
#[test]
fn all_kinds_have_pictures() {
    let mut all = files(&fixture("bmpsuite/g"), ".bmp");
    all.extend(files(&fixture("bmpsuite/q"), ".bmp"));
    assert!(all.len() > 40, "{} files", all.len());
    // So few files have pictures all of them, however small they are.
    for files in all.chunks(24) {
        let world = World::new();
        for path in files {
            world.write(path.file_name().unwrap(), fs::read(path).unwrap());
        }
        world
            .rot90(["*.bmp", "--report", "report.html"])
            .go()
            .exit(0);
        let page = Page::read(&world, "report.html");
        assert_eq!(page.rows.len(), files.len());
        assert_eq!(page.pictures.len(), files.len());
        for entry in &page.pictures {
            let row = &page.rows[entry[0].as_u64().unwrap() as usize];
            assert_eq!(entry.as_array().unwrap().len(), 3, "{row}");
            let (width, height) = decoded(&entry[1]).dimensions();
            assert!((16..=512).contains(&width.max(height)), "{row}");
            assert_eq!(decoded(&entry[2]).dimensions(), (height, width), "{row}");
        }
    }
}

#[test]
fn a_large_picture_costs_little() {
    let world = World::new();
    world.write("large.bmp", bitmap::large(24, 5000, 4700, false));
    world.write("high.bmp", bitmap::large(8, 4, 300_000, true));
    world
        .rot90(["*.bmp", "--report", "report.html"])
        .go()
        .exit(0);
    let page = Page::read(&world, "report.html");
    let sizes: Vec<_> = page
        .pictures
        .iter()
        .map(|entry| [1, 2].map(|at| decoded(&entry[at]).dimensions()))
        .collect();
    assert_eq!(
        sizes,
        [[(1, 512), (512, 1)], [(512, 481), (481, 512)]],
        "before and after"
    );
    assert!(page.html.len() < 200 << 10, "{} bytes", page.html.len());
}

#[test]
fn names_do_no_harm() {
    let world = World::new();
    let names: [&[u8]; 7] = [
        b"<img src=x onerror=alert(1)>.bmp",
        b"</script><script>alert(1)</script>.bmp",
        b"quote'\"&amp;.bmp",
        b"red\x1b[31m\nline\r.bmp",
        b"bytes\xff\xfe.bmp",
        "reversed\u{202e}pmb.bmp".as_bytes(),
        b"<!--{{rows}}.bmp",
    ];
    for bytes in names {
        // One that can be rotated, one that fails: names stand in both the list and the head.
        world.write(name(bytes), bitmap::bitmap(4, 3));
        world.write(name(&[b"bad-", bytes].concat()), cut());
    }
    world
        .rot90(["**/*.bmp", "--report", "report.html"])
        .go()
        .exit(1);
    let page = Page::read(&world, "report.html");
    assert_eq!(page.rows.len(), 14);
    assert!(
        page.names()
            .contains(&"escaped bytes\\xff\\xfe.bmp".to_owned())
    );
    assert!(
        page.names()
            .contains(&"escaped red\\u{1b}[31m\\nline\\r.bmp".to_owned())
    );
    assert!(
        page.names()
            .contains(&"escaped reversed\\u{202e}pmb.bmp".to_owned())
    );
    assert!(
        page.names()
            .contains(&"</script><script>alert(1)</script>.bmp".to_owned())
    );
    for (part, count) in [("<script", 3), ("</script", 3), ("<img", 0), ("<!--", 0)] {
        assert_eq!(page.html.matches(part).count(), count, "{part}");
    }
    let control = page.html.chars().find(|character| {
        (character.is_control() && *character != '\n') || *character == '\u{202e}'
    });
    assert_eq!(control, None);
}

#[test]
fn a_place_where_it_cannot_stand_is_refused_beforehand() {
    let world = World::with(&["a.bmp", "x.html"]);
    fs::create_dir(world.path("folder.html")).unwrap();
    let before = world.list();
    for (place, part) in [
        ("report.txt", "must end in .html"),
        ("a.bmp", "must end in .html"),
        ("-", "must end in .html"),
        ("report.html/", "must end in .html"),
        ("folder.html", "is a directory"),
        ("missing/report.html", "there is no folder missing"),
        ("a.bmp/report.html", "there is no folder a.bmp"),
    ] {
        let ran = world
            .rot90(["a.bmp", "--report", place])
            .go()
            .exit(2)
            .stdout("");
        ran.says(part);
        assert_eq!(world.list(), before, "{place}");
    }
    world
        .rot90(["a.bmp", "--dry-run", "--report", "report.html"])
        .go()
        .exit(2)
        .says("--dry-run");
    assert_eq!(world.list(), before);
}

#[test]
fn it_never_replaces_a_picture() {
    let world = World::with(&["x.html", "y.html", "in/z.html", "lost.html"]);
    std::os::unix::fs::symlink("in/z.html", world.path("link.html")).unwrap();
    let before = world.list();
    let bytes = world.read("lost.html");
    for (input, place) in [
        ("x.html", "x.html"),
        ("./x.html", "in/../x.html"),
        // An output.
        ("x.html", "x_rot90.html"),
        // Another picture, which a pattern meant for the operands might name.
        ("x.html", "lost.html"),
        ("in/z.html", "link.html"),
        // An output's name but for the case.
        ("x.html", "X_ROT90.HTML"),
    ] {
        let ran = world
            .rot90([input, "--report", place])
            .go()
            .exit(2)
            .stdout("");
        ran.says("nothing was done");
        assert_eq!(world.list(), before, "{input} and {place}");
    }
    assert_eq!(world.read("lost.html"), bytes);
    // Neither an input that is no bitmap nor the list of names, but an earlier page.
    world.write("other.html", b"\xff\xd8\xff\xe00000");
    world.write("list.html", "x.html\0");
    for arguments in [
        ["other.html", "./other.html"],
        ["--files0-from=list.html", "list.html"],
    ] {
        let ran = world.rot90([arguments[0], "--report", arguments[1]]).go();
        ran.exit(2).stdout("").says("is also an input");
    }
    for code in [0, 1] {
        let ran = world.rot90(["in/*.html", "--report", "in/page.html"]).go();
        ran.exit(code);
    }
    // Elsewhere, the same name is no conflict.
    world
        .rot90(["x.html", "-o", "out", "--report", "in/x.html"])
        .go()
        .exit(0);
    Page::read(&world, "in/x.html");
    world.assert_rotated("x.html", "out/x_rot90.html");
}

#[test]
fn it_may_stand_in_the_output_dir_that_is_made() {
    let world = World::with(&["a.bmp"]);
    world
        .rot90([
            "a.bmp",
            "-o",
            "new/out",
            "--report",
            "new/out/looks/report.html",
        ])
        .go()
        .exit(0);
    Page::read(&world, "new/out/looks/report.html");
    world.assert_files(&["a.bmp", "new/out/a_rot90.bmp", "new/out/looks/report.html"]);
}

#[test]
fn an_earlier_page_is_replaced_and_a_link_not_followed() {
    let world = World::with(&["a.bmp"]);
    world.write("report.html", "an earlier page");
    world.write("precious", "text");
    std::os::unix::fs::symlink("precious", world.path("link.html")).unwrap();
    for place in ["report.html", "link.html"] {
        world.rot90(["a.bmp", "--report", place]).go().exit(0);
        Page::read(&world, place);
    }
    assert!(!world.path("link.html").is_symlink());
    assert_eq!(world.read("precious"), b"text");
    world.assert_files(&[
        "a.bmp",
        "a_rot90.bmp",
        "link.html",
        "precious",
        "report.html",
    ]);
}

#[test]
fn a_folder_that_may_not_be_written_is_told() {
    let world = World::with(&["a.bmp"]);
    fs::create_dir(world.path("closed")).unwrap();
    fs::set_permissions(world.path("closed"), fs::Permissions::from_mode(0o555)).unwrap();
    let Some(run) = world.unprivileged("exec \"$ROT90\" a.bmp --report closed/report.html") else {
        skip("a_folder_that_may_not_be_written_is_told", "no other user");
        return;
    };
    // It is found out when all is done; the results are printed, and nothing is left there.
    run.go()
        .exit(1)
        .stdout(&array(&[record("a.bmp", "a_rot90.bmp")]))
        .says(
            "--report closed/report.html: cannot create the output in closed: Permission denied\n",
        );
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    world.assert_files(&["a.bmp", "a_rot90.bmp"]);
}

#[test]
fn a_page_that_cannot_be_written_is_told() {
    let world = World::with(&["a.bmp", "b.bmp"]);
    world.write("report.html", "an earlier page");
    // The pictures are smaller than the limit, the page is not.
    let ran = world
        .shell("ulimit -f 8; exec \"$ROT90\" '?.bmp' --report report.html")
        .go()
        .exit(1);
    assert_eq!(ran.records().len(), 2);
    ran.says("rot90: --report report.html: cannot write the output");
    world.assert_rotated("a.bmp", "a_rot90.bmp");
    assert_eq!(world.read("report.html"), b"an earlier page");
    world.assert_files(&[
        "a.bmp",
        "a_rot90.bmp",
        "b.bmp",
        "b_rot90.bmp",
        "report.html",
    ]);
}

#[test]
fn a_closed_standard_output_leaves_the_results_so_far() {
    let world = World::new();
    for number in 0..50 {
        world.write(format!("{number:02}.bmp"), bitmap::bitmap(4, 3));
    }
    world
        .shell("\"$ROT90\" '*.bmp' -w 1 --format jsonl --report report.html | true")
        .go()
        .silent();
    let page = Page::read(&world, "report.html");
    assert!(page.rows.len() <= 50);
}

#[test]
fn an_interrupted_run_has_a_page_of_its_results() {
    let world = World::new();
    let bytes = bitmap::bitmap(600, 500);
    for number in 0..400 {
        world.write(format!("in/{number:03}.bmp"), &bytes);
    }
    let arguments = [
        "in/*.bmp",
        "-w",
        "2",
        "-o",
        "out",
        "--report",
        "report.html",
    ];
    let begun = |world: &World| {
        world
            .path("out")
            .read_dir()
            .is_ok_and(|mut all| all.next().is_some())
    };
    let mut interrupted = false;
    for _ in 0..20 {
        let _ = fs::remove_dir_all(world.path("out"));
        let mut running = world.rot90(arguments).start();
        while !begun(&world) && !running.has_ended() {
            sleep(Duration::from_millis(1));
        }
        running.signal(Signal::INT);
        let ran = running.wait();
        let page = Page::read(&world, "report.html");
        assert_eq!(page.names(), ran.inputs(), "{}", ran.told());
        if ran.status.code() == Some(130) && page.rows.len() < 400 {
            assert!(page.markup().contains("The run was ended early"));
            interrupted = true;
            break;
        }
    }
    assert!(interrupted, "it was over each time before the signal came");
}

#[test]
fn thousands_of_files_make_a_page_of_bounded_size() {
    const FILES: usize = 3000;
    let world = World::new();
    let bytes = bitmap::bitmap(31, 17);
    for number in 0..FILES {
        if number % 300 == 299 {
            world.write(format!("in/{number:04}.bmp"), cut());
        } else {
            world.write(format!("in/{number:04}.bmp"), &bytes);
        }
    }
    let ran = world
        .rot90(["in/*.bmp", "-o", "out", "--report", "report.html"])
        .go()
        .exit(1);
    let page = Page::read(&world, "report.html");
    assert_eq!(page.names(), ran.inputs());
    let failed = page
        .rows
        .iter()
        .filter(|row| row.as_array().unwrap().len() == 2);
    assert_eq!(failed.count(), 10);
    assert!(page.html.len() < 2 << 20, "{} bytes", page.html.len());
    // Evenly spread: no tenth of the batch has more than its share, or none.
    assert!(
        (32..=200).contains(&page.pictures.len()),
        "{} pictures",
        page.pictures.len()
    );
    let mut tenths = [0; 10];
    for entry in &page.pictures {
        let row = entry[0].as_u64().unwrap() as usize;
        assert_eq!(
            page.rows[row].as_array().unwrap().len(),
            5,
            "a picture of a failure"
        );
        tenths[row * 10 / FILES] += 1;
    }
    let share = page.pictures.len() / 10;
    assert!(
        tenths
            .iter()
            .all(|&count: &usize| count.abs_diff(share) <= 2),
        "{tenths:?}"
    );
}

/// As many pictures as there can be, each of noise, which compresses worst.
#[test]
fn pictures_are_bounded_in_number_and_bytes() {
    let world = World::new();
    let bytes = bitmap::large(24, 400, 300, false);
    let whole = world.write("whole.bmp", bytes);
    fs::create_dir(world.path("in")).unwrap();
    for number in 0..350 {
        fs::hard_link(&whole, world.path(format!("in/{number:03}.bmp"))).unwrap();
    }
    world
        .rot90(["in/*.bmp", "-o", "out", "--report", "report.html"])
        .go()
        .exit(0);
    let page = Page::read(&world, "report.html");
    assert_eq!(page.rows.len(), 350);
    assert!(
        (32..=200).contains(&page.pictures.len()),
        "{} pictures",
        page.pictures.len()
    );
    for entry in &page.pictures {
        let (width, height) = decoded(&entry[1]).dimensions();
        assert!(width.max(height) >= 96);
    }
    assert!(page.html.len() < 7 << 20, "{} bytes", page.html.len());
}

/// What the program that runs a batch on a cluster asks for: the page of records from elsewhere.
#[test]
fn records_from_elsewhere_make_the_same_page() {
    let world = World::with(&["a.bmp", "c.bmp", "gone.bmp"]);
    world.write("b.bmp", cut());
    world.write(name(b"bytes\xff.bmp"), bitmap::bitmap(40, 30));
    let local = world
        .rot90([
            "*.bmp",
            "-o",
            "out",
            "--format",
            "jsonl",
            "--report",
            "here.html",
        ])
        .go()
        .exit(1);
    let outputs = world.list();
    let records = String::from_utf8(local.stdout).unwrap();
    let page = |about: &str, records: &str, place: &str| {
        world
            .rot90(["--report-of-records", "-o", "out", "--report", place])
            .input(format!("{about}\n{records}"))
            .go()
    };
    // Without a time it is only asked whether the page can stand there.
    page("{}", &records, "there.html").exit(0).silent();
    page("{}", &records, "out")
        .exit(2)
        .says("must end in .html");
    page("{}", &records, "no/page.html")
        .exit(2)
        .says("there is no folder no");
    page("{}", "not a record", "there.html")
        .exit(2)
        .says("line 2: is no record");
    assert_eq!(world.list(), outputs);

    let about = r#"{"seconds": 1.5, "skipped": 0, "problems": []}"#;
    page(about, &records, "there.html").exit(0).silent();
    let (here, there) = (
        Page::read(&world, "here.html"),
        Page::read(&world, "there.html"),
    );
    assert_eq!(here.rows, there.rows);
    assert_eq!(here.pictures, there.pictures);
    assert_eq!(there.pictures.len(), 4);
    assert!(there.markup().contains("<dd>1.500 s</dd>"));
    let failures = |page: &Page| {
        let (_, rest) = page
            .markup()
            .split_once("<h2 id=\"failures-title\"")
            .unwrap();
        rest.to_owned()
    };
    assert_eq!(failures(&here), failures(&there));

    // A record without a size is of a file that the run did not come to.
    let (rest, last) = records.trim_end().rsplit_once('\n').unwrap();
    let (planned, _) = last.split_once(", \"width\"").unwrap();
    let about =
        r#"{"seconds": 1.5, "skipped": 2, "problems": ["x*: the pattern <matches> no file"]}"#;
    page(about, &format!("{rest}\n{planned}}}\n"), "there.html").exit(0);
    let there = Page::read(&world, "there.html");
    assert_eq!(there.rows.len(), 4);
    assert!(
        there
            .markup()
            .contains("The run was ended early: 1 of 5 files")
    );
    assert!(
        there
            .markup()
            .contains("x*: the pattern &lt;matches&gt; no file")
    );
    assert!(
        there
            .markup()
            .contains("<dt>Earlier results skipped</dt><dd>2</dd>")
    );
    // It says nothing of itself.
    let help = world.rot90(["--help"]).go().exit(0);
    help.says_not("report-of-records");
}
