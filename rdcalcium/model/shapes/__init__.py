"""Shapes of the cytosol, one file each, found by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from rdcalcium.model.discovery import kinds_of
from rdcalcium.model.shapes.base import Place, Shape
from rdcalcium.model.shapes.box import Box
from rdcalcium.model.shapes.described import Described
from rdcalcium.model.shapes.mesh_file import MeshFile

KINDS = kinds_of(Shape, __name__)

if TYPE_CHECKING:
    Geometry = Shape
else:
    Geometry = Annotated[Union[KINDS], Field(discriminator="kind")]  # noqa: UP007 (of kinds that are found)

__all__ = ["KINDS", "Box", "Described", "Geometry", "MeshFile", "Place", "Shape"]
