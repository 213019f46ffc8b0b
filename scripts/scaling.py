#!/usr/bin/env python3
"""How rot90 scales with its workers, beside a plain copy through the same loop and cp.

    python3 scripts/scaling.py [--folder DIR] [--rounds N] [--workers 1,2,4,8,16]

Needs `cargo build --release --example copy_files`: a program that hands files out to threads as
rot90 does and only copies them. Each round does the same files with each program and number of
workers one after another; what is printed are medians, and how many times faster than one worker that is.
"""

import argparse
import random
import shutil
import statistics
from pathlib import Path

from bench import ROOT, make, run_all, timed

CORPORA = [("tubule", 680, 775, 522), ("nuclei", 160, 2000, 2000), ("tiny", 16000, 100, 100),
           ("slide", 1, 24000, 18000)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", default="1,2,4,8,16")
    parser.add_argument("--bin", type=Path, default=ROOT / "target/release")
    arguments = parser.parse_args()
    workers = [int(number) for number in arguments.workers.split(",")]
    noise = random.Random(1).randbytes(8 << 20)
    base = arguments.folder / "rot90-scaling"
    for name, count, width, height in CORPORA:
        folder, out = base / name, base / "out"
        folder.mkdir(parents=True)
        for number in range(count):
            make(folder / f"{number:05}.bmp", width, height, noise)
        files = sorted(str(file) for file in folder.iterdir())
        programs = {
            "rot90": lambda n: run_all([[str(arguments.bin / "rot90"), f"{folder}/*.bmp", "-o", str(out), "-q",
                                         "-w", str(n)]]),
            "copy": lambda n: run_all([[str(arguments.bin / "examples/copy_files"), str(n), str(folder), str(out)]]),
            "cp": lambda n: run_all([["cp", *files[at::n], str(out)] for at in range(n) if files[at::n]]),
        }
        times = {(program, n): [] for n in workers for program in programs}
        for _ in range(arguments.rounds):
            for (program, n), found in times.items():
                found.append(timed(out, lambda: programs[program](n)))
        print(f"{count} of {width} x {height}")
        for program in programs:
            medians = [statistics.median(times[program, n]) for n in workers]
            cells = [f"{n}: {1000 * median:.0f} ms ({medians[0] / median:.1f}x)" for n, median in zip(workers, medians)]
            print(f"  {program:6}", "  ".join(cells), flush=True)
        shutil.rmtree(base)


if __name__ == "__main__":
    main()
