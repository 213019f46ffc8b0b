//! Where the pixels of an array lie, as its buffer says.

use pyo3::PyResult;
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;

/// An array of height × width × bytes whose rows hold their pixels without gaps.
pub(crate) struct Picture {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) pixel_bytes: usize,
    /// Bytes from the start of a row to the start of the row below it; 0 where there is no other.
    pub(crate) row_stride: isize,
    /// The lowest address of a pixel.
    start: usize,
    /// Bytes from there to the end of the highest pixel.
    len: usize,
    /// Where the top row begins, from `start`.
    pub(crate) offset: usize,
}

impl Picture {
    pub(crate) fn new(buffer: &PyBuffer<u8>) -> PyResult<Self> {
        let (&[height, width, pixel_bytes], &[row_stride, pixel_stride, byte_stride]) =
            (buffer.shape(), buffer.strides())
        else {
            return Err(PyValueError::new_err("a picture has three dimensions"));
        };
        let is_empty = height == 0 || width == 0 || pixel_bytes == 0;
        // The stride of a dimension of one element says nothing.
        let is_packed = (pixel_bytes == 1 || byte_stride == 1)
            && (width == 1 || usize::try_from(pixel_stride) == Ok(pixel_bytes));
        if !is_empty && !is_packed {
            return Err(PyValueError::new_err("the pixels of a row have gaps"));
        }
        let row_stride = if height > 1 { row_stride } else { 0 };
        let mut picture = Self {
            height,
            width,
            pixel_bytes,
            row_stride,
            start: buffer.buf_ptr() as usize,
            len: 0,
            offset: 0,
        };
        if !is_empty {
            let to_last_row = (height - 1).checked_mul(row_stride.unsigned_abs());
            let row_bytes = width.checked_mul(pixel_bytes);
            let (Some(to_last_row), Some(row_bytes)) = (to_last_row, row_bytes) else {
                return Err(PyValueError::new_err("the picture is larger than memory"));
            };
            if row_stride < 0 {
                picture.offset = to_last_row;
                picture.start -= to_last_row;
            }
            picture.len = to_last_row + row_bytes;
        }
        Ok(picture)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of all pixels.
    pub(crate) fn pixels_bytes(&self) -> usize {
        self.height * self.width * self.pixel_bytes
    }

    /// Whether some byte may be a part of both: what lies between two rows counts as well.
    pub(crate) fn may_overlap(&self, other: &Self) -> bool {
        self.start < other.start + other.len && other.start < self.start + self.len
    }

    /// The memory from the first to the last pixel.
    ///
    /// # Safety
    ///
    /// The buffer that the picture was made of is still held, and nobody writes to the memory for
    /// as long as the slice is used.
    pub(crate) unsafe fn bytes<'a>(&self) -> &'a [u8] {
        if self.is_empty() {
            return &[];
        }
        let start = std::ptr::with_exposed_provenance(self.start);
        // SAFETY: all elements of a buffer lie in the exporter's memory, which stays while the
        // buffer is held; `new` has followed the strides to the lowest and the highest of them.
        unsafe { std::slice::from_raw_parts(start, self.len) }
    }

    /// The same, to be written to.
    ///
    /// # Safety
    ///
    /// The buffer that the picture was made of is still held and not read-only, and nobody else
    /// reads or writes the memory for as long as the slice is used.
    pub(crate) unsafe fn bytes_mut<'a>(&self) -> &'a mut [u8] {
        if self.is_empty() {
            return &mut [];
        }
        let start = std::ptr::with_exposed_provenance_mut(self.start);
        // SAFETY: as in `bytes`.
        unsafe { std::slice::from_raw_parts_mut(start, self.len) }
    }
}
