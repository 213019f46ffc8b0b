#!/usr/bin/env python3
"""Times rot90 beside cp and what else rotates bitmaps, interleaved: medians, and ratios to cp.

    python3 scripts/bench.py [--folder DIR] [--rounds N] [--bits N] [--cold] [--write]

Each round does the same files with each program one after another, every time into a fresh folder: cp with
as many processes as there are CPUs, rot90 with as many workers, then the others. The bitmaps are
made below DIR (default /dev/shm, a tmpfs on Linux) and removed afterwards. Programs that are
missing are named and left out; the slow ones take part in the first rounds only. "OpenCV script" is
a program of its own like cp and rot90, from its start to its end; the other OpenCV and Pillow runs
take place within this process, so that neither Python's start-up nor an import is counted.
--bits makes bitmaps of another depth, --cold drops the page cache before each run (as root, with
--folder on a disk); both time cp and rot90 alone. --write puts the table into README.md and the
plot into docs/speed.svg.
"""

import argparse
import inspect
import math
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

ROOT = Path(__file__).resolve().parent.parent
CORPORA = [("tubule", 85, 775, 522), ("nuclei", 20, 2000, 2000), ("pow2", 6, 4096, 4096),
           ("tiny", 2000, 100, 100), ("slide", 1, 12000, 9000)]
BEGIN, END = "<!-- made by: scripts/bench.py --write -->\n\n", "\n<!-- end of the table -->\n"


def make(path: Path, width: int, height: int, noise: bytes, bits: int = 24) -> None:
    """A bitmap of noise; its colours are grey up to 8 bits."""
    row_bytes = (width * bits + 7) // 8
    stride = (width * bits + 31) // 32 * 4
    padding = bytes(stride - row_bytes)
    size = stride * height
    colours = 1 << bits if bits <= 8 else 0
    palette = b"".join(bytes([at * 255 // (colours - 1)] * 3 + [0]) for at in range(colours))
    start_of_pixels = 54 + len(palette)
    with path.open("wb") as out:
        out.write(b"BM" + struct.pack("<IHHI", start_of_pixels + size, 0, 0, start_of_pixels))
        out.write(struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, size, 2835, 2835, colours, 0))
        out.write(palette)
        for row in range(height):
            start = row * 7919 % (len(noise) - row_bytes)
            out.write(noise[start:start + row_bytes] + padding)


def drop_caches() -> None:
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")


def timed(folder: Path, work, cold: bool = False) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if cold:
        drop_caches()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def run_all(commands) -> None:
    running = [subprocess.Popen(c, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for c in commands]
    failed = [c for c, p in zip(commands, running) if p.wait() != 0]
    if failed:
        raise RuntimeError(f"failed: {failed[0][:3]} ...")


def in_threads(one, files, threads: int):
    def work():
        if threads == 1:
            for file in files:
                one(file)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, files))
    return work


def opencv(files, out: Path, threads: int):
    """The loop that rot90 replaces, its files over threads."""
    import cv2
    cv2.setNumThreads(1)

    def one(file):
        image = cv2.imread(file)
        cv2.imwrite(str(out / os.path.basename(file)), cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE))
        return image.mean()
    return in_threads(one, files, threads)


def opencv_script(files, out: Path, threads: int):
    """The same as a program, with nothing in it but that."""
    import cv2  # noqa: F401 (to know that it is there)
    script = "\n".join([
        "import os, sys",
        "from concurrent.futures import ThreadPoolExecutor",
        "from pathlib import Path",
        inspect.getsource(in_threads),
        inspect.getsource(opencv),
        "opencv(sys.argv[3:], Path(sys.argv[1]), int(sys.argv[2]))()",
    ])
    return lambda: run_all([[sys.executable, "-c", script, str(out), str(threads), *files]])


def pillow(files, out: Path, threads: int):
    from PIL import Image
    Image.MAX_IMAGE_PIXELS = None

    def one(file):
        with Image.open(file) as image:
            image.transpose(Image.Transpose.ROTATE_270).save(out / os.path.basename(file))
    return in_threads(one, files, threads)


