"""Files: records and outputs are those of the command, and the work ends when it should."""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE, bitmap, command, contents

import rot90

POSIX = os.name != "nt"


def test_records_and_outputs_of_the_command(pictures: Path) -> None:
    expected = command("*.bmp")
    outputs = contents(pictures)
    for output in pictures.glob("*_rot90.bmp"):
        output.unlink()
    records = list(rot90.rotate_files("*.bmp"))
    assert records == expected
    assert contents(pictures) == {**outputs, "03_rot90.bmp": outputs["03_rot90.bmp"]}
    assert [record.input for record in records if record.error] == ["17.bmp"]
    assert records[0] == ("00.bmp", "00_rot90.bmp", 10, 20, records[0].mean, None)
    # A second run does the same work again; in any order they are the same records.
    assert sorted(rot90.rotate_files("*.bmp", unordered=True)) == sorted(expected)


@pytest.mark.parametrize("patterns", [
    "a.bmp", b"a.bmp", Path("a.bmp"), ["a.bmp"], ("a.bmp",), iter(["a.bmp"]), {"a.bmp": 1}, "[a].bmp", ["a.bmp", b"*.bmp"]])
def test_ways_to_name_files(folder: Path, patterns: Any) -> None:
    Path("a.bmp").write_bytes(bitmap(3, 2))
    assert [record.output for record in rot90.rotate_files(patterns)] == ["a_rot90.bmp"]


def test_names_of_any_kind(folder: Path) -> None:
    names = ["-dash.bmp", "--help", "[a].bmp", "new\nline.bmp", "snow ☃.bmp", "scan"]
    if sys.platform == "linux":
        names.append(os.fsdecode(b"not utf-8 \xff.bmp"))
    for number, name in enumerate(names):
        Path(name).write_bytes(bitmap(4 + number, 3, number))
    records = list(rot90.rotate_files([*names, "missing.bmp"]))
    assert [record.input for record in records] == [*names, "missing.bmp"]
    assert all(record.output and Path(record.output).is_file() for record in records[:-1])
    assert records[-1].error and records[-1].output is None


def test_more_names_than_arguments_may_be(folder: Path) -> None:
    names = [f"{'x' * 100}{number:04}.bmp" for number in range(3000)]
    for name in names[:5]:
        Path(name).write_bytes(bitmap(2, 2))
    records = list(rot90.rotate_files(names))
    assert [record.input for record in records] == names
    assert [bool(record.error) for record in records] == [False] * 5 + [True] * 2995
    with pytest.raises(ValueError, match=r"3001 names with the pattern '\*.bmp' among them"):
        rot90.rotate_files([*names, "*.bmp"])


def test_options(folder: Path) -> None:
    Path("in/deep").mkdir(parents=True)
    for name in ["in/a.bmp", "in/deep/b.bmp"]:
        Path(name).write_bytes(bitmap(30, 20))
        os.utime(name, (1e9, 1e9))
    records = list(rot90.rotate_files(
        "in/**/*.bmp", output_dir=Path("out"), workers=2, preserve=True, durable=True, max_memory="64M"))
    assert [record.output for record in records] == ["out/a.bmp".replace(".", "_rot90."), "out/deep/b_rot90.bmp"]
    assert Path("out/a_rot90.bmp").stat().st_mtime == 1e9
    refused = list(rot90.rotate_files("in/**/*.bmp", output_dir=b"out", no_clobber=True, max_memory=1 << 26))
    assert all(record.error == "the output already exists" for record in refused)
    first = list(rot90.rotate_files("in/**/*.bmp", output_dir="out", no_clobber=True, fail_fast=True, workers=1))
    assert first == refused[:1]
    Path("out/a_rot90.bmp").unlink()
    before = Path("out/deep/b_rot90.bmp").stat().st_mtime_ns
    assert list(rot90.rotate_files("in/**/*.bmp", output_dir="out", update=True)) == records
    if not POSIX:
        assert Path("out/deep/b_rot90.bmp").stat().st_mtime_ns == before


