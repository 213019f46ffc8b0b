//! Bitmaps at random, and one of every kind.

use super::super::random::Random;
use super::fax::{Ends, Options};
use super::runs::{Holes, Instruction, valid_program};
use super::{Bitmap, Coding, PngColour, Profile, Recipe, Size, ramp};

/// A bitmap of any kind: the same from the same seed.
pub(crate) fn bitmap(seed: u64) -> Bitmap {
    let mut random = Random::new(seed);
    let [width, height] = [0, 1].map(|_| {
        let most = if random.one_in(10) { 300 } else { 40 };
        1 + random.below(most)
    });
    let kind = random.below(12);
    let recipe = match kind {
        0..6 => uncompressed(&mut random, width, height),
        6 => with_masks(&mut random, width, height),
        7 => run_length(&mut random, width, height, 4),
        8 => run_length(&mut random, width, height, 8),
        9 => run_length(&mut random, width, height, 24),
        10 => huffman(&mut random, width, height),
        _ => embedded(&mut random, width, height),
    };
    let recipe = with_oddities(recipe, &mut random);
    let name = format!(
        "seed {seed}: {width} × {height}, {} bits, header of {} bytes, {}",
        recipe.bits_per_pixel,
        recipe.header_bytes,
        match &recipe.coding {
            Coding::RunLength(_) => "run lengths".to_string(),
            other => format!("{other:?}"),
        },
    );
    recipe.write(&name, &mut random)
}

fn uncompressed(random: &mut Random, width: usize, height: usize) -> Recipe {
    let bits = random.pick(&[1, 2, 4, 8, 16, 24, 32, 64]);
    let mut recipe = Recipe::new(width, height, bits);
    recipe.header_bytes = match random.below(10) {
        0 | 1 if bits != 16 && bits != 32 && bits != 64 => 12,
        2 | 3 if bits != 16 && bits != 32 && bits != 64 => 16 + random.below(49),
        4 => random.pick(&[52, 56]),
        5 => 108,
        6 | 7 => 124,
        _ => 40,
    };
    recipe.top_down = matches!(recipe.header_bytes, 40 | 108 | 124) && random.one_in(3);
    recipe
}

fn with_masks(random: &mut Random, width: usize, height: usize) -> Recipe {
    let bits = random.pick(&[16, 32]);
    let mut recipe = Recipe::new(width, height, bits);
    recipe.header_bytes = random.pick(&[40, 40, 52, 56, 108, 124]);
    recipe.alpha_bit_fields = recipe.header_bytes == 40 && random.one_in(2);
    let alpha = match recipe.header_bytes {
        40 => recipe.alpha_bit_fields,
        52 => false,
        _ => random.one_in(2),
    };
    recipe.masks = Some(masks(random, bits, alpha));
    recipe.top_down = random.one_in(3);
    recipe
}

/// Masks of random widths in random order, with gaps between.
fn masks(random: &mut Random, bits: u32, alpha: bool) -> [u32; 4] {
    let channels = if alpha { 4 } else { 3 };
    let mut order = [0, 1, 2, 3];
    for i in (1..channels).rev() {
        order.swap(i, random.below(i + 1));
    }
    let mut masks = [0; 4];
    let mut shift = 0;
    for (i, &channel) in order[..channels].iter().enumerate() {
        // Leave a bit at least for each of those that follow.
        let free = bits - shift - (channels - 1 - i) as u32;
        let gap = random.below(free as usize).min(random.below(4)) as u32;
        let width = (1 + random.below((free - gap) as usize) as u32).min(18);
        masks[channel] = (((1_u64 << width) - 1) << (shift + gap)) as u32;
        shift += gap + width;
    }
    masks
}

fn run_length(random: &mut Random, width: usize, height: usize, bits: u32) -> Recipe {
    let mut recipe = Recipe::new(width, height, bits);
    let holes = random.pick(&[Holes::None, Holes::Some]);
    recipe.coding = Coding::RunLength(valid_program(random, bits, width, height, holes));
    recipe.header_bytes = match bits {
        24 => random.pick(&[40, 64, 44]),
        _ => random.pick(&[40, 40, 64, 20, 37, 108, 124]),
    };
    recipe
}

