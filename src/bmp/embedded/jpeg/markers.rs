//! What the markers of a JPEG say (ITU-T T.81, annex B).

use super::super::{Embedded, EmbeddedError};

/// A segment of a JPEG: what follows a marker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    /// The marker's second byte.
    pub(super) marker: u8,
    /// What the segment's length counts, but for the length itself.
    pub(super) payload: &'a [u8],
    /// After the header of a scan: its entropy-coded data, restart markers included.
    pub(super) entropy: &'a [u8],
}

/// Frame headers of the processes that are decoded here: baseline, extended, progressive.
pub(super) const BASELINE: u8 = 0xc0;
pub(super) const PROGRESSIVE: u8 = 0xc2;
pub(super) const HUFFMAN_TABLES: u8 = 0xc4;
pub(super) const SCAN: u8 = 0xda;
pub(super) const QUANTISATION_TABLES: u8 = 0xdb;
pub(super) const RESTART_INTERVAL: u8 = 0xdd;
pub(super) const JFIF: u8 = 0xe0;
pub(super) const ADOBE: u8 = 0xee;
const END_OF_IMAGE: u8 = 0xd9;

/// The segments of a JPEG, one after another, up to its end of image.
pub(super) struct Segments<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Segments<'a> {
    pub(super) fn new(data: &'a [u8]) -> Result<Self, EmbeddedError> {
        let rest = data
            .strip_prefix(b"\xff\xd8")
            .ok_or_else(|| damaged("it does not begin with the JPEG signature"))?;
        Ok(Self {
            rest,
            length: data.len(),
        })
    }

    /// The next segment; none at the end of image.
    pub(super) fn next(&mut self) -> Result<Option<Segment<'a>>, EmbeddedError> {
        loop {
            let Some(segment) = self.try_next()? else {
                return Err(ends_early(self.length));
            };
            match segment.marker {
                END_OF_IMAGE => return Ok(None),
                // Markers without a length: TEM, restarts, a second start of image.
                0x01 | 0xd0..=0xd8 => {}
                _ => return Ok(Some(segment)),
            }
        }
    }

    /// The next marker and what belongs to it; none where the data is over.
    fn try_next(&mut self) -> Result<Option<Segment<'a>>, EmbeddedError> {
        let Some(at) = marker_at(self.rest) else {
            return Ok(None);
        };
        let [_, marker, after @ ..] = &self.rest[at..] else {
            return Ok(None);
        };
        let mut segment = Segment {
            marker: *marker,
            payload: &[],
            entropy: &[],
        };
        self.rest = after;
        if matches!(marker, 0x01 | 0xd0..=0xd9) {
            return Ok(Some(segment));
        }
        let Some(&length) = after.first_chunk() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(length));
        if length < 2 {
            return Err(damaged("a segment is shorter than its own length"));
        }
        let Some(payload) = after.get(2..length) else {
            return Ok(None);
        };
        segment.payload = payload;
        self.rest = &after[length..];
        if *marker == SCAN {
            (segment.entropy, self.rest) = self.rest.split_at(entropy_coded_bytes(self.rest));
        }
        Ok(Some(segment))
    }
}

/// A component of the picture, as the frame header describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Samples across and down for each unit of the frame.
    pub(super) across: usize,
    pub(super) down: usize,
    /// Which quantisation table it uses.
    pub(super) quantisation: usize,
    /// Samples that belong to the picture.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Blocks of 8 × 8 with which the last units of interleaved scans are complete.
    pub(super) padded_across: usize,
    pub(super) padded_down: usize,
}

impl Component {
    /// Blocks that a scan of this component alone has in a row, and rows of them.
    pub(super) fn blocks(&self) -> (usize, usize) {
        (self.width.div_ceil(8), self.height.div_ceil(8))
    }

    pub(super) fn padded_blocks(&self) -> usize {
        self.padded_across * self.padded_down
    }
}

/// The picture's size and components (`SOF`).
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// The largest sampling factors of all components.
    pub(super) across: usize,
    pub(super) down: usize,
}

