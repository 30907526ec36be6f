"""Steady states: exact where one is known, where a long run ends, in balance, and refused where there is none."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium import exact, memory
from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.cli.report import show_steady_state
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.held import hold, reached
from rdcalcium.discretization.multigrid import build_levels
from rdcalcium.errors import InputError
from rdcalcium.geometry.files import write_mesh
from rdcalcium.influx import Influx
from rdcalcium.integrators import limits
from rdcalcium.model import Box, Buffer, Channels, ConstantCurrent, Grid, Model, Probe, Sphere
from rdcalcium.steady_state import newton
from rdcalcium.steady_state.equations import Equations
from rdcalcium.steady_state.linear import correction
from rdcalcium.steady_state.newton import TOLERANCE, NoSteadyStateError
from rdcalcium.steady_state.observed import _leaving
from rdcalcium.system import build_system
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.ball import sphere_mesh
from tests.models import BAPTA, CHEMISTRIES, NM, channel_model, mobile, small_model
from tests.support import each_backend, fresh, rdcalcium, sentence, simulate, slope
from tests.tolerances import TOLERANCES

FAR = ("x_max", "y_max", "z_max")
WALLS = ("x_min", "x_max", "y_min", "y_max", "z_max")
KINDS = ("grid", "tetrahedra")
EGTA_10 = (0.01, 0.07, 10000, 0.2)  # k_on, K_d, total, diffusivity
ATP = (0.5, 200, 580, 0.22)
SLOW = (0.1, 2, 500, 0.02)  # used up around the pore


def open_pore(current: float = 0.1, at: tuple[float, ...] = (0.0, 0.0), name: str = "Ca") -> Channels:
    """One channel that never closes."""
    return Channels(name=name, positions=(at,), current=ConstantCurrent(amplitude=current))


def nanodomain(buffers: Sequence[tuple[float, float, float, float]], at: list[int], current: float = 0.1) -> Model:
    """One open channel in a quarter of a box of 12 µm, with cells of 10 nm around it, and probes along x (nm)."""
    box = {"kind": "box", "size": [12, 12, 6], "symmetry": ["x", "y"]}
    cells = {"kind": "grid", "size_at_active_zone": 10 * NM, "size_in_bulk": 2, "growth": 1.35}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": current}}]
    named = [{**mobile(buffer), "name": f"buffer {i}"} for i, buffer in enumerate(buffers)]
    return channel_model(10 * NM, 1.0, at, geometry=box, discretization=cells, buffers=named, channels=channels)


def solved(model: Model, *at: float | str, held: Sequence[str] = ()) -> rc.SteadyState:
    """The steady state of a model, whose cells may be too wide for it."""
    return rc.steady(model, *at, held=held, warn=lambda sentences: None)


def calcium(state: rc.SteadyState) -> np.ndarray:
    return state.values[CALCIUM]


# Known answers --------------------------------------------


@pytest.mark.parametrize(
    ("buffer", "current"),
    [(BAPTA, 0.1), (EGTA_10, 0.1), (ATP, 0.1), (SLOW, 0.3)],
    ids=["BAPTA", "EGTA", "ATP", "used up"],
)
def test_the_nanodomain_with_one_mobile_buffer_is_exact(
    buffer: tuple[float, float, float, float], current: float
) -> None:
    distances = [10, 20, 50, 100]
    found = solved(nanodomain([buffer], distances, current), held=FAR)
    k_on, K_d, total, D_B = buffer
    expected, free = exact.one_buffer_steady(current, NM * np.array(distances), 0.05, 0.22, k_on, K_d, total, D_B)
    # What is held is no nearer than 6 µm, and takes up to 1.5 % of what a weak buffer carries as far as 100 nm.
    np.testing.assert_allclose(calcium(found)[:3], expected[:3], rtol=5e-3)
    np.testing.assert_allclose(calcium(found)[3], expected[3], rtol=2e-2)
    np.testing.assert_allclose(total - found.values[1], free, rtol=1e-2)


def test_where_a_buffer_stays_in_excess_calcium_falls_as_neher_says() -> None:
    distances = [10, 20, 50, 100]
    found = solved(nanodomain([EGTA_10], distances, 0.01), held=FAR)
    expected = exact.excess_buffer(0.01, NM * np.array(distances), 0.05, 0.22, 0.01, 0.07, 10000)
    np.testing.assert_allclose(calcium(found), expected, rtol=5e-3)


def test_three_mobile_buffers_share_a_weak_current() -> None:
    distances = [10, 20, 50, 100]
    buffers = [ATP, (0.01, 0.07, 500, 0.2), (0.4, 0.22, 50, 0.2)]
    found = solved(nanodomain(buffers, distances, 0.002), held=FAR)
    expected = exact.small_signal(0.002, NM * np.array(distances), 0.05, 0.22, buffers)
    np.testing.assert_allclose(calcium(found) - 0.05, expected - 0.05, rtol=5e-3)


def test_a_source_in_a_ball_whose_membrane_is_held(tmp_path: Path) -> None:
    """c - rest = q (1/r - 1/R) / (4πD), on edges a tenth of R."""
    radius, current, D = 0.5, 0.1, 0.22
    write_mesh(sphere_mesh(radius, 0.05), tmp_path / "ball.vtu")
    r = np.array([0.2, 0.3, 0.4])
    model = Model(
        geometry={"kind": "mesh", "file": str(tmp_path / "ball.vtu"), "length_unit": "um"},
        discretization={"kind": "tetrahedra"},
        calcium={"rest": 0.05, "diffusivity": D},
        channels=[open_pore(current, (0.0, 0.0, 0.0)).changed(place="anywhere")],
        probes=[{"name": f"{x}", "position": [0, 0.6 * x, 0.8 * x]} for x in r],
        run={"duration": 1},
    )
    found = solved(model, held=["membrane"])
    expected = AMOUNT_PER_CHARGE * current / (4 * np.pi * D) * (1 / r - 1 / radius)
    np.testing.assert_allclose(calcium(found) - 0.05, expected, rtol=0.03)


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_resting_terminal_is_steady_as_it_is(kind: str, chemistry: str) -> None:
    model = small_model(kind, chemistry)
    found = solved(model, "0 ms")
    assert found.convergence.unbalanced[0] < 1e-14
    assert found.convergence.iterations == 0
    assert found.entering == 0
    assert calcium(found) == pytest.approx(model.calcium.rest)


def test_a_closed_terminal_is_looked_at_everywhere() -> None:
    operations = fresh(small_model(), "numpy").do
    equations = Equations(operations, np.ones(operations.system.shape))
    assert equations.volumes.sum() == pytest.approx(operations.system.discretization.total_volume)
    assert equations.unbalanced(equations.rates(np.zeros_like(equations.sources))) == pytest.approx(
        equations.volumes.sum()
    )


# Where a long run ends --------------------------------------------


@pytest.mark.parametrize("chemistry", ["fixed", "six fields"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_long_run_ends_in_the_steady_state(kind: str, chemistry: str) -> None:
    held = ("x_max", "y_min", "z_max")
    model = small_model(kind, chemistry, channels=(open_pore(),), run={"duration": 30.0, "tolerance": 1e-3})
    found = solved(model, held=held)
    run = simulate(model, discretization=hold(discretize(model), held))
    assert "implicit" not in vars(run.host)
    np.testing.assert_allclose(found.values, run.values, rtol=1e-4)
    y = run.do.to_host(run.stepper.y)[:, run.system.discretization.volumes > 0]
    np.testing.assert_allclose(found.y, y, rtol=1e-4)
    assert found.y.max() > 1000 * model.calcium.rest
    assert found.free == pytest.approx(run.balance().free, rel=1e-4)
    assert found.bound == pytest.approx(run.balance().bound, rel=1e-4)


def tiny_equations(chemistry: str) -> Equations:
    """Those of the small model with an open pore and few cells."""
    model = small_model(chemistry=chemistry, channels=(open_pore(),), discretization=Grid(size_at_active_zone=0.05))
    operations = NumpyOperations(build_system(model, hold(discretize(model), ["z_max"])))
    influx = Influx(model, operations)
    sources = np.zeros(operations.system.shape)
    sources[CALCIUM, influx.cells] = influx.sources.shares[:, 0] * 0.1
    return Equations(operations, sources)


# How it is found --------------------------------------------


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_a_correction_solves_the_linearised_equations(chemistry: str) -> None:
    """A small enough change of the state changes the rates by what the correction was to undo."""
    equations = tiny_equations(chemistry)
    fields, volumes = equations.sources.shape
    u = np.outer(equations.chemistry.rest, np.linspace(0, 0.3, volumes))
    wanted = np.random.default_rng(2).uniform(-1, 1, u.shape)
    change, _ = correction(equations, u, -wanted, 1e-10)
    step = 1e-4 / np.abs(change / equations.chemistry.rest[:, None]).max()
    slope = (equations.rates(u + step * change) - equations.rates(u - step * change)) / (2 * step)
    assert fields == len(equations.chemistry.fields)
    np.testing.assert_allclose(slope, wanted, atol=1e-6)


@pytest.mark.parametrize("chemistry", ["competitive", "six fields"])
def test_newton_is_of_second_order(chemistry: str) -> None:
    equations = tiny_equations(chemistry)
    flow = float(equations.volumes @ equations.sources[CALCIUM])
    _, convergence = newton.find(equations, flow, tolerance=1e-12)
    left = np.array([share for share in convergence.unbalanced[1:] if share > 1e-11])
    assert len(left) >= 3
    assert slope(left[:-1], left[1:]) == pytest.approx(2, abs=2 * TOLERANCES["order"])


def test_a_strong_current_needs_few_steps_though_it_uses_up_all_buffers() -> None:
    for current in (0.01, 1, 100):
        found = solved(small_model(channels=(open_pore(current),)), held=["z_max"])
        assert len(found.convergence.unbalanced) <= 9
        assert found.y.min() > 0


@pytest.mark.parametrize("chemistry", ["no buffer", "six fields"])
def test_a_current_too_small_to_be_seen_leaves_the_terminal_at_rest(chemistry: str) -> None:
    """Less flows than rounding makes of the flows at rest."""
    for current in (1e-18, 1e-40, 1e-300):
        model = small_model(chemistry=chemistry, channels=(open_pore(current),))
        assert calcium(solved(model, held=["z_max"])) == pytest.approx(model.calcium.rest, rel=1e-12)


def test_a_current_that_is_little_beside_what_buffers_exchange_is_balanced_by_a_pump() -> None:
    """In 0.5 mM of EGTA rounding is more than TOLERANCE of 2e-6 pA: the pump takes them out all the same."""
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": "2e-6 pA"}}]
    pump = {"name": "P", "law": "P * Ca", "parameters": {"P": "0.1 um/ms"}, "surface": "x_max"}
    model = channel_model(
        10 * NM,
        1.0,
        [],
        geometry={"kind": "box", "size": [0.6, 0.6, 0.4]},
        discretization={"kind": "grid", "size_at_active_zone": 15 * NM, "size_in_bulk": 60 * NM},
        buffers=[{**mobile((0.01, 0.07, 500, 0.22)), "name": "EGTA"}],
        channels=channels,
        pumps=[pump],
    )
    found = solved(model)
    assert abs(found.missing) < 1e-7 * found.entering
    rise = AMOUNT_PER_CHARGE * found.entering / (0.1 * 0.6 * 0.4)  # P times the mean at the wall is what enters
    assert (found.y[CALCIUM][found.y[CALCIUM] > 0].min() - model.calcium.rest) / rise == pytest.approx(1, rel=0.02)


def cooperative(diffusivity: float, current: float) -> Model:
    """20 mM of a buffer whose second ion binds 300 times as tightly as the first, in front of one open channel."""
    steps = ("B + Ca <-> CaB : 2*k_1, k_off_1", "CaB + Ca <-> Ca2B : k_2, 2*k_off_2")
    rates = {"k_1": 0.77, "k_off_1": 160.0, "k_2": 32.0, "k_off_2": 22.0}
    buffer = Buffer(name="pair", total=20000, diffusivity=diffusivity, scheme=steps, parameters=rates)
    return small_model(buffers=(buffer,), channels=(open_pore(current),))


@pytest.mark.parametrize(("diffusivity", "current"), [(0.05, 10), (0.2, 1000)], ids=["no way", "a negative solution"])
def test_where_newton_goes_astray_currents_are_turned_up_in_parts(diffusivity: float, current: float) -> None:
    found = solved(cooperative(diffusivity, current), held=["z_max"])
    assert found.y.min() > 0
    assert found.y[1:].sum(axis=0).max() < 20000
    assert found.convergence.unbalanced[-1] <= TOLERANCE
    assert abs(found.missing) < 10 * TOLERANCE * found.entering


def test_levels_with_a_held_surface_lose_what_leaves_there() -> None:
    """On every level the sum of all that flows is what flows out where concentrations are held."""
    cells = hold(discretize(small_model("tetrahedra", "no buffer")), ["z_max"])
    free = reached(cells)
    rows = cells.conductance[free]
    outward = np.asarray(rows[:, cells.held].sum(axis=1)).ravel()
    volumes = cells.volumes[free]
    levels = [*build_levels(rows[:, free], volumes, outward)]
    assert len(levels) > 1
    for level in levels:
        lost = (level.diagonal * volumes).sum() - (volumes @ level.laplacian).sum()
        assert lost == pytest.approx(outward.sum(), rel=1e-9)
        volumes = level.prolong.T @ volumes if level.prolong is not None else volumes


# What is held --------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backend", each_backend())
def test_every_backend_sees_what_is_held(backend: str, kind: str) -> None:
    """Nothing flows into it, all flows as before everywhere else."""
    model = small_model(kind, "no buffer")
    closed = discretize(model)
    cells = hold(closed, ["x_max", "membrane"])
    y = np.random.default_rng(0).uniform(0, 1, (1, cells.size)) * (closed.volumes > 0)
    rates = []
    for name, made in ((backend, cells), ("numpy", closed)):
        do = fresh(model, name, made).do
        out = do.new()
        do.rhs(do.from_host(y), out)
        rates.append(do.to_host(out)[0])
    others = np.setdiff1d(np.arange(cells.size), cells.held)
    assert len(others) < cells.size
    assert np.abs(rates[0][cells.held]).max() == 0
    largest = np.abs(rates[1]).max()
    np.testing.assert_allclose(rates[0][others], rates[1][others], atol=TOLERANCES["kernel, float64"] * largest)


def test_what_no_way_joins_to_a_held_surface_stays_at_rest() -> None:
    """A wall of overlapping vesicles across a narrow box, the channel on one side."""
    wall = tuple(Sphere(centre=(0.0, y, z), radius=0.045) for y in (-0.04, 0.0, 0.04) for z in (0.02, 0.06, 0.1))
    geometry = Box(size=(0.4, 0.08, 0.1), obstacles=wall)
    model = small_model(
        geometry=geometry,
        discretization=Grid(size_at_active_zone=0.01),
        channels=(open_pore(at=(0.1, 0.0)),),
        probes=(Probe(name="here", position=(0.12, 0.0, 0.05)), Probe(name="there", position=(-0.12, 0.0, 0.05))),
    )
    here, there = calcium(solved(model, held=["x_max"]))
    assert there == model.calcium.rest
    assert here > 10 * there
    with pytest.raises(NoSteadyStateError, match=r"'Ca' open at .* has no way to it; hold other surfaces, of: x_min"):
        solved(model, held=["x_min"])


# What flows --------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_what_enters_leaves_through_the_held_surfaces(kind: str) -> None:
    pores = (open_pore(0.1), open_pore(0.3, (-0.05, -0.05), "more"))
    found = solved(small_model(kind, channels=pores), held=WALLS)
    assert found.entering == pytest.approx(0.4)
    assert set(found.leaving) == set(WALLS)
    assert min(found.leaving.values()) > 0
    assert abs(found.missing) < 10 * TOLERANCE * found.entering


def test_what_flows_evenly_through_all_walls_leaves_by_their_areas() -> None:
    """Cells along an edge lie at two walls, and show more of their area to one of them."""
    flat = Grid(size_at_active_zone=(0.03, 0.02, 0.01), size_in_bulk=0.03)
    cells = hold(discretize(small_model(discretization=flat, geometry=Box(size=(0.3, 0.2, 0.1)), probes=())), FAR)
    shown = np.zeros(cells.size)
    for name in FAR:
        np.add.at(shown, cells.surfaces[name].indices, cells.surfaces[name].areas)
    leaving = _leaving(cells, FAR, AMOUNT_PER_CHARGE * shown[cells.held])
    assert leaving == pytest.approx({"x_max": 0.2 * 0.1, "y_max": 0.3 * 0.1, "z_max": 0.3 * 0.2})


def test_alike_walls_take_alike_shares_and_a_mirror_changes_nothing() -> None:
    """Cells at a mirror are centred on it, so that the two are the same but for what cells of 20 nm can tell."""
    changes: dict[str, Any] = {"discretization": Grid(size_at_active_zone=0.02), "channels": (open_pore(0.2),)}
    whole, quarter = (
        solved(small_model(geometry=Box(size=(0.4, 0.4, 0.2), symmetry=symmetry), probes=(), **changes), held=held)
        for symmetry, held in (((), WALLS), (("x", "y"), FAR))
    )
    assert quarter.entering == pytest.approx(whole.entering)
    assert quarter.free == pytest.approx(whole.free, rel=1e-2)
    for axis in "xy":
        assert whole.leaving[f"{axis}_min"] == pytest.approx(whole.leaving[f"{axis}_max"])
        assert quarter.leaving[f"{axis}_max"] == pytest.approx(2 * whole.leaving[f"{axis}_max"], rel=1e-2)


def test_one_surface_may_be_named_without_brackets() -> None:
    assert solved(small_model(channels=(open_pore(),)), held="z_max").leaving.keys() == {"z_max"}


def test_currents_are_those_of_the_moment() -> None:
    """Rows that rise to a peak, jump, and end."""
    table = {"kind": "table", "times": [0, 0.1, 0.1, 0.3], "values": [0, 0.4, 0.1, 0.1]}
    model = small_model("grid", "no buffer", channels=[{"name": "Ca", "positions": [[0, 0]], "current": table}])
    entering = {at: solved(model, at, held=["z_max"]).entering for at in ("peak", "50 us", 0.1, 0.3)}
    assert entering == pytest.approx({"peak": 0.4, "50 us": 0.2, 0.1: 0.1, 0.3: 0.1})


# How it is looked at --------------------------------------------


def test_probes_and_fields_have_the_names_and_units_of_a_run() -> None:
    found = solved(small_model(chemistry="fixed"), held=["z_max"])
    near = found.probes["near"]
    assert float(near.calcium) == calcium(found)[0]
    assert near["fixed.bound"].attrs["units"] == "uM"
    with pytest.raises(InputError, match="Did you mean 'near'"):
        found.probes["naer"]
    volumes = found.snapshot
    assert float(volumes.calcium.max()) == found.y[CALCIUM].max()
    assert abs(float(volumes.x[int(np.argmax(volumes.calcium.values))])) < 0.02
    assert "small" in repr(found)


def test_the_command_prints_and_writes_a_table(tmp_path: Path) -> None:
    from rdcalcium.model import write_toml

    model = small_model(chemistry="fixed")
    (tmp_path / "small.toml").write_text(write_toml(model))
    words = ("steady", "small.toml", "--at", "0.1 ms", "--hold", "x_max", "--hold", "z_max", "--out", "table.csv")
    done = rdcalcium(*words, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "currents of 0.1 ms: 0.1 pA enters" in done.stdout
    assert "converged: all control volumes together are out of balance by" in done.stdout
    assert "mirror" not in done.stdout  # there is none
    with (tmp_path / "table.csv").open() as file:
        head, *rows = csv.reader(file)
    assert head == ["name", "x (um)", "y (um)", "z (um)", "Ca (uM)", "fixed.bound (uM)"]
    found = solved(model, 0.1, held=["x_max", "z_max"])
    assert [row[0] for row in rows] == ["near", "far"]
    np.testing.assert_allclose([[float(x) for x in row[4:]] for row in rows], found.values.T, rtol=1e-9)
    closed = rdcalcium("steady", "small.toml", folder=tmp_path)
    assert closed.stdout == ""  # no heading of what does not come
    assert sentence(closed).endswith("of: x_min, x_max, y_min, y_max, membrane, z_max, vesicles (--hold)")


def test_what_mirrors_add_is_counted_in_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A quarter of a terminal is told as the whole: the same flows and contents."""
    whole = small_model(chemistry="no buffer", geometry=Box(size=(0.3, 0.3, 0.2)))
    told = {}
    for symmetry in ((), ("x", "y")):
        found = solved(whole.changed(geometry=Box(size=(0.3, 0.3, 0.2), symmetry=symmetry), probes=()), held=["z_max"])
        show_steady_state(found, 0.1)
        told[found.copies] = " ".join(capsys.readouterr().out.split())
        assert found.entering == pytest.approx(0.1)
        assert found.leaving["z_max"] == pytest.approx(0.1)
    assert "all 4 parts that the mirror planes make of the terminal are counted in, with their walls" in told[4]
    assert "parts" not in told[1]


