//! A few pixels of a picture, evenly spread: enough to show it small.
//!
//! A picture of a gigabyte costs no more than one of a megabyte, neither time nor memory: only
//! the rows that hold a sampled pixel are read, and of very long ones only those pixels.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::bmp::colour::{Colour, Colours};
use crate::bmp::header::{HEADER_BYTES, Header};
use crate::error::{Error, Result};
use crate::os::Input;
use crate::scratch::{Buffer, Scratch};

/// Rows that are no longer are read whole.
const ROW_READ_WHOLE: usize = 1 << 20;

/// Rows that follow each other this closely are read together, in pieces of [`PIECE`]: a system
/// call costs as much as copying this.
const CLOSE: u64 = 6 << 10;
const PIECE: usize = 128 << 10;

/// Which pixels of a picture are looked at: where the columns cross the rows, counted from the
/// upper left corner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    columns: Vec<u32>,
    rows: Vec<u32>,
    /// Each pixel of the small picture is the average of two by two of these.
    fine: bool,
}

impl Grid {
    /// What a small picture needs whose longer side has `most` pixels, or all there are.
    pub(crate) fn spread(width: u32, height: u32, most: u32) -> Self {
        let longest = u64::from(width.max(height));
        let fine = longest > u64::from(most);
        let along = |length: u32| {
            let count = if fine {
                2 * (u64::from(length) * u64::from(most) / longest).max(1)
            } else {
                u64::from(length)
            };
            let middle = |at| (2 * at + 1) * u64::from(length) / (2 * count);
            (0..count).map(|at| middle(at) as u32).collect()
        };
        Self {
            columns: along(width),
            rows: along(height),
            fine,
        }
    }

    /// Some of the pixels: one for two by two of the small picture, or all there are.
    pub(crate) fn probes(&self) -> Self {
        if !self.fine {
            return self.clone();
        }
        let every_fourth = |all: &[u32]| all.iter().copied().step_by(4).collect();
        Self {
            columns: every_fourth(&self.columns),
            rows: every_fourth(&self.rows),
            fine: false,
        }
    }

    /// Where the same pixels are once the picture of `height` rows is turned clockwise.
    pub(crate) fn turned(&self, height: u32) -> Self {
        let turned = self.rows.iter().rev().map(|row| height - 1 - row);
        Self {
            columns: turned.collect(),
            rows: self.columns.clone(),
            fine: self.fine,
        }
    }
}

/// A picture of few pixels, row after row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sampled {
    /// Of the picture that was looked at.
    pub(crate) picture: (u32, u32),
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgb: Vec<u8>,
    /// Where [`rgb`](Self::rgb) has averages, the first sample of each as it is.
    single: Option<Vec<u8>>,
}

impl Sampled {
    /// Red, green and blue of each pixel.
    pub(crate) fn pixels(&self) -> &[[u8; 3]] {
        self.rgb.as_chunks().0
    }

    /// Pixels as they are in the picture, not averaged.
    pub(crate) fn singles(&self) -> &[[u8; 3]] {
        self.single.as_ref().unwrap_or(&self.rgb).as_chunks().0
    }

    /// What [`Grid::probes`] shows of the picture a quarter turn clockwise.
    pub(crate) fn turned_probes(&self) -> Self {
        let step = if self.single.is_some() { 2 } else { 1 };
        let width = self.width as usize;
        let mut rgb = Vec::with_capacity(self.singles().len());
        for column in (0..width).step_by(step) {
            let upwards = self.singles().chunks_exact(width).step_by(step).rev();
            rgb.extend(upwards.map(|row| row[column]));
        }
        Self {
            picture: (self.picture.1, self.picture.0),
            width: self.height.div_ceil(step as u32),
            height: self.width.div_ceil(step as u32),
            rgb: rgb.into_flattened(),
            single: None,
        }
    }

