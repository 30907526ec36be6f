"""Where arrays begin in the memory of a CPU, so that those of one kernel do not crowd the same lines of its caches."""

from __future__ import annotations

import numpy as np

LARGE = 2**16  # bytes; smaller arrays lie where NumPy puts them
LINE, PAGE = 64, 4096  # bytes; a cache finds the place of a line by its address within a page
APART = 5 * LINE  # from one array to the next within a page; of odd lines, so that arrays take turns at all of them


def placed(size: int, kind: np.dtype, number: int) -> np.ndarray:
    """A flat array of zeros at the beginning of a line, which is another line of its page for the next `number`.

    The system hands out large arrays at the same place of a page. What a kernel needs of ten arrays for one control
    volume would then compete for eight places of a cache, and vectors would reach over the ends of lines: a stage took
    up to twice as long, with 8 fields on 128³ cells or on a mesh.
    """
    length = size * kind.itemsize
    if length < LARGE:
        return np.zeros(size, kind)
    room = np.zeros(length + PAGE, np.uint8)
    first = (number * APART - room.ctypes.data) % PAGE
    return room[first : first + length].view(kind)
