//! A bitmap's file whose headers are read, and the choice of a source for its rows.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::budget::Taken;
use super::source::{LARGE_FROM, Source};
use super::{FileOptions, Layout, rotate_into};
use crate::bmp::decode::Decoding;
use crate::bmp::header::{HEADER_BYTES, Header};
use crate::error::{Error, Result, stop_if_cancelled};
use crate::io::{Buffer, Input, Mapping, Output, default_max_memory};
use crate::memory::zeroed;

/// A bitmap's file whose headers are read, and the layout of its output.
pub(super) struct OpenPicture<'a> {
    pub(super) input: Input,
    pub(super) header: Header,
    pub(super) layout: Layout,
    /// How the pixels are decoded, where they are compressed.
    pub(super) decoding: Option<Decoding>,
    pub(super) was_cold: bool,
    options: &'a FileOptions<'a>,
    max_memory: u64,
    /// Begins with the first `held` bytes of the file: all of a small or a compressed one.
    buffer: Buffer,
    held: usize,
}

impl<'a> OpenPicture<'a> {
    /// Opens a file and reads its headers; a small or a compressed one is read whole.
    pub(super) fn open(path: &Path, options: &'a FileOptions<'a>) -> Result<Self> {
        let input = Input::open(path, options.cancel)?;
        let size = input.size();
        let is_small = size < LARGE_FROM && options.max_memory.is_none_or(|most| size <= most / 4);
        let mut held = if is_small {
            size as usize
        } else {
            size.min(HEADER_BYTES as u64) as usize
        };
        let mut buffer = Buffer::take();
        let bytes = buffer.reserve(held, options.huge_pages())?;
        let was_cold = input.read_start(bytes)?;
        let header = Header::parse(&bytes[..held.min(HEADER_BYTES)], size)?;
        let is_uncompressed = header.compression.is_uncompressed();
        // Asking the system takes as long as rotating a small picture, which fits anywhere.
        let fits = is_small && is_uncompressed;
        let max_memory = options
            .max_memory
            .unwrap_or_else(|| if fits { u64::MAX } else { default_max_memory() });
        let decoding = if is_uncompressed {
            header.check_pixels(size)?;
            None
        } else {
            if (held as u64) < size {
                if size > max_memory {
                    return Err(Error::Memory(format!(
                        "needs {size} bytes of memory for its compressed pixels alone; the limit is \
                         {max_memory}"
                    )));
                }
                held = size as usize;
                input.read_exact(buffer.reserve(held, options.huge_pages())?, 0)?;
            }
            Some(Decoding::new(
                &header,
                part(&buffer, header.data_range(size)),
            )?)
        };
        let bits_per_pixel = decoding
            .as_ref()
            .map_or(header.bits_per_pixel, |decoding| decoding.bits_per_pixel);
        let range = header.prefix_range();
        let layout = if range.end <= held as u64 {
            Layout::new(&header, part(&buffer, range), bits_per_pixel, size)?
        } else {
            let mut prefix = zeroed(range.end - range.start)?;
            input.read_exact(&mut prefix, range.start)?;
            Layout::new(&header, &prefix, bits_per_pixel, size)?
        };
        Ok(Self {
            input,
            header,
            layout,
            decoding,
            was_cold,
            options,
            max_memory,
            buffer,
            held,
        })
    }

    /// The pixels of a file that is held whole, and whatever follows them.
    fn held_pixels(&self) -> &[u8] {
        part(&self.buffer, self.header.data_range(self.input.size()))
    }

    /// Decodes a compressed picture, once there is memory for it beside others.
    pub(super) fn decode(&self, decoding: &Decoding) -> Result<(Option<Taken<'a>>, Vec<u8>)> {
        let (held, most) = (self.input.size(), self.max_memory);
        let needed = decoding.memory.min(most.saturating_sub(held));
        let taken = self.options.decode_budget.map(|budget| budget.take(needed));
        stop_if_cancelled(self.options.cancel)?;
        let decoded = decoding.decode(&self.header, self.held_pixels(), held, most)?;
        Ok((taken, decoded))
    }

