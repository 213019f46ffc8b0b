//! Random batches under random faults, for as long as asked: not part of a plain `cargo test`.
//!
//!     ROT90_STRESS_SECONDS=300 cargo test --release --test faults stress -- --ignored --nocapture
//!
//! `ROT90_STRESS_SEED` repeats the choices of an earlier run, though not the moments at which
//! the system does its part.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, Rlimit, Signal, prlimit};

use crate::support::bitmap::{self, DEPTHS};
use crate::support::random::Random;
use crate::support::{Ran, Running, World};

/// What an output may hold that this run did not make.
const EARLIER: &[u8] = b"an earlier output";

/// What happens to a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Nothing,
    Kill,
    Terminate,
    Interrupt,
    InterruptTwice,
    SmallDisk,
    SmallDiskAndKill,
    Truncate,
    Vanish,
    FileSizeLimit,
    OpenFilesLimit,
    AddressSpaceLimit,
    ClosedOutput,
}

const FAULTS: [Fault; 13] = [
    Fault::Nothing,
    Fault::Kill,
    Fault::Terminate,
    Fault::Interrupt,
    Fault::InterruptTwice,
    Fault::SmallDisk,
    Fault::SmallDiskAndKill,
    Fault::Truncate,
    Fault::Vanish,
    Fault::FileSizeLimit,
    Fault::OpenFilesLimit,
    Fault::AddressSpaceLimit,
    Fault::ClosedOutput,
];

/// A batch of random pictures; some are damaged, some have outputs of an earlier run.
struct Round {
    world: World,
    fault: Fault,
    replacing: bool,
    durable: bool,
    format: &'static str,
    workers: usize,
    /// Each input's name and the output it must have; `None` for a damaged one.
    files: BTreeMap<String, Option<Vec<u8>>>,
}

impl Round {
    fn new(random: &mut Random, fault: Fault) -> Self {
        let world = World::new();
        let mut files = BTreeMap::new();
        let replacing = random.below(2) == 0;
        fs::create_dir(world.path("out")).unwrap();
        for number in 0..10 + random.below(90) {
            let name = format!("{number:02}.bmp");
            let depth = random.pick(&DEPTHS);
            let (width, height) = (1 + random.below(220), 1 + random.below(220));
            let picture = bitmap::noise(depth, width, height).with_rows(random.one_in(2));
            let mut bytes = picture.bytes.clone();
            let rotated = if random.below(9) == 0 {
                bytes.truncate(random.below(bytes.len() - 4));
                None
            } else {
                Some(picture.rotated().bytes)
            };
            world.write(format!("in/{name}"), bytes);
            if replacing {
                world.write(format!("out/{}", output(&name)), EARLIER);
            }
            files.insert(name, rotated);
        }
        if random.below(6) == 0 {
            // One for all workers together.
            let bytes = bitmap::large(24, 2900, 7800, random.below(2) == 0);
            let rotated = rot90::rotate(&bytes).unwrap().bytes;
            world.write("in/large.bmp", bytes);
            files.insert("large.bmp".to_owned(), Some(rotated));
        }
        Self {
            world,
            fault,
            replacing,
            durable: random.below(8) == 0,
            format: random.pick(&["json", "jsonl"]),
            workers: 1 + random.below(5),
            files,
        }
    }

    fn command(&self) -> String {
        let durable = if self.durable { "--durable" } else { "" };
        format!(
            "\"$ROT90\" 'in/*.bmp' -o out -w {} --format {} {durable}",
            self.workers, self.format
        )
    }