@pytest.mark.parametrize("patterns, options, part", [
    ("a.bmp", {"update": True, "no_clobber": True}, "cannot be used with"),
    ("a.bmp", {"workers": 0}, "--workers"),
    ("a.bmp", {"workers": "many"}, "--workers"),
    ("a.bmp", {"max_memory": 10}, "at least 1M"),
    ("a.bmp", {"output_dir": "new.bmp"}, "new.bmp"),
    (["x/a.bmp", "y/a.bmp"], {"output_dir": "out"}, "x/a.bmp"),
    ([], {}, "no files given"),
    ("", {}, "no name of a file"),
    ("a\0b", {}, "no name of a file"),
])
@pytest.mark.parametrize("progress", [False, True])
def test_what_is_refused(folder: Path, patterns: Any, options: Any, part: str, progress: bool) -> None:
    for name in ["a.bmp", "x/a.bmp", "y/a.bmp"]:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(bitmap(3, 3))
    before = contents(folder)
    with pytest.raises(ValueError) as caught:
        rot90.rotate_files(patterns, progress=progress, **options)
    assert part in str(caught.value)
    assert not str(caught.value).startswith(("error", "rot90"))
    assert contents(folder) == before


@pytest.mark.parametrize("patterns", [3, None, [3], [["a.bmp"]]])
def test_what_is_no_name(patterns: Any) -> None:
    with pytest.raises(TypeError):
        rot90.rotate_files(patterns)


def test_what_has_no_record_is_a_warning(pictures: Path) -> None:
    with pytest.warns(RuntimeWarning, match=r"^no\*thing: the pattern matches no file") as told:
        records = list(rot90.rotate_files(["no*thing", "*.bmp"]))
    assert len(records) == 40 and len(told) == 1
    with pytest.warns(RuntimeWarning, match=r"^no\*thing: the pattern matches no file") as told:
        assert list(rot90.rotate_files(["no*thing"])) == []
    assert len(told) == 1
    Path("Z.BMP").write_bytes(bitmap(2, 2))
    with pytest.warns(RuntimeWarning, match="would match if case were ignored"):
        list(rot90.rotate_files("*.bmp"))


