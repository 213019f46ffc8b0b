//! The small pictures of the page, before and after.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use rot90::Preview;

use crate::cli::plan::Plan;

/// Pixels of a small picture's longer side. A few pictures are as large as can be, to be looked at
/// closely; many are smaller, so that all of them together have about `PIXELS`.
const SIDES: RangeInclusive<u32> = 256..=512;
const PIXELS: f64 = 4e6;

/// JPEG qualities to try until a picture has few enough bytes. Noise alone needs a second try.
const QUALITIES: [u8; 4] = [80, 50, 20, 5];
const BYTES_PER_PIXEL_OF_SIDE: u32 = 80;

/// A job, and its pictures before and after as items of a JSON array: each a `data:` URL, or `null`
/// for a file that cannot be opened again.
pub(super) type Pair = (usize, String);

/// Makes the pictures of these jobs, as far as they are made before the run is to end.
pub(super) fn make(plan: &Plan, jobs: &[usize], max_memory: u64, stop: &AtomicBool) -> Vec<Pair> {
    let side = (PIXELS / jobs.len().max(1) as f64).sqrt() as u32;
    let side = side.clamp(*SIDES.start(), *SIDES.end());
    // As many pictures may be decoded at a time as there are threads.
    let max_memory = max_memory / rayon::current_num_threads() as u64;
    let had_ended = stop.load(Ordering::Relaxed);
    let item = |path: &Path| {
        let preview = rot90::preview(path, side, max_memory).ok();
        match preview.and_then(|preview| jpeg(&preview)) {
            Some(jpeg) => format!("\"data:image/jpeg;base64,{}\"", STANDARD.encode(jpeg)),
            None => "null".to_owned(),
        }
    };
    jobs.par_iter()
        .filter(|_| had_ended || !stop.load(Ordering::Relaxed))
        .map(|&at| {
            let job = &plan.jobs[at];
            let before = item(Path::new(&*job.input));
            (at, format!("{before},{}", item(&plan.output(job))))
        })
        .collect()
}

fn jpeg(preview: &Preview) -> Option<Vec<u8>> {
    let Preview { width, height, .. } = *preview;
    let most_bytes = width.max(height).max(*SIDES.start()) * BYTES_PER_PIXEL_OF_SIDE;
    let mut jpeg = Vec::new();
    for quality in QUALITIES {
        jpeg.clear();
        JpegEncoder::new_with_quality(&mut jpeg, quality)
            .encode(&preview.rgb, width, height, ExtendedColorType::Rgb8)
            .ok()?;
        if jpeg.len() <= most_bytes as usize {
            break;
        }
    }
    Some(jpeg)
}
