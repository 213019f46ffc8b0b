"""Bitmaps in memory: the command's own results are what they are held against."""

from __future__ import annotations

import array
import mmap
import multiprocessing
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import bitmap, command
from test_arrays import running

import rot90

FIXTURES = sorted((Path(__file__).resolve().parents[2] / "fixtures").rglob("*.bmp"))


def test_as_the_command_does(folder: Path) -> None:
    assert FIXTURES
    for source in FIXTURES:
        Path("a.bmp").write_bytes(source.read_bytes())
        record, = command("a.bmp")
        if record.error is not None:
            with pytest.raises(ValueError) as caught:
                rot90.rotate_bmp(source.read_bytes())
            assert str(caught.value) == record.error, source
            continue
        rotated = rot90.rotate_bmp(source.read_bytes())
        assert rotated.data == Path("a_rot90.bmp").read_bytes(), source
        assert (rotated.width, rotated.height, rotated.mean) == (record.width, record.height, record.mean)


def test_a_large_one(folder: Path) -> None:
    data = bitmap(1800, 1700)
    Path("a.bmp").write_bytes(data)
    record, = command("a.bmp")
    rotated = rot90.rotate_bmp(data)
    assert rotated.data == Path("a_rot90.bmp").read_bytes()
    assert rotated.mean == record.mean


def test_anything_with_bytes(tmp_path: Path) -> None:
    data = bitmap(31, 20)
    expected = rot90.rotate_bmp(data)
    assert type(expected.data) is bytes
    others: list[Any] = [bytearray(data), memoryview(data), np.frombuffer(data, np.uint8), np.frombuffer(data, np.int8),
                 array.array("b", data), np.frombuffer(data, np.uint8).reshape(2, -1)]
    for same in others:
        assert rot90.rotate_bmp(same) == expected
    (tmp_path / "a.bmp").write_bytes(data)
    with open(tmp_path / "a.bmp", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert rot90.rotate_bmp(mapped) == expected


@pytest.mark.parametrize("data", ["text", None, 3, memoryview(b"abcdef")[::2]])
def test_what_has_no_bytes(data: Any) -> None:
    with pytest.raises(TypeError):
        rot90.rotate_bmp(data)


@pytest.mark.parametrize("data, part", [
    (b"", "the file is empty"),
    (np.zeros(0, np.uint8), "the file is empty"),
    (bitmap(30, 20)[:500], "truncated: needs 1838 bytes of pixels at offset 54, the file ends after 500"),
])
def test_damaged(data: Any, part: str) -> None:
    with pytest.raises(ValueError, match=part):
        rot90.rotate_bmp(data)


def test_the_result_can_be_sent_to_another_process() -> None:
    rotated = rot90.rotate_bmp(bitmap(5, 4))
    assert pickle.loads(pickle.dumps(rotated)) == rotated


def test_another_thread_keeps_running() -> None:
    data = bitmap(1, 1)[:54] + bytes(8000 * 8000 * 3)
    header = bytearray(data[:54])
    header[18:26] = (8000).to_bytes(4, "little") * 2
    data = bytes(header) + data[54:]
    steps, took = running(lambda: rot90.rotate_bmp(data))
    assert steps > 5, f"{steps} steps in {took:.3f} s"


def test_many_threads_at_once() -> None:
    data = bitmap(1500, 1100)
    expected = rot90.rotate_bmp(data)
    results: list[rot90.RotatedBitmap] = []
    threads = [threading.Thread(target=lambda: results.append(rot90.rotate_bmp(data))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_processes_that_were_forked() -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("processes are not forked here")
    data = bitmap(1500, 1100)
    expected = rot90.rotate_bmp(data)
    # After this one has had threads.
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(rot90.rotate_bmp, [data] * 3).get(timeout=60) == [expected] * 3
