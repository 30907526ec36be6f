"""What `check` says of open channels: how much one lets in, and how likely it is open."""

from __future__ import annotations

import math
from typing import Any

import pytest

import rdcalcium as rc
from tests.model_tables import model_of_tables

FARADAY = 96485.33212  # C/mol
TO_ZERO = {"kind": "voltage_step", "holding": -80, "steps": [{"level": 0, "start": 1, "duration": 9}]}
GATE = ["C0 <-> C1 : 2*1.78*exp(V/23.3), 0.14*exp(-V/15)", "C1 <-> O : 1.78*exp(V/23.3), 2*0.14*exp(-V/15)"]


def told(current: dict[str, Any], **changes: Any) -> list[str]:
    channels = {"name": "Ca", "positions": [[0, 0]], "gate": GATE, "open_states": ["O"], "current": current, **changes}
    model = model_of_tables(
        channels=[channels],
        stimulus=TO_ZERO,
        temperature="24 degC",
        extracellular={"calcium": "2 mM"},
        run={"duration": 9},
    )
    return [line for line in rc.check(model) if line.startswith("channels 'Ca'")]


@pytest.mark.parametrize(("permeability", "unit"), [(2e-19, "fA"), (1e-18, "pA")])
def test_a_permeability_is_told_as_the_current_of_an_open_channel(permeability: float, unit: str) -> None:
    """At 0 mV the constant field leaves z F P (c_out - c_in), where c_in is 50 nM."""
    current = 2 * FARADAY * permeability * (2 - 5e-5) * {"fA": 1e15, "pA": 1e12}[unit]  # mol/m³
    (line,) = told({"kind": "GHK", "permeability": f"{permeability} m^3/s"})
    assert f"{current:.3g} {unit} through an open one at 0 mV" in line


def test_how_likely_channels_are_open_is_that_of_their_gates() -> None:
    """Of two independent gates (a / (a + b))² at rest; and after 8 ms at 0 mV, many times as long as they need."""
    (line,) = told({"kind": "ohmic", "conductance": "2 pS", "reversal": "60 mV"})
    a, b = 1.78 * math.exp(-80 / 23.3), 0.14 * math.exp(80 / 15)
    most = (1.78 / 1.92) ** 2
    assert f"open with probability {(a / (a + b)) ** 2:.3g} before the stimulus and {most:.3g} at most" in line
    assert f"on average {most * 0.12:.3g} pA at most, at " in line


def test_openings_that_are_prescribed_and_currents_too_are_as_the_model_says() -> None:
    (line,) = told({"kind": "ohmic", "conductance": "2 pS", "reversal": "60 mV"}, gate=None, openings=[[1, 2]])
    assert line.endswith("0.12 pA through an open one at 0 mV")
    assert not [line for line in rc.check(model_of_tables()) if line.startswith("channels")]
