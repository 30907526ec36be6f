"""Memory bandwidth beyond the caches: the triad a = b + s c counts three arrays, the copy a = b two."""

from __future__ import annotations

from itertools import product

from parts.setting import Setting, Tables
from rdcalcium.bench.measure import PRECISIONS, QUICK, new_triad

SECONDS, REPEATS = 0.5, 3


def tables(setting: Setting) -> Tables:
    """One row for each backend, device, number of threads and precision."""
    seconds = 0.01 if setting.quick else SECONDS
    rows = []
    for place, precision in product(setting.places(), PRECISIONS):
        triad = new_triad(place, precision, QUICK if setting.quick else place.kind.sides)
        for _ in range(REPEATS):
            triad.measure(seconds)
        rows.append(triad.row(seconds))
    return {"": rows}
