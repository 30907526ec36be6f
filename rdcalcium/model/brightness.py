"""How bright a dye is: in each light, each of its states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from rdcalcium.errors import suggest
from rdcalcium.model.base import Name
from rdcalcium.model.quantity import Quantity

Brightness = dict[Name, dict[str, Annotated[float, Quantity("number", ge=0)]]]


def require_bright(dye: str, states: Sequence[str], brightness: Mapping[str, Mapping[str, float]]) -> None:
    """ValueError unless in each light something is said of all states of a dye, and of no others, and one shines."""
    for light, said in brightness.items():
        for state in [*said, *states]:
            if state not in states:
                raise ValueError(f"dye {dye!r} has no state {state!r} to be bright in; {suggest(state, states)}")
            if state not in said:
                raise ValueError(f"dye {dye!r}: how bright is {state!r} at {light!r}? Say it, 0 if it is dark")
        if not any(said.values()):
            raise ValueError(f"dye {dye!r} is dark at {light!r} in all its states; leave that light out")
