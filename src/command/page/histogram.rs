//! How many pictures have which mean, as a drawing.

use std::fmt::Write as _;

use super::write::grouped;

/// Bars from black to white.
const BARS: usize = 64;
const WIDTH: f64 = 256.0 / BARS as f64;

/// Units of the drawing's height; a bar is one unit wide.
const HIGH: f64 = 100.0;

/// Counts means.
#[derive(Default)]
pub(super) struct Histogram {
    means: Vec<f64>,
}

impl Histogram {
    pub(super) fn add(&mut self, mean: f64) {
        self.means.push(mean);
    }

    /// The drawing (SVG), and a line about it.
    pub(super) fn drawn(mut self) -> String {
        if self.means.is_empty() {
            return String::new();
        }
        self.means.sort_unstable_by(f64::total_cmp);
        let mut counts = [0_usize; BARS];
        for mean in &self.means {
            counts[((mean / WIDTH) as usize).min(BARS - 1)] += 1;
        }
        let most = counts.iter().copied().max().unwrap_or(1).max(1);
        let mut out = format!(
            "<svg class=\"histogram\" viewBox=\"0 0 {BARS} {HIGH}\" preserveAspectRatio=\"none\" \
             role=\"group\" aria-label=\"How many pictures have which mean\">\n\
             <path class=\"rule\" d=\"M0 0H{BARS}M0 {}H{BARS}\"/>\n",
            HIGH / 2.0
        );
        for (at, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            // One picture among many thousands still shows.
            let high = (count as f64 / most as f64 * HIGH).max(1.5);
            let (from, to) = (at as f64 * WIDTH, (at + 1) as f64 * WIDTH);
            let label = format!(
                "{} {} with a mean from {from} to {}",
                grouped(count),
                if count == 1 { "picture" } else { "pictures" },
                to.min(255.0)
            );
            let _ = writeln!(
                out,
                "<g class=\"bar\" data-bar=\"{at}\" aria-label=\"{label}\"><title>{label}</title>\
                 <rect class=\"reach\" x=\"{at}\" width=\"1\" height=\"{HIGH}\"/>\
                 <rect class=\"fill\" x=\"{at}.06\" y=\"{:.2}\" width=\".88\" \
                 height=\"{high:.2}\"/></g>",
                HIGH - high,
            );
        }
        let _ = writeln!(
            out,
            "<path class=\"axis\" d=\"M0 {HIGH}H{BARS}\"/>\n</svg>\n\
             <p class=\"scale\" aria-hidden=\"true\"><span>0</span><span>64</span><span>128</span>\
             <span>192</span><span>255</span></p>\n\
             <p class=\"aside\">lowest {} · median {} · highest {} · tallest bar {}</p>",
            shown(self.means[0]),
            shown(self.median()),
            shown(self.means[self.means.len() - 1]),
            grouped(most)
        );
        out
    }

    fn median(&self) -> f64 {
        let half = self.means.len() / 2;
        if self.means.len().is_multiple_of(2) {
            f64::midpoint(self.means[half - 1], self.means[half])
        } else {
            self.means[half]
        }
    }
}

fn shown(mean: f64) -> String {
    format!("{mean:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mean_is_in_one_bar() {
        let mut histogram = Histogram::default();
        for mean in [0.0, 3.999, 4.0, 127.5, 254.9, 255.0] {
            histogram.add(mean);
        }
        let drawn = histogram.drawn();
        assert_eq!(drawn.matches("class=\"bar\"").count(), 4);
        assert!(drawn.contains("2 pictures with a mean from 0 to 4<"));
        assert!(drawn.contains("1 picture with a mean from 4 to 8<"));
        assert!(drawn.contains("2 pictures with a mean from 252 to 255<"));
        assert!(drawn.contains("lowest 0.00 · median 65.75 · highest 255.00"));
        assert!(Histogram::default().drawn().is_empty());
    }
}
