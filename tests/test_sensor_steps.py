"""Steps of release sensors: matrix exponentials at any calcium, quiet or stiff, however they are found."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import rdcalcium as rc
from rdcalcium.backends import open_backend
from rdcalcium.bench.systems import grid_system
from rdcalcium.model import Sensor
from rdcalcium.vesicles import flow, levels
from rdcalcium.vesicles.chain import CalciumCourse, Chain
from rdcalcium.vesicles.series import Blocks
from rdcalcium.vesicles.sites import Vesicles

# Five sites, allosteric, two sensors in one (not stiff, and stiff: it would fuse within a nanosecond from its last
# state), and sites that come back.
NAMES = ("schneggenburger_neher2000", "lou2005", "sun2007", "dual_kobbersmed2020", "refilled_kobbersmed2020")
QUIET, STIFF = (0.05, 0.01), (300.0, 5.0)  # µM and ms


def vesicles(name: str) -> Vesicles:
    return Vesicles(Chain(Sensor(use=name, positions=((0.0, 0.0, 0.0),))))


def at(calcium: np.ndarray) -> CalciumCourse:
    return calcium, calcium, calcium


def exponential(q: np.ndarray, h: float) -> np.ndarray:
    """exp(hQ) with three digits more than others: Taylor's series of a short time, squared."""
    leaving = np.longdouble(-h * q.diagonal().min())
    squarings = max(int(np.ceil(np.log2(leaving))) + 1, 0)
    shift, unit = leaving / 2**squarings, np.eye(len(q), dtype=np.longdouble)
    matrix = q * np.longdouble(h) / 2**squarings + shift * unit  # nothing below zero, so that nothing cancels
    term = found = unit
    for k in range(1, 40):
        term = term @ matrix / k
        found = found + term
    found = found * np.exp(-shift)
    for _ in range(squarings):
        found = found @ found
    return found.astype(float)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("calcium", "h"), [QUIET, STIFF, (5.0, 0.3)])
