//! One file: read, turned and summed strip by strip, written, put in place.

mod bands;
mod options;
mod strips;
mod target;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bmp::header::{HEADER_BYTES, Header};
use crate::bmp::mean::mean;
use crate::bmp::pixels;
use crate::error::{Error, FormatError, Result};
use crate::limits;
use crate::memory::pixels_stride;
use crate::os::mapping::Mapping;
use crate::os::{Input, Output, Publishing};
use crate::scratch::Scratch;
use crate::strip::{CACHE_LINE, StripWriter, Turn, strip_room};
use bands::{BAND_BYTES, Bands, LEAST_BAND_ROW, band_stride};
pub use options::{Existing, FileOptions, TurnedFile};
use strips::{append_profile, stop_if_cancelled, turn_columns};
use target::{Target, is_file_since, output_size, publish};

/// Pictures of this many bytes and more are turned by all threads of the pool together.
pub const LARGE: u64 = 64 << 20;

/// Files up to this size are read whole before anything is known of them.
const READ_AT_ONCE: u64 = 1 << 20;

/// Pictures below this size take their memory without asking how much there is.
const ALWAYS_FITS: u64 = 8 << 20;

/// Pictures from this size on are mapped, where that is allowed, rather than read: what has no
/// room in the cache is then fetched from memory once, not twice.
const MAPPED_FROM: u64 = 4 << 20;

/// The pages of outputs are made ahead if all that may be under way take no more than this part of
/// what a picture may take: the system should not begin to write them to a disk before there is
/// anything in them.
const PAGES_SHARE: u64 = 4;

/// How many threads find work in a file of this size, beside other files.
#[cfg(feature = "cli")]
pub(crate) fn threads_on(size: u64) -> usize {
    if size >= LARGE {
        usize::MAX
    } else {
        (size / MAPPED_FROM).max(1) as usize
    }
}

/// Asks for a file's bytes before it is its turn, and returns their number. The system reads ahead
/// by itself where a file is longer.
#[cfg(feature = "cli")]
pub(crate) fn read_ahead(path: &Path) -> u64 {
    Input::open(path, false).map_or(0, |input| {
        let size = input.size();
        if size <= SHORT {
            input.read_ahead(0, size);
        }
        size
    })
}

/// What the system reads ahead by itself does not go beyond files up to this size.
#[cfg(feature = "cli")]
const SHORT: u64 = 256 << 10;

/// Turns the bitmap in the file `input` a quarter turn clockwise into the file `output`.
///
/// The output appears whole or not at all: it is written aside and put in place in one step, and
/// a symbolic link of its name is replaced, not followed. Pictures of [`LARGE`] bytes and more
/// are turned by all threads of the current rayon pool.
///
/// # Errors
///
/// [`Error::NotAFile`] and [`Error::Io`] where the files cannot be used, [`Error::Format`],
/// [`Error::Unsupported`] and [`Error::Memory`] as for [`turn`](crate::turn()).
///
/// # Examples
///
/// ```
/// use rot90::{FileOptions, turn_file};
///
/// let folder = tempfile::tempdir()?;
/// let output = folder.path().join("cell_rot90.bmp");
/// let turned = turn_file("fixtures/samples/cell.bmp", &output, &FileOptions::default())?;
/// assert_eq!((turned.width, turned.height), (660, 550));
/// assert!(output.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn turn_file(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    options: &FileOptions<'_>,
) -> Result<TurnedFile> {
    Opened::open(input.as_ref(), false)?.turn(output.as_ref(), options)
}

/// A bitmap whose headers are read.
pub(crate) struct Opened {
    input: Input,
    scratch: Scratch,
    /// How many bytes of the file stand at the start of the scratch input.
    have: u64,
    header: Header,
    cold: bool,
    /// The output, where it was begun while the input was read.
    begun: Option<Output>,
}

