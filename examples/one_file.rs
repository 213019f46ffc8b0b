//! Rotates one file, unless that was done before: `cargo run --example one_file -- IN.bmp OUT.bmp`.

use std::error::Error;

use rot90::{FileOptions, IfExists, rotate_file};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: one_file IN.bmp OUT.bmp".into());
    };
    let mut options = FileOptions::default();
    options.if_exists = IfExists::KeepUpToDate;
    options.make_directories = true;
    options.max_memory = Some(256 << 20);
    let rotated = rotate_file(&input, &output, &options)?;
    println!(
        "{} {}: {} x {}, mean {}",
        if rotated.written { "wrote" } else { "kept" },
        output.display(),
        rotated.width,
        rotated.height,
        rotated.mean
    );
    Ok(())
}
