"""Implicit steps: exact on what they invert, of the order they state, and as good as the explicit ones."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

from rdcalcium import runner
from rdcalcium.backends import open_backend
from rdcalcium.chemistry import CALCIUM, build_chemistry
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.multigrid import build_levels
from rdcalcium.integrators import limits, rosenbrock
from rdcalcium.integrators.modes import bound_with_calcium, decouple
from rdcalcium.integrators.multigrid import Multigrid
from rdcalcium.integrators.stepper import Step, StepSources
from rdcalcium.model import Buffer, Calcium, Channels, ConstantCurrent, GaussianCurrent, Grid, Model, Run
from rdcalcium.simulation import Moment, Simulation
from rdcalcium.system import System, build_system
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.models import CHEMISTRIES, small_model, small_system
from tests.support import StopAfter, assert_same_tables, each_backend, fresh, need_backend, slope

KINDS = ("grid", "tetrahedra")


@lru_cache(maxsize=8)
def tiny_system(chemistry: str) -> System:
    """The small model in cells so wide that their matrix can be written out."""
    model = small_model("grid", chemistry, discretization=Grid(size_at_active_zone=0.05))
    return build_system(model, discretize(model))


def dense_jacobian(system: System, y: np.ndarray) -> np.ndarray:
    """Of diffusion and reaction, for the state flattened; reactions at one state (fields,) everywhere."""
    diffusion = np.kron(np.diag(system.chemistry.diffusivity), system.discretization.laplacian().toarray())
    return diffusion + np.kron(system.chemistry.jacobian(y), np.eye(system.shape[1]))


# What is inverted --------------------------------------------


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_the_jacobian_of_the_reactions_is_their_derivative(chemistry: str) -> None:
    system = tiny_system(chemistry)
    do = open_backend("numpy", system)
    y = system.chemistry.rest * np.linspace(1.1, 1.4, len(system.fields))
    slopes = []
    for field in range(len(y)):
        change = 1e-4 * y[field] * np.eye(len(y))[field]
        ends = [do.from_host(np.repeat((y + s * change)[:, None], system.shape[1], axis=1)) for s in (1, -1)]
        for end in ends:
            do.rhs(end.copy(), end)
        slopes.append((ends[0] - ends[1])[:, 0] / (2 * change[field]))
    found = system.chemistry.jacobian(y)
    assert found == pytest.approx(np.array(slopes).T, rel=1e-6, abs=1e-9 * (1 + np.abs(found).max()))


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_modes_invert_diffusion_and_reaction_of_a_uniform_state(chemistry: str) -> None:
    system, tau = tiny_system(chemistry), 0.7
    fields, n = system.shape
    y = system.chemistry.rest * 1.3
    modes = decouple(system.chemistry, y, tau)
    r = np.random.default_rng(1).uniform(-1, 1, (fields, n))
    laplacian = system.discretization.laplacian().toarray()
    b = modes.to @ r
    xi = np.array([np.linalg.solve(s * np.eye(n) - laplacian, b_q) for s, b_q in zip(modes.shifts, b, strict=True)])
    x = modes.back @ xi + modes.direct @ r
    matrix = np.eye(fields * n) - tau * dense_jacobian(system, y)
    assert x.ravel() == pytest.approx(np.linalg.solve(matrix, r.ravel()), rel=1e-8, abs=1e-10)


def test_a_buffer_that_never_lets_go_takes_nothing_where_there_is_no_calcium() -> None:
    trap = Buffer(name="trap", k_on=0.1, k_off=0.0, total=50.0, diffusivity=0.0)
    chemistry = build_chemistry(small_model(buffers=(trap,), calcium=Calcium(rest=0.0)))
    assert bound_with_calcium(chemistry, chemistry.rest).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_calcium_that_is_added_stays_in_equilibrium(chemistry: str) -> None:
    described = tiny_system(chemistry).chemistry
    change = bound_with_calcium(described, described.rest)
    assert described.jacobian(described.rest) @ change == pytest.approx(0, abs=1e-9)
    assert change[0] == 1


# Multigrid --------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_level_keeps_constants_and_the_volume(kind: str) -> None:
    cells = small_system(kind).discretization
    levels = [*build_levels(cells.conductance, cells.volumes)]
    assert len(levels) > 1
    for fine, coarse in pairwise(levels):
        there = fine.diagonal > 0
        assert (fine.prolong @ np.ones(coarse.size))[there] == pytest.approx(1)
        assert fine.restrict @ np.ones(fine.size) == pytest.approx(1)
        assert coarse.laplacian @ np.ones(coarse.size) == pytest.approx(coarse.diagonal)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shift", [1e-3, 10.0, 1e5])
def test_a_cycle_takes_a_third_of_the_worst_error_or_more(kind: str, shift: float) -> None:
    system = small_system(kind)
    cells, do = system.discretization, open_backend("numpy", system)
    multigrid = Multigrid(do, build_levels(cells.conductance, cells.volumes))
    problems = multigrid.shifted(np.full(system.chemistry.moving, shift))
    laplacian = cells.laplacian()
    error = np.where(cells.volumes > 0, np.random.default_rng(0).standard_normal(cells.size), 0.0)
    for _ in range(15):  # to the error that is reduced least
        error /= np.linalg.norm(error)
        multigrid.right_hand_side[:, 0] = shift * error - laplacian @ error
        error = error - multigrid.cycle(problems)[:, 0]
    assert np.linalg.norm(error) < 2 / 3


# The method --------------------------------------------


@pytest.mark.parametrize("source", [0.0, 300.0], ids=["closed", "with a source"])
def test_a_step_is_of_second_order(source: float) -> None:
    """Calcium alone: the exact solution is the exponential of the Laplacian and of what enters, in µM ms⁻¹."""
    system = tiny_system("no buffer")
    do, n = open_backend("numpy", system), system.shape[1]
    x, volumes = system.discretization.centres[:, 0], system.discretization.volumes
    start = 1 + 0.5 * np.cos(np.pi * (x - x.min()) / np.ptp(x))[None]
    laplacian = system.chemistry.diffusivity[0] * system.discretization.laplacian().toarray()
    duration = 0.3**2 / np.pi**2 / system.chemistry.diffusivity[0]  # in which the cosine falls to 1/e
    cell = int(np.argmax(volumes))
    entering = np.hstack([laplacian, source * np.eye(n)[:, [cell]]])
    exact = (expm(duration * np.vstack([entering, np.zeros(n + 1)])) @ np.append(start[0], 1.0))[:n]
    errors, counts = [], np.array([4, 8, 16, 32])
    scheme = rosenbrock.Rosenbrock(do)
    for count in counts:
        y, h = start.copy(), duration / count
        change = do.values(np.zeros((2, 1)))
        flow = StepSources(
            do.indices(np.array([cell])), do.values(np.array([source])), change, h * source * volumes[cell]
        )
        for _ in range(count):
            f0 = do.new()
            do.rhs(y, f0)
            do.add_at(f0, flow.cells, flow.first, 1.0)
            y = y + scheme.increment(Step(h, y, f0, (do.new(), do.new(), do.new())), flow)
        errors.append(np.abs(y[0] - exact)[volumes > 0].max())
    assert slope(1 / counts, errors) == pytest.approx(scheme.order, abs=0.2)


# Whole runs --------------------------------------------


def crossing(kind: str, monkeypatch: pytest.MonkeyPatch, backend: str, implicit: bool, **run: Any) -> Simulation:
    """The small model, run until long after its pulse; whether implicit steps are taken as soon as currents rest."""
    above, on = (6, 3) if implicit else (10**6, 10**6)
    monkeypatch.setattr(limits, "IMPLICIT_FROM", above)
    monkeypatch.setattr(limits, "IMPLICIT_ON", on)
    return fresh(small_model(kind, run=Run(duration=3.0, **{"tolerance": 1e-3} | run)), backend)


@pytest.mark.parametrize("backend", each_backend())
@pytest.mark.parametrize("kind", KINDS)
def test_a_quiet_stretch_ends_where_explicit_steps_end(
    kind: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = {}
    for implicit in (False, True):
        name, tolerance = (backend, 1e-3) if implicit else ("compiled", 1e-4)
        run = crossing(kind, monkeypatch, name, implicit, tolerance=tolerance)
        run.run()
        assert run.balance().relative_error < 1e-13
        ends[implicit] = run.do.to_host(run.stepper.y)
    assert run.host.implicit.evaluations > 20  # five in each step
    there = run.system.discretization.volumes > 0
    assert ends[True][:, there] == pytest.approx(ends[False][:, there], rel=5e-3)


def test_a_state_that_implicit_steps_do_not_suit_is_left_to_explicit_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a pore that stays open a fixed buffer is full, which the mean state does not know."""
    monkeypatch.setattr(limits, "IMPLICIT_FROM", 60)
    monkeypatch.setattr(limits, "IMPLICIT_ON", 20)
    fixed = Buffer(name="fixed", k_on=0.1, K_d=10.0, total=400.0, diffusivity=0.0)
    pore = Channels(name="open", positions=((0.0, 0.0),), current={"kind": "constant", "amplitude": 0.3})
    run = fresh(small_model("grid", buffers=(fixed,), channels=(pore,), run=Run(duration=20.0)), "compiled")
    run.run()
    assert "implicit" in vars(run.host)
    assert run.rejected < 0.1 * run.steps


