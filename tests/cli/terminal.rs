//! The bar of progress on a terminal, and the results beside it.

use crate::support::{ROT90, World, bitmap, cut, skip};

#[test]
fn a_terminal_sees_a_bar() {
    let world = World::new();
    if world.run("script", ["--version"]).try_go().is_none() {
        return skip("a_terminal_sees_a_bar", "there is no program `script`");
    }
    world.write("z.bmp", bitmap::large(1, 16_000, 9000, false));
    let terminal = |options: &str| {
        let line = format!("'{ROT90}' z.bmp -w 1 {options} >results");
        world
            .run("script", ["-qec", &line, "/dev/null"])
            .env("TERM", "xterm")
            .go()
            .exit(0)
    };
    let shown = terminal("");
    assert!(shown.stdout.contains(&b'\r'), "no bar\n{}", shown.told());
    for without in ["--progress never", "-q"] {
        let shown = terminal(without);
        assert!(
            !shown.stdout.contains(&0x1b),
            "a bar with {without}\n{}",
            shown.told()
        );
    }
}

#[test]
fn a_bar_keeps_to_one_line_of_its_terminal() {
    const TEST: &str = "a_bar_keeps_to_one_line_of_its_terminal";
    let world = World::new();
    if world.run("script", ["--version"]).try_go().is_none() {
        return skip(TEST, "there is no program `script`");
    }
    world.write("z.bmp", bitmap::large(1, 16_000, 9000, false));
    for columns in [40, 60, 80, 200] {
        let line = format!("stty rows 24 cols {columns}; '{ROT90}' z.bmp -w 1 >results");
        let shown = world.run("script", ["-qec", &line, "/dev/null"]);
        let shown = shown.env("TERM", "xterm").env("NO_COLOR", "1").go().exit(0);
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        let bars: Vec<_> = text
            .split(['\r', '\n', '\x1b'])
            .filter(|part| part.contains('─'))
            .collect();
        assert!(!bars.is_empty(), "no bar\n{}", shown.told());
        for bar in bars {
            let wide = bar.chars().count();
            assert!(
                wide <= columns + "[2K".len(),
                "{wide} of {columns} columns: {bar}"
            );
        }
    }
}

/// Results that go to the bar's terminal stand whole, without a piece of it before or behind them.
#[test]
fn a_bar_gives_way_to_results_on_its_terminal() {
    const TEST: &str = "a_bar_gives_way_to_results_on_its_terminal";
    let world = World::new();
    if world.run("script", ["--version"]).try_go().is_none() {
        return skip(TEST, "there is no program `script`");
    }
    world.write("a.bmp", bitmap::large(1, 8000, 4500, false));
    world.write("b.bmp", cut());
    // Its results are there while the last one is rotated.
    world.write("z.bmp", bitmap::large(1, 16_000, 9000, false));
    for format in ["json", "jsonl", "means"] {
        let line = format!("stty rows 24 cols 80; '{ROT90}' '*.bmp' -w 1 --format {format}");
        let shown = world.run("script", ["-qec", &line, "/dev/null"]);
        let shown = shown.env("TERM", "xterm").go().exit(1);
        let plain = world.rot90(["*.bmp", "--format", format]).go().exit(1);
        let screen = on_screen(&String::from_utf8_lossy(&shown.stdout));
        let bars = screen.iter().filter(|line| line.contains('─')).count();
        assert_eq!(bars, 0, "{screen:#?}");
        let results = String::from_utf8(plain.stdout).unwrap();
        for result in results.lines().filter(|line| line.len() > 2) {
            assert!(
                screen.iter().any(|line| line == result),
                "{format}: no {result}\n{screen:#?}"
            );
        }
    }
}

/// So does a list that is longer than what is written at a time.
#[test]
fn a_bar_gives_way_to_a_long_list_on_its_terminal() {
    const TEST: &str = "a_bar_gives_way_to_a_long_list_on_its_terminal";
    const FILES: usize = 3500;
    let world = World::new();
    if world.run("script", ["--version"]).try_go().is_none() {
        return skip(TEST, "there is no program `script`");
    }
    let (small, large) = (bitmap::bitmap(7, 3), bitmap::large(1, 16_000, 9000, false));
    let means = [&large, &small].map(|bytes| rot90::rotate(bytes).unwrap().mean);
    let list = format!(
        "[{:?}{}]",
        means[0],
        format!(", {:?}", means[1]).repeat(FILES)
    );
    assert!(list.len() > 64 << 10, "{}", list.len());
    let small = world.write("small.bmp", small);
    for at in 0..FILES {
        std::fs::hard_link(&small, world.path(format!("{at:04}.bmp"))).unwrap();
    }
    // The bar is there by the time that all of this is done.
    world.write("large.bmp", large);
    let line = format!(
        "stty rows 24 cols 80; '{ROT90}' 'large.bmp' '[0-9]*.bmp' -o out -w 1 --format means"
    );
    let shown = world.run("script", ["-qec", &line, "/dev/null"]);
    let shown = shown.env("TERM", "xterm").go().exit(0);
    let shown = String::from_utf8_lossy(&shown.stdout);
    // Nothing stands within it, and nothing erases its last line.
    let (_, behind) = shown.split_once(&list).expect("the whole list");
    assert!(behind.starts_with("\r\n"), "{behind:?}");
}

/// The lines that a terminal shows in the end, if it is wide enough.
fn on_screen(text: &str) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let mut column = 0;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let line = lines.last_mut().unwrap();
        match character {
            '\r' => column = 0,
            '\n' => lines.push(Vec::new()),
            '\x1b' => {
                let code: String = characters
                    .by_ref()
                    .skip_while(|&character| character == '[')
                    .take_while(|character| !character.is_ascii_alphabetic())
                    .collect();
                // Colours are numbers up to 49; what erases is 2K.
                if code == "2" {
                    line.clear();
                }
            }
            other => {
                line.resize(line.len().max(column + 1), ' ');
                line[column] = other;
                column += 1;
            }
        }
    }
    lines
        .iter()
        .map(|line| line.iter().collect::<String>().trim_end().to_owned())
        .collect()
}