    /// Rotates the picture into `output`, and returns the sum of its samples.
    pub(super) fn rotate(&self, output: Option<&Output>) -> Result<u64> {
        const COPIED_AT_ONCE: u64 = 64 << 10;
        let sum = self.rotate_pixels(output)?;
        let Some(output) = output else {
            return Ok(sum);
        };
        let tail = &self.layout.tail;
        let mut buffer = Buffer::take();
        for at in tail.clone().step_by(COPIED_AT_ONCE as usize) {
            let piece = buffer.reserve(COPIED_AT_ONCE.min(tail.end - at) as usize, false)?;
            self.input.read_exact(piece, at)?;
            output.write(piece, self.layout.tail_offset() + (at - tail.start))?;
        }
        Ok(sum)
    }

    /// Rotates the pixels from the source that suits them.
    fn rotate_pixels(&self, output: Option<&Output>) -> Result<u64> {
        let layout = &self.layout;
        let write =
            |bytes: &[u8], offset| output.map_or(Ok(()), |output| output.write(bytes, offset));
        let count = |bytes| {
            if let Some(done) = self.options.bytes_done {
                done.fetch_add(bytes, Ordering::Relaxed);
            }
        };
        if let Some(decoding) = &self.decoding {
            // What is declared first is dropped last: the pixels are freed by then.
            let (_taken, decoded) = self.decode(decoding)?;
            let sum = rotate_into(layout, &Source::Owned(&decoded), &write, self.options)?;
            // Not those of the pixels, which are more: the total is that of the files.
            count(self.input.size());
            return Ok(sum);
        }
        let sink = |bytes: &[u8], offset| {
            write(bytes, offset)?;
            count(bytes.len() as u64);
            Ok(())
        };
        let rotate = |source: Source<'_>| rotate_into(layout, &source, &sink, self.options);
        let offset = self.header.pixel_offset;
        if self.held as u64 == self.input.size() {
            return rotate(Source::Owned(self.held_pixels()));
        }
        self.read_through(output)?;
        if let Some((mapping, at_once)) = self.map() {
            let rows = &mapping.bytes()[offset as usize..];
            let sum = rotate(Source::Mapped { rows, at_once })?;
            if mapping.is_intact() {
                return Ok(sum);
            }
            // What could not be read is read once more, for the system's own word on it.
            self.input.check_unchanged()?;
            let source = Source::banded(&self.input, offset, layout, self.max_memory)?;
            return rotate_into(layout, &source, &write, self.options);
        }
        rotate(Source::banded(
            &self.input,
            offset,
            layout,
            self.max_memory,
        )?)
    }

    /// Maps the file up to its last pixel, where the caller has allowed that and there is memory
    /// for it beside the headers and the strips of some threads; and says of how many.
    fn map(&self) -> Option<(Mapping, usize)> {
        let end = self.header.pixel_offset + self.header.pixel_bytes();
        let held = end + self.layout.headers.len() as u64;
        let strip_bytes = self.layout.strip_buffer_bytes(usize::MAX) as u64;
        let strips = self.max_memory.checked_sub(held)? / strip_bytes;
        let at_once = strips.min(rayon::current_num_threads() as u64) as usize;
        let allowed = self.options.mappings.filter(|_| at_once > 0)?;
        Some((Mapping::new(&self.input, end, allowed)?, at_once))
    }

    /// Has the disk give a large picture in order, if it is not in memory: its strips take a few
    /// bytes of every row, so that nothing can be written before all is read.
    ///
    /// Meanwhile a thread that has nothing to do makes the pages of the output.
    fn read_through(&self, output: Option<&Output>) -> Result<()> {
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
            let read = self.input.read_through(offset, length, self.options.cancel);
            is_reading.store(false, Ordering::Relaxed);
            read
        })
    }
}

fn part(buffer: &Buffer, range: Range<u64>) -> &[u8] {
    &buffer.bytes()[range.start as usize..range.end as usize]
}
