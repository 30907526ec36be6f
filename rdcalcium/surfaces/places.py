"""Which of some points are at one place."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree


def one_each(points: np.ndarray, near: float) -> tuple[np.ndarray, np.ndarray]:
    """Of points (n, 3), the first at each place, (k,) rows, and at which of these places each one is, (n,).

    near  share of the extent of all, below which two are at one place; so are those that others join in such steps
    """
    size = len(points)
    pairs = cKDTree(points).query_pairs(near * float(np.ptp(points, axis=0).max()), output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), dtype=bool), pairs.T), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    _, first, place = np.unique(label, return_index=True, return_inverse=True)
    return first, place
