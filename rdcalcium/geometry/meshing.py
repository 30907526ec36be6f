"""Gmsh, as every shape that it meshes uses it: opened in silence, given sizes, asked for Delaunay tetrahedra."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Any

import numpy as np

from rdcalcium.geometry.mesh import flatness, six_volumes
from rdcalcium.geometry.sizes import Sizes
from rdcalcium.geometry.unmeshed import UnmeshedError
from rdcalcium.units import NM_PER_UM, figures, nanometres

ATTEMPTS = 8
FLATTEST = 1e-9  # 6 volume / (longest extent)³ of the flattest tetrahedron that is kept
FILLED = 1e-6  # of a volume, by which tetrahedra between given triangles may be off: rounding
LONGEST = 4.0  # of the edges wanted at its ends, the longest edge that is kept; 2.0 to 2.2 where a body is filled
DELAUNAY, HXT = 1, 10  # for Gmsh, in three dimensions

# Delaunay in three dimensions, and no optimiser: they undo Delaunay. In a box with vesicles and in a bouton with an
# axon that of Gmsh made 30 to 90 times as many couplings negative, Netgen's 50 to 190 times, and neither made the
# spectral radius smaller.
OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,
    "Mesh.Algorithm": 6,
    "Mesh.Algorithm3D": DELAUNAY,
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


def meshed(gmsh: Any, sizes: Sizes, volumes: Mapping[int, float] = MappingProxyType({})) -> Meshed:
    """Mesh the model with edges of these lengths.

    Now and then Delaunay leaves a tetrahedron without volume; slightly shorter edges give another mesh. One whose edges
    are far too long is not filled, and the next one is made by another algorithm.

    volumes  µm³, that some of the volumes have by their tags, with the triangles around them

    UnmeshedError says what was found in the last attempt.
    """
    _prescribe(gmsh, sizes)
    use_sizes(gmsh, sizes)
    trouble: object = ""
    for attempt in range(ATTEMPTS):
        gmsh.option.setNumber("Mesh.MeshSizeFactor", 1 - 0.01 * attempt)
        try:
            gmsh.model.mesh.clear(_unfinished(gmsh))
            gmsh.model.mesh.generate(3)
        except Exception as error:  # the only class that Gmsh raises
            trouble = error
            continue
        made = _extracted(gmsh)
        if not len(made.tetrahedra) or flatness(made.nodes, made.tetrahedra).min() <= FLATTEST:
            trouble = "tetrahedra without volume"
        elif trouble := misfilled(made, volumes):
            continue
        elif trouble := too_long(made, sizes):
            gmsh.option.setNumber("Mesh.Algorithm3D", HXT)
        else:
            return made
    raise UnmeshedError(f"in {ATTEMPTS} attempts: {trouble}")


def _unfinished(gmsh: Any) -> list[tuple[int, int]]:
    """What is meshed anew: volumes alone between triangles that were given, else all, which Gmsh takes no entry for."""
    given = any(gmsh.model.getType(*pair) == "Discrete surface" for pair in gmsh.model.getEntities(2))
    return list(gmsh.model.getEntities(3)) if given else []


def use_sizes(gmsh: Any, sizes: Sizes) -> None:
    """Have the edges of a model be as long as these say."""
    gmsh.model.mesh.field.setAsBackgroundMesh(_field_of(gmsh, sizes))


def _prescribe(gmsh: Any, sizes: Sizes) -> None:
    """Say edge lengths also at points inside volumes, where Gmsh takes no field.

    Left alone they would be endless there, and the tetrahedra around such a point never too large: in a ball, where all
    of the first ones have it as a corner, nothing would be filled in.
    """
    inside = [pair for body in gmsh.model.getEntities(3) for pair in gmsh.model.mesh.getEmbedded(*body) if not pair[0]]
    if inside:
        at = np.array([gmsh.model.getValue(*pair, []) for pair in inside]) / NM_PER_UM
        for pair, size in zip(inside, (NM_PER_UM * sizes.at(at)).tolist(), strict=True):
            gmsh.model.mesh.setSize([pair], size)


def misfilled(made: Meshed, volumes: Mapping[int, float]) -> str:
    """What is said of a volume that is not as large (µm³) as what the triangles around it enclose; "" without one."""
    for tag, wanted in volumes.items():
        found = float(np.abs(six_volumes(made.nodes / NM_PER_UM, made.tetrahedra[made.volumes[tag]])).sum()) / 6
        if abs(found - wanted) > FILLED * wanted:
            return f"tetrahedra of {figures(found)} um^3 between surfaces that enclose {figures(wanted)} um^3"
    return ""


def too_long(made: Meshed, sizes: Sizes) -> str:
    """What is said of an edge that is more than LONGEST times as long as wanted at both of its ends; "" without one.

    Between them no size is smaller by more than the growth times half of its length, so that the ends tell.
    """
    wanted = NM_PER_UM * sizes.at(made.nodes / NM_PER_UM)
    worst, said = LONGEST, ""
    for a, b in combinations(made.tetrahedra.T, 2):
        length = np.linalg.norm(made.nodes[a] - made.nodes[b], axis=1)
        ratio = length / np.maximum(wanted[a], wanted[b])
        k = int(ratio.argmax())
        if ratio[k] > worst:
            at = (made.nodes[a[k]] + made.nodes[b[k]]) / 2
            worst = float(ratio[k])
            said = (
                f"an edge of {nanometres(length[k] / NM_PER_UM, 3)} at {nanometres(at / NM_PER_UM, 4)}, "
                f"{figures(worst, 2)} times as long as asked"
            )
    return said


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
