//! Killed at any moment: every output is whole, nothing else is left, and what is printed is JSON.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Ran, Running, World, bitmap, long_name};
use rustix::process::Signal;

/// Files of a batch.
const FILES: usize = 40;

/// How many moments of a whole run each signal is sent at.
const MOMENTS: u32 = 10;

/// How many moments right after the start, so many microseconds apart: a process begins, takes
/// over its signals, makes its plan, starts its threads.
const FIRST_MOMENTS: u32 = 10;
const FIRST_STEP: u64 = 350;

/// A folder of pictures that differ, and what each must become.
struct Batch {
    world: World,
    rotated: Vec<Vec<u8>>,
}

impl Batch {
    fn new() -> Self {
        let world = World::new();
        let mut rotated = Vec::new();
        for number in 0..FILES {
            let picture = bitmap::noise(24, 150 + number, 97);
            rotated.push(picture.rotated().bytes);
            world.write(format!("in/{number:02}.bmp"), picture.bytes);
        }
        Self { world, rotated }
    }

    /// Removes the outputs, or makes all of them an earlier run's.
    fn prepare(&self, replacing: bool) {
        let _ = fs::remove_dir_all(self.world.path("out"));
        fs::create_dir(self.world.path("out")).unwrap();
        if replacing {
            for number in 0..FILES {
                let name = format!("out/{number:02}_rot90.bmp");
                self.world.write(name, "an earlier output");
            }
        }
    }

    /// The numbers of the outputs that this run made; each of them is whole, and nothing else is
    /// there but what was.
    #[track_caller]
    fn made(&self, replacing: bool, ran: &Ran) -> BTreeSet<usize> {
        // A run that is killed while it replaces leaves a hidden file for each thread at most.
        let was_killed = ran.status.signal() == Some(Signal::KILL.as_raw());
        let most = if replacing && was_killed { 4 } else { 0 };
        let is_stray = |name: &&String| name.starts_with("out/") && !name.ends_with("_rot90.bmp");
        let list = self.world.list();
        let strays: Vec<_> = list.iter().filter(is_stray).collect();
        assert!(strays.len() <= most, "{strays:?}\n{}", ran.told());
        let mut made = BTreeSet::new();
        for number in 0..FILES {
            let name = format!("out/{number:02}_rot90.bmp");
            match fs::read(self.world.path(&name)) {
                Err(_) => assert!(!replacing, "{name} is lost\n{}", ran.told()),
                Ok(bytes) if replacing && bytes == b"an earlier output" => {}
                Ok(bytes) => {
                    assert!(
                        bytes == self.rotated[number],
                        "{name} is torn\n{}",
                        ran.told()
                    );
                    made.insert(number);
                }
            }
        }
        made
    }

    fn run(&self, format: &str) -> Running {
        self.world
            .rot90(["in/*.bmp", "-o", "out", "-w", "4", "--format", format])
            .start()
    }

    /// Sends a signal at moments from the start of a run to its end.
    fn kill(&self, signal: Signal, replacing: bool) {
        self.prepare(replacing);
        let ran = self.run("json").wait();
        assert_eq!(self.made(replacing, &ran).len(), FILES);
        let whole = ran.took;
        let first = (0..FIRST_MOMENTS).map(|at| Duration::from_micros(FIRST_STEP) * at);
        let all = first.chain((1..=MOMENTS).map(|at| whole * at / (MOMENTS - 2)));
        for (number, moment) in all.enumerate() {
            self.prepare(replacing);
            let format = if number % 2 == 0 { "json" } else { "jsonl" };
            let running = self.run(format);
            sleep(moment);
            running.signal(signal);
            let ran = running.wait();
            let made = self.made(replacing, &ran);
            if signal == Signal::KILL {
                if replacing {
                    // The next run over the same outputs takes over what the killed one left.
                    let next = self.run("json").wait().exit(0);
                    assert_eq!(self.made(replacing, &next).len(), FILES);
                }
                continue;
            }
            match (ran.status.code(), signal) {
                // It was over before.
                (Some(0), _) => assert_eq!(made.len(), FILES, "{}", ran.told()),
                (Some(130), Signal::INT) | (Some(143), Signal::TERM) | (Some(129), Signal::HUP) => {
                }
                // The system's own end, before the signal was taken over: nothing was begun.
                (None, _)
                    if ran.status.signal() == Some(signal.as_raw())
                        && made.is_empty()
                        && ran.stdout.is_empty()
                        && ran.stderr.is_empty() =>
                {
                    continue;
                }
                _ => panic!("another end\n{}", ran.told()),
            }
            let records = match format {
                "json" => ran.records(),
                _ => ran.lines(),
            };
            let reported: BTreeSet<usize> = records
                .iter()
                .map(|record| {
                    let output = record["output"].as_str();
                    let output = output.unwrap_or_else(|| panic!("{record}\n{}", ran.told()));
                    output[4..6].parse().unwrap()
                })
                .collect();
            assert_eq!(reported, made, "reported and made\n{}", ran.told());
        }
    }
}