impl Opened {
    pub(crate) fn open(path: &Path, known_regular: bool) -> Result<Self> {
        let input = Input::open(path, known_regular)?;
        let mut scratch = Scratch::take();
        let size = input.size();
        if size == 0 {
            return Err(FormatError::Empty.into());
        }
        let have = if size <= READ_AT_ONCE {
            size
        } else {
            HEADER_BYTES as u64
        };
        let strip = strip_room(have, 0);
        let bytes = &mut scratch.0.room(have as usize + strip)?[..have as usize];
        let cold = input.read_exact_cold(bytes, 0)?;
        let header = Header::parse(&bytes[..bytes.len().min(HEADER_BYTES)], size)?;
        Ok(Self {
            input,
            scratch,
            have,
            header,
            cold,
            begun: None,
        })
    }

    /// Whether the file's bytes come from a disk, not from memory.
    #[cfg(feature = "cli")]
    pub(crate) fn is_cold(&self) -> bool {
        self.cold
    }

    /// Whether the picture is on a disk, and large enough to be taken from a mapping, column by
    /// column.
    pub(crate) fn is_to_be_read_through(&self) -> bool {
        let is_whole = || {
            let header = &self.header;
            header.compression.is_plain() && header.check_pixels(self.size()).is_ok()
        };
        let stays = || self.size() <= limits::default_max_memory();
        self.cold && self.size() >= MAPPED_FROM && is_whole() && stays()
    }

    /// Has the disk give the whole picture in order, if it [is to](Self::is_to_be_read_through).
    ///
    /// Nothing can be written before all is read: meanwhile a thread that has nothing to do makes
    /// the pages of `output`.
    pub(crate) fn read_through(&mut self, output: &Path, options: &FileOptions<'_>) -> Result<()> {
        if !self.is_to_be_read_through() {
            return Ok(());
        }
        let threads = rayon::current_num_threads() as u64;
        if let Some(publishing) = self.publishing(output, options)?
            && self.size() <= limits::default_max_memory() / PAGES_SHARE / threads
        {
            let turn = Turn::new(&self.header, self.header.bits_per_pixel);
            let prefix = self.prefix(turn.bits_per_pixel)?;
            let size = output_size(&self.header, prefix.len(), &turn);
            self.begun = Some(Output::create(output, size, &publishing)?);
        }
        let (input, header) = (&self.input, &self.header);
        let read = || {
            input.read_through(header.pixel_offset, header.pixel_bytes(), || {
                stop_if_cancelled(options).is_ok()
            });
        };
        if let Some(output) = &self.begun {
            let reads = AtomicBool::new(true);
            let read = || {
                read();
                reads.store(false, Ordering::Relaxed);
            };
            rayon::join(read, || output.make_pages(|| reads.load(Ordering::Relaxed)));
        } else {
            read();
        }
        self.cold = false;
        Ok(())
    }

    /// Bytes of the file.
    pub(crate) fn size(&self) -> u64 {
        self.input.size()
    }

    /// Whether the picture is one for all threads together.
    #[cfg(feature = "cli")]
    pub(crate) fn is_large(&self) -> bool {
        self.pixel_bytes() >= LARGE || self.size() >= LARGE
    }

    fn pixel_bytes(&self) -> u64 {
        // An embedded picture's own depth is not known yet: 32 bits are the most.
        let bits_per_pixel = match self.header.bits_per_pixel {
            0 => 32,
            depth => depth,
        };
        pixels::plain_bytes(&self.header, bits_per_pixel)
    }

    /// Where the last pixel of plain ones ends.
    fn pixels_end(&self) -> u64 {
        self.header.pixel_offset + self.header.pixel_bytes()
    }

    /// How `output` is put in place, or `None` where it is kept as it is.
    fn publishing(&self, output: &Path, options: &FileOptions<'_>) -> Result<Option<Publishing>> {
        match options.existing {
            Existing::KeepNewer if is_file_since(output, self.input.modified()) => Ok(None),
            Existing::Refuse if output.symlink_metadata().is_ok() => Err(Error::OutputExists(
                crate::text::shown(output.file_name().map_or(output, Path::new)),
            )),
            _ => Ok(Some(Publishing {
                refuse_existing: options.existing == Existing::Refuse,
                durable: options.durable,
                make_directories: options.make_directories,
                sweeper: options.sweeper.clone(),
            })),
        }
    }

