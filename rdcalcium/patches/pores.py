"""Channels whose gate calcium changes: their states, and what enters through them into the control volumes there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.discretization import Discretization
from rdcalcium.discretization.mirrors import shared_sources
from rdcalcium.model import Channels, KineticScheme, Model, VoltageCourse
from rdcalcium.model.channels import FollowsCalcium
from rdcalcium.model.current_law import GatedCurrent
from rdcalcium.model.expression import Expression
from rdcalcium.model.names import VOLTAGE
from rdcalcium.patches.assembly import Assembly
from rdcalcium.patches.base import CLOCK, ENTERED, Course, Mechanism, Patch, Row, Stiffness
from rdcalcium.patches.flows import changes, shares
from rdcalcium.patches.stiffness import LEVELS, SAFETY
from rdcalcium.tabulation import rows_between
from rdcalcium.units import AMOUNT_PER_CHARGE

# The error allowed in the share of each state is the tolerance times this: a gate of which a hundredth is open still
# lets calcium in.
SCALE = 0.01
VOLTAGES = 100  # at which the rates of a gate are looked at
NUDGE = 1e-3  # relative change of calcium by which a derivative is taken
INFLUX = "influx"  # the current of an open channel, pA, in the rate of its charge


def pore_patches(
    model: Model, discretization: Discretization, of: FollowsCalcium = "patch"
) -> Iterator[tuple[Patch, Stiffness]]:
    """A patch for each group of channels that follows calcium so, and how it reacts; of "drawn" ones the mean."""
    for group, pores in zip(model.channels_within, model.pores(), strict=True):
        if group.follows_calcium == of and model.stimulus:
            mechanism = gate_mechanism(group, model.stimulus, model.run.duration, model.calcium.rest)
            volumes, amounts = _shares(pores, model, discretization)
            weights = amounts / discretization.volumes[volumes]
            yield (
                Patch(mechanism, volumes, amounts, weights),
                gate_stiffness(group.kinetics(), mechanism, weights.max()),
            )


def _shares(pores: np.ndarray, model: Model, discretization: Discretization) -> tuple[np.ndarray, np.ndarray]:
    """Control volumes at the pores, and what enters each for a charge through one channel, µM µm³ pA⁻¹ ms⁻¹."""
    planes = [*model.geometry.mirrors.items()]
    cells, parts = shared_sources(pores, planes, discretization)
    volumes, place = np.unique(cells[parts > 0], return_inverse=True)
    return volumes, np.bincount(place, parts[parts > 0]) * AMOUNT_PER_CHARGE


def gate_mechanism(group: Channels, stimulus: VoltageCourse, duration: float, rest: float) -> Mechanism:
    """The gate of a channel with a row for the share of each state but the first, for its charge in pA ms, and a clock.

    The last row but one is the charge that has entered, whose rate is p_open i(V(t)). Its calcium is -1, so that the
    ledger counts it as a source, and the extent of a site is an amount for each pA ms. The gate begins in
    equilibrium with the first voltage at rest (µM).
    """
    scheme, parts = group.kinetics(), Assembly(rest)
    names = {name: parts.place(value) for name, value in scheme.parameters.items()}
    share, rates = shares(scheme), changes(scheme, names)
    start = scheme.equilibrium(stimulus.at_rest, rest)
    rows = [
        Row(share[state], Expression(rates[state]), float(begins), scale=SCALE)
        for state, begins in zip(scheme.states[1:], start[1:], strict=True)
    ]
    is_open = " + ".join(share[state] for state in scheme.states if state in group.open_states)
    rows.append(Row("charge", Expression(f"{INFLUX}*({is_open})"), calcium=-1.0, account=ENTERED))
    rows.append(Row(CLOCK, Expression("1")))
    courses = _courses(group, stimulus, duration)
    if not scheme.depends_on_voltage:
        del courses[VOLTAGE]
    return Mechanism(f"channels {group.name}", tuple(rows), parts.parameters, courses=courses)


def voltage_course(stimulus: VoltageCourse, duration: float) -> Course:
    """The voltage, mV; where it jumps it takes a moment for that, less than to the next row.

    The first value is that at rest, also where it jumps at once.
    """
    times = np.concatenate(rows_between(stimulus, duration))
    values = stimulus.voltage(times, before=np.append(np.diff(times) == 0, False))
    if values[0] != stimulus.at_rest:
        times, values = np.append(times[0], times), np.append(stimulus.at_rest, values)
    return Course.through(times, values)


def _courses(group: Channels, stimulus: VoltageCourse, duration: float) -> dict[str, Course]:
    """The voltage, mV, and the current of an open channel, pA."""
    course = voltage_course(stimulus, duration)
    law = group.current
    assert isinstance(law, GatedCurrent)  # the model has checked it
    inward = law.inward(np.ones(len(course.times)), course.values)
    return {VOLTAGE: course, INFLUX: Course(course.times, inward)}


def gate_stiffness(scheme: KineticScheme, mechanism: Mechanism, weight: float) -> Stiffness:
    """How a gate and calcium at its pore react at all voltages, while calcium is below each of LEVELS.

    The spectral radius of the generator; and √(a b) of what states do to calcium, a = w i, and calcium to states, b.
    What enters follows the states alone, so that it has no slope by calcium.
    """
    voltage = mechanism.courses[VOLTAGE].values if VOLTAGE in mechanism.courses else np.zeros(1)
    volts = np.linspace(voltage.min(), voltage.max(), VOLTAGES)
    q = scheme.generator(volts, LEVELS[:, None])
    radii = np.abs(np.linalg.eigvals(q)).max(axis=(1, 2))
    more = scheme.generator(volts, (1 + NUDGE) * LEVELS[:, None])
    slopes = np.abs(more - q).max(axis=(1, 2, 3)) / (NUDGE * LEVELS)
    inward = np.abs(mechanism.courses[INFLUX].values).max()
    found = SAFETY * (radii + np.sqrt(weight * inward * slopes))
    return Stiffness(LEVELS, np.maximum.accumulate(found), np.zeros(len(LEVELS)))
