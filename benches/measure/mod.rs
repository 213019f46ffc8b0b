//! Medians of times, a line each.

use std::time::{Duration, Instant};

/// How often what is measured runs at least, and for how long in all.
const LEAST_RUNS: usize = 9;
const TIME: Duration = Duration::from_millis(600);

/// Prints how long the body takes, and how many bytes that is a second, unless the command line
/// asks for another name: `cargo bench --bench kernels -- 2000x2000`.
pub(crate) fn measure(name: &str, bytes: usize, mut body: impl FnMut()) {
    let mut asked = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .peekable();
    if asked.peek().is_some() && !asked.any(|part| name.contains(&part)) {
        return;
    }
    // Buffers are made, and what they lie in is mapped.
    body();
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.len() < LEAST_RUNS || begun.elapsed() < TIME {
        let start = Instant::now();
        body();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    println!(
        "{name:<44} {:>10.1} µs {:>7.2} GB/s",
        median.as_secs_f64() * 1e6,
        bytes as f64 / median.as_secs_f64() / 1e9
    );
}