    /// Turns the picture into `output`.
    pub(crate) fn turn(mut self, output: &Path, options: &FileOptions<'_>) -> Result<TurnedFile> {
        let publishing = self.publishing(output, options)?;
        let target = publishing.as_ref().map(|publishing| (output, publishing));
        let max_memory = options.max_memory.unwrap_or_else(|| {
            // Asking the system takes as long as turning a small picture, which fits anywhere.
            if self.pixel_bytes().max(self.size()) < ALWAYS_FITS {
                u64::MAX
            } else {
                limits::default_max_memory()
            }
        });
        let sum = if self.header.compression.is_plain() {
            self.header.check_pixels(self.size())?;
            if self.size() < LARGE && self.pixels_end() <= max_memory {
                self.turn_whole(target, options)?
            } else {
                self.turn_banded(target, options, max_memory)?
            }
        } else {
            self.turn_expanded(target, options, max_memory)?
        };
        Ok(TurnedFile {
            width: self.header.height,
            height: self.header.width,
            mean: mean(sum, self.header.width, self.header.height),
            bytes: self.size(),
            written: target.is_some(),
        })
    }

    /// Sees to it that the scratch buffer begins with the file's first `size` bytes, and has room
    /// for `beside` more.
    fn have(&mut self, size: u64, beside: usize) -> Result<()> {
        let buffer = &mut self.scratch.0;
        let wanted = (size as usize).saturating_add(beside);
        if buffer.bytes().len() < wanted {
            // Growing drops what is there, a megabyte at most, which is then read again.
            self.have = 0;
        }
        let bytes = buffer.room(wanted)?;
        if self.have < size {
            let missing = &mut bytes[self.have as usize..size as usize];
            self.input.read_exact(missing, self.have)?;
            self.have = size;
        }
        Ok(())
    }

    /// A plain picture that fits into memory.
    fn turn_whole(&mut self, target: Target<'_>, options: &FileOptions<'_>) -> Result<u64> {
        let pixels_at = self.header.pixel_offset as usize;
        let end = self.pixels_end();
        let turn = Turn::new(&self.header, self.header.bits_per_pixel);
        let stride = self.header.stride_bytes() as usize;
        if end >= MAPPED_FROM
            && let Some(mapping) = self.input.map(end)
            && mapping.maps_around(pixels_at)
        {
            return self.turn_mapped(&turn, &mapping, target, options);
        }
        let range = self.header.prefix_range();
        let strip = writer_room(&self.header, &turn, (range.end - range.start) as usize);
        // Rows whose starts fall into the same few cache sets are read to other distances.
        let padded = stride + CACHE_LINE;
        if self.have < end && stride.is_multiple_of(SET_STRIDE) && self.header.height > 64 {
            let row = self.header.pixel_bytes() as usize - (turn.height - 1) * stride;
            let pixels = (turn.height - 1) * padded + row;
            self.have(self.header.pixel_offset, pixels + strip)?;
            let bytes = self.scratch.0.room(pixels_at + pixels)?;
            let rows = bytes[pixels_at..].chunks_mut(padded).map(|row| {
                let length = row.len().min(stride);
                &mut row[..length]
            });
            self.input.read_scattered(rows, self.header.pixel_offset)?;
            // What is there now is not the file as it lies.
            self.have = self.header.pixel_offset;
            return self.turn_in_memory(&turn, pixels_at + pixels, padded, target, options);
        }
        self.have(end, strip)?;
        self.turn_in_memory(&turn, end as usize, stride, target, options)
    }

