//! Linux: unnamed temporary files, directory handles, positioned reads and writes.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::mapping::Mapping;
use super::window;
use super::{Publishing, directory_of, make_directories, temporary_name, temporary_prefix};
use crate::error::{Error, FormatError, Result};
use crate::text;

/// A regular file, open for reading.
pub(crate) struct Input {
    fd: OwnedFd,
    size: u64,
    modified: SystemTime,
}

impl Input {
    /// Opens a regular file. Nothing else is opened at all, as opening a device or a pipe can
    /// wait or have effects; a file that changes into one in between is found out afterwards.
    ///
    /// `known_regular` saves the first look, where the directory listing has told.
    pub(crate) fn open(path: &Path, known_regular: bool) -> Result<Self> {
        let failed = |error: Errno| Error::io("cannot open", error);
        if !known_regular {
            Self::look(path)?;
        }
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = fs::open(path, flags, Mode::empty()).map_err(failed)?;
        let stat = fs::fstat(&fd).map_err(failed)?;
        refuse_special(stat.st_mode)?;
        let since = Duration::new(
            u64::try_from(stat.st_mtime).unwrap_or(0),
            stat.st_mtime_nsec as u32,
        );
        Ok(Self {
            fd,
            size: stat.st_size as u64,
            modified: SystemTime::UNIX_EPOCH + since,
        })
    }

    /// The first look of [`open`](Self::open), which opens nothing.
    pub(crate) fn look(path: &Path) -> Result<()> {
        let stat = fs::stat(path).map_err(|error| Error::io("cannot open", error))?;
        refuse_special(stat.st_mode)
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
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            match rustix::io::pread(&self.fd, &mut buffer[done..], at) {
                Ok(0) => return Err(self.shrank(at)),
                Ok(count) => done += count,
                Err(Errno::INTR) => {}
                Err(error) => return Err(Error::io("cannot read", error)),
            }
        }
        Ok(())
    }

    /// Fills pieces of memory that follow each other in the file, but not in memory.
    pub(crate) fn read_scattered<'b>(
        &self,
        pieces: impl Iterator<Item = &'b mut [u8]>,
        mut offset: u64,
    ) -> Result<()> {
        const AT_ONCE: usize = 512;
        let mut pieces = pieces.peekable();
        let mut slices: Vec<IoSliceMut<'_>> = Vec::with_capacity(AT_ONCE);
        while pieces.peek().is_some() {
            slices.extend(pieces.by_ref().take(AT_ONCE).map(IoSliceMut::new));
            let mut rest = &mut slices[..];
            while !rest.is_empty() {
                match rustix::io::preadv(&self.fd, rest, offset) {
                    Ok(0) => return Err(self.shrank(offset)),
                    Ok(count) => {
                        offset += count as u64;
                        IoSliceMut::advance_slices(&mut rest, count);
                    }
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(Error::io("cannot read", error)),
                }
            }
            slices.clear();
        }
        Ok(())
    }

    /// As [`read_exact`](Self::read_exact), and says whether the disk had to be waited for.
    pub(crate) fn read_exact_cold(&self, buffer: &mut [u8], offset: u64) -> Result<bool> {
        static ASKS: AtomicBool = AtomicBool::new(true);
        if ASKS.load(Ordering::Relaxed) {
            let at_once = rustix::io::preadv2(
                &self.fd,
                &mut [IoSliceMut::new(buffer)],
                offset,
                rustix::io::ReadWriteFlags::NOWAIT,
            );
            match at_once {
                Ok(count) if count == buffer.len() => return Ok(false),
                Ok(count) => {
                    self.read_exact(&mut buffer[count..], offset + count as u64)?;
                    return Ok(true);
                }
                Err(Errno::AGAIN) => {
                    self.read_exact(buffer, offset)?;
                    return Ok(true);
                }
                // Not every file system can tell.
                Err(_) => ASKS.store(false, Ordering::Relaxed),
            }
        }
        self.read_exact(buffer, offset)?;
        Ok(false)
    }

    /// The file's first `length` bytes, mapped, where mappings are allowed and possible.
    #[cfg(feature = "cli")]
    pub(crate) fn map(&self, length: u64) -> Option<Mapping> {
        Mapping::new(&self.fd, usize::try_from(length).ok()?)
    }

    #[cfg(not(feature = "cli"))]
    #[expect(clippy::unused_self, reason = "with the command, inputs can be mapped")]
    pub(crate) fn map(&self, _length: u64) -> Option<Mapping> {
        None
    }

    /// The error of a file that was not all there when it was read.
    pub(crate) fn incomplete(&self) -> Error {
        match self.shrank(self.size) {
            Error::Format(FormatError::Shrank { now, .. }) if now == self.size => {
                Error::io("cannot read", Errno::IO)
            }
            shrank => shrank,
        }
    }

    /// Asks the system to have these bytes in memory soon.
    #[cfg(feature = "cli")]
    pub(crate) fn read_ahead(&self, offset: u64, size: u64) {
        // A single request is cut to the device's largest one.
        const AT_ONCE: u64 = 512 << 10;
        for part in (0..size).step_by(AT_ONCE as usize) {
            let length = std::num::NonZeroU64::new(AT_ONCE.min(size - part));
            if fs::fadvise(&self.fd, offset + part, length, fs::Advice::WillNeed).is_err() {
                return;
            }
        }
    }

    /// Reads these bytes in order and forgets them, so that they are in memory, for as long as it
    /// is to `go_on`.
    ///
    /// The system reads ahead of a reader in large pieces, into large folios; what it is asked for
    /// ([`read_ahead`](Self::read_ahead)), or what a mapping touches, it reads page by page, which
    /// can take twice as long.
    pub(crate) fn read_through(&self, offset: u64, size: u64, go_on: impl Fn() -> bool) {
        const AT_ONCE: u64 = 256 << 10;
        let mut buffer = Vec::new();
        if buffer.try_reserve_exact(AT_ONCE as usize).is_err() {
            return;
        }
        buffer.resize(AT_ONCE as usize, 0);
        let (mut at, end) = (offset, offset.saturating_add(size));
        while at < end && go_on() {
            let length = AT_ONCE.min(end - at) as usize;
            match rustix::io::pread(&self.fd, &mut buffer[..length], at) {
                Ok(count) if count > 0 => at += count as u64,
                Err(Errno::INTR) => {}
                // Whoever needs the bytes will see the error.
                _ => return,
            }
        }
    }

    fn shrank(&self, now: u64) -> Error {
        let stated = fs::fstat(&self.fd).map_or(now, |stat| stat.st_size as u64);
        Error::Format(FormatError::Shrank {
            before: self.size,
            // Files made up by the kernel may be shorter than they say.
            now: if stated < self.size { stated } else { now },
        })
    }
}

