//! What takes the place of Linux's special paths elsewhere, and under `--cfg rot90_portable`.

/// Files without a name cannot be made, or not be given one later.
pub(super) mod unnamed {
    use std::{ffi::OsStr, fs::File, io, path::Path};

    use super::file_system::FileSystem;
    use crate::io::folder::Folder;

    pub(in crate::io) fn create(_: &Path, _: u32) -> io::Result<Option<(File, FileSystem)>> {
        Ok(None)
    }

    pub(in crate::io) fn link(_: &File, _: Option<&Folder>, _: &OsStr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Nothing special is known of file systems.
pub(super) mod file_system {
    use std::fs::File;

    #[derive(Clone, Copy)]
    pub(in crate::io) struct FileSystem;

    impl FileSystem {
        pub(in crate::io) fn of(_: &File) -> Self {
            Self
        }

        pub(in crate::io) fn reserve(self, _: &File, _: u64) {}

        pub(in crate::io) fn is_local(self) -> bool {
            false
        }

        pub(in crate::io) fn tells_at_sync(self) -> bool {
            false
        }
    }

    pub(in crate::io) fn read_cached(_: &File, _: &mut [u8]) -> Option<usize> {
        None
    }

    pub(in crate::io) fn read_ahead(_: &File, _: u64) {}
}

/// Buffers are the allocator's.
pub(super) mod pages {
    use std::ops::{Deref, DerefMut};

    pub(in crate::io) struct Pages(Vec<u8>);

    impl Pages {
        pub(in crate::io) fn new(size: usize, _: bool) -> Option<Self> {
            crate::memory::zeroed(size as u64).ok().map(Self)
        }
    }

    impl Deref for Pages {
        type Target = [u8];

        fn deref(&self) -> &[u8] {
            &self.0
        }
    }

    impl DerefMut for Pages {
        fn deref_mut(&mut self) -> &mut [u8] {
            &mut self.0
        }
    }
}

/// Inputs are read: the handler of SIGBUS is written for Linux alone.
pub(super) mod mapping {
    use std::convert::Infallible;
    use std::io;

    use crate::io::Input;

    /// The permission to map large inputs, which no other system than Linux gives.
    #[derive(Clone, Copy, Debug)]
    pub struct Mappings(Infallible);

    impl Mappings {
        /// Fails: inputs are read here.
        ///
        /// # Errors
        ///
        /// Always [`io::ErrorKind::Unsupported`].
        pub fn allow() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    pub(crate) struct Mapping(Infallible);

    impl Mapping {
        pub(crate) fn new(_: &Input, _: u64, allowed: Mappings) -> Option<Self> {
            match allowed.0 {}
        }

        pub(crate) fn bytes(&self) -> &[u8] {
            match self.0 {}
        }

        pub(crate) fn is_intact(&self) -> bool {
            match self.0 {}
        }
    }
}
