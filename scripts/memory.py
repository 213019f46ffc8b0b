#!/usr/bin/env python3
"""Measures the most memory that rot90 has resident at any time, and holds it against its bounds.

    python3 scripts/memory.py [--folder DIR] [--rot90 PATH] [--files N] [--megabytes N]

Two runs: one picture of 840 MB (bound: 1.1 times its size), and 100,000 small files with
`--format jsonl` (bound: 64 MB), of which the results are read slowly. For comparison the small
files are turned with `--format json`, too. The bitmaps are made below DIR (default: the
system's temporary folder) and removed afterwards.

What is measured is the kernel's own count, `ru_maxrss`: it includes the pages of mapped files,
though those belong to the page cache and can be taken back at any time. A large picture's input
is mapped, so its line shows that part apart, as sampled from /proc.
"""

import argparse
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


def make(path: Path, width: int, height: int, noise: bytes) -> None:
    """A 24-bit bitmap of noise."""
    stride = (width * 3 + 3) // 4 * 4
    size = stride * height
    with path.open("wb") as out:
        out.write(b"BM" + struct.pack("<IHHI", 54 + size, 0, 0, 54))
        out.write(struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, size, 2835, 2835, 0, 0))
        for row in range(height):
            start = row * 7919 % (len(noise) - stride)
            out.write(noise[start:start + width * 3] + bytes(stride - width * 3))


def sample(pid: int, peaks: dict, over: threading.Event) -> None:
    """Notes the most of each kind of memory, until the process is over."""
    while not over.wait(0.002):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return
        for line in lines:
            if line.startswith(("RssAnon", "RssFile")):
                kind, size = line.split(":")
                peaks[kind] = max(peaks.get(kind, 0), int(size.split()[0]) * 1024)


def peak(command, folder: Path, slow: bool = False):
    """Runs a command; its peak resident bytes, and those of each kind as sampled."""
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    peaks, over = {}, threading.Event()
    sampler = threading.Thread(target=sample, args=(running.pid, peaks, over))
    sampler.start()
    if slow:
        # A reader that is late at first: results must wait in bounded memory.
        time.sleep(1)
    while running.stdout.read(1 << 16):
        pass
    _, status, usage = os.wait4(running.pid, 0)
    over.set()
    sampler.join()
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode != 0:
        sys.exit(f"{command[0]} failed with {running.returncode}")
    return usage.ru_maxrss * 1024, peaks


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--folder", help="where the bitmaps are made")
    options.add_argument("--rot90", default=str(Path(__file__).parent.parent / "target/release/rot90"))
    options.add_argument("--files", type=int, default=100_000, help="small files")
    options.add_argument("--megabytes", type=int, default=840, help="of the large picture")
    options = options.parse_args()
    rot90 = str(Path(options.rot90).resolve())
    noise = os.urandom(1 << 20)
    failed = False
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="rot90-memory-") as folder:
        folder = Path(folder)
        width = 20_000
        make(folder / "large.bmp", width, options.megabytes * 1_000_000 // (width * 3), noise)
        size = (folder / "large.bmp").stat().st_size
        most, kinds = peak([rot90, "large.bmp"], folder)
        print(f"one picture of {size / 1e6:.0f} MB: {most / 1e6:.0f} MB, {most / size:.2f} times its size "
              f"(mapped {kinds.get('RssFile', 0) / 1e6:.0f} MB, "
              f"its own {kinds.get('RssAnon', 0) / 1e6:.0f} MB)")
        failed |= most > 1.1 * size
        for number in range(options.files):
            name = folder / f"in/{number // 1000:03}/{number:06}.bmp"
            if number % 1000 == 0:
                name.parent.mkdir(parents=True)
            make(name, 7, 5, noise)
        for form, bound in (("jsonl", 64e6), ("json", None)):
            command = [rot90, "in/*/*.bmp", "--format", form, "-o", f"out-{form}"]
            most, _ = peak(command, folder, slow=True)
            print(f"{options.files:,} small files, --format {form}: {most / 1e6:.1f} MB")
            failed |= bound is not None and most > bound
    if failed:
        sys.exit("more than promised")


if __name__ == "__main__":
    main()
