"""Rotates pictures by 90° clockwise: numpy arrays, bitmaps in memory, and files in bulk.

* `rotate` for an array, two to six times as fast as `cv2.rotate`.
* `rotate_bmp` for a BMP file in memory.
* `rotate_files` for files, by their names or patterns, with the command that comes along.
* `rot90.ray` for the same on a Ray cluster.
"""

from ._files import Record, Records, find_bin, rotate_files
from ._memory import RotatedBitmap, rotate, rotate_bmp

__all__ = ["Record", "Records", "RotatedBitmap", "find_bin", "rotate", "rotate_bmp", "rotate_files"]
