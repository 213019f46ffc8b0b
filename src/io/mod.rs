//! Files and memory, as each system does them best.
//!
//! Everything that differs between systems is behind one of these names. Linux has the special
//! paths that were measured to pay: unnamed temporary files, mappings, huge pages, reservations.
//! Every other system has the portable twins with the same guarantees as far as it has them, and
//! `--cfg rot90_portable` chooses them on Linux too, so that they are tested.

mod buffer;
mod file_at;
mod hidden;
mod input;
mod limits;
mod output;

#[cfg(all(unix, not(rot90_portable)))]
mod folder;
#[cfg(not(all(unix, not(rot90_portable))))]
#[path = "folder_portable.rs"]
mod folder;

#[cfg(all(target_os = "linux", not(rot90_portable)))]
mod file_system;
#[cfg(all(target_os = "linux", not(rot90_portable)))]
mod mapping;
#[cfg(all(target_os = "linux", not(rot90_portable)))]
mod pages;
#[cfg(all(target_os = "linux", not(rot90_portable)))]
mod unnamed;

#[cfg(not(all(target_os = "linux", not(rot90_portable))))]
mod portable;
#[cfg(not(all(target_os = "linux", not(rot90_portable))))]
use portable::{file_system, mapping, pages, unnamed};

pub(crate) use buffer::Buffer;
pub(crate) use input::{Input, is_older_than_input};
pub use input::{check_input, prefetch};
pub(crate) use limits::return_freed_memory;
pub use limits::{default_max_memory, most_threads, usable_memory};
pub(crate) use mapping::Mapping;
pub use mapping::Mappings;
pub(crate) use output::{Output, OutputOptions, mode, sync};
pub use output::{make_directories, write_file};

use std::path::Path;

/// A path's folder, as something that can be opened.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
