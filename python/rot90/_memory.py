"""Arrays and bitmaps in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np

from . import _native

if TYPE_CHECKING:
    # From Python 3.12 on it is in collections.abc.
    from typing_extensions import Buffer

_Scalar = TypeVar("_Scalar", bound=np.generic)

# Kinds of dtypes whose items are nothing but their bytes: bool, integers, floats, complex numbers,
# times, strings of fixed length, and structures of them.
_PLAIN_KINDS = "biufcmMSUV"


def rotate(
    array: np.ndarray[Any, np.dtype[_Scalar]],
    out: np.ndarray[Any, np.dtype[_Scalar]] | None = None,
    threads: int | None = None,
) -> np.ndarray[Any, np.dtype[_Scalar]]:
    """Rotate an array by 90° clockwise.

    The result is that of ``np.rot90(array, -1)``, but it is a C-contiguous array of its own, and
    it is made several times as fast.

    Parameters
    ----------
    array : numpy.ndarray
        H × W or H × W × C, of any dtype but objects. Rows may be any distance apart, also
        backwards, as in ``array[::-2]``; where the pixels of a row do not follow each other, as in
        ``array[:, ::-1]`` or ``array[..., :3]``, they are copied first.
    out : numpy.ndarray, optional
        Where the result goes: W × H or W × H × C, of the same dtype. It may be a part of a larger
        picture, such as ``canvas[10:20, 30:40]``, but may have no byte in common with `array`.
    threads : int, optional
        The most threads to use. By default one for each 4 MiB, up to the number of CPUs.

    Returns
    -------
    numpy.ndarray
        `out`, or a new array, W × H or W × H × C.

    Raises
    ------
    TypeError
        `array` or `out` is no array, or a masked one; its items are objects; the dtypes differ.
    ValueError
        `array` has neither two nor three dimensions; `out` has another shape, is read-only,
        overlaps with `array`, or its pixels do not follow each other; `threads` is below 1.

    Notes
    -----
    The interpreter's lock is released: other threads run meanwhile. They must not change `array`
    or use `out` before this is over.

    Examples
    --------
    >>> import numpy as np
    >>> import rot90
    >>> rot90.rotate(np.array([[1, 2, 3],
    ...                        [4, 5, 6]]))
    array([[4, 1],
           [5, 2],
           [6, 3]])

    A picture of 480 rows of 640 pixels, blue, green and red, into an array that is used again:

    >>> picture = np.zeros((480, 640, 3), np.uint8)
    >>> rotated = np.empty((640, 480, 3), np.uint8)
    >>> rot90.rotate(picture, out=rotated) is rotated
    True
    """
    array = _checked(array, "array")
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}; it must be 1 or more")
    shape = (array.shape[1], array.shape[0], *array.shape[2:])
    if out is None:
        result = target = np.empty(shape, array.dtype)
    else:
        result, target = out, _checked(out, "out")
        _check_out(target, array, shape)
    if target.nbytes == 0:
        return result
    if out is not None and np.may_share_memory(array, target):
        if np.shares_memory(array, target):
            raise ValueError("out overlaps with array: no picture can be rotated in place")
        # Two parts of one picture: the rows of one lie between those of the other.
        array = array.copy()
    if not _is_packed(array):
        if abs(array.strides[0]) < abs(array.strides[1]):
            # In Fortran's order the result's rows are columns that can be copied as they are.
            np.copyto(target, np.rot90(array, -1))
            return result
        array = np.ascontiguousarray(array)
    _native.rotate_pixels(_as_bytes(array), _as_bytes(target), threads)
    return result


def _checked(array: np.ndarray[Any, np.dtype[_Scalar]], name: str) -> np.ndarray[Any, np.dtype[_Scalar]]:
    """The array, without what a subclass may make of it."""
    if type(array) is not np.ndarray:
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name} is a {type(array).__name__}, not a numpy array")
        if isinstance(array, np.ma.MaskedArray):
            raise TypeError(f"{name} is a masked array: rotate its data and its mask separately")
        array = np.asarray(array)
    if array.dtype.hasobject or array.dtype.kind not in _PLAIN_KINDS:
        raise TypeError(f"{name} has the dtype {array.dtype}, whose items are more than their bytes")
    if array.ndim not in (2, 3):
        raise ValueError(f"{name} has {_dimensions(array.shape)}; a picture is H × W or H × W × C")
    return array


def _check_out(
    out: np.ndarray[Any, np.dtype[_Scalar]], array: np.ndarray[Any, np.dtype[_Scalar]], shape: tuple[int, ...]
) -> None:
    if out.shape != shape:
        raise ValueError(
            f"out is {_sizes(out.shape)}, but {_sizes(array.shape)} rotated is {_sizes(shape)}")
    if out.dtype != array.dtype:
        raise TypeError(f"out has the dtype {out.dtype}, array has {array.dtype}")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    if out.nbytes and not (_is_packed(out) and (out.shape[0] == 1 or out.strides[0] >= _row_bytes(out))):
        raise ValueError(
            f"out has the strides {out.strides}: its rows have to follow each other downwards, and the "
            "pixels of a row each other without gaps")


def _is_packed(array: np.ndarray[Any, Any]) -> bool:
    """Whether the pixels of each row follow each other without gaps."""
    if array.flags.c_contiguous:
        return True
    _, width, *channels = array.shape
    pixel_bytes = array.itemsize
    if channels:
        if channels[0] > 1 and array.strides[2] != array.itemsize:
            return False
        pixel_bytes *= channels[0]
    return width == 1 or array.strides[1] == pixel_bytes


def _row_bytes(array: np.ndarray[Any, Any]) -> int:
    return int(array.nbytes // array.shape[0])


def _as_bytes(array: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Height × width × bytes of a pixel: the same memory, whatever the dtype."""
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    return array.view(np.uint8)


