//! Opening inputs and publishing outputs, as each system does it best.
//!
//! Both implementations offer the same items. `linux` uses unnamed temporary files and calls
//! relative to directory handles; `portable` is plain `std` and the `tempfile` crate, for every
//! other system, and can be had on Linux with `--cfg rot90_portable` so that it is tested.

#[cfg(all(target_os = "linux", not(rot90_portable)))]
mod linux;
#[cfg(all(target_os = "linux", not(rot90_portable)))]
pub(crate) use linux::{Input, Output};
#[cfg(all(target_os = "linux", not(rot90_portable)))]
mod window;

#[cfg(all(target_os = "linux", not(rot90_portable), feature = "cli"))]
pub(crate) mod mapping;
#[cfg(not(all(target_os = "linux", not(rot90_portable), feature = "cli")))]
#[path = "no_mapping.rs"]
pub(crate) mod mapping;

#[cfg(all(target_os = "linux", not(rot90_portable), feature = "cli"))]
pub(crate) mod pages;
#[cfg(not(all(target_os = "linux", not(rot90_portable), feature = "cli")))]
#[path = "no_pages.rs"]
pub(crate) mod pages;

#[cfg(any(not(target_os = "linux"), rot90_portable))]
mod portable;
#[cfg(any(not(target_os = "linux"), rot90_portable))]
pub(crate) use portable::{Input, Output};

use std::path::Path;
use std::sync::{Arc, OnceLock};

/// How an output is put in place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Publishing {
    /// An output that exists is an error.
    pub(crate) refuse_existing: bool,
    /// fsync the output and its directory.
    pub(crate) durable: bool,
    /// Make the output's directory if it is missing.
    pub(crate) make_directories: bool,
    /// Told of each directory before a temporary name appears in it.
    pub(crate) sweeper: Option<Arc<dyn Sweeper>>,
}

/// Someone who removes temporary names should this process be killed between making and
/// removing one.
pub(crate) trait Sweeper: Send + Sync + std::fmt::Debug {
    /// `directory` may from now on hold names that begin with [`temporary_prefix`].
    fn watch(&self, directory: &Path);
}

/// What the temporary names of this process begin with; no other process makes such names.
pub(crate) fn temporary_prefix() -> &'static str {
    use std::hash::{BuildHasher as _, Hasher as _};
    static PREFIX: OnceLock<String> = OnceLock::new();
    PREFIX.get_or_init(|| {
        // Process numbers are not enough where containers or hosts share a folder.
        let random = std::hash::RandomState::new().build_hasher().finish();
        format!(".rot90-{}-{random:016x}-", std::process::id())
    })
}

/// The temporary name of a process's thread.
pub(crate) fn temporary_name(prefix: &str, thread: u32) -> String {
    format!("{prefix}{thread}.tmp")
}

/// A path's directory, as something that can be opened.
pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What is said of an output that cannot be made.
fn cannot_make(path: &Path, error: impl Into<std::io::Error>) -> crate::Error {
    let folder = crate::text::shown(directory_of(path));
    crate::Error::io(format!("cannot make the output in {folder}"), error)
}

/// Makes a directory and those above it; with `durable`, each is recorded in its parent.
pub(crate) fn make_directories(path: &Path, durable: bool) -> crate::Result<()> {
    let failed = |error: std::io::Error| {
        crate::Error::io(
            format!("cannot make the directory {}", crate::text::shown(path)),
            error,
        )
    };
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|above| !above.as_os_str().is_empty() && !above.is_dir())
        .collect();
    std::fs::create_dir_all(path).map_err(failed)?;
    if durable {
        // Windows has no directories to fsync.
        for made in missing.into_iter().filter(|_| cfg!(unix)) {
            std::fs::File::open(directory_of(made))
                .and_then(|parent| parent.sync_all())
                .map_err(failed)?;
        }
    }
    Ok(())
}
