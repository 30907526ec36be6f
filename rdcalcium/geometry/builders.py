"""Which shape is solved in which control volumes, and the function that makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from rdcalcium.errors import InputError
from rdcalcium.geometry.described_grid import described_grid
from rdcalcium.geometry.described_mesh import described_nodes, described_tetrahedra
from rdcalcium.geometry.from_file import mesh_of_file
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.named_parts import with_parts
from rdcalcium.geometry.surface_mesh import surface_nodes, surface_tetrahedra
from rdcalcium.model import Described, Grid, MeshFile, Model, Shape, Tetrahedra
from rdcalcium.model.kinds import kind_name
from rdcalcium.model.shapes.surface import SurfaceFile

Cells = RectilinearGrid | TetrahedralMesh
Function = TypeVar("Function")
Builder = Callable[[Model, Any, Any], Cells]  # of a model, its geometry and its discretization

BUILDERS: dict[tuple[type[Shape], type[Grid | Tetrahedra]], Builder] = {
    (Described, Grid): described_grid,
    (Described, Tetrahedra): described_tetrahedra,
    (MeshFile, Tetrahedra): mesh_of_file,
    (SurfaceFile, Tetrahedra): surface_tetrahedra,
}

# About how many nodes a mesh will have, of the same.
PLANNED: dict[tuple[type[Shape], type[Grid | Tetrahedra]], Callable[[Model, Any, Any], int]] = {
    (Described, Tetrahedra): described_nodes,
    (SurfaceFile, Tetrahedra): surface_nodes,
}


def build(model: Model) -> Cells:
    """The cells or tetrahedra of a model; InputError where nothing makes them for such a shape."""
    shape, choice = model.geometry, model.discretization
    builder = _found(BUILDERS, model)
    if builder is None:
        known = ", ".join(f"{kind_name(of) or 'any described shape'} on {kind_name(on)}" for of, on in BUILDERS)
        raise InputError(f"nothing makes the control volumes of a {shape.kind} on {choice.kind}; possible: {known}")
    return builder(model, shape, choice)


def mesh(model: Model) -> TetrahedralMesh:
    """The tetrahedra on which a model is solved; InputError where it is solved on a grid.

    Its surfaces have the names that pumps and stores know them by, active zones and single bodies such as "vesicle.3"
    among them; `write_mesh` writes it to a file.
    """
    return with_parts(tetrahedra_of(model), model)


def tetrahedra_of(model: Model) -> TetrahedralMesh:
    """The same without names of parts of its surfaces, as a run has it."""
    made = build(model)
    if not isinstance(made, TetrahedralMesh):
        raise InputError(
            "this model is solved on a grid; model.on_tetrahedra() is the same one with tetrahedra that are as fine"
        )
    return made


def planned_nodes(model: Model) -> int:
    """About how many nodes the tetrahedra of a model will have; 0 where nothing but they themselves tell."""
    count = _found(PLANNED, model)
    return count(model, model.geometry, model.discretization) if count else 0


def _found(table: Mapping[tuple[type[Shape], type[Grid | Tetrahedra]], Function], model: Model) -> Function | None:
    """What a table has for the shape of a model, or for what its class is made of."""
    on = type(model.discretization)
    return next((table[of, on] for of in type(model.geometry).__mro__ if (of, on) in table), None)
