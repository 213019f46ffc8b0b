//! Buffers that live as long as their thread.
//!
//! Fresh memory costs a page fault per page, which is more than the turn itself. A thread
//! therefore keeps its buffers from one picture to the next. They are taken out of the thread's
//! store while in use: a thread that waits for others may be given a second picture's band.

use std::cell::RefCell;

use crate::bmp::pixels::reserve;
use crate::error::Result;
use crate::os::pages::Pages;

thread_local! {
    static STORE: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
}

/// A [`Buffer`] that goes back to the thread when it is dropped.
pub(crate) struct Scratch(pub(crate) Buffer);

impl Scratch {
    pub(crate) fn take() -> Self {
        Self(STORE.with_borrow_mut(Vec::pop).unwrap_or_default())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        // Fails only while the thread ends, and then the memory is freed.
        let _ = STORE.try_with(|store| {
            if let Ok(mut store) = store.try_borrow_mut() {
                store.push(buffer);
            }
        });
    }
}

/// Room for a picture's input, or what is taken of it at a time, and for a strip of its output.
///
/// Both lie in one piece of memory, so that those of a small picture share one large page.
#[derive(Default)]
pub(crate) struct Buffer(Memory);

enum Memory {
    Heap(Vec<u8>),
    Pages(Pages),
}

impl Default for Memory {
    fn default() -> Self {
        Self::Heap(Vec::new())
    }
}

impl Memory {
    fn new(size: usize) -> Result<Self> {
        /// Growing in steps spares a batch of ever larger pictures a fresh buffer for each.
        const STEP: usize = 256 << 10;
        if let Some(pages) = Pages::new(size) {
            return Ok(Self::Pages(pages));
        }
        let size = if size > STEP {
            size.next_multiple_of(STEP)
        } else {
            size.next_power_of_two()
        };
        let mut bytes = Vec::new();
        reserve(&mut bytes, size as u64)?;
        bytes.resize(size, 0);
        Ok(Self::Heap(bytes))
    }
}

impl Buffer {
    /// All bytes that there are.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.0 {
            Memory::Heap(bytes) => bytes,
            Memory::Pages(bytes) => bytes,
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Memory::Heap(bytes) => bytes,
            Memory::Pages(bytes) => bytes,
        }
    }

    /// The first `size` bytes. Where there are not as many, there are now, and what they held is
    /// lost.
    pub(crate) fn room(&mut self, size: usize) -> Result<&mut [u8]> {
        if self.bytes().len() < size {
            // Given back before more is taken.
            self.0 = Memory::default();
            self.0 = Memory::new(size)?;
        }
        Ok(&mut self.bytes_mut()[..size])
    }

    /// The first `input` bytes, which hold what they held, and `strip` others. Where there is no
    /// room for both, the former are copied to where there is.
    pub(crate) fn room_and_strip(
        &mut self,
        input: usize,
        strip: usize,
    ) -> Result<(&mut [u8], &mut [u8])> {
        let size = input.saturating_add(strip);
        if self.bytes().len() < size {
            let kept = std::mem::replace(&mut self.0, Memory::new(size)?);
            let kept = Self(kept);
            let length = input.min(kept.bytes().len());
            self.bytes_mut()[..length].copy_from_slice(&kept.bytes()[..length]);
        }
        let (input, others) = self.bytes_mut().split_at_mut(input);
        Ok((input, &mut others[..strip]))
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn the_input_is_kept_beside_any_strip() {
        let mut buffer = Buffer::default();
        buffer.room(10).unwrap().fill(7);
        for size in [0, 20, 5000, 300_000, 3_000_000, 9_000_000] {
            let (input, strip) = buffer.room_and_strip(10, size).unwrap();
            assert_eq!(input, [7; 10]);
            assert_eq!(strip.len(), size);
            strip.fill(1);
        }
        let address = buffer.bytes().as_ptr();
        assert_eq!(buffer.room(8_000_000).unwrap().as_ptr(), address);
        assert_eq!(buffer.bytes()[..11], [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 1]);
    }
}
