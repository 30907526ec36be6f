"""Gmsh, as every shape that it meshes uses it: opened in silence, given sizes, asked for Delaunay tetrahedra."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.mesh import flatness

GROWTH = 0.1  # of the edge length per distance
ATTEMPTS = 8
FLATTEST = 1e-9  # 6 volume / (longest extent)³ of the flattest tetrahedron that is kept

# Delaunay in three dimensions, and no optimiser: they undo Delaunay.
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


def background(gmsh: Any, sources: list, bulk: float, zone: tuple | None = None) -> int:
    """Field of sizes: the least, over all sources, of size + GROWTH · distance, up to bulk.

    sources  (centre, radius, size) of balls
    zone     (low corner, high corner, size) of the active zone, or None
    """
    fields = [_field(gmsh, "MathEval", F=repr(float(bulk)))]
    for centre, radius, size in sources:
        x, y, z = map(float, centre)
        fields.append(_field(gmsh, "Ball", Radius=radius, XCenter=x, YCenter=y, ZCenter=z, **_graded(size, bulk)))
    if zone:
        corners = {
            f"{axis}{end}": float(zone[i][k]) for k, axis in enumerate("XYZ") for i, end in enumerate(("Min", "Max"))
        }
        fields.append(_field(gmsh, "Box", **corners, **_graded(zone[2], bulk)))
    least = gmsh.model.mesh.field.add("Min")
    gmsh.model.mesh.field.setNumbers(least, "FieldsList", fields)
    return least


def _graded(size: float, bulk: float) -> dict[str, float]:
    size = min(size, bulk)
    return {"VIn": size, "VOut": bulk, "Thickness": (bulk - size) / GROWTH}


def _field(gmsh: Any, kind: str, **values: float | str) -> int:
    tag = gmsh.model.mesh.field.add(kind)
    for key, value in values.items():
        (gmsh.model.mesh.field.setString if isinstance(value, str) else gmsh.model.mesh.field.setNumber)(
            tag, key, value
        )
    return tag


def meshed(gmsh: Any, background: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mesh the model; nodes (n, 3) nm, tetrahedra (m, 4) and boundary triangles (k, 3).

    Now and then Delaunay leaves a tetrahedron without volume; slightly shorter edges give another mesh.
    """
    gmsh.model.mesh.field.setAsBackgroundMesh(background)
    trouble: object = "tetrahedra without volume"
    for attempt in range(ATTEMPTS):
        gmsh.option.setNumber("Mesh.MeshSizeFactor", 1 - 0.01 * attempt)
        try:
            gmsh.model.mesh.clear()
            gmsh.model.mesh.generate(3)
        except Exception as error:  # the only class that Gmsh raises
            trouble = error
            continue
        nodes, tetrahedra, faces = _extracted(gmsh)
        if len(tetrahedra) and flatness(nodes, tetrahedra).min() > FLATTEST:
            return nodes, tetrahedra, faces
    raise InputError(
        f"Gmsh could not mesh this geometry in {ATTEMPTS} attempts ({trouble}); "
        "try another size_at_active_zone or size_in_bulk, or move vesicles that just touch"
    )


def _extracted(gmsh: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes of tetrahedra alone: a vertex inside a vesicle is a node too, for Gmsh."""
    tags, nodes, _ = gmsh.model.mesh.getNodes()
    tetrahedra, faces = (gmsh.model.mesh.getElementsByType(kind)[1].astype(np.int64) for kind in (4, 2))
    used = np.unique(tetrahedra)
    order = np.argsort(tags)
    nodes = nodes.reshape(-1, 3)[order[np.searchsorted(tags[order], used)]]
    return (
        nodes,
        np.searchsorted(used, tetrahedra).reshape(-1, 4),
        np.searchsorted(used, faces).reshape(-1, 3),
    )
