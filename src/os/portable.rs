//! Every other system: plain `std`, and the `tempfile` crate's named temporary files.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use super::mapping::Mapping;
use super::{Publishing, directory_of, make_directories, temporary_prefix};
use crate::error::{Error, FormatError, Result};
use crate::text;

/// A regular file, open for reading.
pub(crate) struct Input {
    file: Mutex<File>,
    size: u64,
    modified: SystemTime,
}

impl Input {
    /// Opens a regular file. Nothing else is opened at all, as opening a device or a pipe can
    /// wait or have effects.
    pub(crate) fn open(path: &Path, known_regular: bool) -> Result<Self> {
        let failed = |error| Error::io("cannot open", error);
        if !known_regular {
            Self::look(path)?;
        }
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        refuse_special(&metadata)?;
        Ok(Self {
            file: Mutex::new(file),
            size: metadata.len(),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        })
    }

    /// The first look of [`open`](Self::open), which opens nothing.
    pub(crate) fn look(path: &Path) -> Result<()> {
        refuse_special(&fs::metadata(path).map_err(|error| Error::io("cannot open", error))?)
    }

    /// Bytes when it was opened.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn modified(&self) -> SystemTime {
        self.modified
    }

    /// Fills `buffer` from `offset`.
    pub(crate) fn read_exact(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.read_scattered(std::iter::once(buffer), offset)
    }

    /// Fills pieces of memory that follow each other in the file, but not in memory.
    pub(crate) fn read_scattered<'b>(
        &self,
        pieces: impl Iterator<Item = &'b mut [u8]>,
        offset: u64,
    ) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| {
            for piece in pieces {
                file.read_exact(piece)?;
            }
            Ok(())
        });
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::Format(FormatError::Shrank {
                before: self.size,
                now: file.metadata().map_or(0, |metadata| metadata.len()),
            }),
            _ => Error::io("cannot read", error),
        })
    }

    /// As [`read_exact`](Self::read_exact); whether the disk was waited for is not known.
    pub(crate) fn read_exact_cold(&self, buffer: &mut [u8], offset: u64) -> Result<bool> {
        self.read_exact(buffer, offset)?;
        Ok(false)
    }

    /// Mappings are not made here.
    #[expect(clippy::unused_self, reason = "other systems use it")]
    pub(crate) fn map(&self, _length: u64) -> Option<Mapping> {
        None
    }

    /// The error of a file that was not all there when it was read.
    pub(crate) fn incomplete(&self) -> Error {
        Error::Format(FormatError::Shrank {
            before: self.size,
            now: 0,
        })
    }

    /// Asks the system to have these bytes in memory soon: `std` has no way to.
    #[cfg(feature = "cli")]
    #[expect(clippy::unused_self, reason = "other systems use it")]
    pub(crate) fn read_ahead(&self, _offset: u64, _size: u64) {}

    /// Has these bytes in memory: nothing is mapped here, so that it is all the same.
    #[expect(clippy::unused_self, reason = "other systems use it")]
    pub(crate) fn read_through(&self, _offset: u64, _size: u64, _go_on: impl Fn() -> bool) {}
}

fn refuse_special(metadata: &fs::Metadata) -> Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() {
        "is a directory, not a file"
    } else {
        "is not a regular file"
    };
    Err(Error::NotAFile(what.to_owned()))
}

/// An output under way: it has another name until it is published.
pub(crate) struct Output {
    file: Mutex<NamedTempFile>,
    path: PathBuf,
}

impl Output {
    /// Begins an output of `size` bytes that will be called `path`.
    pub(crate) fn create(path: &Path, _size: u64, publishing: &Publishing) -> Result<Self> {
        let directory = directory_of(path);
        if publishing.make_directories {
            make_directories(directory, publishing.durable)?;
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(temporary_prefix()).suffix(".tmp");
        if let Some(sweeper) = &publishing.sweeper {
            sweeper.watch(directory);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder
            .tempfile_in(directory)
            .map_err(|error| super::cannot_make(path, error))?;
        Ok(Self {
            file: Mutex::new(file),
            path: path.to_owned(),
        })
    }

    /// Nothing is known to be won by it here.
    #[allow(clippy::unused_self)] // the other systems' may need it
    pub(crate) fn make_pages(&self, _go_on: impl Fn() -> bool) {}

    /// Writes all of `bytes` at `offset`; several threads may do so at once.
    pub(crate) fn write(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.write_all(bytes))
            .map_err(|error| Error::io("cannot write the output", error))
    }

    /// Puts the finished output in place, in one step.
    pub(crate) fn publish(self, publishing: &Publishing) -> Result<()> {
        let file = self
            .file
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if publishing.durable {
            file.as_file()
                .sync_all()
                .map_err(|error| Error::io("cannot fsync the output", error))?;
        }
        let placed = if publishing.refuse_existing {
            file.persist_noclobber(&self.path)
        } else {
            file.persist(&self.path)
        };
        if let Err(refused) = placed {
            return Err(if refused.error.kind() == io::ErrorKind::AlreadyExists {
                Error::OutputExists(text::shown(&self.path))
            } else {
                Error::io(
                    format!("cannot put the output {} in place", text::shown(&self.path)),
                    refused.error,
                )
            });
        }
        #[cfg(unix)]
        if publishing.durable {
            File::open(directory_of(&self.path))
                .and_then(|directory| directory.sync_all())
                .map_err(|error| Error::io("cannot fsync the output's directory", error))?;
        }
        Ok(())
    }
}
