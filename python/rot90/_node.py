"""What runs on the nodes of a Ray cluster. Ray sends these functions to them as they stand here, so
that a node needs nothing but Ray: they use the standard library alone."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import tempfile
from typing import Any, TypedDict

Records = dict[int, bytes]


class Order(TypedDict):
    """What a task gets to do."""

    program: str | None
    """The command, there on all nodes; or it is sent along."""
    sent: list[Any]
    """A reference to the command's bytes."""
    digest: str
    version: bytes
    folder: bytes
    umask: int
    fail_fast: bool
    options: list[str | bytes]
    runs: list[tuple[bytes | None, list[tuple[int, bytes]]]]
    """For each folder that outputs go to, the files by their places in the plan."""


# Versions that this process has found to work here.
FIT: set[bytes] = set()


def rotate(order: Order) -> tuple[Records, str | None, str | None]:
    """One task: runs the command over its files, once for each folder that outputs go to.

    Returns the records by the files' places in the plan, why the command was killed (or None), and
    why this node cannot run it at all (or None).
    """
    if order["version"] not in FIT:
        reason = unfit(order)
        if reason:
            return {}, None, reason
        FIT.add(order["version"])
    records: Records = {}
    for folder, files in order["runs"]:
        command = [executable(order), *order["options"], "--quiet", "--format", "jsonl", "--files0-from", "-"]
        if folder is not None:
            command.append(b"--output-dir=" + folder)
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=order["folder"], umask=order["umask"])
        names: bytes | None = b"".join(name + b"\0" for _, name in files)
        cancelled = False
        while True:
            try:
                # ray.cancel() raises KeyboardInterrupt, though not in a system call that waits.
                out, told = process.communicate(names, timeout=0.1)
                break
            except subprocess.TimeoutExpired:
                names = None
            except KeyboardInterrupt:
                names, cancelled = None, True
                process.send_signal(signal.SIGINT)
        # What follows the last newline is no record.
        lines = out.split(b"\n")[:-1]
        records.update(zip((place for place, _ in files), lines))
        if cancelled or order["fail_fast"] and process.returncode:
            break
        if process.returncode not in (0, 1) or len(lines) != len(files):
            return records, ended(process.returncode, told), None
    return records, None, None


def ended(code: int, told: bytes) -> str:
    """How a process ended."""
    if code < 0:
        return signal.Signals(-code).name
    last = told.decode(errors="replace").strip().rpartition("\n")[2]
    return f"exit code {code}" + (f", {last}" if last else "")


def unfit(order: Order) -> str | None:
    """Why this node cannot run the order, or None."""
    import ray

    where = f"node {ray.util.get_node_ip_address()}"
    if not os.path.isdir(order["folder"]):
        folder = os.fsdecode(order["folder"])
        return f"{where} does not have the folder {folder}: all nodes need the same file system"
    try:
        found = subprocess.run([executable(order), "--version"], capture_output=True, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return f"{where} cannot run rot90: {error}"
    if found != order["version"]:
        return f"{where} has {found.decode().strip()}, this machine {order['version'].decode().strip()}"
    return None


def executable(order: Order) -> str:
    """The command on this node: the one that was named, or the one that was sent, which stays."""
    if order["program"]:
        return order["program"]
    import ray

    owner = os.getuid() if hasattr(os, "getuid") else 0
    folder = os.path.join(tempfile.gettempdir(), f"rot90-{owner}")
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        found = os.lstat(folder)
        if hasattr(os, "getuid") and (not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o022):
            raise PermissionError(f"{folder} is not this user's own folder")
    program = os.path.join(folder, order["digest"] + (".exe" if os.name == "nt" else ""))
    if not os.path.exists(program):
        descriptor, aside = tempfile.mkstemp(dir=folder)
        with open(descriptor, "wb") as file:
            file.write(ray.get(order["sent"][0]))
        os.chmod(aside, 0o700)
        os.replace(aside, program)
    return program
