//! A JPEG decoded strictly: baseline, extended and progressive, Huffman-coded, 8 bits a sample.
//!
//! The common decoders show something whatever happens: they fill what is missing from a damaged
//! file with grey, or go on decoding bits that have lost their meaning. That would be inventing
//! pixels. Here every block has to be coded by bits that are codes, every restart has to come where
//! it belongs, and the data of a scan has to be used up by its blocks. What comes out is, sample for
//! sample, what the library of the Independent JPEG Group makes of the same file.
//!
//! A JPEG has no checksum, so that this has limits. Where damage leaves codes and the number of
//! blocks as they were (other bits of a coefficient, another table of the right shape), the picture
//! is another one that nothing can tell from the first. A progressive picture whose last scans are
//! missing altogether is complete, if less fine (G.1.1); at least one scan of each component's
//! coefficient 0 has to be there.

mod entropy;
mod markers;
mod samples;
mod tables;

use entropy::{Band, Bits, Block, Fault, Huffman};
use markers::{Component, Frame, Segment, Segments, damaged, ends_early};
use samples::{Picture, Plane};
use tables::Tables;

use super::{EmbeddedError, Rows, allocate};

/// Far more scans than any program writes; each costs a walk over all blocks.
const MOST_SCANS: u32 = 100;

/// Coefficients that scans may pass for each byte of data; the usual progressive picture has 50.
const WORK_PER_BYTE: u64 = 1024;
/// Coefficients that scans may pass in any case: a second of work. Flat pictures have a thousand a
/// byte, and this is enough for 100 million of their pixels.
const WORK_ALWAYS: u64 = 1 << 30;

/// Width and height, from the frame header.
pub(super) fn dimensions(data: &[u8]) -> Result<(u32, u32), EmbeddedError> {
    let mut segments = Segments::new(data)?;
    while let Some(segment) = segments.next()? {
        if let Some(frame) = Frame::read(&segment)? {
            return Ok((frame.width as u32, frame.height as u32));
        }
        if segment.marker == markers::SCAN {
            return Err(damaged("a scan comes before the frame header"));
        }
    }
    Err(ends_early(data.len()))
}

/// What decoding takes, from the markers alone.
pub(super) struct Cost {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bytes of memory.
    pub(super) memory: u64,
    /// The fewest bytes that can code all blocks.
    pub(super) least_bytes: u64,
}

/// Walks the markers up to the end of image. Nothing but the frame's components is allocated.
pub(super) fn cost(data: &[u8]) -> Result<Cost, EmbeddedError> {
    let mut segments = Segments::new(data)?;
    let mut found = None;
    let mut pixel_data_bytes = 0;
    let mut scans = 0;
    while let Some(segment) = segments.next()? {
        if let Some(frame) = Frame::read(&segment)?
            && found.replace(frame).is_some()
        {
            return Err(damaged("it has two frames"));
        }
        if segment.marker == markers::SCAN {
            scans += 1;
            pixel_data_bytes += segment.entropy.len() as u64;
        }
    }
    let (Some(frame), true) = (found, scans > 0) else {
        return Err(ends_early(data.len()));
    };
    // A sample takes a byte; a coefficient two, where they have to be kept between scans.
    let sample_bytes = if frame.progressive { 3 } else { 1 };
    let (mut padded, mut coded) = (0, 0);
    for component in &frame.components {
        let (across, down) = component.blocks();
        padded += component.padded_blocks() as u64;
        coded += across as u64 * down as u64;
    }
    let row_bytes = (frame.width as u64 + 1) * (frame.components.len() as u64 + 2);
    Ok(Cost {
        width: frame.width as u32,
        height: frame.height as u32,
        memory: padded * 64 * sample_bytes + row_bytes,
        // The coefficient 0 of each block has a code of a bit or more.
        least_bytes: data.len() as u64 - pixel_data_bytes + coded / 8,
    })
}

