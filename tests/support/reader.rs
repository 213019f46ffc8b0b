//! A plain reader of uncompressed bitmaps: what a file's headers say, its pixels as stored, and
//! their colours.

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

/// Red, green and blue of the pixels of a plain bitmap, by its headers.
#[allow(dead_code, reason = "not every test looks at colours")]
pub(crate) fn colours(bytes: &[u8], bitmap: &Bitmap) -> Vec<[u8; 3]> {
    let long = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let header_end = 14 + bitmap.header_size as usize;
    let masked = matches!(bitmap.compression, 3 | 6);
    let after = match (masked, bitmap.header_size, bitmap.compression) {
        (true, 40, 3) => 12,
        (true, 40, _) => 16,
        _ => 0,
    };
    let palette = &bytes[header_end + after..long(10) as usize];
    // Some programs write palettes of three bytes behind headers of OS/2 2.x, too.
    let is_os2 = !matches!(bitmap.header_size, 40 | 52 | 56 | 108 | 124);
    let used = if bitmap.header_size >= 36 {
        long(46)
    } else {
        0
    };
    let entries = match used as usize {
        0 => 1 << bitmap.bits_per_pixel.min(8),
        used => used,
    };
    let three = bitmap.header_size == 12
        || is_os2 && bitmap.bits_per_pixel <= 8 && palette.len() == 3 * entries;
    let entry_bytes = if three { 3 } else { 4 };
    let given = masked.then(|| [54, 58, 62].map(long));
    let masks = match (given, bitmap.bits_per_pixel) {
        (Some(masks), _) if masks != [0; 3] => masks,
        (_, 16) => [0x7c00, 0x3e0, 0x1f],
        (_, _) => [0x00ff_0000, 0xff00, 0xff],
    };
    let pixel_bytes = bitmap.bits_per_pixel.div_ceil(8);
    let colour = |pixel: &[u8]| match bitmap.bits_per_pixel {
        ..=8 => {
            let at = usize::from(pixel[0]) * entry_bytes;
            let beyond = used > 0 && u32::from(pixel[0]) >= used;
            match palette.get(at..at + 3) {
                Some(&[blue, green, red]) if !beyond => [red, green, blue],
                _ => [0; 3],
            }
        }
        64 => [4, 2, 0].map(|at| {
            let linear = f64::from(i16::from_le_bytes([pixel[at], pixel[at + 1]])) / 8192.0;
            let linear = linear.clamp(0.0, 1.0);
            let encoded = if linear <= 0.003_130_8 {
                12.92 * linear
            } else {
                1.055 * linear.powf(1.0 / 2.4) - 0.055
            };
            (encoded * 255.0).round() as u8
        }),
        _ => masks.map(|mask| {
            let mut word = [0; 4];
            word[..pixel_bytes].copy_from_slice(pixel);
            let value = u32::from_le_bytes(word) & mask;
            if mask == 0 {
                return 0;
            }
            let shift = mask.trailing_zeros();
            let value = f64::from(value >> shift) * 255.0 / f64::from(mask >> shift);
            value.round() as u8
        }),
    };
    bitmap.pixels.chunks(pixel_bytes).map(colour).collect()
}
