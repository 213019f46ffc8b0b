//! Rotates a bitmap in memory: `cargo run --example in_memory -- IN.bmp OUT.bmp`.
//!
//! For programs that have their bitmaps from a network or an archive, and files only by chance.

use std::process::ExitCode;

use rot90::{Error, FormatError};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: in_memory IN.bmp OUT.bmp");
        return ExitCode::from(2);
    };
    let bitmap = match std::fs::read(&input) {
        Ok(bitmap) => bitmap,
        Err(error) => {
            eprintln!("{}: {error}", input.display());
            return ExitCode::FAILURE;
        }
    };
    let rotated = match rot90::rotate(&bitmap) {
        Ok(rotated) => rotated,
        // An error says who has to act: here, whoever sent something else.
        Err(Error::Format(FormatError::Signature { found, .. })) => {
            eprintln!("{}: no bitmap, it begins with {found}", input.display());
            return ExitCode::FAILURE;
        }
        Err(error) => {
            eprintln!("{}: {error}", input.display());
            return ExitCode::FAILURE;
        }
    };
    println!(
        "{} x {}, mean {}",
        rotated.width, rotated.height, rotated.mean
    );
    if let Err(error) = std::fs::write(&output, rotated.bytes) {
        eprintln!("{}: {error}", output.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
