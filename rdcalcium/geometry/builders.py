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
from rdcalcium.geometry.named_parts import with_parts
from rdcalcium.geometry.planning import by_shape, require_memory
from rdcalcium.geometry.surface_mesh import surface_tetrahedra
from rdcalcium.model import Described, Grid, MeshFile, Model, Shape, Tetrahedra
from rdcalcium.model.kinds import kind_name
from rdcalcium.model.shapes.surface import SurfaceFile

Cells = RectilinearGrid | TetrahedralMesh
Builder = Callable[[Model, Any, Any], Cells]  # of a model, its geometry and its discretization

BUILDERS: dict[tuple[type[Shape], type[Grid | Tetrahedra]], Builder] = {
    (Described, Grid): described_grid,
    (Described, Tetrahedra): described_tetrahedra,
    (MeshFile, Tetrahedra): mesh_of_file,
    (SurfaceFile, Tetrahedra): surface_tetrahedra,
}


def build(model: Model) -> Cells:
    """The cells or tetrahedra of a model.

    InputError where nothing makes them for such a shape, MemoryShortageError where this machine cannot hold them.
    """
    shape, choice = model.geometry, model.discretization
    builder = by_shape(BUILDERS, model)
    if builder is None:
        known = ", ".join(f"{kind_name(of) or 'any described shape'} on {kind_name(on)}" for of, on in BUILDERS)
        raise InputError(f"nothing makes the control volumes of a {shape.kind} on {choice.kind}; possible: {known}")
    require_memory(model)
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
