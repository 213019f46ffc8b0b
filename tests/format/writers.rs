//! Bitmaps as other programs write them, beside the documentation and against it.

use std::fs;

use rot90::rotate;
use serde_json::Value;

use crate::checks::{refused, rotated};
use crate::support::bitmap::runs::Instruction::{EndOfBitmap, EndOfLine, Literal, Run};
use crate::support::bitmap::{Bitmap, Coding, Profile, Recipe, put};
use crate::support::random::Random;
use crate::support::{World, files, fixture, reader, skip};

/// `fixtures/cases` has files with their right results, which no program of ours has made.
#[test]
fn cases_have_their_right_results() {
    let expected = fs::read(fixture("cases/expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let cases = files(&fixture("cases"), ".bmp");
    assert_eq!(cases.len(), expected.as_object().unwrap().len());
    for path in cases {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let expected = &expected[&name];
        let input = fs::read(&path).unwrap();
        let found = rotate(&input).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(expected["width"], found.width, "{name}");
        assert_eq!(expected["height"], found.height, "{name}");
        // As it is read from text, which is not exact to the last bit here.
        let mean: Value = serde_json::from_str(&format!("{:?}", found.mean)).unwrap();
        assert_eq!(expected["mean"], mean, "{name}");
        let numbers = |value: &Value, depth: usize| -> Vec<u8> {
            let mut values = vec![value];
            for _ in 0..depth {
                values = values
                    .into_iter()
                    .flat_map(|value| value.as_array().unwrap())
                    .collect();
            }
            values
                .iter()
                .map(|value| value.as_u64().unwrap() as u8)
                .collect()
        };
        let picture = reader::read(&found.bytes);
        let colours = reader::colours(&found.bytes, &picture);
        let right = numbers(&expected["rotated_rgb_rows_from_the_top"], 3);
        assert_eq!(colours.as_flattened(), right, "{name}: colours");
        let indices = &expected["rotated_indices_from_the_top"];
        if !indices.is_null() {
            assert_eq!(picture.pixels, numbers(indices, 2), "{name}: indices");
        }
        if name == "data-behind-the-pixels.bmp" {
            let tail = reader::read(&input).tail;
            assert!(
                tail.len() == 37 && picture.tail == tail,
                "{name}: {:?}",
                picture.tail
            );
        }
        assert_eq!(picture.file_size as usize, found.bytes.len(), "{name}");
    }
}

/// Run lengths of a random picture whose rows are coded with their padding, and `more` rows.
fn with_padding(
    random: &mut Random,
    bits: u32,
    width: usize,
    height: usize,
    more: usize,
) -> Bitmap {
    let padded = (width * bits as usize).div_ceil(32) * 32 / bits as usize;
    let limit = if bits == 24 {
        0x00ff_ffff
    } else {
        (1 << bits) - 1
    };
    let mut program = Vec::new();
    for row in 0..height + more {
        let mut left = padded;
        while left > 0 {
            // A run or a literal may reach across the end of the row.
            let count = 1 + random.below(left.min(255));
            let value = random.next() as u32;
            if count >= 3 && random.one_in(2) {
                program.push(Literal(
                    (0..count).map(|_| random.next() as u32 & limit).collect(),
                ));
            } else if bits == 4 {
                program.push(Run(count as u8, value & 0xff));
            } else {
                program.push(Run(count as u8, value & limit));
            }
            left -= count;
        }
        if row + 1 < height + more || random.one_in(2) {
            program.push(EndOfLine);
        }
    }
    program.push(EndOfBitmap);
    let name = format!("{bits} bits, {width} × {height} and {more} rows: {program:?}");
    let recipe = Recipe {
        header_bytes: if bits == 24 { 64 } else { 40 },
        coding: Coding::RunLength(program),
        ..Recipe::new(width, height, bits)
    };
    recipe.write(&name, random)
}

#[test]
fn run_lengths_of_padding_are_left_out() {
    let mut random = Random::new(17);
    for bits in [4, 8, 24] {
        for width in 1..=17 {
            for (height, more) in [(1, 0), (5, 0), (3, 1), (2, 4)] {
                rotated(&with_padding(&mut random, bits, width, height, more));
            }
        }
        rotated(&with_padding(&mut random, bits, 1001, 20, 0));
    }
}

/// What lacks pixels stays an error, whatever stands behind its rows.
#[test]
fn padding_is_no_pixel() {
    let mut recipe = Recipe::new(5, 3, 8);
    recipe.coding = Coding::RunLength(Vec::new());
    // Eight pixels a row, of two rows; then nothing.
    refused(&recipe.around(&[8, 1, 0, 0, 8, 1, 0, 0]), "truncated");
    refused(&recipe.around(&[8, 1, 0, 0, 8, 1]), "truncated");
}

/// A palette that stands behind the headers, though the offset to the pixels leaves it out.
#[test]
fn a_palette_that_the_offset_leaves_out() {
    let mut random = Random::new(18);
    for bits in [1, 2, 4, 8] {
        for header_bytes in [12, 40, 52, 56, 64, 108, 124] {
            for top_down in [false, true] {
                let mut recipe = Recipe::new(23, 9, bits);
                recipe.header_bytes = header_bytes;
                recipe.top_down = top_down && header_bytes != 12 && header_bytes != 64;
                let name = format!("{bits} bits behind {header_bytes} bytes");
                let bitmap = recipe.write(&name, &mut random);
                let right = rotated(&bitmap);
                for offset in [14 + header_bytes as u32, 14 + header_bytes as u32 - 1, 0] {
                    let mut bytes = bitmap.bytes.clone();
                    put(&mut bytes, 10, offset);
                    let found = rotate(&bytes);
                    if offset == 14 + header_bytes as u32 - 1 {
                        // That is no offset at all.
                        assert!(
                            found.is_err() || found.unwrap().bytes == right.bytes,
                            "{name}"
                        );
                        continue;
                    }
                    let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
                    assert!(found.bytes == right.bytes, "{name}, offset {offset}");
                    assert_eq!(found.mean.to_bits(), right.mean.to_bits(), "{name}");
                }
            }
        }
    }
}

/// A short palette, of which the header says how long it is.
#[test]
fn a_short_palette_that_the_offset_leaves_out() {
    for (bits, colours) in [(8, 100), (8, 1), (4, 5), (2, 3)] {
        let mut recipe = Recipe::new(23, 9, bits);
        recipe.palette.truncate(colours);
        recipe.colours_used = colours as u32;
        let bitmap = recipe.write(&format!("{colours} colours"), &mut Random::new(19));
        let right = rotated(&bitmap);
        let mut bytes = bitmap.bytes.clone();
        put(&mut bytes, 10, 54);
        assert!(
            rotate(&bytes).unwrap().bytes == right.bytes,
            "{bits} bits, {colours} colours"
        );
    }
}

/// Where the file has no room for one, there is no palette: indices are all black, and stay.
#[test]
fn a_palette_that_is_not_there() {
    for bits in [1, 4, 8] {
        let mut recipe = Recipe::new(23, 9, bits);
        recipe.palette.clear();
        recipe.colours_used = 0;
        let bitmap = recipe.write(
            &format!("{bits} bits without a palette"),
            &mut Random::new(20),
        );
        let found = rotated(&bitmap);
        assert_eq!(found.mean.to_bits(), 0_f64.to_bits());
    }
}

/// OS/2 2.x headers with palette entries of three bytes, as the offset shows.
#[test]
fn palettes_of_three_bytes_behind_headers_of_os2() {
    for bits in [1, 2, 4, 8] {
        for header_bytes in [16, 20, 36, 48, 64] {
            let mut recipe = Recipe::new(23, 9, bits);
            recipe.header_bytes = header_bytes;
            let name = format!("{bits} bits behind {header_bytes} bytes");
            let mut bitmap = recipe.write(&name, &mut Random::new(21));
            let begin = 14 + header_bytes;
            let end = begin + (4 << bits);
            let entries: Vec<u8> = bitmap.bytes[begin..end]
                .chunks(4)
                .flat_map(|entry| &entry[..3])
                .copied()
                .collect();
            bitmap.bytes.splice(begin..end, entries);
            let (size, offset) = (bitmap.bytes.len(), begin + (3 << bits));
            put(&mut bitmap.bytes, 2, size as u32);
            put(&mut bitmap.bytes, 10, offset as u32);
            let first = rotated(&bitmap);
            let mut last = first.clone();
            for _ in 0..4 {
                last = rotate(&last.bytes).unwrap();
            }
            assert!(last.bytes == first.bytes, "{name}");
        }
    }
}

#[test]
fn masks_without_a_bit_count_as_absent() {
    for bits in [16, 32] {
        for header_bytes in [40, 52, 56, 108, 124] {
            let mut recipe = Recipe::new(23, 9, bits);
            recipe.header_bytes = header_bytes;
            recipe.masks = Some([0; 4]);
            let name = format!("{bits} bits, masks of nothing, {header_bytes}");
            let found = rotated(&recipe.write(&name, &mut Random::new(22)));
            assert!(found.mean > 100.0, "{name}: {}", found.mean);
        }
    }
}

/// What follows the pixels is carried over behind those of the output.
#[test]
fn what_lies_behind_the_pixels_is_carried_over() {
    let mut random = Random::new(23);
    for bits in [1, 4, 8, 16, 24, 32, 64] {
        for (header_bytes, gap, gap_after) in
            [(40, 0, 37), (40, 11, 100_000), (108, 5, 1), (124, 0, 4096)]
        {
            let mut recipe = Recipe::new(23, 9, bits);
            (recipe.header_bytes, recipe.gap, recipe.gap_after) = (header_bytes, gap, gap_after);
            let bitmap = recipe.write(
                &format!("{bits} bits, {gap_after} bytes behind"),
                &mut random,
            );
            let found = rotated(&bitmap);
            assert!(
                found.left_out.is_empty(),
                "{}: {:?}",
                bitmap.name,
                found.left_out
            );
            let (before, after) = (reader::read(&bitmap.bytes), reader::read(&found.bytes));
            assert_eq!(before.tail.len(), gap_after);
            assert!(before.tail == after.tail, "{}", bitmap.name);
            assert!(before.rest == after.rest, "{}: the gap", bitmap.name);
        }
    }
}

/// A profile that does not stand right behind the pixels, with other things around it.
#[test]
fn a_profile_among_other_data_is_found_again() {
    let mut random = Random::new(24);
    for (width, height) in [(23, 9), (9, 23), (1, 40)] {
        let mut recipe = Recipe::new(width, height, 24);
        recipe.header_bytes = 124;
        recipe.gap_after = 33;
        let profile = random.bytes(600);
        recipe.profile = Profile::Embedded(profile.clone());
        let mut bitmap = recipe.write("a profile among other data", &mut random);
        bitmap.bytes.extend(b"and this");
        let size = bitmap.bytes.len() as u32;
        put(&mut bitmap.bytes, 2, size);
        let found = rotated(&bitmap);
        let at = u32::from_le_bytes(*found.bytes[126..].first_chunk().unwrap()) as usize + 14;
        assert!(found.bytes[at..at + 600] == profile);
        assert!(reader::read(&found.bytes).tail == reader::read(&bitmap.bytes).tail);
    }
}

#[test]
fn what_is_left_out_is_told_with_numbers() {
    let world = World::new();
    let mut recipe = Recipe::new(23, 9, 24);
    recipe.array = Some(2);
    let array = recipe.write("an array", &mut Random::new(25));
    world.write("array.bmp", &array.bytes);
    let mut recipe = Recipe::new(23, 9, 24);
    recipe.gap = 5_000_000;
    world.write("gap.bmp", recipe.write("a gap", &mut Random::new(26)).bytes);
    world.write(
        "good.bmp",
        Recipe::new(23, 9, 24).write("", &mut Random::new(27)).bytes,
    );
    let ran = world.rot90(["*.bmp"]).go().exit(0);
    let line = |name: &str| {
        let begin = format!("rot90: {name}: ");
        ran.stderr
            .lines()
            .find(|line| line.starts_with(&begin))
            .map(str::to_owned)
    };
    let told = |name| line(name).unwrap_or_else(|| panic!("no word of {name}\n{}", ran.told()));
    let other = "not kept: the other pictures of the bitmap array (";
    assert!(told("array.bmp").contains(other), "{}", ran.told());
    let gap = "not kept: 5000000 bytes between the headers and the pixels";
    assert!(told("gap.bmp").contains(gap), "{}", ran.told());
    assert_eq!(line("good.bmp"), None, "{}", ran.told());
    for name in ["array", "gap"] {
        let found = reader::read(&world.read(format!("{name}_rot90.bmp")));
        assert_eq!((found.width, found.height), (9, 23));
    }
}

/// `ImageMagick` codes 8-bit pictures by run lengths unless told otherwise, padding included.
#[test]
fn what_imagemagick_writes() {
    const TEST: &str = "what_imagemagick_writes";
    let world = World::new();
    let program = ["magick", "convert"]
        .into_iter()
        .find(|program| world.run(program, ["-version"]).try_go().is_some());
    let Some(program) = program else {
        return skip(TEST, "there is no ImageMagick");
    };
    for width in 1..=5 {
        for bits in [1, 4, 8, 24] {
            let picture = crate::support::bitmap::noise(bits, width, 7);
            world.write("plain.bmp", &picture.bytes);
            for version in ["bmp", "bmp3"] {
                let to = format!("{version}:a.bmp");
                world
                    .run(program, ["plain.bmp", "-compress", "RLE", &to])
                    .go()
                    .exit(0);
                world.rot90(["a.bmp"]).go().exit(0);
                let output = world.read("a_rot90.bmp");
                let found = reader::colours(&output, &reader::read(&output));
                let name = format!("{version}, {bits} bits, {width} wide");
                assert!(found == picture.rotated().colours(), "{name}");
                // It reads its own last row wrongly, but ours rightly.
                let read = world
                    .run(program, ["bmp:a_rot90.bmp", "-depth", "8", "rgb:-"])
                    .go()
                    .exit(0);
                assert!(read.stdout == found.as_flattened(), "{name}: read by it");
            }
        }
    }
}
