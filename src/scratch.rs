//! Buffers that live as long as their thread.
//!
//! Fresh memory costs a page fault per page, which is more than the turn itself. A thread
//! therefore keeps its buffers from one picture to the next. They are taken out of the thread's
//! store while in use: a thread that waits for others may be given a second picture's band.

use std::cell::RefCell;

use crate::bmp::pixels::reserve;
use crate::error::Result;

/// The buffers of one picture, or of one band of it.
#[derive(Default)]
pub(crate) struct Buffers {
    /// Bytes of the input.
    pub(crate) input: Vec<u8>,
    /// The strip that is being written.
    pub(crate) strip: Vec<u8>,
}

thread_local! {
    static STORE: RefCell<Vec<Buffers>> = const { RefCell::new(Vec::new()) };
}

/// [`Buffers`] that go back to the thread when they are dropped.
pub(crate) struct Scratch(pub(crate) Buffers);

impl Scratch {
    pub(crate) fn take() -> Self {
        Self(STORE.with_borrow_mut(Vec::pop).unwrap_or_default())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let buffers = std::mem::take(&mut self.0);
        // Fails only while the thread ends, and then the memory is freed.
        let _ = STORE.try_with(|store| {
            if let Ok(mut store) = store.try_borrow_mut() {
                store.push(buffers);
            }
        });
    }
}

/// The first `size` bytes of a buffer, made longer where it has to be; what it held is lost then.
pub(crate) fn room(buffer: &mut Vec<u8>, size: usize) -> Result<&mut [u8]> {
    /// Growing in steps spares a batch of ever larger pictures a fresh buffer for each.
    const STEP: usize = 256 << 10;
    if buffer.len() < size {
        buffer.clear();
        let wanted = if size > STEP {
            size.next_multiple_of(STEP)
        } else {
            size.next_power_of_two()
        };
        reserve(buffer, wanted as u64)?;
        buffer.resize(wanted, 0);
    }
    Ok(&mut buffer[..size])
}
