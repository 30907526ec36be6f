"""The calcium current of each channel group as a function of time, with its charge known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

from rdcalcium.model import (
    ActionPotential,
    Channels,
    ConstantCurrent,
    GaussianCurrent,
    Model,
    OhmicCurrent,
    PulseCurrent,
    TabulatedCurrent,
)
from rdcalcium.units import CURRENT_PER_CONDUCTANCE_VOLTAGE

GATING_SPACING = 0.002  # ms, between the tabulated open probabilities; linear between them to 1e-5 of the peak
GATING_MAX_STEP = 0.02  # ms, so that no action potential is stepped over
GAUSSIAN_ROWS = 4001  # rows of a tabulated Gaussian over ± 4 widths; linear between them to 3e-6 of the peak


@dataclass(frozen=True)
class PiecewiseLinear:
    """A function of time, linear on each segment, that may jump between segments.

    knots  (m + 1,)  ms, ascending
    left   (m,)      value at the beginning of each segment
    right  (m,)      value at its end
    """

    knots: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @classmethod
    def through(cls, times: np.ndarray, values: np.ndarray) -> PiecewiseLinear:
        """Linear between rows; two rows at one time are a jump."""
        long = np.diff(times) > 0
        return cls(np.append(times[:-1][long], times[-1]), values[:-1][long], values[1:][long])

    @property
    def jumps(self) -> np.ndarray:
        """Times at which the value jumps, ms; the function is zero before the first and after the last knot."""
        before = np.append(0.0, self.right)
        after = np.append(self.left, 0.0)
        scale = max(np.abs(self.left).max(), np.abs(self.right).max(), 1e-300)
        return self.knots[np.abs(after - before) > 1e-9 * scale]

    def value(self, t: float, before: bool = False) -> float:
        """Value just after t, or just before it."""
        k = int(np.searchsorted(self.knots, t, side="left" if before else "right")) - 1
        if k < 0 or k >= len(self.left):
            return 0.0
        share = (t - self.knots[k]) / (self.knots[k + 1] - self.knots[k])
        return float(self.left[k] + share * (self.right[k] - self.left[k]))

    def integral(self, a: float, b: float) -> float:
        """∫ from a to b."""
        first = np.clip(self.knots[:-1], a, b)
        last = np.clip(self.knots[1:], a, b)
        lo = int(np.searchsorted(self.knots, a, side="right")) - 1
        hi = int(np.searchsorted(self.knots, b, side="left"))
        lo, hi = max(lo, 0), min(max(hi, lo), len(self.left))
        span = slice(lo, hi)
        width = self.knots[1:][span] - self.knots[:-1][span]
        slope = (self.right[span] - self.left[span]) / width
        middle = 0.5 * (first[span] + last[span]) - self.knots[:-1][span]
        return float(((last[span] - first[span]) * (self.left[span] + slope * middle)).sum())


@dataclass(frozen=True)
class GroupCurrent:
    """Inward current of one channel of a group.

    influx            pA, positive inward
    open_probability  dimensionless; None where the current is prescribed
    """

    name: str
    influx: PiecewiseLinear
    open_probability: PiecewiseLinear | None = None


@dataclass(frozen=True)
class Currents:
    """All groups together, as the time-stepping scheme sees them."""

    groups: Sequence[GroupCurrent]

    def events(self, duration: float) -> np.ndarray:
        """Times on which a step must end because a current jumps, ascending, within (0, duration]."""
        times = np.concatenate([[duration], *(g.influx.jumps for g in self.groups)])
        return np.unique(times[(times > 1e-12) & (times <= duration)])

    def line(self, a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
        """Line over a step that carries the exact charge: value at a and rise from a to b, each (groups,) pA."""
        mean = np.array([g.influx.integral(a, b) for g in self.groups]) / (b - a)
        rise = np.array([g.influx.value(b, before=True) - g.influx.value(a) for g in self.groups])
        return mean - rise / 2, rise

    def longest_step(self, t: float, h: float, tolerance: float) -> float:
        """The longest step up to h over which `line` errs by less than tolerance × the peak of each current."""
        for group in self.groups:
            peak = max(np.abs(group.influx.left).max(), np.abs(group.influx.right).max())
            while peak > 0 and h > 1e-9 and _deviation(group.influx, t, t + h) > tolerance * peak:
                h *= 0.8
        return h


def _deviation(f: PiecewiseLinear, a: float, b: float) -> float:
    """Largest distance of f from its charge-exact line on [a, b]."""
    start, end = f.value(a), f.value(b, before=True)
    mean = f.integral(a, b) / (b - a)
    shares = np.linspace(0, 1, 9)[1:-1]
    inner = [abs(f.value(a + s * (b - a)) - (mean + (s - 0.5) * (end - start))) for s in shares]
    return max(*inner, abs(mean - (start + end) / 2))


def channel_currents(model: Model) -> Currents:
    """Solve the gates of a model and tabulate the current of one channel of each group."""
    return Currents([_group_current(group, model) for group in model.channels])


def _group_current(group: Channels, model: Model) -> GroupCurrent:
    law, duration = group.current, model.run.duration
    if isinstance(law, OhmicCurrent):
        assert model.stimulus is not None  # the model has checked it
        times, open_probability = open_probability_table(group, model.stimulus, duration)
        voltage = model.stimulus.voltage(times)
        inward = open_probability * law.conductance * (law.reversal - voltage) * CURRENT_PER_CONDUCTANCE_VOLTAGE
        through = PiecewiseLinear.through
        return GroupCurrent(group.name, through(times, inward), through(times, open_probability))
    return GroupCurrent(group.name, PiecewiseLinear.through(*_prescribed(law, duration)))


def open_probability_table(
    group: Channels, stimulus: ActionPotential, duration: float
) -> tuple[np.ndarray, np.ndarray]:
    """Times (ms) and probability that a channel is open, from its scheme under the voltage; at rest before."""
    scheme = group.kinetics()
    is_open = np.array([state in group.open_states for state in scheme.states])
    times = np.linspace(0.0, duration, int(np.ceil(duration / GATING_SPACING)) + 1)
    rest = scheme.equilibrium(float(stimulus.voltage(np.array(-np.inf))))
    solution = solve_ivp(
        lambda t, p: scheme.generator(float(stimulus.voltage(np.array(t)))) @ p,
        (0.0, duration),
        rest,
        method="LSODA",
        t_eval=times,
        rtol=1e-8,
        atol=1e-12,
        max_step=GATING_MAX_STEP,
    )
    if not solution.success:
        raise RuntimeError(f"the gate of channels {group.name!r} could not be solved: {solution.message}")
    return times, np.clip(solution.y[is_open].sum(axis=0), 0.0, 1.0)


def _prescribed(law: object, duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows of time and inward current of a law that needs no gate."""
    match law:
        case ConstantCurrent(amplitude=i):
            return np.array([0.0, duration * 1.001]), np.array([i, i])
        case PulseCurrent(amplitude=i, start=start, duration=length):
            return np.array([start, start + length]), np.array([i, i])
        case GaussianCurrent(amplitude=i, peak=peak, width=width):
            s = np.linspace(-4, 4, GAUSSIAN_ROWS)
            return peak + s * width, i * np.exp(-4 * np.log(2) * s**2)
        case TabulatedCurrent(times=times, values=values):
            return np.array(times), np.array(values)
    raise TypeError(f"no rule for the current {law!r}")