def command(program: str, commands):
    if not (found := shutil.which(program)):
        raise ImportError(program)
    return lambda: run_all([[found, *arguments] for arguments in commands])


def peers_of(files, source: Path, out: Path, cpus: int, rot90: str):
    """What takes part: name, whether it is slow, and the work; and who is missing."""
    parts = [files[at::cpus] for at in range(cpus) if files[at::cpus]]
    image_crate = str(ROOT / "target/release/examples/image_crate")
    all_peers = {
        "cp": (False, lambda: command("cp", [[*part, str(out)] for part in parts])),
        "rot90": (False, lambda: command(
            rot90, [[f"{source}/*.bmp", "-o", str(out), "-q", "--workers", str(cpus)]])),
        "OpenCV script": (True, lambda: opencv_script(files, out, cpus)),
        "OpenCV threads": (True, lambda: opencv(files, out, cpus)),
        "OpenCV loop": (True, lambda: opencv(files, out, 1)),
        "Pillow threads": (True, lambda: pillow(files, out, cpus)),
        "`image` crate": (True, lambda: command(image_crate, [[str(out), *files]])),
        "ImageMagick": (True, lambda: command(
            "mogrify", [["-rotate", "90", "-path", str(out), *part] for part in parts])),
    }
    found, missing = {}, []
    for name, (slow, work) in all_peers.items():
        try:
            found[name] = (slow, work())
        except ImportError:
            missing.append(name)
    return found, missing


def measure(base: Path, corpus, arguments, cpus: int, noise: bytes):
    """Medians of the seconds that each program takes for a corpus."""
    name, count, width, height = corpus
    source, out = base / name, base / "out"
    source.mkdir()
    for number in range(count):
        make(source / f"{number:05}.bmp", width, height, noise, arguments.bits)
    files = sorted(str(file) for file in source.iterdir())
    peers, missing = peers_of(files, source, out, cpus, arguments.rot90)
    if arguments.cold or arguments.bits != 24:
        peers, missing = {peer: each for peer, each in peers.items() if not each[0]}, []
    times = {peer: [] for peer in peers}
    failed = set()
    for at in range(arguments.rounds + 1):
        for peer, (slow, work) in peers.items():
            if slow and (at > arguments.slow_rounds or peer in failed):
                continue
            try:
                seconds = timed(out, work, arguments.cold)
            except RuntimeError as error:
                # Some have limits of their own, as ImageMagick's policy has for large pictures.
                if not slow:
                    raise
                print(f"{name}: {peer} {error}", file=sys.stderr)
                failed.add(peer)
                continue
            # The first round warms the caches.
            if at:
                times[peer].append(seconds)
    shutil.rmtree(source)
    shutil.rmtree(out)
    return {peer: statistics.median(each) for peer, each in times.items() if each}, missing


