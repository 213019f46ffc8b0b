#!/usr/bin/env python3
# /// script
# requires-python = ">=3.10"
# dependencies = ["ray[default]>=2.40,<3"]
# ///
"""Turns bitmaps a quarter turn clockwise on a Ray cluster, with the command line of rot90.

This script is the driver. It asks `rot90 --dry-run` for the plan, groups the files into remote
tasks (num_cpus=1; pictures of 64 MiB and more are tasks of their own with more CPUs), and each
task runs rot90 over its group. Names, inputs and outputs are those of a file system that all
nodes share, under the same paths; no pixel passes through Ray's object store. Standard output is
byte for byte that of rot90 on one machine, and so are the exit codes.

Without an address a cluster is started on this machine for the time of the run, as ray.init()
does. --address joins one that `ray start --head` began: HOST:6379, or `auto` for the one that this
machine is in; RAY_ADDRESS says the same. A machine outside of it joins through the Ray Client
(ray://HOST:10001), if it has the same file system.

The rot90 executable travels to the nodes in the job's runtime_env, so that these need nothing but
Ray. A task that is lost with its node is submitted again. A file whose task was killed three
times, the last time alone, gets a record with an error.
"""

import argparse
import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Pictures of this size and more are turned by all workers of a task together (`LARGE` in
# src/file/mod.rs); for each of them that many bytes should be worth a CPU.
LARGE = 64 << 20
LARGE_PER_CPU = 32 << 20
# What a file costs beyond its bytes, in bytes that could be turned meanwhile.
FILE_WEIGHT = 64 << 10
# Tasks for each CPU, so that all of them end at about the same time, unless a task would then be
# larger than --task-bytes.
TASKS_PER_CPU = 4
# Tasks running or waiting for each CPU: none is idle while the driver prepares the next task.
IN_FLIGHT_PER_CPU = 2
# Results that wait for those before them take bounded memory.
FILES_AHEAD = 1 << 18
KILLS = 3
# A lost node is seldom the fault of a file that was turned on it.
BLAME_FOR_A_LOST_NODE = 0.25
# How long cancelled tasks may take to say what they have done.
GRACE_SECONDS = 5.0
# The package in which the executable travels.
PACKAGE = "rot90_executable"


# What runs on the nodes. Ray sends these functions to them.


def unfit(order):
    """Why this node cannot run the order, or None."""
    import ray

    where = f"node {ray.util.get_node_ip_address()}"
    if not os.path.isdir(order["folder"]):
        return f"{where} does not have the folder {os.fsdecode(order['folder'])}: all nodes need the same file system"
    try:
        found = subprocess.run([executable(order), "--version"], capture_output=True, check=True).stdout
    except (OSError, ImportError, subprocess.SubprocessError) as error:
        return f"{where} cannot run rot90: {error}"
    if found != order["version"]:
        return f"{where} has {found.decode().strip()}, this machine {order['version'].decode().strip()}"
    return None


def executable(order):
    """The rot90 of this node: the one that was named, or the one that came with the job."""
    if order["rot90"]:
        return order["rot90"]
    import importlib

    program = os.path.join(os.path.dirname(importlib.import_module(PACKAGE).__file__), "rot90")
    if not os.access(program, os.X_OK):
        os.chmod(program, 0o755)
    return program


FIT = set()


def turn(order):
    """One task: runs rot90 over its files, once for each folder that outputs go to.

    Returns the records by the files' places in the plan, why rot90 was killed (or None), and why
    this node cannot run it at all (or None).
    """
    if order["version"] not in FIT:
        reason = unfit(order)
        if reason:
            return {}, None, reason
        FIT.add(order["version"])
    records = {}
    for folder, files in order["runs"]:
        command = [executable(order), *order["options"], "--quiet", "--format", "jsonl", "--files0-from", "-"]
        if folder is not None:
            command.append(b"--output-dir=" + folder)
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=order["folder"], umask=order["umask"])
        names, cancelled = b"".join(name + b"\0" for _, name in files), False
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


