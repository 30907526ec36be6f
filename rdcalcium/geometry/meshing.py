"""Gmsh, as every shape that it meshes uses it: opened in silence, given sizes, asked for Delaunay tetrahedra."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.mesh import flatness
from rdcalcium.geometry.sizes import Sizes
from rdcalcium.units import NM_PER_UM

ATTEMPTS = 8
FLATTEST = 1e-9  # 6 volume / (longest extent)³ of the flattest tetrahedron that is kept

# Delaunay in three dimensions, and no optimiser: they undo Delaunay. In a box with vesicles and in a bouton with an
# axon that of Gmsh made 30 to 90 times as many couplings negative, Netgen's 50 to 190 times, and neither made the
# spectral radius smaller.
OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,
    "Mesh.Algorithm": 6,
    "Mesh.Algorithm3D": 1,
    "Mesh.Optimize": 0,
    "Mesh.OptimizeNetgen": 0,
    "Mesh.RandomSeed": 1,
    "Mesh.MeshSizeFactor": 1,
    "Mesh.MeshSizeExtendFromBoundary": 0,
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.MeshSizeFromCurvature": 0,
}

_lock = threading.Lock()


@contextmanager
def gmsh_model() -> Iterator[Any]:
    """A silent Gmsh with an empty model; a session that the caller has open is left as it was.

    Lengths there are in nm, for OpenCASCADE has absolute tolerances (1e-7).
    """
    import gmsh

    with _lock:
        opened = bool(gmsh.isInitialized())
        if not opened:
            gmsh.initialize(["gmsh"], readConfigFiles=False, interruptible=False)
        before = gmsh.model.getCurrent() if opened else None
        kept = {name: gmsh.option.getNumber(name) for name in OPTIONS}
        try:
            for name, value in OPTIONS.items():
                gmsh.option.setNumber(name, value)
            gmsh.model.add("rdcalcium")
            yield gmsh
        finally:
            if opened:
                gmsh.model.remove()
                gmsh.model.setCurrent(before)
                for name, value in kept.items():
                    gmsh.option.setNumber(name, value)
            else:
                gmsh.finalize()


@dataclass(frozen=True, eq=False)
class Meshed:
    """What Gmsh made.

    nodes       (n, 3) nm, those of tetrahedra alone: a vertex inside a vesicle is a node too, for Gmsh
    tetrahedra  (m, 4)
    volumes     tag of each volume of the model -> rows (first, end) of its tetrahedra
    faces       tag of each surface of the model -> (k, 3) nodes of its triangles
    inner       tags of the surfaces between two volumes
    """

    nodes: np.ndarray
    tetrahedra: np.ndarray
    volumes: dict[int, slice]
    faces: dict[int, np.ndarray]
    inner: frozenset[int]


def meshed(gmsh: Any, sizes: Sizes) -> Meshed:
    """Mesh the model with edges of these lengths.

    Now and then Delaunay leaves a tetrahedron without volume; slightly shorter edges give another mesh.
    """
    gmsh.model.mesh.field.setAsBackgroundMesh(_field_of(gmsh, sizes))
    trouble: object = "tetrahedra without volume"
    for attempt in range(ATTEMPTS):
        gmsh.option.setNumber("Mesh.MeshSizeFactor", 1 - 0.01 * attempt)
        try:
            gmsh.model.mesh.clear()
            gmsh.model.mesh.generate(3)
        except Exception as error:  # the only class that Gmsh raises
            trouble = error
            continue
        made = _extracted(gmsh)
        if len(made.tetrahedra) and flatness(made.nodes, made.tetrahedra).min() > FLATTEST:
            return made
    raise InputError(
        f"Gmsh could not mesh this geometry in {ATTEMPTS} attempts ({trouble}); "
        "try another size_at_active_zone or size_in_bulk, or move vesicles that just touch"
    )


def _field_of(gmsh: Any, sizes: Sizes) -> int:
    """A field of Gmsh with these sizes, nm."""
    bulk = NM_PER_UM * sizes.bulk
    fields = [_field(gmsh, "MathEval", F=repr(float(bulk)))]
    for size, places in sizes.classes:
        points = [gmsh.model.occ.addPoint(*place) for place in (NM_PER_UM * places.data).tolist()]
        gmsh.model.occ.synchronize()
        distance = _field(gmsh, "Distance", PointsList=points)
        graded = {
            "SizeMin": NM_PER_UM * size,
            "SizeMax": bulk,
            "DistMin": 0.0,
            "DistMax": NM_PER_UM * sizes.reach(size),
        }
        fields.append(_field(gmsh, "Threshold", InField=distance, **graded))
    return _field(gmsh, "Min", FieldsList=fields)


def _field(gmsh: Any, kind: str, **values: float | str | list[int]) -> int:
    fields = gmsh.model.mesh.field
    tag: int = fields.add(kind)
    for key, value in values.items():
        if isinstance(value, str):
            fields.setString(tag, key, value)
        elif isinstance(value, list):
            fields.setNumbers(tag, key, value)
        else:
            fields.setNumber(tag, key, value)
    return tag


def _extracted(gmsh: Any) -> Meshed:
    """The mesh, whose nodes are numbered from 0."""
    labels, nodes, _ = gmsh.model.mesh.getNodes()
    volumes, corners, first = {}, [], 0
    for _, tag in gmsh.model.getEntities(3):
        corners.append(gmsh.model.mesh.getElementsByType(4, tag)[1].astype(np.int64))
        volumes[tag] = slice(first, first := first + len(corners[-1]) // 4)
    faces = {tag: gmsh.model.mesh.getElementsByType(2, tag)[1].astype(np.int64) for _, tag in gmsh.model.getEntities(2)}
    tetrahedra = np.concatenate(corners)
    used, order = np.unique(tetrahedra), np.argsort(labels)
    return Meshed(
        nodes.reshape(-1, 3)[order[np.searchsorted(labels[order], used)]],
        np.searchsorted(used, tetrahedra).reshape(-1, 4),
        volumes,
        {tag: np.searchsorted(used, own).reshape(-1, 3) for tag, own in faces.items()},
        frozenset(tag for tag in faces if len(gmsh.model.getAdjacencies(2, tag)[0]) > 1),
    )