    /// Turns a picture whose file is mapped: by this thread, and by those that have nothing to do.
    fn turn_mapped(
        &mut self,
        turn: &Turn,
        mapping: &Mapping,
        target: Target<'_>,
        options: &FileOptions<'_>,
    ) -> Result<u64> {
        let prefix = self.prefix(turn.bits_per_pixel)?;
        let begun = self.begun.take();
        let (input, header) = (&self.input, &self.header);
        let pixels_at = header.pixel_offset as usize;
        mapping.touch(pixels_at, &|| stop_if_cancelled(options).is_ok());
        let rows = &mapping.bytes()[pixels_at..];
        let stride = header.stride_bytes() as usize;
        show(options, header, turn, stride, rows);
        let size = output_size(header, prefix.len(), turn);
        publish(target, begun, size, |output| {
            let threads = rayon::current_num_threads();
            let bands = Bands {
                turn,
                columns: turn.strip_rows(),
                buffer_bytes: 0,
                at_once: threads,
                prefix: &prefix,
            };
            let sum = bands.run(header, input, output, |band, writer, _| {
                turn_columns(turn, rows, stride, 0, band, writer, options)
            })?;
            if mapping.is_intact() {
                Ok(sum)
            } else {
                Err(input.incomplete())
            }
        })
    }

    /// Turns the rows in the first `end` bytes of the scratch buffer, one strip after another.
    fn turn_in_memory(
        &mut self,
        turn: &Turn,
        end: usize,
        stride: usize,
        target: Target<'_>,
        options: &FileOptions<'_>,
    ) -> Result<u64> {
        let prefix = self.prefix(turn.bits_per_pixel)?;
        let begun = self.begun.take();
        let (input, scratch, header) = (&self.input, &mut self.scratch.0, &self.header);
        let size = output_size(header, prefix.len(), turn);
        let room = writer_room(header, turn, prefix.len());
        let (input_bytes, strip) = scratch.room_and_strip(end, room)?;
        let rows = &input_bytes[header.pixel_offset as usize..];
        show(options, header, turn, stride, rows);
        publish(target, begun, size, |output| {
            let mut writer = StripWriter::new(strip, 0, |bytes: &[u8], offset| {
                output.map_or(Ok(()), |output| output.write(bytes, offset))
            });
            writer.room(prefix.len())?.copy_from_slice(&prefix);
            let sum = turn_columns(turn, rows, stride, 0, 0..turn.width, &mut writer, options)?;
            append_profile(input, header, &mut writer)?;
            writer.finish()?;
            Ok(sum)
        })
    }

    /// The output's headers. Those of a file that is not read whole are read here.
    fn prefix(&mut self, bits_per_pixel: u32) -> Result<Vec<u8>> {
        let range = self.header.prefix_range();
        self.have(range.end, 0)?;
        let prefix = &self.scratch.0.bytes()[range.start as usize..range.end as usize];
        Ok(self.header.rewritten(prefix, bits_per_pixel)?)
    }

    /// A compressed picture: expanded first, then turned from memory.
    fn turn_expanded(
        &mut self,
        target: Target<'_>,
        options: &FileOptions<'_>,
        max_memory: u64,
    ) -> Result<u64> {
        let size = self.size();
        let available = size.saturating_sub(self.header.pixel_offset);
        if available == 0 {
            return Err(FormatError::PixelsCut {
                needed: 1,
                offset: self.header.pixel_offset,
                available: size,
            }
            .into());
        }
        let left = max_memory.checked_sub(size).ok_or_else(|| {
            Error::Memory(format!(
                "needs {size} bytes of memory for compressed pixels, {max_memory} are allowed"
            ))
        })?;
        self.have(size, 0)?;
        let data = &self.scratch.0.bytes()[self.header.pixel_offset as usize..size as usize];
        let plain = pixels::expand(&self.header, data, left)?;
        let prefix = self.prefix(plain.bits_per_pixel)?;
        let turn = Turn::new(&self.header, plain.bits_per_pixel);
        let stride = pixels_stride(&self.header, plain.bits_per_pixel);
        show(options, &self.header, &turn, stride, &plain.bytes);
        let (input, header) = (&self.input, &self.header);
        let size = output_size(header, prefix.len(), &turn);
        publish(target, None, size, |output| {
            let bands = Bands {
                turn: &turn,
                columns: if plain.bytes.len() as u64 >= LARGE {
                    turn.strip_rows()
                } else {
                    turn.width
                },
                buffer_bytes: 0,
                at_once: rayon::current_num_threads(),
                prefix: &prefix,
            };
            bands.run(header, input, output, |band, writer, _| {
                turn_columns(&turn, &plain.bytes, stride, 0, band, writer, options)
            })
        })
    }

