# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy", "opencv-python-headless", "pillow"]
# ///
"""Writes fixtures/golden/golden.json: what other programs make of the bitmaps in fixtures.

    python scripts/golden.py            (or: uv run scripts/golden.py)

For each bitmap in fixtures/hand and fixtures/samples: the picture rotated by 90° clockwise
and the mean of its samples. OpenCV or Pillow reads the bitmap wherever it reads that kind right;
numpy reads what neither does, from the numbers in the header. Wherever two of them read a file,
they are checked against each other here.

A pixel stands in the golden file as its stored bytes (indices one byte each), row after row from
the top; for larger pictures their CRC-32 stands in place of them.
"""

import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import PIL
from PIL import Image

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
GOLDEN = FIXTURES / "golden" / "golden.json"

BI_BITFIELDS, BI_ALPHABITFIELDS = 3, 6
# Up to this many bytes of pixels stand in the golden file themselves.
IN_FULL = 1024


class Header:
    """The fields of the headers that say how the pixels lie."""

    def __init__(self, data):
        self.offset, self.size = struct.unpack_from("<II", data, 10)
        if self.size == 12:
            self.width, self.height, _, self.depth = struct.unpack_from("<HHHH", data, 18)
            self.compression = self.used = 0
        else:
            self.width, self.height, _, self.depth = struct.unpack_from("<iiHH", data, 18)
            self.compression = struct.unpack_from("<I", data, 30)[0] if self.size >= 20 else 0
            self.used = struct.unpack_from("<I", data, 46)[0] if self.size >= 36 else 0
        self.top_down = self.height < 0
        self.height = abs(self.height)
        self.stride = (self.width * self.depth + 31) // 32 * 4
        self.masks = {16: (0x7C00, 0x3E0, 0x1F), 32: (0xFF0000, 0xFF00, 0xFF)}.get(self.depth)
        if self.compression in (BI_BITFIELDS, BI_ALPHABITFIELDS):
            self.masks = struct.unpack_from("<III", data, 54)
        entry = 3 if self.size == 12 else 4
        count = min(self.used or 1 << self.depth, 1 << self.depth) if self.depth <= 8 else 0
        palette = np.frombuffer(data, np.uint8, count * entry, 14 + self.size).reshape(-1, entry)
        self.palette = np.zeros((256, 3), np.uint8)
        self.palette[:count] = palette[:, 2::-1] if count else 0


def by_numpy(data, header):
    """Stored pixels and RGB samples, from the numbers in the header."""
    rows = np.frombuffer(data, np.uint8, header.stride * header.height, header.offset)
    rows = rows.reshape(header.height, header.stride)
    if not header.top_down:
        rows = rows[::-1]
    if header.depth < 8:
        bits = np.unpackbits(rows, axis=1)[:, : header.width * header.depth]
        bits = bits.reshape(header.height, header.width, header.depth)
        stored = np.packbits(bits, axis=2)[:, :, 0] >> (8 - header.depth)
    else:
        used = header.width * header.depth // 8
        stored = rows[:, :used].reshape(header.height, header.width, header.depth // 8)
        stored = stored[:, :, 0] if header.depth == 8 else stored
    if header.depth <= 8:
        return stored, header.palette[stored]
    if header.depth == 24:
        return stored, stored[:, :, ::-1]
    if header.depth == 64:
        # Linear light with 13 bits behind the point, in the order blue, green, red, alpha.
        linear = np.ascontiguousarray(stored).view("<i2")[:, :, 2::-1] / 8192.0
        linear = linear.clip(0, 1)
        curve = 1.055 * linear ** (1 / 2.4) - 0.055
        srgb = np.where(linear <= 0.0031308, 12.92 * linear, curve)
        return stored, np.rint(srgb * 255).astype(np.uint8)
    words = np.ascontiguousarray(stored).view("<u2" if header.depth == 16 else "<u4")[:, :, 0]
    samples = []
    for mask in header.masks:
        shift = (mask & -mask).bit_length() - 1
        most = mask >> shift
        value = (words.astype(np.uint64) & mask) >> shift
        samples.append(np.floor(value * 255.0 / most + 0.5).astype(np.uint8))
    return stored, np.dstack(samples)


def by_opencv(path, header):
    """RGB samples, or None for what OpenCV does not read, or not exactly."""
    # It decodes 16-bit pixels by shifting and passes over the masks of 32-bit ones.
    exact = header.depth in (1, 4, 8, 24) or (
        header.depth == 32 and header.masks == (0xFF0000, 0xFF00, 0xFF)
    )
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR) if exact else None
    return None if picture is None else picture[:, :, ::-1]