    /// Every second pixel of every second row.
    pub(crate) fn coarse(&self) -> Self {
        let mut rgb = Vec::with_capacity(self.rgb.len() / 12 + self.width as usize);
        for row in self.pixels().chunks_exact(self.width as usize).step_by(2) {
            rgb.extend(row.iter().step_by(2));
        }
        Self {
            picture: self.picture,
            width: self.width.div_ceil(2),
            height: self.height.div_ceil(2),
            rgb: rgb.into_flattened(),
            single: None,
        }
    }

    /// Looks at a file of plain pixels. `grid` is told its width and height.
    pub(crate) fn of_file(path: &Path, grid: impl FnOnce(u32, u32) -> Grid) -> Result<Self> {
        let input = Input::open(path, false)?;
        let mut scratch = Scratch::take();
        let buffer = &mut scratch.0;
        let size = input.size();
        let head = buffer.room(size.min(HEADER_BYTES as u64) as usize)?;
        input.read_exact(head, 0)?;
        let header = Header::parse(head, size)?;
        if !header.compression.is_plain() {
            return Err(Error::Unsupported("the pixels are compressed".to_owned()));
        }
        header.check_pixels(size)?;
        let grid = grid(header.width, header.height);
        let apart = header.stride_bytes() * u64::from(header.height) / grid.rows.len() as u64;
        let pixels = InFile {
            input: &input,
            end: header.pixel_offset + header.pixel_bytes(),
            piece: if apart <= CLOSE { PIECE } else { 0 },
            buffer,
            held: 0..0,
        };
        let stride = header.stride_bytes();
        Self::of(&header, header.bits_per_pixel, stride, &grid, pixels)
    }

    /// Looks at the plain pixels of `header`, whose depth is `bits_per_pixel`.
    fn of(
        header: &Header,
        bits_per_pixel: u32,
        stride: u64,
        grid: &Grid,
        mut pixels: impl Pixels,
    ) -> Result<Self> {
        let colours = Colours::new(header, bits_per_pixel);
        let row_bytes = (header.width as usize * bits_per_pixel as usize).div_ceil(8);
        let mut pick = |at: usize, out: &mut [Colour]| -> Result<()> {
            let row = if header.top_down {
                grid.rows[at]
            } else {
                header.height - 1 - grid.rows[at]
            };
            let offset = header.pixel_offset + u64::from(row) * stride;
            if row_bytes <= ROW_READ_WHOLE {
                colours.pick(pixels.bytes(offset, row_bytes)?, &grid.columns, out);
                return Ok(());
            }
            for (&column, pixel) in grid.columns.iter().zip(out.chunks_exact_mut(1)) {
                let place = colours.place(column);
                let bytes = pixels.bytes(offset + place.start as u64, place.len())?;
                let first = colours.first_of(column);
                colours.pick(bytes, &[column - first], pixel);
            }
            Ok(())
        };
        let each = if grid.fine { 2 } else { 1 };
        let (width, height) = (grid.columns.len() / each, grid.rows.len() / each);
        let mut rgb = vec![[0; 3]; width * height];
        let mut single = grid.fine.then(|| rgb.clone());
        let mut upper = vec![0; grid.columns.len()];
        let mut lower = upper.clone();
        for at in 0..height {
            // As they lie in the file, from its start to its end.
            let at = if header.top_down { at } else { height - 1 - at };
            let place = at * width..(at + 1) * width;
            let out = &mut rgb[place.clone()];
            let Some(single) = &mut single else {
                pick(at, &mut upper)?;
                for (out, &colour) in out.iter_mut().zip(&upper) {
                    *out = bytes(colour);
                }
                continue;
            };
            if header.top_down {
                pick(2 * at, &mut upper)?;
                pick(2 * at + 1, &mut lower)?;
            } else {
                pick(2 * at + 1, &mut lower)?;
                pick(2 * at, &mut upper)?;
            }
            average(&upper, &lower, out, &mut single[place]);
        }
        Ok(Self {
            picture: (header.width, header.height),
            width: width as u32,
            height: height as u32,
            rgb: rgb.into_flattened(),
            single: single.map(Vec::into_flattened),
        })
    }
}

