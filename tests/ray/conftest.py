"""A world of bitmaps and a cluster of two nodes on this machine."""

import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
os.environ.pop("RAY_ADDRESS", None)

ROOT = Path(__file__).resolve().parents[2]
ROT90 = os.environ.get("ROT90", str(ROOT / "target/release/rot90"))
DRIVER = str(ROOT / "scripts/rot90_ray.py")
# The machine may be busy with other things.
PATIENCE = 180


def bitmap(width, height, seed=0):
    """A 24-bit bitmap of noise."""
    stride = (width * 3 + 3) // 4 * 4
    padding = bytes(stride - width * 3)
    noise = random.Random(seed)
    rows = b"".join(noise.randbytes(width * 3) + padding for _ in range(height))
    return (b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(rows), 2835, 2835, 0, 0) + rows)


class World:
    """A folder of inputs, twice: for rot90 on this machine and for the cluster."""

    def __init__(self, base, address):
        self.base = base
        self.address = address
        self.here = base / "here"
        self.there = base / "there"
        self.here.mkdir()

    def add(self, name, data):
        path = os.path.join(os.fsencode(self.here), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(data)

    def twice(self):
        """Makes the second copy, with the same times."""
        shutil.rmtree(self.there, ignore_errors=True)
        shutil.copytree(self.here, self.there, symlinks=True)

    def local(self, *words, **options):
        return subprocess.run([ROT90, *words], cwd=self.here, capture_output=True, timeout=PATIENCE, **options)

    def start(self, *words, address=True, rot90=None, env=None, **options):
        """Starts the driver; its output is piped."""
        command = [sys.executable, DRIVER, *words]
        if address is True:
            command[2:2] = ["--address", self.address]
        if rot90 or ROT90 != str(ROOT / "target/release/rot90"):
            command[2:2] = ["--rot90", rot90 or ROT90]
        # Unbuffered, so that a line can be read before the rest is waited for.
        settings = {"bufsize": 0, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": self.there, **options}
        return subprocess.Popen(command, env={**os.environ, **(env or {})}, **settings)

    def ray(self, *words, input=None, **options):
        if input is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*words, **options)
        out, told = process.communicate(input, timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, told)

    def assert_same(self, *words, code=None, again=False, **options):
        """The run on the cluster is that on this machine: output, exit code, files, messages."""
        if not again:
            self.twice()
        local, ray = self.local(*words), self.ray(*words, **options)
        assert ray.stdout == local.stdout, ray.stderr.decode()
        assert ray.returncode == local.returncode, ray.stderr.decode()
        assert code is None or ray.returncode == code
        assert sorted(without_time(ray.stderr)) == sorted(without_time(local.stderr))
        assert files(self.there) == files(self.here)
        return ray


def without_time(told):
    """Messages, without how long it took."""
    lines = told.decode(errors="replace").splitlines()
    return [f"{line.split(', ')[0]}; {line.split('s), ')[1]}" if " in " in line and "/s), " in line else line
            for line in lines]


def files(folder):
    """Everything below a folder."""
    return {path.relative_to(folder): path.read_bytes() if path.is_file() else None
            for path in sorted(folder.rglob("*")) if not path.is_symlink()}


def wait_for(what):
    """Waits until it is true."""
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def cluster():
    from ray.cluster_utils import Cluster

    if not os.access(ROT90, os.X_OK):
        pytest.fail(f"no executable {ROT90}: cargo build --release")
    node = {"num_cpus": 1, "object_store_memory": 100 << 20}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cluster = Cluster(initialize_head=True, head_node_args={
        **node, "include_dashboard": False, "ray_client_server_port": port})
    cluster.client = f"ray://127.0.0.1:{port}"

    def wait_for_client():
        """Ray starts a server for each client, on a busy machine too slowly for its own patience."""
        join = f"import ray; ray.init({cluster.client!r})"
        wait_for(lambda: subprocess.run([sys.executable, "-c", join], capture_output=True).returncode == 0)

    cluster.wait_for_client = wait_for_client
    cluster.second = cluster.add_node(**node)
    cluster.restore = lambda: setattr(cluster, "second", cluster.add_node(**node))

    def second_workers():
        """The processes that the second node has started."""
        raylet, = cluster.second.all_processes["raylet"]
        found = subprocess.run(["pgrep", "-P", str(raylet.process.pid)], capture_output=True, text=True, check=True)
        return found.stdout.split()

    def lose_second():
        """All processes of the second node at once, as if its power were cut."""
        workers = second_workers()
        cluster.remove_node(cluster.second, allow_graceful=False)
        for worker in workers:
            subprocess.run(["kill", "-9", worker], stderr=subprocess.DEVNULL)

    cluster.second_workers = second_workers
    cluster.lose_second = lose_second
    yield cluster
    cluster.shutdown()


@pytest.fixture
def world(tmp_path, cluster):
    return World(tmp_path, cluster.address)


@pytest.fixture
def mixed(world):
    """400 files of random sizes, one of them no bitmap."""
    sizes = random.Random(6)
    for number in range(400):
        world.add(f"{number:03}.bmp", bitmap(sizes.randint(1, 300), sizes.randint(1, 300), number))
    world.add("217.bmp", b"BM, but no bitmap")
    return world


@pytest.fixture
def slow_rot90(tmp_path):
    """A rot90 that sleeps first, so that something can happen while it runs."""
    return wrapper(tmp_path, "sleep 0.5")


def wrapper(folder, script):
    """An executable that does something before it becomes rot90; `$names` has its standard input."""
    path = folder / "wrapped"
    path.write_text(f"""#!/bin/bash
case "$*" in *--dry-run*|*--version*|*--report-of-records*) exec '{ROT90}' "$@";; esac
names=$(mktemp)
cat > "$names"
{script}
exec 3< "$names"; rm "$names"
exec '{ROT90}' "$@" <&3
""")
    path.chmod(0o755)
    return str(path)


def interrupt(process, number=signal.SIGINT):
    """What a terminal does on Ctrl-C: a signal to the whole foreground group."""
    os.killpg(process.pid, number)
