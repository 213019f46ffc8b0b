#!/usr/bin/env python3
"""Shows bitmaps and what rot90 made of them to other decoders: whoever reads NAME.bmp has to read
NAME_rot90.bmp, rotated.

    python3 scripts/decoders.py FOLDER

Uses Pillow, OpenCV and ImageMagick as far as they are there, and says how many bitmaps each read.
The exit code is 1 where one disagrees, and 77 where there is none of them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def pillow():
    from PIL import Image

    def read(path):
        with Image.open(path) as picture:
            return picture.convert("RGBA")

    def rotated(picture):
        return picture.transpose(Image.Transpose.ROTATE_270)

    def same(one, other):
        return one.size == other.size and one.tobytes() == other.tobytes()

    return read, rotated, same


def opencv():
    os.environ["OPENCV_LOG_LEVEL"] = "OFF"
    import cv2

    def read(path):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            raise ValueError("not read")
        return picture

    def rotated(picture):
        return cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE)

    def same(one, other):
        return one.shape == other.shape and bool((one == other).all())

    return read, rotated, same


def imagemagick():
    program = shutil.which("magick") or shutil.which("convert")
    if program is None:
        raise ImportError("ImageMagick is not there")

    def read(path):
        """Rows of pixels; its own way of rotating touches the colours of transparent ones."""
        command = [program, f"bmp:{path}", "-strip", "-depth", "8", "pam:-"]
        done = subprocess.run(command, capture_output=True, timeout=600)
        # It warns of what it fills in, and goes on.
        if done.returncode != 0 or done.stderr:
            raise ValueError(done.stderr)
        header, _, samples = done.stdout.partition(b"ENDHDR\n")
        fields = dict(line.split(None, 1) for line in header.splitlines()[1:])
        width, channels = int(fields[b"WIDTH"]), int(fields[b"DEPTH"])
        pixels = [samples[i : i + channels] for i in range(0, len(samples), channels)]
        return [tuple(pixels[i : i + width]) for i in range(0, len(pixels), width)]

    def rotated(rows):
        return list(zip(*reversed(rows)))

    return read, rotated, lambda one, other: one == other


def main() -> int:
    folder = Path(sys.argv[1])
    inputs = sorted(p for p in folder.glob("*.bmp") if not p.stem.endswith("_rot90"))
    there = wrong = 0
    for decoder in (pillow, opencv, imagemagick):
        try:
            read, rotated, same = decoder()
        except ImportError as error:
            print(f"skipped: {decoder.__name__}: {error}")
            continue
        there += 1
        agreed = 0
        for path in inputs:
            try:
                before = read(path)
            except Exception:  # Whatever it says: it does not read this one.
                continue
            output = path.with_name(f"{path.stem}_rot90.bmp")
            try:
                alike = same(rotated(before), read(output))
                what = "another picture"
            except Exception as error:
                alike, what = False, f"cannot be read: {error}"
            agreed += alike
            if not alike:
                wrong += 1
                print(f"{decoder.__name__}: {output.name}: {what}")
        print(f"{decoder.__name__}: {agreed} of {len(inputs)} read and seen rotated")
    if there == 0:
        return 77
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