def ended(code, told):
    """How a process ended."""
    if code < 0:
        return signal.Signals(-code).name
    last = told.decode(errors="replace").strip().rpartition("\n")[2]
    return f"exit code {code}" + (f", {last}" if last else "")


# The plan.


class Plan:
    """What `rot90 --dry-run` says: a record for each file, in order."""

    def __init__(self, arguments, command):
        ran = subprocess.run(
            [command, "--dry-run", "--format", "jsonl", "--verbose", "--progress", "never",
             *passed_on(arguments, planning=True)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if ran.returncode not in (0, 1):
            write(2, ran.stderr)
            sys.exit(ran.returncode if ran.returncode > 0 else 2)
        self.records = ran.stdout.split(b"\n")[:-1]
        self.failed = ran.returncode == 1
        self.errors = {place for place, record in enumerate(self.records) if error_of(record) is not None}
        failures = {failure(self.records[place]) for place in self.errors}
        messages = [line.removeprefix("rot90: ") for line in ran.stderr.decode(errors="replace").splitlines()]
        self.skipped = [line for line in messages if line.endswith(": skipped, an earlier result")]
        about_itself = re.compile(r"\d+ files?, \d+ threads?, .* a picture|\d+ files? would be turned, .* failed")
        a_hint = re.compile(r"\d+ names were given, as by a pattern|--max-memory \d+ means ")
        # A hint names a corrected command, which here would be the plan's.
        self.problems = [line for line in messages if line not in failures and line not in self.skipped
                         and not about_itself.fullmatch(line) and not a_hint.match(line)]

    def paths(self, place):
        """Input, and output, as bytes."""
        record = json.loads(self.records[place])
        return tuple(
            base64.b64decode(path["bytes"]) if isinstance(path, dict) else path.encode()
            for path in (record["input"], record["output"]))

    def sizes(self):
        """Bytes of each input, 0 where that cannot be told."""
        def size(place):
            try:
                return 0 if place in self.errors else os.stat(self.paths(place)[0]).st_size
            except OSError:
                return 0
        # Shared file systems answer slowly, but many questions at a time.
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(size, range(len(self.records)), chunksize=256))

    def killed(self, place, reason):
        """The record of a file that nothing can be done about."""
        return b'%s, "error": %s}' % (self.beginning(place), json.dumps(reason, ensure_ascii=False).encode())

    def without_result(self, place):
        """The record of a file that was not done."""
        return self.beginning(place) + b"}" if place in self.errors else self.records[place]

    def beginning(self, place):
        """A record as far as its input."""
        text = self.records[place].decode()
        _, end = json.JSONDecoder().raw_decode(text, len('{"input": '))
        return text[:end].encode()


class Page:
    """The page that --report asks for. rot90 makes it from the records, here and in the end."""

    def __init__(self, arguments, program, plan):
        self.plan = plan
        self.command = [program, "--report-of-records", f"--report={arguments.report}"]
        if arguments.output_dir is not None:
            self.command.append(f"--output-dir={arguments.output_dir}")
        if arguments.durable:
            self.command.append("--durable")
        self.records = {}

    def check(self):
        """Ends the run where the page cannot stand, before anything is touched."""
        if self.make(None):
            sys.exit(2)

    def make(self, seconds):
        """Makes it, or only checks whether it can be; returns the exit code."""
        about = {"seconds": seconds, "skipped": len(self.plan.skipped), "problems": self.plan.problems}
        records = (self.records.get(place) or self.plan.without_result(place)
                   for place in range(len(self.plan.records)))
        lines = b"\n".join([json.dumps(about).encode(), *records])
        ran = subprocess.run(self.command, input=lines, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        write(2, ran.stderr)
        return ran.returncode


class Group:
    """The files of a task."""

    def __init__(self, places, cpus=1, kills=0.0, again=False):
        self.places = places
        self.cpus = cpus
        self.kills = kills
        # Not the first try: outputs may be there already, made by the one before.
        self.again = again


def groups(plan, sizes, most):
    """Groups of about `most` bytes, in order; large files are groups of their own."""
    places, weight = [], 0
    for place, size in enumerate(sizes):
        if place in plan.errors:
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


# Records and messages.


def error_of(record):
    """A record's error, or None."""
    return json.loads(record).get("error") if b', "error": ' in record else None


def shown(text):
    """A message without characters that a terminal would obey (src/text.rs)."""
    names = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return re.sub(
        "[\0-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]",
        lambda found: names.get(found[0], f"\\u{{{ord(found[0]):x}}}"), text)


def shown_path(path):
    """A path of a record as it is shown to a person."""
    if isinstance(path, dict):
        path = base64.b64decode(path["bytes"]).decode(errors="backslashreplace")
    return shown(path)


def failure(record):
    """The message that goes with a record's error."""
    record = json.loads(record)
    return f"{shown_path(record['input'])}: {shown(record['error'])}"


def counted(count, what):
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def bytes_shown(count):
    """Bytes in decimal units, three digits or so."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while count >= 999.5 and len(units) > 1:
        count /= 1000
        units.pop(0)
    return f"{count:.{int(units[0] != 'B' and count < 100)}f} {units[0]}"


def write(descriptor, data):
    """Writes all of it; standard error that is closed is nobody's trouble."""
    try:
        while data:
            data = data[os.write(descriptor, data):]
    except OSError:
        if descriptor != 2:
            raise


class Report:
    """Standard output: records as rot90 prints them."""

    BEGIN = {"json": b"[\n", "means": b"["}
    BETWEEN = {"json": b",\n", "means": b", "}
    END = {"json": b"\n]\n", "means": b"]\n"}

    def __init__(self, descriptor, form):
        self.descriptor = descriptor
        self.form = form
        self.records = 0
        # The error that ended it.
        self.broken = None

    def add(self, records):
        if self.form == "jsonl":
            self.write(b"".join(record + b"\n" for record in records))
        elif records:
            if self.form == "means":
                records = [
                    b"null" if error_of(record) is not None else record[record.rindex(b": ") + 2:-1]
                    for record in records]
            before = self.BETWEEN if self.records else self.BEGIN
            self.write(before[self.form] + self.BETWEEN[self.form].join(records))
        self.records += len(records)

    def finish(self):
        if self.form != "jsonl":
            self.write(self.END[self.form] if self.records else b"[]\n")

    def write(self, data):
        if self.broken is None:
            try:
                write(self.descriptor, data)
            except OSError as error:
                self.broken = error


class Terminal:
    """Standard error: messages, and a line of progress below them."""

    def __init__(self, when, quiet):
        self.line = ""
        on_terminal = os.isatty(2) and os.environ.get("TERM") != "dumb"
        self.shows_progress = not quiet and (when == "always" or when == "auto" and on_terminal)

    def say(self, message):
        """Writes a line. The message has been through shown()."""
        line = self.line
        self.progress("")
        write(2, f"rot90: {message}\n".encode(errors="backslashreplace"))
        self.progress(line)

    def progress(self, line):
        if self.shows_progress and line != self.line:
            columns = shutil.get_terminal_size().columns if os.isatty(2) else 80
            write(2, f"\r\x1b[K{line[:columns - 1]}".encode())
            self.line = line


# The driver.


class Stopped(BaseException):
    """A signal came before there was anything to print."""


class Signals:
    """SIGINT and SIGTERM end the run in order; a second one ends it at once."""

    def __init__(self):
        self.number = 0
        self.may_raise = True
        self.take_over()

    def take_over(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.came)

    def came(self, number, _frame):
        if self.number:
            os._exit(128 + number)
        self.number = number
        if self.may_raise:
            raise Stopped


class Cluster:
    """What the driver knows about the cluster it runs on."""

    def __init__(self, ray, workers):
        self.ray = ray
        self.workers = workers
        self.looked = 0.0
        self.nodes = []
        self.look()

    def look(self):
        """Nodes come and go: looks again after a while."""
        if time.monotonic() - self.looked > 2:
            self.nodes = [node for node in self.ray.nodes() if node["Alive"]]
            self.looked = time.monotonic()

    @property
    def cpus(self):
        """CPUs that this run may use; 1 if a cluster has yet to start its nodes."""
        count = int(sum(node["Resources"].get("CPU", 0) for node in self.nodes))
        return max(1, min(count, self.workers or count))

    @property
    def cpus_of_a_task(self):
        """The most that a task may ask for: any node can run it, should the others be lost."""
        smallest = min((int(node["Resources"]["CPU"]) for node in self.nodes
                        if node["Resources"].get("CPU", 0) >= 1), default=1)
        return min(smallest, self.cpus)

    def describe(self):
        def numbers(resources):
            return ", ".join(f"{name} {bytes_shown(count) if 'memory' in name else f'{count:g}'}"
                             for name, count in sorted(resources.items()) if not name.startswith("node:"))
        address = self.ray.get_runtime_context().gcs_address
        yield f"Ray {self.ray.__version__} at {address}, {counted(len(self.nodes), 'node')}"
        for node in self.nodes:
            yield f"node {node['NodeManagerAddress']} ({node['NodeManagerHostname']}): {numbers(node['Resources'])}"
        yield f"cluster_resources: {numbers(self.ray.cluster_resources())}"
        yield f"available_resources: {numbers(self.ray.available_resources())}"


class Batch:
    """Tasks over the cluster, records in order."""

    def __init__(self, ray, plan, sizes, order, arguments, report, page, terminal, signals, cluster):
        self.ray, self.plan, self.sizes, self.order = ray, plan, sizes, order
        self.arguments, self.report, self.page, self.terminal = arguments, report, page, terminal
        self.signals, self.cluster = signals, cluster
        weight = sum(sizes) + FILE_WEIGHT * len(sizes)
        self.fresh = groups(plan, sizes, min(arguments.task_bytes, weight // (TASKS_PER_CPU * cluster.cpus)))
        self.again = deque()
        self.in_flight = {}
        self.turn = ray.remote(max_retries=0)(turn)
        # Records from the head on, as far as they are known.
        self.records = {}
        self.head = 0
        self.submitted_to = 0
        self.begun = time.monotonic()
        self.turned = self.failed = self.bytes_turned = 0
        self.bytes_done, self.bytes_in_all = 0, sum(sizes)
        self.stopped = False
        self.unfit = None

    def run(self):
        self.write_known()
        while not self.stopped:
            self.submit()
            if not self.in_flight:
                break
            self.collect(timeout=0.2)
            self.look_around()
        if self.in_flight:
            self.cancel()
        # Where the run was ended, results may stand behind files that were not begun.
        last = max(self.records, default=-1)
        self.records.update((place, self.plan.records[place]) for place in self.plan.errors
                            if self.head <= place < last)
        self.put({place: self.records[place] for place in sorted(self.records)})

    def submit(self):
        """Keeps the nodes busy, and no more than that."""
        cpus = self.cluster.cpus
        while True:
            taken = sum(group.cpus for group in self.in_flight.values())
            limit = self.arguments.workers or IN_FLIGHT_PER_CPU * cpus
            far_ahead = self.submitted_to - self.head > FILES_AHEAD
            group = self.again.popleft() if self.again else None if far_ahead else next(self.fresh, None)
            if group is None:
                return
            group.cpus = min(group.cpus, self.cluster.cpus_of_a_task)
            if self.in_flight and taken + group.cpus > limit:
                self.again.appendleft(group)
                return
            self.submitted_to = max(self.submitted_to, group.places[-1])
            self.in_flight[self.task(group)] = group

    def task(self, group):
        runs = {}
        for place in group.places:
            name, output = self.plan.paths(place)
            # The slash stays: what is no folder is then found out by each file.
            folder = output[:output.rindex(b"/") + 1] if self.arguments.output_dir is not None else None
            runs.setdefault(folder, []).append((place, name))
        options = passed_on(self.arguments, again=group.again) + ["--workers", str(group.cpus)]
        order = {**self.order, "runs": list(runs.items()), "options": options}
        return self.turn.options(num_cpus=group.cpus, name="rot90").remote(order)

    def collect(self, timeout):
        """Takes what has ended."""
        tasks = list(self.in_flight)
        ready, _ = self.ray.wait(tasks, num_returns=1, timeout=timeout)
        if ready and len(tasks) > 1:
            ready, _ = self.ray.wait(tasks, num_returns=len(tasks), timeout=0)
        for task in ready:
            self.take(self.in_flight.pop(task), task)
        self.write_known()

    def take(self, group, task):
        """Takes a task's records; what it has left undone is done again."""
        errors = self.ray.exceptions
        unfit = None
        try:
            records, reason, unfit = self.ray.get(task)
        except errors.TaskCancelledError:
            return
        except errors.WorkerCrashedError:
            records, reason = {}, "the worker process died"
        except errors.OutOfMemoryError:
            records, reason = {}, "the node's memory was full"
        except (errors.NodeDiedError, errors.ObjectLostError):
            records, reason = {}, None
        except errors.RayError as error:
            records, reason, unfit = {}, None, str(error)
        self.keep(records)
        if unfit:
            # Other nodes may be fit, but nobody would know what this one left undone.
            self.unfit = unfit
            self.stopped = True
            return
        if self.arguments.fail_fast and any(error_of(record) is not None for record in records.values()):
            self.stopped = True
        left = [place for place in group.places if place not in records]
        if not left or self.stopped or self.signals.number:
            return
        kills = group.kills + (BLAME_FOR_A_LOST_NODE if reason is None else 1)
        if len(left) == 1 and kills >= KILLS:
            reason = f"its task was killed {KILLS} times ({reason or 'the node was lost'})"
            self.keep({left[0]: self.plan.killed(left[0], reason)})
            self.stopped = self.stopped or self.arguments.fail_fast
            return
        if self.arguments.talk > 1:
            how = "was lost with its node" if reason is None else f"was killed ({reason})"
            self.terminal.say(f"a task {how}: {counted(len(left), 'file')} submitted again")
        # Halves, and halves of them, until the culprit is alone.
        middle = len(left) // 2 if kills >= 1 else 0
        self.again.extend(Group(part, group.cpus, kills, again=True)
                          for part in (left[:middle], left[middle:]) if part)

    def keep(self, records):
        """Takes new records until it is their turn."""
        self.records.update(records)
        for place, record in records.items():
            self.bytes_done += self.sizes[place]
            if error_of(record) is None:
                self.bytes_turned += self.sizes[place]

    def write_known(self):
        """Writes the records whose turn has come."""
        known = {}
        while self.head < len(self.plan.records):
            if self.head in self.records:
                known[self.head] = self.records.pop(self.head)
            elif self.head in self.plan.errors:
                known[self.head] = self.plan.records[self.head]
            else:
                break
            self.head += 1
        self.put(known)

    def put(self, records):
        was_whole = self.report.broken is None
        self.report.add(list(records.values()))
        self.check_report(was_whole)
        if self.page:
            self.page.records.update(records)
        for record in records.values():
            parsed = json.loads(record)
            if "error" in parsed:
                self.failed += 1
                self.terminal.say(failure(record))
                continue
            self.turned += 1
            if self.arguments.talk > 2:
                self.terminal.say(f"{shown_path(parsed['input'])}: turned into {shown_path(parsed['output'])}, "
                                  f"mean {record[record.rindex(b': ') + 2:-1].decode()}")

    def check_report(self, was_whole):
        """Once nobody reads standard output, the run ends quietly; a full one is told of."""
        if not was_whole or self.report.broken is None:
            return
        if isinstance(self.report.broken, BrokenPipeError):
            self.stopped = True
        else:
            reason = self.report.broken.strerror
            self.terminal.say(f"cannot write the results to standard output: {reason}")

    def look_around(self):
        if self.signals.number:
            self.stopped = True
        self.cluster.look()
        if not self.terminal.shows_progress:
            return
        done = self.head + len(self.records)
        total, at = self.bytes_in_all, self.bytes_done
        left = f"{timed((time.monotonic() - self.begun) * (total - at) / at)} left" if at else ""
        self.terminal.progress(
            f"{done}/{len(self.sizes)} files  {bytes_shown(at)} of {bytes_shown(total)}  "
            f"{counted(len(self.cluster.nodes), 'node')}  {counted(self.cluster.cpus, 'CPU')}  {left}")

    def cancel(self):
        """Drops what is queued; what runs says what it has done."""
        for task in self.in_flight:
            self.ray.cancel(task)
        until = time.monotonic() + GRACE_SECONDS
        while self.in_flight and time.monotonic() < until:
            ready, _ = self.ray.wait(list(self.in_flight), num_returns=1, timeout=0.2)
            for task in ready:
                self.take(self.in_flight.pop(task), task)

    def summary(self, seconds):
        count = len(self.plan.skipped)
        skipped = {0: "0 skipped", 1: "1 earlier result skipped"}.get(count, f"{count} earlier results skipped")
        problems = len(self.plan.problems)
        unread = {0: "", 1: ", 1 pattern or folder without files"}.get(
            problems, f", {problems} patterns or folders without files")
        return (f"{counted(self.turned, 'file')}, {bytes_shown(self.bytes_turned)} in {seconds:.3f} s "
                f"({bytes_shown(self.bytes_turned / max(seconds, 1e-9))}/s), {skipped}, {self.failed} failed{unread}")


def timed(seconds):
    """Hours, minutes and seconds."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def parse(words):
    """The command line. What rot90 knows better than this script it is left to check."""
    parser = argparse.ArgumentParser(
        prog="rot90_ray.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False, usage="%(prog)s [OPTIONS] <PATTERN>...\n       %(prog)s [OPTIONS] --files0-from <FILE>",
        epilog="""Examples:
  rot90_ray.py '/shared/scans/*.bmp'                   on this machine's CPUs
  rot90_ray.py --address auto '/shared/scans/**/*.bmp' -o /shared/turned
  RAY_ADDRESS=10.0.0.1:6379 rot90_ray.py '/shared/scans/*.bmp' --format jsonl

Exit status:
  0    every file was turned
  1    some file failed, a pattern matched nothing, or standard output could not be written
  2    wrong usage, conflicting outputs, or no cluster that can do it; nothing was touched
  130  interrupted (SIGINT); 143 terminated (SIGTERM): the results so far are printed""")
    ray = parser.add_argument_group("Ray")
    ray.add_argument("--address", metavar="ADDR", default=os.environ.get("RAY_ADDRESS") or "local",
                     help="the cluster to join [default: RAY_ADDRESS, or a new one on this machine]")
    ray.add_argument("--rot90", metavar="PATH",
                     help="the executable, there on all nodes [default: the one of this machine is sent to them]")
    ray.add_argument("--task-bytes", metavar="SIZE", type=parse_size, default=256 << 20,
                     help="bytes of input for a task at most, such as 64M [default: 256M]; "
                          f"tasks are smaller where there would be fewer than {TASKS_PER_CPU} for each CPU")
    same = parser.add_argument_group("As in rot90 (see rot90 --help)")
    same.add_argument("patterns", metavar="PATTERN", nargs="*",
                      help="paths, or patterns (* ? [...] **) that rot90 expands itself: quote them")
    same.add_argument("--files0-from", metavar="FILE", help="names separated by NUL; - is standard input")
    same.add_argument("-o", "--output-dir", metavar="DIR", help="outputs go below DIR")
    same.add_argument("--format", choices=["json", "jsonl", "means"], default="json", help="[default: json]")
    for option, text in [("--update", "leave alone an output that is not older than its input"),
                         ("--no-clobber", "an output that exists is an error"),
                         ("--dry-run", "print the plan, and do nothing; no cluster is needed"),
                         ("--durable", "fsync each output before it is reported"),
                         ("--fail-fast", "start no new file after the first failure; tasks that run are cancelled")]:
        same.add_argument(option, action="store_true", help=text)
    same.add_argument("-w", "--workers", metavar="N", help="CPUs to use in all [default: those of the cluster]")
    same.add_argument("--max-memory", metavar="SIZE",
                      help="the most memory for a picture [default: half of what its node has]")
    same.add_argument("--report", metavar="FILE",
                      help="write a page with all results and small pictures to FILE, which ends with .html")
    same.add_argument("--progress", choices=["auto", "always", "never"], default="auto",
                      help="a line on standard error; auto: if that is a terminal")
    same.add_argument("-q", "--quiet", dest="talk", action="store_const", const=0, default=1,
                      help="no progress and no summary")
    same.add_argument("-v", "--verbose", dest="talk", action=More, nargs=0,
                      help="show what the cluster has and what is skipped; twice: tell of every file")
    same.add_argument("--version", action="store_true", help="that of the executable")
    arguments = parser.parse_intermixed_args(words)
    return arguments


class More(argparse.Action):
    def __call__(self, _parser, arguments, _values, _option=None):
        arguments.talk = min(3, max(1, arguments.talk) + 1)


def parse_size(text):
    found = re.fullmatch(r"(\d+)\s*([KMGT]?)(i?B)?", text, re.IGNORECASE)
    if not found or int(found[1]) == 0:
        raise argparse.ArgumentTypeError("a size is a number of bytes, or one with K, M, G or T behind it")
    return int(found[1]) << 10 * " KMGT".index(found[2].upper() or " ")


def passed_on(arguments, planning=False, again=False):
    """The options that rot90 gets, for the plan or for a task."""
    options = [name for name, given in [("--update", arguments.update), ("--durable", arguments.durable),
                                        ("--fail-fast", arguments.fail_fast)] if given]
    if arguments.no_clobber:
        # What exists by now and did not at first was made by a task that was lost.
        options.append("--update" if again else "--no-clobber")
    if arguments.max_memory is not None:
        options.append(f"--max-memory={arguments.max_memory}")
    if planning:
        if arguments.workers is not None:
            options.append(f"--workers={arguments.workers}")
        if arguments.output_dir is not None:
            options.append(f"--output-dir={arguments.output_dir}")
        if arguments.files0_from is not None:
            options.append(f"--files0-from={arguments.files0_from}")
        options += ["--", *arguments.patterns]
    return options


def find_rot90(named):
    """The executable on this machine: the one that was named, or one built or installed here."""
    here = Path(__file__).resolve().parent
    for path in (named, here / "rot90", here.parent / "target/release/rot90", shutil.which("rot90")):
        if path and os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    write(2, b"rot90: no rot90 executable here: build it (cargo build --release) or name one with --rot90\n")
    sys.exit(2)


def connect(arguments, program, package):
    """Joins the cluster, or starts one."""
    # Ray would send the whole working folder along where the script is run by uv.
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    import ray
    import ray.exceptions

    host, _, port = arguments.address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        # Ray would try for many minutes.
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    options = {}
    if not arguments.rot90:
        folder = Path(package, PACKAGE)
        folder.mkdir()
        (folder / "__init__.py").touch()
        shutil.copy(program, folder / "rot90")
        options["runtime_env"] = {"py_modules": [str(folder)]}
    if arguments.address == "local":
        # Ray's store holds records alone.
        options.update(num_cpus=arguments.workers or len(os.sched_getaffinity(0)), num_gpus=0,
                       include_dashboard=False, object_store_memory=128 << 20)
    ray.init(address=arguments.address, logging_level="ERROR", log_to_driver=False, **options)
    return ray


def check_nodes(ray, order, nodes):
    """Asks each node whether it can do it, before anything is touched."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ask = ray.remote(num_cpus=0, max_retries=0)(unfit)
    asked = [ask.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(order)
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
            return reason
    return None


def main():
    signals = Signals()
    arguments = parse(sys.argv[1:])
    program = find_rot90(arguments.rot90)
    if arguments.version:
        os.execv(program, [program, "--version"])
    if arguments.dry_run:
        talk = [["-q"], [], ["-v"], ["-vv"]][arguments.talk]
        # Which it refuses, in its own words.
        page = [f"--report={arguments.report}"] if arguments.report is not None else []
        os.execv(program, [program, *page, "--dry-run", f"--format={arguments.format}", f"--progress={arguments.progress}",
                           *talk, *passed_on(arguments, planning=True)])
    # Ray prints to standard output when a node is lost, and processes that it starts inherit it.
    results = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    report = Report(results, arguments.format)
    terminal = Terminal(arguments.progress, arguments.talk == 0)
    try:
        return drive(arguments, program, report, terminal, signals)
    except Stopped:
        report.finish()
        return 128 + signals.number


def drive(arguments, program, report, terminal, signals):
    """The run itself; returns the exit code."""
    plan = Plan(arguments, program)
    page = None
    if arguments.report is not None:
        page = Page(arguments, program, plan)
        page.check()
    if arguments.workers is not None:
        arguments.workers = int(arguments.workers)
    for problem in plan.problems:
        terminal.say(problem)
    version = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
    umask = os.umask(0)
    os.umask(umask)
    order = {"rot90": arguments.rot90 and os.path.abspath(arguments.rot90), "version": version,
             "folder": os.getcwdb(), "umask": umask, "fail_fast": arguments.fail_fast}
    with ThreadPoolExecutor(1) as beside, tempfile.TemporaryDirectory(prefix="rot90-ray-") as package:
        sizes = beside.submit(plan.sizes)
        try:
            ray = connect(arguments, program, package)
        except (ConnectionError, OSError, RuntimeError, ValueError, ImportError) as error:
            terminal.say(shown(f"no Ray cluster at {arguments.address}: {error}"))
            return 2
        sizes = sizes.result()
    # Ray has a handler of its own for SIGTERM.
    signals.take_over()
    try:
        cluster = Cluster(ray, arguments.workers)
        reason = check_nodes(ray, order, cluster.nodes)
        if reason:
            terminal.say(shown(reason))
            return 2
        if arguments.talk > 1:
            for line in [*cluster.describe(), *plan.skipped]:
                terminal.say(line)
        batch = Batch(ray, plan, sizes, order, arguments, report, page, terminal, signals, cluster)
        signals.may_raise = False
        batch.run()
        seconds = time.monotonic() - batch.begun
        was_whole = report.broken is None
        report.finish()
        batch.check_report(was_whole)
        terminal.progress("")
        page_failed = page is not None and page.make(seconds) != 0
        if batch.unfit:
            terminal.say(shown(batch.unfit))
        if arguments.talk and not isinstance(report.broken, BrokenPipeError):
            terminal.say(batch.summary(seconds))
    finally:
        os.close(report.descriptor)
        ray.shutdown()
    if signals.number:
        return 128 + signals.number
    return int(bool(plan.failed or batch.failed or batch.unfit or report.broken or page_failed))


if __name__ == "__main__":
    sys.exit(main())
