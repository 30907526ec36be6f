"""What an open channel lets in, and how likely it is open: a permeability or a rate in a wrong unit is seen here."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.currents import Currents
from rdcalcium.model import GatedCurrent, Model, VoltageCourse
from rdcalcium.time_course import TimeCourse
from rdcalcium.units import FEMTOAMPERES, figures, milliseconds

DEPOLARISED = 0.0  # mV, at which single channels are compared
SMALL = 0.1  # pA, below which a current is told in fA


def open_channels(model: Model, currents: Currents) -> Iterator[str]:
    """A line for each group whose current depends on the voltage; prescribed currents are as the model says.

    currents  of all groups of the model
    """
    for group, course in zip(model.channels_within, currents.groups, strict=True):
        law = group.current
        if isinstance(law, GatedCurrent):
            one = _in_words(float(law.inward(np.array(1.0), np.array(DEPOLARISED))))
            chance = course.open_probability
            often = _how_often(law, chance, model.stimulus) if chance and model.stimulus else ""
            where = ", in resting calcium" if often and group.follows_calcium else ""
            yield f"channels {group.name!r}: {one} through an open one at 0 mV{often}{where}"


def _how_often(law: GatedCurrent, chance: TimeCourse, stimulus: VoltageCourse) -> str:
    """The open probability before the stimulus and at most, and the most that a channel lets in on average."""
    times = chance.knots
    probability = chance.value(times, before=True)  # which never jumps; beyond its last knot it is 0
    inward = law.inward(probability, stimulus.voltage(times))
    most = int(inward.argmax())
    return (
        f"; open with probability {figures(chance.before)} before the stimulus and "
        f"{figures(float(probability.max()))} at most; on average {_in_words(float(inward[most]))} at most, "
        f"at {milliseconds(float(times[most]), 3)}"
    )


def _in_words(current: float) -> str:
    """A current in pA for a reader: "0.125 pA", "77.2 fA"."""
    return f"{figures(FEMTOAMPERES * current)} fA" if abs(current) < SMALL else f"{figures(current)} pA"
