"""Files: the command that comes along with the module, and its records."""

from __future__ import annotations

import base64
import importlib.metadata
import json
import os
import signal
import subprocess
import sysconfig
import tempfile
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Protocol, Self, TypeAlias

Name: TypeAlias = "str | bytes | os.PathLike[str] | os.PathLike[bytes]"
Names: TypeAlias = "Name | Iterable[Name]"

PROGRAM = "rot90.exe" if os.name == "nt" else "rot90"
# More than this goes to the command as a list rather than as arguments: Windows takes 32,767
# characters of them in all, others more.
MOST_IN_ARGUMENTS = 30_000
ALL_DONE, SOME_FAILED, WRONG_USAGE = 0, 1, 2


class Record(NamedTuple):
    """What became of one file.

    A failed file has an `error`, which says why, and nothing else but its `input`.
    """

    input: str
    """As it was named, or as its pattern has found it."""
    output: str | None = None
    width: int | None = None
    """Pixels in a row of the output."""
    height: int | None = None
    """Rows of the output."""
    mean: float | None = None
    """The mean of the red, green and blue samples of all pixels, as 8-bit samples."""
    error: str | None = None

    @classmethod
    def from_json(cls, line: str | bytes) -> Self:
        """Read a line of ``rot90 --format jsonl``.

        >>> Record.from_json('{"input": "a.bmp", "error": "the file is empty"}')
        Record(input='a.bmp', output=None, width=None, height=None, mean=None, error='the file is empty')
        """
        found: dict[str, Any] = json.loads(line)
        output = found.get("output")
        return cls(
            path_of(found["input"]), None if output is None else path_of(output), found.get("width"),
            found.get("height"), found.get("mean"), found.get("error"))


def path_of(value: str | dict[str, str]) -> str:
    """A path of a record, as `open` takes it: bytes that are no Unicode as surrogates."""
    if os.name == "nt":
        if isinstance(value, str):
            return value
        return base64.b64decode(value["bytes"]).decode("utf-8", "surrogatepass")
    return os.fsdecode(value.encode() if isinstance(value, str) else base64.b64decode(value["bytes"]))


def find_bin() -> str:
    """Find the command `rot90` that was installed with this module, regardless of PATH.

    Raises
    ------
    FileNotFoundError
        It is not where it was installed.

    Examples
    --------
    >>> import subprocess, rot90
    >>> version = subprocess.run([rot90.find_bin(), "--version"], capture_output=True, text=True).stdout
    >>> version.startswith("rot90 ")
    True
    """
    looked = []
    for path in _places():
        if path.is_file():
            return str(path)
        looked.append(str(path))
    raise FileNotFoundError(f"the command of rot90 is missing; looked for {', '.join(looked)}")


def _places() -> Iterator[Path]:
    try:
        installed = importlib.metadata.files("rot90") or []
    except importlib.metadata.PackageNotFoundError:
        installed = []
    for file in installed:
        if file.name == PROGRAM:
            yield Path(str(file.locate())).resolve()
    yield Path(sysconfig.get_path("scripts"), PROGRAM)
    user = sysconfig.get_preferred_scheme("user")
    yield Path(sysconfig.get_path("scripts", user), PROGRAM)
    # pip install --target DIR puts it into DIR/bin, whatever its list of files says.
    yield Path(__file__).resolve().parents[1] / "bin" / PROGRAM


@dataclass
class Options:
    """What of the command's options the functions of this package have."""

    output_dir: Name | None = None
    workers: int | None = None
    update: bool = False
    no_clobber: bool = False
    preserve: bool = False
    durable: bool = False
    max_memory: int | str | None = None
    fail_fast: bool = False

    def arguments(self) -> list[str | bytes]:
        """As the command takes them, but for the number of workers."""
        names = ["update", "no_clobber", "preserve", "durable", "fail_fast"]
        words: list[str | bytes] = [f"--{name.replace('_', '-')}" for name in names if getattr(self, name)]
        if self.output_dir is not None:
            words.append(_joined("--output-dir=", self.output_dir))
        if self.max_memory is not None:
            words.append(f"--max-memory={self.max_memory}")
        return words


