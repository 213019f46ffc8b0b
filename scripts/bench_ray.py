#!/usr/bin/env python3
# /// script
# requires-python = ">=3.10"
# dependencies = ["ray[default]>=2.40,<3", "opencv-python-headless", "numpy"]
# ///
"""Times rot90_ray.py beside the plain Ray loop (one task a file, OpenCV) and rot90 alone.

    python3 scripts/bench_ray.py [--folder DIR] [--rounds N] [--rot90 PATH] [--cpus N]

All run on this machine, on one Ray cluster that the benchmark starts; start-up (importing Ray,
joining, the first worker on its feet) and work (from the first task to the last result) are told
apart. The bitmaps are made below DIR (default /dev/shm) and removed afterwards. Medians.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import make, timed

HERE = Path(__file__).resolve().parent
CORPORA = [("tubule", 85, 775, 522), ("nuclei", 20, 2000, 2000), ("tiny", 2000, 100, 100),
           ("many", 10000, 100, 100), ("large", 400, 1500, 1500)]

# The loop as it is commonly written: its own process, so that its start-up is its own too.
LOOP = """
import sys, time
began = time.perf_counter()
import os, cv2, ray
ray.init(address=sys.argv[1], logging_level="ERROR", log_to_driver=False)

@ray.remote
def rotate(file, out):
    cv2.setNumThreads(1)
    image = cv2.imread(file)
    cv2.imwrite(os.path.join(out, os.path.basename(file)), cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE))
    return image.mean()

files = sorted(os.path.join(sys.argv[2], name) for name in os.listdir(sys.argv[2]))
ray.get(ray.remote(lambda: __import__("cv2").__version__).remote())
started = time.perf_counter()
ray.get([rotate.remote(file, sys.argv[3]) for file in files])
print(started - began, time.perf_counter() - started)
"""


def empty_tasks(address: str, count: int) -> float:
    """Seconds a task that does nothing takes, on its way from the driver and back."""
    code = """
import sys, time, ray
ray.init(address=sys.argv[1], logging_level="ERROR", log_to_driver=False)
nothing = ray.remote(lambda: None)
count = int(sys.argv[2])
ray.get([nothing.remote() for _ in range(100)])
began = time.perf_counter()
ray.get([nothing.remote() for _ in range(count)])
print((time.perf_counter() - began) / count)
"""
    return float(subprocess.run([sys.executable, "-c", code, address, str(count)], check=True,
                                capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default="/dev/shm" if os.path.isdir("/dev/shm") else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rot90", default=str(HERE.parent / "target/release/rot90"))
    parser.add_argument("--cpus", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    began = time.perf_counter()
    cluster = Cluster(initialize_head=True, head_node_args={
        "num_cpus": arguments.cpus, "object_store_memory": 128 << 20, "include_dashboard": False})
    print(f"{arguments.cpus} CPUs, {arguments.rounds} rounds; a cluster of one node started in "
          f"{time.perf_counter() - began:.1f} s; an empty task takes "
          f"{empty_tasks(cluster.address, 2000) * 1e3:.2f} ms")
    print("| files | rot90 | rot90_ray.py: work | start-up | plain Ray loop: work | start-up |")
    print("|---|---|---|---|---|---|")
    noise = os.urandom(1 << 20)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as base:
        for name, count, width, height in CORPORA:
            source, out = Path(base, name), Path(base, "out")
            source.mkdir()
            for number in range(count):
                make(source / f"{number:05}.bmp", width, height, noise)
            pattern = f"{source}/*.bmp"
            times = {"local": [], "work": [], "start": [], "loop work": [], "loop start": []}

            def local():
                subprocess.run([arguments.rot90, pattern, "-o", out, "-q", "-w", str(arguments.cpus)],
                               check=True, stdout=subprocess.DEVNULL)

            def on_ray():
                run = subprocess.run(
                    [sys.executable, HERE / "rot90_ray.py", pattern, "-o", out, "--address", cluster.address,
                     "--progress", "never"], check=True, capture_output=True, text=True)
                times["work"].append(float(re.search(r" in ([\d.]+) s ", run.stderr)[1]))

            def loop():
                run = subprocess.run([sys.executable, "-c", LOOP, cluster.address, str(source), str(out)],
                                     check=True, capture_output=True, text=True)
                start, work = map(float, run.stdout.split())
                times["loop start"].append(start)
                times["loop work"].append(work)

            for _ in range(arguments.rounds):
                times["local"].append(timed(out, local))
                times["start"].append(timed(out, on_ray) - times["work"][-1])
                timed(out, loop)
            shown = {key: f"{statistics.median(each):.3f} s" for key, each in times.items()}
            print(f"| {count} of {width} × {height} | {shown['local']} | {shown['work']} | {shown['start']} "
                  f"| {shown['loop work']} | {shown['loop start']} |", flush=True)
            for path in source.iterdir():
                path.unlink()
            source.rmdir()
    cluster.shutdown()


if __name__ == "__main__":
    main()