    /// Runs it, with its fault. `None` where the system does not lend what that takes.
    fn run(&self, random: &mut Random) -> Option<Ran> {
        // Mostly early: a batch is over in some ten milliseconds.
        let longest = 1000 << random.below(7);
        let moment = Duration::from_micros(random.below(longest) as u64);
        let plain = || {
            self.world
                .shell(&format!("exec {}", self.command()))
                .start()
        };
        let limited = |limit: String| {
            let line = format!("ulimit {limit}; exec {}", self.command());
            self.world.shell(&line).go()
        };
        Some(match self.fault {
            Fault::Nothing => plain().wait(),
            Fault::Kill => signalled(plain(), moment, &[Signal::KILL]),
            Fault::Terminate => signalled(plain(), moment, &[Signal::TERM]),
            Fault::Interrupt => signalled(plain(), moment, &[Signal::INT]),
            Fault::InterruptTwice => signalled(plain(), moment, &[Signal::INT, Signal::INT]),
            Fault::SmallDisk | Fault::SmallDiskAndKill => {
                let kill = if self.fault == Fault::SmallDisk {
                    String::new()
                } else {
                    format!("timeout -s KILL {} ", moment.as_secs_f64())
                };
                let line = format!(
                    "mkdir small && mount -t tmpfs -o size={}k none small &&
                     cp -a out/. small/ && mount --move small out && {{
                     {kill}{}; code=$?; sleep 0.2; }};
                     mkdir kept && cp -a out/. kept/; exit $code",
                    // Room for the earlier outputs, a page each, and some more.
                    100 + 4 * self.files.len() + random.below(3000),
                    self.command()
                );
                let ran = self.world.namespace(&line)?.go();
                assert!(self.world.path("kept").exists(), "{}", ran.told());
                fs::remove_dir_all(self.world.path("out")).unwrap();
                fs::rename(self.world.path("kept"), self.world.path("out")).unwrap();
                let _ = fs::remove_dir(self.world.path("small"));
                ran
            }
            Fault::Truncate | Fault::Vanish => {
                let running = plain();
                let over = AtomicBool::new(false);
                std::thread::scope(|scope| {
                    scope.spawn(|| self.disturb(random, &over));
                    let ran = running.wait();
                    over.store(true, Ordering::Relaxed);
                    ran
                })
            }
            Fault::FileSizeLimit => limited(format!("-f {}", random.below(400))),
            Fault::OpenFilesLimit => {
                let running = plain();
                std::thread::sleep(moment / 4);
                // While it runs: what is open stays open, and nothing more may be.
                let limit = Rlimit {
                    current: Some(3 + random.below(12) as u64),
                    maximum: Some(64),
                };
                let _ = prlimit(Some(running.pid()), Resource::Nofile, limit);
                running.wait()
            }
            Fault::AddressSpaceLimit => {
                let most = 4_000 << random.below(7);
                limited(format!("-v {}", 4_000 + random.below(most)))
            }
            Fault::ClosedOutput => {
                let line = format!("{} | head -c {}", self.command(), 1 + random.below(600));
                self.world.shell(&line).go()
            }
        })
    }

    /// Cuts and removes inputs until told to stop.
    fn disturb(&self, random: &mut Random, over: &AtomicBool) {
        let names: Vec<_> = self.files.keys().collect();
        while !over.load(Ordering::Relaxed) {
            let name = names[random.below(names.len())];
            let path = self.world.path(format!("in/{name}"));
            if self.fault == Fault::Vanish {
                let _ = fs::remove_file(path);
            } else if let Ok(file) = File::options().write(true).open(path) {
                let size = file.metadata().unwrap().len();
                file.set_len(random.below(size as usize + 1) as u64)
                    .unwrap();
                if random.below(2) == 0 {
                    // Long again, but of zeros.
                    let _ = file.write_all_at(b"\0", size);
                }
            }
            std::thread::sleep(Duration::from_micros(random.below(2000) as u64));
        }
    }

    /// What holds after every round.
    fn check(&self, ran: &Ran) {
        let told = || {
            format!(
                "{:?}, {} files\n{}",
                self.fault,
                self.files.len(),
                ran.told()
            )
        };
        assert!(!ran.stderr.contains("panic"), "a panic\n{}", told());
        assert!(!ran.stderr.contains("internal error"), "{}", told());
        let inputs_change = self.fault == Fault::Truncate;
        // What a killed run was about to replace an output with, a file for each worker.
        let may_be_hidden =
            self.replacing && matches!(self.fault, Fault::Kill | Fault::SmallDiskAndKill);
        let mut hidden = 0;
        for entry in fs::read_dir(self.world.path("out")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if may_be_hidden && name.starts_with(".rot90-") {
                hidden += 1;
                continue;
            }
            let input = name.replace("_rot90", "");
            let expected = self.files.get(&input);
            assert!(
                expected.is_some() && name == output(&input),
                "stray: {name}\n{}",
                told()
            );
            let found = self.world.read(format!("out/{name}"));
            let whole = self.replacing && found == EARLIER
                || expected.is_some_and(|rotated| rotated.as_ref() == Some(&found))
                // An input that changes has no one output; but it has one of its headers' size.
                || inputs_change && size_stated(&found) == found.len() as u64;
            assert!(whole, "torn: {name}\n{}", told());
        }
        assert!(hidden <= self.workers, "{hidden} are hidden\n{}", told());
        if self.replacing {
            let earlier = self.files.keys().filter(|name| *name != "large.bmp");
            for name in earlier {
                let path = self.world.path(format!("out/{}", output(name)));
                assert!(path.exists(), "lost: {name}\n{}", told());
            }
        }
        self.check_records(ran, &told);
        if hidden > 0 {
            self.world.shell(&self.command()).go();
            let names = fs::read_dir(self.world.path("out")).unwrap();
            let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let stray = names.find(|name| name.starts_with('.'));
            assert!(stray.is_none(), "the next run left {stray:?}\n{}", told());
        }
    }