@dataclass
class Operands:
    """Patterns and paths, as the command gets them: as arguments, or as a list on standard input."""

    arguments: list[str | bytes]
    listed: bytes | None = None

    @classmethod
    def of(cls, patterns: Names) -> Self:
        if isinstance(patterns, (str, bytes, os.PathLike)):
            patterns = [patterns]
        names = [_name(pattern) for pattern in patterns]
        if not names:
            raise ValueError("no files given")
        for name in names:
            if not name or 0 in _bytes(name):
                raise ValueError(f"{name!r} is no name of a file")
        if sum(len(name) + 1 for name in names) <= MOST_IN_ARGUMENTS:
            return cls(["--", *names])
        for name in names:
            # The names of a list are taken literally.
            if _is_pattern(name) and not os.path.lexists(name):
                raise ValueError(
                    f"{len(names)} names with the pattern {name!r} among them are too many for one command; "
                    "rotate what the patterns match in a call of its own")
        return cls(["--files0-from=-"], b"".join(_bytes(name) + b"\0" for name in names))


def _name(name: Name) -> str | bytes:
    found = os.fspath(name)
    if not isinstance(found, (str, bytes)):
        raise TypeError(f"{name!r} is no name of a file")
    # Windows has no names of bytes.
    return os.fsdecode(found) if os.name == "nt" else found


def _bytes(name: str | bytes) -> bytes:
    if os.name == "nt" and isinstance(name, str):
        return name.encode("utf-8", "surrogatepass")
    return os.fsencode(name)


def _joined(option: str, name: Name) -> str | bytes:
    found = _name(name)
    return option + found if isinstance(found, str) else option.encode() + found


def _is_pattern(name: str | bytes) -> bool:
    return any(character in _bytes(name) for character in b"*?[")


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
) -> Records:
    """Rotate bitmap files by 90° clockwise, without loss; yield a record for each as it is done.

    The output of ``NAME.bmp`` is ``NAME_rot90.bmp`` beside it, or below `output_dir`. It appears
    whole or not at all. This is the command ``rot90``, which is run in a process of its own: the
    same files, in the same order, with the same results.

    Parameters
    ----------
    patterns : str, bytes, path or iterable of them
        Paths, or patterns (``*`` ``?`` ``[…]`` ``**``). What names an existing file is taken
        literally. An earlier result, such as ``a_rot90.bmp`` beside ``a.bmp``, is left out.
    output_dir : path, optional
        Outputs go below this folder, which is made if missing; each input keeps its path below the
        fixed part of its pattern.
    workers : int, optional
        Threads; by default the CPUs this process may use.
    update : bool
        Leave alone outputs that are up to date; their records are the same.
    no_clobber : bool
        Fail each file whose output already exists.
    preserve : bool
        Give outputs the times of their inputs, and owner and mode where that is allowed.
    durable : bool
        Have each output safe on the disk before its record comes.
    max_memory : int or str, optional
        The most memory for one picture, in bytes or such as ``"512M"``; by default half of what
        this process may use.
    fail_fast : bool
        Start no further file after the first failure.
    unordered : bool
        Yield each record as soon as its file is done, in any order.
    progress : bool
        Show a bar, in notebooks too, if tqdm is installed. To know the total, the files
        are listed once beforehand.

    Returns
    -------
    Records
        An iterator of `Record`. Failed files are records with an `error`, and the others are done.
        Closing it (or leaving ``with``, or a loop that holds its only reference) ends the work
        cleanly: files in progress are finished or discarded.

    Raises
    ------
    ValueError
        Wrong usage, or two inputs with one output; nothing was done.
    FileNotFoundError
        The command is missing from the installation.

    Warns
    -----
    RuntimeWarning
        When all is done: a pattern that matched nothing, a folder that could not be read, something
        of a file that could not be carried over.

    Examples
    --------
    >>> import pathlib, struct, tempfile
    >>> import rot90
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> header = struct.pack("<2sIHHIIiiHH6I", b"BM", 62, 0, 0, 54, 40, 2, 1, 1, 24, *[0] * 6)
    >>> _ = (folder / "good.bmp").write_bytes(header + bytes([255, 0, 0, 0, 0, 255, 0, 0]))
    >>> _ = (folder / "bad.bmp").write_bytes(b"")
    >>> for record in rot90.rotate_files(folder / "*.bmp"):
    ...     print(pathlib.Path(record.input).name, record.error or record.mean)
    bad.bmp the file is empty
    good.bmp 85.0

    Only the means, with a progress bar:

    >>> [record.mean for record in rot90.rotate_files(folder / "good.bmp", progress=True)]
    [85.0]
    """
    options = Options(output_dir, workers, update, no_clobber, preserve, durable, max_memory, fail_fast)
    words = options.arguments()
    if workers is not None:
        words.append(f"--workers={workers}")
    operands = Operands.of(patterns)
    program = find_bin()
    bar = make_bar(lambda: len(planned(program, words, operands).records)) if progress else None
    if unordered:
        words.append("--unordered")
    return Records([program, *words, "--progress=never", "--format=jsonl", *operands.arguments], operands, bar)


