"""Figures of quality of the control volumes of a mesh, and where the worst of them are."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from rdcalcium.discretization.angles import angles_of
from rdcalcium.discretization.quality import MeshQuality, Worst
from rdcalcium.discretization.spectral_radius import gershgorin_terms, of_matrix


def mesh_quality(
    points: np.ndarray, tetrahedra: np.ndarray, conductance: csr_array, volumes: np.ndarray, lengths: np.ndarray
) -> MeshQuality:
    """How good a mesh is, as long as nothing was blended or capped.

    points       (n, 3) µm
    tetrahedra   (m, 4) nodes
    conductance  (n, n) µm
    volumes      (n,) µm³, of the nodes
    lengths      of the edges, µm
    """
    values = conductance.data
    negative = values < 0
    terms = gershgorin_terms(conductance, volumes)
    bound = float(terms.max())
    return MeshQuality(
        smallest=float(lengths.min()),
        largest=float(lengths.max()),
        blended=0,
        capped=0,
        negative=float(negative.mean()),
        negative_weight=float(np.abs(values[negative]).sum() / values[~negative].sum()),
        parts=int(connected_components(conductance, directed=False, return_labels=False)),
        gershgorin=bound,
        spectral_radius=of_matrix(conductance, volumes, bound),
        fastest=_worst(bound, points[terms.argmax()]),
        steepest=_steepest(points, conductance, volumes),
        most_negative=_most_negative(points, conductance),
        count_angles=cache(lambda: angles_of(points, tetrahedra)),
    )


def _steepest(points: np.ndarray, conductance: csr_array, volumes: np.ndarray) -> Worst:
    """Largest ratio of the volumes of two nodes that are coupled."""
    rows = np.repeat(volumes, np.diff(conductance.indptr))
    ratios = volumes[conductance.indices] / rows
    worst = int(ratios.argmax())
    return _worst(float(ratios[worst]), points[_row(conductance, worst)])


def _most_negative(points: np.ndarray, conductance: csr_array) -> Worst:
    """Most negative coupling over the sum of the positive ones of its node, without the sign."""
    values = conductance.data
    size = conductance.shape[0]
    forwards = csr_array((np.maximum(values, 0.0), conductance.indices, conductance.indptr), shape=(size, size))
    positive = forwards.sum(axis=1)
    negative = np.flatnonzero(values < 0)
    if not len(negative):
        negative = np.zeros(1, dtype=np.int64)
    rows = np.searchsorted(conductance.indptr, negative, side="right") - 1
    share = np.maximum(-values[negative], 0.0) / np.where(positive > 0, positive, 1.0)[rows]
    worst = int(share.argmax())
    ends = points[rows[worst]], points[conductance.indices[negative[worst]]]
    return _worst(float(share[worst]), (ends[0] + ends[1]) / 2)


def _row(matrix: csr_array, entry: int) -> int:
    """Row of the entry at a place among the data."""
    return int(np.searchsorted(matrix.indptr, entry, side="right")) - 1


def _worst(value: float, place: np.ndarray) -> Worst:
    x, y, z = place.tolist()
    return Worst(value, (x, y, z))
