#!/usr/bin/env python3
"""Measures the most memory that rot90 has resident at any time, and holds it against its bounds.

    python3 scripts/memory.py [--folder DIR] [--rot90 PATH] [--files N] [--megabytes N]

One picture of 840 MB (bound: 1.1 times its size), and 100,000 small files with `--format jsonl`
(bound: 64 MB), of which the results are read slowly; for comparison, the picture with a
`--max-memory` of a tenth of it, and the small files with `--format json`. The bitmaps are made
below DIR (default: the system's temporary folder) and removed afterwards.

What is measured is the kernel's own count, `ru_maxrss`. It includes the pages of mapped files,
though those belong to the page cache and can be taken back at any time: a large picture's input
is mapped, unless it is larger than `--max-memory`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import make


def peak(command, folder: Path, slow: bool = False) -> int:
    """Runs a command and returns the most bytes that it had resident."""
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if slow:
        # A reader that is late at first: results must wait in bounded memory.
        time.sleep(1)
    while running.stdout.read(1 << 16):
        pass
    _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode != 0:
        sys.exit(f"{command[0]} failed with {running.returncode}")
    return usage.ru_maxrss * 1024


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
        tenth = f"--max-memory={size // 10 >> 20}M"
        for limit, bound in (([], 1.1), ([tenth], 0.15)):
            most = peak([rot90, "large.bmp", *limit], folder)
            print(f"{' '.join(['one picture of', f'{size / 1e6:.0f} MB', *limit])}: {most / 1e6:.0f} MB, "
                  f"{most / size:.2f} times its size")
            # The program itself takes room too, which counts where the picture is small.
            failed |= most > max(bound * size, 24e6)
        for number in range(options.files):
            name = folder / f"in/{number // 1000:03}/{number:06}.bmp"
            if number % 1000 == 0:
                name.parent.mkdir(parents=True)
            make(name, 7, 5, noise)
        for form, bound in (("jsonl", 64e6), ("json", None)):
            command = [rot90, "in/*/*.bmp", "--format", form, "-o", f"out-{form}"]
            most = peak(command, folder, slow=True)
            print(f"{options.files:,} small files, --format {form}: {most / 1e6:.1f} MB")
            failed |= bound is not None and most > bound
    if failed:
        sys.exit("more than promised")


if __name__ == "__main__":
    main()
