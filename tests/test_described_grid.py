"""Terminals with curved membranes, solved on a grid whose cells these cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.chemistry import CALCIUM
from rdcalcium.integrators import limits
from rdcalcium.memory import gpu_memory_needed
from rdcalcium.model import Channels, ConstantCurrent, Grid, Model, Probe, PulseCurrent, Pump, Run, Sphere
from tests.models import FIXED
from tests.support import fresh, simulate
from tests.tolerances import TOLERANCES

R = 0.5
LINEAR = Pump(name="pump", law="P*Ca", parameters={"P": "0.02 um/ms"})
SOURCE = Channels(name="Ca", positions=((0.0, 0.0, 0.0),), place="anywhere", current=ConstantCurrent(amplitude=0.005))


def ball(size: float = 0.06, symmetry: tuple[str, ...] = (), **changes: Any) -> Model:
    """A ball whose membrane pumps calcium out."""
    given = {
        "geometry": {"kind": "sphere", "radius": f"{1000 * R} nm", "symmetry": symmetry},
        "discretization": Grid(size_at_active_zone=size),
        "calcium": {"rest": 0},
        "pumps": (LINEAR,),
        "probes": (Probe(name="at the membrane", position=(0.0, 0.0, 0.9999 * R)),),
        "run": Run(duration=12, tolerance=1e-4),
    }
    return Model(**{**given, **changes})


def test_a_ball_on_a_grid_empties_at_the_rate_of_its_slowest_mode() -> None:
    """x cot x = 1 - P R / D, and the rate is D (x / R)²."""
    run = fresh(ball())
    run.stepper.y[:] = 1.0
    run.stepper.carried[:] = 0.0
    amounts = {}
    while not run.finished:
        run.advance()
        amounts[run.t] = run.balance().free
    times = np.array([t for t in amounts if t > 2])
    rate = -np.polyfit(times, np.log([amounts[t] for t in times]), 1)[0]
    assert rate == pytest.approx(0.11891476, rel=1e-3)


def test_the_membrane_of_a_ball_on_a_grid_holds_what_its_pump_needs() -> None:
    """c(R) = q / (4 π R² P) once all that enters in the middle leaves, by multigrid on cut cells."""
    state = rc.steady(ball(channels=(SOURCE,)))
    assert state.values[CALCIUM, 0] == pytest.approx(0.412381, rel=5e-3)  # the last unknown is up to half a cell inside
    assert state.leaving["pump"] == pytest.approx(0.005, rel=1e-7)
    assert abs(state.missing) < 1e-8 * state.entering


def test_a_quarter_of_a_ball_is_as_the_whole_of_it() -> None:
    """With cells of one size mirror planes go through the middle of cells, or between them."""
    middle = Probe(name="deep", position=(0.1, 0.1, 0.1))
    whole, quarter = (rc.steady(ball(0.05, s, channels=(SOURCE,), probes=(middle,))) for s in ((), ("x", "y")))
    assert quarter.values[CALCIUM, 0] == pytest.approx(whole.values[CALCIUM, 0], rel=0.01)
    assert 4 * rc.discretize(ball(0.05, ("x", "y"))).total_volume == pytest.approx(4 / 3 * np.pi * R**3, rel=2e-3)


@pytest.mark.parametrize("implicit", [False, True])
def test_what_enters_cut_cells_is_free_bound_or_pumped(implicit: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IMPLICIT_FROM", 5.0 if implicit else np.inf)
    pore = Channels(name="Ca", positions=((0, 0, -R),), current=PulseCurrent(amplitude=0.02, start=0.1, duration=0.5))
    vesicle = Sphere(centre=(0.0, 0.05, -0.3), radius=0.12)
    geometry = {"kind": "sphere", "radius": f"{1000 * R} nm", "obstacles": [vesicle.model_dump()]}
    run = simulate(ball(geometry=geometry, channels=(pore,), buffers=(FIXED,), run=Run(duration=30, tolerance=1e-3)))
    balance = run.balance()
    assert balance.pumped["pump"] > 0.01 * balance.entered
    assert abs(balance.missing) < TOLERANCES["balance, float64"] * (balance.initial + balance.entered)
    values = np.asarray(run.do.to_host(run.stepper.y))
    assert values.min() >= -1e-9


def test_the_distance_from_a_curved_membrane_is_that_from_its_surface() -> None:
    space = rc.discretize(ball(0.05)).space
    points = np.random.default_rng(1).uniform(-0.28, 0.28, (200, 3))
    away = space.distance(points, "membrane", 0.5)
    np.testing.assert_allclose(away, R - np.linalg.norm(points, axis=1), atol=2e-3)  # a chord through a cell


def test_the_vesicles_of_a_ball_have_their_own_area_each() -> None:
    spheres = [
        Sphere(name=f"vesicle.{k}", centre=(x, 0.0, 0.0), radius=0.1).model_dump() for k, x in ((0, -0.2), (1, 0.2))
    ]
    geometry = {"kind": "sphere", "radius": f"{1000 * R} nm", "obstacles": spheres}
    on_one = LINEAR.changed(name="on one", surface="vesicle.1")
    surfaces = rc.discretize(ball(0.04, geometry=geometry, pumps=(LINEAR, on_one))).surfaces
    areas = {name: float(surface.areas.sum()) for name, surface in surfaces.items()}
    small = 4 * np.pi * 0.01
    assert areas == pytest.approx({"membrane": np.pi, "vesicles": 2 * small, "vesicle.1": small}, rel=0.01)


def test_cut_cells_are_planned_to_take_more_memory() -> None:
    whole = ball(geometry={"kind": "box", "size": ["1 um"] * 3}, probes=())
    assert gpu_memory_needed(ball(), 1000) - gpu_memory_needed(whole, 1000) == 1000 * 4 * 8
