# /// script
# requires-python = ">=3.10"
# dependencies = []
# ///
"""Writes fixtures/hand: a small bitmap of each kind, put together field by field.

    python scripts/hand.py

Everything is fixed, so the files come out the same every time. `scripts/golden.py` makes what
they must be rotated into.
"""

import random
import struct
from pathlib import Path

HAND = Path(__file__).resolve().parent.parent / "fixtures" / "hand"

BI_RGB, BI_BITFIELDS, BI_ALPHABITFIELDS = 0, 3, 6
# Pixels per metre, across and down: different, so that a change of places shows.
RESOLUTION = (2835, 5906)
PROFILE_EMBEDDED = int.from_bytes(b"DEBM", "little")
PROFILE_LINKED = int.from_bytes(b"KNIL", "little")


def bitmap(
    name,
    header,
    depth,
    size=(11, 7),
    *,
    compression=BI_RGB,
    masks=(),
    entries=None,
    palette_after_masks=(),
    top_down=False,
    gap=b"",
    profile=None,
    linked=False,
    indices=None,
    file_size=None,
    image_size=None,
    dirty=False,
):
    """Writes one bitmap.

    entries: palette entries (default: as many as the depth can name); indices: how many values
    the pixels take; gap: bytes between headers and pixels; dirty: padding that is not zero.
    """
    noise = random.Random(name)
    width, height = size
    stride = (width * depth + 31) // 32 * 4
    row_bits = width * depth

    palette = b""
    if depth <= 8:
        entries = 1 << depth if entries is None else entries
        for _ in range(entries):
            colour = bytes(noise.randrange(256) for _ in range(3))
            palette += colour if header == 12 else colour + b"\0"
    for colour in palette_after_masks:
        palette += bytes(colour) + b"\0"

    rows = []
    for _ in range(height):
        bits = 0
        for _ in range(width):
            if indices:
                value = noise.randrange(indices)
            else:
                value = noise.getrandbits(depth)
            if depth <= 8:
                bits = bits << depth | value
            else:
                bits = bits << depth | int.from_bytes(value.to_bytes(depth // 8, "little"), "big")
        padding = stride * 8 - row_bits
        bits = bits << padding | (noise.getrandbits(padding) if dirty and padding else 0)
        rows.append(bits.to_bytes(stride, "big"))
    pixels = b"".join(rows)

    masks_inside = header >= 52 and header != 64
    after = b""
    if compression in (BI_BITFIELDS, BI_ALPHABITFIELDS) and not masks_inside:
        after = struct.pack(f"<{len(masks)}I", *masks)
    offset = 14 + header + len(after) + len(palette) + len(gap)

    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, depth)
    else:
        colours = entries if depth <= 8 and entries != 1 << depth else len(palette_after_masks)
        fields = struct.pack(
            "<IiiHHIIiiII",
            header,
            width,
            -height if top_down else height,
            1,
            depth,
            compression,
            len(pixels) if image_size is None else image_size,
            *RESOLUTION,
            colours,
            0,
        )
        if masks_inside:
            four = tuple(masks) + (0,) * (4 - len(masks))
            fields += struct.pack("<4I", *four)
        if header == 64:
            # units, reserved, recording, rendering, two sizes, colour encoding, identifier.
            fields += struct.pack("<HHHHIIII", 0, 0, 0, 0, 0, 0, 0, 0x51)
        if header == 124 and profile is not None:
            space = PROFILE_LINKED if linked else PROFILE_EMBEDDED
            fields = fields.ljust(56, b"\0")[:56] + struct.pack("<I", space)
            fields = fields.ljust(108, b"\0")
            fields += struct.pack("<IIII", 4, offset - 14 + len(pixels), len(profile), 0)
        elif header in (108, 124):
            # LCS_sRGB.
            fields = fields.ljust(56, b"\0")[:56] + struct.pack("<I", 0x73524742)
            fields = fields.ljust(header, b"\0")
        info = fields[:header]
    assert len(info) == header, (name, len(info))

    tail = profile or b""
    total = offset + len(pixels) + len(tail)
    head = b"BM" + struct.pack("<IHHI", total if file_size is None else file_size, 0, 0, offset)
    data = head + info + after + palette + gap + pixels + tail
    assert len(data) == total, name
    (HAND / f"{name}.bmp").write_bytes(data)


def main():
    HAND.mkdir(parents=True, exist_ok=True)
    for old in HAND.glob("*.bmp"):
        old.unlink()

    # Every header version, with the depths that it goes with.
    for depth in (1, 4, 8, 24):
        bitmap(f"v12-{depth}", 12, depth)
    for depth in (8, 24):
        bitmap(f"v16-{depth}", 16, depth)
    for depth in (1, 2, 4, 8, 16, 24, 32, 64):
        bitmap(f"v40-{depth}", 40, depth)
        bitmap(f"v40-{depth}-top-down", 40, depth, top_down=True)
    rgb565 = (0xF800, 0x07E0, 0x001F)
    deep = (0x3FF00000, 0x000FFC00, 0x000003FF)
    bgra = (0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000)
    rgba = (0xFF000000, 0x00FF0000, 0x0000FF00, 0x000000FF)
    bitmap("v40-16-565", 40, 16, compression=BI_BITFIELDS, masks=rgb565)
    bitmap("v40-32-101010", 40, 32, compression=BI_BITFIELDS, masks=deep)
    bitmap("v40-32-alpha", 40, 32, compression=BI_ALPHABITFIELDS, masks=rgba)
    bitmap("v52-32", 52, 32, compression=BI_BITFIELDS, masks=bgra[:3])
    bitmap("v56-32", 56, 32, compression=BI_BITFIELDS, masks=bgra)
    bitmap("v56-16-4444", 56, 16, compression=BI_BITFIELDS, masks=(0x0F00, 0x00F0, 0x000F, 0xF000))
    bitmap("v64-8", 64, 8)
    bitmap("v64-24", 64, 24)
    bitmap("v108-8", 108, 8)
    bitmap("v108-32", 108, 32, compression=BI_BITFIELDS, masks=bgra)
    bitmap("v124-1", 124, 1)
    bitmap("v124-24", 124, 24)
    bitmap("v124-32-top-down", 124, 32, compression=BI_BITFIELDS, masks=bgra, top_down=True)

    # Colour profiles.
    profile = bytes(random.Random("profile").randrange(256) for _ in range(129))
    bitmap("profile-embedded", 124, 24, profile=profile)
    bitmap("profile-embedded-8", 124, 8, profile=profile)
    bitmap("profile-linked", 124, 24, profile=b"C:\\profiles\\scanner.icc\0", linked=True)

    # Palettes shorter than the depth allows; the second has pixels that name no entry.
    bitmap("short-palette-8", 40, 8, entries=5, indices=5)
    bitmap("short-palette-8-beyond", 40, 8, entries=5, indices=9)
    bitmap("short-palette-4", 40, 4, entries=3, indices=3)
    bitmap("short-palette-1", 40, 1, entries=1, indices=2)
    # A palette that is only a suggestion.
    bitmap("palette-24", 40, 24, palette_after_masks=[(1, 2, 3), (250, 128, 4)])

    # Room between headers and pixels.
    bitmap("gap-8", 40, 8, gap=b"there is room here")
    bitmap("gap-24", 40, 24, gap=b"there is room here, too")

    # Fields that many writers get wrong.
    bitmap("file-size-zero", 40, 24, file_size=0)
    bitmap("file-size-wrong", 40, 8, file_size=77)
    bitmap("image-size-zero", 40, 24, image_size=0)
    bitmap("padding-dirty-1", 40, 1, dirty=True)
    bitmap("padding-dirty-24", 40, 24, dirty=True)

    # Shapes.
    bitmap("one-pixel", 40, 24, (1, 1))
    bitmap("one-row", 40, 24, (37, 1))
    bitmap("one-column", 40, 24, (1, 37))
    bitmap("one-row-1", 40, 1, (67, 1))
    bitmap("one-column-1", 40, 1, (1, 67))


if __name__ == "__main__":
    main()
