"""Channels of the library under the calyx action potential, against gates solved by other code."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from rdcalcium import library
from rdcalcium.currents import GroupCurrent, channel_currents
from rdcalcium.model import Box, Channels, Grid, Model, Run
from rdcalcium.units import AMOUNT_PER_CHARGE, IONS_PER_AMOUNT, parse
from tests.tolerances import TOLERANCES

END = 3.0  # ms
VOLTAGES = (-60, -40, -20, 0, 20, 40)  # mV
SAME_CURRENT = {"kind": "ohmic", "conductance": "2.07 pS", "reversal": "61.8 mV"}  # for which charges are known


class Known(NamedTuple):
    """What a channel does under the action potential of the calyx, whose first row is time 0.

    rest    open probability before it
    peak    highest open probability
    at      its time, ms
    width   full width at half maximum, ms
    opened  ∫ open probability dt, ms
    charge  through SAME_CURRENT, fC
    ions    the same
    steady  open probabilities at VOLTAGES
    """

    rest: float
    peak: float
    at: float
    width: float
    opened: float
    charge: float
    ions: float
    steady: tuple[float, ...]


KNOWN = {
    "calyx_borst_sakmann1998": Known(
        3.910e-6, 0.57765, 0.9675, 0.4895, 0.27859, 0.04318, 134.8,
        (0.00030, 0.01876, 0.34441, 0.85948, 0.98265, 0.99804),
    ),
    "PQ_type_li2007": Known(
        4.508e-7, 0.41662, 0.9550, 0.4060, 0.18129, 0.02867, 89.5,
        (0.00002, 0.00131, 0.06009, 0.68899, 0.94929, 0.96611),
    ),
    "N_type_li2007": Known(
        6.002e-7, 0.30549, 0.9470, 0.3835, 0.12802, 0.02008, 62.7,
        (0.00003, 0.00124, 0.04700, 0.60396, 0.95875, 0.98556),
    ),
    "R_type_li2007": Known(
        6.116e-6, 0.31676, 0.9750, 0.7455, 0.28229, 0.05984, 186.8,
        (0.00018, 0.00528, 0.12948, 0.79213, 0.98185, 0.99177),
    ),
    "mossy_fibre_bischofberger2002": Known(8.244e-7, 0.32404, 0.9425, 0.4020, 0.13203, 0.01992, 62.2, ()),
}  # fmt: skip


def group(name: str, **said: Any) -> Channels:
    return library.channels(name, positions=[[0, 0]], **said)


@cache
def driven(name: str) -> tuple[GroupCurrent, float]:
    """One channel under the action potential, and the time of its first row, ms."""
    model = Model(
        geometry=Box(size=(1, 1, 1)),
        discretization=Grid(size_at_active_zone=0.1),
        stimulus={"kind": "action_potential", "waveform": "calyx_keller2015"},
        channels=(group(name, current=SAME_CURRENT),),
        run=Run(duration=END),
    )
    assert model.stimulus is not None
    return channel_currents(model).groups[0], model.stimulus.table[0][0]


@pytest.mark.parametrize("name", KNOWN)
def test_an_action_potential_opens_a_channel_as_far_and_as_long_as_is_known(name: str) -> None:
    known, (current, begin) = KNOWN[name], driven(name)
    p, t = current.open_probability, np.linspace(0, END, 60001)
    assert p is not None
    course = p.value(t)
    above = t[course >= course.max() / 2]
    assert course[0] == pytest.approx(known.rest, rel=TOLERANCES["gate of the calyx"])
    assert course.max() == pytest.approx(known.peak, rel=TOLERANCES["gate of the calyx"])
    assert t[course.argmax()] - begin == pytest.approx(known.at, abs=0.0013)  # known on a grid of 2.5 us
    assert above[-1] - above[0] == pytest.approx(known.width, abs=0.0013)
    assert p.integral(0, END) == pytest.approx(known.opened, rel=TOLERANCES["gate of the calyx"])


@pytest.mark.parametrize("name", KNOWN)
def test_an_action_potential_lets_as_many_ions_through_a_channel_as_is_known(name: str) -> None:
    known, charge = KNOWN[name], driven(name)[0].influx.integral(0, END)  # pA ms = fC
    assert charge == pytest.approx(known.charge, rel=TOLERANCES["gate of the calyx"])
    assert charge * AMOUNT_PER_CHARGE * IONS_PER_AMOUNT == pytest.approx(
        known.ions, rel=TOLERANCES["gate of the calyx"]
    )


@pytest.mark.parametrize("name", [name for name, known in KNOWN.items() if known.steady])
def test_a_channel_activates_with_the_voltage_as_is_known(name: str) -> None:
    channels = group(name)
    scheme = channels.kinetics()
    is_open = [state in channels.open_states for state in scheme.states]
    steady = [scheme.equilibrium(voltage)[is_open].sum() for voltage in VOLTAGES]
    assert steady == pytest.approx(KNOWN[name].steady, abs=5.1e-6)


@pytest.mark.parametrize("name", library.entries("channels"))
def test_every_gate_is_as_open_as_its_entry_was_found_to_be(name: str) -> None:
    """At 50 nM, where it senses calcium."""
    channels = group(name)
    scheme = channels.kinetics()
    is_open = [state in channels.open_states for state in scheme.states]
    check = library.entries("channels")[name]["check"]
    found = [scheme.equilibrium(parse(voltage, "voltage"), 0.05)[is_open].sum() for voltage in check]
    assert found == pytest.approx([*check.values()], rel=1e-4)
    assert check