/// Decodes into rows that are as wide and high as the picture; see [`super::expand`].
pub(super) fn expand(
    data: &[u8],
    rows: Rows,
    needed: u64,
    out: &mut [u8],
) -> Result<(), EmbeddedError> {
    let mut picture = decode(data, needed)?;
    let pixel_bytes = rows.bits_per_pixel as usize / 8;
    for y in 0..rows.height {
        let at = if rows.bottom_up {
            rows.height - 1 - y
        } else {
            y
        };
        let target = &mut out[at * rows.stride_bytes..][..rows.width * pixel_bytes];
        if pixel_bytes == 3 {
            let pixels = target.as_chunks_mut::<3>().0;
            picture.row(y, |x, [red, green, blue]| pixels[x] = [blue, green, red]);
        } else {
            let pixels = target.as_chunks_mut::<4>().0;
            picture.row(y, |x, [red, green, blue]| {
                pixels[x] = [blue, green, red, u8::MAX];
            });
        }
    }
    Ok(())
}

fn decode(data: &[u8], needed: u64) -> Result<Picture, EmbeddedError> {
    let mut segments = Segments::new(data)?;
    let mut tables = Tables::default();
    let mut decoder: Option<Decoder> = None;
    while let Some(segment) = segments.next()? {
        if let Some(frame) = Frame::read(&segment)? {
            let budget = WORK_ALWAYS.max((data.len() as u64).saturating_mul(WORK_PER_BYTE));
            decoder = Some(Decoder::new(frame, needed, budget)?);
            continue;
        }
        if segment.marker != markers::SCAN {
            tables.read(&segment)?;
            continue;
        }
        decoder
            .as_mut()
            .ok_or_else(|| damaged("a scan comes before the frame header"))?
            .scan(&segment, &tables)?;
    }
    decoder
        .ok_or_else(|| ends_early(data.len()))?
        .finish(&tables, needed)
}

/// A component while it is decoded.
struct Decoded {
    component: Component,
    plane: Plane,
    /// The table that was in force when its first scan began.
    quantisation: Option<[u16; 64]>,
    /// All coefficients, block after block, of a progressive picture.
    coefficients: Vec<Block>,
    /// For each coefficient, the lowest bit that scans have brought.
    bits_known: [Option<u8>; 64],
}

struct Decoder {
    frame: Frame,
    parts: Vec<Decoded>,
    scans: u32,
    /// Coefficients that scans may still pass.
    budget: u64,
}

/// A component's part in a scan.
struct Part<'t> {
    /// Which component.
    index: usize,
    dc: Option<&'t Huffman>,
    ac: Option<&'t Huffman>,
    /// The value of the last coefficient 0.
    before: i32,
}

impl Decoder {
    fn new(frame: Frame, needed: u64, budget: u64) -> Result<Self, EmbeddedError> {
        let kind = super::Embedded::Jpeg;
        let mut parts = Vec::new();
        for component in &frame.components {
            let blocks = component.padded_blocks();
            let samples = allocate(kind, blocks as u64 * 64, needed)?;
            let mut coefficients = Vec::new();
            if frame.progressive {
                coefficients
                    .try_reserve_exact(blocks)
                    .map_err(|_| EmbeddedError::OutOfMemory { kind, needed })?;
                coefficients.resize(blocks, [0; 64]);
            }
            parts.push(Decoded {
                component: *component,
                plane: Plane::new(&frame, component, samples),
                quantisation: None,
                coefficients,
                bits_known: [None; 64],
            });
        }
        Ok(Self {
            frame,
            parts,
            scans: 0,
            budget,
        })
    }