def test_nothing_is_tried_in_vain_where_a_current_begins_to_flow() -> None:
    """The long steps before it would be."""
    bell = Channels(name="bell", positions=((0.0, 0.0),), current=GaussianCurrent(amplitude=0.1, peak=30.0, width=0.5))
    run = fresh(small_model("grid", channels=(bell,), run=Run(duration=40.0)), "compiled")
    moments: list[Moment] = []
    run.run(moments.append)
    (onset,) = run.influx.currents.groups[0].influx.onsets
    before = [m.t for m in moments if m.t <= onset]
    assert before[-1] == onset
    assert len(before) < 20
    assert run.rejected < 0.1 * run.steps


RISES, FALLS = (0.0, 1.0, 2.0), (0.05, 1.05, 2.05)
TRAIN = Channels(
    name="train",
    positions=((0.0, 0.0),),
    current={
        "kind": "table",
        "times": [t for pair in zip(RISES, FALLS, strict=True) for t in (pair[0], *pair, pair[1])],
        "values": [0, 0.1, 0.1, 0] * 3,
    },
)


@pytest.mark.parametrize(("kind", "more"), [("grid", {}), ("tetrahedra", {}), ("grid", {"channels": (TRAIN,)})])
def test_every_backend_takes_the_same_steps(kind: str, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same length, rejected at the same places, implicit ones in between; also through a train."""
    monkeypatch.setattr(limits, "IMPLICIT_FROM", 6)
    monkeypatch.setattr(limits, "IMPLICIT_ON", 3)
    runs = []
    for name in ("numpy", "compiled"):
        need_backend(name)
        run = fresh(small_model(kind, "fixed", run=Run(duration=3.0), **more), name)
        moments: list[Moment] = []
        run.run(moments.append)
        assert "implicit" in vars(run.host)
        runs.append((moments, run.rejected))
    (one, rejected), (other, also) = runs
    assert rejected == also
    assert [m.evaluations for m in one] == [m.evaluations for m in other]
    assert [m.t for m in one] == pytest.approx([m.t for m in other], rel=1e-6)
    assert [m.h for m in one] == pytest.approx([m.h for m in other], rel=1e-4)


def test_a_pore_that_stays_open_is_steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its current goes through implicit steps too, and the ledger counts it."""
    pore = Channels(name="Ca", positions=((0.0, 0.0),), current=ConstantCurrent(amplitude=0.01))
    ends = {}
    for start in (10**6, 6):
        monkeypatch.setattr(limits, "IMPLICIT_FROM", start)
        monkeypatch.setattr(limits, "IMPLICIT_ON", start)
        run = fresh(small_model(channels=(pore,), run=Run(duration=3.0, tolerance=1e-3)))
        run.run()
        assert run.balance().relative_error < 1e-13
        assert run.balance().entered == pytest.approx(0.01 * 3.0 * AMOUNT_PER_CHARGE, rel=1e-12)
        ends[start] = run.do.to_host(run.stepper.y)[:, run.system.discretization.volumes > 0]
    assert ends[6] == pytest.approx(ends[10**6], rel=1e-2)


def test_a_run_goes_on_from_within_a_quiet_stretch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(limits, "IMPLICIT_FROM", 6)
    monkeypatch.setattr(limits, "IMPLICIT_ON", 3)
    model = small_model(run=Run(duration=3.0))
    whole = runner.run(model, "numpy", tmp_path / "whole")
    quiet = whole.summary.steps - 3
    runner.run(model, "numpy", tmp_path / "halves", should_stop=StopAfter(quiet))
    monkeypatch.setattr(limits, "IMPLICIT_FROM", 10**6)  # where a stretch begins to be quiet, it knows already
    runner.resume(tmp_path / "halves")
    assert_same_tables(tmp_path / "whole", tmp_path / "halves")


def test_between_the_ends_of_implicit_steps_a_decay_decays() -> None:
    """What is stiff in the rates at both ends does not swing what rows and snapshots show between them."""
    buffer = {"name": "fixed", "total": 50, "diffusivity": 0, "k_on": 0.1, "K_d": 0.5}
    pulse = {"kind": "pulse", "amplitude": 0.5, "start": 0.1, "duration": 0.5}
    model = Model(
        geometry={"kind": "box", "size": [1, 1, 0.5], "symmetry": ["x", "y"]},
        discretization={"kind": "grid", "size_at_active_zone": 0.02, "size_in_bulk": 0.06},
        buffers=[buffer],
        channels=[{"name": "Ca", "positions": [[0, 0]], "current": pulse}],
        probes=[{"name": "p", "position": [0.06, 0, 0]}],
        run={"duration": 60},
    )
    run, times, seen = fresh(model), np.arange(3.0, 60.0), []
    while not run.finished:
        at = run.advance()
        inside = times[(times > at.t - at.h) & (times <= at.t)]
        seen += run.values_within(at, inside)[:, CALCIUM, 0].tolist() if len(inside) else []
    assert "implicit" in vars(run.host)  # they were needed
    assert np.all(np.diff(seen) < 0)


def test_between_the_ends_of_a_step_slow_modes_are_seen_and_stiff_ones_are_not() -> None:
    """What is left of a rate whose mode decays by x in a step: 1 - (x / (1 + x))²."""
    system = tiny_system("no buffer")
    do = open_backend("numpy", system)
    rates, modes = np.linalg.eig(system.chemistry.diffusivity[0] * system.discretization.laplacian().toarray())
    decays = np.sort(-rates.real)[1:]  # but for the one that stays
    y, f0 = do.from_host(np.ones(system.shape)), do.new()
    scheme = rosenbrock.Rosenbrock(do)
    for decay in (decays[0], np.median(decays), decays[-1]):
        mode = modes[:, np.argmin(np.abs(rates.real + decay))].real
        for x in (0.01, 1.0, 100.0):
            scheme.increment(Step(x / rosenbrock.GAMMA / decay, y, f0, (do.new(), do.new(), do.new())), None)
            left = do.from_host(mode[None])
            scheme.smooth(left)
            expected = (1 - (x / (1 + x)) ** 2) * mode
            assert np.linalg.norm(left[0] - expected) < 0.1 * np.linalg.norm(mode)


def test_a_step_far_too_long_for_a_mode_ends_it() -> None:
    """L-stable: of the fastest mode of diffusion nothing is left, not even with its sign turned."""
    system = tiny_system("no buffer")
    do = open_backend("numpy", system)
    rates, modes = np.linalg.eig(system.chemistry.diffusivity[0] * system.discretization.laplacian().toarray())
    fastest = modes[:, np.argmin(rates.real)].real
    y, f0 = do.from_host(1 + 0.5 * fastest[None] / np.abs(fastest).max()), do.new()
    do.rhs(y, f0)
    h = 1e5 / np.abs(rates).max()
    end = y + rosenbrock.Rosenbrock(do).increment(Step(h, y, f0, (do.new(), do.new(), do.new())), None)
    there = system.discretization.volumes > 0
    assert np.ptp(end[0][there]) < 0.02 * np.ptp(y[0][there])
