//! Tables and application segments of a JPEG (ITU-T T.81, B.2.4).

use super::super::EmbeddedError;
use super::entropy::{self, Huffman};
use super::markers::{self, Frame, Segment, damaged};
use super::samples::Colours;

/// What tables and application segments said so far.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) quantisation: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Huffman>; 4],
    pub(super) ac: [Option<Huffman>; 4],
    /// Units between restarts; 0 for none.
    pub(super) restart_interval: usize,
    jfif: bool,
    /// Adobe's number for the colour transform.
    adobe: Option<u8>,
}

impl Tables {
    pub(super) fn read(&mut self, segment: &Segment<'_>) -> Result<(), EmbeddedError> {
        let wrong = || damaged("a table is wrong");
        let payload = segment.payload;
        match segment.marker {
            markers::QUANTISATION_TABLES => self.read_quantisation(payload).ok_or_else(wrong)?,
            markers::HUFFMAN_TABLES => self.read_huffman(payload).ok_or_else(wrong)?,
            markers::RESTART_INTERVAL => {
                let &interval = payload.first_chunk().ok_or_else(wrong)?;
                self.restart_interval = usize::from(u16::from_be_bytes(interval));
            }
            markers::JFIF => self.jfif |= payload.starts_with(b"JFIF\0"),
            markers::ADOBE if payload.starts_with(b"Adobe") && payload.len() >= 12 => {
                self.adobe = Some(payload[11]);
            }
            _ => {}
        }
        Ok(())
    }

    fn read_quantisation(&mut self, payload: &[u8]) -> Option<()> {
        let mut rest = payload;
        while let Some((&head, after)) = rest.split_first() {
            let table = self.quantisation.get_mut(usize::from(head & 15))?;
            let wide = head >> 4 != 0;
            let (values, after) = after.split_at_checked(if wide { 128 } else { 64 })?;
            let mut factors = [0; 64];
            for k in 0..64 {
                factors[entropy::place(k)] = if wide {
                    u16::from_be_bytes([values[2 * k], values[2 * k + 1]])
                } else {
                    u16::from(values[k])
                };
            }
            *table = Some(factors);
            rest = after;
        }
        Some(())
    }

    fn read_huffman(&mut self, payload: &[u8]) -> Option<()> {
        let mut rest = payload;
        while let Some((&head, after)) = rest.split_first() {
            let tables = match head >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            let (counts, after) = after.split_first_chunk()?;
            let symbols = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, after) = after.split_at_checked(symbols)?;
            *tables.get_mut(usize::from(head & 15))? = Some(Huffman::new(counts, symbols)?);
            rest = after;
        }
        Some(())
    }

    pub(super) fn colours(&self, frame: &Frame) -> Colours {
        let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
        match (ids.len(), self.adobe) {
            (1, _) => Colours::Grey,
            (4, None | Some(0)) => Colours::Cmyk,
            (4, _) => Colours::Ycck,
            _ if self.jfif => Colours::YCbCr,
            (_, Some(0)) => Colours::Rgb,
            (_, None) if ids == *b"RGB" => Colours::Rgb,
            _ => Colours::YCbCr,
        }
    }
}
