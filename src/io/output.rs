//! An output: written aside on the same file system, put in place in one step.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::file_at::write_all_at;
use super::file_system::FileSystem;
use super::folder_of;
use super::hidden::{self, Hidden};
use super::unnamed;
use crate::error::{Error, Result};

/// How an output is made and put in place.
#[derive(Clone, Copy)]
pub(crate) struct OutputOptions {
    /// An output that exists is replaced, rather than an error.
    pub(crate) replace: bool,
    /// fsync the output, its folder, and new folders' parents.
    pub(crate) durable: bool,
    /// Make the output's folder if it is missing.
    pub(crate) make_directories: bool,
}

/// An output under way.
pub(crate) struct Output {
    path: PathBuf,
    size: u64,
    options: OutputOptions,
    file_system: FileSystem,
    file: File,
    /// The file's name meanwhile, where the file system knows no files without. It goes after the
    /// file, as file systems in user space may rename an open file rather than remove it.
    hidden: Option<Hidden>,
}

impl Output {
    /// Begins an output of `size` bytes that will be called `path`, of this mode less the umask.
    pub(crate) fn create(
        path: &Path,
        size: u64,
        mode: u32,
        options: OutputOptions,
    ) -> Result<Self> {
        let create = || match unnamed::create(folder_of(path), mode)? {
            Some((file, file_system)) => Ok((file, file_system, None)),
            None => Hidden::create(path, mode).map(|(hidden, file)| {
                let file_system = FileSystem::of(&file);
                (file, file_system, Some(hidden))
            }),
        };
        let (file, file_system, hidden) = with_folder(path, options, create)?.map_err(|error| {
            let folder = folder_of(path).display();
            Error::io(format!("cannot create the output in {folder}"), error)
        })?;
        file_system.reserve(&file, size);
        Ok(Self {
            path: path.to_owned(),
            size,
            options,
            file_system,
            file,
            hidden,
        })
    }

    /// Writes all of `bytes` at `offset`; several threads may do so at once.
    pub(crate) fn write(&self, bytes: &[u8], offset: u64) -> Result<()> {
        write_all_at(&self.file, bytes, offset).map_err(cannot_write)
    }

    /// Fills the file with zeros for as long as `go_on` says, where the file system keeps them in
    /// memory. What is written later then finds its pages, which takes half of the time.
    pub(crate) fn make_pages(&self, go_on: &AtomicBool) {
        const ZEROS_AT_ONCE: u64 = 256 << 10;
        if !self.file_system.is_local() {
            return;
        }
        let zeros = vec![0; ZEROS_AT_ONCE as usize];
        for at in (0..self.size).step_by(ZEROS_AT_ONCE as usize) {
            let length = ZEROS_AT_ONCE.min(self.size - at) as usize;
            // Whoever has something to write will see the error.
            if !go_on.load(Ordering::Relaxed) || self.write(&zeros[..length], at).is_err() {
                return;
            }
        }
    }

    /// Puts the complete output in place, once the system has told all that went wrong with it;
    /// with the times of a file `like` it, and its owner and mode where that is allowed.
    pub(crate) fn publish(mut self, like: Option<&Metadata>) -> Result<()> {
        let file = &self.file;
        if let Some(like) = like {
            preserve(file, like)
                .map_err(|error| Error::io("cannot give the output the input's times", error))?;
        }
        if self.options.durable || self.file_system.tells_at_sync() {
            file.sync_all().map_err(cannot_sync)?;
        }
        if !self.file_system.is_local() {
            close_a_duplicate(file).map_err(cannot_write)?;
        }
        let (path, options) = (self.path.clone(), self.options);
        // The folder may have been removed since the output was begun.
        with_folder(&path, options, || self.put_in_place())?.map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                return Error::OutputExists;
            }
            let name = path.file_name().unwrap_or_default().display();
            Error::io(format!("cannot put the output {name} in place"), error)
        })?;
        if options.durable {
            sync_folder_of(&path)?;
        }
        Ok(())
    }

    fn put_in_place(&mut self) -> io::Result<()> {
        let (path, file, replace) = (&self.path, &self.file, self.options.replace);
        if let Some(hidden) = &mut self.hidden {
            return hidden.rename(file, path, replace);
        }
        match unnamed::link(file, None, path.as_os_str()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && replace => {
                // Only a rename replaces in one step, and only a name can be renamed.
                hidden::lock(file)?;
                let (mut hidden, ()) =
                    Hidden::make(path, |folder, name| unnamed::link(file, Some(folder), name))?;
                hidden.rename(file, path, true)
            }
            // A sandbox forbids it, or there is no /proc.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => self.place_copy(),
            done => done,
        }
    }

    /// Puts a copy of a file that cannot be given a name in place.
    fn place_copy(&self) -> io::Result<()> {
        let metadata = self.file.metadata()?;
        let (mut hidden, copy) = Hidden::create(&self.path, mode(&metadata))?;
        io::Seek::rewind(&mut &self.file)?;
        io::copy(&mut &self.file, &mut &copy)?;
        preserve(&copy, &metadata)?;
        if self.options.durable {
            copy.sync_all()?;
        }
        close_a_duplicate(&copy)?;
        hidden.rename(&copy, &self.path, self.options.replace)
    }
}