@pytest.mark.parametrize("positions", [1, 40])
def test_a_step_is_the_matrix_exponential(name: str, calcium: float, h: float, positions: int) -> None:
    """Of single positions, and of many that share a stretch of calcium."""
    do, around = vesicles(name), np.linspace(0.9, 1.1, positions) * calcium
    start = do.start(0.07, positions)
    found = do.occupancy(do.after(start, at(around), h))
    for i in {0, positions // 2}:
        truth = expm(h * do.chain.generator(around[i])) @ start[: do.count, i]
        np.testing.assert_allclose(found[:, i], truth, rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_agrees_with_an_ordinary_differential_equation(name: str) -> None:
    """At stiff calcium by an implicit Runge-Kutta method, which knows no exponentials."""
    do, (calcium, h) = vesicles(name), STIFF
    q, start = do.chain.generator(calcium), do.start(0.07, 30)
    truth = solve_ivp(lambda _, p: q @ p, (0, h), start[: do.count, 0], "Radau", jac=q, rtol=1e-9, atol=1e-15).y[:, -1]
    found = do.occupancy(do.after(start, at(np.full(30, calcium)), h))
    np.testing.assert_allclose(found[:, -1], truth, rtol=1e-7, atol=1e-13)


@pytest.mark.parametrize("h", [0.001, 0.1])
def test_states_that_are_hardly_ever_entered_have_as_many_digits_as_others(h: float) -> None:
    """The last ones of a stiff sensor hold 1e-20 of all vesicles, and fuse a million times as fast as others."""
    do, calcium = vesicles("dual_kobbersmed2020"), np.append(0.06, np.linspace(0.05, 0.07, 50))
    found = do.after(do.start(0.05, 51), at(calcium), h)
    truth = exponential(do.chain.generator(0.06), h) @ do.start(0.05, 1)
    assert truth[truth > 0].min() < 1e-15
    np.testing.assert_allclose(found[:, :1], truth, rtol=1e-9)


def test_an_exponential_that_is_squared_often_keeps_its_digits() -> None:
    """Twenty times here; each squaring alone would double the error of what is kept."""
    do, calcium, h = vesicles("dual_kobbersmed2020"), np.array([0.06, 20.0]), 0.5
    for c, found in zip(calcium, do.flow.exponentials(do.chain.rates(calcium), h), strict=True):
        np.testing.assert_allclose(found, exponential(do.chain.generator(float(c)), h), rtol=1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_no_occupancy_is_lost_or_falls_below_zero(name: str) -> None:
    do, draw = vesicles(name), np.random.default_rng(3)
    y = do.start(0.05, 20)
    for _ in range(12):
        course = tuple(10 ** draw.uniform(-3, 2.5, (3, 20)))
        y = do.after(y, (course[0], course[1], course[2]), 10 ** draw.uniform(-4, 1))
        assert y.min() >= -1e-15
        np.testing.assert_allclose(do.occupancy(y).sum(axis=0), 1, rtol=1e-13)
        if do.chain.returns:  # sites that have released nothing, and those that have
            np.testing.assert_allclose(y[do.count + 1 :].sum(axis=0), 1, rtol=1e-11)


def test_a_course_is_its_steps_one_after_the_other() -> None:
    t = np.linspace(0, 2, 201)
    calcium = 0.05 + 20 * np.exp(-(((t - 1) / 0.3) ** 2))
    do = vesicles("dual_kobbersmed2020")
    y = do.start(0.05, 1)
    for before, after in pairwise(calcium):
        y = do.after(y, (np.array([before]), np.array([0.5 * (before + after)]), np.array([after])), 0.01)
    found = rc.release("dual_kobbersmed2020", t, calcium).occupancy[-1]
    np.testing.assert_allclose(found, y[:, 0], rtol=1e-10)


def test_a_course_needs_few_exponentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 85 states, at 200 levels of calcium and more: as many as its stretches of calcium have points."""
    made: list[int] = []
    ours = flow.Flow.exponentials

    def counted(do: flow.Flow, rates: np.ndarray, h: float) -> np.ndarray:
        made.append(rates.shape[1])
        return ours(do, rates, h)

    monkeypatch.setattr(flow.Flow, "exponentials", counted)
    rc.release("release_of_inhibition_norman2023", np.linspace(0, 0.2, 201), np.linspace(5, 6, 201))
    assert sum(made) == levels.NODES


@pytest.mark.parametrize("squared", [False, True])
def test_what_is_far_from_all_others_in_calcium_is_as_exact(squared: bool) -> None:
    """None at all, and ten thousand times rest, beside many near rest."""
    do = vesicles("schneggenburger_neher2000")
    calcium, h = np.concatenate([[0.0, 500.0], np.linspace(0.05, 0.09, 60)]), 8.0 if squared else 0.02
    found = do.after(do.start(0.07, 62), at(calcium), h)
    for i in (0, 1, 2, 61):
        truth = exponential(do.chain.generator(calcium[i]), h) @ do.start(0.07, 1)[:, 0]
        np.testing.assert_allclose(found[:, i], truth, rtol=1e-8, atol=1e-16)


@pytest.mark.parametrize("name", [*NAMES, "unpriming_kobbersmed2020", "one_pool_eshra2021"])
@pytest.mark.parametrize("sites", [1, 8, 30])
def test_every_backend_finds_the_same_occupancies(name: str, sites: int, kernel_backend: str) -> None:
    """Steps as they come in a run, at calcium from rest to beside a pore."""
    do = open_backend(kernel_backend, grid_system(2, 3))
    plain, draw = vesicles(name), np.random.default_rng(5)
    by_kernel = Vesicles(plain.chain, do.series)
    y = z = plain.start(0.05, sites)
    for _ in range(10):
        before = 10 ** draw.uniform(-1.5, 2, sites)
        after = before * draw.uniform(0.5, 2, sites)
        course, h = (before, 0.5 * (before + after), after), 10 ** draw.uniform(-4, 0)
        y, z = plain.after(y, course, h), by_kernel.after(z, course, h)
    np.testing.assert_allclose(z, y, rtol=1e-9, atol=1e-14)


def test_a_scheme_for_which_a_kernel_has_no_room_is_left_to_numpy(kernel_backend: str) -> None:
    do = open_backend(kernel_backend, grid_system(2, 3))
    many = vesicles("release_of_inhibition_norman2023")
    assert type(do.series(many.flow, many.rates)) is Blocks
