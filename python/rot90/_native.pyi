"""What the native module has: see `_memory.py`, which checks arguments before it calls it."""

from typing import Any

import numpy as np

def rotate_pixels(source: np.ndarray[Any, np.dtype[np.uint8]], target: np.ndarray[Any, np.dtype[np.uint8]], threads: int | None = None, /) -> None: ...
def rotate_bitmap(bitmap: memoryview[int], /) -> tuple[bytes, int, int, float, list[str]]: ...