#[test]
fn kill_9_with_fresh_outputs() {
    Batch::new().kill(Signal::KILL, false);
}

#[test]
fn kill_9_with_outputs_that_are_replaced() {
    Batch::new().kill(Signal::KILL, true);
}

#[test]
fn sigterm_with_fresh_outputs() {
    Batch::new().kill(Signal::TERM, false);
}

#[test]
fn sigterm_with_outputs_that_are_replaced() {
    Batch::new().kill(Signal::TERM, true);
}

#[test]
fn sigint_with_fresh_outputs() {
    Batch::new().kill(Signal::INT, false);
}

#[test]
fn sigint_with_outputs_that_are_replaced() {
    Batch::new().kill(Signal::INT, true);
}

#[test]
fn sighup_with_fresh_outputs() {
    Batch::new().kill(Signal::HUP, false);
}

#[test]
fn nohup_outlives_the_terminal() {
    let batch = Batch::new();
    batch.prepare(false);
    // What nohup does, before there is anybody to be killed.
    let line = "trap '' HUP; \"$ROT90\" in/*.bmp -o out >out.json & \
                while kill -HUP $! 2>kills; do sleep 0.002; done; wait $!";
    let ran = batch.world.shell(line).go().exit(0);
    assert_eq!(batch.made(false, &ran).len(), FILES);
}

/// A picture that takes a while is finished or dropped; the small ones keep their records.
#[test]
fn signals_during_a_large_picture() {
    let world = World::with(&["a.bmp"]);
    let large = bitmap::large(24, 2001, 4000, false);
    world.write("b.bmp", &large);
    world.bitmap("c.bmp");
    let expected = rot90::rotate(&large).unwrap().bytes;
    let begun = Instant::now();
    world.rot90(["b.bmp"]).go().exit(0);
    let whole = begun.elapsed();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::KILL, 0)] {
        for part in [2, 4, 7] {
            let _ = fs::remove_file(world.path("b_rot90.bmp"));
            let running = world.rot90(["a.bmp", "b.bmp", "c.bmp", "-w", "1"]).start();
            sleep(whole * part / 8);
            // The second one ends it at once, and as cleanly.
            running.signal(signal);
            if part == 4 {
                running.signal(signal);
            }
            let ran = running.wait();
            if let Ok(bytes) = fs::read(world.path("b_rot90.bmp")) {
                assert!(bytes == expected, "a torn output\n{}", ran.told());
            }
            let stray = world.list().into_iter().find(|name| name.contains("tmp"));
            assert_eq!(stray, None, "{}", ran.told());
            if signal != Signal::KILL {
                assert!(
                    [Some(0), Some(code)].contains(&ran.status.code()),
                    "{}",
                    ran.told()
                );
                assert!(!ran.records().is_empty(), "{}", ran.told());
            }
        }
    }
}

/// A run that waits for a reader of its results cannot finish them.
#[test]
fn a_second_signal_ends_a_run_that_is_stuck() {
    let world = World::new();
    for number in 0..300 {
        world.bitmap(format!("in/{}", long_name(number)));
    }
    let line = "{ \"$ROT90\" 'in/*.bmp' -q & pid=$!; sleep 1; kill $pid; sleep 0.3;
        kill -0 $pid && kill $pid; wait $pid; echo $? >code; } |
        while ! [ -e code ]; do sleep 0.05; done";
    let ran = world.shell(line).go().exit(0);
    assert_eq!(world.read("code"), b"143\n", "{}", ran.told());
    assert!(ran.took < Duration::from_secs(20), "{}", ran.told());
}

/// As a terminal does it: the whole process group gets the signal.
#[test]
fn control_c_reaches_the_whole_group() {
    let batch = Batch::new();
    batch.prepare(true);
    let line = "\"$ROT90\" 'in/*.bmp' -o out -w 4 & pid=$!; sleep 0.02; kill -INT 0; wait $pid";
    let script = format!("trap : INT; {line}");
    let ran = batch.world.run("setsid", ["sh", "-c", &script]).go();
    batch.made(true, &ran);
}
