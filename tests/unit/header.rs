use super::*;

/// A bitmap with a header of any size, put together field by field.
struct Bitmap {
    bytes: Vec<u8>,
}

impl Bitmap {
    /// `rest` is what follows the header, at whose end the offset points unless it is set.
    fn new(header_size: u32, width: i32, height: i32, bits_per_pixel: u16, rest: &[u8]) -> Self {
        let mut bytes = vec![0; 14 + header_size as usize];
        bytes[..2].copy_from_slice(b"BM");
        bytes.extend_from_slice(rest);
        let bitmap = Self { bytes }.with(14, header_size);
        if header_size == 12 {
            let bitmap = bitmap.with(18, width as u32 | (height as u32) << 16);
            return bitmap.with(22, 1 | u32::from(bits_per_pixel) << 16);
        }
        let bitmap = bitmap.with(18, width as u32).with(22, height as u32);
        bitmap.with(26, 1 | u32::from(bits_per_pixel) << 16)
    }

    fn with(mut self, at: usize, value: u32) -> Self {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        self
    }

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn parse(&self) -> Result<Header, FormatError> {
        Header::parse(
            &self.bytes[..self.bytes.len().min(HEADER_BYTES)],
            self.size(),
        )
    }

    fn rotated(&self) -> Vec<u8> {
        let header = self.parse().unwrap();
        let prefix = header.prefix_range();
        let prefix = &self.bytes[prefix.start as usize..prefix.end as usize];
        header
            .rotated_headers(prefix, header.bits_per_pixel, self.size())
            .unwrap()
    }
}

const OFFSET: usize = 10;
const COMPRESSION: usize = 30;
const IMAGE_SIZE: usize = 34;
const COLOURS_USED: usize = 46;
const COLOUR_SPACE: usize = 14 + 56;
const PROFILE: usize = 14 + 112;
const EMBEDDED: u32 = 0x4d42_4544;

/// A palette of which entry `i` has red `i`, and pixels of 8 rows of 4 bytes.
fn palette_and_pixels(entries: usize, entry_bytes: usize) -> Vec<u8> {
    let mut rest = vec![0; entries * entry_bytes + 32];
    for entry in 0..entries {
        rest[entry * entry_bytes + 2] = entry as u8;
    }
    rest
}

