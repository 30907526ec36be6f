"""What must hold in every run: calcium is conserved, nothing falls below zero, rest stays rest, mirrors mirror."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium.backends import open_backend
from rdcalcium.chemistry import CALCIUM
from rdcalcium.model import (
    Box,
    Channels,
    Grid,
    Model,
    Probe,
    PulseCurrent,
    Record,
    Run,
    Snapshots,
    Tetrahedra,
)
from rdcalcium.simulation import Simulation
from tests.models import small_model, small_system
from tests.support import on_cells, simulate
from tests.tolerances import TOLERANCES


def simulation(backend: str, kind: str, chemistry: str = "six fields", **changes: object) -> Simulation:
    """A small model on a backend, not yet run."""
    model = small_model(kind, chemistry, **changes)
    return Simulation(model, open_backend(backend, small_system(kind, chemistry), model.run.precision))


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
@pytest.mark.parametrize("chemistry", ["no buffer", "six fields"])
def test_total_calcium_balances_to_rounding(backend, kind, chemistry):
    run = simulation(backend, kind, chemistry)
    run.run()
    balance = run.balance()
    assert balance.entered > 0.01
    assert abs(balance.missing) < TOLERANCES["balance, float64"] * balance.entered


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_total_calcium_balances_in_single_precision(backend, kind):
    run = simulation(backend, kind, run=Run(duration=0.3, precision="float32"))
    run.run()
    balance = run.balance()
    assert abs(balance.missing) < TOLERANCES["balance, float32"] * (balance.initial + balance.entered)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_what_enters_is_the_charge_of_the_channel(kind):
    run = simulation("numpy", kind)
    run.run()
    assert run.balance().entered == pytest.approx(0.1 * 0.1 * 5.1821348, rel=1e-7)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_no_concentration_falls_below_zero_beyond_the_tolerance(backend, kind):
    run = simulation(backend, kind)
    lowest = np.inf
    while not run.finished:
        run.advance()
        lowest = min(lowest, run.do.to_host(run.stepper.y).min())
    assert lowest > -1e-3 * run.rtol


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_resting_terminal_rests(backend, kind):
    run = simulation(backend, kind, channels=(), run=Run(duration=10))
    run.run()
    drift = np.abs(run.do.to_host(run.stepper.y) - run.system.chemistry.rest[:, None]).max(axis=1)
    assert drift[CALCIUM] < 1e-9
    assert (drift / np.maximum(run.system.chemistry.rest, 1)).max() < 1e-9


def test_a_mirror_image_has_the_same_calcium(backend):
    def end(x: float) -> np.ndarray:
        channel = Channels(
            name="Ca", positions=((x, 0.02),), current=PulseCurrent(amplitude=0.1, start=0.0, duration=0.1)
        )
        model = Model(
            geometry=Box(size=(0.4, 0.4, 0.2)),
            discretization=Grid(size_at_active_zone=0.02),
            channels=(channel,),
            probes=(
                Probe(name="same side", position=(3 * x, 0.05, 0.03)),
                Probe(name="other side", position=(-2 * x, -0.04, 0.01)),
            ),
            run=Run(duration=0.15),
        )
        return simulate(model, backend).values

    np.testing.assert_allclose(end(0.05), end(-0.05), rtol=1e-10)


def quarter_and_whole(**changes: object) -> tuple[Model, Model]:
    """A channel in the middle of a box: the whole, and the quarter between its mirror planes."""

    def model(symmetry: tuple[str, ...]) -> Model:
        return Model(
            geometry=Box(size=(0.42, 0.42, 0.2), symmetry=symmetry),
            discretization=Grid(size_at_active_zone=0.02),
            channels=(
                Channels(
                    name="Ca",
                    positions=((0, 0),),
                    current=PulseCurrent(amplitude=0.1, start=0.0, duration=0.1),
                ),
            ),
            probes=(
                Probe(name="near", position=(0.06, 0.02, 0.01)),
                Probe(name="far", position=(0.16, 0.1, 0.15)),
            ),
            run=Run(duration=0.2, tolerance=1e-4),
        ).changed(**changes)

    return model(("x", "y")), model(())


def test_a_quarter_between_mirror_planes_equals_the_whole():
    quarter, whole = (simulate(model, "numpy") for model in quarter_and_whole())
    np.testing.assert_allclose(on_cells(quarter), on_cells(whole), rtol=1e-6)
    np.testing.assert_allclose(quarter.values, whole.values, rtol=2e-3)  # images of other walls count near the pore
    assert quarter.balance().entered == pytest.approx(whole.balance().entered, rel=1e-12)
    assert quarter.balance().free == pytest.approx(whole.balance().free, rel=1e-9)


def test_a_grid_and_tetrahedra_of_the_same_box_agree():
    base = small_model("grid", "fixed", run=Run(duration=0.2))
    probes = (
        Probe(name="near", position=(0.05, 0.0, 0.0)),
        Probe(name="far", position=(-0.1, 0.05, 0.05)),
        Probe(name="under the vesicle", position=(0.04, 0.03, 0.01)),
    )
    base = base.changed(probes=probes, record=Record(snapshots=Snapshots(every=0.05)))
    on_grid = base.changed(discretization=Grid(size_at_active_zone=0.006, size_in_bulk=0.03))
    on_mesh = base.changed(discretization=Tetrahedra(size_at_active_zone=0.006, size_in_bulk=0.03))
    grid, mesh = (simulate(model, "compiled").values[CALCIUM] for model in (on_grid, on_mesh))
    np.testing.assert_allclose(mesh, grid, rtol=0.03)


def test_small_increments_add_up_in_single_precision(backend):
    operations = open_backend(backend, small_system("grid", "no buffer"), "float32")
    y, z = (operations.from_host(np.full(operations.system.shape, x)) for x in (1000.0, 1e-5))
    carried, end, carried_end = operations.new(), operations.new(), operations.new()
    for _ in range(10_000):
        operations.advance(y, carried, z, end, carried_end)
        y, carried, end, carried_end = end, carried_end, y, carried
    np.testing.assert_allclose(
        operations.to_host(y), 1000.1, rtol=6e-8
    )  # to the last digit; alone each increment is lost
