//! Rotating arrays of pixels of any size, by one thread or several.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rot90::{Pixels, PixelsError};

use crate::buffers::Picture;

/// The kernels take pixels of up to so many bytes.
const KERNEL_BYTES: usize = 16;
/// A picture of twice as many bytes gives work to two threads, and so on: starting one takes as
/// long as rotating some 100 KB.
const BYTES_PER_THREAD: usize = 4 << 20;
/// Columns that share a cache line of the input are one thread's work.
const COLUMNS_TOGETHER: usize = 64;
/// Larger pixels go in squares of so many a side, whose rows stay in the cache meanwhile.
const SQUARE: usize = 16;

/// Writes `source`, an array of height × width × bytes, into `target`, one of width × height ×
/// bytes, rotated by 90° clockwise.
#[pyfunction]
#[pyo3(signature = (source, target, threads=None, /))]
#[allow(clippy::needless_pass_by_value)] // the buffers have to be held
pub(crate) fn rotate_pixels(
    py: Python<'_>,
    source: PyBuffer<u8>,
    target: PyBuffer<u8>,
    threads: Option<usize>,
) -> PyResult<()> {
    let from = Picture::new(&source)?;
    let to = Picture::new(&target)?;
    if (from.height, from.width, from.pixel_bytes) != (to.width, to.height, to.pixel_bytes) {
        return Err(PyValueError::new_err("the shapes do not fit"));
    }
    if target.readonly() {
        return Err(PyValueError::new_err("the target is read-only"));
    }
    if threads == Some(0) {
        return Err(PyValueError::new_err("there is no work without a thread"));
    }
    if from.is_empty() {
        return Ok(());
    }
    // A single row may be any distance from the next.
    let row_bytes = to.width * to.pixel_bytes;
    let stride = if to.height == 1 {
        row_bytes
    } else {
        to.row_stride.try_into().unwrap_or(0)
    };
    if stride < row_bytes {
        return Err(PyValueError::new_err("rows of the target overlap"));
    }
    if from.may_overlap(&to) {
        return Err(PyValueError::new_err("source and target overlap"));
    }
    let threads = threads.unwrap_or_else(|| match from.pixels_bytes() / BYTES_PER_THREAD {
        // To count the CPUs takes as long as rotating a megabyte.
        0 | 1 => 1,
        useful => useful.min(thread::available_parallelism().map_or(1, usize::from)),
    });
    // SAFETY: both buffers are held until the end, the target is not read-only, and the two do not
    // overlap. The documentation asks the program that no other thread of it changes the arrays
    // meanwhile, as numpy does where it releases the lock.
    let (bytes, output) = unsafe { (from.bytes(), to.bytes_mut()) };
    let input = Pixels {
        bytes,
        width: from.width,
        height: from.height,
        pixel_bytes: from.pixel_bytes,
        offset: from.offset,
        row_stride: from.row_stride,
    };
    py.detach(|| by_threads(&input, output, stride, threads))
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

/// Has threads take some columns, and the rows of the output that these become, until all are done.
///
/// The threads are started anew each time. Those of a pool would be missing in a process that was
/// forked, as by `multiprocessing`, and be waited for in vain.
fn by_threads(
    input: &Pixels<'_>,
    output: &mut [u8],
    stride: usize,
    threads: usize,
) -> Result<(), PixelsError> {
    let threads = threads.clamp(1, input.width);
    let each = input
        .width
        .div_ceil(threads)
        .next_multiple_of(COLUMNS_TOGETHER);
    let rows_of_each = output.chunks_mut(each * stride);
    let parts = Mutex::new((0..input.width).step_by(each).zip(rows_of_each));
    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let one_thread = || {
        while let Some((first, rows)) = next() {
            let columns = first..input.width.min(first + each);
            rotate_columns(&input.columns(columns)?, rows, stride)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let others = (1..threads).map(|_| {
            // Where the system has no more threads, fewer do it.
            thread::Builder::new().spawn_scoped(scope, one_thread).ok()
        });
        let others: Vec<_> = others.collect();
        let result = one_thread();
        others.into_iter().flatten().fold(result, |result, other| {
            result.and(other.join().unwrap_or_else(|panic| resume_unwind(panic)))
        })
    })
}

/// Rotates pixels of any size, by this thread.
fn rotate_columns(input: &Pixels<'_>, output: &mut [u8], stride: usize) -> Result<(), PixelsError> {
    if input.pixel_bytes <= KERNEL_BYTES {
        return rot90::rotate_pixels(input, output, stride);
    }
    let &Pixels {
        bytes,
        width,
        height,
        pixel_bytes,
        offset,
        row_stride,
    } = input;
    for top in (0..height).step_by(SQUARE) {
        for left in (0..width).step_by(SQUARE) {
            for row in top..height.min(top + SQUARE) {
                let row_start =
                    offset.wrapping_add_signed(row_stride.wrapping_mul(row.cast_signed()));
                let to_column = (height - 1 - row) * pixel_bytes;
                for column in left..width.min(left + SQUARE) {
                    let from = row_start + column * pixel_bytes;
                    let to = column * stride + to_column;
                    output[to..to + pixel_bytes].copy_from_slice(&bytes[from..from + pixel_bytes]);
                }
            }
        }
    }
    Ok(())
}