fn bytes(colour: Colour) -> [u8; 3] {
    let [red, green, blue, _] = colour.to_le_bytes();
    [red, green, blue]
}

/// Averages two by two pixels, and hands on the first of them.
fn average(upper: &[Colour], lower: &[Colour], averages: &mut [[u8; 3]], first: &mut [[u8; 3]]) {
    // The channels at even and at odd places, with room above each for the sum of four and 2.
    const EVEN: u32 = 0x00ff_00ff;
    const TWOS: u32 = 0x0002_0002;
    let (upper, lower) = (upper.as_chunks().0, lower.as_chunks().0);
    let outs = averages.iter_mut().zip(first);
    for ((&[first, second], &[third, fourth]), (average, single)) in
        upper.iter().zip(lower).zip(outs)
    {
        let sum = |shift: u32| {
            let channels = [first, second, third, fourth].map(|colour| colour >> shift & EVEN);
            channels.iter().sum::<u32>() + TWOS
        };
        *average = bytes((sum(0) >> 2 & EVEN) | (sum(8) >> 2 & EVEN) << 8);
        *single = bytes(first);
    }
}

/// Plain pixels, wherever they are.
trait Pixels {
    /// `length` bytes from `offset` on, counted from the start of the file.
    fn bytes(&mut self, offset: u64, length: usize) -> Result<&[u8]>;
}

/// Pixels that are read as they are asked for, in ascending order.
struct InFile<'a> {
    input: &'a Input,
    /// Where the pixels end.
    end: u64,
    /// Bytes to read at least.
    piece: usize,
    buffer: &'a mut Buffer,
    /// Which bytes of the file the buffer holds.
    held: std::ops::Range<u64>,
}

impl Pixels for InFile<'_> {
    fn bytes(&mut self, offset: u64, length: usize) -> Result<&[u8]> {
        let end = offset + length as u64;
        if offset < self.held.start || end > self.held.end {
            let most = self.end.saturating_sub(offset).min(self.piece as u64);
            let wanted = length.max(most as usize);
            self.held = 0..0;
            self.input.read_exact(self.buffer.room(wanted)?, offset)?;
            self.held = offset..offset + wanted as u64;
        }
        let at = (offset - self.held.start) as usize;
        Ok(&self.buffer.bytes()[at..at + length])
    }
}

/// Pixels in memory, as if they stood at `offset` of a file.
struct InMemory<'a> {
    bytes: &'a [u8],
    offset: u64,
}

impl Pixels for InMemory<'_> {
    fn bytes(&mut self, offset: u64, length: usize) -> Result<&[u8]> {
        let at = (offset - self.offset) as usize;
        Ok(&self.bytes[at..at + length])
    }
}

/// Samples a picture while it is turned, if it is in memory then: it need not be read again, nor
/// a compressed one be expanded again.
#[derive(Debug)]
pub(crate) struct Onlooker {
    most: u32,
    seen: Mutex<Option<Sampled>>,
}

impl Onlooker {
    /// Looks at what a small picture needs: see [`Grid::spread`].
    pub(crate) fn new(most: u32) -> Self {
        Self {
            most,
            seen: Mutex::new(None),
        }
    }

