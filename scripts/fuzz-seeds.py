#!/usr/bin/env python3
"""Fills fuzz/corpus from the fixtures: one folder a target, one file a seed.

The target that takes whole bitmaps (rotate) gets them whole; the one that takes the heads of files
(headers) gets those behind the files' sizes; and the one that takes run lengths gets these, behind
the few bytes that say how they are meant (see the head of each property in tests/properties). What
once was a finding or a hard case (fixtures/regressions) goes to its target as it is.
"""

from pathlib import Path
from struct import pack, unpack_from

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"
REGRESSIONS = ROOT / "fixtures" / "regressions"
TARGETS = ("headers", "rotate", "run_length")
# Larger files slow the fuzzer down without showing it anything new.
LARGEST = 64 * 1024
# As much of a file as the headers may take: `HEADER_BYTES` of the library.
HEAD = 2048


def put(target: str, name: str, data: bytes) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def compressed(bitmap: bytes):
    """Compression, bits per pixel, width, height and data of a bitmap with a header that says."""
    offset, header = unpack_from("<II", bitmap, 10)
    if header < 20 or len(bitmap) < 34:
        return None
    width, height, _, bits, compression = unpack_from("<iiHHI", bitmap, 18)
    return compression, bits, abs(width), abs(height), bitmap[offset:]


def bitmap(compression: int, bits: int, width: int, height: int, data: bytes) -> bytes:
    """A bitmap of such pixels, with a palette if it has one bit."""
    # Compression 3 is Huffman's in the longer header of OS/2 alone.
    header = 64 if bits == 1 else 40
    palette = bytes([255, 255, 255, 0, 0, 0, 0, 0]) if bits == 1 else b""
    offset = 14 + header + len(palette)
    fields = pack("<2sIIIIiiHHII", b"BM", offset + len(data), 0, offset, header, width, height, 1, bits, compression, len(data))
    return fields.ljust(14 + header, b"\0") + palette + data


def picture_size(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG."""
    if picture.startswith(b"\x89PNG"):
        return unpack_from(">II", picture, 16)
    frame = min(at for marker in (0xC0, 0xC2) if (at := picture.find(bytes([0xFF, marker, 0]))) > 0)
    height, width = unpack_from(">HH", picture, frame + 5)
    return width, height


def main() -> None:
    for path in sorted((ROOT / "fixtures").rglob("*")):
        if not path.is_file():
            continue
        name = "-".join(path.relative_to(ROOT / "fixtures").parts)
        data = path.read_bytes()
        if REGRESSIONS in path.parents:
            target = path.relative_to(REGRESSIONS).parts[0]
            if target in TARGETS:
                put(target, name, data)
            continue
        if path.suffix in (".jpg", ".png"):
            put("rotate", name, bitmap(5 if path.suffix == ".png" else 4, 0, *picture_size(data), data))
            continue
        if path.suffix != ".bmp":
            continue
        # An odd size is taken as it stands; an even one of a short input may stand for its length.
        size = len(data) if len(data) <= HEAD else len(data) | 1
        put("headers", name, pack("<Q", size << 16) + data[:HEAD])
        if len(data) > LARGEST:
            continue
        put("rotate", name, data)
        if found := compressed(data):
            compression, bits, width, height, pixels = found
            kind = {(2, 4): 0, (1, 8): 1, (4, 24): 2}.get((compression, bits))
            if kind is not None:
                put("run_length", name, bytes([kind, width & 255, height & 255]) + pixels)

    # What the fixtures lack: 24-bit run lengths, and Huffman rows with and without ends of line.
    put("run_length", "rle24", bytes([2, 4, 2, 4, 1, 2, 3, 0, 0, 0, 3]) + bytes(range(9)) + b"\0\0\1")
    row = "100011" + "1000"
    end = "0" * 11 + "1"
    for name, bits in {
        "bare": row * 3,
        "ends": (end + row) * 3 + end * 6,
        "fill": ("0000" + end + row) * 3,
        "wide": "011000" * 4 + "00110101" + "0000001111" + "0000110111",
    }.items():
        bits += "0" * (-len(bits) % 8)
        width, height = (1664 * 4 + 64, 1) if name == "wide" else (8, 3)
        data = int(bits, 2).to_bytes(len(bits) // 8, "big")
        put("rotate", f"huffman-{name}", bitmap(3, 1, width, height, data))
    for target in TARGETS:
        print(f"{target}: {len(list((CORPUS / target).iterdir()))} in the corpus")


if __name__ == "__main__":
    main()
