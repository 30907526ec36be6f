"""How deep boxes lie in a body, and points that divide those which its surface crosses.

Of a body that is made of others each box asks those alone that are so near that they matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.geometry.facets import ON, Pieces, lattice, named_areas, settled
from rdcalcium.solids import Joined, Outside, Solid, Without, only_name, picked, pieces, thickness

PARTS, MOST = 3, 16  # along each side of a box that the surface crosses, and where a body there is thin
ACROSS = 5  # of these parts that a body is thick, at least
MATTERS = 3.1  # times half the diagonal of a box: what is farther from its middle is not the nearest in it
SLACK = 1.01  # for rounding, of how near a body is that matters
BENT = 1.5  # times half the diagonal of a box, in which the surface of a body farther from its middle is not


@dataclass(frozen=True)
class Sampled:
    """What is asked of a body to know how much of n boxes it fills.

    inside   (n,) whether the middle of each is
    crossed  (m,) boxes through which the surface may go
    depth    (m, P + 1, P + 1, P + 1) µm, at points that divide these
    low      (m, 3) lower corners of these, µm
    sizes    (m, 3) µm
    names    (m,) what the surface in each is called; "" where it has several names
    several  the bodies that may be near these
    """

    inside: np.ndarray
    crossed: np.ndarray
    depth: np.ndarray
    low: np.ndarray
    sizes: np.ndarray
    names: np.ndarray
    several: Several

    @classmethod
    def of(cls, solid: Solid, low: np.ndarray, high: np.ndarray) -> Sampled:
        """That of boxes with corners (n, 3) µm."""
        parts = parts_for(solid, float((high - low).max()))
        half = np.linalg.norm(high - low, axis=1) / 2
        several = Several.of(solid, (low + high) / 2, MATTERS * half.max())
        depth = several.depth
        crossed = np.flatnonzero(np.abs(depth) <= half * (1 + ON))
        low, high, half = low[crossed], high[crossed], half[crossed]
        names, several = several.called(half, crossed), several.near(crossed, half)
        values = settled(several.at_lattices(low, high, parts), low, high)
        return cls(depth > 0, crossed, values, low, high - low, names, several)

    @property
    def parts(self) -> int:
        """In which these are divided along each side."""
        return self.depth.shape[1] - 1

    def named_areas(self, some: np.ndarray) -> Pieces:
        """Areas of the surface in some of these by its names: name -> which of these (k,), and area, (k,) µm²."""
        points = lattice(self.low[some], self.low[some] + self.sizes[some], self.parts)
        found = named_areas(lambda at, boxes: self.several.names(at, some[boxes]), points, self.depth[some])
        return {name: (some[boxes], areas) for name, (boxes, areas) in found.items()}

    @classmethod
    def whole(cls, count: int, inside: bool) -> Sampled:
        """Of boxes that no surface crosses."""
        side, none, corners = PARTS + 1, np.empty(0, dtype=np.int64), np.empty((0, 3))
        names, nobody = np.empty(0, dtype=object), Several(1.0, (), np.empty((0, 0)))
        return cls(np.full(count, inside), none, np.empty((0, side, side, side)), corners, corners, names, nobody)


@dataclass(frozen=True)
class Several:
    """A body as bodies of which the depth in it is the least, or its negative for one that is made of all of them.

    depths  (bodies, n) at the middles of boxes, all with that sign; infinite for a body that does not matter in a box
    """

    sign: float
    bodies: tuple[Solid, ...]
    depths: np.ndarray

    @classmethod
    def of(cls, solid: Solid, middles: np.ndarray, reach: float) -> Several:
        """That of a body at points (n, 3) µm; what is farther than a reach (µm) outside of one is infinitely far."""
        joined = isinstance(solid, Joined)
        bodies = pieces(Outside(solid) if joined else solid)
        depths = np.full((len(bodies), len(middles)), np.inf)
        columns = np.ascontiguousarray(middles.T)
        for body, depth in zip(bodies, depths, strict=True):
            near = _near(body, columns, reach)
            depth[near] = body.depth(middles[near])
        return cls(-1.0 if joined else 1.0, bodies, depths)

    @property
    def depth(self) -> np.ndarray:
        """In the body, (n,) µm."""
        return self.sign * self.depths.min(axis=0)

    def near(self, boxes: np.ndarray, half: np.ndarray) -> Several:
        """The same of some of the boxes, with half diagonals (m,) µm, of each the bodies that are the nearest in it."""
        depths = self.depths[:, boxes]
        there = depths <= depths.min(axis=0) + 2 * half * SLACK
        some = there.any(axis=1)
        bodies = tuple(body for body, own in zip(self.bodies, some, strict=True) if own)
        return Several(self.sign, bodies, np.where(there, depths, np.inf)[some])

    def at_lattices(self, low: np.ndarray, high: np.ndarray, parts: int) -> np.ndarray:
        """Depth at points that divide the boxes, with corners (n, 3) µm, in parts along each side; (n, p)."""
        least = np.full((len(low), (parts + 1) ** 3), np.inf)
        for body, own in zip(self.bodies, np.isfinite(self.depths), strict=True):
            points = lattice(low[own], high[own], parts)
            least[own] = np.minimum(least[own], body.depth(points.reshape(-1, 3)).reshape(points.shape[:2]))
        return self.sign * least

    def names(self, points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """Those of the surface at points (p, 3) µm on it, each in a box by its number (p,); (p,)."""
        there = np.isfinite(self.depths)[:, boxes]
        shared = there.sum(axis=0) > 1
        least, nearest = np.full(len(points), np.inf), there.argmax(axis=0)
        for number, body in enumerate(self.bodies):
            asked = np.flatnonzero(there[number] & shared)
            if len(asked):
                depth = body.depth(points[asked])
                closer = depth < least[asked]
                least[asked[closer]], nearest[asked[closer]] = depth[closer], number
        return picked(self.bodies, nearest, points)

    def called(self, half: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """The one name that the surface has in each of some boxes, or "", (m,)."""
        own = [only_name(body) or "" for body in self.bodies]
        names = sorted({"", *own})
        number = np.array([names.index(name) for name in own])[:, None]
        there = self.depths[:, boxes] <= BENT * half
        least, most = np.where(there, number, len(names)).min(axis=0), np.where(there, number, 0).max(axis=0)
        called: np.ndarray = np.array(names, dtype=object)[np.where(least == most, most, 0)]
        return called


def parts_for(solid: Solid, wide: float) -> int:
    """In how many parts boxes so wide (µm) are divided, in which a body is: more where what is cut from it is thin."""
    thinnest = min((thickness(body) for body in solid.cut), default=np.inf) if isinstance(solid, Without) else np.inf
    return int(np.clip(np.ceil(ACROSS * wide / thinnest), PARTS, MOST))


def _near(body: Solid, columns: np.ndarray, reach: float) -> np.ndarray | slice:
    """Which points (3, n) may be in a body, or not so far outside of what it is the outside of."""
    if not isinstance(body, Outside):
        return slice(None)
    low, high = np.array(body.body.bounds)
    near = np.ones(columns.shape[1], dtype=bool)
    for x, first, last in zip(columns, low - reach, high + reach, strict=True):
        near &= (x >= first) & (x <= last)
    return near