    /// Decodes a scan: its header is the segment's payload (B.2.3).
    fn scan(&mut self, segment: &Segment<'_>, tables: &Tables) -> Result<(), EmbeddedError> {
        self.scans += 1;
        let wrong = || damaged("a scan header is wrong");
        let (&count, rest) = segment.payload.split_first().ok_or_else(wrong)?;
        let (selectors, rest) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or_else(wrong)?;
        let &[first, last, bits] = rest.first_chunk().ok_or_else(wrong)?;
        if !(1..=4).contains(&count) || self.scans > MOST_SCANS {
            return Err(wrong());
        }
        let band = if self.frame.progressive {
            Band {
                first: usize::from(first),
                last: usize::from(last),
                low: u32::from(bits & 15),
                refines: bits >> 4 != 0,
            }
        } else {
            Band {
                first: 0,
                last: 63,
                low: 0,
                refines: false,
            }
        };
        let dc_alone = band.first == 0 && band.last == 0;
        let ac_alone = band.first > 0 && count == 1;
        if self.frame.progressive && !(dc_alone || ac_alone)
            || band.last < band.first
            || band.last > 63
            || band.low > 13
        {
            return Err(wrong());
        }

        let mut parts: Vec<Part<'_>> = Vec::new();
        for &[id, choice] in selectors.as_chunks::<2>().0 {
            let index = self
                .parts
                .iter()
                .position(|part| part.component.id == id)
                .ok_or_else(wrong)?;
            if parts.iter().any(|part| part.index == index) {
                return Err(wrong());
            }
            let part = Part {
                index,
                dc: tables
                    .dc
                    .get(usize::from(choice >> 4))
                    .and_then(Option::as_ref),
                ac: tables
                    .ac
                    .get(usize::from(choice & 15))
                    .and_then(Option::as_ref),
                before: 0,
            };
            let begins = band.first == 0 && !band.refines;
            if begins && part.dc.is_none() || band.last > 0 && part.ac.is_none() {
                return Err(damaged("a scan has no Huffman table"));
            }
            self.parts[index].begin(band, bits >> 4, tables)?;
            parts.push(part);
        }
        let (blocks, fault) = self.blocks(&mut parts, band, tables, segment.entropy)?;
        let what = match fault {
            None => return Ok(()),
            Some(Fault::Ends) => "ends",
            Some(Fault::Code) => "makes no sense",
        };
        Err(damaged(format!(
            "the data of scan {} {what} after {blocks} of {} units",
            self.scans,
            self.units(&parts).0 * self.units(&parts).1
        )))
    }