impl Frame {
    /// Reads the segment if it is a frame header.
    pub(super) fn read(segment: &Segment<'_>) -> Result<Option<Self>, EmbeddedError> {
        match segment.marker {
            BASELINE..=PROGRESSIVE => {}
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Err(unsupported(format!(
                    "its coding process is number {}",
                    segment.marker - BASELINE
                )));
            }
            _ => return Ok(None),
        }
        let wrong = || damaged("its frame header is wrong");
        let (&[precision, h0, h1, w0, w1, count], components) =
            segment.payload.split_first_chunk().ok_or_else(wrong)?;
        let height = usize::from(u16::from_be_bytes([h0, h1]));
        let width = usize::from(u16::from_be_bytes([w0, w1]));
        let (components, []) = components.as_chunks::<3>() else {
            return Err(wrong());
        };
        let factors = components.iter().map(|&[_, sampling, _]| sampling);
        if width == 0
            || height == 0
            || !(1..=4).contains(&count)
            || components.len() != usize::from(count)
            || !factors
                .clone()
                .all(|s| (1..=4).contains(&(s >> 4)) && (1..=4).contains(&(s & 15)))
            || components.iter().any(|&[_, _, table]| table > 3)
        {
            return Err(wrong());
        }
        if precision != 8 {
            return Err(unsupported(format!("samples of {precision} bits")));
        }
        if count == 2 {
            return Err(unsupported("two components".to_owned()));
        }
        let across = usize::from(factors.clone().map(|s| s >> 4).max().unwrap_or(1));
        let down = usize::from(factors.map(|s| s & 15).max().unwrap_or(1));
        let units = (width.div_ceil(8 * across), height.div_ceil(8 * down));
        let components = components
            .iter()
            .map(|&[id, sampling, table]| {
                let (h, v) = (usize::from(sampling >> 4), usize::from(sampling & 15));
                Component {
                    id,
                    across: h,
                    down: v,
                    quantisation: usize::from(table),
                    width: (width * h).div_ceil(across),
                    height: (height * v).div_ceil(down),
                    padded_across: units.0 * h,
                    padded_down: units.1 * v,
                }
            })
            .collect();
        Ok(Some(Self {
            width,
            height,
            progressive: segment.marker == PROGRESSIVE,
            components,
            across,
            down,
        }))
    }

    /// Units of an interleaved scan: across and down.
    pub(super) fn units(&self) -> (usize, usize) {
        (
            self.width.div_ceil(8 * self.across),
            self.height.div_ceil(8 * self.down),
        )
    }
}

pub(super) fn damaged(reason: impl Into<String>) -> EmbeddedError {
    EmbeddedError::Damaged {
        kind: Embedded::Jpeg,
        reason: reason.into(),
    }
}

pub(super) fn unsupported(reason: String) -> EmbeddedError {
    EmbeddedError::Unsupported {
        kind: Embedded::Jpeg,
        reason,
    }
}

pub(super) fn ends_early(length: usize) -> EmbeddedError {
    EmbeddedError::EndsEarly {
        kind: Embedded::Jpeg,
        length,
    }
}

/// Where the last of the 0xff bytes before the next marker code is.
fn marker_at(data: &[u8]) -> Option<usize> {
    let first = data.iter().position(|&byte| byte == 0xff)?;
    let more = data[first..].iter().position(|&byte| byte != 0xff)?;
    Some(first + more - 1)
}

/// The length of the entropy-coded data at the start of `data`, restarts included.
fn entropy_coded_bytes(data: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = data[at..].iter().position(|&byte| byte == 0xff) {
        at += found;
        match data.get(at + 1) {
            Some(0x00 | 0xd0..=0xd7) => at += 2,
            Some(0xff) => at += 1,
            Some(_) => return at,
            None => break,
        }
    }
    data.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_coded_data_ends_at_a_marker() {
        assert_eq!(
            entropy_coded_bytes(&[1, 0xff, 0, 2, 0xff, 0xd3, 3, 0xff, 0xd9]),
            7
        );
        assert_eq!(entropy_coded_bytes(&[1, 0xff, 0xff, 0xda]), 2);
        assert_eq!(entropy_coded_bytes(&[1, 2, 0xff]), 3);
        assert_eq!(marker_at(&[0, 0xff, 0xff, 0xd9]), Some(2));
        assert_eq!(marker_at(&[0, 0xff, 0xff]), None);
    }
}
