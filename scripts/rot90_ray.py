#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["ray[default]>=2.40,<3", "rot90"]
#
# [tool.uv.sources]
# rot90 = { path = ".." }
# ///
"""Rotates bitmaps by 90 degrees clockwise on a Ray cluster, with the command line of rot90.

This script is the driver: `rot90.ray`, with options for arguments, and with messages, progress and
exit codes. It asks `rot90 --dry-run` for the plan, groups the files into remote tasks (num_cpus=1;
pictures of 64 MiB and more are tasks of their own with more CPUs), and each task runs rot90 over its
group. Names, inputs and outputs are those of a file system that all nodes share, under the same
paths; no pixel passes through Ray's object store. Standard output is byte for byte that of rot90 on
one machine, and the exit codes are the same.

Without an address a cluster is started on this machine for the duration of the run, as
ray.init() does. --address joins one that `ray start --head` started: HOST:6379, or `auto` for the one that this
machine is in; RAY_ADDRESS says the same. A machine outside of it joins through the Ray Client
(ray://HOST:10001), if it has the same file system.

The rot90 executable is sent to the nodes, so that these need nothing but Ray. A task that is lost
with its node is submitted again. A file whose task was killed three times, the last time alone, gets
a record with an error.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from rot90._files import (
    Operands, Options, ask_plan, beginning, error_of, failure, find_bin, read_plan, shown, shown_path)


class Page:
    """The page that --report asks for. rot90 makes it from the records, here and in the end."""

    def __init__(self, arguments, program, plan):
        self.plan = plan
        self.command = [program, "--report-of-records", f"--report={arguments.report}"]
        if arguments.output_dir is not None:
            self.command.append(f"--output-dir={arguments.output_dir}")
        if arguments.files0_from is not None:
            # It is not read: the page must not take its place.
            self.command.append(f"--files0-from={arguments.files0_from}")
        if arguments.durable:
            self.command.append("--durable")
        self.records = {}

    def check(self):
        """Ends the run where the page cannot be written, before anything is touched."""
        if self.make(None):
            sys.exit(2)

    def make(self, seconds):
        """Makes it, or only checks whether it can be; returns the exit code."""
        about = {"seconds": seconds, "skipped": len(self.plan.skipped), "problems": self.plan.messages}
        # The record of a file that was not done says neither what became of it nor what would.
        records = (self.records.get(place) or (beginning(record) + b"}" if error_of(record) is not None else record)
                   for place, record in enumerate(self.plan.records))
        lines = b"\n".join([json.dumps(about).encode(), *records])
        ran = subprocess.run(self.command, input=lines, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        write(2, ran.stderr)
        return ran.returncode


def counted(count, what):
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def bytes_shown(count):
    """Bytes in decimal units."""
    if count < 1000:
        return f"{count:.0f} B"
    units = ["kB", "MB", "GB", "TB"]
    count /= 1000
    while count >= 1000 and len(units) > 1:
        count /= 1000
        units.pop(0)
    return f"{count:.2f} {units[0]}"


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


class Run:
    """The batch, as it is told of on standard output and standard error."""

    def __init__(self, batch, arguments, report, page, terminal, signals):
        self.batch, self.arguments, self.report = batch, arguments, report
        self.page, self.terminal, self.signals = page, terminal, signals
        self.begun = time.monotonic()
        self.rotated = self.up_to_date = self.failed = 0
        if arguments.talk > 1:
            batch.say = terminal.say

    def run(self):
        for known in self.batch.run():
            self.put(known)
            if self.signals.number:
                self.batch.stop()
            self.show_progress()

    def put(self, known):
        was_whole = self.report.broken is None
        self.report.add([record for _, record in known])
        self.check_report(was_whole)
        if self.page:
            self.page.records.update(known)
        for place, record in known:
            parsed = json.loads(record)
            if "error" in parsed:
                self.failed += 1
                self.terminal.say(failure(record))
                continue
            self.rotated += 1
            # By then a node that was lost may have made it, which nobody can tell.
            self.up_to_date += b'"up_to_date": true' in self.batch.plan.records[place]

    def check_report(self, was_whole):
        """Once nobody reads standard output, the run ends quietly; a full one is told of."""
        if not was_whole or self.report.broken is None:
            return
        if isinstance(self.report.broken, BrokenPipeError):
            self.batch.stop()
        else:
            reason = self.report.broken.strerror
            self.terminal.say(f"cannot write the results to standard output: {reason}")

    def show_progress(self):
        if not self.terminal.shows_progress:
            return
        batch, cluster = self.batch, self.batch.cluster
        total, at = sum(batch.sizes), batch.bytes_done
        left = f"{timed((time.monotonic() - self.begun) * (total - at) / at)} left" if at else ""
        self.terminal.progress(
            f"{batch.head + len(batch.records)}/{len(batch.sizes)} files  {bytes_shown(at)} of {bytes_shown(total)}  "
            f"{counted(len(cluster.nodes), 'node')}  {counted(cluster.cpus, 'CPU')}  {left}")

    def summary(self, seconds):
        """The last line, as rot90 has it; none where a single message has told all there is."""
        plan, unread = self.batch.plan, len(self.batch.plan.messages)
        not_done = len(plan.records) - self.rotated - self.failed
        if self.rotated + len(plan.skipped) + not_done == 0 and self.failed + unread == 1:
            return None
        parts = [f"{counted(self.rotated, 'file')} rotated"]
        if self.arguments.update:
            parts = [f"{self.rotated - self.up_to_date} rotated", f"{self.up_to_date} up to date"]
        count = self.batch.bytes_rotated
        if count:
            parts.append(f"{bytes_shown(count)} in {seconds:.3f} s ({bytes_shown(count / max(seconds, 1e-9))}/s)")
        parts.append(f"{counted(len(plan.skipped), 'earlier result')} skipped" if plan.skipped else "0 skipped")
        parts.append(f"{self.failed} failed")
        if not_done:
            parts.append(f"{not_done} not done")
        if unread:
            parts.append(counted(unread, "other problem"))
        return ", ".join(parts)


def timed(seconds):
    """Hours, minutes and seconds."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def described(ray, nodes):
    """What the cluster has."""
    def numbers(resources):
        return ", ".join(f"{name} {bytes_shown(count) if 'memory' in name else f'{count:g}'}"
                         for name, count in sorted(resources.items()) if not name.startswith("node:"))
    address = ray.get_runtime_context().gcs_address
    yield f"Ray {ray.__version__} at {address}, {counted(len(nodes), 'node')}"
    for node in nodes:
        yield f"node {node['NodeManagerAddress']} ({node['NodeManagerHostname']}): {numbers(node['Resources'])}"
    yield f"cluster_resources: {numbers(ray.cluster_resources())}"
    yield f"available_resources: {numbers(ray.available_resources())}"


