"""A mesh divided into the cytosol and the lumens of stores, which share no node: their membrane has two sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rdcalcium.errors import InputError, suggest
from rdcalcium.geometry.mesh import FACES, TetrahedralMesh, row_keys

MOST = 256  # parts of a terminal


@dataclass(frozen=True, eq=False)
class DividedMesh:
    """Tetrahedra of the cytosol and of lumens, which nothing joins.

    mesh    with surfaces of the name of each lumen: its membrane, seen from the cytosol; and its two `sides`
    parts   (tetrahedra,) uint8, 0 in the cytosol, 1 in the first lumen, …
    lumens  their names
    """

    mesh: TetrahedralMesh
    parts: np.ndarray
    lumens: tuple[str, ...] = ()


def sides(lumen: str) -> tuple[str, str]:
    """Names of the surfaces that its membrane is to the cytosol and to the lumen, triangle by triangle the same."""
    return f"{lumen}, outside", f"{lumen}, inside"


def divided(mesh: TetrahedralMesh, lumens: Sequence[str]) -> DividedMesh:
    """The mesh, whose nodes on the membranes of the regions of these names are doubled.

    A mesh whose parts have nodes of their own at the same places is taken as well. A triangle that cytosol touches
    belongs to the cytosol. What the mesh calls a surface keeps triangles on such membranes only if it has no others.
    InputError for a region that there is not, that overlaps another one, or that touches no cytosol.
    """
    parts = _parts(mesh, lumens)
    place = np.unique(mesh.points, axis=0, return_inverse=True)[1].ravel()
    nodes = np.unique(_labels(place[mesh.tetrahedra], parts[:, None]))
    faces, owners = place[mesh.tetrahedra[:, FACES]].reshape(-1, 3), np.repeat(parts, 4)
    keys = row_keys(np.vstack([faces, *(place[rows] for rows in mesh.surfaces.values())]))
    keys, *named = np.split(keys, np.cumsum([len(faces), *map(len, mesh.surfaces.values())])[:-1])
    surfaces: dict[str, np.ndarray] = {}
    crossing = np.empty(0, dtype=keys.dtype)
    for number, name in enumerate(lumens, start=1):
        between = (owners == number) & np.isin(keys, keys[owners == 0])
        if not between.any():
            raise InputError(
                f"the region {name!r} has no face in common with the cytosol, so it is no lumen of a store"
            )
        outside, inside = (np.searchsorted(nodes, _labels(faces[between], np.uint8(side))) for side in (0, number))
        surfaces |= {name: outside} | dict(zip(sides(name), (outside, inside), strict=True))
        crossing = np.append(crossing, keys[between])
    for (name, rows), own in zip(mesh.surfaces.items(), named, strict=True):
        kept = ~np.isin(own, crossing)
        if kept.any() and name in lumens:
            raise InputError(
                f"the mesh calls a surface {name!r} that is more than the membrane of its region {name!r}, the lumen "
                "of a store; give one of them another name"
            )
        if kept.any():
            owner = _lowest(keys, owners, own[kept])
            surfaces[name] = np.searchsorted(nodes, _labels(place[rows[kept]], owner[:, None]))
        elif name not in surfaces:
            surfaces[name] = np.searchsorted(nodes, _labels(place[rows], np.uint8(0)))
    points = np.zeros((int(place.max()) + 1, 3))
    points[place] = mesh.points
    tetrahedra = np.searchsorted(nodes, _labels(place[mesh.tetrahedra], parts[:, None]))
    made = TetrahedralMesh(points[nodes // MOST], tetrahedra, mesh.regions, surfaces, mesh.remarks)
    return DividedMesh(made, parts, tuple(lumens))


def _labels(places: np.ndarray, parts: np.ndarray | np.uint8) -> np.ndarray:
    """One number for a place in a part."""
    return places * MOST + np.asarray(parts, dtype=np.int64)


def _parts(mesh: TetrahedralMesh, lumens: Sequence[str]) -> np.ndarray:
    """To which of the lumens each tetrahedron belongs, from 1 on; 0 to none."""
    parts = np.zeros(len(mesh.tetrahedra), dtype=np.uint8)
    for number, name in enumerate(lumens, start=1):
        if name not in mesh.regions:
            raise InputError(f"the terminal has no region {name!r}; {suggest(name, mesh.regions, intro='it has')}")
        before = parts[mesh.regions[name]].max(initial=0)
        if before:
            raise InputError(f"the regions {name!r} and {lumens[before - 1]!r} overlap, and both are lumens of stores")
        parts[mesh.regions[name]] = number
    if parts.all():
        raise InputError(f"no cytosol is left beside {', '.join(lumens)}, the lumens of stores")
    return parts


def _lowest(keys: np.ndarray, owners: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Of each face the lowest part that has it: 0 where cytosol touches it."""
    order = np.lexsort([owners, keys])
    known, first = np.unique(keys[order], return_index=True)
    found: np.ndarray = owners[order][first][np.searchsorted(known, wanted)]
    return found