fn huffman(random: &mut Random, width: usize, height: usize) -> Recipe {
    let wide = random.one_in(5);
    let mut recipe = Recipe::new(if wide { width * 20 } else { width }, height, 1);
    recipe.coding = Coding::Huffman(Options {
        ends: random.pick(&[Ends::Before, Ends::Between, Ends::Nowhere]),
        fill: random.one_in(3),
        end_of_page: random.one_in(2),
    });
    recipe.header_bytes = random.pick(&[40, 64, 48, 20]);
    recipe
}

fn embedded(random: &mut Random, width: usize, height: usize) -> Recipe {
    let mut recipe = Recipe::new(width, height, 24);
    recipe.header_bytes = random.pick(&[40, 108, 124]);
    recipe.coding = if random.one_in(2) {
        Coding::Jpeg(50 + random.below(51) as u8)
    } else {
        Coding::Png(random.pick(&PNG_COLOURS))
    };
    recipe
}

const PNG_COLOURS: [PngColour; 7] = [
    PngColour::Grey8,
    PngColour::GreyAlpha8,
    PngColour::Rgb8,
    PngColour::Rgba8,
    PngColour::Grey16,
    PngColour::Rgb16,
    PngColour::Rgba16,
];

/// Whatever else may differ without making a bitmap unreadable.
fn with_oddities(recipe: Recipe, random: &mut Random) -> Recipe {
    let mut recipe = recipe;
    let says_colours = recipe.header_bytes >= 36;
    if recipe.bits_per_pixel <= 8 {
        let full = 1 << recipe.bits_per_pixel;
        let entries = match random.below(8) {
            // Too long a palette shows in the field or in where the pixels begin.
            0 => full + 1 + random.below(60),
            1 => 1,
            2 => 1 + random.below(full),
            _ => full,
        };
        // In an OS/2 header that has no field for it, three quarters of a palette are a whole one
        // with entries of three bytes.
        let entries = if entries * 4 == full * 3 && !says_colours {
            full
        } else {
            entries
        };
        recipe.palette = ramp(entries);
        recipe.colours_used = match entries {
            entries if entries == full && random.one_in(2) => 0,
            entries => entries as u32,
        };
    } else if says_colours && recipe.bits_per_pixel <= 32 && random.one_in(8) {
        // A palette at these depths is a suggestion.
        recipe.palette = ramp(1 + random.below(300));
        recipe.colours_used = recipe.palette.len() as u32;
    }
    // Where the header cannot say how long the palette is, nothing may stand between it and the
    // pixels but the whole of it.
    let whole_palette = recipe.palette.len() >= 1 << recipe.bits_per_pixel.min(16);
    if random.one_in(5) && (says_colours || whole_palette || recipe.bits_per_pixel > 8) {
        recipe.gap = random.below(200);
    }
    // Where run lengths have no end mark, the header has to say where they end.
    let ends = match &recipe.coding {
        Coding::RunLength(program) => program.last() == Some(&Instruction::EndOfBitmap),
        _ => true,
    };
    if random.one_in(5) && (ends || recipe.header_bytes >= 24) {
        recipe.gap_after = random.below(100);
    }
    if random.one_in(6) {
        recipe.hotspot = (random.next() as u16, random.next() as u16);
    }
    recipe.file_size = match random.below(8) {
        0 => Size::Zero,
        1 => Size::Headers,
        2 => Size::Wrong(random.next() as u32),
        _ => Size::Right,
    };
    recipe.image_size = match (&recipe.coding, random.below(4)) {
        (Coding::Uncompressed, 0) => Size::Zero,
        (Coding::Uncompressed, 1) => Size::Wrong(random.next() as u32),
        _ => Size::Right,
    };
    if random.one_in(10) {
        recipe.resolution = (random.next() as u32, random.next() as u32);
    }
    if random.one_in(20) {
        recipe.planes = random.next() as u16;
    }
    recipe.padding = random.pick(&[0, 0xff, 0x69]);
    if recipe.header_bytes == 124 {
        recipe.profile = match random.below(4) {
            0 => Profile::Embedded(random.bytes(500)),
            1 => Profile::Linked(b"C:\\colour\\test\x95\xeb.icc".to_vec()),
            _ => Profile::None,
        };
    }
    if matches!(recipe.profile, Profile::None) && ends && random.one_in(12) {
        recipe.array = Some(random.below(3));
    }
    recipe
}

