"""What a grid misses close to a pore: the exact steady field of a point source less that of its control volumes.

Around an open channel calcium is at its steady state within microseconds: q exp(-κ r) / (4 π D r) and its mirror
images, where κ² = Σ k_on B / D is the capture by mobile buffers. The cells give the lattice Green function instead,
which a few cells from the pore differs from that by several per cent, and by more straight above it than beside it.
The difference is known, so it is added where calcium is looked at. (What remains is smooth: a buffer that is used up
near the pore, obstacles, the microseconds after a change.)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

import numpy as np
from scipy.special import erfc, ive

from rdcalcium.discretization.base import PointWeights
from rdcalcium.geometry.grid import RectilinearGrid

REACH = 15  # cells, of the widest side, from a pore; the difference (0.15 % there) is neglected beyond
PORE = 0.001  # µm, radius of a pore, within which a point source means nothing
LATE = 1e7  # spacings², after which a random walk on the lattice is diffusion
_LOG_TIMES = np.arange(-45.0, np.log(LATE), 0.2)  # the trapezoidal rule converges exponentially in log t


@lru_cache(maxsize=16)
def lattice_green(spacing: tuple[float, float, float], kappa: float, cells: tuple[int, int, int]) -> np.ndarray:
    """Steady field of a unit source in cell (0, 0, 0) of an infinite lattice, with D = 1; shape `cells`, µm⁻¹.

    G(n) = 1/V ∫ exp(-κ² t) Π_a exp(-2 t / h_a²) I_{n_a}(2 t / h_a²) dt with V = h_x h_y h_z: the time that a random
    walk spends at n before it is captured. It is even in each index and tends to exp(-κ r) / (4 π r). Lattice Green
    functions: Glasser & Zucker 1977, PNAS 74:1800.

    spacing  µm, of the cells
    kappa    µm⁻¹
    cells    how many along each axis
    """
    times = min(spacing) ** 2 * np.exp(_LOG_TIMES)
    x, y, z = (ive(np.arange(n)[:, None], 2 * times / h**2) for n, h in zip(cells, spacing, strict=True))
    volume, d_log = float(np.prod(spacing)), _LOG_TIMES[1] - _LOG_TIMES[0]
    weights = np.exp(-(kappa**2) * times) * times * d_log / volume
    early = np.tensordot(x[:, None] * y, (z * weights).T, axes=1)
    # From half an interval beyond the last time on, all is ordinary diffusion: ∫ (4 π t)^-3/2 exp(-κ² t) dt.
    last = times[-1] * np.exp(d_log / 2)
    late = np.exp(-(kappa**2) * last) / np.sqrt(last) - np.sqrt(np.pi) * kappa * erfc(kappa * np.sqrt(last))
    return early + 2 / (4 * np.pi) ** 1.5 * late


def missed_near_pores(
    grid: RectilinearGrid,
    points: np.ndarray,
    found: PointWeights,
    pores: np.ndarray,
    shared: PointWeights,
    kappa: float,
) -> np.ndarray:
    """Exact less discrete field at points, of a unit source at each pore and D = 1; (points, pores) µm⁻¹.

    Solid cells nearby are left out of account: they change the field, but hardly the difference. Zero beyond REACH
    cells, and where the cells between a point and a pore are not all of one size.

    found   where the points lie among the cells
    shared  how each source is shared among them
    kappa   √(rate of capture by mobile buffers / D), µm⁻¹
    """
    missed = np.zeros((len(points), len(pores)))
    for s, pore in enumerate(pores):
        source = _Source(grid, pore, shared.indices[s], shared.weights[s], kappa)
        for p in np.flatnonzero(np.linalg.norm(points - pore, axis=1) <= source.reach):
            missed[p, s] = source.missed(points[p], found.indices[p], found.weights[p])
    return missed


class _Source:
    """A unit source in some cells, with its mirror images in the closed faces of the box."""

    def __init__(self, grid: RectilinearGrid, pore: np.ndarray, cells: np.ndarray, weights: np.ndarray, kappa: float):
        used = weights > 0
        self.grid, self.pore, self.weights, self.kappa = grid, pore, weights[used], kappa
        self.cells = _places(grid, cells[used])  # (c, 3)
        spacing = tuple(axis.spacing_at(x) for axis, x in zip(grid.axes, pore, strict=True))
        self.reach = REACH * max(spacing)
        cells_of_table = tuple(2 * int(self.reach / h) + 4 for h in spacing)
        self.lattice = lattice_green(spacing, kappa, cells_of_table)

    def missed(self, point: np.ndarray, cells: np.ndarray, weights: np.ndarray) -> float:
        """Exact less discrete field at a point whose value is a weighted mean over some cells, µm⁻¹."""
        used = weights > 0
        at, weights = _places(self.grid, cells[used]), weights[used]
        images = [list(self._images(axis, at[:, axis])) for axis in range(3)]
        if not all(images):
            return 0.0
        exact = discrete = 0.0
        for image in product(*images):
            place = np.array([x for x, _ in image])
            if (np.abs(point - place) > 2 * self.reach).any():
                continue
            r = max(float(np.linalg.norm(point - place)), PORE)
            exact += float(np.exp(-self.kappa * r)) / (4 * np.pi * r)
            cells_of_image = np.stack([index for _, index in image], axis=-1)
            x, y, z = np.moveaxis(np.abs(at[:, None] - cells_of_image), -1, 0)
            discrete += float(weights @ self.lattice[x, y, z] @ self.weights)
        return exact - discrete

    def _images(self, a: int, at: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
        """Coordinate of the source and of its images along one axis, each with the indices of its cells."""
        axis, x, cells = self.grid.axes[a], self.pore[a], self.cells[:, a]
        low, high = int(min(at.min(), cells.min())), int(max(at.max(), cells.max()))
        if axis.is_uniform(low, high):
            yield x, cells
        if axis.is_uniform(0, high):
            yield 2 * axis.edges[0] - x, -cells if axis.begins_at_mirror else -1 - cells
        if axis.is_uniform(low, axis.size - 1):
            yield 2 * axis.edges[-1] - x, 2 * axis.size - 1 - cells


def _places(grid: RectilinearGrid, cells: np.ndarray) -> np.ndarray:
    """Indices along x, y and z of cells by their numbers, (c, 3)."""
    nx, ny, _ = grid.shape
    return np.stack([cells % nx, cells // nx % ny, cells // (nx * ny)], axis=-1)