class Bar(Protocol):
    """What is used of tqdm."""

    def update(self, n: float | None = 1) -> object: ...
    def close(self) -> object: ...


def make_bar(total: Callable[[], int]) -> Bar | None:
    """A bar for so many files as `total()` says, if there is tqdm."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    bar: Bar = tqdm(total=total(), unit="file")
    return bar


@dataclass
class Plan:
    """What ``rot90 --dry-run`` says: what would become of each file, in order."""

    records: list[bytes] = field(default_factory=list)
    """A line of JSON for each file."""
    skipped: list[dict[str, Any]] = field(default_factory=list)
    """The inputs that are left out, each with the reason."""
    messages: list[str] = field(default_factory=list)
    """What is said besides: patterns that match nothing, files in another case."""
    returncode: int = ALL_DONE


def planned(program: str, words: list[str | bytes], operands: Operands) -> Plan:
    """Ask the command what it would do; wrong usage and conflicts raise what it says."""
    ran = ask_plan(program, words, operands)
    raise_for(ran.returncode, ran.stderr)
    return read_plan(ran)


def ask_plan(program: str, words: list[str | bytes], operands: Operands) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [program, *words, "--dry-run", "--progress=never", "--format=jsonl", *operands.arguments],
        input=operands.listed, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def read_plan(ran: subprocess.CompletedProcess[bytes]) -> Plan:
    """What it has said; with ``--quiet`` the messages are problems alone."""
    plan = Plan(returncode=ran.returncode)
    failures = set()
    for line in ran.stdout.splitlines():
        if b', "skipped": ' in line and "skipped" in (found := json.loads(line)):
            plan.skipped.append(found)
            continue
        plan.records.append(line)
        if b', "error": ' in line:
            failures.add(failure(line))
    plan.messages = messages_of(ran.stderr, failures, len(plan.records) > len(failures), "--quiet" in ran.args)
    return plan


def raise_for(returncode: int, told: bytes) -> None:
    """Raise what is not the result of a file: wrong usage, and a command that has not come to its end."""
    if returncode in (ALL_DONE, SOME_FAILED):
        return
    text = told.decode(errors="replace").strip()
    if returncode == WRONG_USAGE:
        raise ValueError(text.removeprefix("rot90: ").removeprefix("error: "))
    if returncode < 0:
        how = f"was killed by {signal.Signals(-returncode).name}"
    else:
        how = f"ended with exit code {returncode}"
    raise RuntimeError(f"the command rot90 {how}" + (f": {text}" if text else ""))


def messages_of(told: bytes, failures: set[str], done: bool, quiet: bool = False) -> list[str]:
    """What the command says besides of failed files, whose records have it already.

    The last line sums up, but not where one message has said all there is, or where it was quiet.
    """
    lines = [line.removeprefix("rot90: ") for line in told.decode(errors="replace").splitlines()]
    if not quiet and (done or len(lines) > 1):
        lines = lines[:-1]
    return [line for line in lines if line not in failures]


# Characters that a terminal would obey, as src/cli/messages.rs escapes them.
_OBEYED = [*range(0x20), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)]
_ESCAPES = {code: f"\\u{{{code:x}}}" for code in _OBEYED} | {10: "\\n", 13: "\\r", 9: "\\t"}


def shown(text: str) -> str:
    """A text without what a terminal would obey."""
    return text.translate(_ESCAPES)


def shown_path(path: str | dict[str, str]) -> str:
    """A path of a record as it is shown to a person."""
    if isinstance(path, dict):
        path = base64.b64decode(path["bytes"]).decode(errors="backslashreplace")
    return shown(path)


def failure(line: bytes) -> str:
    """The message that goes with the record of a failed file."""
    record = json.loads(line)
    return f"{shown_path(record['input'])}: {shown(record['error'])}"


def error_of(record: bytes) -> str | None:
    """A record's error, or None."""
    error: str | None = json.loads(record).get("error") if b', "error": ' in record else None
    return error