/// One of each kind that the bitmap suite 2.8 has and its older releases lack, and of the kinds
/// beside it that no file of the suite shows.
pub(crate) fn gallery() -> Vec<Bitmap> {
    let mut random = Random::new(28);
    let (width, height) = (127, 64);
    let mut all: Vec<(String, Recipe)> = Vec::new();
    let new = |bits| Recipe::new(width, height, bits);

    let mut recipe = new(2);
    recipe.palette = vec![[0, 0, 0], [255, 0, 0], [0, 0, 255], [255, 255, 0]];
    all.push(("2 bits in colour".into(), recipe));
    let mut recipe = new(2);
    recipe.palette = vec![[255, 0, 0], [0, 128, 255]];
    recipe.colours_used = 2;
    all.push(("2 bits in two colours".into(), recipe));

    for bits in [4, 8] {
        let mut recipe = new(bits);
        recipe.palette = (0..1 << bits).map(|i| [(i * 17) as u8; 3]).collect();
        all.push((format!("{bits} bits in grey"), recipe));
    }
    for bits in [4, 8, 24] {
        for holes in [Holes::None, Holes::Some] {
            let mut recipe = new(bits);
            let mut program = valid_program(&mut random, bits, width, height, holes);
            if program.last() != Some(&Instruction::EndOfBitmap) {
                program.push(Instruction::EndOfBitmap);
            }
            recipe.coding = Coding::RunLength(program);
            recipe.header_bytes = if bits == 24 { 64 } else { 40 };
            all.push((format!("{bits}-bit run lengths, holes: {holes:?}"), recipe));
        }
        let mut recipe = new(bits);
        let mut program = valid_program(&mut random, bits, width, height, Holes::None);
        program.retain(|instruction| *instruction != Instruction::EndOfBitmap);
        recipe.coding = Coding::RunLength(program);
        recipe.header_bytes = if bits == 24 { 64 } else { 40 };
        all.push((
            format!("{bits}-bit run lengths without an end mark"),
            recipe.clone(),
        ));
        // Not allowed; every pixel is there.
        recipe.top_down = true;
        all.push((format!("{bits}-bit run lengths, top-down"), recipe));
    }
    for (ends, fill, end_of_page) in [
        (Ends::Between, true, false),
        (Ends::Before, true, true),
        (Ends::Nowhere, false, true),
    ] {
        let mut recipe = new(1);
        recipe.header_bytes = 40;
        recipe.coding = Coding::Huffman(Options {
            ends,
            fill,
            end_of_page,
        });
        all.push((
            format!("Huffman 1D, {ends:?}, fill: {fill}, end of page: {end_of_page}"),
            recipe,
        ));
    }
    for ends in [Ends::Before, Ends::Nowhere] {
        let mut recipe = new(1);
        recipe.palette = vec![[255; 3], [0; 3]];
        recipe.header_bytes = 64;
        recipe.file_size = Size::Headers;
        recipe.coding = Coding::Huffman(Options {
            ends,
            ..Options::COMMON
        });
        all.push((format!("Huffman 1D, ends of line: {ends:?}"), recipe));
    }
    for (bits, header_bytes, masks) in [
        (16, 40, [0x7c00, 0x03e0, 0x001f, 0]),
        (16, 40, [0xf800, 0x07e0, 0x001f, 0]),
        (16, 40, [0x0f00, 0x00f0, 0x000f, 0]),
        (16, 108, [0x001f, 0x07e0, 0xf800, 0]),
        (16, 40, [0x0038, 0xffc0, 0x0007, 0]),
        (16, 40, [0x0030, 0x000e, 0x0001, 0]),
        (16, 40, [0xff00, 0x00ff, 0, 0]),
        (16, 124, [0x7c00, 0x03e0, 0x001f, 0x8000]),
        (16, 124, [0x0800, 0x01ff, 0x0600, 0xf000]),
        (32, 40, [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0]),
        (32, 40, [0xfe00_0000, 0x01ff_ff80, 0x0000_007f, 0]),
        (32, 40, [0xffe0_0000, 0x001f_fc00, 0x0000_03ff, 0]),
        (32, 52, [0xff00_0000, 0x0000_ff00, 0x0000_00ff, 0]),
        (32, 56, [0xff00_0000, 0x0000_ff00, 0x0000_00ff, 0x00ff_0000]),
        (
            32,
            108,
            [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0xff00_0000],
        ),
        (32, 124, [0xff00_0000, 0x00ff_0000, 0x0000_ff00, 0]),
        (
            32,
            124,
            [0x3ff0_0000, 0x000f_fc00, 0x0000_03ff, 0xc000_0000],
        ),
        (
            32,
            124,
            [0x0000_ff00, 0x0fff_0000, 0x0000_00ff, 0xf000_0000],
        ),
        (
            32,
            124,
            [0x0fc0_0000, 0x003f_ffe0, 0x0000_001f, 0xf000_0000],
        ),
    ] {
        let mut recipe = new(bits);
        recipe.header_bytes = header_bytes;
        recipe.masks = Some(masks);
        all.push((format!("{bits} bits with masks {masks:08x?}"), recipe));
    }
    let mut recipe = new(32);
    recipe.masks = Some([0xff00_0000, 0x0000_ff00, 0x0000_00ff, 0x00ff_0000]);
    recipe.alpha_bit_fields = true;
    all.push(("BI_ALPHABITFIELDS".into(), recipe));
    let mut recipe = new(16);
    recipe.masks = Some([0x7c00, 0x03e0, 0x001f, 0x8000]);
    recipe.alpha_bit_fields = true;
    all.push(("BI_ALPHABITFIELDS, 16 bits".into(), recipe));
    for bits in [1, 2, 4, 8, 16, 24, 32, 64] {
        let mut recipe = new(bits);
        recipe.top_down = true;
        all.push((format!("top-down, {bits} bits"), recipe));
    }
    for planes in [0, 3] {
        let mut recipe = new(24);
        recipe.planes = planes;
        all.push((format!("{planes} planes"), recipe));
    }

    for bits in [16, 32, 64] {
        all.push((format!("{bits} bits without masks"), new(bits)));
    }

    for header_bytes in 16..=64 {
        for bits in [1, 2, 4, 8, 24] {
            let mut recipe = new(bits);
            recipe.header_bytes = header_bytes;
            all.push((
                format!("a header of {header_bytes} bytes, {bits} bits"),
                recipe,
            ));
        }
    }
    for header_bytes in [12, 40, 64] {
        let mut recipe = new(8);
        recipe.header_bytes = header_bytes;
        recipe.file_size = Size::Headers;
        all.push((
            format!("the headers' size, of {header_bytes} bytes, for the file's"),
            recipe,
        ));
    }
    let mut recipe = new(8);
    recipe.header_bytes = 12;
    recipe.hotspot = (21, 16);
    all.push(("a hotspot".into(), recipe));

    for (bits, entries, header_bytes) in [
        (1, 1, 40),
        (8, 300, 40),
        (24, 300, 40),
        (16, 9, 40),
        (32, 256, 108),
        (8, 252, 12),
        (4, 5, 16),
        (2, 7, 40),
    ] {
        let mut recipe = new(bits);
        recipe.header_bytes = header_bytes;
        recipe.palette = ramp(entries);
        recipe.colours_used = entries as u32;
        all.push((format!("{entries} palette entries at {bits} bits"), recipe));
    }
    for more in [0, 2] {
        for header_bytes in [12, 40, 64] {
            let mut recipe = new(8);
            recipe.header_bytes = header_bytes;
            recipe.array = Some(more);
            all.push((
                format!(
                    "an array of {} with headers of {header_bytes} bytes",
                    more + 1
                ),
                recipe,
            ));
        }
    }
    for profile in [
        Profile::Embedded(random.bytes(3000)),
        Profile::Linked(b"C:\\colour\\test\x95\xeb.icc".to_vec()),
    ] {
        let mut recipe = new(24);
        recipe.header_bytes = 124;
        recipe.gap_after = 10;
        let name = format!("{profile:.12?}");
        recipe.profile = profile;
        all.push((name, recipe));
    }
    let mut codings: Vec<Coding> = PNG_COLOURS.map(Coding::Png).to_vec();
    codings.push(Coding::Jpeg(90));
    for coding in codings {
        let mut recipe = new(24);
        recipe.header_bytes = 124;
        let name = format!("embedded {coding:?}");
        recipe.coding = coding;
        all.push((name, recipe));
    }
    all.iter()
        .map(|(name, recipe)| recipe.write(name, &mut random))
        .collect()
}
