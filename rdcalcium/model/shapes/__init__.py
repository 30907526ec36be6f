"""Shapes of the cytosol, one file each, found by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from rdcalcium.model.discovery import kinds_of
from rdcalcium.model.shapes.base import Place, Shape
from rdcalcium.model.shapes.bouton import Axon, Bouton
from rdcalcium.model.shapes.box import Box
from rdcalcium.model.shapes.calyx_lobe import CalyxLobe
from rdcalcium.model.shapes.cylinder import Cylinder
from rdcalcium.model.shapes.described import Described
from rdcalcium.model.shapes.ellipsoidal import Ellipsoidal
from rdcalcium.model.shapes.hemisphere import Hemisphere
from rdcalcium.model.shapes.mesh_file import MeshFile
from rdcalcium.model.shapes.mirrored import Mirrored
from rdcalcium.model.shapes.sector import Sector
from rdcalcium.model.shapes.spherical import Spherical

KINDS = kinds_of(Shape, __name__)

if TYPE_CHECKING:
    Geometry = Shape
else:
    Geometry = Annotated[Union[KINDS], Field(discriminator="kind")]  # noqa: UP007 (of kinds that are found)

__all__ = [
    "KINDS",
    "Axon",
    "Bouton",
    "Box",
    "CalyxLobe",
    "Cylinder",
    "Described",
    "Ellipsoidal",
    "Geometry",
    "Hemisphere",
    "MeshFile",
    "Mirrored",
    "Place",
    "Sector",
    "Shape",
    "Spherical",
]
