"""Files on a Ray cluster, whose nodes share a file system with this machine.

`rotate_files` is `rot90.rotate_files` with tasks for threads: call it inside your own
``ray.init()``. It groups files into tasks, each of which runs the command over its group; no pixel
passes through Ray's object store. ``docs/cluster.md`` explains how it works and what it costs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ray
import ray.cloudpickle
import ray.exceptions
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from . import _node
from ._files import (
    Bar, Name, Names, Operands, Options, Plan, Record, beginning, error_of, find_bin, make_bar, path_of, planned)

__all__ = ["NoFitNode", "rotate_files"]

# Pictures of this size and more are worth several CPUs, one for so many bytes of them.
LARGE = 64 << 20
LARGE_PER_CPU = 32 << 20
# What a file costs beyond its bytes, in bytes that could be rotated meanwhile.
FILE_WEIGHT = 64 << 10
# The most bytes of a task.
TASK_BYTES = 256 << 20
# Tasks for each CPU, so that all of them end at about the same time, unless a task would then be
# larger than that.
TASKS_PER_CPU = 4
# Tasks running or waiting for each CPU: none is idle while the next task is prepared.
IN_FLIGHT_PER_CPU = 2
# Results that wait for those before them take bounded memory.
FILES_AHEAD = 1 << 18
KILLS = 3
# A lost node is seldom the fault of a file that was rotated on it.
BLAME_FOR_A_LOST_NODE = 0.25
# How long cancelled tasks may take to say what they have done.
GRACE_SECONDS = 5.0
# How long to wait for a task before looking around.
LOOK_SECONDS = 0.2

Known = list[tuple[int, bytes]]


class NoFitNode(RuntimeError):
    """A node that cannot do it: another version of rot90, or no such folder."""


def rotate_files(
    patterns: Names,
    *,
    output_dir: Name | None = None,
    workers: int | None = None,
    update: bool = False,
    no_clobber: bool = False,
    preserve: bool = False,
    durable: bool = False,
    max_memory: int | str | None = None,
    fail_fast: bool = False,
    unordered: bool = False,
    progress: bool = False,
    task_bytes: int = TASK_BYTES,
) -> Generator[Record]:
    """Rotate bitmap files by 90° clockwise on the Ray cluster that this program is connected to.

    Arguments, records, order, errors and warnings are those of `rot90.rotate_files`; the files are
    those of a file system that all nodes and this machine have under the same paths.

    Parameters
    ----------
    workers : int, optional
        CPUs to use in all; by default those of the cluster.
    task_bytes : int
        The most bytes of input per task; less if there would otherwise be fewer than four tasks
        for each CPU.

    Yields
    ------
    Record
        As its task ends. Closing the iterator cancels what is queued, and files under way are
        finished or dropped whole. A task that is lost with its node is submitted again; a file
        whose task was killed three times, the last time alone, is a record with an error.

    Raises
    ------
    ValueError
        Wrong usage, or two inputs with one output; nothing was done.
    NoFitNode
        A node lacks the working folder, or cannot run the command.

    Examples
    --------
    ::

        ray.init(address="auto")
        for record in rot90.ray.rotate_files("/shared/scans/*.bmp", output_dir="/shared/rotated"):
            print(record.input, record.error or record.mean)
    """
    options = Options(output_dir, workers, update, no_clobber, preserve, durable, max_memory, fail_fast)
    program = find_bin()
    words = options.arguments()
    if workers is not None:
        words.append(f"--workers={workers}")
    plan = planned(program, words, Operands.of(patterns))
    for message in plan.messages:
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    batch = Batch(Tasks(plan, options, program), file_sizes(plan), workers, task_bytes, unordered)
    bar = make_bar(lambda: len(plan.records)) if progress else None
    return _records(batch, bar)


def _records(batch: Batch, bar: Bar | None) -> Generator[Record]:
    try:
        for known in batch.run():
            for _, line in known:
                if bar is not None:
                    bar.update()
                yield Record.from_json(line)
        if batch.unfit:
            raise NoFitNode(batch.unfit)
    finally:
        batch.cancel()
        if bar is not None:
            bar.close()


# The plan.


def paths(plan: Plan, place: int) -> tuple[bytes, bytes]:
    """Input and output of a file that has no error."""
    record = json.loads(plan.records[place])
    return os.fsencode(path_of(record["input"])), os.fsencode(path_of(record["output"]))


def errors(plan: Plan) -> set[int]:
    """The places of files that have an error before anything is tried."""
    return {place for place, record in enumerate(plan.records) if error_of(record) is not None}


def file_sizes(plan: Plan) -> list[int]:
    """Bytes of each input, 0 where that cannot be told."""
    def size(record: bytes) -> int:
        try:
            return 0 if error_of(record) is not None else os.stat(path_of(json.loads(record)["input"])).st_size
        except OSError:
            return 0
    # Shared file systems answer slowly, but many questions at a time.
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(size, plan.records, chunksize=256))


def killed(record: bytes, reason: str) -> bytes:
    """The record of a file that nothing can be done about."""
    return b'%s, "error": %s}' % (beginning(record), json.dumps(reason, ensure_ascii=False).encode())


@dataclasses.dataclass
class Group:
    """The files of a task."""

    places: list[int]
    cpus: int = 1
    kills: float = 0.0
    again: bool = False
    """Not the first try: outputs may be there already, made by the one before."""


def groups(sizes: list[int], left_out: set[int], most: int) -> Iterator[Group]:
    """Groups of about `most` bytes, in order; large files are groups of their own."""
    places: list[int] = []
    weight = 0
    for place, size in enumerate(sizes):
        if place in left_out:
            continue
        if size >= LARGE:
            yield Group([place], cpus=-(-size // LARGE_PER_CPU))
            continue
        if places and weight + size + FILE_WEIGHT > most:
            yield Group(places)
            places, weight = [], 0
        places.append(place)
        weight += size + FILE_WEIGHT
    if places:
        yield Group(places)


# The cluster.


class Cluster:
    """What is known about the cluster."""

    def __init__(self, workers: int | None) -> None:
        self.workers = workers
        self.looked = 0.0
        self.nodes: list[dict[str, Any]] = []
        self.look()

    def look(self) -> None:
        """Nodes come and go: looks again after a while."""
        if time.monotonic() - self.looked > 2:
            self.nodes = [node for node in ray.nodes() if node["Alive"]]
            self.looked = time.monotonic()

    @property
    def cpus(self) -> int:
        """CPUs that may be used; 1 if a cluster has yet to start its nodes."""
        count = int(sum(node["Resources"].get("CPU", 0) for node in self.nodes))
        return max(1, min(count, self.workers or count))

    @property
    def cpus_of_a_task(self) -> int:
        """The most that a task may ask for: any node can run it, should the others be lost."""
        smallest = min((int(node["Resources"]["CPU"]) for node in self.nodes
                        if node["Resources"].get("CPU", 0) >= 1), default=1)
        return min(smallest, self.cpus)


class Tasks:
    """How files become tasks: the orders, and the command that goes along with them."""

    def __init__(self, plan: Plan, options: Options, program: str, on_nodes: str | None = None) -> None:
        # The nodes need not have this package.
        ray.cloudpickle.register_pickle_by_value(_node)  # type: ignore[no-untyped-call,unused-ignore]
        self.plan, self.options = plan, options
        umask = os.umask(0)
        os.umask(umask)
        sent: list[Any] = []
        digest = ""
        if on_nodes is None:
            with open(program, "rb") as file:
                data = file.read()
            # Within a list it stays a reference, which a node without the command asks for.
            sent, digest = [ray.put(data)], hashlib.sha256(data).hexdigest()[:32]
        self.order: _node.Order = {
            "program": on_nodes, "sent": sent, "digest": digest, "folder": os.getcwdb(), "umask": umask,
            "version": subprocess.run([program, "--version"], capture_output=True, check=True).stdout,
            "fail_fast": options.fail_fast, "options": [], "runs": []}
        self.remote: Any = ray.remote(max_retries=0)(_node.rotate)

    def submit(self, group: Group) -> Any:
        runs: dict[bytes | None, list[tuple[int, bytes]]] = {}
        for place in group.places:
            name, output = paths(self.plan, place)
            # The slash stays: what is no folder is then found out by each file.
            folder = output[:output.rindex(b"/") + 1] if self.options.output_dir is not None else None
            runs.setdefault(folder, []).append((place, name))
        options = dataclasses.replace(self.options, output_dir=None)
        if group.again and options.no_clobber:
            # What exists by now and did not at first was made by a task that was lost.
            options = dataclasses.replace(options, no_clobber=False, update=True)
        words = [*options.arguments(), "--workers", str(group.cpus)]
        order: _node.Order = {**self.order, "runs": list(runs.items()), "options": words}
        return self.remote.options(num_cpus=group.cpus, name="rot90").remote(order)

    def check_nodes(self, nodes: Iterable[dict[str, Any]]) -> None:
        """Ask each node whether it can do it, before anything is touched."""
        ask: Any = ray.remote(num_cpus=0, max_retries=0)(_node.unfit)
        asked = [
            ask.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(self.order)
            for node in nodes if node["Resources"].get("CPU", 0) >= 1]
        for answer in asked:
            try:
                reason = ray.get(answer, timeout=60)
            except ray.exceptions.RuntimeEnvSetupError as error:
                reason = str(error)
            except ray.exceptions.RayError:
                # It is lost, or slow: its tasks will tell.
                continue
            if reason:
                raise NoFitNode(reason)


class Batch:
    """Tasks over the cluster, and their records."""

    def __init__(
        self, tasks: Tasks, sizes: list[int], workers: int | None, task_bytes: int = TASK_BYTES, unordered: bool = False
    ) -> None:
        self.tasks, self.sizes, self.workers, self.unordered = tasks, sizes, workers, unordered
        self.plan = tasks.plan
        self.errors = errors(self.plan)
        self.cluster = Cluster(workers)
        tasks.check_nodes(self.cluster.nodes)
        weight = sum(sizes) + FILE_WEIGHT * len(sizes)
        self.fresh = groups(sizes, self.errors, min(task_bytes, weight // (TASKS_PER_CPU * self.cluster.cpus)))
        self.again: deque[Group] = deque()
        self.in_flight: dict[Any, Group] = {}
        # Records from the head on, as far as they are known and were not yet given.
        self.records: dict[int, bytes] = {}
        self.head = 0
        self.submitted_to = 0
        self.bytes_done = self.bytes_rotated = 0
        self.stopped = False
        # Why a node could not do it, in the midst of the run.
        self.unfit: str | None = None
        # Is told of tasks that were lost.
        self.say: Callable[[str], None] = lambda message: None

    def stop(self) -> None:
        """Begin nothing more: `run` then soon comes to its end."""
        self.stopped = True

    def run(self) -> Iterator[Known]:
        """Give records, with their places in the plan, as they are known.

        Now and then there are none, so that the caller may look around.
        """
        if self.unordered:
            yield [(place, self.plan.records[place]) for place in sorted(self.errors)]
            self.errors = set()
        yield self.known()
        while not self.stopped:
            self.submit()
            if not self.in_flight:
                break
            self.collect()
            yield self.known()
            self.cluster.look()
        self.cancel()
        # Where the run was ended, results may stand behind files that were not begun.
        last = max(self.records, default=-1)
        self.records.update((place, self.plan.records[place]) for place in self.errors if self.head <= place < last)
        yield sorted(self.records.items())

    def known(self) -> Known:
        """The records whose turn has come."""
        if self.unordered:
            known = sorted(self.records.items())
            self.records.clear()
            return known
        known = []
        while self.head < len(self.plan.records):
            if self.head in self.records:
                known.append((self.head, self.records.pop(self.head)))
            elif self.head in self.errors:
                known.append((self.head, self.plan.records[self.head]))
            else:
                break
            self.head += 1
        return known

    def submit(self) -> None:
        """Keep the nodes busy, and no more than that."""
        cpus = self.cluster.cpus
        while True:
            taken = sum(group.cpus for group in self.in_flight.values())
            limit = self.workers or IN_FLIGHT_PER_CPU * cpus
            far_ahead = not self.unordered and self.submitted_to - self.head > FILES_AHEAD
            group = self.again.popleft() if self.again else None if far_ahead else next(self.fresh, None)
            if group is None:
                return
            group.cpus = min(group.cpus, self.cluster.cpus_of_a_task)
            if self.in_flight and taken + group.cpus > limit:
                self.again.appendleft(group)
                return
            self.submitted_to = max(self.submitted_to, group.places[-1])
            self.in_flight[self.tasks.submit(group)] = group

    def collect(self) -> None:
        """Take what has ended."""
        tasks = list(self.in_flight)
        ready, _ = ray.wait(tasks, num_returns=1, timeout=LOOK_SECONDS)
        if ready and len(tasks) > 1:
            ready, _ = ray.wait(tasks, num_returns=len(tasks), timeout=0)
        for task in ready:
            self.take(self.in_flight.pop(task), task)

    def take(self, group: Group, task: Any) -> None:
        """Take a task's records; what it has left undone is done again."""
        records: dict[int, bytes] = {}
        reason = unfit = None
        try:
            records, reason, unfit = ray.get(task)
        except ray.exceptions.TaskCancelledError:
            return
        except ray.exceptions.WorkerCrashedError:
            reason = "the worker process died"
        except ray.exceptions.OutOfMemoryError:
            reason = "the node's memory was full"
        except (ray.exceptions.NodeDiedError, ray.exceptions.ObjectLostError):
            pass
        except ray.exceptions.RayError as error:
            unfit = str(error)
        self.keep(records)
        if unfit:
            # Other nodes may be fit, but nobody would know what this one left undone.
            self.unfit = unfit
            self.stopped = True
            return
        fail_fast = self.tasks.options.fail_fast
        if fail_fast and any(error_of(record) is not None for record in records.values()):
            self.stopped = True
        left = [place for place in group.places if place not in records]
        if not left or self.stopped:
            return
        kills = group.kills + (BLAME_FOR_A_LOST_NODE if reason is None else 1)
        if len(left) == 1 and kills >= KILLS:
            reason = f"its task was killed {KILLS} times ({reason or 'the node was lost'})"
            self.keep({left[0]: killed(self.plan.records[left[0]], reason)})
            self.stopped = fail_fast
            return
        how = "was lost with its node" if reason is None else f"was killed ({reason})"
        count = "1 file" if len(left) == 1 else f"{len(left)} files"
        self.say(f"a task {how}: {count} submitted again")
        # Halves, and halves of them, until the culprit is alone.
        middle = len(left) // 2 if kills >= 1 else 0
        self.again.extend(Group(part, group.cpus, kills, again=True) for part in (left[:middle], left[middle:]) if part)

    def keep(self, records: dict[int, bytes]) -> None:
        """Take new records until it is their turn."""
        self.records.update(records)
        for place, record in records.items():
            self.bytes_done += self.sizes[place]
            if error_of(record) is None:
                self.bytes_rotated += self.sizes[place]

    def cancel(self) -> None:
        """Drop what is queued; what runs says what it has done."""
        self.stopped = True
        for task in self.in_flight:
            ray.cancel(task)
        until = time.monotonic() + GRACE_SECONDS
        while self.in_flight and time.monotonic() < until:
            ready, _ = ray.wait(list(self.in_flight), num_returns=1, timeout=LOOK_SECONDS)
            for task in ready:
                self.take(self.in_flight.pop(task), task)
        self.in_flight.clear()
