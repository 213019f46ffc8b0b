//! A plain reader of uncompressed bitmaps: what a file's headers say, and its pixels as stored.

/// What stands in an uncompressed bitmap.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bitmap {
    /// Signature to offset of the pixels.
    pub(crate) file_size: u32,
    pub(crate) header_size: u32,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) top_down: bool,
    pub(crate) bits_per_pixel: usize,
    pub(crate) compression: u32,
    pub(crate) image_size: u32,
    pub(crate) resolution: (u32, u32),
    /// All else in the headers, between the resolution and the pixels: masks, palette, gap.
    pub(crate) rest: Vec<u8>,
    /// Bytes of a pixel, or an index in one byte, row after row from the top.
    pub(crate) pixels: Vec<u8>,
    /// Whether all padding is zero.
    pub(crate) clean: bool,
    /// What follows the pixels.
    pub(crate) tail: Vec<u8>,
}

/// Reads the bitmap in `bytes`; panics where it is not one.
#[track_caller]
pub(crate) fn read(bytes: &[u8]) -> Bitmap {
    let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let long =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    assert_eq!(&bytes[..2], b"BM", "signature");
    let header_size = long(14);
    let offset = long(10) as usize;
    let field = |at: usize| {
        if at + 4 <= header_size as usize {
            long(14 + at)
        } else {
            0
        }
    };
    let (width, height, bits_per_pixel, rest) = if header_size == 12 {
        (short(18).into(), i32::from(short(20)), short(24), 26)
    } else {
        (
            long(18) as usize,
            long(22) as i32,
            short(28),
            14 + 32.min(header_size as usize),
        )
    };
    let top_down = height < 0;
    let height = height.unsigned_abs() as usize;
    let bits_per_pixel = usize::from(bits_per_pixel);
    let used = (width * bits_per_pixel).div_ceil(8);
    let stride = used.next_multiple_of(4);
    let end = offset + stride * height;
    let mut rows: Vec<&[u8]> = bytes[offset..end].chunks(stride).collect();
    if !top_down {
        rows.reverse();
    }
    let mut pixels = Vec::new();
    let mut clean = true;
    for row in rows {
        if bits_per_pixel < 8 {
            let at = |pixel: usize| {
                let bit = pixel * bits_per_pixel;
                row[bit / 8] >> (8 - bits_per_pixel - bit % 8) & ((1 << bits_per_pixel) - 1)
            };
            pixels.extend((0..width).map(at));
            clean &= (width..stride * 8 / bits_per_pixel).all(|pixel| at(pixel) == 0);
        } else {
            pixels.extend(&row[..used]);
            clean &= row[used..].iter().all(|&byte| byte == 0);
        }
    }
    Bitmap {
        file_size: long(2),
        header_size,
        width,
        height,
        top_down,
        bits_per_pixel,
        compression: field(16),
        image_size: field(20),
        resolution: (field(24), field(28)),
        rest: bytes[rest..offset].to_vec(),
        pixels,
        clean,
        tail: bytes[end..].to_vec(),
    }
}