fn refuse_special(mode: u32) -> Result<()> {
    Err(Error::NotAFile(
        match FileType::from_raw_mode(mode) {
            FileType::RegularFile => return Ok(()),
            FileType::Directory => "is a directory, not a file",
            FileType::Fifo => "is a named pipe (FIFO), not a regular file",
            FileType::CharacterDevice => "is a character device, not a regular file",
            FileType::BlockDevice => "is a block device, not a regular file",
            FileType::Socket => "is a socket, not a regular file",
            _ => "is not a regular file",
        }
        .to_owned(),
    ))
}

/// An open directory: an output is made, linked and renamed relative to it, so that no part of
/// its path can be swapped in between.
struct Directory {
    path: PathBuf,
    fd: OwnedFd,
    /// The file system has no unnamed temporary files.
    named_only: AtomicBool,
    /// Reserving space before writing pays here.
    reserves: bool,
    /// The file system is memory.
    in_memory: bool,
}

/// File systems, as `statfs` calls them.
const EXT4: i64 = 0xef53;
const XFS: i64 = 0x5846_5342;
const TMPFS: i64 = 0x0102_1994;

/// Outputs from this size on have their space reserved where that pays.
const RESERVE_FROM: u64 = 1 << 20;

thread_local! {
    /// The directory of the thread's last output: the next one is mostly in it too.
    static LAST_DIRECTORY: RefCell<Option<Arc<Directory>>> = const { RefCell::new(None) };
}

/// Whether this process may link an unnamed file by its descriptor alone.
static LINKS_BY_DESCRIPTOR: AtomicBool = AtomicBool::new(true);

impl Directory {
    fn open(path: &Path, publishing: &Publishing) -> Result<Arc<Self>> {
        let known = LAST_DIRECTORY
            .with_borrow(|last| last.as_ref().filter(|last| last.path == path).cloned());
        if let Some(directory) = known {
            return Ok(directory);
        }
        let failed = |error: Errno| {
            Error::io(
                format!("cannot open the output's directory {}", text::shown(path)),
                error,
            )
        };
        let fd = match Self::open_handle(path) {
            Err(Errno::NOENT) if publishing.make_directories => {
                make_directories(path, publishing.durable)?;
                Self::open_handle(path)
            }
            other => other,
        }
        .map_err(failed)?;
        let kind = fs::fstatfs(&fd).map_or(0, |stat| stat.f_type);
        let directory = Arc::new(Self {
            path: path.to_owned(),
            fd,
            named_only: AtomicBool::new(false),
            reserves: matches!(kind, EXT4 | XFS),
            in_memory: kind == TMPFS,
        });
        LAST_DIRECTORY.set(Some(Arc::clone(&directory)));
        Ok(directory)
    }

