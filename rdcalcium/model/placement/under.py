"""Under each vesicle."""

from __future__ import annotations

from typing import ClassVar, Literal

from rdcalcium.model.placement.base import Around


class Under(Around):
    """One under the centre of each vesicle, at its foot."""

    for_each: ClassVar[bool] = True

    kind: Literal["under"] = "under"
