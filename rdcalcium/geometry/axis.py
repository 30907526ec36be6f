"""One axis of a rectilinear grid: its cells, and where their unknowns sit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

ALIKE = 1e-6  # of a width: far more than rounding makes of equal cells, far less than they ever grow by


@dataclass(frozen=True)
class Axis:
    """One axis of a rectilinear grid.

    edges     (n + 1,)  µm, ascending
    centres   (n,)      µm, where the unknowns sit: the middle of each cell, nearer to the narrow neighbour where widths
                        change (see `unknowns`), and on the plane in the half cell at a mirror plane
    periodic  whether what leaves at one end enters at the other
    """

    edges: np.ndarray
    centres: np.ndarray
    periodic: bool = False

    @cached_property
    def widths(self) -> np.ndarray:
        """Cell widths, (n,) µm."""
        return np.diff(self.edges)

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.centres)

    @property
    def length(self) -> float:
        """From end to end, µm."""
        return float(self.edges[-1] - self.edges[0])

    @property
    def gaps(self) -> np.ndarray:
        """Distance of each unknown from the next one, (n,) µm; infinite where there is none."""
        around = self.centres[0] + self.length - self.centres[-1] if self.periodic and self.size > 1 else np.inf
        return np.append(np.diff(self.centres), around)

    def within(self, x: np.ndarray) -> np.ndarray:
        """Coordinates as they are; on a periodic axis the image of each that is between both ends."""
        return self.edges[0] + (x - self.edges[0]) % self.length if self.periodic else x

    def find(self, x: np.ndarray) -> np.ndarray:
        """Cell that contains each coordinate; a coordinate on an edge belongs to the cell above."""
        return np.clip(np.searchsorted(self.edges, self.within(x), side="right") - 1, 0, self.size - 1)

    @property
    def begins_at_mirror(self) -> bool:
        """Whether the first unknown sits on a mirror plane."""
        return bool(self.centres[0] == self.edges[0])

    def spacing_at(self, x: float) -> float:
        """Distance of the unknowns around a coordinate, µm."""
        return float(self.widths[max(int(self.find(np.array(x))), int(self.begins_at_mirror))])

    def are_uniform(self, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Whether the cells from each `first` to its `last` are of one width; a half cell on a mirror plane is one.

        On a periodic axis cells are counted on beyond its ends.
        """
        alike: np.ndarray = self._change(first) == self._change(last)
        return alike

    def _change(self, cell: np.ndarray) -> np.ndarray:
        """How often the width has changed before a cell."""
        before, around = self._changes
        turns, cell = np.divmod(cell, self.size)
        return before[cell] + around * turns

    @cached_property
    def _changes(self) -> tuple[np.ndarray, int]:
        """How often the width has changed before each cell, (n,), and how often once around a periodic axis."""
        widths = self.widths.copy()
        if self.begins_at_mirror:
            widths[0] *= 2
        before = np.concatenate([[0], np.cumsum(np.abs(np.diff(widths)) > ALIKE * widths[1:])])
        return before, int(before[-1]) + int(abs(widths[0] - widths[-1]) > ALIKE * widths[0])


def unknowns(edges: np.ndarray, mirror: bool, periodic: bool = False) -> np.ndarray:
    """Where the unknown of each cell sits, (n,) µm: at x(k + 1/2), if x(k) is the smooth map that makes the edges.

    Around a point source flows through wider and wider cells. Two-point fluxes between the middles of such cells
    overestimate its resistance, those through faces halfway between the unknowns underestimate it by as much; here,
    between the two, the leading error cancels. With widths that grow by g the unknown is at 1 / (1 + √g) of its cell.
    """
    widths = np.diff(edges)
    whole = widths.copy()
    if mirror:
        whole[0] *= 2
    logs = np.log(np.pad(whole, 1, mode="wrap") if periodic else whole)
    growth = np.exp(np.gradient(logs)) if len(whole) > 1 else np.ones(1)
    growth = growth[1:-1] if periodic and len(whole) > 1 else growth
    centres = edges[:-1] + widths / (1 + np.sqrt(growth))
    if mirror:
        centres[0] = edges[0]
    return centres
