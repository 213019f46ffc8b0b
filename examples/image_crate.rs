//! The same rotation by the `image` crate over rayon, for `scripts/bench.py` to time beside rot90's.
//!
//! It takes the output folder, then bitmaps. What it writes has lost palette, resolution and
//! profile: that is what rot90 is for.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

fn main() -> Result<(), image::ImageError> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().unwrap_or_default();
    let files: Vec<PathBuf> = arguments.collect();
    files.par_iter().try_for_each(|file| {
        let name = file.file_name().unwrap_or_default();
        image::open(file)?
            .rotate90()
            .save(folder.join(Path::new(name)))
    })
}