def _dimensions(shape: tuple[int, ...]) -> str:
    return f"{len(shape)} dimension{'' if len(shape) == 1 else 's'}"


def _sizes(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


class RotatedBitmap(NamedTuple):
    """A bitmap that `rotate_bmp` has rotated."""

    data: bytes
    """The rotated bitmap: a whole BMP file."""
    width: int
    """Pixels in a row of it."""
    height: int
    """Its rows."""
    mean: float
    """The mean of the red, green and blue samples of all pixels, as 8-bit samples."""
    left_out: tuple[str, ...] = ()
    """What of the input is not in it, in words, such as the further pictures of a bitmap array."""


def rotate_bmp(data: Buffer | np.ndarray[Any, Any]) -> RotatedBitmap:
    """Rotate a BMP file in memory by 90° clockwise, without loss.

    The result keeps the depth, header version, palette, masks, colour profile and row order;
    compressed pixels become uncompressed ones of the same depth.

    Parameters
    ----------
    data : bytes, bytearray, memoryview, mmap, numpy.ndarray
        The whole file: anything with contiguous bytes.

    Returns
    -------
    RotatedBitmap
        The rotated file as `data`, its `width` and `height`, and the `mean` of its samples; at 1,
        4, 8 and 24 bits per pixel that is ``cv2.imread(name).mean()``.

    Raises
    ------
    ValueError
        It is no bitmap, or a damaged one; the text says what is wrong, and where.
    MemoryError
        The rotated picture does not fit into memory.
    TypeError
        `data` has no contiguous bytes.

    Notes
    -----
    The interpreter's lock is released: other threads run meanwhile. They must not change `data`.

    Examples
    --------
    >>> import struct
    >>> import rot90

    Two pixels, blue beside red, become blue above red, which a bitmap has from the bottom up:

    >>> header = struct.pack("<2sIHHIIiiHH6I", b"BM", 62, 0, 0, 54, 40, 2, 1, 1, 24, *[0] * 6)
    >>> blue, red = b"\\xff\\0\\0", b"\\0\\0\\xff"
    >>> rotated = rot90.rotate_bmp(header + blue + red + b"\\0\\0")
    >>> rotated.width, rotated.height, rotated.mean
    (1, 2, 85.0)
    >>> rotated.data[54:] == red + b"\\0" + blue + b"\\0"
    True

    >>> rot90.rotate_bmp(header + blue)
    Traceback (most recent call last):
      ...
    ValueError: truncated: needs 6 bytes of pixels at offset 54, the file ends after 57
    """
    # The types of numpy know of its buffers from Python 3.12 on.
    view = memoryview(cast("Buffer", data))
    if not view.c_contiguous:
        raise TypeError("data has no contiguous bytes")
    if view.nbytes == 0:
        view = memoryview(b"")
    elif view.format != "B" or view.ndim != 1:
        view = view.cast("B")
    rotated, width, height, mean, left_out = _native.rotate_bitmap(view)
    return RotatedBitmap(rotated, width, height, mean, tuple(left_out))
