"""A run that cannot go on stops, and says when, where and what to try."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium.model import Channels, PulseCurrent
from rdcalcium.simulation import SimulationError
from tests.models import small_model
from tests.support import fresh


def test_a_state_that_is_not_a_number_is_found_and_told(backend: str) -> None:
    run = fresh(small_model(), backend)
    run.advance()
    state = run.do.to_host(run.stepper.y)
    cell = int(np.argmax(run.system.discretization.volumes))
    state[2, cell] = np.nan
    run.stepper.y = run.do.from_host(state)
    with pytest.raises(SimulationError, match=r"the step fell below 1e-10 ms at t = .*; the largest value is") as told:
        run.run()
    assert f"{run.system.fields[2].name} = nan uM at (" in str(told.value)
    assert str(told.value).endswith("or check the currents and rates")


def test_calcium_beyond_what_dissolves_stops_the_run() -> None:
    """As from a current in fA that was read as pA."""
    pulse = PulseCurrent(amplitude=1e4, start=0.0, duration=0.1)
    run = fresh(
        small_model(chemistry="no buffer", channels=(Channels(name="Ca", positions=((0, 0),), current=pulse),)), "numpy"
    )
    with pytest.raises(
        SimulationError, match=r"calcium is beyond 1e\+06 uM at t = .* nm; check the unit of the currents"
    ):
        run.run()
    assert run.t < 0.1
