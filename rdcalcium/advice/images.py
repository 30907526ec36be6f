"""What microscopes will see of a model: how many samples, and how sharp."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rdcalcium.model import Imaging, Model
from rdcalcium.model.optics import FWHM_PER_SD
from rdcalcium.recorders.exposure import Exposures
from rdcalcium.units import counted, time_span


def images(model: Model) -> Iterator[str]:
    """A line for each entry of [[imaging]]; InputError where it would have no sample, or too many."""
    for entry in model.imaging:
        samples = counted(len(Exposures.of(entry, model).starts), "sample")
        yield f"imaging {entry.name!r}: {samples}, every {time_span(entry.every)}{_points(entry)}{_sharpness(entry)}"


def _points(entry: Imaging) -> str:
    sizes = [str(len(places)) for places in entry.view.coordinates.values()]
    return f", of {' × '.join(sizes)} points" if sizes else ""


def _sharpness(entry: Imaging) -> str:
    """Full widths at half maximum of the point spread function."""
    if entry.optics is None:
        return ""
    lateral, axial = (FWHM_PER_SD * spread for spread in entry.optics.spread)
    along = "at all depths" if math.isinf(axial) else f"{axial:.3g} um along z"
    return f"; a point is seen {lateral:.3g} um wide, and {along} (full widths at half maximum)"
