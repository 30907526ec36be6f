"""The mesh file of a model: read, and its membrane compared with channels and active zones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.files import read_mesh
from rdcalcium.geometry.matched_ends import with_ends
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.mirror_faces import with_mirrors
from rdcalcium.model import MeshFile, Model, Tetrahedra
from rdcalcium.model.file_units import fitting_unit
from rdcalcium.model.model import off_membrane
from rdcalcium.surfaces.curved import is_on
from rdcalcium.surfaces.locating import Locator
from rdcalcium.surfaces.triangles import loose

USUAL = 1.0  # µm, what a presynaptic terminal is wide


def mesh_of_file(model: Model, geometry: MeshFile, choice: Tetrahedra) -> TetrahedralMesh:
    """The tetrahedra of a file; InputError for a channel or an active zone that is not on its membrane."""
    zones = {f"active zone {zone.name!r}": zone.centre for zone in model.zones}
    there, path = {**model.points_on_membrane(), **zones}, Path(geometry.file)
    if geometry.length_unit is None:
        raise InputError(_unit_missing(model, path, read_mesh(path)))
    mesh = read_mesh(path, geometry.length_unit, (geometry.membrane,) if there else ())
    mesh = with_mirrors(mesh, path.name, dict(zip(geometry.mirrors, geometry.mirror_surfaces, strict=True)))
    mesh = with_ends(mesh, path.name, geometry.periods) if geometry.periods else mesh
    mesh = mesh.with_remarks([f"{path.name}, read in {geometry.length_unit}: {mesh}"])
    if not there:
        return mesh
    low, corners = mesh.points.min(axis=0), mesh.points[mesh.surfaces[geometry.membrane]]
    membrane = Locator(loose(corners))
    for name, point in there.items():
        here = np.array(point)
        for axis, period in geometry.periods.items():
            here[axis] = low[axis] + (here[axis] - low[axis]) % period
        (nearest,), (triangle,) = membrane.nearest(here[None])
        if not is_on(here, nearest, corners[triangle]):
            told = off_membrane(name, point, nearest.tolist(), may_be_elsewhere=name not in zones)
            raise InputError(told + unit_hint(model, mesh.points))
    return mesh


def _unit_missing(model: Model, path: Path, mesh: TetrahedralMesh) -> str:
    """What to say of a mesh (as if in µm) whose unit nobody said."""
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    size, reach = float(np.abs([low, high]).max()), _reach(model)
    ranges = ", ".join(f"{letter} {a:.4g} to {b:.4g}" for letter, a, b in zip("xyz", low, high, strict=True))
    unit = fitting_unit(size, reach or USUAL)
    because = f"the points of the model, which reach {reach:.3g} um" if reach else f"a terminal of {USUAL:g} um"
    return (
        f"geometry.length_unit is missing: {path.name} holds numbers alone ({ranges}), and nothing says of which unit; "
        f'"{unit}" would suit {because}: write length_unit = "{unit}" if that is so'
    )


def _reach(model: Model) -> float:
    """Largest coordinate of the points of a model, µm."""
    return float(np.abs([*model.points_of_interest().values()]).max(initial=0.0))


def unit_hint(model: Model, nodes: np.ndarray) -> str:
    """What to add to the complaint about a point of a model whose file was meant in another unit; nodes (n, 3) µm."""
    return model.geometry.wrong_unit(float(np.abs(nodes).max()), _reach(model))
