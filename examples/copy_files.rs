//! Copies the files of a folder by the loop that the command has, without rotating anything: what
//! `scripts/scaling.py` holds rot90's scaling against.
//!
//! `cargo run --release --example copy_files -- THREADS FOLDER OUTPUT_FOLDER`

use std::error::Error;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [threads, folder, output] = &arguments[..] else {
        return Err("usage: copy_files THREADS FOLDER OUTPUT_FOLDER".into());
    };
    let threads = threads.parse()?;
    let mut files: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    fs::create_dir_all(output)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    let next = AtomicUsize::new(0);
    let copied = pool.broadcast(|_| -> std::io::Result<()> {
        let mut buffer = vec![0; 512 << 10];
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut from = File::open(file)?;
            let name = file.file_name().unwrap_or_default();
            let mut to = File::create(std::path::Path::new(output).join(name))?;
            loop {
                match from.read(&mut buffer)? {
                    0 => break,
                    count => to.write_all(&buffer[..count])?,
                }
            }
        }
        Ok(())
    });
    Ok(copied.into_iter().collect::<Result<(), _>>()?)
}