def parse(words):
    """The command line. What rot90 knows better than this script it is left to check."""
    parser = argparse.ArgumentParser(
        prog="rot90_ray.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False, usage="%(prog)s [OPTIONS] <PATTERN>...\n       %(prog)s [OPTIONS] --files0-from <FILE>",
        epilog="""Examples:
  rot90_ray.py '/shared/scans/*.bmp'                   on this machine's CPUs
  rot90_ray.py --address auto '/shared/scans/**/*.bmp' -o /shared/rotated
  RAY_ADDRESS=10.0.0.1:6379 rot90_ray.py '/shared/scans/*.bmp' --format jsonl

Exit status:
  0    every file was rotated
  1    some file failed, a pattern matched nothing, a folder could not be listed, or the results
       or the report could not be written
  2    wrong usage, conflicting outputs, or no cluster that can do it; nothing was touched
  130  interrupted (SIGINT): the results so far are printed
  143  terminated (SIGTERM): as after an interrupt""")
    ray = parser.add_argument_group("Ray")
    ray.add_argument("--address", metavar="ADDR", default=os.environ.get("RAY_ADDRESS") or "local",
                     help="the cluster to join [default: RAY_ADDRESS, or a new one on this machine]")
    ray.add_argument("--rot90", metavar="PATH",
                     help="an executable that all nodes have [default: the one of this package is sent to them]")
    ray.add_argument("--task-bytes", metavar="SIZE", type=parse_size, default=256 << 20,
                     help="the most bytes of input per task, such as 64M [default: 256M]; less "
                          "if there would otherwise be fewer than four tasks for each CPU")
    same = parser.add_argument_group("As in rot90 (see rot90 --help)")
    same.add_argument("patterns", metavar="PATTERN", nargs="*",
                      help="paths, or patterns (* ? [...] **) that rot90 expands itself: quote them")
    same.add_argument("--files0-from", metavar="FILE", help="read NUL-terminated names from FILE (- for standard input)")
    same.add_argument("-o", "--output-dir", metavar="DIR", help="write outputs below DIR")
    same.add_argument("--format", choices=["json", "jsonl", "means"], default="json", help="[default: json]")
    for option, text in [("--update", "skip outputs that are up to date"),
                         ("--no-clobber", "fail each file whose output already exists"),
                         ("--dry-run", "print the plan, and do nothing; no cluster is needed"),
                         ("--durable", "flush each output to the disk (fsync) before reporting it"),
                         ("--fail-fast", "start no new file after the first failure; running tasks are cancelled")]:
        same.add_argument(option, action="store_true", help=text)
    same.add_argument("-p", "--preserve", action="store_true",
                      help="give outputs the times of their inputs, and the owner and mode where permitted")
    same.add_argument("-w", "--workers", metavar="N", help="CPUs to use in all [default: those of the cluster]")
    same.add_argument("--max-memory", metavar="SIZE",
                      help="memory limit for each picture [default: half of what its node has]")
    same.add_argument("--report", metavar="FILE",
                      help="write a page of all results, with thumbnails, to FILE, whose name ends in .html")
    same.add_argument("--progress", choices=["auto", "always", "never"], default="auto",
                      help="a line on standard error; auto: if that is a terminal")
    same.add_argument("-q", "--quiet", action="store_true", help="no progress and no summary")
    same.add_argument("-v", "--verbose", action="store_true", help="show what the cluster has and what is skipped")
    same.add_argument("--version", action="store_true", help="print the version of the executable")
    arguments = parser.parse_intermixed_args(words)
    arguments.talk = 0 if arguments.quiet else 1 + arguments.verbose
    return arguments


