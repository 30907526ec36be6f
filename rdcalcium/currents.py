"""The calcium current of each channel group as a function of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.gating import occupancies, transitions
from rdcalcium.model import Channels, GatedCurrent, Model, VoltageCourse
from rdcalcium.model.channels import FollowsCalcium
from rdcalcium.openings import Openings, PrescribedGate, StochasticGate
from rdcalcium.sensing import SensingGate
from rdcalcium.tabulation import rows_between
from rdcalcium.time_course import STEADY, TimeCourse
from rdcalcium.units import milliseconds

Gate = PrescribedGate | StochasticGate | SensingGate

MOST_EACH = (
    1e6  # transitions of a channel in a trial, which are drawn one after the other: minutes, and half a gigabyte
)
MOST = 1e8  # of all channels of a group; more of either is a mistake in the unit of a rate
UNSEEN = 0.1  # share of the charge of one step that its stages may miss or count twice
UNSEEN_OF_ALL = UNSEEN**3  # the same of the charge of the whole run, so that a step in which little flows is no spike
OUTWARD = 1e-6  # of the largest current inward, up to which one outward is rounding at the reversal potential


@dataclass(frozen=True)
class GroupCurrent:
    """Inward current of one channel of a group, on average over its openings, or while it is open.

    Before the run it is that at rest, which has always flowed: what it makes of the calcium near a pore is there.

    influx            pA, positive inward
    open_probability  dimensionless; None where the current is prescribed
    gate              by which each channel opens by itself, and the current is that of an open one; else None
    follows_calcium   of the channels; of a patch the current is what it would be at rest, and what enters is found as
                      the run goes, see `patches/pores.py`
    """

    name: str
    influx: TimeCourse
    open_probability: TimeCourse | None = None
    gate: Gate | None = None
    follows_calcium: FollowsCalcium = None


@dataclass(frozen=True)
class Courses:
    """Currents of all groups as polynomials of third degree between knots, zero outside.

    first   (groups + 1,)       first piece of each group; it has one knot more than pieces
    knots   (pieces + groups,)  ms
    pieces  (pieces, 4)         coefficients of the powers 0 to 3 of the time since the knot, pA
    charge  (pieces + groups,)  what has flowed by each knot, pA ms
    """

    first: np.ndarray
    knots: np.ndarray
    pieces: np.ndarray
    charge: np.ndarray


@dataclass(frozen=True)
class Currents:
    """All groups together, as the time-stepping scheme sees them."""

    groups: Sequence[GroupCurrent]

    def courses(self) -> Courses:
        """All of them as numbers alone."""
        curves = [g.influx for g in self.groups]
        return Courses(
            np.cumsum([0, *(len(curve.knots) - 1 for curve in curves)]),
            np.concatenate([np.zeros(0), *(curve.knots for curve in curves)]),
            np.concatenate([np.zeros((0, 4)), *(curve.powers for curve in curves)]),
            np.concatenate([np.zeros(0), *(curve.charge for curve in curves)]),
        )

    def openings(self, seed: int, trial: int) -> list[Openings | None]:
        """When the channels of each group open in a trial; None where they conduct with a probability."""
        return [group.gate.openings(seed, trial) if group.gate else None for group in self.groups]

    def at(self, t: float, before_jump: bool) -> np.ndarray:
        """Current of one channel of each group at a time, (groups,) pA; where it jumps, before or after that."""
        return np.array([float(g.influx.value(t, before=before_jump)) for g in self.groups])

    def highest(self, counts: np.ndarray) -> tuple[float, bool]:
        """When most flows through so many channels of each group (ms), and whether that is before a jump."""
        times = np.unique(np.concatenate([[0.0], *(g.influx.knots for g in self.groups)]))
        before, after = (self._total(counts, times, side) for side in (True, False))
        first = before.max() > after.max()
        return float(times[np.argmax(before if first else after)]), bool(first)

    def _total(self, counts: np.ndarray, times: np.ndarray, before_jump: bool) -> np.ndarray:
        flows = (n * g.influx.value(times, before_jump) for n, g in zip(counts, self.groups, strict=True))
        return sum(flows, np.zeros(len(times)))

    def events(self, duration: float) -> np.ndarray:
        """Times on which a step must end: a current jumps, or leaves its rest; ascending, within (0, duration]."""
        times = np.concatenate([[duration], *((*g.influx.jumps, *g.influx.onsets) for g in self.groups)])
        return np.unique(times[(times > 0) & (times <= duration)])

    def resolved(self, t: float, h: float, c: np.ndarray, weights: np.ndarray) -> bool:
        """Whether the stages of a step see the charge that flows in it: a spike between two stages must not be missed.

        c, weights  (stages + 1,) times of the stages, and with which the scheme adds up a source over the step
        """
        seen = h * weights @ self.over_step(t, h, c) if self.groups else np.zeros(0)
        flows = np.array([g.influx.integral(t, t + h) for g in self.groups])
        total = np.array([g.influx.integral(-np.inf, np.inf) for g in self.groups])
        return bool(np.all(np.abs(seen - flows) <= UNSEEN * np.abs(flows) + UNSEEN_OF_ALL * np.abs(total)))

    def steady(self, t: float, h: float) -> bool:
        """Whether no current changes during a step: nothing flows, or gates are at rest, or pores stay open."""
        return all(np.ptp(g.influx.seen(t, t + h)) <= STEADY * g.influx.peak for g in self.groups)

    def flowing(self, times: np.ndarray, share: float) -> np.ndarray:
        """Whether at each time any current is more than this share of its peak, (times,)."""
        flows = [np.abs(g.influx.value(times)) > share * g.influx.peak for g in self.groups]
        return np.any([np.zeros(len(times), bool), *flows], axis=0)

    def mean(self, t: float, h: float) -> np.ndarray:
        """Mean currents of a step, (groups,) pA."""
        return np.array([g.influx.integral(t, t + h) / h for g in self.groups])

    def over_step(self, t: float, h: float, c: np.ndarray) -> np.ndarray:
        """Currents at the stages of a step, (stages + 1, groups) pA.

        Each stage sees the true current at its own time. Replacing the current by its mean, or by a line of the
        same charge, puts a jump or a kink between any two steps, which stiff diffusion turns into an error
        estimate that a smooth current does not deserve: many more steps at one tolerance. The charge is then that of
        the scheme's quadrature, which the ledger counts.

        c  (stages + 1,) times of the stages, 0 to 1
        """
        times, ends = t + c * h, c >= c[-1]
        values = [np.where(ends, g.influx.value(t + h, before=True), g.influx.value(times)) for g in self.groups]
        return np.stack(values, axis=1)


def channel_currents(model: Model, rest: float | None = None) -> Currents:
    """Solve the gates of a model and tabulate the current of one channel of each group.

    rest  calcium with which gates that sense it are in equilibrium at first, µM; none: that of the model
    """
    rest = model.calcium.rest if rest is None else rest
    return Currents([_group_current(group, model, rest) for group in model.channels_within])


def _group_current(group: Channels, model: Model, rest: float) -> GroupCurrent:
    law, duration = group.current, model.run.duration
    gate = PrescribedGate(Openings.of(group.openings_of_each).within(duration)) if group.openings else None
    if isinstance(law, GatedCurrent):
        return _gated(group, law, model, gate, rest)
    once = TimeCourse.through(*law.rows(duration), smooth=law.smooth)
    return GroupCurrent(group.name, once.again(law.moments, duration), gate=gate)


def _gated(group: Channels, law: GatedCurrent, model: Model, gate: Gate | None, rest: float) -> GroupCurrent:
    """The current of a group that depends on the voltage."""
    stimulus = model.stimulus
    assert stimulus is not None  # the model has checked it
    times, probability = np.concatenate(rows_between(stimulus, model.run.duration)), None
    if gate is None:
        times, occupied = _occupancy_table(group, stimulus, model.run.duration, rest)
        probability = _open_share(group, occupied)
    voltage = stimulus.voltage(times, before=np.append(np.diff(times) == 0, False))
    if group.gating == "stochastic":
        expected = transitions(group.kinetics(), voltage, occupied, times, rest)
        _require_followable(group, expected, model.run.duration)
        gate = _stochastic(group, stimulus, times, voltage, rest)
    open_share = np.ones(len(times)) if gate or probability is None else probability
    inward = _inward(group, law, open_share, voltage)
    influx = TimeCourse.through(times, inward, True, float(law.inward(open_share[0], np.array(stimulus.at_rest))))
    if probability is None:
        return GroupCurrent(group.name, influx, gate=gate)
    course = TimeCourse.through(times, probability, True, float(probability[0]))
    return GroupCurrent(group.name, influx, course, gate, group.follows_calcium)


def _inward(group: Channels, law: GatedCurrent, open_share: np.ndarray, voltage: np.ndarray) -> np.ndarray:
    """Current of one channel (pA) that is open with a probability, at voltages (mV), never outward."""
    inward = law.inward(open_share, voltage)
    if inward.min() < -OUTWARD * inward.max():
        raise InputError(
            f"calcium would leave through channels {group.name!r} at {voltage[inward.argmin()]:.3g} mV, above the "
            f"reversal potential of their {law.kind} current; use a higher one, or a current that never "
            'reverses at a spike, such as current = { kind = "GHK", permeability = … }'
        )
    return inward


def _stochastic(
    group: Channels, stimulus: VoltageCourse, times: np.ndarray, voltage: np.ndarray, rest: float
) -> StochasticGate | SensingGate:
    """The gate of a group, whose channels start in equilibrium with the first voltage, and with calcium at rest."""
    scheme = group.kinetics()
    start = scheme.equilibrium(stimulus.at_rest, rest)
    drawn = (group.name, scheme, times, voltage, start, group.open_mask, len(group.positions))
    return SensingGate(*drawn, stimulus) if group.follows_calcium else StochasticGate(*drawn)


def _require_followable(group: Channels, expected: float, duration: float) -> None:
    """Refuse channels that go from state to state too often to be drawn, so many times each, at resting calcium."""
    most = min(MOST_EACH, MOST / len(group.positions))
    if expected > most:
        raise InputError(
            f"each of channels {group.name!r} would go from state to state about {expected:.2g} times in "
            f"{milliseconds(duration)}; at most {most:.2g} can be drawn: check the unit of the rates of their gate, "
            "leave out the fastest step, or leave out gating"
        )


def open_probability_table(
    group: Channels, stimulus: VoltageCourse, duration: float, calcium: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Times (ms) and probability that a channel is open, from its scheme under the voltage; at rest before.

    calcium  µM, all the time, for a gate that senses it

    Where the voltage jumps, comes to rest or leaves it, there are two rows, of one probability.
    """
    times, occupied = _occupancy_table(group, stimulus, duration, calcium)
    return times, _open_share(group, occupied)


def _occupancy_table(
    group: Channels, stimulus: VoltageCourse, duration: float, calcium: float
) -> tuple[np.ndarray, np.ndarray]:
    """Times (rows,) ms and probability of each state of a gate (states, rows)."""
    scheme = group.kinetics()
    pieces = rows_between(stimulus, duration)
    found = [scheme.equilibrium(stimulus.at_rest, calcium)[:, None]]
    for times in pieces:
        found.append(occupancies(scheme, stimulus.voltage, found[-1][:, -1], times, calcium))
    occupied = np.concatenate(found[1:], axis=1)
    if not np.isfinite(occupied).all():
        raise InputError(f"the gate of channels {group.name!r} could not be solved; check its rates")
    return np.concatenate(pieces), occupied


def _open_share(group: Channels, occupied: np.ndarray) -> np.ndarray:
    """Probability that a channel is open, (rows,), from that of each state."""
    return np.clip(occupied[group.open_mask].sum(axis=0), 0.0, 1.0)
