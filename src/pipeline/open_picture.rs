//! A bitmap's file whose headers are read, and the choice of a source for its rows.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::budget::{MemoryBudget, Taken};
use super::source::{LARGE_FROM, Source};
use super::{FileOptions, Layout, Sink as _, rotate_into};
use crate::bmp::decode::{Decoded, Decoding};
use crate::bmp::header::{HEADER_BYTES, Header};
use crate::error::{Error, FormatError, Result, stop_if_cancelled};
use crate::io::{Buffer, Input, Mapping, Mappings, Output, default_max_memory};
use crate::memory::zeroed;

/// A bitmap's file whose headers are read.
pub(super) struct OpenPicture {
    pub(super) input: Input,
    pub(super) header: Header,
    pub(super) was_cold: bool,
    /// Begins with the first `held` bytes of the file.
    buffer: Buffer,
    held: usize,
    max_memory: u64,
    huge_pages: bool,
}

impl OpenPicture {
    /// Opens a file and reads its headers; a small file is read whole.
    pub(super) fn open(path: &Path, options: &FileOptions<'_>) -> Result<Self> {
        let input = Input::open(path, options.cancel)?;
        let size = input.size();
        if size == 0 {
            return Err(FormatError::Empty.into());
        }
        let is_small = size < LARGE_FROM && options.max_memory.is_none_or(|most| size <= most / 4);
        let held = if is_small {
            size as usize
        } else {
            size.min(HEADER_BYTES as u64) as usize
        };
        let huge_pages = options.huge_pages();
        let mut buffer = Buffer::take();
        let bytes = buffer.reserve(held, huge_pages)?;
        let was_cold = input.read_exact_cold(bytes, 0)?;
        let header = Header::parse(&bytes[..held.min(HEADER_BYTES)], size)?;
        // Asking the system takes as long as rotating a small picture, which fits anywhere.
        let fits = is_small && header.compression.is_uncompressed();
        let max_memory = options
            .max_memory
            .unwrap_or_else(|| if fits { u64::MAX } else { default_max_memory() });
        Ok(Self {
            input,
            header,
            was_cold,
            buffer,
            held,
            max_memory,
            huge_pages,
        })
    }

    /// The layout of the output.
    pub(super) fn layout(&mut self) -> Result<Layout> {
        let size = self.input.size();
        let bits_per_pixel = if self.header.compression.is_uncompressed() {
            self.header.check_pixels(size)?;
            self.header.bits_per_pixel
        } else {
            self.hold_all()?;
            Decoding::new(&self.header, self.compressed())?.bits_per_pixel
        };
        let range = self.header.prefix_range();
        if range.end <= self.held as u64 {
            let prefix = &self.buffer.bytes()[range.start as usize..range.end as usize];
            return Layout::new(&self.header, prefix, bits_per_pixel, size);
        }
        let mut prefix = zeroed(range.end - range.start)?;
        self.input.read_exact(&mut prefix, range.start)?;
        Layout::new(&self.header, &prefix, bits_per_pixel, size)
    }

    /// Sees to it that the buffer begins with the whole file.
    fn hold_all(&mut self) -> Result<()> {
        let size = self.input.size();
        if self.held as u64 == size {
            return Ok(());
        }
        if size > self.max_memory {
            return Err(Error::Memory(format!(
                "needs {size} bytes of memory for its compressed pixels alone; the limit is {}",
                self.max_memory
            )));
        }
        let bytes = self.buffer.reserve(size as usize, self.huge_pages)?;
        self.input.read_exact(bytes, 0)?;
        self.held = size as usize;
        Ok(())
    }

    /// The compressed pixels of a picture that is in memory.
    fn compressed(&self) -> &[u8] {
        let range = self.header.data_range(self.input.size());
        &self.buffer.bytes()[range.start as usize..range.end as usize]
    }

