use super::*;

/// Bits written out as text, spaces ignored, to bytes.
fn bits(text: &str) -> Vec<u8> {
    let bits: Vec<u8> = text
        .bytes()
        .filter(|b| *b != b' ')
        .map(|b| b - b'0')
        .collect();
    bits.chunks(8)
        .map(|byte| {
            byte.iter()
                .enumerate()
                .fold(0, |sum, (i, bit)| sum | bit << (7 - i))
        })
        .collect()
}

fn huffman(text: &str, width: usize, height: usize) -> Result<Vec<u8>, HuffmanError> {
    let stride_bytes = width.div_ceil(32) * 4;
    let mut out = vec![0; stride_bytes * height];
    expand(&bits(text), width, height, stride_bytes, &mut out).map(|()| out)
}

const END: &str = "000000000001";
/// Three white, two black, three white.
const ROW: &str = "1000 11 1000";

#[test]
fn rows_may_have_ends_of_line_or_none() {
    let two = [0b0001_1000, 0, 0, 0, 0b0001_1000, 0, 0, 0];
    for text in [
        format!("{ROW} {ROW}"),
        format!("{ROW} {END} {ROW}"),
        format!("{END} {ROW} {END} {ROW} {END}"),
        format!("{END} {ROW} 00000 {END} {ROW} {END} {END} {END} {END} {END} {END}"),
    ] {
        assert_eq!(huffman(&text, 8, 2).unwrap(), two, "{text}");
    }
}

#[test]
fn long_fill_is_skipped() {
    let fill = "0".repeat(1000);
    assert!(huffman(&format!("{fill} 1 {ROW} {fill} 1 {ROW}"), 8, 2).is_ok());
}

#[test]
fn rows_of_another_length_are_refused() {
    assert!(matches!(
        huffman(&format!("{END} {ROW} {END} {ROW}"), 9, 2),
        Err(HuffmanError::RowTooShort {
            row: 0,
            column: 8,
            width: 9,
            ..
        })
    ));
    assert!(matches!(
        huffman(&format!("{END} {ROW} {END} {ROW}"), 7, 2),
        Err(HuffmanError::RowTooLong {
            row: 0,
            column: 5,
            length: 3,
            width: 7,
            ..
        })
    ));
    assert!(matches!(
        huffman(&format!("{ROW} {END} {ROW} {ROW}"), 8, 3),
        Err(HuffmanError::NoEndOfLine { row: 1, .. })
    ));
}

#[test]
fn missing_rows_are_refused() {
    let end_of_page = END.repeat(6);
    assert_eq!(
        huffman(&format!("{END} {ROW} {end_of_page} {ROW}"), 8, 2),
        Err(HuffmanError::EndsEarly {
            offset: 2,
            row: 1,
            column: 0,
            width: 8,
            height: 2
        })
    );
    for text in [
        String::new(),
        ROW.to_string(),
        format!("{ROW} 1000"),
        format!("{ROW} {END}"),
    ] {
        assert!(
            matches!(huffman(&text, 8, 2), Err(HuffmanError::EndsEarly { .. })),
            "{text}"
        );
    }
}

#[test]
fn bits_that_are_no_code_are_named() {
    assert_eq!(
        huffman("1000 00000000 1111 1111 1111 1111", 8, 1),
        Err(HuffmanError::BadCode {
            offset: 0,
            bit: 4,
            row: 0,
            column: 3
        })
    );
}

#[test]
fn long_runs_are_chains_of_make_up_codes() {
    let row = huffman("00110101 000000011111 000000011111 010", 5121, 1).unwrap();
    let ones: u32 = row.iter().map(|byte| byte.count_ones()).sum();
    assert_eq!(ones, 5121);
}

#[test]
fn the_least_size_is_not_above_what_is_needed() {
    // Rows of one white run each, in the fewest bits there are.
    assert!(huffman("0111 0111 0111 0111", 2, 4).is_ok());
    assert!(least_bytes(2, 4) <= 2);
    let widest = format!("{} 00110101", "011000".repeat(100));
    assert!(huffman(&widest, 166_400, 1).is_ok());
    assert!(least_bytes(166_400, 1) <= bits(&widest).len() as u64);
    assert_eq!(least_bytes(usize::MAX, usize::MAX), u64::MAX / 8);
}

#[test]
fn bits_are_set_where_they_belong() {
    for start in 0..32 {
        for length in 0..=32 - start {
            let mut row = [0; 4];
            set_bits(&mut row, start, length);
            let expected = (0..32)
                .filter(|bit| (start..start + length).contains(bit))
                .fold(0_u32, |sum, bit| sum | 1 << (31 - bit));
            assert_eq!(u32::from_be_bytes(row), expected, "{start} {length}");
        }
    }
}