def by_pillow(path, header):
    """Indices (or None) and RGB samples (or None)."""
    if header.depth == 16:
        return None, None  # Rounds otherwise.
    try:
        with Image.open(path) as picture:
            picture.load()
            # Grey and two-colour palettes are read as samples, not as indices.
            indices = np.asarray(picture) if picture.mode == "P" else None
            return indices, np.asarray(picture.convert("RGB"))
    except (OSError, ValueError):
        return None, None


def rotated(picture):
    return np.ascontiguousarray(np.rot90(picture, k=-1))


def golden(path):
    data = path.read_bytes()
    header = Header(data)
    stored, samples = by_numpy(data, header)
    seen = by_opencv(path, header)
    indices, pillow = by_pillow(path, header)
    readers = ["numpy"]
    pixels_by, mean_by = "numpy", "numpy"
    for name, other in (("pillow", pillow), ("opencv", seen)):
        if other is None:
            continue
        if other.shape == samples.shape and (other == samples).all():
            readers.append(name)
        else:
            print(f"{path.name}: {name} reads it otherwise")
    mean = float(np.sum(samples, dtype=np.int64) / samples.size)
    pixels = rotated(stored)
    if "pillow" in readers:
        if indices is not None:
            assert (indices == stored).all(), path
            with Image.open(path) as picture:
                rotation = picture.transpose(Image.Transpose.ROTATE_270)
                pixels, pixels_by = np.asarray(rotation), "pillow"
    if "opencv" in readers:
        read = cv2.imread(str(path), cv2.IMREAD_COLOR)
        assert read.mean() == mean, path
        mean, mean_by = float(read.mean()), "opencv"
        if header.depth == 24:
            pixels, pixels_by = cv2.rotate(read, cv2.ROTATE_90_CLOCKWISE), "opencv"
    assert (pixels == rotated(stored)).all(), path
    tight = np.ascontiguousarray(pixels).tobytes()
    entry = {
        "file": str(path.relative_to(FIXTURES)),
        "width": header.height,
        "height": header.width,
        "mean": mean,
        "mean_by": mean_by,
        "pixels_by": pixels_by,
        "read_alike_by": sorted(readers),
    }
    if len(tight) <= IN_FULL:
        entry["pixels"] = tight.hex()
    else:
        entry["crc32"] = zlib.crc32(tight)
    return entry


def main():
    paths = sorted(
        path
        for folder in ("hand", "samples")
        for path in (FIXTURES / folder).glob("*.bmp")
        if not path.stem.endswith("_rot90")
    )
    entries = [golden(path) for path in paths]
    GOLDEN.parent.mkdir(exist_ok=True)
    made_by = f"OpenCV {cv2.__version__}, Pillow {PIL.__version__}, numpy {np.__version__}"
    lines = ",\n".join("  " + json.dumps(entry) for entry in entries)
    text = f'{{\n "made_by": "{made_by}",\n "pictures": [\n{lines}\n ]\n}}\n'
    json.loads(text)
    GOLDEN.write_text(text)
    by_other = sum(entry["pixels_by"] != "numpy" for entry in entries)
    print(f"{len(entries)} pictures; pixels of {by_other} by OpenCV or Pillow")


if __name__ == "__main__":
    main()
