"""Arrays: numpy's own rotation is what all is held against."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rot90

Array = np.ndarray[Any, np.dtype[Any]]

DTYPES = ["?", "b", "B", "h", "H", "i4", "u4", "i8", "u8", "e", "f", "d", "g", "F", "D", "G",
          ">i2", "<i2", ">u4", ">f8", ">c16", "M8[us]", "m8[s]", "S3", "U5", "V11", [("red", "u1"), ("depth", ">f4")]]

SHAPES = [(1, 1), (1, 9), (9, 1), (2, 3), (17, 33), (64, 65), (0, 5), (5, 0), (0, 0),
          (1, 1, 1), (3, 5, 1), (7, 4, 2), (33, 17, 3), (20, 31, 4), (66, 35, 6), (5, 6, 7), (9, 8, 16), (18, 35, 17),
          (3, 70, 200), (4, 5, 0), (0, 4, 3)]

VIEWS: dict[str, Callable[[Array], Array]] = {
    "as it is": lambda array: array,
    "rows backwards": lambda array: array[::-1],
    "every other row": lambda array: array[::2],
    "every third row backwards": lambda array: array[::-3],
    "columns backwards": lambda array: array[:, ::-1],
    "every other column": lambda array: array[:, 1::2],
    "a part": lambda array: array[1:-1, 1:-2],
    "channels backwards": lambda array: array[..., ::-1],
    "some channels": lambda array: array[..., 1:],
    "Fortran order": np.asfortranarray,
    "transposed": lambda array: array.swapaxes(0, 1),
    "one row again and again": lambda array: np.broadcast_to(array[:1], array.shape),
    "one column again and again": lambda array: np.broadcast_to(array[:, :1], array.shape),
}


def noise(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of random bytes."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape)) * dtype.itemsize
    data = np.random.default_rng(count).integers(0, 2 if dtype.kind == "b" else 256, count, np.uint8)
    return np.ndarray(shape, dtype, data.tobytes())


def as_bytes(array: Array) -> bytes:
    return np.ascontiguousarray(array).tobytes()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_as_numpy_does(dtype: Any, view: str) -> None:
    for shape in SHAPES:
        array = VIEWS[view](noise(shape, dtype))
        before = as_bytes(array)
        expected = np.rot90(array, -1)
        rotated = rot90.rotate(array)
        assert type(rotated) is np.ndarray
        assert rotated.shape == expected.shape and rotated.dtype == array.dtype
        assert rotated.flags.c_contiguous and rotated.flags.writeable
        assert as_bytes(rotated) == as_bytes(expected)
        assert as_bytes(array) == before
        # Into a part of a larger picture, of which nothing else changes.
        canvas = np.zeros((expected.shape[0] + 3, expected.shape[1] + 4, *expected.shape[2:]), array.dtype)
        wanted = canvas.copy()
        part = (slice(1, 1 + expected.shape[0]), slice(2, 2 + expected.shape[1]))
        wanted[part] = expected
        out = canvas[part]
        assert rot90.rotate(array, out) is out
        assert as_bytes(canvas) == as_bytes(wanted)


@pytest.mark.parametrize("threads", [None, 1, 2, 3, 64, 100_000])
@pytest.mark.parametrize("shape", [(1, 1, 3), (63, 1, 3), (40, 700, 3), (700, 40), (1500, 3001, 3), (2048, 2048, 4),
                                   (90, 3000, 33)])
def test_any_number_of_threads(shape: tuple[int, ...], threads: int | None) -> None:
    array = noise(shape, "B")
    assert np.array_equal(rot90.rotate(array, threads=threads), np.rot90(array, -1))


def test_four_rotations_are_none() -> None:
    array = noise((123, 77, 3), "H")
    assert np.array_equal(rot90.rotate(rot90.rotate(rot90.rotate(rot90.rotate(array)))), array)


def test_input_that_is_read_only_or_a_file(tmp_path: Path) -> None:
    array = noise((20, 30, 3), "B")
    array.flags.writeable = False
    expected = np.rot90(array, -1)
    assert np.array_equal(rot90.rotate(array), expected)
    array.tofile(tmp_path / "raw")
    mapped = np.memmap(tmp_path / "raw", np.uint8, "r", shape=array.shape)
    assert type(rot90.rotate(mapped)) is np.ndarray
    assert np.array_equal(rot90.rotate(mapped), expected)
    out = np.memmap(tmp_path / "rotated", np.uint8, "w+", shape=expected.shape)
    assert rot90.rotate(mapped, out) is out
    out.flush()
    assert (tmp_path / "rotated").read_bytes() == as_bytes(expected)


def test_no_alignment_is_needed() -> None:
    data = np.random.default_rng(0).integers(0, 256, 8001, np.uint8)
    array = data[1:].view(">f8").reshape(20, 50)
    out = np.zeros(8001, np.uint8)[1:].view(">f8").reshape(50, 20)
    assert as_bytes(rot90.rotate(array, out)) == as_bytes(np.rot90(array, -1))


def masked() -> Any:
    return np.ma.masked_array(np.zeros((2, 2)), np.eye(2) > 0)


def objects() -> Any:
    return np.array([[None, 1]])


def records_with_objects() -> Any:
    return np.zeros((2, 2), [("a", "u1"), ("b", object)])


@pytest.mark.parametrize("array, kind, part", [
    ([[1, 2]], TypeError, "is a list, not a numpy array"),
    (np.uint8(3), TypeError, "is a uint8, not a numpy array"),
    (None, TypeError, "is a NoneType"),
    (masked(), TypeError, "is a masked array"),
    (objects(), TypeError, "dtype object"),
    (records_with_objects(), TypeError, "more than their bytes"),
    (np.zeros(()), ValueError, "array has 0 dimensions; a picture is H × W or H × W × C"),
    (np.zeros(3), ValueError, "array has 1 dimension; a picture is"),
    (np.zeros((2, 2, 2, 2)), ValueError, "array has 4 dimensions"),
])
def test_what_is_no_picture(array: Any, kind: type[Exception], part: str) -> None:
    with pytest.raises(kind, match=part.replace("(", r"\(")):
        rot90.rotate(array)


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="numpy 1 has no such strings")
def test_strings_of_any_length_are_more_than_their_bytes() -> None:
    with pytest.raises(TypeError, match="more than their bytes"):
        rot90.rotate(np.array([["a"]], dtype=np.dtypes.StringDType()))


def read_only() -> Array:
    out = np.zeros((3, 2), np.uint8)
    out.flags.writeable = False
    return out


@pytest.mark.parametrize("out, kind, part", [
    ([[0]], TypeError, "out is a list"),
    (np.zeros((2, 3), np.uint8), ValueError, "out is 2 × 3, but 2 × 3 rotated is 3 × 2"),
    (np.zeros((3, 2, 1), np.uint8), ValueError, "out is 3 × 2 × 1"),
    (np.zeros((3, 2), np.int8), TypeError, "out has the dtype int8, array has uint8"),
    (read_only(), ValueError, "out is read-only"),
    (np.zeros((2, 3), np.uint8).T, ValueError, "strides"),
    (np.zeros((3, 2), np.uint8)[::-1], ValueError, "follow each other downwards"),
    (np.zeros((3, 2), np.uint8)[:, ::-1], ValueError, "without gaps"),
    (np.zeros((3, 4), np.uint8)[:, ::2], ValueError, "without gaps"),
    (np.lib.stride_tricks.as_strided(np.zeros(4, np.uint8), (3, 2), (1, 1)), ValueError, "strides"),
])
def test_out_that_does_not_fit(out: Any, kind: type[Exception], part: str) -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    with pytest.raises(kind, match=part):
        rot90.rotate(array, out)
    assert not np.any(out)


def test_byte_order_is_a_part_of_the_dtype() -> None:
    with pytest.raises(TypeError, match="dtype"):
        rot90.rotate(np.zeros((2, 3), ">u2"), np.zeros((3, 2), "<u2"))


def test_out_that_overlaps() -> None:
    square = noise((64, 64, 3), "B").copy()
    before = square.copy()
    for array, out in [(square, square), (square, square.swapaxes(0, 1).swapaxes(0, 1)), (square[:32, :32], square[16:48, 16:48]),
                       (square[::-1], square)]:
        with pytest.raises(ValueError, match="overlaps"):
            rot90.rotate(array, out)
        assert np.array_equal(square, before)


def test_two_parts_of_one_picture_do_not_overlap() -> None:
    canvas = noise((40, 90, 3), "B").copy()
    left, right = canvas[:, :40], canvas[:, 45:85]
    expected = np.rot90(left, -1).copy()
    assert rot90.rotate(left, right) is right
    assert np.array_equal(right, expected)


@pytest.mark.parametrize("threads, kind", [(0, ValueError), (-3, ValueError), (1.5, TypeError), ("2", TypeError)])
def test_threads_that_make_no_sense(threads: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        rot90.rotate(np.zeros((5, 5)), threads=threads)


def running(work: Callable[[], object]) -> tuple[int, float]:
    """How often another thread came to run during the work, and how long that took."""
    steps, over = 0, threading.Event()

    def count() -> None:
        nonlocal steps
        while not over.is_set():
            steps += 1
            time.sleep(0.0005)

    thread = threading.Thread(target=count)
    thread.start()
    begun = time.perf_counter()
    work()
    took = time.perf_counter() - begun
    over.set()
    thread.join()
    return steps, took


def test_another_thread_keeps_running() -> None:
    array = noise((9000, 9000, 3), "B")
    out = np.empty_like(array)
    steps, took = running(lambda: rot90.rotate(array, out, threads=1))
    # With the lock held there would be one or two.
    assert steps > 5, f"{steps} steps in {took:.3f} s"


def test_many_threads_at_once() -> None:
    array = noise((900, 1100, 3), "B")
    expected = np.rot90(array, -1)
    results: list[Array] = []
    threads = [threading.Thread(target=lambda: results.append(rot90.rotate(array, threads=2))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 16 and all(np.array_equal(result, expected) for result in results)


def rotated_sum(array: Array) -> int:
    return int(rot90.rotate(array, threads=4)[0].sum())


@pytest.fixture
def forked() -> Iterator[Any]:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("processes are not forked here")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        yield pool


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_processes_that_were_forked(request: pytest.FixtureRequest) -> None:
    array = noise((1500, 1500, 3), "B")
    expected = rotated_sum(array)
    # After this one has had threads.
    pool = request.getfixturevalue("forked")
    assert pool.map_async(rotated_sum, [array] * 4).get(timeout=60) == [expected] * 4
