//! How many pictures have which mean, as a drawing.

use indicatif::HumanCount;

use crate::cli::messages::counted;

/// Bars from black to white.
pub(super) const BARS: usize = 64;
const MEANS_PER_BAR: f64 = 256.0 / BARS as f64;

/// Units of the drawing's height; a bar is one unit wide.
const HEIGHT: f64 = 100.0;

/// The bar that a mean belongs to.
pub(super) fn bar_of(mean: f64) -> usize {
    ((mean / MEANS_PER_BAR) as usize).min(BARS - 1)
}

/// The bars as parts of a drawing (SVG), and a line about the means.
#[derive(Default)]
pub(super) struct Histogram {
    pub(super) bars: String,
    pub(super) note: String,
}

impl Histogram {
    pub(super) fn of(means: &[(usize, f64)]) -> Self {
        let mut means: Vec<f64> = means.iter().map(|&(_, mean)| mean).collect();
        means.sort_unstable_by(f64::total_cmp);
        let (Some(lowest), Some(highest)) = (means.first(), means.last()) else {
            return Self::default();
        };
        let half = means.len() / 2;
        let median = f64::midpoint(means[half], means[means.len() - 1 - half]);
        let mut counts = [0_usize; BARS];
        for &mean in &means {
            counts[bar_of(mean)] += 1;
        }
        let most = counts.iter().copied().max().unwrap_or_default();
        let note = format!(
            "lowest {lowest:.2} · median {median:.2} · highest {highest:.2} · tallest bar {}",
            HumanCount(most as u64)
        );
        let bars = counts.into_iter().enumerate();
        let bars = bars.map(|(bar, count)| drawn_bar(bar, count, most));
        Self {
            bars: bars.collect(),
            note,
        }
    }
}

fn drawn_bar(bar: usize, count: usize, most: usize) -> String {
    if count == 0 {
        return String::new();
    }
    // One picture among many thousands still shows.
    let height = (count as f64 / most as f64 * HEIGHT).max(1.5);
    let top = HEIGHT - height;
    let from = bar as f64 * MEANS_PER_BAR;
    let to = (from + MEANS_PER_BAR).min(255.0);
    let pictures = counted(count, "picture");
    let label = format!("{pictures} with a mean from {from} to {to}");
    format!(
        "<g class=\"bar\" data-bar=\"{bar}\" aria-label=\"{label}\"><title>{label}</title>\
         <rect class=\"reach\" x=\"{bar}\" width=\"1\" height=\"{HEIGHT}\"/>\
         <rect class=\"fill\" x=\"{bar}.06\" y=\"{top:.2}\" width=\".88\" height=\"{height:.2}\"/></g>\n"
    )
}

#[cfg(test)]
#[path = "../../../tests/unit/cli/histogram.rs"]
mod tests;
