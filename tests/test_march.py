"""A device that takes explicit steps by itself takes those that the host would take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rdcalcium.backends import Operations
from rdcalcium.backends import march as rounds
from rdcalcium.backends.base import Array
from rdcalcium.backends.model_code import model_code
from rdcalcium.backends.program import TABLES, Status
from rdcalcium.backends.sources import kernel_names, signature
from rdcalcium.currents import UNSEEN
from rdcalcium.model import Box, Channels, GaussianCurrent, Grid, Model, Probe, PulseCurrent, Run
from rdcalcium.simulation import Moment, Simulation, SimulationError
from rdcalcium.stepping import device
from tests.models import patched_system, small_model
from tests.support import PRECISIONS, fresh, launched_ahead
from tests.tolerances import TOLERANCES

KINDS = ("grid", "tetrahedra")
MOST_STEPS = 2000
PULSE = Channels(name="pulse", positions=((0.02, 0.03),), current=PulseCurrent(amplitude=0.2, start=0.1, duration=0.05))
BELL = Channels(name="bell", positions=((-0.03, 0.0),), current=GaussianCurrent(amplitude=0.1, peak=0.2, width=0.02))


def model(kind: str, **run: Any) -> Model:
    return small_model(kind, channels=(PULSE, BELL), run=Run(duration=0.3, **run))


def moments(run: Simulation) -> list[Moment]:
    """Its steps, which are no thousands unless something makes them far too short."""
    found: list[Moment] = []

    def look(moment: Moment) -> None:
        found.append(moment)
        assert len(found) < MOST_STEPS, f"at {moment.t} ms steps are {moment.h} ms long"

    run.run(look)
    return found


@pytest.mark.parametrize("stages", [1, 7, 60, None])  # no step has as many as 60
@pytest.mark.parametrize("kind", KINDS)
def test_it_does_not_matter_how_many_stages_a_round_has(
    kind: str, stages: int | None, kernel_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = model(kind)
    twin = fresh(described, kernel_backend)
    twin.run()
    monkeypatch.setattr(rounds, "ROOMS", (stages,) if stages else rounds.ROOMS)
    run = launched_ahead(described, kernel_backend)
    while not run.finished and run.steps <= twin.steps:
        run.stretch()
    assert (run.steps, run.rejected, run.stepper.evaluations) == (twin.steps, twin.rejected, twin.stepper.evaluations)
    assert twin.rejected > 0
    assert np.array_equal(run.do.to_host(run.stepper.y), twin.do.to_host(twin.stepper.y))
    assert run.balance() == twin.balance()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("method", ["RKC2", "RKL2"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_device_decides_as_the_host_does(kind: str, method: str, precision: str, kernel_backend: str) -> None:
    described = model(kind, method=method, precision=precision)
    run, twin = fresh(described, kernel_backend), fresh(described, "numpy")
    seen, expected = moments(run), moments(twin)
    decimals = TOLERANCES[f"run, {precision}"]
    if precision == "float64":
        assert [m.evaluations for m in seen] == [m.evaluations for m in expected]
        assert [m.t for m in seen] == pytest.approx([m.t for m in expected], rel=1e-9)
    np.testing.assert_allclose(run.values, twin.values, rtol=decimals)
    assert run.balance().entered == pytest.approx(twin.balance().entered, rel=1e-9 if precision == "float64" else 1e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_inside_a_step_points_are_read_from_the_log_as_from_the_state(kind: str, kernel_backend: str) -> None:
    under = [Probe(name=group.name, position=(*group.points[0][:2], 0.005)) for group in (PULSE, BELL)]
    run = fresh(model(kind, tolerance=0.1).changed(probes=under), kernel_backend)  # where sources bend the curves
    while not run.finished:
        moment = run.advance()
        times = moment.t - moment.h * np.array([1.0, 0.7, 0.4, 0.0])
        from_log = run.values_within(moment, times)
        from_state = np.array([*run.within(moment, times, run.points.fetch)])
        np.testing.assert_allclose(from_log, run.points.within(times, from_state), rtol=1e-9, atol=1e-12)


def test_no_step_follows_one_that_somebody_waits_for(kernel_backend: str) -> None:
    run, twin = fresh(model("grid"), kernel_backend), fresh(model("grid"), kernel_backend)
    for until in (0.05, 0.1234, 0.25):
        *before, last = run.stretch(until)
        while run.t < until:
            *before, last = run.stretch(until)
        assert last.t >= until > last.t - last.h
        assert all(moment.t < until for moment in before)
        while twin.t < run.t:
            moment = twin.advance()
        times = np.array([until])
        np.testing.assert_array_equal([*run.fields_within(last, times)], [*twin.fields_within(moment, times)])


def test_fields_inside_a_step_that_the_device_has_left_are_refused(kernel_backend: str) -> None:
    run = fresh(model("grid"), kernel_backend)
    while len(found := run.stretch()) < 2:
        pass
    with pytest.raises(SimulationError, match=r"only the last step can be looked into, .* by its `until`"):
        [*run.fields_within(found[0], np.array([found[0].t - 0.5 * found[0].h]))]
    assert run.values_within(found[0], np.array([found[0].t - 0.5 * found[0].h])).shape[0] == 1  # from the log


def test_nothing_is_copied_between_host_and_device_within_a_round(
    kernel_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps are planned, taken, judged and noted without the host, the rejected ones too."""
    copies: list[str] = []
    run = launched_ahead(model("grid"), kernel_backend)
    kind = type(run.do)

    def counted(name: str) -> None:
        real = getattr(kind, name)

        def count(self: Operations, values: Array) -> Array:
            copies.append(name)
            return real(self, values)

        monkeypatch.setattr(kind, name, count)

    marcher = run.way.marcher
    marcher.begin(run.way.start(run.pace, 0.0, np.inf), run.stepper.states)
    counted("upload")
    counted("download")
    for _ in range(100):
        marcher.plan()
        marcher.step(40)
    assert copies == []
    assert marcher.now("steps") > 20
    assert marcher.now("rejected") > 0
    assert len(copies) == 2  # those of the last two lines