    /// A plain picture that is large, or larger than allowed at once: bands of its columns, read
    /// by as many threads as there are.
    fn turn_banded(
        &mut self,
        target: Target<'_>,
        options: &FileOptions<'_>,
        max_memory: u64,
    ) -> Result<u64> {
        let turn = Turn::new(&self.header, self.header.bits_per_pixel);
        if let Some((output, _)) = target {
            self.read_through(output, options)?;
        }
        let end = self.pixels_end();
        // Reading in bands would cost more, also where pages are mapped one by one.
        if end <= max_memory
            && let Some(mapping) = self.input.map(end)
        {
            return self.turn_mapped(&turn, &mapping, target, options);
        }
        let header = &self.header;
        let step = turn
            .row_step()
            .max(LEAST_BAND_ROW * 8 / turn.bits_per_pixel as usize);
        let threads = rayon::current_num_threads();
        let band_bytes = |columns: usize| (band_stride(&turn, columns) as u64) * turn.height as u64;
        let least = band_bytes(step) + (step * turn.out_stride) as u64;
        let at_once = (max_memory / least).min(threads as u64) as usize;
        if at_once == 0 {
            let least = if self.size() < LARGE {
                least.min(end)
            } else {
                least
            };
            return Err(Error::Memory(format!(
                "needs at least {least} bytes of memory for {} rows, {max_memory} are allowed",
                turn.height
            )));
        }
        let share = (max_memory / at_once as u64 / 2).min(BAND_BYTES as u64);
        let mut columns = (share / band_bytes(step)).max(1) as usize * step;
        // No fewer bands than threads, or some would have nothing to do.
        columns = columns.min(turn.width.div_ceil(at_once).next_multiple_of(step));
        let stride = header.stride_bytes();
        let prefix = self.prefix(turn.bits_per_pixel)?;
        let begun = self.begun.take();
        let (input, header) = (&self.input, &self.header);
        let size = output_size(header, prefix.len(), &turn);
        publish(target, begun, size, |output| {
            let bands = Bands {
                turn: &turn,
                columns,
                buffer_bytes: band_stride(&turn, columns) * turn.height,
                at_once,
                prefix: &prefix,
            };
            bands.run(header, input, output, |band, writer, buffer| {
                let first = band.start * turn.bits_per_pixel as usize / 8;
                let row_bytes = (band.end * turn.bits_per_pixel as usize).div_ceil(8) - first;
                let band_stride = band_stride(&turn, band.len());
                let rows = &mut buffer[..band_stride * turn.height];
                let mut offset = header.pixel_offset + first as u64;
                for row in rows.chunks_exact_mut(band_stride) {
                    input.read_exact(&mut row[..row_bytes], offset)?;
                    offset += stride;
                }
                stop_if_cancelled(options)?;
                turn_columns(&turn, rows, band_stride, band.start, band, writer, options)
            })
        })
    }
}

/// Room for the writer of a whole output, whose headers have so many bytes.
fn writer_room(header: &Header, turn: &Turn, prefix_bytes: usize) -> usize {
    let size = output_size(header, prefix_bytes, turn);
    strip_room(size, prefix_bytes.max(turn.strip_bytes()))
}

/// Row distances that are multiples of this meet in few of a cache's sets.
const SET_STRIDE: usize = 1024;

/// Lets whoever looks on see the picture.
#[cfg(feature = "cli")]
fn show(options: &FileOptions<'_>, header: &Header, turn: &Turn, stride: usize, rows: &[u8]) {
    if let Some(onlooker) = options.onlooker {
        onlooker.look(header, turn.bits_per_pixel, stride, rows);
    }
}

#[cfg(not(feature = "cli"))]
fn show(_: &FileOptions<'_>, _: &Header, _: &Turn, _: usize, _: &[u8]) {}