def parse_size(text):
    found = re.fullmatch(r"(\d+)\s*([KMGT]?)(i?B)?", text, re.IGNORECASE)
    if not found or int(found[1]) == 0:
        raise argparse.ArgumentTypeError("must be a number of bytes, or a number followed by K, M, G or T")
    return int(found[1]) << 10 * " KMGT".index(found[2].upper() or " ")


def find_rot90(named):
    """The executable on this machine: the one that was named, or the one that came with the package."""
    if not named:
        return find_bin()
    if os.path.isfile(named) and os.access(named, os.X_OK):
        return os.path.abspath(named)
    write(2, f"rot90: no executable at {named}\n".encode())
    sys.exit(2)


def options_of(arguments):
    """What the tasks get, and the plan besides of the workers."""
    return Options(
        output_dir=arguments.output_dir, update=arguments.update, no_clobber=arguments.no_clobber,
        preserve=arguments.preserve, durable=arguments.durable, max_memory=arguments.max_memory,
        fail_fast=arguments.fail_fast)


def for_the_plan(arguments):
    """The same as arguments, and the operands, which the command is left to check."""
    words = options_of(arguments).arguments()
    if arguments.workers is not None:
        words.append(f"--workers={arguments.workers}")
    if arguments.files0_from is not None:
        words.append(f"--files0-from={arguments.files0_from}")
    return words, Operands(["--", *arguments.patterns])


def connect(arguments):
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
    if arguments.address == "local":
        # Ray's store holds records, and the executable, alone.
        options.update(num_cpus=arguments.workers or len(os.sched_getaffinity(0)), num_gpus=0,
                       include_dashboard=False, object_store_memory=128 << 20)
    ray.init(address=arguments.address, logging_level="ERROR", log_to_driver=False, **options)
    return ray


def main():
    signals = Signals()
    arguments = parse(sys.argv[1:])
    program = find_rot90(arguments.rot90)
    if arguments.version:
        os.execv(program, [program, "--version"])
    if arguments.dry_run:
        talk = [["-q"], [], ["-v"]][arguments.talk]
        # Which it refuses, in its own words.
        page = [f"--report={arguments.report}"] if arguments.report is not None else []
        words, operands = for_the_plan(arguments)
        os.execv(program, [program, *page, "--dry-run", f"--format={arguments.format}",
                           f"--progress={arguments.progress}", *talk, *words, *operands.arguments])
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
    words, operands = for_the_plan(arguments)
    # Quiet, it reports failures, and patterns and folders without files.
    ran = ask_plan(program, ["--quiet", *words], operands)
    if ran.returncode not in (0, 1):
        write(2, ran.stderr)
        return ran.returncode if ran.returncode > 0 else 2
    plan = read_plan(ran)
    page = None
    if arguments.report is not None:
        page = Page(arguments, program, plan)
        page.check()
    if arguments.workers is not None:
        arguments.workers = int(arguments.workers)
    for message in plan.messages:
        terminal.say(message)
    try:
        ray = connect(arguments)
    except (ConnectionError, OSError, RuntimeError, ValueError, ImportError) as error:
        terminal.say(shown(f"no Ray cluster at {arguments.address}: {error}"))
        return 2
    # Ray has a handler of its own for SIGTERM.
    signals.take_over()
    from rot90.ray import Batch, NoFitNode, Tasks, file_sizes
    try:
        tasks = Tasks(plan, options_of(arguments), program, os.path.abspath(program) if arguments.rot90 else None)
        try:
            batch = Batch(tasks, file_sizes(plan), arguments.workers, arguments.task_bytes)
        except NoFitNode as error:
            terminal.say(shown(str(error)))
            return 2
        if arguments.talk > 1:
            skipped = (f"{shown_path(one['input'])}: skipped, {shown(one['skipped'])}" for one in plan.skipped)
            for line in [*described(ray, batch.cluster.nodes), *skipped]:
                terminal.say(line)
        run = Run(batch, arguments, report, page, terminal, signals)
        signals.may_raise = False
        run.run()
        seconds = time.monotonic() - run.begun
        was_whole = report.broken is None
        report.finish()
        run.check_report(was_whole)
        terminal.progress("")
        page_failed = page is not None and page.make(seconds) != 0
        if batch.unfit:
            terminal.say(shown(batch.unfit))
        if arguments.talk and not isinstance(report.broken, BrokenPipeError):
            summary = run.summary(seconds)
            if summary:
                terminal.say(summary)
    finally:
        os.close(report.descriptor)
        ray.shutdown()
    if signals.number:
        return 128 + signals.number
    return int(bool(plan.returncode or run.failed or batch.unfit or report.broken or page_failed))


if __name__ == "__main__":
    sys.exit(main())
