"""Under each vesicle."""

from __future__ import annotations

from typing import ClassVar, Literal

from rdcalcium.model.placement.base import Rule


class Under(Rule):
    """One under the centre of each vesicle, at its foot."""

    for_each: ClassVar[bool] = True

    kind: Literal["under"] = "under"
    around: str
    """Name of the vesicles, obstacles, sensors or channels under each of which one is."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Those under which they are."""
        return (self.around,)