def test_nothing_else_is_a_warning(pictures: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(rot90.rotate_files("*.bmp"))
        [failed] = rot90.rotate_files("17.bmp")
        [missing] = rot90.rotate_files("missing \x1b.bmp")
    assert failed.error and missing.error


def test_no_path_and_another_folder(pictures: Path) -> None:
    code = "import rot90; print(rot90.find_bin()); print(len(list(rot90.rotate_files('*.bmp'))))"
    kept = {name: os.environ[name] for name in ["SYSTEMROOT"] if name in os.environ}
    ran = subprocess.run([sys.executable, "-I", "-c", code], env=kept, capture_output=True, text=True, timeout=PATIENCE)
    assert ran.stdout.splitlines() == [rot90.find_bin(), "40"], ran.stderr


def test_module_and_command_are_of_one_version() -> None:
    told = subprocess.run([rot90.find_bin(), "--version"], capture_output=True, text=True, timeout=PATIENCE).stdout
    assert told == f"rot90 {importlib.metadata.version('rot90')}\n"


def test_a_command_that_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rot90._files.PROGRAM", "rot90-that-is-missing")
    with pytest.raises(FileNotFoundError, match="rot90-that-is-missing"):
        rot90.rotate_files("*.bmp")


def test_python_m_rot90(pictures: Path) -> None:
    words = ["--quiet", "--format", "means", "0*.bmp"]
    ran = subprocess.run([sys.executable, "-m", "rot90", *words], capture_output=True, timeout=PATIENCE)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [record.mean for record in rot90.rotate_files("0*.bmp")]
    assert subprocess.run([sys.executable, "-m", "rot90", "--bad"], capture_output=True).returncode == 2


def test_records_can_be_sent(pictures: Path) -> None:
    records = list(rot90.rotate_files("1*.bmp"))
    assert pickle.loads(pickle.dumps(records)) == records


def test_progress(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    assert len(list(rot90.rotate_files("*.bmp", progress=True))) == 40
    assert "40/40" in capsys.readouterr().err


def test_progress_without_tqdm(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert len(list(rot90.rotate_files("*.bmp", progress=True))) == 40


def many(folder: Path, count: int = 3000) -> dict[str, bytes]:
    """More work than is done before somebody can stop it; gives what all of it would make."""
    picture = bitmap(120, 90)
    rotated = rot90.rotate_bmp(picture).data
    for number in range(count):
        Path(f"{number:04}.bmp").write_bytes(picture)
    return {f"{number:04}_rot90.bmp": rotated for number in range(count)}


def assert_ended_in_order(folder: Path, expected: dict[str, bytes]) -> None:
    """Whole outputs and nothing else, not all of them, and no process that makes more."""
    found = {name: data for name, data in contents(folder).items() if not name[:4] + ".bmp" == name}
    assert all(expected[name] == data for name, data in found.items())
    assert 0 < len(found) < len(expected)
    time.sleep(0.3)
    assert len(contents(folder)) == len(found) + len(expected)


def test_closing(folder: Path) -> None:
    expected = many(folder)
    records = rot90.rotate_files("????.bmp", workers=1)
    assert next(records).output == "0000_rot90.bmp"
    records.close()
    assert_ended_in_order(folder, expected)
    assert list(records) == []
    records.close()


def test_leaving_with(folder: Path) -> None:
    expected = many(folder)
    with pytest.raises(ZeroDivisionError), rot90.rotate_files("????.bmp", workers=1) as records:
        for _ in records:
            raise ZeroDivisionError
    assert_ended_in_order(folder, expected)


def test_leaving_the_loop(folder: Path) -> None:
    expected = many(folder)
    for _ in rot90.rotate_files("????.bmp", workers=1, unordered=True):
        break
    gc.collect()
    assert_ended_in_order(folder, expected)


def test_an_iterator_that_nobody_wants(folder: Path) -> None:
    expected = many(folder)
    rot90.rotate_files("????.bmp", workers=1)
    gc.collect()
    assert_ended_in_order(folder, expected)


LOOP = """
import sys, time, rot90
try:
    for record in rot90.rotate_files("????.bmp", workers=1):
        print(record.input, flush=True)
        time.sleep({pause})
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(not POSIX, reason="there is no such signal")
@pytest.mark.parametrize("pause", [0, 0.2])
@pytest.mark.parametrize("to_all", [False, True], ids=["as in a notebook", "as at a terminal"])
def test_ctrl_c(folder: Path, to_all: bool, pause: float) -> None:
    expected = many(folder)
    process = subprocess.Popen(
        [sys.executable, "-c", LOOP.format(pause=pause)], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "0000.bmp\n"
    (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert out.splitlines()[-1] == "interrupted"
    assert_ended_in_order(folder, expected)


@pytest.mark.skipif(not POSIX, reason="there is no such signal")
def test_a_program_that_is_killed(folder: Path) -> None:
    expected = many(folder)
    process = subprocess.Popen([sys.executable, "-c", LOOP.format(pause=0.5)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "0000.bmp\n"
    process.kill()
    process.communicate(timeout=PATIENCE)
    # The command notices with its next record.
    time.sleep(0.5)
    assert_ended_in_order(folder, expected)


def test_a_command_that_is_killed(folder: Path) -> None:
    many(folder, 2000)
    records = rot90.rotate_files("????.bmp", workers=1)
    records._process.kill()
    with pytest.raises(RuntimeError, match="killed by SIGKILL" if POSIX else "exit code"):
        list(records)
