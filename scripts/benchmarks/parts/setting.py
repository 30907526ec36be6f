"""What to measure, and how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rdcalcium.backends import BACKENDS, Operations, backend_class
from rdcalcium.bench.measure import Place, usable

Tables = Mapping[str, Sequence[Mapping[str, Any]]]  # heading -> rows


@dataclass(frozen=True)
class Setting:
    """What a part is asked for.

    quick     tiny sizes, to see that it works
    backends  names of those to measure; none: all that can run here
    """

    quick: bool = False
    backends: tuple[str, ...] = ()

    def kinds(self) -> list[type[Operations]]:
        """Backends to measure, the one that "auto" takes first."""
        kinds = [backend_class(name) for name in BACKENDS if not self.backends or name in self.backends]
        return [kind for kind in kinds if kind.missing() is None]

    def places(self) -> list[Place]:
        """The same, on each of their devices and with each number of threads."""
        return [place for place in usable() if not self.backends or place.kind.name in self.backends]

    @property
    def best(self) -> str:
        """The backend of whole runs."""
        return self.kinds()[0].name
