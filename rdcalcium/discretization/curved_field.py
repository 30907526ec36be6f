"""The steady field around a pore in a membrane that cuts its cells: close to it, and as these cells have it.

Close to a pore p in a smooth membrane the field is that of the source and of its image p' behind the tangent plane,

    u = Σ exp(-κ r) / (4 π r),   r = |x - p| and |x - p'|

with the images of both in mirror planes. Some of it flows through the membrane where that is not the tangent plane,
and through whatever else is near. The cells have v instead, which solves

    Σ_j G_ij (v_i - v_j) + κ² V_i v_i = s_i - f_i

with the source as they share it, s_i, and the same flow f_i of u out of cell i through what bounds it; REACH cells away
v = u. So u and v belong to the same problem wherever the membrane goes, and v - u is the error of the cells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, csr_array, diags_array
from scipy.sparse.linalg import spsolve

from rdcalcium.discretization.pore_cells import PoreCells, cells_around
from rdcalcium.geometry.facets import triangles
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.solids import Solid, nearby
from rdcalcium.solids import normals as surface_normals
from rdcalcium.solids.base import place
from rdcalcium.surfaces.triangles import quartered

REACH = 8  # cells around a pore; beyond, cells with a membrane err by about half a per cent
PORE = 0.001  # µm, radius of a pore, within which a point source means nothing
STEP = 0.1  # of a cell, over which the slope of the depth is taken
CLOSE = 3.0  # cells from a pore, within which its own membrane is smooth
FINE = 2  # times triangles there are quartered
OWN = 0.5  # cosine between the normals of two places of one smooth membrane, at least
TANGENT = 0.9  # cosine between the normals of a membrane and of an end of the grid that it only touches, at least
TINY = 1e-12  # µm², the least square of a distance
TOUCHING = 1e-6  # of a cell, by which a point on a surface may be outside
TOLERANCE = 1e-5  # of v, relative to what flows
MOST = 500  # rounds to it, of which it needs about thirty


Flows = Callable[[float], np.ndarray]  # at κ (µm⁻¹), out of each cell, (n,)


@dataclass(frozen=True, eq=False)
class CurvedField:
    """Both fields of a unit source, with D = 1, µm⁻¹.

    cells   around the pore
    kappas  (k,) µm⁻¹
    images  (m, 3) µm: the pore, and all of its images
    values  (k, n) v
    """

    cells: PoreCells
    kappas: np.ndarray
    images: np.ndarray
    values: np.ndarray

    @classmethod
    def around(
        cls, grid: RectilinearGrid, pore: np.ndarray, shared: np.ndarray, weights: np.ndarray, kappas: np.ndarray
    ) -> CurvedField:
        """That of a pore (3,) µm, whose source cells (c, 3) share by weights (c,)."""
        cells = cells_around(grid, pore, REACH)
        body = nearby(grid.cut.body, place(cells.low.min(axis=0)), place(cells.high.max(axis=0)))  # type: ignore[union-attr]
        size = max(axis.spacing_at(x) for axis, x in zip(grid.axes, pore, strict=True))
        normal, depth = _normal(body, pore, STEP * size), max(float(body.depth(pore[None])[0]), 0.0)
        images = _images(grid, body, np.array([pore, pore - 2 * depth * normal]), normal, size)
        source = np.bincount(cells.numbers(shared), weights, len(cells.volumes))
        walls = _Walls.of(cells, body, pore, normal, CLOSE * size)
        values = _solved(cells, pore, source, walls.flows(images), images, kappas)
        return cls(cells, kappas, images, values)

    def exact(self, points: np.ndarray) -> np.ndarray:
        """u at points (p, 3) µm, (k, p)."""
        return _field(points, self.images, self.kappas)

    def discrete(self, places: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """v at points by their weights (p, c) in cells (p, c, 3), all of which are in the block; (k, p)."""
        found: np.ndarray = np.einsum("kpc,pc->kp", self.values[:, self.cells.numbers(places)], weights)
        return found


@dataclass(frozen=True, eq=False)
class _Walls:
    """Small flat pieces of all surfaces in some cells.

    cells    (t,) to which each belongs
    points   (t, 3) µm, on the surface
    areas    (t,) µm²
    normals  (t, 3) outwards
    count    n, of the cells
    """

    cells: np.ndarray
    points: np.ndarray
    areas: np.ndarray
    normals: np.ndarray
    count: int

    @classmethod
    def of(cls, cells: PoreCells, body: Solid, pore: np.ndarray, normal: np.ndarray, close: float) -> _Walls:
        """Those of a block; `close` µm around the pore they are finer.

        Beside it in its own membrane normals are those of the body: there (x - p)·n is as small as the height of x over
        the tangent plane, and pieces between the edges of cells do not slope as the membrane does.
        """
        boxes, corners = triangles(body, cells.low, cells.high)
        for _ in range(FINE):
            near = np.linalg.norm(corners.mean(axis=1) - pore, axis=1) < close
            boxes = np.concatenate([boxes[~near], np.tile(boxes[near], 4)])
            corners = np.concatenate([corners[~near], quartered(corners[near])])
        middles, across = corners.mean(axis=1), np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        twice = np.linalg.norm(across, axis=1)
        normals = across / twice[:, None]
        depth, further = (body.depth(middles + by * normals) for by in (0.0, STEP * close))
        normals *= np.where(further < depth, 1.0, -1.0)[:, None]
        points = middles + depth[:, None] * normals
        own = np.flatnonzero((np.linalg.norm(points - pore, axis=1) < close) & (normals @ normal < -OWN))
        normals[own] = -surface_normals(body, points[own])
        heirs = cells.heirs[boxes]
        there = heirs >= 0
        return cls(heirs[there], points[there], twice[there] / 2, normals[there], len(cells.volumes))

    def flows(self, images: np.ndarray) -> Flows:
        """How much of u flows out of each cell at a κ, (n,): Σ area × (1 + κ r) exp(-κ r) (x - p)·n / (4 π r³).

        What is around a pore itself counts as a disc. If the pore is at an edge of triangles, its middle may be on
        another one, with the height of a slope and not r² / 2R: that is divided by no less than the disc has.
        """
        away = self.points[:, None] - images
        r2 = np.maximum((away**2).sum(axis=2), TINY)
        out, areas, r = (away * self.normals[:, None]).sum(axis=2), self.areas[:, None], np.sqrt(r2)
        disc = areas / (4 * np.pi)
        steady = disc * out / (np.maximum(r2, disc) * np.sqrt(r2 + disc))
        return lambda kappa: np.bincount(
            self.cells, (steady * (1 + kappa * r) * np.exp(-kappa * r)).sum(axis=1), self.count
        )


def _solved(
    cells: PoreCells, pore: np.ndarray, source: np.ndarray, flows: Flows, images: np.ndarray, kappas: np.ndarray
) -> np.ndarray:
    """v in all cells, (k, n); 0 in solid ones."""
    held = np.flatnonzero(cells.held(pore) & (cells.volumes > 0))
    free = np.setdiff1d(np.flatnonzero(cells.volumes > 0), held)
    among, to_held = cells.conductance[free][:, free], cells.conductance[free][:, held]
    u = np.ascontiguousarray(_field(cells.centres, images, kappas).T)
    flowing = np.stack([source - flows(kappa) for kappa in kappas], axis=1)
    own = cells.conductance.sum(axis=1)[free, None] + cells.volumes[free, None] * kappas**2
    values = np.zeros_like(u)
    values[held] = u[held]
    values[free] = _balanced(own, among, flowing[free] + to_held @ u[held], u[free])
    return values.T


def _balanced(own: np.ndarray, others: csr_array, right: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """What solves own x - others x = right in each column, (n, k): conjugate gradients, scaled by the diagonal.

    Where these take too long, by elimination.
    """
    x, least = guess.copy(), TOLERANCE**2 * (right**2 / own).sum(axis=0)
    rest = right - own * x + others @ x
    scaled = rest / own
    way, size = scaled, (rest * scaled).sum(axis=0)
    for _ in range(MOST):
        if (size <= least).all():
            return x
        change = own * way - others @ way
        step = size / (way * change).sum(axis=0)
        x += step * way
        rest -= step * change
        scaled = rest / own
        before, size = size, (rest * scaled).sum(axis=0)
        way = scaled + size / before * way
    systems = (csc_array(diags_array(column) - others) for column in own.T)
    return np.stack([spsolve(system, one) for system, one in zip(systems, right.T, strict=True)], axis=1)


def _field(points: np.ndarray, images: np.ndarray, kappas: np.ndarray) -> np.ndarray:
    """u at points (p, 3) µm, (k, p)."""
    away = np.moveaxis(points[:, None] - images, -1, 0)
    r = np.maximum(np.sqrt((away**2).sum(axis=0)), PORE)
    near = 1 / (4 * np.pi * r)
    return np.stack([(np.exp(-kappa * r) * near).sum(axis=1) for kappa in kappas])


def _normal(body: Solid, point: np.ndarray, step: float) -> np.ndarray:
    """Of the surface beside a point, inwards, (3,)."""
    above, below = (body.depth(point + way * step * np.eye(3)) for way in (1, -1))
    slope = above - below
    normal: np.ndarray = slope / (np.linalg.norm(slope) or 1.0)
    return normal


def _images(grid: RectilinearGrid, body: Solid, sources: np.ndarray, normal: np.ndarray, size: float) -> np.ndarray:
    """Sources with their images in those ends of the grid that the membrane does not only touch, (m, 3)."""
    pore = sources[0]
    for a, axis in enumerate(grid.axes):
        for end in () if axis.periodic else (axis.edges[0], axis.edges[-1]):
            foot = np.where(np.arange(3) == a, end, pore)
            near = abs(pore[a] - end) < REACH * size and abs(normal[a]) < TANGENT
            if near and body.depth(foot[None])[0] > -TOUCHING * size:
                turn = np.where(np.arange(3) == a, -1.0, 1.0)
                sources = np.concatenate([sources, foot + turn * (sources - foot)])
    return sources
