//! One file: read, turned and summed strip by strip, written, put in place.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::bmp::header::{HEADER_BYTES, Header};
use crate::bmp::mean::mean;
use crate::bmp::pixels;
use crate::error::{Error, FormatError, Result};
use crate::limits;
use crate::memory::pixels_stride;
use crate::os::{Input, Output, Publishing};
use crate::scratch::{Scratch, room};
use crate::strip::{StripWriter, Turn};

/// Pictures of this many bytes and more are turned by all threads of the pool together.
pub const LARGE: u64 = 64 << 20;

/// Files up to this size are read whole before anything is known of them.
const READ_AT_ONCE: u64 = 1 << 20;

/// Pictures below this size take their memory without asking how much there is.
const ALWAYS_FITS: u64 = 8 << 20;

/// Pictures from this size on are mapped, where that is allowed, rather than read: what has no
/// room in the cache is then fetched from memory once, not twice.
const MAPPED_FROM: u64 = 4 << 20;

/// A band of a large picture has about this many bytes: enough for long reads, few enough to
/// stay in the last-level cache.
const BAND_BYTES: usize = 8 << 20;

/// A band takes at least this much of each row: one cache line and a bit.
const LEAST_BAND_ROW: usize = 64;

/// Asks for a file's bytes, as far as `budget` goes, before it is its turn; returns their number.
#[cfg(feature = "cli")]
pub(crate) fn read_ahead(path: &Path, budget: u64) -> u64 {
    Input::open(path, false).map_or(0, |input| {
        let size = input.size().min(budget);
        input.read_ahead(0, size);
        size
    })
}

/// What to do where the output exists already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Existing {
    /// Replace it.
    #[default]
    Replace,
    /// Fail with [`Error::OutputExists`].
    Refuse,
    /// Leave it alone if it is not older than the input, replace it otherwise.
    KeepNewer,
}

/// How a file is turned. `FileOptions::default()` replaces an output that exists.
///
/// Later versions may add fields, so it is made from its default:
///
/// ```
/// let mut options = rot90::FileOptions::default();
/// options.existing = rot90::Existing::KeepNewer;
/// options.durable = true;
/// ```
#[derive(Clone, Debug, Default)]
pub struct FileOptions<'a> {
    /// What to do where the output exists.
    pub existing: Existing,
    /// fsync the output and its directory.
    pub durable: bool,
    /// Make the output's directory if it is missing.
    pub make_directories: bool,
    /// The most memory, in bytes, that the picture may take; `None` is
    /// [`default_max_memory`](limits::default_max_memory).
    pub max_memory: Option<u64>,
    /// The work is given up, with [`Error::Interrupted`], soon after this becomes true.
    pub cancel: Option<&'a AtomicBool>,
    /// Counts the bytes of input that are done, for a progress bar.
    pub bytes_done: Option<&'a AtomicU64>,
    pub(crate) sweeper: Option<std::sync::Arc<dyn crate::os::Sweeper>>,
    /// Shown the picture's pixels while they are in memory.
    #[cfg(feature = "cli")]
    pub(crate) onlooker: Option<&'a crate::sampled::Onlooker>,
}

