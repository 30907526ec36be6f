"""What a model computes in every control volume: fields, and the reactions between them; numbers, and no place."""

from rdcalcium.chemistry.chemistry import Chemistry
from rdcalcium.chemistry.packing import build_chemistry
from rdcalcium.chemistry.reactions import (
    CALCIUM,
    MAGNESIUM,
    Field,
    FreeForm,
    Photolysis,
    Reaction,
    State,
    concentration,
    reaction_flux,
)

__all__ = [
    "CALCIUM",
    "MAGNESIUM",
    "Chemistry",
    "Field",
    "FreeForm",
    "Photolysis",
    "Reaction",
    "State",
    "build_chemistry",
    "concentration",
    "reaction_flux",
]