    /// Units of the scan, across and down: blocks of a component alone, groups of several.
    fn units(&self, parts: &[Part<'_>]) -> (usize, usize) {
        match parts {
            [alone] => self.parts[alone.index].component.blocks(),
            _ => self.frame.units(),
        }
    }

    /// Decodes all blocks of a scan. Returns how many units went well, and what then went wrong.
    fn blocks(
        &mut self,
        parts: &mut [Part<'_>],
        band: Band,
        tables: &Tables,
        entropy: &[u8],
    ) -> Result<(usize, Option<Fault>), EmbeddedError> {
        let (across, down) = self.units(parts);
        let in_unit: usize = match &*parts {
            [_] => 1,
            parts => parts
                .iter()
                .map(|part| &self.parts[part.index].component)
                .map(|component| component.across * component.down)
                .sum(),
        };
        let work = (across * down * in_unit * (band.last - band.first + 1)) as u64;
        self.budget = self
            .budget
            .checked_sub(work)
            .ok_or_else(|| damaged("its scans are too many for so little data"))?;
        let alone = parts.len() == 1;
        let mut bits = Bits::new(entropy);
        let mut blocks_over = 0;
        for unit in 0..across * down {
            let interval = tables.restart_interval;
            if interval > 0 && unit > 0 && unit % interval == 0 {
                if !bits.restart(unit / interval - 1) {
                    return Err(damaged(format!(
                        "scan {} has no restart after {unit} units",
                        self.scans
                    )));
                }
                for part in &mut *parts {
                    part.before = 0;
                }
                blocks_over = 0;
            }
            let (column, row) = (unit % across, unit / across);
            for part in &mut *parts {
                let decoded = &mut self.parts[part.index];
                let (wide, high) = if alone {
                    (1, 1)
                } else {
                    (decoded.component.across, decoded.component.down)
                };
                for block in 0..wide * high {
                    let column = column * wide + block % wide;
                    let row = row * high + block / wide;
                    let done = decoded.block(&mut bits, part, band, &mut blocks_over, column, row);
                    if let Err(fault) = done {
                        return Ok((unit, Some(fault)));
                    }
                }
            }
        }
        let units = across * down;
        if tables.restart_interval > 0 && units.is_multiple_of(tables.restart_interval) {
            // Some programs write a restart after the last unit, too.
            bits.restart(units / tables.restart_interval - 1);
        }
        if blocks_over > 0 || !bits.only_padding() || !bits.at_end() {
            return Err(damaged(format!(
                "the data of scan {} goes on after its last unit",
                self.scans
            )));
        }
        Ok((across * down, None))
    }

    fn finish(mut self, tables: &Tables, needed: u64) -> Result<Picture, EmbeddedError> {
        let kind = super::Embedded::Jpeg;
        for (number, part) in self.parts.iter_mut().enumerate() {
            if part.bits_known[0].is_none() {
                return Err(damaged(format!("no scan has component {number}")));
            }
            part.transform();
        }
        let width = self.frame.width;
        let mut rows = Vec::new();
        for _ in 0..self.parts.len() {
            let mut row = allocate(kind, width as u64 + 1, needed)?;
            row.resize(width + 1, 0);
            rows.push(row);
        }
        let mut sums = Vec::new();
        sums.try_reserve_exact(width + 1)
            .map_err(|_| EmbeddedError::OutOfMemory { kind, needed })?;
        sums.resize(width + 1, 0);
        Ok(Picture {
            colours: tables.colours(&self.frame),
            planes: self.parts.into_iter().map(|part| part.plane).collect(),
            width,
            rows,
            sums,
        })
    }
}

impl Decoded {
    /// A scan brings bits of this component: they have to come in their order (G.1.1.1).
    fn begin(&mut self, band: Band, high: u8, tables: &Tables) -> Result<(), EmbeddedError> {
        let dc_first = band.first == 0 || self.bits_known[0].is_some();
        let in_order = self.bits_known[band.first..=band.last]
            .iter()
            .all(|known| match known {
                None => !band.refines,
                Some(known) => band.refines && *known == high && u32::from(high) == band.low + 1,
            });
        if !dc_first || !in_order {
            return Err(damaged("its scans do not follow from one another"));
        }
        self.bits_known[band.first..=band.last].fill(Some(band.low as u8));
        if self.quantisation.is_none() {
            let table = tables.quantisation[self.component.quantisation];
            self.quantisation =
                Some(table.ok_or_else(|| damaged("a quantisation table is missing"))?);
        }
        Ok(())
    }

    fn block(
        &mut self,
        bits: &mut Bits<'_>,
        part: &mut Part<'_>,
        band: Band,
        blocks_over: &mut u32,
        column: usize,
        row: usize,
    ) -> Result<(), Fault> {
        let before = &mut part.before;
        if self.coefficients.is_empty() {
            let (Some(dc), Some(ac)) = (part.dc, part.ac) else {
                return Err(Fault::Code);
            };
            let mut block = [0; 64];
            entropy::sequential(bits, dc, ac, before, &mut block)?;
            if let Some(table) = &self.quantisation {
                self.plane.put(column, row, &block, table);
            }
            return Ok(());
        }
        let block = &mut self.coefficients[row * self.component.padded_across + column];
        match (band.first, part.ac) {
            (0, _) => {
                let table = part.dc.filter(|_| !band.refines);
                entropy::progressive_dc(bits, table, band, before, block)
            }
            (_, Some(table)) if band.refines => {
                entropy::refine_ac(bits, table, band, blocks_over, block)
            }
            (_, Some(table)) => entropy::first_ac(bits, table, band, blocks_over, block),
            (_, None) => Err(Fault::Code),
        }
    }

    /// Makes samples of the coefficients that were kept.
    fn transform(&mut self) {
        let Some(table) = &self.quantisation else {
            return;
        };
        let across = self.component.padded_across;
        for (at, block) in self.coefficients.iter().enumerate() {
            self.plane.put(at % across, at / across, block, table);
        }
    }
}
