"""The steps of a run: as long as they may be, to their events, and with stages enough."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rdcalcium.chemistry import CALCIUM
from rdcalcium.integrators import limits
from rdcalcium.model import Box, Buffer, Channels, GaussianCurrent, Grid, Model, PulseCurrent, Run
from rdcalcium.simulation import Moment, Simulation
from tests.models import small_model
from tests.support import fresh


def wide(*channels: Channels, duration: float = 0.3, **run: Any) -> Model:
    """The small model in cells of 50 nm, where steps are cheap."""
    return small_model(
        discretization=Grid(size_at_active_zone=0.05), channels=channels, run=Run(duration=duration, **run)
    )


def pore(current: PulseCurrent | GaussianCurrent) -> Channels:
    return Channels(name="Ca", positions=((0, 0),), current=current)


def steps(run: Simulation) -> list[Moment]:
    found: list[Moment] = []
    run.run(found.append)
    return found


def test_no_step_is_longer_than_was_asked_for(backend: str) -> None:
    pulse = pore(PulseCurrent(amplitude=0.1, start=0.05, duration=0.1))
    lengths = [step.h for step in steps(fresh(wide(pulse, max_step=0.004), backend))]
    assert max(lengths) == pytest.approx(0.004)
    assert sum(lengths) == pytest.approx(0.3)


def test_no_step_leaves_a_sliver_before_an_event(backend: str) -> None:
    run = fresh(wide(duration=0.1), backend)
    state = run.state()
    state["clock"][1] = 0.1 * (1 - 1e-12)  # how long the next step is to be, ms
    run.restore(state)
    assert [step.h for step in steps(run)] == [0.1]


def test_an_event_is_a_new_beginning(backend: str) -> None:
    """Where implicit steps have paid since the last one, explicit ones have to fail anew before these are tried."""
    run = fresh(wide(pore(PulseCurrent(amplitude=0.1, start=0.05, duration=0.1))), backend)
    state = run.state()
    state["clock"][2] = limits.IMPLICIT_ON  # stages above which a step is implicit
    run.restore(state)
    while run.t < 0.05:
        assert run.state()["clock"][2] == limits.IMPLICIT_ON
        run.advance()
    assert run.state()["clock"][2] == limits.IMPLICIT_FROM


def test_the_stages_of_a_step_reach_as_far_as_reactions_become_stiff_in_it(backend: str) -> None:
    """A fast buffer where cells are so wide that nothing else is stiff, and calcium that rises slowly."""
    fast = Buffer(name="fast", total=1, diffusivity=0, k_on=50, K_d=10)
    wide_box = {"geometry": Box(size=(0.5, 0.5, 0.5)), "discretization": Grid(size_at_active_zone=0.25), "probes": ()}
    bell = pore(GaussianCurrent(amplitude=0.01, peak=40, width=20))
    run = fresh(
        small_model(buffers=(fast,), channels=(bell,), run=Run(duration=40, tolerance=0.1), **wide_box), backend
    )

    def stiffness() -> float:
        return float(run.system.stiffness(np.max(run.do.to_host(run.stepper.y)[CALCIUM])))

    rises = []
    while not run.finished:
        before, step = stiffness(), run.advance()
        assert run.method.reach(step.evaluations) >= step.h * stiffness()
        rises.append(stiffness() / before)
    assert max(rises) > 1.1
