"""Operations of a backend that are timed one by one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from rdcalcium.backends import Operations

STAGES = ("stage", "stages")


class Watched:
    """Stands in for a backend; each operation is waited for, and its seconds are added up under its name.

    It takes no steps without the host, which would hide the operations.
    """

    takes_steps = False

    def __init__(self, do: Operations):
        self._do = do
        self.seconds: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._do, name)
        return self._timed(name, value) if callable(value) else value

    def _timed(self, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            answer = operation(*args, **options)
            self._do.wait()
            self.seconds[name] += time.perf_counter() - start
            return answer

        return timed

    @property
    def in_stages(self) -> float:
        """Seconds in stages."""
        return sum(self.seconds[name] for name in STAGES)

    @property
    def others(self) -> Counter[str]:
        """Seconds in each other operation."""
        return Counter({name: seconds for name, seconds in self.seconds.items() if name not in STAGES})
