"""What the cells of a model leave of error at its sensors and probes: an estimate, and how wrong that may be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.advice.resolution import NEAR, ROUNDING, too_near
from rdcalcium.discretization.way import nearest_channels, widths_on_the_way
from rdcalcium.errors import InputError, RdcalciumError
from rdcalcium.fineness.levels import Cells, Level, Progress, levels, quick
from rdcalcium.geometry.mean_width import mean_widths
from rdcalcium.library import loaded
from rdcalcium.model import Model, Tetrahedra
from rdcalcium.patches.beside_pores import beside_pores
from rdcalcium.placement import placed
from rdcalcium.richardson import ORDER, extrapolated
from rdcalcium.units import nanometres

if TYPE_CHECKING:
    import xarray

TWICE = 2.0  # how far an estimate may be off, and how many standard deviations more


class NoEstimateError(InputError):
    """A model of which it cannot be estimated what its cells leave."""


@dataclass(frozen=True, repr=False)
class Estimate:
    """What cells leave at every sensor and probe, as shares of calcium there; (points,) each.

    levels   cells on which it was found, the widest first
    points   names
    calcium  µM, on cells of no width
    error    its size
    low      least that it is likely to be
    high     most that it is likely to be
    known    whether cells tell it; not of a point that is too near to a channel for all of them
    beside   by what pumps where calcium enters may leave all off, which goes with the width; it is in low and high
    """

    model: Model
    levels: tuple[Level, ...]
    points: tuple[str, ...]
    calcium: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    known: np.ndarray
    beside: float = 0.0

    def __repr__(self) -> str:
        """How many points, and the largest error."""
        worst = float(self.error[self.known].max(initial=0.0))
        return f"<Estimate of {len(self.told)} of {len(self.points)} points, {100 * worst:.2g} % off at most>"

    @property
    def told(self) -> tuple[str, ...]:
        """Names of the points whose error is known."""
        return tuple(name for name, known in zip(self.points, self.known, strict=True) if known)

    def factor(self, accuracy: float) -> float:
        """How wide cells may be, as a factor of those of the model, for the worst known point to be so accurate."""
        worst, linear = float(self.error[self.known].max(initial=0.0)), self.beside / TWICE
        if not worst + linear:
            return float("inf")
        return 2 * accuracy / (linear + math.sqrt(linear**2 + 4 * accuracy * worst))  # worst f² + linear f = accuracy

    def count(self, factor: float) -> int:
        """Control volumes of cells so much wider, about."""
        finest = self.levels[-1]
        return round(finest.found.count * (finest.factor / factor) ** 3)

    @cached_property
    def dataset(self) -> xarray.Dataset:
        """The same over `point`; what is not known is nan."""
        import xarray

        columns = {"calcium": self.calcium, "error": self.error, "low": self.low, "high": self.high}
        shown = {name: ("point", np.where(self.known, x, np.nan)) for name, x in columns.items()}
        found = xarray.Dataset(shown, coords={"point": list(self.points)})
        found.calcium.attrs["units"] = "uM"
        return found


def estimate_error(model: Model | str | Path, *, progress: Progress = lambda share, words: None) -> Estimate:
    """Estimate what the cells of a model leave of error of calcium at its sensors and probes.

    model     or the name of one of the library, or the path of a model file
    progress  called with the share that is done and a sentence on what comes, how long that takes among it

    Calcium is found on cells of several widths, as far as that is quick: not by runs, but by one implicit step from
    rest, see `steady_state/brief.py`. Its errors go with the square of the width. What scatters around that tells how
    wrong the estimate may be. Raises NoEstimateError, with the reason.
    """
    model = placed(loaded(model))
    _require_possible(model)
    cells = quick(model)
    _require_some_far(model, cells)
    try:
        found = levels(cells, progress)
    except RdcalciumError as error:
        raise NoEstimateError(f"{error}") from None
    return _estimated(model, found)


def _require_possible(model: Model) -> None:
    """There are points to look at, channels to let calcium in, and other cells to be made."""
    if not model.watched:
        raise NoEstimateError("there is no sensor or probe")
    if not model.channels:
        raise NoEstimateError("no calcium enters through channels")
    if model.geometry.brings_cells:
        raise NoEstimateError("a mesh file has no cells of other widths; compare runs on two meshes of yours")


def _require_some_far(model: Model, cells: Sequence[Cells]) -> None:
    """Of some point the finest tetrahedra tell something; edges around it are hardly shorter than is asked for."""
    if not (cells and isinstance(choice := cells[0].model.discretization, Tetrahedra)):
        return
    (_, far), size = nearest_channels(model), choice.size_at_active_zone
    if (far < NEAR * size * ROUNDING).all():
        which = f"all {len(far):,} sensors and probes are" if len(far) > 1 else "the only sensor or probe is"
        raise NoEstimateError(
            f"{which} nearer to a channel than {NEAR} edges of {nanometres(size, 3)}, the shortest that are quick; "
            f"compare runs on edges of {nanometres(float(far.max()) / NEAR, 2)} or less"
        )


def _estimated(model: Model, found: list[Level]) -> Estimate:
    made, widths = [level.found for level in found], _widths(found)
    if not (widths[0] > widths[-1]).all():
        raise NoEstimateError("its cells are as wide as the terminal, whatever they are asked to be")
    values = np.array([b.calcium for b in made])
    line = extrapolated(widths, values)
    own = next((row for row, level in enumerate(found) if level.factor == 1), None)
    width = widths[-1] / found[-1].factor if own is None else widths[own]
    away = np.abs(line.slope) * width**ORDER if own is None else np.abs(values[own] - line.limit)
    scatter = TWICE * line.scatter
    low, high = np.maximum(away - scatter, 0) / TWICE, TWICE * away + scatter
    error, low, high = (x / np.abs(line.limit) for x in (away, low, high))
    linear = found_beside.share if (found_beside := beside_pores(model)).matters else 0.0
    low, high = np.maximum(low - linear, 0.0), high + linear
    near = too_near(model, made[-1].locator, max(found[-1].factor, 1.0))
    return Estimate(model, tuple(found), tuple(model.watched), line.limit, error, low, high, ~near, linear)


def _widths(found: list[Level]) -> np.ndarray:
    """Of tetrahedra on the way to each point, (levels, points) µm; of grids the mean ones, (levels, 1)."""
    on_the_way = [widths_on_the_way(level.model, level.found.locator) for level in found]
    if all(widths is not None for widths in on_the_way):
        return np.array(on_the_way)
    made = [level.found for level in found]
    means = mean_widths([level.model for level in found], [b.count for b in made], [b.volume for b in made])
    return means[:, None]