/// What is known of a picture once it is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TurnedFile {
    /// Pixels in a row of the output.
    pub width: u32,
    /// Rows of the output.
    pub height: u32,
    /// The mean of the red, green and blue samples of all pixels, as 8-bit samples.
    pub mean: f64,
    /// Bytes read.
    pub bytes: u64,
    /// Whether an output was written: not where a newer one was kept.
    pub written: bool,
}

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
        let bytes = room(&mut scratch.0.input, have as usize)?;
        let cold = input.read_exact_cold(bytes, 0)?;
        let header = Header::parse(&bytes[..bytes.len().min(HEADER_BYTES)], size)?;
        Ok(Self {
            input,
            scratch,
            have,
            header,
            cold,
        })
    }

    /// Whether the file's bytes come from a disk, not from memory.
    #[cfg(feature = "cli")]
    pub(crate) fn is_cold(&self) -> bool {
        self.cold
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

    /// Turns the picture into `output`.
    pub(crate) fn turn(mut self, output: &Path, options: &FileOptions<'_>) -> Result<TurnedFile> {
        let publishing = Publishing {
            refuse_existing: options.existing == Existing::Refuse,
            durable: options.durable,
            make_directories: options.make_directories,
            sweeper: options.sweeper.clone(),
        };
        let target = match options.existing {
            Existing::KeepNewer if is_file_since(output, self.input.modified()) => None,
            Existing::Refuse if output.symlink_metadata().is_ok() => {
                return Err(Error::OutputExists(crate::text::shown(
                    output.file_name().map_or(output, Path::new),
                )));
            }
            _ => Some((output, &publishing)),
        };
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
            if self.size() < LARGE
                && self.header.pixel_bytes() + self.header.prefix_range().end <= max_memory
            {
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

    /// Sees to it that the scratch input begins with the file's first `size` bytes.
    fn have(&mut self, size: u64) -> Result<()> {
        if self.have < size {
            let buffer = &mut self.scratch.0.input;
            if buffer.len() < size as usize {
                // Growing drops what is there, which is little.
                self.have = 0;
            }
            let bytes = room(buffer, size as usize)?;
            self.input
                .read_exact(&mut bytes[self.have as usize..], self.have)?;
            self.have = size;
        }
        Ok(())
    }

    /// A plain picture that fits into memory.
    fn turn_whole(&mut self, target: Target<'_>, options: &FileOptions<'_>) -> Result<u64> {
        let pixels_at = self.header.pixel_offset as usize;
        let end = self.header.pixel_offset + self.header.pixel_bytes();
        let turn = Turn::new(&self.header, self.header.bits_per_pixel);
        let stride = self.header.stride_bytes() as usize;
        if end >= MAPPED_FROM
            && let Some(mapping) = self.input.map(end)
        {
            let rows = &mapping.bytes()[pixels_at..];
            return self.turn_in_memory(&turn, Some(rows), stride, target, options, || {
                mapping.is_intact()
            });
        }
        // Rows whose starts fall into the same few cache sets are read to other distances.
        let padded = stride + CACHE_LINE;
        if self.have < end && stride.is_multiple_of(SET_STRIDE) && self.header.height > 64 {
            self.have(self.header.pixel_offset)?;
            let (input, scratch) = (&self.input, &mut self.scratch.0);
            let row = self.header.pixel_bytes() as usize - (turn.height - 1) * stride;
            let size = pixels_at + (turn.height - 1) * padded + row;
            let have = if scratch.input.len() < size {
                0
            } else {
                pixels_at
            };
            let bytes = room(&mut scratch.input, size)?;
            input.read_exact(&mut bytes[have..pixels_at], have as u64)?;
            let rows = bytes[pixels_at..].chunks_mut(padded).map(|row| {
                let length = row.len().min(stride);
                &mut row[..length]
            });
            input.read_scattered(rows, self.header.pixel_offset)?;
            // What is there now is not the file as it lies.
            self.have = self.header.pixel_offset;
            return self.turn_in_memory(&turn, None, padded, target, options, || true);
        }
        self.have(end)?;
        self.turn_in_memory(&turn, None, stride, target, options, || true)
    }

    /// Turns `rows`, or else those in the scratch input, one strip after another.
    fn turn_in_memory(
        &mut self,
        turn: &Turn,
        rows: Option<&[u8]>,
        stride: usize,
        target: Target<'_>,
        options: &FileOptions<'_>,
        is_intact: impl FnOnce() -> bool,
    ) -> Result<u64> {
        let prefix = self.prefix(turn.bits_per_pixel)?;
        let (input, scratch, header) = (&self.input, &mut self.scratch.0, &self.header);
        let rows = rows.unwrap_or_else(|| &scratch.input[header.pixel_offset as usize..]);
        show(options, header, turn, stride, rows);
        publish(target, output_size(header, &prefix, turn), |output| {
            let mut writer = StripWriter::new(&mut scratch.strip, 0, |bytes: &[u8], offset| {
                output.map_or(Ok(()), |output| output.write(bytes, offset))
            });
            writer.room(prefix.len())?.copy_from_slice(&prefix);
            let sum = turn_columns(turn, rows, stride, 0, 0..turn.width, &mut writer, options)?;
            append_profile(input, header, &mut writer)?;
            writer.finish()?;
            if is_intact() {
                Ok(sum)
            } else {
                Err(input.incomplete())
            }
        })
    }

    /// The output's headers. Those of a file that is not read whole are read here.
    fn prefix(&mut self, bits_per_pixel: u32) -> Result<Vec<u8>> {
        let range = self.header.prefix_range();
        self.have(range.end)?;
        let prefix = &self.scratch.0.input[range.start as usize..range.end as usize];
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
        self.have(size)?;
        let data = &self.scratch.0.input[self.header.pixel_offset as usize..size as usize];
        let plain = pixels::expand(&self.header, data, left)?;
        let prefix = self.prefix(plain.bits_per_pixel)?;
        let turn = Turn::new(&self.header, plain.bits_per_pixel);
        let stride = pixels_stride(&self.header, plain.bits_per_pixel);
        show(options, &self.header, &turn, stride, &plain.bytes);
        let (input, header) = (&self.input, &self.header);
        publish(target, output_size(header, &prefix, &turn), |output| {
            let bands = Bands {
                turn: &turn,
                columns: if plain.bytes.len() as u64 >= LARGE {
                    turn.strip_rows()
                } else {
                    turn.width
                },
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
        let prefix = self.prefix(turn.bits_per_pixel)?;
        let (input, header) = (&self.input, &self.header);
        let step = turn
            .row_step()
            .max(LEAST_BAND_ROW * 8 / turn.bits_per_pixel as usize);
        let threads = rayon::current_num_threads();
        let band_bytes = |columns: usize| (band_stride(&turn, columns) as u64) * turn.height as u64;
        let least = band_bytes(step) + (step * turn.out_stride) as u64;
        let at_once = (max_memory / least).min(threads as u64) as usize;
        if at_once == 0 {
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
        let end = header.pixel_offset + header.pixel_bytes();
        if self.cold {
            // Bands are short pieces of each row; the disk is asked for the whole in order.
            input.read_ahead(header.pixel_offset, header.pixel_bytes());
        }
        if end <= max_memory
            && let Some(mapping) = input.map(end)
        {
            return publish(target, output_size(header, &prefix, &turn), |output| {
                let rows = &mapping.bytes()[header.pixel_offset as usize..];
                let bands = Bands {
                    turn: &turn,
                    columns: turn.strip_rows(),
                    at_once: threads,
                    prefix: &prefix,
                };
                let sum = bands.run(header, input, output, |band, writer, _| {
                    turn_columns(&turn, rows, stride as usize, 0, band, writer, options)
                })?;
                if mapping.is_intact() {
                    Ok(sum)
                } else {
                    Err(input.incomplete())
                }
            });
        }
        publish(target, output_size(header, &prefix, &turn), |output| {
            let bands = Bands {
                turn: &turn,
                columns,
                at_once,
                prefix: &prefix,
            };
            bands.run(header, input, output, |band, writer, buffer| {
                let first = band.start * turn.bits_per_pixel as usize / 8;
                let row_bytes = (band.end * turn.bits_per_pixel as usize).div_ceil(8) - first;
                let band_stride = band_stride(&turn, band.len());
                let rows = room(buffer, band_stride * turn.height)?;
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

/// The distance between rows of a band: whole cache lines, and an odd number of them, so that
/// rows fall into all of a cache's sets.
fn band_stride(turn: &Turn, columns: usize) -> usize {
    let bytes = (columns * turn.bits_per_pixel as usize).div_ceil(8);
    (bytes.div_ceil(CACHE_LINE) | 1) * CACHE_LINE
}

const CACHE_LINE: usize = 64;

/// Row distances that are multiples of this meet in few of a cache's sets.
const SET_STRIDE: usize = 1024;

/// Where the output goes; `None` where only the mean is wanted.
type Target<'a> = Option<(&'a Path, &'a Publishing)>;

fn output_size(header: &Header, prefix: &[u8], turn: &Turn) -> u64 {
    let profile = header.profile.map_or(0, |profile| profile.size);
    prefix.len() as u64 + turn.out_stride as u64 * turn.width as u64 + profile
}

/// Makes the output, has it filled, and puts it in place.
fn publish(
    target: Target<'_>,
    size: u64,
    fill: impl FnOnce(Option<&Output>) -> Result<u64>,
) -> Result<u64> {
    let Some((path, publishing)) = target else {
        return fill(None);
    };
    let output = Output::create(path, size, publishing)?;
    let sum = fill(Some(&output))?;
    output.publish(publishing)?;
    Ok(sum)
}

/// Lets whoever looks on see the picture.
#[cfg(feature = "cli")]
fn show(options: &FileOptions<'_>, header: &Header, turn: &Turn, stride: usize, rows: &[u8]) {
    if let Some(onlooker) = options.onlooker {
        onlooker.look(header, turn.bits_per_pixel, stride, rows);
    }
}

#[cfg(not(feature = "cli"))]
fn show(_: &FileOptions<'_>, _: &Header, _: &Turn, _: usize, _: &[u8]) {}

/// Turns `columns` strip by strip into `writer`.
fn turn_columns<F: FnMut(&[u8], u64) -> Result<()>>(
    turn: &Turn,
    rows: &[u8],
    stride: usize,
    base: usize,
    columns: Range<usize>,
    writer: &mut StripWriter<'_, F>,
    options: &FileOptions<'_>,
) -> Result<u64> {
    let mut sum = 0;
    for columns in turn.chunks(columns, turn.strip_rows()) {
        stop_if_cancelled(options)?;
        let out = writer.room(columns.len() * turn.out_stride)?;
        let bytes = out.len();
        sum += turn.turn(rows, stride, base, columns, out);
        if let Some(done) = options.bytes_done {
            done.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }
    Ok(sum)
}

fn stop_if_cancelled(options: &FileOptions<'_>) -> Result<()> {
    match options.cancel {
        Some(cancel) if cancel.load(Ordering::Relaxed) => Err(Error::Interrupted),
        _ => Ok(()),
    }
}

/// Copies the colour profile behind the pixels.
fn append_profile<F: FnMut(&[u8], u64) -> Result<()>>(
    input: &Input,
    header: &Header,
    writer: &mut StripWriter<'_, F>,
) -> Result<()> {
    const PIECE: u64 = 256 << 10;
    let Some(profile) = header.profile else {
        return Ok(());
    };
    let mut done = 0;
    while done < profile.size {
        let piece = PIECE.min(profile.size - done);
        input.read_exact(writer.room(piece as usize)?, profile.offset + done)?;
        done += piece;
    }
    Ok(())
}

/// A picture cut into bands of columns, which several threads turn at once.
struct Bands<'a> {
    turn: &'a Turn,
    /// Columns of a band.
    columns: usize,
    /// Bands that may be under way at a time.
    at_once: usize,
    prefix: &'a [u8],
}

impl Bands<'_> {
    /// Runs `band` for each band of columns, with a writer to its place in the output and a
    /// buffer for its rows, and writes headers and profile besides.
    fn run(
        &self,
        header: &Header,
        input: &Input,
        output: Option<&Output>,
        band: impl Fn(
            Range<usize>,
            &mut StripWriter<'_, &dyn Fn(&[u8], u64) -> Result<()>>,
            &mut Vec<u8>,
        ) -> Result<u64>
        + Sync,
    ) -> Result<u64> {
        let write =
            |bytes: &[u8], offset: u64| output.map_or(Ok(()), |output| output.write(bytes, offset));
        let pixels_at = self.prefix.len() as u64;
        let bands: Vec<_> = self.turn.chunks(0..self.turn.width, self.columns).collect();
        let one = |columns: &Range<usize>| -> Result<u64> {
            let mut scratch = Scratch::take();
            let buffers = &mut scratch.0;
            let offset = pixels_at + self.turn.out_offset(columns);
            let mut writer = StripWriter::new(
                &mut buffers.strip,
                offset,
                &write as &dyn Fn(&[u8], u64) -> Result<()>,
            );
            let sum = band(columns.clone(), &mut writer, &mut buffers.input)?;
            writer.finish()?;
            Ok(sum)
        };
        write(self.prefix, 0)?;
        let next = AtomicUsize::new(0);
        let sum = AtomicU64::new(0);
        let failed = Mutex::new(None);
        let loops = self.at_once.min(bands.len());
        let work = || {
            while let Some(columns) = bands.get(next.fetch_add(1, Ordering::Relaxed)) {
                match one(columns) {
                    Ok(part) => {
                        sum.fetch_add(part, Ordering::Relaxed);
                    }
                    Err(error) => {
                        next.store(bands.len(), Ordering::Relaxed);
                        failed
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .get_or_insert(error);
                    }
                }
            }
        };
        if loops <= 1 {
            work();
        } else {
            rayon::scope(|scope| {
                for _ in 0..loops {
                    scope.spawn(|_| work());
                }
            });
        }
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let mut scratch = Scratch::take();
        let end = pixels_at + self.turn.out_stride as u64 * self.turn.width as u64;
        let mut writer = StripWriter::new(&mut scratch.0.strip, end, write);
        append_profile(input, header, &mut writer)?;
        writer.finish()?;
        Ok(sum.into_inner())
    }
}

/// Whether `path` is a regular file that is not older than `moment`.
fn is_file_since(path: &Path, moment: SystemTime) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| {
        metadata.is_file() && metadata.modified().is_ok_and(|modified| modified >= moment)
    })
}
