use super::*;
use std::path::{Path, PathBuf};

#[derive(Debug)]
struct Decoded {
    bits_per_pixel: u32,
    bytes: Vec<u8>,
}

/// Decodes the data of a bitmap with headers of 54 bytes and a palette, if it is indexed.
fn decode_all(
    code: u32,
    bits: u16,
    width: u32,
    height: i32,
    image_size: u32,
    data: &[u8],
) -> Result<Decoded> {
    let palette = if (1..=8).contains(&bits) {
        4 << bits
    } else {
        0
    };
    let mut file = vec![0; 54 + palette];
    for (at, value) in [
        (0, u32::from_le_bytes(*b"BM\0\0")),
        (10, 54 + palette as u32),
        (14, 40),
        (18, width),
        (22, height as u32),
        (26, 1 | u32::from(bits) << 16),
        (30, code),
        (34, image_size),
    ] {
        file[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    file.extend(data);
    let header = Header::parse(&file[..file.len().min(2048)], file.len() as u64)?;
    let plan = Decoding::new(&header, data)?;
    let (bits_per_pixel, needed) = (plan.bits_per_pixel, plan.memory);
    let error = plan.decode(&header, data, 0, needed - 1).unwrap_err();
    assert!(matches!(error, Error::Memory(_)), "{error}");
    let bytes = plan.decode(&header, data, 0, needed)?;
    let size = stride_bytes(width, bits_per_pixel) * u64::from(height.unsigned_abs());
    assert_eq!(bytes.len() as u64, size);
    Ok(Decoded {
        bits_per_pixel,
        bytes,
    })
}

fn rle(bits: u16, data: &[u8], width: u32, height: i32) -> Result<Vec<u8>, String> {
    let code = match bits {
        8 => 1,
        4 => 2,
        _ => 4,
    };
    decode_all(code, bits, width, height, 0, data)
        .map(|decoded| decoded.bytes)
        .map_err(|error| error.to_string())
}

#[test]
fn runs_of_two_indices_alternate_from_any_column() {
    let row = rle(4, &[5, 0x12, 3, 0x34, 0, 1], 8, 1);
    assert_eq!(row.unwrap(), [0x12, 0x12, 0x13, 0x43]);
    let row = rle(4, &[1, 0xa0, 4, 0x12, 0, 1], 8, 1);
    assert_eq!(row.unwrap(), [0xa1, 0x21, 0x20, 0]);
}

#[test]
fn literals_straddle_bytes_and_are_padded() {
    let data = [0, 3, 0x12, 0x3f, 0, 5, 0x45, 0x67, 0x8f, 0, 0, 1];
    assert_eq!(rle(4, &data, 8, 1).unwrap(), [0x12, 0x34, 0x56, 0x78]);
    let data = [0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 10, 11, 12, 0, 1];
    let row = rle(24, &data, 4, 1).unwrap();
    assert_eq!(row, (1..=12).collect::<Vec<u8>>());
}

#[test]
fn pixels_beyond_the_end_of_a_row_are_left_out() {
    let two = [[1, 2, 3, 0], [4, 4, 4, 0]].concat();
    for data in [
        // Literals and runs that hold the padding, before and after an end of line.
        &[0, 4, 1, 2, 3, 9, 0, 0, 4, 4, 0, 1][..],
        &[0, 3, 1, 2, 3, 0, 2, 9, 0, 0, 2, 4, 9, 4, 0, 1],
        &[0, 3, 1, 2, 3, 0, 0, 5, 9, 9, 9, 9, 9, 0, 0, 0, 3, 4],
        // Rows beyond the last.
        &[0, 3, 1, 2, 3, 0, 0, 0, 3, 4, 0, 0, 3, 9, 0, 0, 200, 9, 0, 1],
    ] {
        assert_eq!(rle(8, data, 3, 2).unwrap(), two, "{data:?}");
    }
    for column in 0..5 {
        let skip = [0, 2, column, 0];
        let run = rle(4, &[&skip[..], &[255, 0x55, 0, 1]].concat(), 3, 1).unwrap();
        let literal = [0, 7, 0x55, 0x55, 0x55, 0x55, 0, 1];
        let literal = rle(4, &[&skip[..], &literal].concat(), 3, 1).unwrap();
        let expected = [
            [0x55, 0x50],
            [0x05, 0x50],
            [0x00, 0x50],
            [0x00, 0x00],
            [0x00, 0x00],
        ];
        let expected = expected[usize::from(column)];
        assert_eq!((&run[..2], &literal[..2]), (&expected[..], &expected[..]));
    }
    let row = [1, 2, 3, 1, 2, 3, 0, 0];
    assert_eq!(rle(24, &[9, 1, 2, 3, 0, 1], 2, 1).unwrap(), row);
    let literal = [0, 3, 1, 2, 3, 1, 2, 3, 9, 9, 9, 0, 0, 1];
    assert_eq!(rle(24, &literal, 2, 1).unwrap(), row);
}

#[test]
fn the_end_mark_may_be_missing_once_nothing_else_is() {
    assert!(rle(8, &[4, 1, 0, 0, 4, 2], 4, 2).is_ok());
    assert!(rle(8, &[4, 1, 0, 0, 4, 2, 0], 4, 2).is_ok());
    assert!(rle(8, &[0, 0, 0, 3, 1, 2, 3], 3, 2).is_ok());
    assert!(rle(8, &[0, 2, 0, 200, 7], 3, 2).is_ok());
    assert_eq!(
        rle(8, &[4, 1, 0, 0, 3, 2], 4, 2).unwrap_err(),
        "truncated: the run-length data ends after 6 bytes at column 3 of row 1; the picture has \
         2 rows of 4 pixels"
    );
    assert!(rle(8, &[0, 4, 1, 2, 3], 4, 1).is_err());
    assert!(rle(24, &[4, 1, 2], 4, 1).is_err());
}

#[test]
fn the_size_in_the_header_ends_the_data_if_it_can() {
    // Without an end mark, what follows would be read as codes.
    let data = [3, 5, 0, 0, 3, 6, 0, 0, 2, 9];
    let decoded = |image_size| decode_all(1, 8, 3, 3, image_size, &data);
    assert!(decoded(6).is_err());
    let data = [3, 5, 0, 0, 3, 6, 3, 7];
    for image_size in [0, 6, 2, 100] {
        let rows = decode_all(1, 8, 3, 2, image_size, &data).unwrap().bytes;
        assert_eq!(rows, [5, 5, 5, 0, 6, 6, 6, 0], "{image_size}");
    }
}

/// Bits written out as text, spaces ignored, to bytes.
fn bits(text: &str) -> Vec<u8> {
    let bits: Vec<u8> = text
        .bytes()
        .filter(|&b| b != b' ')
        .map(|b| b - b'0')
        .collect();
    let place = |sum, (at, bit): (usize, &u8)| sum | bit << (7 - at);
    bits.chunks(8)
        .map(|byte| byte.iter().enumerate().fold(0, place))
        .collect()
}

fn fax(text: &str, width: u32, height: i32) -> Result<Vec<u8>, String> {
    decode_all(3, 1, width, height, 0, &bits(text))
        .map(|decoded| decoded.bytes)
        .map_err(|error| error.to_string())
}

const END: &str = "000000000001";
/// Three white, two black, three white.
const ROW: &str = "1000 11 1000";

#[test]
fn fax_rows_may_have_ends_of_line_or_none() {
    let two = [0b0001_1000, 0, 0, 0, 0b0001_1000, 0, 0, 0];
    let fill = "0".repeat(1000);
    for text in [
        format!("{ROW} {ROW}"),
        format!("{ROW} {END} {ROW}"),
        format!("{END} {ROW} {END} {ROW} {END}"),
        format!("{END} {ROW} 00000 {END} {ROW} {END} {END} {END} {END} {END} {END}"),
        format!("{fill} 1 {ROW} {fill} 1 {ROW}"),
    ] {
        assert_eq!(fax(&text, 8, 2).unwrap(), two, "{text}");
    }
}

#[test]
fn fax_rows_of_another_length_and_missing_ones_are_refused() {
    for (text, width, height, error) in [
        (
            format!("{END} {ROW} {END} {ROW}"),
            9,
            2,
            "an end of line at column 8 of row 0",
        ),
        (
            format!("{END} {ROW} {END} {ROW}"),
            7,
            2,
            "leaves the row at column 5 of row 0",
        ),
        (
            format!("{ROW} {END} {ROW} {ROW}"),
            8,
            3,
            "row 1 of the Huffman data is longer than 8 pixels",
        ),
        (
            format!("{END} {ROW} {} {ROW}", END.repeat(6)),
            8,
            2,
            "truncated: the Huffman data's",
        ),
        (
            ROW.to_owned(),
            8,
            2,
            "truncated: the Huffman data ends after 2 bytes",
        ),
        (
            format!("{ROW} 1000"),
            8,
            2,
            "truncated: the Huffman data ends",
        ),
        (
            format!("{ROW} {END}"),
            8,
            2,
            "truncated: the Huffman data ends",
        ),
        (
            "1000 00000000 1111 1111 1111".to_owned(),
            8,
            1,
            "corrupt at offset 62",
        ),
    ] {
        let found = fax(&text, width, height).unwrap_err();
        assert!(found.contains(error), "{text}: {found}");
    }
}

#[test]
fn long_fax_runs_are_chains_of_make_up_codes() {
    let row = fax("00110101 000000011111 000000011111 010", 5121, 1).unwrap();
    let ones: u32 = row.iter().map(|byte| byte.count_ones()).sum();
    assert_eq!(ones, 5121);
}

#[test]
fn bits_are_set_where_they_belong() {
    for start in 0..32 {
        for end in start..=32 {
            let mut row = [0; 4];
            huffman::set_bits(&mut row, start, end);
            let expected = (start..end).fold(0_u32, |sum, bit| sum | 1 << (31 - bit));
            assert_eq!(u32::from_be_bytes(row), expected, "{start} {end}");
        }
    }
}

/// Pictures of every kind of JPEG, and what libjpeg makes of them (`scripts/golden-jpeg.py`).
fn jpegs() -> Vec<(PathBuf, Vec<u8>, image::RgbImage)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/jpeg");
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let jpegs: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "jpg"))
        .map(|path| {
            let data = std::fs::read(&path).unwrap();
            let expected = image::open(path.with_extension("png")).unwrap().to_rgb8();
            (path, data, expected)
        })
        .collect();
    assert!(jpegs.len() >= 28, "only {} pictures", jpegs.len());
    jpegs
}