    /// Decodes a compressed picture, once there is memory for it beside others.
    pub(super) fn decode<'b>(
        &mut self,
        budget: Option<&'b MemoryBudget>,
        cancel: Option<&AtomicBool>,
    ) -> Result<(Option<Taken<'b>>, Decoded)> {
        self.hold_all()?;
        let (held, most) = (self.input.size(), self.max_memory);
        let decoding = Decoding::new(&self.header, self.compressed())?;
        let needed = decoding.memory.min(most.saturating_sub(held));
        let taken = budget.map(|budget| budget.take(needed));
        stop_if_cancelled(cancel)?;
        let decoded = decoding.decode(&self.header, self.compressed(), held, most)?;
        Ok((taken, decoded))
    }

    /// Rotates the picture into `output`, and returns the sum of its samples.
    pub(super) fn rotate(
        &mut self,
        layout: &Layout,
        output: Option<&Output>,
        options: &FileOptions<'_>,
    ) -> Result<u64> {
        const TAIL_PIECE: u64 = 64 << 10;
        let sum = self.rotate_pixels(layout, output, options)?;
        let tail = &layout.tail;
        let mut buffer = Buffer::take();
        for at in tail.clone().step_by(TAIL_PIECE as usize) {
            let piece = buffer.reserve(TAIL_PIECE.min(tail.end - at) as usize, false)?;
            self.input.read_exact(piece, at)?;
            output.write(piece, layout.tail_offset() + (at - tail.start))?;
        }
        Ok(sum)
    }

    /// Rotates the pixels from the source that suits them.
    fn rotate_pixels(
        &mut self,
        layout: &Layout,
        output: Option<&Output>,
        options: &FileOptions<'_>,
    ) -> Result<u64> {
        if !self.header.compression.is_uncompressed() {
            // What is declared first is dropped last: the pixels are freed by then.
            let (_taken, decoded) = self.decode(options.decode_budget, options.cancel)?;
            // The pixels have more bytes than the file, which is what others expect to be done.
            let uncounted = FileOptions {
                bytes_done: None,
                ..options.clone()
            };
            let source = Source::Owned(&decoded.bytes);
            let sum = rotate_into(layout, &source, &output, &uncounted)?;
            if let Some(done) = options.bytes_done {
                done.fetch_add(self.input.size(), Ordering::Relaxed);
            }
            return Ok(sum);
        }
        let rotate = |source: Source<'_>| rotate_into(layout, &source, &output, options);
        let offset = self.header.pixel_offset;
        if self.held as u64 == self.input.size() {
            return rotate(Source::Owned(
                &self.buffer.bytes()[offset as usize..self.held],
            ));
        }
        self.read_through(output, options)?;
        let Some((mapping, at_once)) = self.map(layout, options.mappings) else {
            let most = self.max_memory;
            return rotate(Source::banded(&self.input, offset, layout, most)?);
        };
        let rows = &mapping.bytes()[offset as usize..];
        let sum = rotate(Source::Mapped { rows, at_once })?;
        if !mapping.is_intact() {
            self.input.check_unchanged()?;
            let failed = std::io::Error::other("the disk has failed");
            return Err(Error::io("cannot read", failed));
        }
        Ok(sum)
    }

    /// Maps the file up to its last pixel, where the caller has allowed that and there is memory
    /// for it beside the headers and the strips of some threads; and says of how many.
    fn map(&self, layout: &Layout, allowed: Option<Mappings>) -> Option<(Mapping, usize)> {
        let end = self.header.pixel_offset + self.header.pixel_bytes();
        let left = self
            .max_memory
            .checked_sub(end + layout.headers.len() as u64)?;
        let strips = left / layout.strip_buffer_bytes(usize::MAX) as u64;
        let at_once = strips.min(rayon::current_num_threads() as u64) as usize;
        let mapping = Mapping::new(&self.input, end, allowed.filter(|_| at_once > 0)?)?;
        Some((mapping, at_once))
    }

    /// Has the disk give a large picture in order, if it is not in memory: its strips take a few
    /// bytes of every row, so that nothing can be written before all is read.
    ///
    /// Meanwhile a thread that has nothing to do makes the pages of the output.
    fn read_through(&self, output: Option<&Output>, options: &FileOptions<'_>) -> Result<()> {
        // What does not stay in memory would be read twice.
        if !self.was_cold || self.input.size() > default_max_memory() {
            return Ok(());
        }
        let (offset, length) = (self.header.pixel_offset, self.header.pixel_bytes());
        let is_reading = AtomicBool::new(true);
        rayon::in_place_scope(|scope| {
            if let Some(output) = output {
                scope.spawn(|_| output.make_pages(&is_reading));
            }
            let read = self.input.read_through(offset, length, options.cancel);
            is_reading.store(false, Ordering::Relaxed);
            read
        })
    }
}