# What is refused --------------------------------------------


@pytest.mark.parametrize(
    ("at", "held", "said"),
    [
        ([], [], "none leaves a closed terminal, so it has no steady state; hold what is far"),
        ([], ["z_maks"], "no surface 'z_maks'; it has: .* Did you mean 'z_max'"),
        ([], ["membrane"], "channels 'Ca' open at .* into what is held at rest"),
        (["1 ms"], ["z_max"], "1 ms is not within the run, which goes from 0 to 0.3 ms"),
        (["1 kg"], ["z_max"], "not a time"),
    ],
    ids=["closed", "unknown surface", "held pore", "late", "no time"],
)
def test_what_has_no_steady_state_is_refused_in_one_sentence(at: list[str], held: list[str], said: str) -> None:
    with pytest.raises(rc.RdcalciumError, match=said):
        solved(small_model(chemistry="no buffer"), *at, held=held)


def test_a_mirror_plane_is_not_held() -> None:
    with pytest.raises(InputError, match="x_min is a mirror plane"):
        solved(nanodomain([BAPTA], [20]), held=["x_min"])


def test_calcium_that_does_not_move_piles_up() -> None:
    with pytest.raises(NoSteadyStateError, match="diffusivity = 0"):
        solved(small_model(calcium={"diffusivity": 0}), held=["z_max"])


