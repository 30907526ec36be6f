"""What a view of the terminal sees of a concentration in the control volumes; linear, and made once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from scipy.sparse import coo_array, csr_array, vstack

from rdcalcium.discretization import Discretization
from rdcalcium.discretization.parts import share
from rdcalcium.errors import InputError, MemoryShortageError
from rdcalcium.machine import memory_available
from rdcalcium.model import Imaging, Model
from rdcalcium.model.region import Distance, Inside, Layer, LumenRegion, MeshRegion
from rdcalcium.model.views import Frame, RegionView, View
from rdcalcium.recorders.psf import CUT, Boxes, mean_gaussian, reflections
from rdcalcium.solids.periodic import reflected, shifts
from rdcalcium.units import nanometres

ENTRY = 12  # bytes of one number of a sparse matrix


class Sight(Protocol):
    """How a concentration in the control volumes, (n,) µM, becomes what is seen at each point of a view, (points,)."""

    def __call__(self, field: np.ndarray) -> np.ndarray:
        """What is seen: µM, or µM µm where light comes from all depths."""


def sight(imaging: Imaging, model: Model, discretization: Discretization) -> Sight:
    """Of one entry of a model.

    The mean of a region. Of a focus Σ_i V_i PSF_i c_i, with the mean of the point spread function over the control
    volume. Mirror images of the computed part are seen where they are, and so are the neighbours of a tile.

    Raises InputError where nothing of the cytosol is seen, MemoryShortageError where there is no room for the weights.
    """
    volumes = np.flatnonzero(discretization.volumes)
    if imaging.optics is None:
        seen = (_inside(imaging.view, model, discretization) * discretization.volumes)[volumes]
        rows = csr_array(np.atleast_2d(seen / (seen.sum() or 1.0)))
        found: Sight = Points(rows, volumes)
    else:
        boxes = Boxes.of(discretization, volumes)
        weights, (lateral, axial) = discretization.volumes[volumes], imaging.optics.spread
        tiles = shifts(model.geometry.periods, CUT * lateral)
        images = [boxes.mirrored(planes).moved(by) for planes in reflections(model.geometry.mirrors) for by in tiles]
        kind = Planes if isinstance(imaging.view, Frame) else Points
        found = kind.of(imaging, (lateral, lateral, axial), images, weights, volumes)
    if not found(np.ones(discretization.size)).max() > 0:
        low, high = (end(discretization.centres[volumes], axis=0) for end in (np.min, np.max))
        raise InputError(
            f"imaging {imaging.name!r} sees no cytosol: its {imaging.view.kind} lies beside the control volumes, whose "
            f"centres are from {nanometres(low, 4)} to {nanometres(high, 4)}"
        )
    return found


@dataclass(frozen=True, eq=False)
class Points:
    """Of any points.

    rows     (points, k) weights
    volumes  (k,) control volumes that they are of
    """

    rows: csr_array
    volumes: np.ndarray

    def __call__(self, field: np.ndarray) -> np.ndarray:
        """The weighted sums."""
        return self.rows @ field[self.volumes]

    @classmethod
    def of(
        cls,
        imaging: Imaging,
        spread: tuple[float, float, float],
        images: Sequence[Boxes],
        weights: np.ndarray,
        volumes: np.ndarray,
    ) -> Points:
        """From the standard deviations of a point spread function, µm, and the weight V of each control volume."""
        return cls(csr_array(vstack([*_rows(imaging, spread, images, weights)])), volumes)


def _rows(
    imaging: Imaging, spread: tuple[float, float, float], images: Sequence[Boxes], weights: np.ndarray
) -> Iterator[csr_array]:
    """V_i PSF_i of each point, (1, k)."""
    points = imaging.view.points
    for point in points:
        row = np.zeros(len(weights))
        for box in images:
            row += np.prod([mean_gaussian(point[a], spread[a], *box.along(a)) for a in range(3)], axis=0)
        sparse = csr_array((weights * row)[None, :])
        _require_room(imaging, ENTRY * sparse.nnz * len(points), len(weights))
        yield sparse


@dataclass(frozen=True, eq=False)
class Planes:
    """Of the pixels of a frame, to which the point spread function is a product of factors of their row and column.

    images   of the control volumes in mirror planes
    volumes  (k,) control volumes that they are of
    """

    images: tuple[_Plane, ...]
    volumes: np.ndarray

    def __call__(self, field: np.ndarray) -> np.ndarray:
        """The sum over the images, row by row."""
        values = field[self.volumes]
        return np.sum([image(values) for image in self.images], axis=0).ravel()

    @classmethod
    def of(
        cls,
        imaging: Imaging,
        spread: tuple[float, float, float],
        images: Sequence[Boxes],
        weights: np.ndarray,
        volumes: np.ndarray,
    ) -> Planes:
        """As of Points."""
        return cls(tuple(_Plane.of(imaging, spread, box, weights) for box in images), volumes)


@dataclass(frozen=True, eq=False)
class _Plane:
    """One image of the control volumes behind a frame, gathered by their intervals along both axes: few on a grid.

    rows, columns    (rows, u) and (columns, w): mean of the factor of each over each interval along its axis
    places           (2, k) interval of each control volume along both
    weights          (k,) V times the third factor
    """

    rows: np.ndarray
    columns: np.ndarray
    places: np.ndarray
    weights: np.ndarray

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """What (k,) µM give, (rows, columns)."""
        shape = self.rows.shape[1], self.columns.shape[1]
        gathered = coo_array((self.weights * values, tuple(self.places)), shape=shape).tocsr()
        return (self.rows @ gathered) @ self.columns.T

    @classmethod
    def of(cls, imaging: Imaging, spread: tuple[float, float, float], boxes: Boxes, weights: np.ndarray) -> _Plane:
        """Of the pixels of a frame."""
        view = cast(Frame, imaging.view)
        axes = {"xyz".index(letter): places for letter, places in view.coordinates.items()}
        (height,) = {0, 1, 2} - axes.keys()
        third = mean_gaussian(view.centre[height], spread[height], *boxes.along(height))
        factors, places = [], []
        for axis, along in axes.items():
            intervals, place = np.unique(np.stack(boxes.along(axis), axis=1), axis=0, return_inverse=True)
            _require_room(imaging, 2 * np.dtype(float).itemsize * len(along) * len(intervals), len(weights))
            factors.append(np.stack([mean_gaussian(x, spread[axis], *intervals.T) for x in along]))
            places.append(place.ravel())
        rows, columns = factors
        return cls(rows, columns, np.stack(places), weights * third)


def _require_room(imaging: Imaging, needed: float, volumes: int) -> None:
    """Refuse weights of more bytes than there are."""
    if needed > (available := memory_available()):
        raise MemoryShortageError(
            f"imaging {imaging.name!r} needs {needed / 2**30:.3g} GiB for what {len(imaging.view.points)} points see "
            f"of {volumes} control volumes, and this machine has {available / 2**30:.3g} GiB available; take fewer"
        )


def _inside(view: View, model: Model, discretization: Discretization) -> np.ndarray:
    """Share of each control volume, and of its mirror images, that is in a view which is seen whole, (n,)."""
    if not isinstance(view, RegionView):
        return np.ones(discretization.size)
    if isinstance(
        view.where, Layer | MeshRegion | LumenRegion
    ):  # as near to each mirror image of a surface; a mesh has none
        return share(model, discretization.space, view.where)
    images = [_Reflected(view.where, planes) for planes in reflections(model.geometry.mirrors)]
    return np.sum([share(model, discretization.space, image) for image in images], axis=0)


@dataclass(frozen=True)
class _Reflected:
    """The mirror image of a region in planes: axis -> where it is, µm."""

    region: Inside
    planes: dict[int, float]

    def inside(self, points: np.ndarray, distance: Distance) -> np.ndarray:
        """How deep the images of points lie in the region."""
        return self.region.inside(reflected(points, self.planes), distance)
