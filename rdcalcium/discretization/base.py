"""The one form in which every mesh and grid reaches the solver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.discretization.quality import Quality
from rdcalcium.discretization.space import Nowhere, Space
from rdcalcium.solids.periodic import Periods, nearest_image


@dataclass(frozen=True)
class PointWeights:
    """Where points lie among the control volumes: value(point) = Σ_k weight_k · field[index_k].

    indices  (points, k)  control volumes, int64
    weights  (points, k)  dimensionless; each row sums to 1 and no weight is negative
    """

    indices: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class SurfaceArea:
    """The share of one named surface that each touching control volume carries.

    indices  (k,)  control volumes, each at most once, int64
    areas    (k,)  µm²; they sum to the area of the surface
    """

    indices: np.ndarray
    areas: np.ndarray

    @classmethod
    def summed(cls, indices: np.ndarray, areas: np.ndarray) -> SurfaceArea:
        """That of control volumes (k,) with areas (k,) µm², of which each may be there several times."""
        found, place = np.unique(indices, return_inverse=True)
        return cls(found, np.bincount(place, areas, len(found)))

    @classmethod
    def together(cls, surfaces: Sequence[SurfaceArea]) -> SurfaceArea:
        """Several surfaces as one."""
        indices, areas = ([getattr(surface, key) for surface in surfaces] for key in ("indices", "areas"))
        return cls.summed(np.concatenate(indices), np.concatenate(areas))


@dataclass(frozen=True)
class MembraneSites:
    """Where the membrane of a lumen lies between a control volume of the cytosol and one of the lumen.

    outside, inside  (k,)  control volumes, int64
    areas            (k,)  µm², of the membrane between both
    """

    outside: np.ndarray
    inside: np.ndarray
    areas: np.ndarray


class Locator(Protocol):
    """Finds points among the control volumes of one discretization."""

    def weights(self, points: np.ndarray) -> PointWeights:
        """Interpolation weights of (points, 3) positions in µm; a point outside the cytosol is a ValueError."""

    def source_weights(self, points: np.ndarray) -> PointWeights:
        """How a unit point source at each (points, 3) position is shared: whole, and centred on the pore."""

    def near_fields(self, points: np.ndarray, pores: np.ndarray, kappas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Steady field at points of a unit source at each pore, D = 1: exact, and as the control volumes have it.

        Both (kappas, points, pores) µm⁻¹, and both zero where that is not known.

        kappas  √(rate of capture by buffers / D), µm⁻¹
        """

    def knows_near(self, points: np.ndarray, pores: np.ndarray) -> np.ndarray:
        """Whether `near_fields` knows both fields of each pore at the point of the same row, (pairs,)."""

    def widths(self, points: np.ndarray) -> np.ndarray:
        """Typical spacing of control volumes around each position along x, y and z, (points, 3) µm."""


class Layout(Protocol):
    """The neighbours of the control volumes, as the kernels of one kind read them."""

    @property
    def kernels(self) -> str:
        """How the names of these kernels end: "grid" or "mesh"."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The files of kernels/ in which they are read, each of which may need those before it."""

    @property
    def neighbours(self) -> Mapping[str, str]:
        """Names of the arrays as arguments of a kernel, and the C types of their values."""

    @property
    def extent(self) -> tuple[int, ...]:
        """Threads of a launch, one for each control volume: along x, or x, y, z."""

    @property
    def block(self) -> int:
        """Threads that a CPU core must take together; 0 if any number will do."""

    @property
    def guard(self) -> int:
        """Numbers before the first and after the last control volume that a kernel may read."""

    def arrays(self, types: Mapping[str, np.dtype]) -> tuple[np.ndarray, ...]:
        """Those of `neighbours`; `types` says what real_t, index_t and mask_t are."""

    def without_exchange(self, volumes: np.ndarray) -> Layout:
        """The same, where nothing flows into or out of these control volumes; their neighbours see them as before."""

    def bytes_per_volume(self, real: np.dtype) -> float:
        """Bytes of these arrays that a kernel reads for each control volume, where indices have 32 bits."""


