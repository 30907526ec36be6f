"""Caged calcium: a flash sets it free as chemistry says, in an instant, and loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import rdcalcium as rc
from rdcalcium import runner
from rdcalcium.chemistry import CALCIUM
from rdcalcium.errors import ModelError
from rdcalcium.library import buffer
from rdcalcium.model import Box, Buffer, Grid, Magnesium, Model
from tests.models import FIXED, small_model
from tests.support import each_backend, fresh, simulate

DMN = buffer("DM_nitrophen_faas2005", name="DMn", total="5 mM")
FLASH = {"time": 0.5, "cage": "DMn", "efficiency": 0.4}


SMALL = Buffer(
    name="cage",
    total=100,
    diffusivity=0.2,
    scheme=("B + Ca <-> CaB : k_on, k_off", "B -> X : light", "CaB -> CaX : 2*light", "X + Ca <-> CaX : 0, r"),
    parameters={"k_on": "0.03 /uM/ms", "k_off": "0.01 /ms", "r": "20 /ms"},
)


def one_cell(flashes: tuple[dict[str, Any], ...] = (FLASH,), **changes: Any) -> Model:
    """A well-mixed compartment with 5 mM of the cage, of which 2.3 % hold calcium, in 0.5 mM of magnesium."""
    parts: dict[str, Any] = {
        "geometry": Box(size=(0.1, 0.1, 0.1)),
        "discretization": Grid(size_at_active_zone=0.1),
        "magnesium": Magnesium(free=500, diffusivity=0.2),
        "buffers": (DMN, FIXED),
        "probes": ({"name": "here", "position": (0, 0, 0.05)},),
        "run": {"duration": 8, "tolerance": 1e-4},
    }
    return small_model(channels=(), flashes=flashes, **parts | changes)


def by_hand(times: np.ndarray) -> np.ndarray:
    """Free calcium and magnesium at times after the flash, (2, times) µM, of the published equations.

    They count the two products of a molecule one by one: CaDMn gives CaPP1 and PP1, MgDMn MgPP2 and PP2, DMn two PP2.
    """
    k, off, k_mg, off_mg = 0.029, 0.00019, 0.00013, 0.0002
    dark = np.array([1, 0.05 * k / off, 500 * k_mg / off_mg])
    dark *= 5000 / dark.sum()
    start = np.concatenate([[0.05, 500, 400 * 0.05 / 10.05], 0.6 * dark, 0.268 * dark, 0.132 * dark, np.zeros(6)])

    def rates(t: float, y: np.ndarray) -> np.ndarray:
        (ca, mg, fixed), molecules, products = y[:3], y[3:12].reshape(3, 3), y[12:].reshape(2, 3)
        decay = molecules * np.array([[0], [1 / 0.015], [1 / 1.9]])
        free, with_ca, with_mg = decay.sum(axis=0)
        made = np.array([[with_ca, with_ca, 0], [2 * free + with_mg, 0, with_mg]])
        taken = 0.1 * ca * (400 - fixed) - 1.0 * fixed
        bound = [binding(x, k * ca, off, k_mg * mg, off_mg) for x in molecules]
        bound += [binding(x, k * ca, off_pp, k_mg * mg, 0.3) for x, off_pp in zip(products, (69, 3.6), strict=True)]
        ca_bound, mg_bound = np.sum(bound, axis=0)[1:]
        change = np.array(bound) + np.concatenate([-decay, made])
        return np.concatenate([[-ca_bound - taken, -mg_bound, taken], change.ravel()])

    solved = solve_ivp(rates, (0, times[-1]), start, "LSODA", t_eval=times, rtol=1e-10, atol=1e-10)
    return solved.y[:2]


def binding(x: np.ndarray, on: float, off: float, on_mg: float, off_mg: float) -> np.ndarray:
    """Change of what is free, with calcium and with magnesium, in µM/ms."""
    ca, mg = on * x[0] - off * x[1], on_mg * x[0] - off_mg * x[2]
    return np.array([-ca - mg, ca, mg])


def test_a_flash_in_one_compartment_is_that_of_the_published_equations() -> None:
    """On NumPy: the kernels of so many states take long to compile."""
    run = fresh(one_cell(), "numpy")
    rows = [(run.t, *run.values[:2, 0])]
    run.run(lambda moment: rows.append((moment.t, *moment.values[:2, 0])))
    t, calcium, magnesium = np.array(rows).T
    assert calcium[t <= 0.5] == pytest.approx(0.05, rel=1e-9)
    after = t > 0.501
    expected = by_hand(t[after] - 0.5)
    assert calcium[after] == pytest.approx(expected[0], rel=1e-3)
    assert magnesium[after] == pytest.approx(expected[1], rel=1e-3)
    assert calcium.max() > 1.5  # a spike, before the cage takes it up again
    assert calcium.max() > 2 * calcium[-1]


@pytest.mark.parametrize("backend", each_backend())
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_every_backend_flashes_alike(backend: str, precision: str) -> None:
    flash = {"time": 0.5, "cage": "cage", "efficiency": 0.5}
    run = {"duration": 1.0, "tolerance": 1e-3, "precision": precision}
    ends = [simulate(one_cell((flash,), buffers=(SMALL,), run=run), name) for name in ("numpy", backend)]
    reference, found = (end.do.to_host(end.stepper.y)[:, 0] for end in ends)
    assert found == pytest.approx(reference, rel=1e-6 if precision == "float64" else 1e-3)
    assert ends[1].balance().relative_error < (1e-12 if precision == "float64" else 1e-5)
    assert reference[CALCIUM] > 0.2


def test_a_flash_loses_neither_calcium_nor_magnesium_nor_cage() -> None:
    run = fresh(one_cell((FLASH, {**FLASH, "time": 2.0, "efficiency": 0.9})), "numpy")
    described = run.system.chemistry
    cage = np.array([field.buffer == "DMn" for field in run.system.fields])
    before = described.magnesium_content @ run.do.weighted_sums(run.stepper.y)
    run.run()
    y = run.do.to_host(run.stepper.y)
    assert run.flashed == 2
    assert run.balance().relative_error < 1e-12
    assert described.magnesium_content @ run.do.weighted_sums(run.stepper.y) == pytest.approx(before, rel=1e-12)
    assert 0.94 * 0.999 < y[cage].sum() / 5000 < 1  # what is not the free cage, of which 6 % are left
    assert y.min() > -1e-6


def test_a_flash_at_the_first_instant_is_one() -> None:
    early = simulate(one_cell(({**FLASH, "time": 0},), run={"duration": 1, "tolerance": 1e-4}), "numpy")
    assert early.values[:2, 0] == pytest.approx(by_hand(np.array([0.5, 1.0]))[:, -1], rel=1e-3)


def test_a_flash_that_lasts_is_a_rate_of_breaking() -> None:
    """k q, k = -ln(1 - efficiency) / duration, of a state whose steps by light have the rate q: by LSODA."""
    flash = {"time": 0.1, "duration": 0.4, "cage": "cage", "efficiency": 0.6}
    run = fresh(one_cell((flash,), buffers=(SMALL,), run={"duration": 0.8, "tolerance": 1e-4}), "numpy")
    seen = []
    run.run(lambda moment: seen.append((moment.t, moment.values[CALCIUM, 0])))
    k_on, off, r = 0.03, 0.01, 20.0
    held = 100 * 0.05 / (0.05 + off / k_on)

    def rates(t: float, y: np.ndarray) -> list[float]:
        c, b, cb, _, cx = y
        light = -np.log(0.4) / 0.4 * (0.1 <= t < 0.5)
        bound, free = k_on * c * b - off * cb, r * cx
        return [free - bound, -bound - light * b, bound - 2 * light * cb, light * b + free, 2 * light * cb - free]

    t, calcium = np.array(seen).T
    y = np.array([0.05, 100 - held, held, 0, 0])
    for span in ((0, 0.1), (0.1 + 1e-12, 0.5 - 1e-12), (0.5 + 1e-12, 0.8)):
        solved = solve_ivp(rates, span, y, method="LSODA", rtol=1e-9, atol=1e-12, dense_output=True)
        inside = (t > span[0] + 0.02) & (t < span[1])
        np.testing.assert_allclose(calcium[inside], solved.sol(t[inside])[0], atol=calcium.max() / 80)  # half a part
        y = solved.y[:, -1]
    assert calcium[-1] == pytest.approx(y[0], rel=2e-3)
    assert run.balance().relative_error < 1e-12
    with pytest.raises(ModelError, match=r"a flash that lasts .* cannot break all of 'cage'"):
        one_cell(({**flash, "efficiency": 1},), buffers=(SMALL,))


def test_all_light_breaks_all_and_none_breaks_none() -> None:
    for efficiency in (0.0, 1.0):
        run = fresh(one_cell(({**FLASH, "efficiency": efficiency},)), "numpy")
        y = run.system.rest
        after = run.flashes.after(0, y)
        dark = {f.name: a for f, a in zip(run.system.fields, after[:, 0], strict=True)}
        if efficiency:
            assert dark["DMn.CaDMn"] == pytest.approx(0)
            broken = sum(dark[f"DMn.{state}_{way}"] for state in ("DMn", "CaDMn", "MgDMn") for way in "fs")
            assert broken == pytest.approx(5000)
        else:
            assert np.array_equal(after, y)


def test_what_absorbs_twice_as_well_is_broken_as_by_two_flashes() -> None:
    """1 - (1 - e)² of it."""
    run = fresh(one_cell(({"time": 0.5, "cage": "cage", "efficiency": 0.3},), buffers=(SMALL,)))
    names = [field.name for field in run.system.fields]
    before, after = run.system.rest[:, 0], run.flashes.after(0, run.system.rest)[:, 0]
    free, bound = 100 - before[2:].sum(), before[names.index("cage.CaB")]
    assert after[names.index("cage.X")] == pytest.approx(0.3 * free)
    assert after[names.index("cage.CaX")] == pytest.approx(0.51 * bound)


def test_a_spot_of_light_leaves_the_dark_as_it_was() -> None:
    model = one_cell(
        ({"time": 0.5, "cage": "cage", "efficiency": 0.4, "spot": {"centre": (-0.2, 0, 0.05), "width": 0.1}},),
        buffers=(SMALL,),
        geometry=Box(size=(0.6, 0.1, 0.1)),
        discretization=Grid(size_at_active_zone=(0.02, 0.1, 0.1)),
        probes=(),
    )
    run = fresh(model)
    light = run.flashes.light(model.flashes[0])
    x = run.system.discretization.centres[:, 0]
    assert light == pytest.approx(0.4 * 0.5 ** (4 * ((x + 0.2) / 0.1) ** 2))
    assert x[run.flashes.cells] == pytest.approx(-0.2, abs=0.011)
    while run.t < 0.6:
        run.advance()
    calcium = run.do.to_host(run.stepper.y)[CALCIUM]
    assert calcium[np.abs(x + 0.2) < 0.02].min() > 6 * calcium[x > 0.25].max()
    assert run.points.highest_calcium > 0.8 * calcium.max()
    run.run()
    assert run.balance().relative_error < 1e-12


def test_a_run_that_stops_at_a_flash_goes_on_with_it(tmp_path: Path) -> None:
    flash = {"time": 0.5, "cage": "cage", "efficiency": 0.4}
    model = one_cell((flash,), buffers=(SMALL,), run={"duration": 2, "tolerance": 1e-3})
    whole = runner.run(model, "compiled", tmp_path / "whole")
    at_flash = fresh(model)
    while at_flash.t < 0.5:
        at_flash.stretch()
    assert (at_flash.t, at_flash.flashed) == (0.5, 0)
    other = fresh(model)
    other.restore(at_flash.state())
    other.run()
    assert other.flashed == 1
    again = fresh(model)
    again.restore(other.state())
    assert again.flashed == 1
    calcium = whole.probes["here"].calcium
    assert other.values[0, 0] == pytest.approx(float(calcium[-1]), rel=1e-9)


def test_flashes_that_cannot_be_are_told() -> None:
    with pytest.raises(ModelError, match=r"no buffer is called 'DM'; cages: DMn\. Did you mean 'DMn'"):
        one_cell(({**FLASH, "cage": "DM"},))
    with pytest.raises(ModelError, match="no step of buffer 'fixed' is driven by light"):
        one_cell(({**FLASH, "cage": "fixed"},))
    with pytest.raises(ModelError, match="less than or equal to 1"):
        one_cell(({**FLASH, "efficiency": 40},))
    broken = {"name": "cage", "total": 1, "diffusivity": 0, "parameters": {"k": 1.0}}
    for step, said in (
        ("B -> X : k + light", "is a factor times light"),
        ("B -> X : light**2", "is a factor times light"),
        ("B <-> X : light, k", "it goes one way"),
    ):
        with pytest.raises(ModelError, match=said):
            Buffer(**broken, scheme=("B + Ca <-> CaB : k, k", step))
    with pytest.raises(ModelError, match="another name"):
        Buffer(**{**broken, "parameters": {"k": 1.0, "light": 2.0}}, scheme=("B + Ca <-> CaB : k, k*light",))
    lines = rc.check(one_cell(({**FLASH, "time": 50},)))
    assert any("a flash comes at 50 ms, but the run ends at 8 ms" in line for line in lines)
