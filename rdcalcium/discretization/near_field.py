"""The steady field of a point source around its pore: exact, and as the cells of a grid have it.

Around an open channel calcium is q exp(-κ r) / (4 π D r), with mirror images, where κ² D is the rate at which buffers
capture it. Cells give the lattice Green function instead, which a few cells from the pore differs from that by several
per cent, and by more straight above it than beside it. Both are known here, for pores in curved membranes by
`curved_field`; recorders/near_pores.py adds the difference where calcium is looked at.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from scipy.special import erfc, ive

from rdcalcium.discretization.base import PointWeights
from rdcalcium.discretization.curved_field import PORE, TOUCHING, CurvedField
from rdcalcium.discretization.curved_field import REACH as CELLS
from rdcalcium.geometry.axis import Axis
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.solids import nearby
from rdcalcium.solids.base import place
from rdcalcium.solids.periodic import nearest_image

REACH = 15  # cells, of the widest side, from a pore; the difference (0.15 % there) is neglected beyond
TIE = 1e-9  # share of a distance that rounding may change
ON_END = PORE / 1000  # µm; a pore this near to an end of the grid is in it
ALONG = 0.1  # of a cell, by which a place beside a pore is further along an end of the grid
LATE = 1e7  # spacings², after which a random walk on the lattice is diffusion
_LOG_TIMES = np.arange(-45.0, np.log(LATE), 0.2)  # the trapezoidal rule converges exponentially in log t


@lru_cache(maxsize=8)
def lattice_green(
    spacing: tuple[float, float, float], kappas: tuple[float, ...], cells: tuple[int, int, int]
) -> np.ndarray:
    """Steady fields of a unit source in cell (0, 0, 0) of an infinite lattice, with D = 1; (kappas, *cells) µm⁻¹.

    G(n) = 1/V ∫ exp(-κ² t) Π_a exp(-2 t / h_a²) I_{n_a}(2 t / h_a²) dt with V = h_x h_y h_z: the time that a random
    walk spends at n before it is captured. It is even in each index and tends to exp(-κ r) / (4 π r). Lattice Green
    functions: Glasser & Zucker 1977, PNAS 74:1800.

    spacing  µm, of the cells
    kappas   µm⁻¹
    cells    how many along each axis
    """
    times = min(spacing) ** 2 * np.exp(_LOG_TIMES)
    x, y, z = (ive(np.arange(n)[:, None], 2 * times / h**2) for n, h in zip(cells, spacing, strict=True))
    volume, d_log = float(np.prod(spacing)), _LOG_TIMES[1] - _LOG_TIMES[0]
    # From half an interval beyond the last time on, all is ordinary diffusion: ∫ (4 π t)^-3/2 exp(-κ² t) dt.
    last = times[-1] * np.exp(d_log / 2)
    fields = np.empty((len(kappas), *cells))
    for field, kappa in zip(fields, kappas, strict=True):
        weights = np.exp(-(kappa**2) * times) * times * d_log / volume
        late = np.exp(-(kappa**2) * last) / np.sqrt(last) - np.sqrt(np.pi) * kappa * erfc(kappa * np.sqrt(last))
        field[:] = np.tensordot(x[:, None] * y, (z * weights).T, axes=1) + 2 / (4 * np.pi) ** 1.5 * late
    fields.setflags(write=False)  # shared by all that ask for the same
    return fields


def near_fields(
    grid: RectilinearGrid,
    points: np.ndarray,
    found: PointWeights,
    pores: np.ndarray,
    shared: PointWeights,
    kappas: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Exact and discrete field at points of a unit source at each pore, with D = 1; both (kappas, points, pores) µm⁻¹.

    Solid cells nearby are left out of account: they change the field, but hardly the difference. Zero beyond REACH
    cells, where the cells between a point and a pore are not all of one size, and where there is one cell along an
    axis: along it all is well mixed, and there is nothing to miss. Around a pore in a membrane that cuts its cells both
    fields are those of `CurvedField`, and zero beyond its cells.

    points, pores  within the ends of the grid
    found   where the points lie among the cells
    shared  how each source is shared among them
    kappas  (k,) µm⁻¹, rates of capture over which to tabulate
    """
    exact, discrete = (np.zeros((len(kappas), len(points), len(pores))) for _ in range(2))
    if is_mixed(grid):
        return exact, discrete
    shares, standard = grid.places_around(shared.indices, pores), _are_standard(grid, pores, shared)
    for s, pore in enumerate(pores):
        used = shared.weights[s] > 0
        if not standard[s]:
            near, *fields = _curved(grid, points, found, pore, shares[s, used], shared.weights[s, used], kappas)
            exact[:, near, s], discrete[:, near, s] = fields
            continue
        spacing = tuple(axis.spacing_at(x) for axis, x in zip(grid.axes, pore, strict=True))
        seen = nearest_image(points, pore, grid.periods)
        near = np.flatnonzero(np.linalg.norm(seen - pore, axis=1) <= REACH * max(spacing))
        if not len(near):
            continue
        source = _Source(grid, pore, shares[s, used], shared.weights[s, used], kappas, spacing)
        corners = grid.places_around(found.indices[near], seen[near])
        exact[:, near, s], discrete[:, near, s] = source.fields(seen[near], corners, found.weights[near])
    return exact, discrete