fn embedded(code: u32, data: &[u8], width: u32, height: i32) -> Result<Decoded> {
    decode_all(code, 0, width, height, data.len() as u32, data)
}

#[test]
fn jpegs_are_those_of_libjpeg_within_8() {
    for (path, data, expected) in jpegs() {
        let (width, height) = expected.dimensions();
        let bottom_up = embedded(4, &data, width, height as i32).unwrap();
        let top_down = embedded(4, &data, width, -(height as i32)).unwrap();
        assert_eq!(bottom_up.bits_per_pixel, 24);
        let stride = stride_bytes(width, 24) as usize;
        let rows = bottom_up.bytes.rchunks(stride);
        for (y, (row, same)) in rows.zip(top_down.bytes.chunks(stride)).enumerate() {
            assert_eq!(row, same);
            assert!(row[3 * width as usize..].iter().all(|&byte| byte == 0));
            for x in 0..width {
                let found = &row[3 * x as usize..][..3];
                let expected = expected.get_pixel(x, y as u32).0;
                let near = (0..3).all(|at| found[at].abs_diff(expected[2 - at]) <= 8);
                assert!(near, "{path:?} {x} {y}: {found:?} {expected:?}");
            }
        }
    }
}

#[test]
fn jpegs_without_their_end_are_refused() {
    for (path, data, expected) in jpegs() {
        let (width, height) = (expected.width(), expected.height() as i32);
        for length in (0..data.len() - 1).step_by(17).chain([data.len() - 1]) {
            assert!(
                embedded(4, &data[..length], width, height).is_err(),
                "{path:?} {length}"
            );
        }
        let behind = [&data[..], b"whatever comes next \xff\xd8\xff\xc0"].concat();
        embedded(4, &behind, width, height).unwrap();
        let other = embedded(4, &data, width + 1, height)
            .unwrap_err()
            .to_string();
        assert!(other.contains("the header says"), "{other}");
    }
}