@pytest.mark.parametrize("open_run", [fresh, launched_ahead])
def test_a_device_at_the_end_of_its_run_says_so(open_run: Callable[..., Simulation], kernel_backend: str) -> None:
    """There is no stop after the last one, which it would have to look up."""
    run = open_run(model("grid"), kernel_backend)
    start = {"t": run.model.run.duration, "h": 0.01, "many": 1e9, "until": np.inf}
    run.stepper.rate()
    done = run.way.marcher.go(start, run.stepper.states, 3)
    assert done.status == Status.DUE
    assert len(done.log) == 0
    assert done.march["step"] == 0


def test_a_full_log_is_handed_over_and_the_run_goes_on(kernel_backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    described = model("grid", max_step=1e-3)
    monkeypatch.setattr(device, "AWAY", np.inf)
    run = fresh(described, kernel_backend)
    found = moments(run)
    assert len(found) == run.steps > 2 * 64
    assert np.all(np.diff([m.t for m in found]) > 0)
    assert found[-1].t == described.run.duration


def test_the_stages_of_a_step_see_the_charge_that_flows(backend: str) -> None:
    """A bell of 5 us after 2 ms of rest is not stepped over, by steps whose stages lie 100 us apart."""
    bell = BELL.model_copy(update={"current": GaussianCurrent(amplitude=0.1, peak=2.0, width=0.005)})
    wide = {"geometry": Box(size=(0.4, 0.4, 0.4)), "discretization": Grid(size_at_active_zone=0.1), "probes": ()}
    coarse = small_model(chemistry="no buffer", channels=(bell,), run=Run(duration=3, tolerance=0.1), **wide)
    run = fresh(coarse, backend)
    run.run()
    flows = run.influx.currents.groups[0].influx.integral(0, 3.0) * run.influx.amounts[0]
    assert run.balance().entered == pytest.approx(flows * run.model.copies, rel=UNSEEN)


@pytest.mark.parametrize("open_run", [fresh, launched_ahead])
def test_a_step_that_is_halved_is_taken_also_alone(open_run: Callable[..., Simulation], kernel_backend: str) -> None:
    """A spike that its stages miss: every call takes a step, or rejects an attempt."""
    spike = {"kind": "table", "times": [0, 1, 1.005, 1.01, 2], "values": [0, 0.01, 0.5, 0.01, 0.02]}
    pore = Channels(name="Ca", positions=((0, 0),), current=spike)
    wide = {"geometry": Box(size=(0.5, 0.5, 0.5)), "discretization": Grid(size_at_active_zone=0.25), "probes": ()}
    described = small_model(chemistry="no buffer", channels=(pore,), run=Run(duration=2, tolerance=0.1), **wide)
    run, twin = open_run(described, kernel_backend), fresh(described, "numpy")
    while not run.finished:
        done = run.t, run.rejected
        run.stretch(alone=True)
        assert (run.t, run.rejected) > done
    assert len(moments(twin)) == run.steps


def test_the_arrays_of_a_march_are_named_as_in_its_kernels() -> None:
    code = model_code(patched_system("grid"))
    arguments = [a for name in kernel_names() for a in signature(name, code).arguments]
    declared = {(a.name, a.type) for a in arguments}
    assert {(name, kind) for name, kind in TABLES.items() if not name.endswith("_errors")} <= declared


def test_a_backend_that_takes_no_steps_has_no_march() -> None:
    run = fresh(model("grid"), "numpy")
    assert run.way is run.host
    with pytest.raises(NotImplementedError):
        run.do.marcher(None)
