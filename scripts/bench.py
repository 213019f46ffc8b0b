#!/usr/bin/env python3
"""Times rot90 beside cp, interleaved: medians and their ratio.

    python3 scripts/bench.py [--folder DIR] [--rounds N] [--rot90 PATH]

Each round copies a corpus with as many cp processes as there are CPUs, then turns it, each into a
fresh folder. The bitmaps are made below DIR (default /dev/shm, a tmpfs on Linux) and removed
afterwards. OpenCV over as many threads is timed too where it is installed.
"""

import argparse
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CORPORA = [("tubule", 85, 775, 522), ("nuclei", 20, 2000, 2000), ("pow2", 6, 4096, 4096),
           ("tiny", 2000, 100, 100), ("slide", 1, 12000, 9000)]


def make(path: Path, width: int, height: int, noise: bytes) -> None:
    """A 24-bit bitmap of noise."""
    stride = (width * 3 + 3) // 4 * 4
    padding = bytes(stride - width * 3)
    size = stride * height
    with path.open("wb") as out:
        out.write(b"BM" + struct.pack("<IHHI", 54 + size, 0, 0, 54))
        out.write(struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, size, 2835, 2835, 0, 0))
        for row in range(height):
            start = row * 7919 % (len(noise) - width * 3)
            out.write(noise[start:start + width * 3] + padding)


def timed(folder: Path, work) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def run_all(commands) -> None:
    running = [subprocess.Popen(c, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for c in commands]
    failed = [c for c, p in zip(commands, running) if p.wait() != 0]
    if failed:
        sys.exit(f"failed: {failed[0][:3]} ...")


def opencv(files, out: Path, threads: int):
    try:
        import cv2
    except ImportError:
        return None
    cv2.setNumThreads(1)

    def one(file):
        image = cv2.imread(file)
        cv2.imwrite(str(out / os.path.basename(file)), cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE))
        return image.mean()

    def work():
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, files))
    return work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default="/dev/shm" if os.path.isdir("/dev/shm") else None)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rot90", default=str(Path(__file__).parent.parent / "target/release/rot90"))
    arguments = parser.parse_args()
    cpus = len(os.sched_getaffinity(0))
    noise = os.urandom(1 << 20)
    print(f"{cpus} CPUs, {arguments.rounds} rounds; ratios of medians to cp")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as base:
        for name, count, width, height in CORPORA:
            source, out = Path(base, name), Path(base, "out")
            source.mkdir()
            for number in range(count):
                make(source / f"{number:05}.bmp", width, height, noise)
            files = sorted(str(file) for file in source.iterdir())
            copies = [["cp", *files[at::cpus], str(out)] for at in range(cpus) if files[at::cpus]]
            turn = [[arguments.rot90, f"{source}/*.bmp", "-o", str(out), "-q", "--workers", str(cpus)]]
            peers = {"cp": lambda: run_all(copies), "rot90": lambda: run_all(turn)}
            threads = opencv(files, out, cpus)
            if threads:
                peers["OpenCV threads"] = threads
            times = {peer: [] for peer in peers}
            for at in range(arguments.rounds + 1):
                for peer, work in peers.items():
                    seconds = timed(out, work)
                    if at:
                        times[peer].append(seconds)
            medians = {peer: statistics.median(each) for peer, each in times.items()}
            shown = ", ".join(f"{peer} {medians[peer] / medians['cp']:.2f}" for peer in peers if peer != "cp")
            print(f"{name:8} {count} x {width}x{height}: cp {medians['cp'] * 1e3:.1f} ms, {shown}", flush=True)
            shutil.rmtree(source)
            shutil.rmtree(out)
            if "OpenCV threads" not in peers:
                print("         (OpenCV is not installed)")


if __name__ == "__main__":
    main()
