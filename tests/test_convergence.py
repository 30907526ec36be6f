"""Exact solutions at the order at which the discretization and the scheme claim to approach them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rdcalcium import exact
from rdcalcium.backends import open_backend
from rdcalcium.chemistry import CALCIUM, Chemistry, Field
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.grid import discretize_grid
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.geometry.axis import Axis, unknowns
from rdcalcium.geometry.described_mesh import described_mesh
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.geometry.spacing import uniform_axis
from rdcalcium.integrators import METHODS
from rdcalcium.integrators.stabilized import StabilizedRungeKutta
from rdcalcium.integrators.stepper import Stepper
from rdcalcium.library import resolve
from rdcalcium.model import Box, Calcium, Model, Tetrahedra
from rdcalcium.system import System
from rdcalcium.units import IONS_PER_AMOUNT
from tests.ball import sphere_mesh
from tests.models import BAPTA, NM, channel_model, mobile
from tests.support import fresh, need_backend, on_cells, simulate, slope
from tests.tolerances import TOLERANCES

D = 0.22
M = 1000 / IONS_PER_AMOUNT


def free_diffusion(discretization: Discretization, start: np.ndarray, duration: float) -> np.ndarray:
    """Calcium alone, from a given field, over `duration` ms in steps so small that space makes the error."""
    need_backend("compiled")
    system = System(Chemistry((Field("Ca", Calcium().diffusivity, 0.0, 1),)), discretization)
    do = open_backend("compiled", system)
    stepper, scheme = Stepper(do, start[None]), StabilizedRungeKutta(do, METHODS["RKC2"])
    h = duration / 200
    scheme.stages = scheme.method.stages_for(h, system.stiffness(0))
    for _ in range(200):
        stepper.attempt(scheme, h, None, 1.0, np.ones(1))
        stepper.accept()
    return do.to_host(stepper.y)[CALCIUM]


def mean_error(discretization: Discretization, found: np.ndarray, expected: np.ndarray) -> float:
    """Volume-weighted root mean square of the error, relative to that of the exact field."""
    v = discretization.volumes
    return float(np.sqrt((v @ (found - expected) ** 2) / (v @ expected**2)))


def grid_box(size: float, stretched: bool = False) -> Discretization:
    """A box of 1 × 1 × 0.5 µm; stretched: widths of neighbouring cells differ, smoothly."""

    def axis(low: float, high: float) -> Axis:
        plain = uniform_axis(low, high, size)
        if not stretched:
            return plain
        s = (plain.edges - low) / (high - low)
        edges = low + (high - low) * (s + 0.1 * np.sin(2 * np.pi * s) / (2 * np.pi) * 2)
        return Axis(edges, unknowns(edges, mirror=False))

    axes = (axis(0, 1), axis(0, 1), axis(0, 0.5))
    return discretize_grid(RectilinearGrid(*axes))


def tetrahedral_box(size: float) -> Discretization:
    choice = Tetrahedra(size_at_active_zone=size, size_in_bulk=size)
    return discretize_tetrahedra(described_mesh(Box(size=(1, 1, 0.5)), choice))


SHAPES = {
    "uniform grid": (lambda h: grid_box(h), [1 / 16, 1 / 24, 1 / 32, 1 / 48], 0.0),
    "stretched grid": (lambda h: grid_box(h, stretched=True), [1 / 16, 1 / 24, 1 / 32, 1 / 48], 0.0),
    "tetrahedra": (tetrahedral_box, [0.1, 0.07, 0.05, 0.035], 0.5),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_cloud_spreads_in_a_box_with_second_order_in_space(shape):
    build, sizes, offset = SHAPES[shape]
    size = np.array([1, 1, 0.5])
    source = np.array([0.5, 0.5, 0.0])
    errors = []
    for h in sizes:
        d = build(h)
        points = d.centres + np.array([offset, offset, 0])
        start, end = (exact.box_point(M, source, points, t, size, D) for t in (0.05, 0.2))
        errors.append(mean_error(d, free_diffusion(d, start, 0.15), end))
    assert slope(sizes, errors) == pytest.approx(2, abs=TOLERANCES["order"])
    assert errors[-1] < 4e-3


def test_a_cloud_spreads_in_a_ball_with_second_order_in_space():
    sizes, errors = [0.1, 0.07, 0.05], []
    for h in sizes:
        d = discretize_tetrahedra(sphere_mesh(0.5, h))
        r = np.linalg.norm(d.centres, axis=1)
        start, end = (exact.ball_point(M, r, t, 0.5, D) for t in (0.05, 0.1))
        errors.append(mean_error(d, free_diffusion(d, start, 0.05), end))
    assert slope(sizes, errors) == pytest.approx(2, abs=TOLERANCES["order"])
    assert errors[-1] < 1e-2


def test_an_instantaneous_source_in_one_cell_becomes_the_exact_cloud():
    sizes, errors = [1 / 21, 1 / 31, 1 / 41], []
    for h in sizes:
        d = grid_box(h)
        cell = int(np.argmin(np.linalg.norm(d.centres - [0.5, 0.5, 0.0], axis=1)))
        start = np.zeros(d.size)
        start[cell] = M / d.volumes[cell]
        end = exact.box_point(M, d.centres[cell] * [1, 1, 0], d.centres, 0.1, np.array([1, 1, 0.5]), D)
        errors.append(mean_error(d, free_diffusion(d, start, 0.1), end))
    assert slope(sizes, errors) == pytest.approx(2, abs=TOLERANCES["order"])
    assert errors[-1] < 1e-2


def test_three_cells_beside_the_pore_the_discrete_value_is_the_exact_one():
    size = 10 * NM
    model = channel_model(size, 0.1, [30, 40, 50, 60])
    found = on_cells(simulate(model)) - 0.05
    expected = exact.continuous_point(0.1, NM * np.array([30, 40, 50, 60]), 0.1, D)
    np.testing.assert_allclose(found, expected, rtol=1e-2)


def around(distance: float) -> list[dict]:
    """Probes (nm) beside the pore, straight above it, and between."""
    directions = np.array([[1, 0, 0], [0, 0, 1], [1, 1, 1], [1, 1, 0]])
    places = distance * directions / np.linalg.norm(directions, axis=1)[:, None]
    return [{"name": f"{i}", "position": (NM * place).tolist()} for i, place in enumerate(places)]


def test_three_cells_straight_above_the_pore_the_cells_of_a_grid_show_13_percent_too_much():
    found = on_cells(simulate(channel_model(10 * NM, 0.1, [], probes=around(30)))) - 0.05
    error = found / exact.continuous_point(0.1, 30 * NM, 0.1, D) - 1
    assert error.argmax() == 1
    assert error.max() == pytest.approx(0.13, abs=0.005)


def test_three_cells_from_the_pore_tetrahedra_are_within_5_percent():
    choice = {"kind": "tetrahedra", "size_at_active_zone": 20 * NM, "size_in_bulk": 0.2}
    box = {"kind": "box", "size": [3, 3, 1.5], "symmetry": ["x", "y"]}
    model = channel_model(20 * NM, 0.1, [], probes=around(60), geometry=box, discretization=choice)
    found = on_cells(simulate(model)) - 0.05
    np.testing.assert_allclose(found, exact.continuous_point(0.1, 60 * NM, 0.1, D), rtol=0.05)


def test_calcium_near_an_open_channel_converges_with_second_order():
    r, factors, errors = np.array([60.0, 120.0]), [1, 0.75, 0.6, 0.5], []
    sensor = {"name": "s", "use": "schneggenburger_neher2000", "positions": [[0.12, 0, 0]]}
    coarse = channel_model(20 * NM, 0.2, [60, 120], sensors=[sensor])  # to which the fine part of the grid reaches
    for factor in factors:
        model = coarse.changed(discretization=coarse.discretization.scaled(factor))
        found = on_cells(simulate(model)) - 0.05
        errors.append(np.abs(found / exact.continuous_point(0.1, NM * r, 0.2, D) - 1).max())
    assert errors[-1] < 2e-3
    assert slope(factors, errors) == pytest.approx(2, abs=TOLERANCES["order"])


def test_one_mobile_buffer_approaches_its_exact_steady_state_with_second_order():
    k_on, K_d, total, D_B = BAPTA
    expected, _ = exact.one_buffer_steady(0.1, np.array([30 * NM]), 0.05, D, k_on, K_d, total, D_B)
    coarse = channel_model(10 * NM, 3.0, [30], buffers=[mobile(BAPTA)])
    factors, errors = [1, 0.75, 0.6, 0.5], []
    for factor in factors:
        model = coarse.changed(discretization=coarse.discretization.scaled(factor))
        errors.append(float(np.abs(on_cells(simulate(model)) / expected - 1)[0]))
    assert slope(factors, errors) == pytest.approx(2, abs=TOLERANCES["order"])
    assert errors[-1] < 5e-3


CURRENTS = {
    "that changes": {"kind": "gaussian", "amplitude": 0.1, "peak": 0.25, "width": 0.2},
    "that jumps": {"kind": "pulse", "amplitude": 0.1, "start": 0.1, "duration": 0.1},
}


def seen(model: Model, times: Sequence[float]) -> np.ndarray:
    """Every field at every probe at times (ms), (times, fields, points) µM."""
    simulation, found = fresh(model), []
    for t in times:
        while simulation.t < t:
            for moment in simulation.stretch(until=t):
                last = moment
        found += list(simulation.values_within(last, [t]))
    return np.array(found)


@pytest.mark.parametrize("current", CURRENTS)
@pytest.mark.parametrize("method", METHODS)
def test_the_scheme_is_of_its_order_in_time_with_buffers_and_a_current(method, current):
    """At a jump and soon after it too, where steps are no longer than the fastest mode of diffusion lives.

    Of far longer ones it takes several to forget the fast modes that a jump stirs up, however long they are: a stage
    polynomial leaves 0.3 to 0.9 of these.
    """
    parts = {
        "geometry": {"kind": "box", "size": [0.4, 0.4, 0.2]},
        "discretization": {"kind": "grid", "size_at_active_zone": 0.1},
        "calcium": {"rest": 0.05},
        "buffers": [
            {"name": "fixed", "k_on": 0.1, "K_d": 10, "total": 400, "diffusivity": 0},
            {"name": "EGTA", "k_on": 0.01, "K_d": 0.07, "total": 1000, "diffusivity": 0.2},
        ],
        "channels": [{"name": "Ca", "positions": [[0, 0]], "current": CURRENTS[current]}],
        "probes": [{"name": "near", "position": [0.1, 0, 0]}],
    }

    def course(h: float) -> np.ndarray:
        run = {"duration": 0.3, "tolerance": 0.9, "absolute_tolerance": 1e6, "max_step": h, "method": method}
        return seen(resolve(parts | {"run": run}), [0.11, 0.2, 0.21, 0.3])

    reference = course(0.3 / 2560)
    steps = [0.3 / n for n in (80, 160, 320, 640)]  # all of two stages
    errors = [np.abs(course(h) / reference - 1).max() for h in steps]
    assert slope(steps, errors) == pytest.approx(METHODS[method].order, abs=TOLERANCES["order"])
    assert errors[-1] < 1e-3


def test_the_tolerance_controls_the_error_through_events():
    pulse = {"kind": "pulse", "amplitude": 0.1, "start": 0.05, "duration": 0.1}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": pulse}]
    fixed = {"name": "fixed", "k_on": 0.5, "K_d": 10, "total": 400, "diffusivity": 0}

    def end(tolerance: float, **changes: float) -> np.ndarray:
        run = {"duration": 0.2, "tolerance": tolerance} | changes
        model = channel_model(20 * NM, 0.2, [40, 100], channels=channels, buffers=[fixed], run=run)
        return simulate(model).values[CALCIUM]

    reference = end(1e-5, max_step=2e-4)  # a thousand steps, whatever the tolerance makes of them
    for tolerance in (1e-1, 1e-2, 1e-3):
        assert np.abs(end(tolerance) / reference - 1).max() < tolerance


def test_values_inside_a_step_are_those_of_short_steps():
    pulse = {"kind": "pulse", "amplitude": 0.1, "start": 0.05, "duration": 0.1}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": pulse}]
    times = [0.06, 0.1, 0.149, 0.16, 0.19]

    def calcium(**run: float) -> np.ndarray:
        run = {"duration": 0.2, **run}
        return seen(channel_model(20 * NM, 0.2, [30, 100], channels=channels, run=run), times)[:, CALCIUM]

    np.testing.assert_allclose(calcium(tolerance=1e-3), calcium(tolerance=1e-5, max_step=1e-3), rtol=2e-3)