    /// A directory that may be written but not listed still gives a handle, though not one that
    /// can be fsynced.
    fn open_handle(path: &Path) -> Result<OwnedFd, Errno> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        match fs::open(path, flags | OFlags::RDONLY, Mode::empty()) {
            Err(Errno::ACCESS) => fs::open(path, flags | OFlags::PATH, Mode::empty()),
            other => other,
        }
    }

    fn forget() {
        LAST_DIRECTORY.set(None);
    }
}

/// An output under way: it has no name until it is published.
pub(crate) struct Output {
    fd: OwnedFd,
    directory: Arc<Directory>,
    name: OsString,
    /// The name it has meanwhile, where the file system knows no unnamed files.
    temporary: Option<String>,
    size: u64,
    /// Held by the thread that writes.
    writing: Mutex<()>,
    /// Whether the file reaches as far as it will, so that it can be mapped.
    lengthened: OnceLock<bool>,
}

/// A name that no other output has, here or elsewhere. A thread's outputs follow each other, so
/// that it needs one name only.
fn own_temporary_name() -> String {
    static THREADS: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static NUMBER: u32 = THREADS.fetch_add(1, Ordering::Relaxed);
    }
    temporary_name(temporary_prefix(), NUMBER.with(|number| *number))
}

impl Output {
    /// Begins an output of `size` bytes that will be called `path`.
    pub(crate) fn create(path: &Path, size: u64, publishing: &Publishing) -> Result<Self> {
        let name = path
            .file_name()
            .ok_or_else(|| Error::io("cannot make the output", Errno::INVAL))?;
        let mut retried = false;
        loop {
            let directory = Directory::open(directory_of(path), publishing)?;
            match Self::create_in(&directory, name, size, publishing) {
                // The directory may have been removed and made again since it was opened.
                Err(Errno::NOENT) if !retried => {
                    Directory::forget();
                    retried = true;
                }
                Err(error) => return Err(super::cannot_make(path, error)),
                Ok(output) => {
                    output.reserve()?;
                    return Ok(output);
                }
            }
        }
    }

