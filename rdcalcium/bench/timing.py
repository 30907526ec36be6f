"""Seconds of an action on a backend, and what is told of the backend beside them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rdcalcium.backends import Operations

FEWEST = 5  # times at least


def place(do: Operations) -> dict[str, Any]:
    """Where it was measured; the number of the device only where there are several to choose from."""
    number = {"number": do.number} if len(do.devices()) > 1 else {}
    return {"backend": do.name, **number, "threads": do.threads, "precision": do.precision}


def times(do: Operations, action: Callable[[], Any], seconds: float, fewest: int = FEWEST) -> list[float]:
    """Seconds for one action, at least `fewest` times and for about this long; a device is waited for."""
    _seconds(do, action, 1)
    batch = max(1, int(seconds / 20 / max(_seconds(do, action, 1), 1e-7)))
    found: list[float] = []
    while len(found) < fewest or sum(found) * batch < seconds:
        found.append(_seconds(do, action, batch) / batch)
    return found


def _seconds(do: Operations, action: Callable[[], Any], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        action()
    do.wait()
    return time.perf_counter() - start