    fn check_records(&self, ran: &Ran, told: &dyn Fn() -> String) {
        let code = ran.status.code();
        let ended = match self.fault {
            Fault::Kill | Fault::SmallDiskAndKill => return,
            // The exit code and the output are those of `head`.
            Fault::ClosedOutput => return assert_eq!(code, Some(0), "{}", told()),
            Fault::Terminate => code == Some(143) || code.is_none(),
            Fault::Interrupt => code == Some(130) || code.is_none(),
            // The second may come at any time.
            Fault::InterruptTwice if code != Some(0) && code != Some(1) => return,
            // It may be too little to begin with.
            Fault::AddressSpaceLimit | Fault::OpenFilesLimit
                if code != Some(0) && code != Some(1) =>
            {
                return;
            }
            _ => false,
        };
        assert!(ended || matches!(code, Some(0 | 1)), "{}", told());
        if code.is_none() {
            // The signal came before the run had begun.
            return assert!(ran.stdout.is_empty(), "{}", told());
        }
        let records = match self.format {
            "json" => ran.records(),
            _ => ran.lines(),
        };
        let failed = records
            .iter()
            .filter(|record| record.get("error").is_some())
            .count();
        if !ended {
            let listed = self.fault != Fault::Vanish && self.fault != Fault::OpenFilesLimit;
            assert!(!listed || records.len() == self.files.len(), "{}", told());
            if listed {
                assert_eq!(code, Some(i32::from(failed > 0)), "{}", told());
            }
        }
        if self.fault == Fault::Nothing {
            let damaged = self
                .files
                .values()
                .filter(|rotated| rotated.is_none())
                .count();
            assert_eq!(failed, damaged, "{}", told());
        }
        for record in &records {
            if let Some(path) = record["output"].as_str() {
                let found = self.world.read(path);
                assert!(found != EARLIER, "reported, not made: {path}\n{}", told());
            }
        }
    }
}

fn output(name: &str) -> String {
    name.replace(".bmp", "_rot90.bmp")
}

/// The size that a bitmap says it has.
fn size_stated(bytes: &[u8]) -> u64 {
    let field = bytes.get(2..6).and_then(|field| field.try_into().ok());
    field.map_or(0, |field| u32::from_le_bytes(field).into())
}

fn signalled(mut running: Running, moment: Duration, signals: &[Signal]) -> Ran {
    std::thread::sleep(moment);
    for &signal in signals {
        if !running.has_ended() {
            running.signal(signal);
        }
    }
    running.wait()
}

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
        Err(_) => default,
    }
}

#[test]
#[ignore = "takes as long as ROT90_STRESS_SECONDS says; run with --ignored"]
fn nothing_is_ever_lost() {
    let limit = Duration::from_secs(setting("ROT90_STRESS_SECONDS", 20));
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = setting("ROT90_STRESS_SEED", clock.as_micros() as u64);
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let begun = Instant::now();
    let mut rounds: BTreeMap<Fault, (u64, u64)> = BTreeMap::new();
    while begun.elapsed() < limit {
        let fault = random.pick(&FAULTS);
        let round = Round::new(&mut random, fault);
        let (run, struck) = rounds.entry(fault).or_default();
        let Some(ran) = round.run(&mut random) else {
            continue;
        };
        round.check(&ran);
        *run += 1;
        // Whether the fault was felt: the batches themselves have damaged files, too.
        let damaged = round
            .files
            .values()
            .filter(|rotated| rotated.is_none())
            .count();
        let errors = ran
            .stderr
            .lines()
            .filter(|line| line.starts_with("rot90: in/"))
            .count();
        *struck += u64::from(!matches!(ran.status.code(), Some(0 | 1)) || errors > damaged);
    }
    let total: u64 = rounds.values().map(|(run, _)| run).sum();
    println!("{total} rounds in {:.0} s", begun.elapsed().as_secs_f64());
    for (fault, (run, struck)) in &rounds {
        match run {
            0 => println!("{fault:?}: skipped, the system does not lend what it takes"),
            _ => println!("{fault:?}: {run} rounds, felt in {struck}"),
        }
    }
    assert!(total > 0, "no round in {limit:?}");
}
