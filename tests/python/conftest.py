"""Bitmaps to rotate, in a folder of their own."""

from __future__ import annotations

import random
import struct
import subprocess
from pathlib import Path

import pytest

import rot90

# The machine may be busy with other things.
PATIENCE = 120.0


def bitmap(width: int, height: int, seed: int = 0) -> bytes:
    """A 24-bit bitmap of noise."""
    noise = random.Random(seed)
    padding = bytes(-width * 3 % 4)
    rows = b"".join(noise.randbytes(width * 3) + padding for _ in range(height))
    return (b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(rows), 2835, 2835, 0, 0) + rows)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def pictures(folder: Path) -> Path:
    """40 bitmaps, one of them damaged, and an earlier result."""
    for number in range(40):
        Path(f"{number:02}.bmp").write_bytes(bitmap(20 + number, 10, number))
    Path("17.bmp").write_bytes(b"BM, but no bitmap")
    Path("03_rot90.bmp").write_bytes(b"an earlier result")
    return folder


def command(*words: str) -> list[rot90.Record]:
    """The records that the command itself prints."""
    ran = subprocess.run([rot90.find_bin(), "--format", "jsonl", *words], capture_output=True, timeout=PATIENCE)
    return [rot90.Record.from_json(line) for line in ran.stdout.splitlines()]


def contents(place: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}

