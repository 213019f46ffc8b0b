//! The native module of the Python package `rot90`: pixels and bitmaps in memory.
//!
//! Whatever a Python program may get wrong is checked in `rot90/_memory.py`, in its own words. What
//! memory safety needs is checked here once more, so that no call of this module can break it.

mod bitmaps;
mod buffers;
mod pixels;

#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use super::bitmaps::rotate_bitmap;
    #[pymodule_export]
    use super::pixels::rotate_pixels;
}
