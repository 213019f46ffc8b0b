//! The small pictures of the page: which files have one, how large it is, how it is stored.
//!
//! What they cost is bounded beforehand, by the plan alone, so that the same batch always shows
//! the same pictures. A worker makes a file's picture right after it has turned the file, while
//! both files are still in the cache. The picture is drawn from the input; some of its pixels are
//! then looked up in the output, and where all of them are where they should be, the page shows
//! the one picture twice, the second time turned. Else it has a picture of the output too.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};
use jpeg_encoder::{ColorType, Encoder as JpegEncoder, SamplingFactor};

use crate::command::plan::Plan;
use crate::sampled::{Grid, Onlooker, Sampled};

/// No page has more files with pictures.
const MOST: usize = 200;

/// As many files always have one, however small the batch.
const LEAST: usize = 32;

/// Bounds on a picture's longer side, in pixels, and the steps between them.
const SIDES: std::ops::RangeInclusive<u32> = 96..=192;
const SIDE_STEP: u32 = 16;

/// A stored picture has no more bytes than this, which only noise comes near: 200 of them are
/// 11 MB of base64 at the very most, and a quarter of that as a rule.
const MOST_BYTES: usize = 40 << 10;

/// The quality of JPEG pictures.
const QUALITY: u8 = 78;

/// What a picture costs, in units of the time in which a byte of a batch is turned in memory: so
/// much at all, and so much per pixel of a square one. A file of the batch has its price too,
/// besides its bytes. All were measured.
const COST_PER_FILE: u64 = 20_000;
const COST: u64 = 250_000;
const COST_PER_PIXEL: f64 = 25.0;

/// All pictures together may cost this part of the batch's time, or these few milliseconds, which
/// nobody notices.
const SHARE: u64 = 4;
const UNNOTICED: u64 = 2_700_000;

/// A stored picture.
pub(super) struct Picture {
    pub(super) kind: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// The pictures of a file.
pub(super) struct Pair {
    pub(super) before: Picture,
    /// `None` where it is the other one turned.
    pub(super) after: Option<Picture>,
}

/// The pictures as they are made.
pub(super) struct Gallery {
    files: usize,
    shown: usize,
    side: u32,
    pairs: Mutex<BTreeMap<usize, Pair>>,
}

impl Gallery {
    /// Decides which files of a plan have pictures, and how large.
    pub(super) fn of(plan: &Plan) -> Self {
        let files = plan.jobs.len();
        let candidates = files.min(MOST);
        let bytes: u64 = (0..candidates)
            .map(|at| &plan.jobs[spread(at, candidates, files)].input)
            .map(|input| std::fs::metadata(&**input).map_or(0, |metadata| metadata.len()))
            .sum();
        let all = bytes as f64 * (files as f64 / candidates.max(1) as f64);
        let work = all as u64 + COST_PER_FILE * files as u64;
        let (shown, side) = affordable(work, candidates);
        Self {
            files,
            shown,
            side,
            pairs: Mutex::default(),
        }
    }

    /// Pixels of a picture's longer side.
    pub(super) fn side(&self) -> u32 {
        self.side
    }

    /// Whether a file has pictures: those are evenly spread over the batch.
    pub(super) fn wants(&self, at: usize) -> bool {
        let number = (at * self.shown).div_ceil(self.files);
        number < self.shown && spread(number, self.shown, self.files) == at
    }

    /// Someone who looks at a picture while it is turned.
    pub(super) fn onlooker(&self) -> Onlooker {
        Onlooker::new(self.side)
    }

    /// Makes the pictures of a file. Without them the page has a row less to look at: that is no
    /// error.
    pub(super) fn add(&self, at: usize, input: &Path, output: &Path, seen: Option<Sampled>) {
        let made = catch_unwind(AssertUnwindSafe(|| self.pair(input, output, seen)));
        if let Ok(Some(pair)) = made {
            let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
            pairs.insert(at, pair);
        }
    }

    fn pair(&self, input: &Path, output: &Path, seen: Option<Sampled>) -> Option<Pair> {
        let grid = |width, height| Grid::spread(width, height, self.side);
        let before = match seen {
            Some(seen) => seen,
            None => Sampled::of_file(input, grid).ok()?,
        };
        let (width, height) = before.picture;
        let found = || {
            Sampled::of_file(output, |out_width, out_height| {
                if (out_width, out_height) == (height, width) {
                    grid(width, height).probes().turned(height)
                } else {
                    grid(out_width, out_height).probes()
                }
            })
        };
        // The threads of a batch that is almost over have nothing else to do.
        let (stored_before, found) = rayon::join(|| stored(&before), found);
        let as_expected = found.is_ok_and(|found| found == before.turned_probes());
        let after = if as_expected {
            None
        } else {
            Some(stored(&Sampled::of_file(output, grid).ok()?)?)
        };
        Some(Pair {
            before: stored_before?,
            after,
        })
    }

