"""A device that takes explicit steps by itself takes those that the host would take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rdcalcium import march
from rdcalcium.backends import Operations, open_backend
from rdcalcium.backends.base import Array
from rdcalcium.backends.compiled import CompiledOperations
from rdcalcium.backends.march import FIRST
from rdcalcium.currents import UNSEEN
from rdcalcium.discretization.build import discretize
from rdcalcium.model import Box, Channels, GaussianCurrent, Grid, Model, Probe, PulseCurrent, Run
from rdcalcium.simulation import Moment, Simulation
from rdcalcium.system import build_system
from tests.models import small_model
from tests.support import PRECISIONS, LikeAGpu, RoundsOfAGpu, fresh, need_backend
from tests.tolerances import TOLERANCES

KINDS = ("grid", "tetrahedra")
PULSE = Channels(name="pulse", positions=((0.02, 0.03),), current=PulseCurrent(amplitude=0.2, start=0.1, duration=0.05))
BELL = Channels(name="bell", positions=((-0.03, 0.0),), current=GaussianCurrent(amplitude=0.1, peak=0.2, width=0.02))


def model(kind: str, **run: Any) -> Model:
    return small_model(kind, channels=(PULSE, BELL), run=Run(duration=0.3, **run))


def like_a_gpu(described: Model) -> Simulation:
    need_backend("compiled")
    system = build_system(described, discretize(described))
    return Simulation(described, LikeAGpu(system, described.run.precision))


def moments(run: Simulation) -> list[Moment]:
    found: list[Moment] = []
    run.run(found.append)
    return found


@pytest.mark.parametrize("stages", [1, 7, 400, None])
@pytest.mark.parametrize("kind", KINDS)
def test_it_does_not_matter_how_many_stages_a_round_has(
    kind: str, stages: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RoundsOfAGpu, "each", stages)
    described = model(kind)
    run, twin = like_a_gpu(described), fresh(described)
    twin.run()
    while not run.finished and run.steps <= twin.steps:
        list(run.stretch())
    assert (run.steps, run.rejected, run.stepper.evaluations) == (twin.steps, twin.rejected, twin.stepper.evaluations)
    assert twin.rejected > 0
    assert np.array_equal(run.do.to_host(run.stepper.y), twin.do.to_host(twin.stepper.y))
    assert run.balance() == twin.balance()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("method", ["RKC2", "RKL2"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_device_decides_as_the_host_does(kind: str, method: str, precision: str) -> None:
    described = model(kind, method=method, precision=precision)
    run, twin = fresh(described, "compiled"), fresh(described, "numpy")
    seen, expected = moments(run), moments(twin)
    decimals = TOLERANCES[f"run, {precision}"]
    if precision == "float64":
        assert [m.evaluations for m in seen] == [m.evaluations for m in expected]
        assert [m.t for m in seen] == pytest.approx([m.t for m in expected], rel=1e-9)
    np.testing.assert_allclose(run.values, twin.values, rtol=decimals)
    assert run.balance().entered == pytest.approx(twin.balance().entered, rel=1e-9 if precision == "float64" else 1e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_inside_a_step_points_are_read_from_the_log_as_from_the_state(kind: str) -> None:
    under = [Probe(name=group.name, position=(*group.points[0][:2], 0.005)) for group in (PULSE, BELL)]
    run = fresh(model(kind, tolerance=0.1).changed(probes=under))  # where sources bend the curves
    while not run.finished:
        moment = run.advance()
        times = moment.t - moment.h * np.array([1.0, 0.7, 0.4, 0.0])
        from_log = run.values_within(moment, times)
        run._inside = None  # as if the log had nothing
        np.testing.assert_allclose(from_log, run.values_within(moment, times), rtol=1e-9, atol=1e-12)


def test_no_step_follows_one_that_somebody_waits_for() -> None:
    run, twin = fresh(model("grid")), fresh(model("grid"))
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


def test_fields_inside_a_step_that_the_device_has_left_are_refused() -> None:
    run = fresh(model("grid"))
    while len(found := list(run.stretch())) < 2:
        pass
    with pytest.raises(AssertionError, match="ask for it with `until`"):
        [*run.fields_within(found[0], np.array([found[0].t - 0.5 * found[0].h]))]


def test_nothing_is_copied_between_host_and_device_within_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are planned, taken, judged and noted without the host, the rejected ones too."""
    copies: list[str] = []

    def counted(name: str) -> None:
        real = getattr(CompiledOperations, name)

        def count(self: Operations, values: Array) -> Array:
            copies.append(name)
            return real(self, values)

        monkeypatch.setattr(CompiledOperations, name, count)

    run = like_a_gpu(model("grid"))
    device = run.device.marcher
    device.begin(run._started(np.inf), run.stepper.states)
    counted("upload")
    counted("download")
    for _ in range(100):
        device.plan()
        device.step(40)
    assert copies == []
    assert device.now("steps") > 20
    assert device.now("rejected") > 0
    assert len(copies) == 2  # those of the last two lines


def test_a_full_log_is_handed_over_and_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    described = model("grid", max_step=1e-3)
    monkeypatch.setattr(march, "AWAY", np.inf)
    run = fresh(described)
    found = moments(run)
    assert len(found) == run.steps > 2 * 64
    assert np.all(np.diff([m.t for m in found]) > 0)
    assert found[-1].t == described.run.duration


def test_the_stages_of_a_step_see_the_charge_that_flows() -> None:
    """A bell of 5 us after 2 ms of rest is not stepped over, by steps whose stages lie 100 us apart."""
    bell = BELL.model_copy(update={"current": GaussianCurrent(amplitude=0.1, peak=2.0, width=0.005)})
    wide = {"geometry": Box(size=(0.4, 0.4, 0.4)), "discretization": Grid(size_at_active_zone=0.1), "probes": ()}
    coarse = small_model(chemistry="no buffer", channels=(bell,), run=Run(duration=3, tolerance=0.1), **wide)
    for backend in ("compiled", "numpy"):
        run = fresh(coarse, backend)
        run.run()
        flows = run.influx.currents.groups[0].influx.integral(0, 3.0) * run.influx.amounts[0]
        assert run.balance().entered == pytest.approx(flows * run.model.copies, rel=UNSEEN)


def test_a_round_begins_with_the_first_stage() -> None:
    assert FIRST == 1  # begin.cu makes it, see.cu says so
    with pytest.raises(NotImplementedError):
        open_backend("numpy", fresh(model("grid")).system).marcher(None)
