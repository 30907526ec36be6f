"""Which tolerance a run can hold, in single precision above all: asked for before the first step.

Rounding does not spoil what a run answers, it costs steps: an error estimate that sees it finds them too long. The law
is measured in docs/precision.md.
"""

from __future__ import annotations

import numpy as np

from rdcalcium.chemistry import Chemistry
from rdcalcium.currents import Currents, channel_currents
from rdcalcium.errors import ModelError
from rdcalcium.integrators.modes import bound_with_calcium
from rdcalcium.integrators.stepper import ROUNDING_SHOWS
from rdcalcium.model import Model

EPS = 2.0**-24  # largest relative rounding of a number of single precision
FINEST = 1e-7  # two EPS: no tolerance below it means anything

# Measured: `python scripts/benchmarks/precision.py` prints both for each of its models.
NOISE = 0.2  # rounding in the estimate, in units of EPS × step × spectral radius × concentration: 0.17 and 0.25 in the
# two models that it refuses; more in a long decay, 1.3, whose cells differ for longer than EVEN says
STEPS = 16.0  # that the solution asks for when a current begins and ends, times tolerance^(1/3): the median, of 7 to 24

# Chosen.
PATIENCE = 4.0  # times as many steps may come from rounding: no more than twice the time where a step costs half
COUNTS = 0.25  # of the steps that the solution asks for; fewer that come from rounding cost nothing to speak of
FLOWING = 1e-3  # of the peak of a current, above which it flows
EVEN = 10.0  # time constants of diffusion in the terminal until its cells differ too little for rounding to matter:
# exp(-10) = 5e-5 of what they differed by is left then
RESOLVED = 1000.0  # µM, up to which an absolute tolerance has to be resolved: calcium beside an open pore, so that
# 1 µM of it counts as 1/1000 of the highest value


def require_precision(model: Model, chemistry: Chemistry, volume: float, radius: float) -> None:
    """Refuse a tolerance of nothing, and single precision where rounding would make a run pay with most of its steps.

    volume  of the computed part, µm³
    radius  bound on the spectral radius of the discrete Laplacian, µm⁻²
    """
    empty = [field.name for field in chemistry.fields if field.rest == 0 or not field.everywhere]
    if model.run.absolute_tolerance == 0 and empty:
        raise ModelError(
            f"run.absolute_tolerance = 0 allows no error where there is no {empty[0]}, as at rest: no step is short "
            'enough for that; leave it out, or say such as "1 nM"'
        )
    if model.run.precision == "float64":
        return
    rounding, pulses = strain(model, chemistry, volume, radius)
    noise = NOISE * rounding
    if not _holds(model, model.run.tolerance, noise, pulses):
        tolerances = [digit * 10.0**power for power in range(-3, -8, -1) for digit in (5, 2, 1)]
        least = min(t for t in [ROUNDING_SHOWS, *tolerances] if _holds(model, t, noise, pulses))
        raise ModelError(
            f'run.precision = "float32" does not hold run.tolerance = {model.run.tolerance:g}: rounding would make '
            f'most steps; the smallest that it holds in this run is {least:g}: take that, or precision = "float64"'
        )


def strain(model: Model, chemistry: Chemistry, volume: float, radius: float) -> tuple[float, int]:
    """EPS ρ T, with ρ the spectral radius and T the time during which cells differ; how often a current begins.

    volume, radius  as above
    """
    uneven, pulses = _uneven(model, channel_currents(model.averaged()), chemistry, volume)
    return EPS * chemistry.stiffness(model.calcium.rest, radius) * uneven, pulses


def rounding_costs(model: Model, chemistry: Chemistry, volume: float, radius: float) -> tuple[float, float] | None:
    """Steps that may come from rounding, and those that the solution asks for, where the former count; else None.

    The other arguments are those of `require_precision`.
    """
    tolerance = model.run.tolerance
    if model.run.precision == "float64" or tolerance >= ROUNDING_SHOWS:
        return None
    rounding, pulses = strain(model, chemistry, volume, radius)
    rounding, asked = _steps(model, tolerance, NOISE * rounding, pulses)
    return (rounding, asked) if rounding > COUNTS * asked else None


def _holds(model: Model, tolerance: float, noise: float, pulses: int) -> bool:
    """Whether steps that come from rounding, noise / tolerance, are no more than the solution is worth."""
    if tolerance >= ROUNDING_SHOWS:
        return True
    rounding, asked = _steps(model, tolerance, noise, pulses)
    return tolerance >= FINEST and rounding <= PATIENCE * asked


def _steps(model: Model, tolerance: float, noise: float, pulses: int) -> tuple[float, float]:
    """Steps that come from rounding, noise / tolerance, and those that the solution asks for."""
    allowed = tolerance + (model.run.absolute_tolerance or 0.0) / RESOLVED
    asked = max(STEPS * pulses * tolerance ** (-1 / 3), model.run.duration / (model.run.max_step or np.inf))
    return noise / allowed, asked


def _uneven(model: Model, currents: Currents, chemistry: Chemistry, volume: float) -> tuple[float, int]:
    """How long (ms) calcium differs from cell to cell in a run, and how often a current begins."""
    times = [g.influx.knots for g in currents.groups]
    knots = np.unique(np.clip(np.concatenate([[0.0, model.run.duration], *times]), 0.0, model.run.duration))
    flows = currents.flowing((knots[1:] + knots[:-1]) / 2, FLOWING)
    first = np.flatnonzero(np.diff(flows, prepend=not flows[0]))
    lasting = np.diff(np.append(knots[first], model.run.duration))
    quiet = np.minimum(lasting, EVEN * _time_constant(chemistry, volume))
    quiet[0] = 0.0  # at rest nothing differs
    return float(np.where(flows[first], lasting, quiet).sum()), max(1, int(flows[first].sum()))


def _time_constant(chemistry: Chemistry, volume: float) -> float:
    """Of calcium with all that it binds to, spreading over a terminal of this volume: L² / (π² D), ms."""
    calcium = chemistry.calcium_content * bound_with_calcium(chemistry, chemistry.rest)
    spread = float(chemistry.diffusivity @ calcium / calcium.sum())
    return volume ** (2 / 3) / (np.pi**2 * spread)