@dataclass(frozen=True)
class Discretization:
    """Finite control volumes of the cytosol, and of lumens of stores, and the conductances between them.

    The diffusive flow from j to i of a species of diffusivity D is D · conductance[i, j] · (c_j - c_i); that some
    volumes slow it down is in the conductances.

    kind         "grid" or "tetrahedra"
    volumes      (n,)    µm³; zero where a grid cell is solid
    assemble     makes the conductance matrix when it is first asked for
    centres      (n, 3)  µm, where the unknown sits
    surfaces     name -> SurfaceArea
    locator      finds points
    layout       what the kernels of this kind read
    picture      what a viewer needs: see CellComplex
    radius       bound on the spectral radius of the discrete Laplacian, µm⁻²
    quality      figures of quality, which run.json holds and advice judges
    space        which parts of it the control volumes fill
    mobility     (n,)    share of its diffusivity with which a species moves in each; none: all of it everywhere
    held         (k,)    control volumes that stay as they are, whatever their neighbours do: see held.py
    parts        (n,)    0 in the cytosol, 1 in the first lumen of a store, …; nothing joins them; none: all cytosol
    membranes    region that a lumen fills -> where its membrane is
    periods      axes along which all is the same again after so many µm
    """

    kind: str
    volumes: np.ndarray
    assemble: Callable[[], csr_array]
    centres: np.ndarray
    surfaces: Mapping[str, SurfaceArea]
    locator: Locator
    layout: Layout
    picture: CellComplex
    radius: float
    quality: Quality
    space: Space = field(default_factory=Nowhere)
    mobility: np.ndarray | None = None
    held: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    parts: np.ndarray | None = None
    membranes: Mapping[str, MembraneSites] = field(default_factory=dict)
    periods: Periods = field(default_factory=dict)

    @cached_property
    def conductance(self) -> csr_array:
        """Face area / distance between control volumes, (n, n) µm; zero diagonal, sorted indices.

        Symmetric, but for the rows of volumes that are held, which are zero.
        """
        return self.assemble()

    @property
    def size(self) -> int:
        """Number of control volumes, solid grid cells included."""
        return len(self.volumes)

    @property
    def total_volume(self) -> float:
        """Volume of the cytosol, µm³."""
        return float(self.volumes.sum() if self.parts is None else self.part_volumes(0).sum())

    def part_volumes(self, number: int) -> np.ndarray:
        """Volumes of the control volumes of one part, 0 elsewhere, (n,) µm³."""
        if self.parts is None:
            return self.volumes
        volumes: np.ndarray = np.where(self.parts == number, self.volumes, 0.0)
        return volumes

    def within(self, number: int) -> np.ndarray:
        """1 in the control volumes of one part and 0 elsewhere, (n,)."""
        return np.ones(self.size) if self.parts is None else np.where(self.parts == number, 1.0, 0.0)

    def mobility_at(self, points: np.ndarray) -> np.ndarray:
        """Share of its diffusivity with which a species moves at points (p, 3) µm, (p,)."""
        if self.mobility is None or not len(points):
            return np.ones(len(points))
        found = self.locator.weights(points)
        share: np.ndarray = (self.mobility[found.indices] * found.weights).sum(axis=1)
        return share

    def offsets(self, points: np.ndarray, others: np.ndarray) -> np.ndarray:
        """From other points to these, or to the nearest of their images, (…, 3) µm."""
        return nearest_image(points, others, self.periods) - others

    def nearest_volumes(self, points: np.ndarray) -> np.ndarray:
        """The control volume of the cytosol whose centre is nearest to each point (p, 3) µm, (p,)."""
        found = self.locator.weights(points)
        distances = np.linalg.norm(self.offsets(self.centres[found.indices], points[:, None]), axis=2)
        places = np.where(found.weights > 0, distances, np.inf).argmin(axis=1)
        nearest: np.ndarray = found.indices[np.arange(len(points)), places]
        return nearest

    def laplacian(self) -> csr_array:
        """Matrix L of the discrete Laplacian, (L c)_i = Σ_j conductance_ij (c_j - c_i) / volume_i, in µm⁻².

        Rows of solid cells are zero.
        """
        inverse = np.divide(1.0, self.volumes, out=np.zeros_like(self.volumes), where=self.volumes > 0)
        rows = self.conductance.sum(axis=1)
        matrix = self.conductance.multiply(inverse[:, None]).tocsr()
        matrix.setdiag(-rows * inverse)
        return csr_array(matrix)


@dataclass(frozen=True)
class CellComplex:
    """Points and cells of the picture, in the numbering of VTK.

    points        (p, 3)  µm
    connectivity  (m, 4 or 8)  corners of each tetrahedron (VTK type 10) or voxel-ordered hexahedron (VTK type 12)
    centring      "point" where values live on points (tetrahedra), "cell" where they live on cells (grid)
    selection     (p,) or (m,) control volume that each point or cell shows
    parts         (p,) or (m,) uint8, 0 in the cytosol, 1 in the lumen of the first store that has one, …; none: there
                  are no lumens
    """

    points: np.ndarray
    connectivity: np.ndarray
    centring: str
    selection: np.ndarray
    parts: np.ndarray | None = None