def table(results, bits: int) -> str:
    peers = [peer for peer in results[0][1] if peer != "cp"]
    lines = [f"| files, {bits}-bit | cp | " + " | ".join(peers) + " |", "|---" * (len(peers) + 2) + "|"]
    for (_, count, width, height), medians in results:
        cells = [f"{medians[peer] / medians['cp']:.2f}" if peer in medians else "" for peer in peers]
        row = [f"{count} of {width} × {height}", f"{medians['cp'] * 1e3:.0f} ms", *cells]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def plot(results) -> str:
    """Bars of the ratios to cp, on a logarithmic axis, as SVG."""
    peers = [peer for peer in results[0][1] if peer != "cp"]
    colours = ["#0b7285", "#c92a2a", "#e8590c", "#f08c00", "#9c36b5", "#5c7cfa", "#868e96"]
    bar, gap, left, width = 11, 14, 150, 720
    most = max(m / medians["cp"] for _, medians in results for m in medians.values())
    least = 0.5
    scale = (width - left - 60) / math.log10(2 * most / least)
    x = lambda ratio: left + scale * math.log10(max(ratio, least) / least)
    height = 50 + len(results) * (len(peers) * bar + gap)
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
           'font-family="system-ui, sans-serif" font-size="11">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    legend_x = 8
    for at, peer in enumerate(peers):
        label = peer.strip("`").replace("` ", " ")
        svg.append(f'<rect x="{legend_x}" y="8" width="10" height="10" fill="{colours[at % 7]}"/>'
                   f'<text x="{legend_x + 14}" y="17">{label}</text>')
        legend_x += 30 + 6 * len(label)
    tick = 1
    while tick <= most:
        svg.append(f'<path d="M{x(tick):.1f} 28V{height - 18}" stroke="{"#000" if tick == 1 else "#ddd"}"/>'
                   f'<text x="{x(tick):.1f}" y="{height - 5}" text-anchor="middle">'
                   f'{"cp" if tick == 1 else f"{tick} ×"}</text>')
        tick *= 2 if tick < 4 else 4
    y = 32
    for (_, count, wide, high), medians in results:
        svg.append(f'<text x="8" y="{y + len(peers) * bar / 2 + 4:.0f}">{count} of {wide} × {high}</text>')
        for at, peer in enumerate(peers):
            if peer in medians:
                ratio = medians[peer] / medians["cp"]
                svg.append(f'<rect x="{left}" y="{y}" width="{x(ratio) - left:.1f}" height="{bar - 2}" '
                           f'fill="{colours[at % 7]}"/>'
                           f'<text x="{x(ratio) + 4:.1f}" y="{y + 8}" font-size="9">{ratio:.2f}</text>')
            y += bar
        y += gap
    return "\n".join([*svg, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default="/dev/shm" if os.path.isdir("/dev/shm") else None)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--slow-rounds", type=int, default=3, help="rounds of the slow programs")
    parser.add_argument("--corpora", default=",".join(corpus[0] for corpus in CORPORA))
    parser.add_argument("--rot90", default=str(ROOT / "target/release/rot90"))
    parser.add_argument("--bits", type=int, default=24, choices=[1, 2, 4, 8, 16, 24, 32])
    parser.add_argument("--cold", action="store_true", help="drop the page cache before each run")
    parser.add_argument("--write", action="store_true", help="write the table and the plot")
    arguments = parser.parse_args()
    if arguments.write and (arguments.cold or arguments.bits != 24):
        parser.error("--write goes with neither --cold nor --bits")
    cpus = len(os.sched_getaffinity(0))
    noise = os.urandom(1 << 20)
    results, missing = [], []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as base:
        for corpus in CORPORA:
            if corpus[0] not in arguments.corpora.split(","):
                continue
            medians, missing = measure(Path(base), corpus, arguments, cpus, noise)
            results.append((corpus, medians))
            shown = ", ".join(f"{peer} {each / medians['cp']:.2f}" for peer, each in medians.items())
            print(f"{corpus[0]:8} cp {medians['cp'] * 1e3:.1f} ms: {shown}", file=sys.stderr, flush=True)
    logs = [math.log(medians["rot90"] / medians["cp"]) for _, medians in results]
    text = table(results, arguments.bits)
    print(f"{cpus} CPUs, {arguments.rounds} rounds; cp as it is, the others as ratios of medians to cp\n\n{text}")
    print(f"rot90, geometric mean: {math.exp(sum(logs) / len(logs)):.2f}")
    if missing:
        print(f"not found: {', '.join(missing)}" + (
            " (`cargo build --release --example image_crate`)" if "`image` crate" in missing else ""))
    if arguments.write:
        readme = ROOT / "README.md"
        before, rest = readme.read_text().split(BEGIN)
        readme.write_text(before + BEGIN + text + END + rest.split(END)[1])
        (ROOT / "docs/speed.svg").write_text(plot(results))


if __name__ == "__main__":
    main()
