"""Control volumes of a tetrahedral mesh: its circumcentric (Voronoi) dual, around each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.discretization.base import CellComplex, Discretization, MembraneSites, SurfaceArea
from rdcalcium.discretization.couplings import stable, symmetric, without_negative
from rdcalcium.discretization.dual import EDGES, surface_area
from rdcalcium.discretization.laplacian import Assembled, assembled
from rdcalcium.discretization.mesh_quality import mesh_quality
from rdcalcium.discretization.sliced_ell import sliced_ell
from rdcalcium.discretization.space import MeshSpace
from rdcalcium.discretization.spectral_radius import LANCZOS_MARGIN
from rdcalcium.discretization.tetrahedron_locator import TetrahedronLocator
from rdcalcium.errors import InputError
from rdcalcium.geometry.divided import DividedMesh, sides
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.vectors import blocks
from rdcalcium.solids.periodic import Periods, nearest_image


def discretize_tetrahedra(mesh: TetrahedralMesh | DividedMesh, monotone: bool = False) -> Discretization:
    """Vertex-centred finite volumes on the circumcentric dual of the mesh.

    conductance_ij = (signed area of the dual face of edge ij) / |x_j - x_i|: a two-point flux that is exact
    for linear fields on any tetrahedra, positive inside every Delaunay mesh, and kept with its sign
    elsewhere as far as stability allows. Nodes are renumbered by reverse Cuthill–McKee, to keep neighbours
    near in memory, and a little by how many they are; centres and picture use the new order. Eymard,
    Gallouët & Herbin, Handbook of Numerical Analysis 7:713 (2000).

    monotone  whether negative couplings are left out, so that the maximum principle holds on any tetrahedra
    """
    lumens = mesh.lumens if isinstance(mesh, DividedMesh) else ()
    whole = mesh.mesh if isinstance(mesh, DividedMesh) else mesh
    periods = whole.tiling.periods if whole.tiling else {}
    points, own, tetrahedra, named, made = _renumbered(whole)
    volumes, size = made.volumes, len(made.volumes)
    lengths, sizes = _lengths(points, made.upper, periods)
    signed = symmetric(made.upper)
    conductance, capped = without_negative(signed) if monotone else stable(signed)
    quality = mesh_quality(points, tetrahedra, conductance, volumes, lengths)
    quality = replace(quality, blended=made.blended, capped=capped, remarks=whole.remarks)
    parts = _parts(named.regions, lumens, size)
    membranes = {lumen: _membrane(points, *(named.surfaces[side] for side in sides(lumen))) for lumen in lumens}
    inside = {side for lumen in lumens for side in sides(lumen)}
    surfaces = {name: faces for name, faces in named.surfaces.items() if name not in inside}
    on_nodes = {name: surface_area(points, faces) for name, faces in surfaces.items()}
    areas = {name: SurfaceArea.summed(own[area.indices], area.areas) for name, area in on_nodes.items()}
    return Discretization(
        kind="tetrahedra",
        volumes=volumes,
        assemble=lambda: conductance,
        centres=points[:size],
        surfaces=_to_cytosol(areas, parts),
        locator=TetrahedronLocator(points, tetrahedra, sizes, own, periods),
        layout=sliced_ell(conductance, volumes),
        picture=CellComplex(points, tetrahedra, "point", own, parts),
        radius=min(quality.gershgorin, LANCZOS_MARGIN * quality.spectral_radius),
        quality=quality,
        space=MeshSpace(points, volumes, tetrahedra, surfaces, named.regions, parts, own),
        parts=parts,
        membranes=membranes,
        periods=periods,
    )


def _parts(regions: Mapping[str, np.ndarray], lumens: Sequence[str], size: int) -> np.ndarray | None:
    """To which lumen each node belongs, (n,); None without lumens."""
    parts = np.zeros(size, dtype=np.uint8)
    for number, lumen in enumerate(lumens, start=1):
        parts[regions[lumen]] = number
    return parts if lumens else None


def _membrane(points: np.ndarray, outside: np.ndarray, inside: np.ndarray) -> MembraneSites:
    """A membrane by its triangles (k, 3) on both sides: each node of one side is opposite to one of the other."""
    area = surface_area(points, outside)
    opposite = np.zeros(len(points), dtype=np.int64)
    opposite[outside] = inside
    return MembraneSites(area.indices, opposite[area.indices], area.areas)


def _to_cytosol(surfaces: Mapping[str, SurfaceArea], parts: np.ndarray | None) -> dict[str, SurfaceArea]:
    """The surfaces as far as they bound the cytosol; those that do so nowhere are none."""
    if parts is None:
        return dict(surfaces)
    there = {name: parts[at.indices] == 0 for name, at in surfaces.items()}
    return {
        name: SurfaceArea(at.indices[there[name]], at.areas[there[name]])
        for name, at in surfaces.items()
        if there[name].any()
    }


@dataclass(frozen=True)
class Named:
    """What has a name in a mesh: triangles of surfaces (k, 3) and tetrahedra of regions (k, 4), by their nodes."""

    surfaces: dict[str, np.ndarray]
    regions: dict[str, np.ndarray]


def _renumbered(mesh: TetrahedralMesh) -> tuple[np.ndarray, np.ndarray, np.ndarray, Named, Assembled]:
    """Points, tetrahedra and what has a name, in the order of the control volumes, and these.

    After the points of the control volumes come those images of them at which a tile ends; second is the control
    volume that each point belongs to.
    """
    same = mesh.tiling.same if mesh.tiling else np.arange(len(mesh.points))
    is_image = same != np.arange(len(same))
    number = (np.cumsum(~is_image) - 1)[same]
    if mesh.tiling and _is_too_narrow(number[mesh.tetrahedra]):
        raise InputError("a tile is one tetrahedron wide somewhere; choose a smaller size_in_bulk")
    made = assembled(mesh.points, mesh.tetrahedra, number if mesh.tiling else None)
    volume = made.new[number].astype(np.int64)
    place = np.where(is_image, len(made.new) + np.cumsum(is_image) - 1, volume)
    points, own = np.empty_like(mesh.points), np.empty_like(volume)
    points[place], own[place] = mesh.points, volume
    ends = mesh.tiling.ends if mesh.tiling else ()
    named = Named(
        {name: place[faces] for name, faces in mesh.surfaces.items() if name not in ends},
        {name: place[mesh.tetrahedra[members]] for name, members in mesh.regions.items()},
    )
    return points, own, _along(np.take(place, mesh.tetrahedra)), named, made


def _is_too_narrow(nodes: np.ndarray) -> bool:
    """Whether two corners of one of some tetrahedra (m, 4) are the same control volume."""
    return any((nodes[:, i] == nodes[:, j]).any() for i, j, *_ in EDGES)


def _along(tetrahedra: np.ndarray) -> np.ndarray:
    """The tetrahedra (m, 4) by their lowest node; those that share it as they were."""
    a, b, c, d = tetrahedra.T
    lowest = np.minimum(np.minimum(a, b), np.minimum(c, d))
    count = len(tetrahedra)
    order = np.sort(lowest * count + np.arange(count)) % count  # faster than a stable argsort
    return np.take(tetrahedra, order, axis=0)


def _lengths(points: np.ndarray, upper: csr_array, periods: Periods) -> tuple[np.ndarray, np.ndarray]:
    """Length of each edge, and their mean around each control volume (n,), µm."""
    size, counts = upper.shape[0], np.diff(upper.indptr)
    rows, lengths = np.repeat(np.arange(size), counts), np.empty(upper.nnz)
    for block in blocks(upper.nnz):
        one, other = np.take(points, rows[block], axis=0), np.take(points, upper.indices[block], axis=0)
        lengths[block] = np.linalg.norm(nearest_image(one, other, periods) - other, axis=1)
    total = np.bincount(rows, lengths, size) + np.bincount(upper.indices, lengths, size)
    return lengths, total / (counts + np.bincount(upper.indices, minlength=size))
