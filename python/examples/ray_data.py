"""Rotates what a Ray Dataset holds: bitmaps as bytes, and arrays of pixels.

    python ray_data.py FOLDER

prints the mean of each bitmap below FOLDER, and of as many arrays.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import ray
import ray.data

import rot90

Batch = dict[str, np.ndarray[Any, Any]]


def rotate_bitmaps(batch: Batch) -> Batch:
    """Rotates a batch of `read_binary_files`; a damaged file has no bytes and no mean."""
    data, means = [], []
    for bitmap in batch["bytes"]:
        try:
            rotated = rot90.rotate_bmp(bitmap)
        except ValueError:
            data.append(b"")
            means.append(np.nan)
        else:
            data.append(rotated.data)
            means.append(rotated.mean)
    return {**batch, "bytes": np.array(data, object), "mean": np.array(means)}


def rotate_arrays(batch: Batch) -> Batch:
    """Rotates a batch of arrays of one shape. Ray has a task for each CPU: one thread is enough."""
    return {"data": np.stack([rot90.rotate(picture, threads=1) for picture in batch["data"]])}


def main(folder: str) -> None:
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    files = ray.data.read_binary_files(folder, file_extensions=["bmp"], include_paths=True)
    for row in files.map_batches(rotate_bitmaps).iter_rows():
        print(row["path"], row["mean"])
    pictures = np.random.default_rng(0).integers(0, 256, (8, 60, 90, 3), np.uint8)
    rotated = ray.data.from_numpy(pictures).map_batches(rotate_arrays)
    for row in rotated.iter_rows():
        print(row["data"].shape, row["data"].mean())


if __name__ == "__main__":
    main(sys.argv[1])