    fn create_in(
        directory: &Arc<Directory>,
        name: &OsStr,
        size: u64,
        publishing: &Publishing,
    ) -> Result<Self, Errno> {
        let mode = Mode::from_raw_mode(0o666);
        let output = |fd, temporary| Self {
            fd,
            directory: Arc::clone(directory),
            name: name.to_owned(),
            temporary,
            size,
            writing: Mutex::new(()),
            lengthened: OnceLock::new(),
        };
        // One that is mapped has to be readable too.
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        if !directory.named_only.load(Ordering::Relaxed) {
            match fs::openat(&directory.fd, ".", flags | OFlags::TMPFILE, mode) {
                Ok(fd) => return Ok(output(fd, None)),
                Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {
                    directory.named_only.store(true, Ordering::Relaxed);
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(sweeper) = &publishing.sweeper {
            sweeper.watch(&directory.path);
        }
        let temporary = own_temporary_name();
        let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let fd = fs::openat(&directory.fd, &*temporary, flags, mode)?;
        Ok(output(fd, Some(temporary)))
    }

    fn reserve(&self) -> Result<()> {
        if self.directory.reserves && self.size >= RESERVE_FROM {
            // Only a hint: what cannot be reserved can still be written, unless there is no room.
            let reserved = fs::fallocate(&self.fd, fs::FallocateFlags::KEEP_SIZE, 0, self.size);
            if let Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) = reserved {
                return Err(Self::cannot_write(error));
            }
        }
        Ok(())
    }

    fn cannot_write(error: Errno) -> Error {
        Error::io("cannot write the output", error)
    }

    /// Writes all of `bytes` at `offset`; several threads may do so at once.
    pub(crate) fn write(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let writing = self.writing.try_lock();
        if writing.is_err()
            && self.directory.in_memory
            && self.temporary.is_none()
            && *self
                .lengthened
                .get_or_init(|| fs::ftruncate(&self.fd, self.size).is_ok())
            && window::copy(&self.fd, bytes, offset).is_ok()
        {
            return Ok(());
        }
        // What fails there fails here too, and for a reason that can be told.
        self.write_by_call(bytes, offset)
    }

    /// Has the pages of the file made before there is anything to be put into them, zeros for now.
    /// What is written later then finds them, which takes half of the time.
    ///
    /// Only where the file system is known to keep them in memory for a while.
    pub(crate) fn make_pages(&self, go_on: impl Fn() -> bool) {
        const AT_ONCE: u64 = 256 << 10;
        if !(self.directory.reserves || self.directory.in_memory) {
            return;
        }
        let zeros = vec![0; AT_ONCE as usize];
        let mut at = 0;
        while at < self.size && go_on() {
            let length = AT_ONCE.min(self.size - at);
            // Whoever has something to write will see the error.
            if self.write_by_call(&zeros[..length as usize], at).is_err() {
                return;
            }
            at += length;
        }
    }

    fn write_by_call(&self, mut bytes: &[u8], mut offset: u64) -> Result<()> {
        while !bytes.is_empty() {
            match rustix::io::pwrite(&self.fd, bytes, offset) {
                Ok(0) => return Err(Self::cannot_write(Errno::NOSPC)),
                Ok(count) => {
                    bytes = &bytes[count..];
                    offset += count as u64;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(Self::cannot_write(error)),
            }
        }
        Ok(())
    }

    /// Puts the finished output in place, in one step.
    pub(crate) fn publish(mut self, publishing: &Publishing) -> Result<()> {
        if publishing.durable {
            fs::fsync(&self.fd).map_err(|error| Error::io("cannot fsync the output", error))?;
        }
        self.put_in_place(publishing).map_err(|error| match error {
            Errno::EXIST => Error::OutputExists(text::shown(Path::new(&self.name))),
            error => Error::io(
                format!(
                    "cannot put the output {} in place",
                    text::shown(Path::new(&self.name))
                ),
                error,
            ),
        })?;
        if publishing.durable {
            fs::fsync(&self.directory.fd)
                .map_err(|error| Error::io("cannot fsync the output's directory", error))?;
        }
        Ok(())
    }

    fn put_in_place(&mut self, publishing: &Publishing) -> Result<(), Errno> {
        let temporary = if let Some(temporary) = self.temporary.clone() {
            temporary
        } else {
            match self.link_as(&self.name) {
                Err(Errno::EXIST) if !publishing.refuse_existing => {}
                other => return other,
            }
            // Only a rename replaces, and only a name can be renamed.
            if let Some(sweeper) = &publishing.sweeper {
                sweeper.watch(&self.directory.path);
            }
            let temporary = own_temporary_name();
            self.link_as(OsStr::new(&temporary))?;
            self.temporary = Some(temporary.clone());
            temporary
        };
        let directory = self.directory.fd.as_fd();
        if publishing.refuse_existing {
            match fs::renameat_with(
                directory,
                &*temporary,
                directory,
                &*self.name,
                RenameFlags::NOREPLACE,
            ) {
                // Not every file system can refuse by itself; a link can.
                Err(Errno::INVAL | Errno::NOSYS) => match fs::linkat(
                    directory,
                    &*temporary,
                    directory,
                    &*self.name,
                    AtFlags::empty(),
                ) {
                    // Without links either, such as FAT, a look before the rename has to do.
                    Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS) => {
                        let there = fs::statat(directory, &*self.name, AtFlags::SYMLINK_NOFOLLOW);
                        if there.is_ok() {
                            return Err(Errno::EXIST);
                        }
                        fs::renameat(directory, &*temporary, directory, &*self.name)?;
                    }
                    other => return other,
                },
                other => other?,
            }
        } else {
            fs::renameat(directory, &*temporary, directory, &*self.name)?;
        }
        self.temporary = None;
        Ok(())
    }

    /// Gives the unnamed file a name, if that name is free.
    fn link_as(&self, name: &OsStr) -> Result<(), Errno> {
        if LINKS_BY_DESCRIPTOR.load(Ordering::Relaxed) {
            match fs::linkat(&self.fd, "", &self.directory.fd, name, AtFlags::EMPTY_PATH) {
                // This call wants a privilege, or a newer kernel; the way below does not. Where
                // the directory is gone it fails the same.
                Err(Errno::NOENT | Errno::PERM | Errno::INVAL) => {
                    LINKS_BY_DESCRIPTOR.store(false, Ordering::Relaxed);
                }
                other => return other,
            }
        }
        let by_number = format!("/proc/self/fd/{}", self.fd.as_raw_fd());
        fs::linkat(
            fs::CWD,
            &*by_number,
            &self.directory.fd,
            name,
            AtFlags::SYMLINK_FOLLOW,
        )
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = fs::unlinkat(&self.directory.fd, &**temporary, AtFlags::empty());
        }
    }
}
