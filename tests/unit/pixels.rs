use super::{Pixels, rotate_pixels};
use crate::error::PixelsError;

/// Every pixel size, in rows that go up, go down or stand still, into a part of a picture.
#[test]
fn strides_may_be_negative_or_zero_and_gaps_stay_as_they_are() {
    let bytes: Vec<u8> = (0..60_000_u32)
        .map(|at| (at * 7 + at / 251) as u8)
        .collect();
    for pixel_bytes in 1..=16 {
        for (width, height) in [(1, 1), (1, 70), (70, 1), (3, 2), (17, 33), (40, 35)] {
            if cfg!(miri) && width * height > 100 {
                continue;
            }
            let row_bytes = width * pixel_bytes;
            let downwards = (row_bytes + 5) as isize;
            for row_stride in [downwards, -downwards, 0, row_bytes as isize, -1] {
                let offset = if row_stride < 0 { 50_000 } else { 13 };
                let input = Pixels {
                    offset,
                    row_stride,
                    ..Pixels::packed(&bytes, width, height, pixel_bytes)
                };
                let output_stride = height * pixel_bytes + 3;
                let mut output = vec![0xEE; width * output_stride];
                let mut expected = output.clone();
                for row in 0..height {
                    for column in 0..width {
                        let from = offset as isize + row as isize * row_stride;
                        let from = from as usize + column * pixel_bytes;
                        let to = column * output_stride + (height - 1 - row) * pixel_bytes;
                        expected[to..][..pixel_bytes]
                            .copy_from_slice(&bytes[from..][..pixel_bytes]);
                    }
                }
                // The last row has no gap behind it.
                let end = output.len() - 3;
                rotate_pixels(&input, &mut output[..end], output_stride).unwrap();
                assert!(output == expected, "{width} x {height} {input:?}");
            }
        }
    }
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let bytes = [1; 24];
    let good = Pixels::packed(&bytes, 4, 2, 3);
    let mut output = [0; 24];
    let mut refused = |input: Pixels<'_>, len: usize, stride: usize| {
        let error = rotate_pixels(&input, &mut output[..len], stride).unwrap_err();
        assert_eq!(output, [0; 24], "{error}");
        error
    };
    for pixel_bytes in [0, 17, usize::MAX] {
        let input = Pixels {
            pixel_bytes,
            ..good
        };
        assert_eq!(refused(input, 24, 6), PixelsError::PixelBytes(pixel_bytes));
    }
    let mut bad_input = |input| {
        let error = refused(input, 24, 6);
        assert!(matches!(error, PixelsError::Input(_)), "{error}");
    };
    for row_stride in [13, -1, isize::MAX, isize::MIN] {
        bad_input(Pixels { row_stride, ..good });
    }
    for offset in [1, 25, usize::MAX] {
        bad_input(Pixels { offset, ..good });
    }
    bad_input(Pixels {
        offset: 11,
        row_stride: -12,
        ..good
    });
    for size in [5, usize::MAX / 2, usize::MAX] {
        bad_input(Pixels {
            width: size,
            ..good
        });
        bad_input(Pixels {
            height: size,
            ..good
        });
    }
    bad_input(Pixels::packed(&bytes, usize::MAX, 1, 16));
    for stride in [0, 5] {
        let error = refused(good, 24, stride);
        assert!(matches!(error, PixelsError::Output(_)), "{error}");
    }
    for (len, stride) in [(23, 6), (0, 6), (24, 7), (24, usize::MAX)] {
        let error = refused(good, len, stride);
        assert!(matches!(error, PixelsError::Output(_)), "{error}");
    }
    // As high as rows may be that stand still.
    let input = Pixels {
        height: usize::MAX,
        row_stride: 0,
        ..good
    };
    let error = refused(input, 24, usize::MAX);
    assert!(matches!(error, PixelsError::Output(_)), "{error}");
}

#[test]
fn columns_and_empty_pictures() {
    let pixels = Pixels::packed(b"abcdef", 3, 2, 1);
    #[allow(clippy::reversed_empty_ranges)]
    for columns in [0..4, 2..1, usize::MAX..usize::MAX, 4..4] {
        assert!(pixels.columns(columns).is_err());
    }
    let none = pixels.columns(3..3).unwrap();
    assert_eq!(rotate_pixels(&none, &mut [], 2), Ok(()));
    let none = Pixels::packed(&[], 5, 0, 3);
    assert_eq!(rotate_pixels(&none, &mut [], 0), Ok(()));
    // One row may be said to be any distance from the next.
    for row_stride in [isize::MIN, isize::MAX] {
        let row = Pixels {
            height: 1,
            row_stride,
            ..pixels
        };
        let mut output = [0; 3];
        rotate_pixels(&row, &mut output, 1).unwrap();
        assert_eq!(&output, b"abc");
    }
}
