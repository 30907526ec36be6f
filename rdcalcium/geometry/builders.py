"""Which shape is solved in which control volumes, and the function that makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rdcalcium.errors import InputError
from rdcalcium.geometry.described_grid import described_grid
from rdcalcium.geometry.described_mesh import described_tetrahedra
from rdcalcium.geometry.from_file import mesh_of_file
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.model import Described, Grid, MeshFile, Model, Shape, Tetrahedra
from rdcalcium.model.kinds import kind_name

Cells = RectilinearGrid | TetrahedralMesh
Builder = Callable[[Model, Any, Any], Cells]  # of a model, its geometry and its discretization

BUILDERS: dict[tuple[type[Shape], type[Grid | Tetrahedra]], Builder] = {
    (Described, Grid): described_grid,
    (Described, Tetrahedra): described_tetrahedra,
    (MeshFile, Tetrahedra): mesh_of_file,
}


def build(model: Model) -> Cells:
    """The cells or tetrahedra of a model; InputError where nothing makes them for such a shape."""
    shape, choice = model.geometry, model.discretization
    builder = next((BUILDERS[of, type(choice)] for of in type(shape).__mro__ if (of, type(choice)) in BUILDERS), None)
    if builder is None:
        known = ", ".join(f"{kind_name(of) or 'any described shape'} on {kind_name(on)}" for of, on in BUILDERS)
        raise InputError(f"nothing makes the control volumes of a {shape.kind} on {choice.kind}; possible: {known}")
    return builder(model, shape, choice)


def mesh(model: Model) -> TetrahedralMesh:
    """The tetrahedra of a model, which says them or could: InputError where it is solved on a grid.

    Its surfaces have the names that pumps and stores know them by; `write_mesh` writes it to a file.
    """
    made = build(model)
    if not isinstance(made, TetrahedralMesh):
        raise InputError('this model is solved on a grid; say [discretization] kind = "tetrahedra" to have a mesh')
    return made