def are_known(
    grid: RectilinearGrid, points: np.ndarray, found: PointWeights, pores: np.ndarray, shared: PointWeights
) -> np.ndarray:
    """Whether `near_fields` knows the field of a pore at the point of the same row, as far as it reaches; (pairs,)."""
    if is_mixed(grid):
        return np.zeros(len(found.indices), dtype=bool)
    nearest = nearest_image(points, pores, grid.periods)
    at = grid.places_around(found.indices, nearest)
    used = np.where(shared.weights[:, :, None] > 0, grid.places_around(shared.indices, pores), at[:, :1])
    return _are_alike(grid, np.concatenate([at, used], axis=1)) | ~_are_standard(grid, pores, shared)


def _curved(
    grid: RectilinearGrid,
    points: np.ndarray,
    found: PointWeights,
    pore: np.ndarray,
    shares: np.ndarray,
    weights: np.ndarray,
    kappas: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which points the cells around a pore in a curved membrane tell of (p,), and both fields there, (kappas, p)."""
    seen = nearest_image(points, pore, grid.periods)
    corners = grid.places_around(found.indices, seen)
    own = np.array([axis.find(x) for axis, x in zip(grid.axes, pore, strict=True)])
    near = np.flatnonzero((np.abs(corners - own) <= CELLS).all(axis=(1, 2)))
    if not len(near):
        return near, np.zeros((len(kappas), 0)), np.zeros((len(kappas), 0))
    field = CurvedField.around(grid, pore, shares, weights, kappas)
    return near, field.exact(seen[near]), field.discrete(corners[near], found.weights[near])


def _are_standard(grid: RectilinearGrid, pores: np.ndarray, shared: PointWeights) -> np.ndarray:
    """Whether pores (s, 3) are in a plane end of the grid, or in cells that are whole: in a lattice like others, (s,).

    Solid cells beside a pore in a plane are left out of account, as they are everywhere.
    """
    if grid.cut is None:
        return np.ones(len(pores), dtype=bool)
    whole = grid.cut.are_whole(grid.places(shared.indices)) | (shared.weights == 0)
    standard: np.ndarray = whole.all(axis=1)
    for s in np.flatnonzero(~standard):
        standard[s] = _is_in_plane(grid, pores[s])
    return standard


def _is_in_plane(grid: RectilinearGrid, pore: np.ndarray) -> bool:
    """Whether a pore is in an end of the grid along which the body goes on: that is a wall, or a mirror plane."""
    low, high = np.array([[axis.edges[end] for axis in grid.axes] for end in (0, -1)])
    step = ALONG * np.array([axis.spacing_at(x) for axis, x in zip(grid.axes, pore, strict=True)])
    body = nearby(grid.cut.body, place(pore - step), place(pore + step))  # type: ignore[union-attr]
    beside = pore + np.concatenate([np.diag(step), -np.diag(step)])
    for a in np.flatnonzero((np.minimum(pore - low, high - pore) < ON_END) & ~np.array(grid.periodic)):
        along = np.clip(beside[np.arange(6) % 3 != a], low, high)
        if (body.depth(along) > -TOUCHING * step.max()).all():
            return True
    return False


def is_mixed(grid: RectilinearGrid) -> bool:
    """Whether there is one cell along some axis, along which all is the same."""
    return min(grid.shape) == 1


def _are_alike(grid: RectilinearGrid, cells: np.ndarray) -> np.ndarray:
    """Whether all cells in the box around those of each row (p, c, 3) are of one size, (p,)."""
    low, high = cells.min(axis=1), cells.max(axis=1)
    return np.all([axis.are_uniform(low[:, a], high[:, a]) for a, axis in enumerate(grid.axes)], axis=0)


def lattice_of(spacing: tuple[float, ...], kappas: np.ndarray) -> np.ndarray:
    """The fields of a unit source as far as they may be asked for; (kappas, x, y, z) µm⁻¹.

    Spacings (µm) are differences of the edges of cells: those of one size differ by the last digits.
    """
    x, y, z = (float(f"{h:.9g}") for h in spacing)
    cells = tuple(2 * int(REACH * max(spacing) / h) + 4 for h in spacing)
    return lattice_green((x, y, z), tuple(map(float, kappas)), (cells[0], cells[1], cells[2]))


class _Source:
    """A unit source in some cells (c, 3), with its mirror images in the closed faces of the box, or those in tiles."""

    def __init__(
        self,
        grid: RectilinearGrid,
        pore: np.ndarray,
        cells: np.ndarray,
        weights: np.ndarray,
        kappas: np.ndarray,
        spacing: tuple[float, ...],
    ):
        self.grid, self.pore, self.cells, self.weights, self.kappas = grid, pore, cells, weights, kappas
        self.reach, self.lattice = REACH * max(spacing), lattice_of(spacing, kappas)

    def fields(self, points: np.ndarray, at: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Exact and discrete field (kappas, p) at points whose values are weighted means over cells, at (p, 8, 3)."""
        exact, discrete = (np.zeros((len(self.kappas), len(points))) for _ in range(2))
        far = 2 * self.reach * (1 + TIE)
        images = [self._images(axis, at[:, :, axis]) for axis in range(3)]
        for axis, of_axis in enumerate(images):  # nearly all are too far away for all points
            of_axis[:] = [image for image in of_axis if (np.abs(points[:, axis] - image[0]) <= far).any()]
        own = np.broadcast_to(self.cells, (len(at), *self.cells.shape))
        itself = _are_alike(self.grid, np.concatenate([at, own], axis=1))
        for image in product(*images):
            place = np.array([x for x, _, _ in image])
            seen = itself & image[0][2] & image[1][2] & image[2][2]
            seen &= (np.abs(points - place) <= far).all(axis=1)
            if not seen.any():
                continue
            r = np.maximum(np.linalg.norm(points[seen] - place, axis=1), PORE)
            exact[:, seen] += np.exp(-self.kappas[:, None] * r) / (4 * np.pi * r)
            cells = np.stack([index for _, index, _ in image], axis=-1)
            x, y, z = np.moveaxis(np.abs(at[seen][:, :, None] - cells), -1, 0)
            discrete[:, seen] += np.einsum("kpqc,pq,c->kp", self.lattice[:, x, y, z], weights[seen], self.weights)
        return exact, discrete

    def _images(self, a: int, at: np.ndarray) -> list[tuple[float, np.ndarray, np.ndarray]]:
        """The source and its images along one axis: coordinate, indices of its cells, and for which points (p,).

        Two in the ends of the axis, or those in the neighbouring tiles. An image counts where all cells on the way to
        it are of one size.
        """
        axis, x, cells = self.grid.axes[a], self.pore[a], self.cells[:, a]
        if axis.periodic:
            return [self._in_tile(a, at, tile) for tile in range(-self._tiles(axis), self._tiles(axis) + 1)]
        low = np.minimum(at.min(axis=1), cells.min())
        high = np.maximum(at.max(axis=1), cells.max())
        first, last = np.zeros_like(low), np.full_like(high, axis.size - 1)
        return [
            (x, cells, axis.are_uniform(low, high)),
            (2 * axis.edges[0] - x, -cells if axis.begins_at_mirror else -1 - cells, axis.are_uniform(first, high)),
            (2 * axis.edges[-1] - x, 2 * axis.size - 1 - cells, axis.are_uniform(low, last)),
        ]

    def _tiles(self, axis: Axis) -> int:
        """How many on each side are not too far away."""
        return int(np.ceil(2 * self.reach / axis.length))

    def _in_tile(self, a: int, at: np.ndarray, tile: int) -> tuple[float, np.ndarray, np.ndarray]:
        """The image so many tiles further along an axis."""
        axis = self.grid.axes[a]
        cells = self.cells[:, a] + tile * axis.size
        low, high = np.minimum(at.min(axis=1), cells.min()), np.maximum(at.max(axis=1), cells.max())
        return self.pore[a] + tile * axis.length, cells, axis.are_uniform(low, high)
