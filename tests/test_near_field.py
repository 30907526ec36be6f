"""Calcium close to a pore, nearer than the cells resolve: what they miss is added to sensors and probes."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium import exact
from rdcalcium.advice.resolution import FILLED
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization.near_field import lattice_green
from rdcalcium.recorders.near_pores import NearPores
from tests.models import BAPTA, NM, STRONG_BAPTA, channel_model, mobile
from tests.support import fresh, simulate

D = 0.22
DIRECTIONS = {"beside": (1, 0, 0), "above": (0, 0, 1), "diagonal": (1, 1, 1), "askew": (0.8, 0.3, 0.5)}
DISTANCES = (5, 10, 15, 20, 30, 50, 80)  # nm, on cells of 10 or 20 nm


def around(pore: tuple[float, float]) -> tuple[list[dict], np.ndarray]:
    """Probes around a pore in all directions, and their distances (µm)."""
    probes, distances = [], []
    for name, direction in DIRECTIONS.items():
        for r in DISTANCES:
            offset = r * NM * np.array(direction) / np.linalg.norm(direction)
            probes.append({"name": f"{name} {r}", "position": (np.array([*pore, 0.0]) + offset).tolist()})
            distances.append(r * NM)
    return probes, np.array(distances)


@pytest.mark.parametrize(
    ("size", "symmetry", "pore"),
    [
        ([0.01, 0.01, 0.01], "xy", (0.0, 0.0)),
        ([0.01, 0.01, 0.005], "xy", (0.0, 0.0)),
        ([0.01, 0.01, 0.01], "", (0.003, 0.004)),
        ([0.02, 0.02, 0.02], "x", (0.0, 0.05)),
    ],
    ids=["cubes", "flat cells", "no symmetry", "one mirror plane"],
)
def test_calcium_is_exact_in_all_directions_from_half_a_cell_on(size, symmetry, pore):
    probes, r = around(pore)
    model = channel_model(
        size,
        0.1,
        [],
        geometry={"kind": "box", "size": [4, 4, 2], "symmetry": list(symmetry)},
        probes=probes,
        channels=[{"name": "Ca", "positions": [pore], "current": {"kind": "constant", "amplitude": 0.1}}],
    )
    found = simulate(model).values[CALCIUM] - 0.05
    np.testing.assert_allclose(found, exact.continuous_point(0.1, r, 0.1, D), rtol=1e-2)


@pytest.mark.parametrize("buffer", [BAPTA, STRONG_BAPTA], ids=["1 mM", "10 mM"])
def test_calcium_is_exact_where_a_buffer_captures_it_within_less_than_a_cell(buffer):
    probes, r = around((0.0, 0.0))
    model = channel_model(20 * NM, 3.0, [], probes=probes, buffers=[mobile(buffer)])
    k_on, K_d, total, D_B = buffer
    expected, _ = exact.one_buffer_steady(0.1, r, 0.05, D, k_on, K_d, total, D_B)
    np.testing.assert_allclose(simulate(model).values[CALCIUM], expected, rtol=1e-2)


def above_and_beside(size: float, buffer: dict, current: float) -> tuple[np.ndarray, np.ndarray]:
    """Lowest calcium in a run, and calcium 3 to 100 µs after a channel opens, above, beside and askew of it."""
    directions = [(0, 0, 1), (1, 0, 0), (1, 1, 1)]
    places = [NM * r * np.array(d) / np.linalg.norm(d) for d in directions for r in (20, 40, 60)]
    probes = [{"name": f"{i}", "position": p.tolist()} for i, p in enumerate(places)]
    pulse = {"kind": "pulse", "amplitude": current, "start": 0.01, "duration": 0.11}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": pulse}]
    run = {"duration": 0.15, "tolerance": 1e-2}
    model = channel_model(size, 0.15, [], probes=probes, channels=channels, buffers=[buffer], run=run)
    simulation, lowest, found = fresh(model), np.inf, []
    while not simulation.finished:
        moment = simulation.advance()
        lowest = min(lowest, simulation.values[CALCIUM].min())
        times = [t for t in (0.013, 0.02, 0.04, 0.11) if moment.t - moment.h < t <= moment.t]
        found += list(simulation.values_within(moment, times)[:, CALCIUM]) if times else []
    return lowest, np.array(found)


@pytest.mark.parametrize(
    ("k_on", "K_d", "total"), [(0.1, 100, 4000), (0.5, 2, 4000)], ids=["library", "fast and strong"]
)
def test_a_fixed_buffer_that_fills_up_is_followed_from_the_first_microseconds(k_on, K_d, total):
    buffer = {"name": "fixed", "k_on": k_on, "K_d": K_d, "total": total, "diffusivity": 0}
    lowest, coarse = above_and_beside(10 * NM, buffer, 0.2)
    _, fine = above_and_beside(4 * NM, buffer, 0.2)
    assert lowest > 0.05 * (1 - 1e-6)
    np.testing.assert_allclose(coarse, fine, rtol=0.03 if K_d == 100 else FILLED / 100)


def test_calcium_never_falls_below_rest_when_a_strong_channel_opens():
    for buffer in ({"k_on": 0.5, "K_d": 2, "total": 4000, "diffusivity": 0}, mobile(STRONG_BAPTA)):
        lowest, _ = above_and_beside(20 * NM, {"name": "b", **buffer}, 1.0)
        assert lowest > 0.05 * (1 - 1e-6)


@pytest.mark.parametrize("pairs", [1, 25])
def test_fields_of_many_pores_add_up_however_many_are_found_at_once(pairs: int, monkeypatch: pytest.MonkeyPatch):
    """As those of ten thousand pores and points do, which do not fit into memory together."""
    probes, _ = around((0.0, 0.0))
    system = fresh(channel_model(20 * NM, 0.1, [], probes=probes, buffers=[mobile(BAPTA)])).system
    pores, points = np.array([[0, 0, 0], [0.02, 0.01, 0], [0, 0.1, 0]]), np.array([p["position"] for p in probes])
    together = NearPores(system, [pores, pores[:1]], [], points)
    monkeypatch.setattr("rdcalcium.recorders.near_pores.PAIRS", pairs)
    apart = NearPores(system, [pores, pores[:1]], [], points)
    for name in ("exact", "discrete", "half"):
        np.testing.assert_allclose(getattr(apart, name), getattr(together, name), rtol=1e-12)
    assert np.all(together.exact[..., 0] > together.exact[..., 1])


def test_a_closed_channel_leaves_the_value_of_the_cells():
    pulse = {"kind": "pulse", "amplitude": 0.1, "start": 0.0, "duration": 0.1}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": pulse}]
    simulation = simulate(channel_model(10 * NM, 0.11, [10, 50], channels=channels))
    r = NM * np.array([10, 50])
    expected = exact.continuous_point(0.1, r, 0.11, D) - exact.continuous_point(0.1, r, 0.01, D)
    np.testing.assert_allclose(simulation.values[CALCIUM] - 0.05, expected, rtol=2e-2)


@pytest.mark.parametrize(("spacing", "kappa"), [((1.0, 1.0, 1.0), 0.0), ((0.02, 0.02, 0.01), 30.0)])
def test_the_lattice_solution_solves_the_equation_of_the_lattice(spacing, kappa):
    g = lattice_green(spacing, (kappa,), (12, 12, 12))[0]
    change = np.zeros((10, 10, 10))
    for axis, h in enumerate(spacing):
        index = np.arange(10)
        above, below = (g.take(i, axis=axis) for i in (index + 1, abs(index - 1)))
        rest = [slice(0, 10) if a != axis else slice(None) for a in range(3)]
        change += (above[tuple(rest)] + below[tuple(rest)] - 2 * g[:10, :10, :10]) / h**2
    change -= kappa**2 * g[:10, :10, :10]
    expected = np.zeros((10, 10, 10))
    expected[0, 0, 0] = -1 / np.prod(spacing)
    np.testing.assert_allclose(change, expected, atol=1e-9 / np.prod(spacing))


def test_the_lattice_solution_at_the_origin_is_the_integral_of_watson():
    assert lattice_green((1.0, 1.0, 1.0), (0.0,), (2, 2, 2))[0, 0, 0, 0] == pytest.approx(0.2527310098586630, rel=1e-7)


def test_a_source_in_the_cytosol_spreads_in_all_directions():
    """Half of what a channel on the membrane gives at the same distance: the membrane is far away."""
    offsets = np.array([[10, 0, 0], [0, 0, 20], [0, 0, -40], [30, 30, 30]]) * NM
    middle = np.array([0, 0, 1.5])
    model = channel_model(
        10 * NM,
        0.1,
        [],
        probes=[{"name": f"p{i}", "position": (middle + offset).tolist()} for i, offset in enumerate(offsets)],
        channels=[
            {
                "name": "uncaged",
                "place": "anywhere",
                "positions": [middle.tolist()],
                "current": {"kind": "constant", "amplitude": 0.1},
            }
        ],
    )
    found = simulate(model).values[CALCIUM] - 0.05
    expected = exact.continuous_point(0.1, np.linalg.norm(offsets, axis=1), 0.1, D) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-2)


@pytest.mark.parametrize("size", [5, 20])
def test_calcium_peaks_when_a_pulse_ends_and_falls_from_then_on(size: float) -> None:
    """What cells miss fades as fast as the field does: without that, calcium above a pore would rise by up to 50 %."""
    duration, cells = 0.1, (0.5, 1, 1.5, 2, 3, 4)
    offsets = [k * size * NM * np.array(v) / np.linalg.norm(v) for v in DIRECTIONS.values() for k in cells]
    r = np.linalg.norm(offsets, axis=1)
    model = channel_model(
        size * NM,
        duration + 2e-3,
        [],
        probes=[{"name": str(i), "position": at.tolist()} for i, at in enumerate(offsets)],
        channels=[
            {
                "name": "Ca",
                "positions": [[0, 0]],
                "current": {"kind": "pulse", "amplitude": 0.1, "start": 0, "duration": duration},
            }
        ],
    )
    run = fresh(model)
    top = exact.continuous_point(0.1, r, duration, D)
    highest = np.zeros(len(r))
    while not run.finished:
        run.advance()
        seen = run.values[CALCIUM] - 0.05
        highest = np.maximum(highest, seen)
        if run.t > duration:
            since = exact.continuous_point(0.1, r, run.t - duration, D)
            true = exact.continuous_point(0.1, r, run.t, D) - since
            assert (np.abs(seen - true) / top).max() < 0.1
    np.testing.assert_allclose(highest, top, rtol=0.015)
