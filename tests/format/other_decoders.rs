//! Bitmaps of every kind and what becomes of them, shown to the decoders of other projects, as far
//! as they are there: see `scripts/decoders.py`. `ROT90_PYTHON` names the Python that has them.

use std::path::Path;

use crate::support::bitmap::Bitmap;
use crate::support::bitmap::kinds;
use crate::support::{World, skip};

/// Whether decoders agree about the picture at all: what run lengths leave out, indices without
/// a colour and the short palettes of the oldest header are a matter of taste. `ImageMagick` 6 takes
/// the first pixel for an alpha mask after a header of 52 bytes.
fn is_clear(bitmap: &Bitmap) -> bool {
    let holes = bitmap.name.contains("run lengths") && !bitmap.name.contains("holes: None");
    let oldest = bitmap.bytes[14..18] == [12, 0, 0, 0];
    let colours_used = bitmap.bytes.get(46..50).map_or(0, |field| field[0]);
    let short_palette = bitmap.bits_per_pixel <= 8 && bitmap.bytes[14] >= 40 && {
        let full = 1_u32 << bitmap.bits_per_pixel;
        colours_used != 0 && u32::from(colours_used) < full
    };
    let header_of_52 = bitmap.bytes[14..18] == [52, 0, 0, 0];
    !holes && !oldest && !short_palette && !header_of_52
}

#[test]
fn whoever_reads_the_input_reads_the_output_rotated() {
    let world = World::new();
    // All headers of 16 to 64 bytes at all depths would keep a program per file busy for long.
    let few = |bitmap: &Bitmap| {
        let header = bitmap.bytes[14];
        !bitmap.name.starts_with("a header of") || [16, 40, 64].contains(&header)
    };
    let random_ones = (0..100).map(kinds::bitmap);
    let all = kinds::gallery().into_iter().filter(few).chain(random_ones);
    for (number, bitmap) in all.filter(is_clear).enumerate() {
        world.write(format!("{number:04}.bmp"), &bitmap.bytes);
    }
    world.rot90(["*.bmp"]).go().exit(0);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/decoders.py");
    let python = std::env::var("ROT90_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let Some(ran) = world
        .run(python, [script.as_os_str(), world.root().as_os_str()])
        .try_go()
    else {
        return skip("other decoders", "there is no Python");
    };
    if ran.status.code() == Some(77) {
        return skip("other decoders", "none of them is there");
    }
    let ran = ran.exit(0);
    println!("{}", String::from_utf8_lossy(&ran.stdout));
}
