//! A part of a picture as the tiles see it: two addresses and two steps.

#![allow(unsafe_code)]
// Compiled for an instruction set only where inlined into a function that enables it.
#![allow(clippy::inline_always)]

use super::Rotation;

/// Pixels of `PIXEL` bytes whose bounds have been checked.
///
/// Pixel (column, row) is read at `from + row * from_step + column * PIXEL` and written at
/// `to + column * to_step + row * PIXEL`. Both pointers are derived from whole slices, so that
/// negative steps stay within what the pointers may access.
#[derive(Clone, Copy)]
pub(super) struct Plane<const PIXEL: usize> {
    pub(super) from: *const u8,
    pub(super) from_step: isize,
    pub(super) to: *mut u8,
    pub(super) to_step: isize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl<const PIXEL: usize> Plane<PIXEL> {
    /// All of a rotation.
    ///
    /// Every pixel of it lies in `rotation.rows.bytes` and `out`: that is what the makers of a
    /// [`Rotation`] have checked, and what makes the tiles' reads and writes sound.
    pub(super) fn new(rotation: &Rotation<'_>, out: &mut [u8]) -> Self {
        let rows = rotation.rows;
        let sign = |backwards: bool| if backwards { -1 } else { 1 };
        let first_pixel = rows.start(0) + rotation.first * PIXEL;
        let first_row = rotation.out_row(0) * rotation.out_stride;
        Self {
            from: rows.bytes.as_ptr().wrapping_add(first_pixel),
            from_step: (rows.stride_bytes as isize).wrapping_mul(sign(rows.last_row_first)),
            to: out.as_mut_ptr().wrapping_add(first_row),
            to_step: (rotation.out_stride as isize).wrapping_mul(sign(rotation.last_column_first)),
            rows: rows.rows,
            columns: rotation.count,
        }
    }

    /// The address that pixel (column, row) is read at.
    #[inline(always)]
    pub(super) fn from(&self, column: usize, row: usize) -> *const u8 {
        self.from
            .wrapping_offset(self.from_step.wrapping_mul(row as isize))
            .wrapping_add(column * PIXEL)
    }

    /// The address that pixel (column, row) is written at.
    #[inline(always)]
    pub(super) fn to(&self, column: usize, row: usize) -> *mut u8 {
        self.to
            .wrapping_offset(self.to_step.wrapping_mul(column as isize))
            .wrapping_add(row * PIXEL)
    }

    /// `columns` columns from `column` on, and of them `rows` rows from `row` on.
    #[inline(always)]
    pub(super) fn part(&self, column: usize, columns: usize, row: usize, rows: usize) -> Self {
        Self {
            from: self.from(column, row),
            to: self.to(column, row),
            rows,
            columns,
            ..*self
        }
    }

    /// Rotates pixel by pixel, for parts that are too small for a tile.
    ///
    /// # Safety
    ///
    /// The plane's memory must be valid for its reads and writes.
    #[inline(always)]
    pub(super) unsafe fn rotate_singly(&self) {
        for column in 0..self.columns {
            for row in 0..self.rows {
                let from = self.from(column, row).cast::<[u8; PIXEL]>();
                let to = self.to(column, row).cast::<[u8; PIXEL]>();
                // SAFETY: (column, row) lies within the plane, for which the caller vouches;
                // arrays of bytes have no alignment.
                unsafe { to.write(from.read()) }
            }
        }
    }
}
