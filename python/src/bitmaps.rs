//! Rotating a bitmap in memory.

use std::ptr;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::ThreadPoolBuilder;
use rot90::bmp::Header;
use rot90::{Error, Rotated};

/// Pictures of so many bytes are rotated by several threads.
const BYTES_PER_THREAD: u64 = 4 << 20;

/// The rotated file, its width and height, the mean, and what was left out.
type Parts<'py> = (Bound<'py, PyBytes>, u32, u32, f64, Vec<String>);

/// Rotates a bitmap, a contiguous buffer of bytes, by 90° clockwise.
#[pyfunction]
#[pyo3(signature = (bitmap, /))]
#[allow(clippy::needless_pass_by_value)] // the buffer has to be held
pub(crate) fn rotate_bitmap(py: Python<'_>, bitmap: PyBuffer<u8>) -> PyResult<Parts<'_>> {
    if !bitmap.is_c_contiguous() {
        return Err(PyValueError::new_err("the bytes have gaps"));
    }
    let bytes = match bitmap.len_bytes() {
        0 => &[][..],
        // SAFETY: the buffer is contiguous and held until the end. The documentation asks the
        // program that no other thread of it changes the bytes meanwhile, as hashlib does.
        len => unsafe { std::slice::from_raw_parts(bitmap.buf_ptr().cast::<u8>(), len) },
    };
    let rotated = py.detach(|| rotate(bytes))?;
    let data = to_bytes(py, &rotated.bytes)?;
    let Rotated {
        width,
        height,
        mean,
        left_out,
        ..
    } = rotated;
    Ok((data, width, height, mean, left_out))
}

fn rotate(bytes: &[u8]) -> PyResult<Rotated> {
    let threads = useful_threads(bytes);
    let rotated = if threads == 1 {
        rot90::rotate(bytes)
    } else {
        // A pool of this call's own: the threads of a common one would be missing in a process
        // that was forked, as by `multiprocessing`, and be waited for in vain.
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|error| PyRuntimeError::new_err(format!("cannot start threads: {error}")))?
            .install(|| rot90::rotate(bytes))
    };
    rotated.map_err(|error| match error {
        Error::Format(_) | Error::Unsupported(_) => PyValueError::new_err(error.to_string()),
        Error::Memory(_) => PyMemoryError::new_err(error.to_string()),
        _ => PyRuntimeError::new_err(error.to_string()),
    })
}

/// As many threads as the picture's bytes, as pixels, give work to.
fn useful_threads(bytes: &[u8]) -> usize {
    // An error comes again when the bitmap is rotated.
    let Ok(header) = Header::parse(bytes, bytes.len() as u64) else {
        return 1;
    };
    let pixels = u64::from(header.width) * u64::from(header.height);
    // What a compressed picture is decoded to has 8 bytes a pixel at most, or 4.
    let bits = u64::from(header.bits_per_pixel.max(32));
    match (pixels * bits / 8 / BYTES_PER_THREAD) as usize {
        0 => 1,
        // One thread would be the caller's, which the library lets the common pool help.
        useful => std::thread::available_parallelism()
            .map_or(1, usize::from)
            .clamp(2, useful.max(2)),
    }
}

/// A `bytes` object, filled while other threads of the program run.
fn to_bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let len = bytes.len().try_into()?;
    // SAFETY: without contents to copy it gives a new object, of bytes that are not initialised
    // and that nobody has seen, or sets an error; both are what is done with it here.
    let object = unsafe {
        Bound::from_owned_ptr_or_err(py, pyo3::ffi::PyBytes_FromStringAndSize(ptr::null(), len))?
            .cast_into_unchecked::<PyBytes>()
    };
    // SAFETY: it is a `bytes` object; its memory stays where it is.
    let start = unsafe { pyo3::ffi::PyBytes_AsString(object.as_ptr()) } as usize;
    py.detach(|| {
        let start = ptr::with_exposed_provenance_mut::<u8>(start);
        // SAFETY: the object has room for that many bytes, and nobody else knows it yet.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) }
    });
    Ok(object)
}