def test_a_search_that_fails_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newton, "SMALLEST", 0.75)
    with pytest.raises(NoSteadyStateError, match=r"with 0 of the currents there is one, .* let a long run get there"):
        solved(cooperative(0.05, 10), held=["z_max"])


def test_a_steady_state_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "memory_available", lambda: 1000)
    with pytest.raises(memory.MemoryShortageError, match="GiB"):
        solved(small_model(), held=["z_max"])


def test_python_is_warned_of_cells_that_are_too_wide() -> None:
    model = small_model(chemistry="no buffer", probes=(Probe(name="on it", position=(0.001, 0.0, 0.0)),))
    with pytest.warns(rc.ModelWarning, match="on it"):
        rc.steady(model, held=["z_max"])


def test_a_run_with_held_surfaces_takes_no_implicit_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would take what leaves for an error of theirs, and give it back."""
    monkeypatch.setattr(limits, "IMPLICIT_FROM", 0)
    model = small_model(chemistry="no buffer", channels=())
    held: Discretization = hold(discretize(model), ["z_max"])
    for cells, taken in ((discretize(model), True), (held, False)):
        assert ("implicit" in vars(simulate(model, "numpy", cells).host)) == taken


@pytest.mark.parametrize(
    ("amplitude", "at", "said"),
    [
        ("0.1 pA", "0.9 ms", r"no calcium enters through channels at 0\.9 ms, .* or \"peak\", which is 0\.2 ms"),
        ("0 pA", "peak", "no calcium enters through channels at any time of the run"),
    ],
)
def test_a_moment_at_which_nothing_enters_is_told_with_another_one(amplitude: str, at: str, said: str) -> None:
    pulse = {"kind": "pulse", "amplitude": amplitude, "start": "0.2 ms", "duration": "0.5 ms"}
    model = small_model(
        chemistry="no buffer",
        discretization={"kind": "grid", "size_at_active_zone": 0.05},
        channels=[{"name": "Ca", "positions": [[0, 0]], "current": pulse}],
        run={"duration": 1},
    )
    told: list[str] = []
    found = rc.steady(model, at, "z_max", warn=told.extend)
    assert found.entering == 0
    assert [text for text in told if re.match(said, text)]
    told.clear()
    rc.steady(model.changed(channels=[]), at, "z_max", warn=told.extend)
    assert not any("enters" in text for text in told)