    /// Shown `rows` of plain pixels, each `stride` bytes after the other.
    pub(crate) fn look(&self, header: &Header, bits_per_pixel: u32, stride: usize, rows: &[u8]) {
        let grid = Grid::spread(header.width, header.height, self.most);
        let pixels = InMemory {
            bytes: rows,
            offset: header.pixel_offset,
        };
        let seen = Sampled::of(header, bits_per_pixel, stride as u64, &grid, pixels).ok();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// What was seen, if anything.
    pub(crate) fn into_seen(self) -> Option<Sampled> {
        self.seen
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each sampled pixel of the turned picture is the same one as before.
    #[test]
    fn a_turned_grid_meets_the_same_pixels() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("turned.bmp");
        let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut looked_at = 0;
        for kind in ["samples", "bmpsuite/g", "bmpsuite/q"] {
            for entry in std::fs::read_dir(manifest.join("fixtures").join(kind)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_none_or(|extension| extension != "bmp") {
                    continue;
                }
                for most in [1, 2, 37, 5000] {
                    let onlooker = Onlooker::new(most);
                    let options = crate::FileOptions {
                        onlooker: Some(&onlooker),
                        ..Default::default()
                    };
                    crate::turn_file(&path, &output, &options).unwrap();
                    let before = onlooker.into_seen().unwrap_or_else(|| {
                        Sampled::of_file(&path, |width, height| Grid::spread(width, height, most))
                            .unwrap()
                    });
                    let (width, height) = before.picture;
                    let grid = Grid::spread(width, height, most);
                    let grid = grid.probes().turned(height);
                    let after = Sampled::of_file(&output, |_, _| grid).unwrap();
                    assert!(
                        before.turned_probes() == after,
                        "{} at {most}",
                        path.display()
                    );
                    let longest = before.width.max(before.height);
                    assert_eq!(longest, most.min(width.max(height)));
                    assert_eq!(before.rgb.len() as u32, before.width * before.height * 3);
                    looked_at += 1;
                }
            }
        }
        assert!(looked_at >= 200, "only {looked_at} pictures");
    }

    /// All pixels of a picture add up to what its mean says.
    #[test]
    fn colours_are_those_of_the_mean() {
        let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for kind in ["samples", "bmpsuite/g", "bmpsuite/q"] {
            for entry in std::fs::read_dir(manifest.join("fixtures").join(kind)).unwrap() {
                let path = entry.unwrap().path();
                let Ok(all) =
                    Sampled::of_file(&path, |width, height| Grid::spread(width, height, 1 << 16))
                else {
                    continue;
                };
                let turned = crate::turn(&std::fs::read(&path).unwrap()).unwrap();
                let sum: u64 = all.rgb.iter().map(|&sample| u64::from(sample)).sum();
                let mean = crate::bmp::mean::mean(sum, all.width, all.height);
                assert!(
                    mean.to_bits() == turned.mean.to_bits(),
                    "{}",
                    path.display()
                );
            }
        }
    }

    #[test]
    fn rows_too_long_to_be_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.bmp");
        let mut bytes = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
        let width = 500_000_u32;
        bytes.extend(width.to_le_bytes());
        bytes.extend(2_u32.to_le_bytes());
        bytes.extend([1, 0, 24, 0]);
        bytes.resize(54, 0);
        for value in 0..width * 2 {
            bytes.extend(&value.to_le_bytes()[..3]);
        }
        std::fs::write(&path, &bytes).unwrap();
        let single = |width, height| Grid {
            fine: false,
            ..Grid::spread(width, height, 4)
        };
        let long = Sampled::of_file(&path, single).unwrap();
        assert_eq!((long.width, long.height), (8, 2));
        // The lower row stands first in the file.
        let grid = Grid::spread(width, 2, 4);
        assert_eq!(grid.rows, [0, 1]);
        let mut expected = Vec::new();
        for first in [width, 0] {
            for &column in &grid.columns {
                let [blue, green, red, _] = (first + column).to_le_bytes();
                expected.extend([red, green, blue]);
            }
        }
        assert_eq!(long.rgb, expected);
        // Two by two of them, and the first of each two by two.
        let fine = Sampled::of_file(&path, |width, height| Grid::spread(width, height, 4)).unwrap();
        assert_eq!((fine.width, fine.height), (4, 1));
        for (pixel, average) in fine.pixels().iter().enumerate() {
            let at = |row: usize, column: usize, channel: usize| {
                u32::from(expected[(row * 8 + pixel * 2 + column) * 3 + channel])
            };
            for (channel, &average) in average.iter().enumerate() {
                let sum: u32 = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .map(|(row, column)| at(row, column, channel))
                    .iter()
                    .sum();
                assert_eq!(u32::from(average), (sum + 2) / 4);
                let single = fine.singles()[pixel][channel];
                assert_eq!(u32::from(single), at(0, 0, channel));
            }
        }
    }
}