#[test]
fn embedded_pictures_larger_than_their_bytes_can_hold_are_refused() {
    let (_, mut data, _) = jpegs().swap_remove(0);
    let frame = data
        .windows(2)
        .position(|w| matches!(w, [0xff, 0xc0..=0xc2]))
        .unwrap();
    data[frame + 5..frame + 9].fill(0xff);
    let error = embedded(4, &data, 65_535, 65_535).unwrap_err().to_string();
    assert!(
        error.contains("cannot hold 65535 x 65535 pixels"),
        "{error}"
    );

    let mut png = png(&image::DynamicImage::new_rgb8(3, 2));
    png[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let checksum: u32 = 0x3967_4e07;
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    let error = embedded(5, &png, 65_535, 65_535).unwrap_err().to_string();
    assert!(
        error.contains("cannot hold 65535 x 65535 pixels"),
        "{error}"
    );
    let error = rle(8, &[0, 1], 1 << 20, 1 << 20).unwrap_err();
    assert!(
        error.contains("2 bytes of compressed pixels cannot define"),
        "{error}"
    );
}

fn png(picture: &image::DynamicImage) -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

#[test]
fn pngs_of_each_kind_of_sample_are_the_same_to_the_bit() {
    let pixel = |x: u32, y: u32| [0, 1, 2, 3].map(|channel| (x * 50 + y * 70 + channel * 31) as u8);
    let picture = image::RgbaImage::from_fn(3, 2, |x, y| image::Rgba(pixel(x, y)));
    let rgba = image::DynamicImage::from(picture);
    let depths = [
        (png(&rgba.to_luma8().into()), 24),
        (png(&rgba.to_luma_alpha8().into()), 32),
        (png(&rgba.to_rgb8().into()), 24),
        (png(&rgba), 32),
        (png(&rgba.to_rgb16().into()), 24),
        (png(&rgba.to_rgba16().into()), 32),
    ];
    for (data, bits) in depths {
        let expected = image::load_from_memory(&data).unwrap().to_rgba8();
        let decoded = embedded(5, &data, 3, -2).unwrap();
        assert_eq!(decoded.bits_per_pixel, bits);
        let (stride, pixel_bytes) = (stride_bytes(3, bits) as usize, bits as usize / 8);
        for (x, y, pixel) in expected.enumerate_pixels() {
            let at = y as usize * stride + x as usize * pixel_bytes;
            let [red, green, blue, alpha] = pixel.0;
            let bgra = [blue, green, red, alpha];
            assert_eq!(decoded.bytes[at..at + pixel_bytes], bgra[..pixel_bytes]);
        }
        for length in 0..data.len() - 12 {
            assert!(embedded(5, &data[..length], 3, -2).is_err(), "{length}");
        }
    }
}
