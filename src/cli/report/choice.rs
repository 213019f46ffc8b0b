//! Which files have pictures on the page.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::histogram::{BARS, bar_of};

/// At most `most` of these jobs and their means, in order: the lowest and the highest mean, then
/// a file for each bar of the histogram, the highest bars first, then an even sample of the rest.
pub(super) fn chosen(means: &[(usize, f64)], most: usize) -> Vec<usize> {
    let mut by_mean: Vec<_> = means.iter().collect();
    by_mean.sort_by(|one, other| one.1.total_cmp(&other.1));
    let extremes = by_mean.first().into_iter().chain(by_mean.last());

    // The number of files in a bar, and the first of them.
    let mut bars = [(0, 0); BARS];
    for &(job, mean) in means.iter().rev() {
        let (count, first) = &mut bars[bar_of(mean)];
        *count += 1;
        *first = job;
    }
    bars.sort_by_key(|&(count, _)| Reverse(count));
    let bars = bars.iter().take_while(|&&(count, _)| count > 0);

    let mut chosen = BTreeSet::new();
    for job in extremes
        .map(|(job, _)| *job)
        .chain(bars.map(|&(_, job)| job))
    {
        if chosen.len() < most {
            chosen.insert(job);
        }
    }
    let jobs = means.iter().map(|&(job, _)| job);
    let rest: Vec<_> = jobs.filter(|job| !chosen.contains(job)).collect();
    let more = (most - chosen.len()).min(rest.len());
    chosen.extend((0..more).map(|at| rest[(2 * at + 1) * rest.len() / (2 * more)]));
    chosen.into_iter().collect()
}

#[cfg(test)]
#[path = "../../../tests/unit/cli/choice.rs"]
mod tests;