def beginning(record: bytes) -> bytes:
    """A record as far as its input."""
    text = record.decode()
    _, end = json.JSONDecoder().raw_decode(text, len('{"input": '))
    return text[:end].encode()


class Records(Iterator[Record]):
    """The records of `rotate_files`, as they come: an iterator, and a context manager.

    Closing it ends the work in order. That happens by itself where nobody holds it any more, at
    the end of the program, and when Ctrl-C comes while it waits for a record.
    """

    def __init__(self, command: list[str | bytes], operands: Operands, bar: Bar | None) -> None:
        self._bar = bar
        # Read at the end; a pipe would fill up and hold up the command.
        self._told: IO[bytes] = tempfile.TemporaryFile()
        with tempfile.TemporaryFile() as names:
            names.write(operands.listed or b"")
            names.seek(0)
            # In a group of its own: at a terminal Ctrl-C goes to the whole group of the program,
            # and a second signal from here would be the second one, which ends the command at once.
            group: dict[str, Any] = {"process_group": 0}
            if os.name == "nt":
                group = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            self._process = subprocess.Popen(
                command, stdin=names, stdout=subprocess.PIPE, stderr=self._told, **group)
        self._end = weakref.finalize(self, _end, self._process, self._told, bar)
        self._done = False
        self._failures: set[str] = set()
        self._next: bytes | None = None
        # With the first record it is known that there is no conflict.
        self._next = self._read()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Record:
        line = self._next if self._next is not None else self._read()
        self._next = None
        if line is None:
            raise StopIteration
        if self._bar is not None:
            self._bar.update()
        return Record.from_json(line)

    def _read(self) -> bytes | None:
        """The next line, or none at the end."""
        if not self._end.alive:
            return None
        assert self._process.stdout is not None
        try:
            line: bytes = self._process.stdout.readline()
            if not line.endswith(b"\n"):
                self._finish()
                return None
        except BaseException:
            self.close()
            raise
        if b', "error": ' in line:
            self._failures.add(failure(line))
        else:
            self._done = True
        return line

    def _finish(self) -> None:
        """All is done: tell what there is to tell besides."""
        returncode = self._process.wait()
        self._told.seek(0)
        told = self._told.read()
        self._end()
        raise_for(returncode, told)
        for message in messages_of(told, self._failures, self._done):
            warnings.warn(message, RuntimeWarning, stacklevel=4)

    def close(self) -> None:
        """End the work: files under way are finished or dropped whole, and no other is begun."""
        self._next = None
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _end(process: subprocess.Popen[bytes], told: IO[bytes], bar: Bar | None) -> None:
    """Has the command end in order, if it has not yet, and waits for that."""
    if bar is not None:
        bar.close()
    try:
        if process.poll() is None:
            process.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGINT)  # type: ignore[attr-defined,unused-ignore]
        # It may wait for room in the pipe.
        if process.stdout is not None:
            process.stdout.close()
        process.wait()
    except BaseException:
        # A second Ctrl-C.
        process.kill()
        raise
    finally:
        told.close()