    /// All pictures, by the numbers of their jobs.
    pub(super) fn into_pairs(self) -> BTreeMap<usize, Pair> {
        self.pairs
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The picture, encoded; noise of few pixels rather than of many bytes.
fn stored(small: &Sampled) -> Option<Picture> {
    let picture = encoded(small, has_few_colours(small.singles()))?;
    if picture.bytes.len() <= MOST_BYTES {
        return Some(picture);
    }
    Some(encoded(&small.coarse(), false)?).filter(|picture| picture.bytes.len() <= MOST_BYTES)
}

fn encoded(small: &Sampled, few_colours: bool) -> Option<Picture> {
    let (width, height) = (small.width, small.height);
    let is_grey = |&[red, green, blue]: &[u8; 3]| red == green && green == blue;
    let grey: Vec<u8>;
    let (pixels, colour) = if small.pixels().iter().all(is_grey) {
        grey = small.pixels().iter().map(|pixel| pixel[0]).collect();
        (&grey, ExtendedColorType::L8)
    } else {
        (&small.rgb, ExtendedColorType::Rgb8)
    };
    let mut bytes = Vec::new();
    // Edges between few colours look bad as JPEG, and are small as PNG.
    let kind = if few_colours || width * height <= 32 * 32 {
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive)
            .write_image(pixels, width, height, colour)
            .ok()?;
        "image/png"
    } else {
        let mut encoder = JpegEncoder::new(&mut bytes, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        let colour = match colour {
            ExtendedColorType::L8 => ColorType::Luma,
            _ => ColorType::Rgb,
        };
        let (width, height) = (width.try_into().ok()?, height.try_into().ok()?);
        encoder.encode(pixels, width, height, colour).ok()?;
        "image/jpeg"
    };
    Some(Picture { kind, bytes })
}

/// The place in a list of `files` of the `number`th of `shown` files.
fn spread(number: usize, shown: usize, files: usize) -> usize {
    number * files / shown
}

/// How many pictures, and how large, a batch of so much work can afford.
fn affordable(work: u64, candidates: usize) -> (usize, u32) {
    let budget = (work / SHARE).max(UNNOTICED);
    let count = candidates.max(1) as u64;
    let pixels = (budget / count).saturating_sub(COST) as f64 / COST_PER_PIXEL;
    let side = (pixels.sqrt() as u32 / SIDE_STEP * SIDE_STEP).min(*SIDES.end());
    if side >= *SIDES.start() {
        return (candidates, side);
    }
    let side = *SIDES.start();
    let each = COST + (f64::from(side * side) * COST_PER_PIXEL) as u64;
    let shown = (budget / each) as usize;
    (shown.max(LEAST).min(candidates), side)
}

/// Whether there are no more than 16 colours.
fn has_few_colours(pixels: &[[u8; 3]]) -> bool {
    let mut colours: Vec<[u8; 3]> = Vec::new();
    let mut last = None;
    for &pixel in pixels {
        // Neighbours are alike where colours are few.
        if last == Some(pixel) {
            continue;
        }
        last = Some(pixel);
        if !colours.contains(&pixel) {
            if colours.len() == 16 {
                return false;
            }
            colours.push(pixel);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_evenly_spread() {
        for (files, shown) in [(1, 1), (7, 7), (300, 200), (301, 24), (10_000, 200), (5, 2)] {
            let gallery = Gallery {
                files,
                shown,
                side: 96,
                pairs: Mutex::default(),
            };
            let wanted: Vec<_> = (0..files).filter(|&at| gallery.wants(at)).collect();
            assert_eq!(wanted.len(), shown, "{shown} of {files}");
            for pair in wanted.windows(2) {
                let apart = pair[1] - pair[0];
                assert!(apart.abs_diff(files / shown) <= 1, "{shown} of {files}");
            }
        }
    }

    #[test]
    fn large_batches_afford_more() {
        assert_eq!(affordable(0, 0).0, 0);
        assert_eq!(affordable(1000, 4), (4, 128));
        assert_eq!(affordable(1000, 5), (5, 96));
        assert_eq!(affordable(1000, 85), (32, 96));
        let (shown, side) = affordable(10 << 30, 200);
        assert_eq!((shown, side), (200, 192));
        let mut before = (0, 0);
        for megabytes in 0..2000 {
            let now = affordable(megabytes << 20, 200);
            assert!(now >= before && now.0 <= 200 && SIDES.contains(&now.1));
            before = now;
        }
    }
}
