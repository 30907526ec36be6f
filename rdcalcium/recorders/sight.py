"""What share of each control volume a view of the terminal sees, as one sparse matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.special import ndtr

from rdcalcium.discretization import Discretization
from rdcalcium.discretization.parts import share
from rdcalcium.errors import InputError
from rdcalcium.memory import MemoryShortageError, memory_available
from rdcalcium.model import Imaging, Model
from rdcalcium.model.region import Distance, Layer, Region
from rdcalcium.model.views import RegionView, View
from rdcalcium.units import nanometres

CUT = 5.0  # standard deviations, beyond which a point spread function ends; 6e-7 of the light along each axis
ENTRY = 12  # bytes of one number of a sparse matrix


def sight(imaging: Imaging, model: Model, discretization: Discretization) -> csr_array:
    """How a concentration in the control volumes becomes what is seen, (points, n); of a region there is one point.

    The mean of a region, whose row sums to 1. Of a focus Σ_i V_i PSF_i, with the mean of the point spread function over
    the control volume, taken as a box of its widths: µM where the point spread function is normalised over space, µM µm
    where light comes from all depths. Mirror images of the computed part are seen where they are.

    Raises InputError where nothing of the cytosol is seen, MemoryShortageError where there is no room for the matrix.
    """
    volumes = np.flatnonzero(discretization.volumes)
    if imaging.optics is None:
        seen = (_inside(imaging.view, model, discretization) * discretization.volumes)[volumes]
        rows = [csr_array(np.atleast_2d(seen / (seen.sum() or 1.0)))]
    else:
        boxes = _Boxes.of(discretization, volumes)
        images = [boxes.mirrored(planes) for planes in _reflections(model.geometry.mirrors)]
        points, spread = np.array(imaging.view.points), imaging.optics.spread
        rows = [*_foci(imaging.name, points, spread, images, discretization.volumes[volumes])]
    found = csr_array(vstack(rows))
    if not found.nnz or not found.max():
        low, high = (end(discretization.centres[volumes], axis=0) for end in (np.min, np.max))
        raise InputError(
            f"imaging {imaging.name!r} sees no cytosol: its {imaging.view.kind} lies beside the control volumes, whose "
            f"centres are from {nanometres(low, 4)} to {nanometres(high, 4)}"
        )
    return csr_array((found.data, volumes[found.indices], found.indptr), shape=(found.shape[0], discretization.size))


@dataclass(frozen=True, eq=False)
class _Boxes:
    """Control volumes as boxes.

    low, high  (n, 3) µm
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, discretization: Discretization, volumes: np.ndarray) -> _Boxes:
        """Of some control volumes: the cells of a grid as they are; of tetrahedra around the nodes."""
        picture = discretization.picture
        if picture.centring == "cell":
            order = np.empty(discretization.size, dtype=np.int64)
            order[picture.selection] = np.arange(len(picture.selection))
            corners = picture.points[picture.connectivity[order[volumes]]]
            return cls(corners.min(axis=1), corners.max(axis=1))
        centres = discretization.centres[volumes]
        half = discretization.locator.widths(centres) / 2
        return cls(centres - half, centres + half)

    def mirrored(self, planes: dict[int, float]) -> _Boxes:
        """Their images in planes: axis -> where it is, µm."""
        low, high = self.low.copy(), self.high.copy()
        for axis, at in planes.items():
            low[:, axis], high[:, axis] = 2 * at - self.high[:, axis], 2 * at - self.low[:, axis]
        return _Boxes(low, high)


def _reflections(mirrors: dict[int, float]) -> Iterator[dict[int, float]]:
    """Every choice of mirror planes, none of them first."""
    for chosen in product((False, True), repeat=len(mirrors)):
        yield {axis: at for (axis, at), is_in in zip(mirrors.items(), chosen, strict=True) if is_in}


def _inside(view: View, model: Model, discretization: Discretization) -> np.ndarray:
    """Share of each control volume, and of its mirror images, that is in a view which is seen whole, (n,)."""
    if not isinstance(view, RegionView):
        return np.ones(discretization.size)
    if isinstance(view.where, Layer):  # as near to each mirror image of a surface
        return share(model, discretization.space, view.where)
    images = [_Reflected(view.where, planes) for planes in _reflections(model.geometry.mirrors)]
    return np.sum([share(model, discretization.space, image) for image in images], axis=0)


@dataclass(frozen=True)
class _Reflected:
    """The mirror image of a region in planes: axis -> where it is, µm."""

    region: Region
    planes: dict[int, float]

    def inside(self, points: np.ndarray, distance: Distance) -> np.ndarray:
        """How deep the images of points lie in the region."""
        images = points.copy()
        for axis, at in self.planes.items():
            images[..., axis] = 2 * at - images[..., axis]
        return self.region.inside(images, distance)


def _foci(
    name: str, points: np.ndarray, spread: tuple[float, float], images: list[_Boxes], volumes: np.ndarray
) -> Iterator[csr_array]:
    """V_i PSF_i of each point, (1, n).

    points  (points, 3) µm; many share a coordinate, as the pixels of a row do
    """
    lateral, axial = spread
    tables = [
        [{x: _mean_gaussian(x, s, box.low[:, a], box.high[:, a]) for x in np.unique(points[:, a])} for box in images]
        for a, s in enumerate((lateral, lateral, axial))
    ]
    available, taken = memory_available(), 0
    for done, (x, y, z) in enumerate(points, start=1):
        row = volumes * sum(tables[0][i][x] * tables[1][i][y] * tables[2][i][z] for i in range(len(images)))
        sparse = csr_array(row[None, :])
        taken += ENTRY * sparse.nnz
        if taken > available:
            raise MemoryShortageError(
                f"imaging {name!r} needs {taken / done * len(points) / 2**30:.3g} GiB for what {len(points)} points "
                f"see of {len(volumes)} control volumes, and this machine has {available / 2**30:.3g} GiB available; "
                "take fewer points"
            )
        yield sparse


def _mean_gaussian(centre: float, spread: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Mean of a normal density over intervals, µm⁻¹, zero beyond CUT; 1 for one without end.

    low, high  (n,) ends of each interval, µm
    """
    if math.isinf(spread):
        return np.ones(len(low))
    near = (high > centre - CUT * spread) & (low < centre + CUT * spread)
    ends = (low[near] - centre) / spread, (high[near] - centre) / spread
    density = np.zeros(len(low))
    density[near] = (ndtr(ends[1]) - ndtr(ends[0])) / (high[near] - low[near])
    return density
