"""What is wrong with tetrahedra that somebody brought: how often, where, and what was done about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rdcalcium.geometry.contents import Contents
from rdcalcium.geometry.mesh import TetrahedralMesh, among, row_keys, six_volumes
from rdcalcium.surfaces.places import one_each
from rdcalcium.units import PLACES, figures, places

COPIED = 1e-9  # of the extent of a mesh: nodes nearer to each other are one; copies of a node are rounded alike


def mended(contents: Contents) -> tuple[Contents, list[str]]:
    """Nodes at one place are made one, and sentences on that, and on what a TetrahedralMesh turns and drops.

    contents  with points in µm
    """
    contents, merged = _merged(contents)
    return contents, [*merged, *_turned(contents), *_dropped(contents)]


def of_surface(mesh: TetrahedralMesh) -> Iterator[str]:
    """Sentences on where the surface is no sheet, and on parts that nothing joins; nothing is done about either."""
    boundary = mesh.boundary()
    edges = boundary[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    _, first, counts = np.unique(row_keys(edges), return_index=True, return_counts=True)
    crowded = first[counts > 2]
    if len(crowded):
        yield (
            f"edges of more than two faces of the surface: {len(crowded)}, at "
            f"{places(mesh.points[edges[crowded]].mean(axis=1))}; parts of the terminal touch there in a line, and "
            "calcium passes along it"
        )
    yield from _parts(mesh)


def parts(mesh: TetrahedralMesh) -> tuple[int, np.ndarray]:
    """How many parts there are that share no node, and to which each node belongs (n,)."""
    a, size = mesh.tetrahedra, len(mesh.points)
    links = coo_array((np.ones(3 * len(a), dtype=bool), (np.repeat(a[:, 0], 3), a[:, 1:].ravel())), shape=(size, size))
    count, label = connected_components(links, directed=False)
    return int(count), label


def _parts(mesh: TetrahedralMesh) -> Iterator[str]:
    """Tetrahedra that share no node with the largest part."""
    a = mesh.tetrahedra
    count, label = parts(mesh)
    if count == 1:
        return
    volumes = np.bincount(label[a[:, 0]], mesh.volumes(), count)
    order = np.argsort(volumes)[::-1]
    middles = np.array([mesh.points[label == k].mean(axis=0) for k in order[1 : PLACES + 1]])
    shares = ", ".join(f"{figures(100 * volumes[k] / volumes.sum(), 2)} %" for k in order[1 : PLACES + 1])
    yield (
        f"parts that share no node: {count}; beside the largest they hold {shares} of the volume"
        f"{' …' * (count > PLACES + 1)}, around {places(middles, count - 1)}; nothing flows between them"
    )


def _merged(contents: Contents) -> tuple[Contents, list[str]]:
    """One node for all at one place: two parts of a mesh that were put side by side are joined."""
    points = contents.points
    first, new = one_each(points, COPIED)
    if len(first) == len(points):
        return contents, []
    surfaces = {name: new[faces] for name, faces in contents.surfaces.items()}
    merged = replace(contents, points=points[first], tetrahedra=new[contents.tetrahedra], surfaces=surfaces)
    again = np.setdiff1d(np.arange(len(points)), first)
    return merged, [
        f"nodes where another one lies: {len(again)}, at {places(points[again])}; made one, so that calcium can pass"
    ]


def _turned(contents: Contents) -> Iterator[str]:
    """Tetrahedra whose corners are listed the other way round."""
    inverted = np.flatnonzero(six_volumes(contents.points, contents.tetrahedra) < 0)
    if len(inverted):
        middles = contents.points[contents.tetrahedra[inverted]].mean(axis=1)
        yield f"inverted tetrahedra: {len(inverted)} of {len(contents.tetrahedra)}, at {places(middles)}; turned"


def _dropped(contents: Contents) -> Iterator[str]:
    """Nodes of no tetrahedron."""
    unused = ~among(np.arange(len(contents.points)), np.unique(contents.tetrahedra))
    if unused.any():
        yield f"nodes of no tetrahedron: {unused.sum()}, at {places(contents.points[unused])}; left out"