/// Does something in the folder of `path`; and again, where that is missing and may be made.
fn with_folder<T>(
    path: &Path,
    options: OutputOptions,
    mut work: impl FnMut() -> io::Result<T>,
) -> Result<io::Result<T>> {
    match work() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && options.make_directories => {
            make_directories(folder_of(path), options.durable)?;
            Ok(work())
        }
        other => Ok(other),
    }
}

/// Writes a whole file, which appears at `path` complete or not at all, in the place of what is
/// there.
///
/// # Errors
///
/// [`Error::Io`] where something of that fails; what was at `path` is then still there.
pub fn write_file(path: &Path, bytes: &[u8], durable: bool) -> Result<()> {
    let options = OutputOptions {
        replace: true,
        durable,
        make_directories: false,
    };
    let output = Output::create(path, bytes.len() as u64, 0o666, options)?;
    output.write(bytes, 0)?;
    output.publish(None)
}

/// Gives a file the times of another one, and its owner and mode where that is allowed.
fn preserve(file: &File, like: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
        // A mode with the right to act as its owner must not come with another owner.
        let owned = fchown(file, Some(like.uid()), Some(like.gid())).is_ok();
        let mode = like.permissions().mode() & if owned { 0o7777 } else { 0o777 };
        let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    }
    let times = fs::FileTimes::new()
        .set_accessed(like.accessed()?)
        .set_modified(like.modified()?);
    file.set_times(times)
}

/// Closes a second descriptor of the file: file systems over a network, in user space or with
/// quotas hold bytes back, and tell whether there was room for them when a descriptor is closed.
#[allow(unsafe_code)]
fn close_a_duplicate(file: &File) -> io::Result<()> {
    let duplicate = file.try_clone()?;
    #[cfg(unix)]
    // SAFETY: the descriptor is this function's own, and is not used afterwards.
    if unsafe { libc::close(std::os::fd::IntoRawFd::into_raw_fd(duplicate)) } != 0 {
        return Err(io::Error::last_os_error());
    }
    #[cfg(not(unix))]
    drop(duplicate);
    Ok(())
}

/// Who may read, write and execute a file, where the system has modes.
pub(crate) fn mode(metadata: &Metadata) -> u32 {
    #[cfg(unix)]
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    #[cfg(not(unix))]
    let (mode, _) = (0, metadata);
    mode
}

fn cannot_write(error: io::Error) -> Error {
    Error::io("cannot write the output", error)
}

/// Makes a folder and those above it; with `durable`, each is recorded in its parent.
///
/// # Errors
///
/// [`Error::Io`] where one of them cannot be made.
pub fn make_directories(path: &Path, durable: bool) -> Result<()> {
    let failed = |error| {
        Error::io(
            format!("cannot create the folder {}", path.display()),
            error,
        )
    };
    let is_missing = |above: &&Path| !above.as_os_str().is_empty() && !above.is_dir();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    fs::create_dir_all(path).map_err(failed)?;
    let mut to_sync = missing.into_iter().filter(|_| durable);
    to_sync.try_for_each(|made| sync_folder(folder_of(made)).map_err(failed))
}

/// Has an output that is there already safe on the disk.
pub(crate) fn sync(path: &Path) -> Result<()> {
    // Windows flushes no file that may not be written.
    let file = File::options().read(true).write(cfg!(windows)).open(path);
    let synced = file.and_then(|file| file.sync_all());
    synced.map_err(cannot_sync)?;
    sync_folder_of(path)
}

fn cannot_sync(error: io::Error) -> Error {
    Error::io("cannot fsync the output", error)
}

fn sync_folder_of(path: &Path) -> Result<()> {
    sync_folder(folder_of(path))
        .map_err(|error| Error::io("cannot fsync the output's folder", error))
}

/// Does nothing on Windows, which has no folders to fsync.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}