#[test]
fn a_palette_that_the_offset_leaves_out_is_taken() {
    for header_size in [12, 16, 40, 64, 108, 124] {
        let entry_bytes = if header_size == 12 { 3 } else { 4 };
        for bits in [1, 2, 4, 8] {
            let width = 32 / i32::from(bits);
            let rest = palette_and_pixels(1 << bits, entry_bytes);
            let headers_end = 14 + header_size;
            let bitmap = Bitmap::new(header_size, width, 8, bits, &rest).with(OFFSET, headers_end);
            let header = bitmap.parse().unwrap();
            let place = headers_end + (entry_bytes << bits) as u32;
            assert_eq!(header.pixel_offset, u64::from(place));
            assert_eq!(header.palette.len(), 1 << bits);
            assert_eq!(header.palette[1], [1, 0, 0]);
            assert_eq!(u32_at(&bitmap.rotated(), OFFSET), place);
            assert_eq!(bitmap.rotated().len(), place as usize);

            // No palette is taken from a file that has room for the pixels alone.
            let without = Bitmap::new(header_size, width, 8, bits, &[0; 32]);
            let without = without.with(OFFSET, headers_end).parse().unwrap();
            assert_eq!(without.pixel_offset, u64::from(headers_end));
            assert!(without.palette.is_empty());

            // One whose end was cut off is not taken for that.
            let mut cut = bitmap.with(2, place + 32);
            cut.bytes.pop();
            let header = cut.parse().unwrap();
            let error = header.check_pixels(cut.size()).unwrap_err().to_string();
            let expected = format!(
                "truncated: needs 32 bytes of pixels at offset {place}, the file ends after {}",
                place + 31
            );
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn masks_that_the_offset_leaves_out_are_headers_too() {
    let bitmap = Bitmap::new(40, 2, 1, 16, &[0; 16]).with(COMPRESSION, 3);
    let bitmap = bitmap.with(54, 0xf800).with(58, 0x07e0).with(62, 0x1f);
    assert_eq!(bitmap.parse().unwrap().pixel_offset, 66, "no offset");
    let bitmap = bitmap.with(OFFSET, 54);
    assert_eq!(bitmap.parse().unwrap().pixel_offset, 66);
    assert_eq!(u32_at(&bitmap.rotated(), OFFSET), 66);
    let error = bitmap.with(OFFSET, 58).parse().unwrap_err();
    assert!(matches!(error, FormatError::Corrupt { offset: 10, .. }));
}

#[test]
fn masks_that_are_all_zero_are_absent() {
    for (bits, masks) in [(16, ChannelMasks::RGB555), (32, ChannelMasks::RGB888)] {
        let bitmap = Bitmap::new(40, 2, 1, bits, &[0; 20]).with(COMPRESSION, 3);
        assert_eq!(
            bitmap.with(OFFSET, 66).parse().unwrap().channel_masks,
            masks
        );
    }
}

#[test]
fn palettes_of_os2_have_three_bytes_an_entry_where_the_offset_says_so() {
    for header_size in [16, 24, 48, 64] {
        for entry_bytes in [3, 4] {
            let rest = palette_and_pixels(16, entry_bytes);
            let place = 14 + header_size + 16 * entry_bytes as u32;
            let bitmap = Bitmap::new(header_size, 8, 8, 4, &rest).with(OFFSET, place);
            let header = bitmap.parse().unwrap();
            let reds: Vec<u8> = header.palette.iter().map(|entry| entry[0]).collect();
            assert_eq!(reds, (0..16).collect::<Vec<u8>>());
            assert_eq!(header.pixel_offset, u64::from(place));
        }
    }
    let bitmap = Bitmap::new(40, 8, 8, 4, &palette_and_pixels(16, 3)).with(OFFSET, 54 + 48);
    assert_eq!(
        bitmap.parse().unwrap().palette.len(),
        12,
        "Windows: four bytes"
    );
}

#[test]
fn a_palette_beyond_sense_is_refused() {
    let claims = |bits, entries: u32, offset: u32| {
        let bitmap = Bitmap::new(40, 8, 8, bits, &[0; 2000]).with(COLOURS_USED, entries);
        // Sparse files may be as large as they like.
        Header::parse(&bitmap.with(OFFSET, offset).bytes, 1 << 40)
    };
    for (bits, entries, offset) in [
        (8, 1 << 28, 54 + (1 << 30)),
        (8, 1 << 28, 54),
        (8, 1 << 30, 0),
        (24, 1 << 30, 0),
        (1, u32::MAX, 0),
    ] {
        let error = claims(bits, entries, offset).unwrap_err();
        assert!(
            matches!(&error, FormatError::Corrupt { offset: 46, .. }),
            "{error}"
        );
        assert!(error.to_string().contains(&entries.to_string()), "{error}");
    }
    // An offset that puts the number right, and a hint for other systems.
    let header = claims(8, 1 << 28, 1078).unwrap();
    assert_eq!(
        (header.palette.len(), header.true_colours),
        (256, Some(256))
    );
    // Without any of its palette, 0 would claim 256 entries.
    assert_eq!(claims(8, 2, 54).unwrap().true_colours, None);
    let header = claims(24, 1 << 28, 54 + (1 << 30)).unwrap();
    assert_eq!(
        (header.prefix_range(), header.true_colours),
        (0..54, Some(0))
    );
    assert_eq!(header.left_out(1 << 40).len(), 1);
}

#[test]
fn gaps_are_carried_up_to_a_mebibyte() {
    for (gap, carried) in [(0, true), (1 << 20, true), ((1 << 20) + 1, false)] {
        let rest = vec![7; gap + 6];
        let bitmap = Bitmap::new(40, 2, 1, 24, &rest).with(OFFSET, 54 + gap as u32);
        let header = bitmap.parse().unwrap();
        let kept = if carried { gap } else { 0 };
        assert_eq!(bitmap.rotated().len(), 54 + kept);
        let told = header.left_out(bitmap.size());
        if carried {
            assert!(told.is_empty());
        } else {
            assert_eq!(
                told,
                ["1048577 bytes between the headers and the pixels (from offset 54 on)"]
            );
        }
    }
}

#[test]
fn what_lies_behind_the_pixels_is_carried() {
    let bitmap = Bitmap::new(40, 2, 2, 24, &[0; 16 + 37]).with(OFFSET, 54);
    let header = bitmap.parse().unwrap();
    assert_eq!(header.tail_range(bitmap.size()), 70..107);
    // Two rows of two pixels again, and the tail.
    assert_eq!(u32_at(&bitmap.rotated(), 2), 107);
    // The padding of the last row may be missing.
    assert_eq!(header.tail_range(68), 68..68);

    // Compressed pixels end where the header says, if they can.
    let rle = Bitmap::new(40, 3, 1, 8, &[0; 1024 + 20]).with(COMPRESSION, 1);
    for (image_size, tail) in [(8, 1086..1098), (0, 1098..1098), (21, 1098..1098)] {
        let rle = Bitmap {
            bytes: rle.bytes.clone(),
        };
        let header = rle.with(IMAGE_SIZE, image_size).parse().unwrap();
        assert_eq!(header.tail_range(1098), tail);
    }
}

#[test]
fn profiles_are_announced_where_they_end_up() {
    // Rotated, 3 x 2 pixels of 24 bits take 3 rows of 8 bytes instead of 2 of 12.
    let with_profile = |gap: usize, offset: u32, size: u32| {
        let place = 138 + gap as u32;
        let bitmap = Bitmap::new(124, 3, 2, 24, &vec![0; gap + 24 + 50]).with(OFFSET, place);
        let bitmap = bitmap.with(COLOUR_SPACE, EMBEDDED);
        bitmap.with(PROFILE, offset).with(PROFILE + 4, size)
    };
    let announced = |bitmap: &Bitmap| {
        let headers = bitmap.rotated();
        (u32_at(&headers, PROFILE), u32_at(&headers, PROFILE + 4))
    };
    // In the gap, at the start of the tail, and further in.
    for (gap, offset) in [(40, 124), (0, 148), (0, 160), (40, 200)] {
        let bitmap = with_profile(gap, offset, 10);
        assert_eq!(announced(&bitmap), (offset, 10), "{gap} {offset}");
        assert!(bitmap.parse().unwrap().left_out(bitmap.size()).is_empty());
    }
    // A profile within the pixels is told, one that the file has not is not.
    let bitmap = with_profile(0, 130, 10);
    assert_eq!(announced(&bitmap), (0, 0));
    assert_eq!(
        bitmap.parse().unwrap().left_out(bitmap.size()),
        ["the colour profile (10 bytes at offset 144)"]
    );
    let bitmap = with_profile(0, 1000, 10);
    assert_eq!(announced(&bitmap), (0, 0));
    assert!(bitmap.parse().unwrap().left_out(bitmap.size()).is_empty());
    assert_eq!(bitmap.parse().unwrap().profile, None);

    // Where the pixels change their size, the profile moves.
    let mut bitmap = with_profile(0, 148, 10).with(18, 1);
    bitmap.bytes.truncate(14 + 148 + 10);
    // One column of two rows: 4 bytes a row; rotated, one row of 8.
    let header = bitmap.parse().unwrap();
    assert_eq!(header.tail_range(bitmap.size()), 146..172);
    assert_eq!(announced(&bitmap), (148, 10));
}

#[test]
fn further_pictures_of_an_array_are_told() {
    let single = Bitmap::new(40, 2, 2, 24, &[0; 16 + 100]).with(OFFSET, 68);
    let array = |next: u32| {
        let mut bytes = b"BA\x0e\0\0\0".to_vec();
        bytes.extend(next.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(&single.bytes);
        Bitmap { bytes }
    };
    let two = array(84);
    let header = two.parse().unwrap();
    assert_eq!((header.pixel_offset, header.prefix_range()), (68, 14..68));
    assert!(header.tail_range(two.size()).is_empty());
    assert_eq!(
        header.left_out(two.size()),
        ["the other pictures of the bitmap array (100 bytes)"]
    );
    let one = array(0);
    let header = one.parse().unwrap();
    assert_eq!(header.tail_range(one.size()), 84..184);
    assert!(header.left_out(one.size()).is_empty());
    assert_eq!(u32_at(&one.rotated(), OFFSET), 54);
}

#[test]
fn files_that_end_early_say_so_with_numbers() {
    let bitmap = Bitmap::new(40, 512, 512, 24, &[0; 100]).with(OFFSET, 54);
    let header = bitmap.parse().unwrap();
    assert_eq!(
        header.check_pixels(70_000).unwrap_err().to_string(),
        "truncated: needs 786432 bytes of pixels at offset 54, the file ends after 70000"
    );
    for (length, text) in [
        (
            1,
            "truncated: needs 14 bytes of file header, the file ends after 1",
        ),
        (
            13,
            "truncated: needs 26 bytes of headers, the file ends after 13",
        ),
        (
            53,
            "truncated: needs 54 bytes of headers, the file ends after 53",
        ),
    ] {
        let error = Header::parse(&bitmap.bytes[..length], length as u64).unwrap_err();
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(Header::parse(&[], 0).unwrap_err(), FormatError::Empty);
    let error = Header::parse(b"\x89PNG\r\n\x1a\n", 8)
        .unwrap_err()
        .to_string();
    assert!(error.contains("a PNG file"), "{error}");
}
