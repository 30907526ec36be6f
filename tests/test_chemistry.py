"""What the fields can be: forms of a buffer that move at different rates, and magnesium that is used up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from rdcalcium.chemistry import build_chemistry
from rdcalcium.errors import ModelError
from rdcalcium.integrators.modes import bound_with_calcium
from rdcalcium.integrators.rosenbrock import Rosenbrock
from rdcalcium.integrators.stepper import Step
from rdcalcium.model import Box, Buffer, Grid, Magnesium, Model
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.models import ATP, CHEMISTRIES, SLOW_WHEN_BOUND, TWO_SITE, magnesium, small_model
from tests.support import each_backend, fresh, simulate

WIDTH, CELLS = 0.05, 12
PULSE = {"kind": "pulse", "amplitude": 0.05, "start": 0, "duration": 0.2}


def row_of_cells(buffers: tuple[Buffer, ...], duration: float = 0.5, **changes: Any) -> Model:
    """Twelve cells side by side, with a channel in the first one."""
    first = -(CELLS - 1) / 2 * WIDTH
    return small_model(
        geometry=Box(size=(CELLS * WIDTH, WIDTH, WIDTH)),
        discretization=Grid(size_at_active_zone=WIDTH),
        buffers=buffers,
        channels=({"name": "Ca", "positions": ((first, 0.0),), "current": PULSE},),
        probes=(),
        run={"duration": duration, "tolerance": 1e-5},
        **changes,
    )


def second_difference(u: np.ndarray) -> np.ndarray:
    """Of a row of cells between closed ends, µm⁻²."""
    return np.diff(np.concatenate([u[:1], u, u[-1:]]), n=2) / WIDTH**2


@pytest.mark.parametrize("backend", each_backend())
def test_bound_and_free_forms_of_a_buffer_move_each_at_its_own_rate(backend: str) -> None:
    """Against the same row of cells written out by hand, and solved by somebody else."""
    k_on, K_d, total, rest = 0.3, 0.8, 100.0, 0.05

    def rates(t: float, y: np.ndarray) -> np.ndarray:
        calcium, free, bound = y.reshape(3, CELLS)
        flux = k_on * calcium * free - k_on * K_d * bound
        source = np.zeros(CELLS)
        source[0] = PULSE["amplitude"] * AMOUNT_PER_CHARGE / WIDTH**3 * (t < PULSE["duration"])
        change = (
            0.22 * second_difference(calcium) - flux + source,
            0.2 * second_difference(free) - flux,
            0.05 * second_difference(bound) + flux,
        )
        return np.concatenate(change)

    y = np.repeat([rest, total * K_d / (K_d + rest), total * rest / (K_d + rest)], CELLS)
    for span in ((0, PULSE["duration"]), (PULSE["duration"], 0.5)):
        y = solve_ivp(rates, span, y, "LSODA", rtol=1e-9, atol=1e-9).y[:, -1]
    run = simulate(row_of_cells((SLOW_WHEN_BOUND,)), backend)
    names = [field.name for field in run.system.fields if field.name != "Mg"]
    assert names == ["Ca", "indicator.free", "indicator.bound"]
    found = run.do.to_host(run.stepper.y)
    assert found == pytest.approx(y.reshape(3, CELLS), rel=2e-4)
    assert np.ptp(found[1] + found[2]) > 5  # µM: where much is bound the total has grown


def test_forms_that_move_nearly_alike_are_those_that_move_alike() -> None:
    ends = []
    for bound in (0.2, 0.2 * (1 + 1e-9)):
        buffer = SLOW_WHEN_BOUND.changed(diffusivity={"free": 0.2, "bound": bound})
        run = simulate(row_of_cells((buffer,)))
        ends.append(run.do.to_host(run.stepper.y)[[0, -1]])
        assert len(run.system.fields) == (2 if bound == 0.2 else 3)
    assert ends[1] == pytest.approx(ends[0], rel=1e-4)


def test_a_calcium_step_sets_magnesium_free_and_none_is_lost() -> None:
    """The roots of both balances, by hand; ATP of K_Ca 200 µM and K_Mg 100 µM."""
    model = row_of_cells((ATP,), duration=200.0, magnesium=Magnesium(free=300, diffusivity=0.3))
    run = simulate(model)
    volume = CELLS * WIDTH**3

    def free_form(calcium: float, magnesium: float) -> float:
        return 2000 / (1 + calcium / 200 + magnesium / 100)

    def total(calcium: float, magnesium: float) -> tuple[float, float]:
        atp = free_form(calcium, magnesium)
        return calcium * (1 + atp / 200), magnesium * (1 + atp / 100)

    all_calcium, all_magnesium = total(0.05, 300)
    all_calcium += PULSE["amplitude"] * PULSE["duration"] * AMOUNT_PER_CHARGE / volume

    def magnesium_at(calcium: float) -> float:
        return float(brentq(lambda m: total(calcium, m)[1] - all_magnesium, 1, 3000, xtol=1e-12))

    calcium = brentq(lambda c: total(c, magnesium_at(c))[0] - all_calcium, 0.01, 1e4, xtol=1e-12)
    sums = run.do.weighted_sums(run.stepper.y) / volume
    assert sums[:2] == pytest.approx([calcium, magnesium_at(calcium)], rel=1e-5)
    assert sums[1] > 300.1
    held = run.system.chemistry.magnesium_content @ sums
    assert held == pytest.approx(all_magnesium, rel=1e-12)
    assert run.balance().relative_error < 1e-12
    assert set(run.balance().bound) == {"ATP"}


def test_clamped_magnesium_is_magnesium_without_end() -> None:
    """A hundred times as much, of which ATP can take a hundredth."""
    few = ATP.changed(total=20)
    clamped, moving = (
        simulate(row_of_cells((few,), magnesium=Magnesium(free=3e4, diffusivity=d))) for d in (None, 0.3)
    )
    assert moving.do.to_host(moving.stepper.y)[0] == pytest.approx(clamped.do.to_host(clamped.stepper.y)[0], rel=1e-4)


def test_an_implicit_step_loses_nothing_that_is_conserved() -> None:
    """Magnesium, a buffer whose free form is a field, and calcium: far from rest, by a step of many time constants."""
    chemistry = "moving magnesium"
    run = fresh(small_model("grid", chemistry), "numpy")
    do, described = run.do, run.system.chemistry
    x = run.system.discretization.centres[:, 0]
    y = do.from_host(described.rest[:, None] * (1 + 0.3 * np.cos(20 * x)))
    f0 = do.new()
    do.rhs(y, f0)
    z = Rosenbrock(do).increment(Step(1.0, y, f0, (do.new(), do.new(), do.new())), None)
    gained = np.vstack(
        [described.calcium_content, described.magnesium_content, described.conserved]
    ) @ do.weighted_sums(z)
    there = np.abs(do.weighted_sums(y)).max()
    assert len(gained) == 4
    assert gained == pytest.approx(0, abs=1e-13 * there)
    assert do.weighted_sums(np.abs(z)).max() > 0.01 * there


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_what_reactions_conserve_is_what_chemists_count(chemistry: str) -> None:
    described = build_chemistry(small_model("grid", chemistry))
    for content in (described.calcium_content, described.magnesium_content):
        assert content @ described.stoichiometry == pytest.approx(0)
    assert len(described.conserved) == (2 if chemistry == "moving magnesium" else 0)
    assert described.conserved @ bound_with_calcium(described, described.rest) == pytest.approx(0, abs=1e-12)


def test_a_state_without_a_diffusivity_is_missed_by_its_name() -> None:
    with pytest.raises(ModelError, match="does not say that of 'Ca2B'"):
        TWO_SITE.changed(diffusivity={"free": 0.1, "CaB": 0.05})
    with pytest.raises(ModelError, match=r"no state 'CaBB'.*Did you mean 'CaB'"):
        TWO_SITE.changed(diffusivity={"free": 0.1, "CaBB": 0.05})
    with pytest.raises(ModelError, match="greater than or equal to 0"):
        TWO_SITE.changed(diffusivity={"free": 0.1, "bound": -1})
    told = TWO_SITE.changed(diffusivity={"bound": "10 um^2/s", "B": "20 um^2/s", "CaB": "15 um^2/s"})
    assert told.diffusivities == pytest.approx({"B": 0.02, "CaB": 0.015, "Ca2B": 0.01})


def test_sensors_know_magnesium_only_where_it_is_clamped() -> None:
    sensor = {
        "name": "blocked",
        "positions": [[0, 0, 0.02]],
        "scheme": ["S + Ca <-> SCa : k, m", "S + Mg <-> SMg : k, m", "SCa -> F : g"],
        "parameters": {"k": 0.1, "m": 1.0, "g": 1.0},
        "released": ["F"],
    }
    small_model(sensors=(sensor,), magnesium=magnesium("six fields"))
    with pytest.raises(ModelError, match=r"leave magnesium\.diffusivity out"):
        small_model(sensors=(sensor,), magnesium=magnesium("moving magnesium"))
