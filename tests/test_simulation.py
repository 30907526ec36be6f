"""Whoever takes steps may look at all of them, at some or at none; a run that cannot go on says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rdcalcium import runner
from rdcalcium.chemistry import CALCIUM
from rdcalcium.model import Channels, Model, PulseCurrent, Run
from rdcalcium.results.csv_table import read_table
from rdcalcium.simulation import Moment, Simulation, SimulationError
from tests.models import small_model
from tests.support import fresh, simulate

PULSE = Channels(name="pulse", positions=((0.02, 0.03),), current=PulseCurrent(amplitude=0.2, start=0.1, duration=0.05))
SENSOR = {"use": "schneggenburger_neher2000", "positions": [[0.03, 0.0, 0.0]]}


def watched_model() -> Model:
    """With rest, a pulse, and a sensor."""
    return small_model(channels=(PULSE,), sensors=(SENSOR,), run=Run(duration=0.3))


def seen(run: Simulation, moment: Moment) -> list[np.ndarray]:
    """What rows could be made of a step, at its end and inside."""
    middle = np.array([moment.t - 0.4 * moment.h])
    inside = run.values_within(moment, middle)
    (sensor,), (step,) = run.sensors, moment.release
    calcium = moment.values[CALCIUM, sensor.places], inside[0, CALCIUM, sensor.places]
    return [moment.values, inside, sensor.look(calcium[0], 1.0, step), sensor.look(calcium[1], 0.6, step)]


def test_who_looks_at_the_first_step_alone_loses_none(backend: str) -> None:
    run, twin = fresh(watched_model(), backend), simulate(watched_model(), backend)
    while not run.finished:
        for _ in run.stretch():
            break
    assert (run.t, run.steps, run.rejected) == (twin.t, twin.steps, twin.rejected)
    assert run.balance() == twin.balance()
    assert np.array_equal(run.values, twin.values)
    assert np.array_equal(run.sensors[0].probability(), twin.sensors[0].probability())


def test_a_step_among_many_shows_what_it_shows_alone(backend: str) -> None:
    """Also when all of them have been taken before the first is looked at."""
    run, twin = fresh(watched_model(), backend), fresh(watched_model(), backend)
    longest = 0
    while not run.finished:
        moments = run.stretch()
        longest = max(longest, len(moments))
        for moment in moments:
            alone = twin.advance()
            assert (moment.t, moment.h, moment.evaluations) == (alone.t, alone.h, alone.evaluations)
            for one, other in zip(seen(run, moment), seen(twin, alone), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-14)  # sums over many points may go in another order
    assert twin.finished
    assert longest > 1 or run.way is run.host


def test_after_its_end_a_run_takes_no_step(backend: str) -> None:
    run = simulate(small_model(run=Run(duration=0.05)), backend)
    steps, balance = run.steps, run.balance()
    for further in (run.advance, run.stretch):
        with pytest.raises(SimulationError, match=r"^the run is at its end, t = 0.05 ms, and no step follows; ask"):
            further()
    run.run()  # to the end, where it is
    assert (run.steps, run.balance()) == (steps, balance)


def test_a_moment_that_no_step_led_to_has_no_inside(backend: str) -> None:
    run = fresh(watched_model(), backend)
    rest = run.now()
    (fields,) = run.fields_within(rest, np.zeros(1))
    assert np.array_equal(fields, run.do.to_host(run.stepper.y))
    (values,) = run.values_within(rest, np.zeros(1))
    assert np.array_equal(values, run.values)
    with pytest.raises(SimulationError, match="only the last step can be looked into"):
        run.values_within(rest, np.array([0.1]))
    run.advance()
    with pytest.raises(SimulationError, match="only the last step can be looked into"):
        run.fields_within(rest, np.zeros(1))


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


def test_steps_before_a_run_breaks_off_are_told(backend: str, tmp_path: Path) -> None:
    """All but the last, which brought too much; so a run folder has their rows."""
    pulse = PulseCurrent(amplitude=1e4, start=0.01, duration=0.1)
    model = small_model(chemistry="no buffer", channels=(Channels(name="Ca", positions=((0, 0),), current=pulse),))
    run, looked_at = fresh(model, backend), []
    with pytest.raises(SimulationError, match="calcium is beyond") as told:
        run.run(looked_at.append)
    looked_at += told.value.before
    assert len(looked_at) == run.steps - 1 > 0
    with pytest.raises(SimulationError, match="calcium is beyond"):
        runner.run(model, backend, tmp_path / "run", warn=lambda sentences: None)
    assert len(read_table(tmp_path / "run" / "probes.csv")["time (ms)"]) == 1 + len(looked_at)
