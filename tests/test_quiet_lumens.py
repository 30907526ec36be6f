"""Implicit steps where stores have lumens: each side by itself, and what crosses the membrane arrives beyond it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.chemistry import CALCIUM, MAGNESIUM
from rdcalcium.exact import exchange_mode
from rdcalcium.geometry.files import write_mesh
from rdcalcium.integrators import limits
from rdcalcium.library import resolve
from rdcalcium.simulation import Simulation
from tests.ball import nested_spheres
from tests.support import each_backend, fresh
from tests.test_lumens import BUFFER, CALRETICULIN, store, tables, with_lumen
from tests.tolerances import TOLERANCES

REST = 1.0  # µM, on both sides
PASSIVE = {"name": "pores", "law": "P*(Ca - Ca_store)"}


def quietly(model: rc.Model, monkeypatch: pytest.MonkeyPatch, backend: str = "compiled", on: bool = True) -> Simulation:
    """A model at rest, whose currents rest too, before steps that are implicit, or of which none is."""
    monkeypatch.setattr(limits, "IMPLICIT_FROM", 5.0 if on else np.inf)
    monkeypatch.setattr(limits, "IMPLICIT_ON", 3.0)
    return fresh(model, backend)


def passive(permeability: float, **changes: Any) -> dict[str, Any]:
    """Two sides at one level, between which calcium passes either way."""
    pores = {**PASSIVE, "parameters": {"P": permeability}}
    lumen = {"region": "ER", "diffusivity": 0.1}
    return {
        "calcium": {"rest": REST, "diffusivity": 0.22},
        "stores": [store(pores, lumen=lumen, rest=REST, leak="none")],
        "buffers": [],
        "channels": [],
        "probes": [],
    } | changes


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_two_well_mixed_sides_meet_as_exponentials(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """c - s decays by P A (1/V + 1/V_L), and no calcium is lost."""
    permeability = 5e-4
    model = resolve(tables(kind, **passive(permeability), run={"duration": 60, "tolerance": 1e-4}))
    run = quietly(model, monkeypatch)
    cells = run.system.discretization
    volumes = np.array([cells.part_volumes(part).sum() for part in (0, 1)])
    run.stepper.y[CALCIUM, cells.parts == 1] += 1
    run.run()
    assert run.host.implicit.evaluations > 0.2 * run.stepper.evaluations
    amounts = np.array([run.do.weighted_sums(run.stepper.y, part)[CALCIUM] for part in (0, 1)])
    rate = permeability * cells.membranes["ER"].areas.sum() * (1 / volumes).sum()
    assert np.diff(amounts / volumes)[0] == pytest.approx(np.exp(-rate * 60), rel=1e-3)
    assert amounts.sum() == pytest.approx(REST * volumes.sum() + volumes[1], rel=1e-13)


def test_a_ball_in_a_ball_decays_as_its_slowest_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With gradients on both sides of the membrane, by implicit steps; and in all control volumes alike."""
    inner, outer, permeability, duration = 0.15, 0.25, 0.1, 0.5
    write_mesh(nested_spheres(inner, outer, 0.025), tmp_path / "balls.msh")
    given = passive(permeability) | {
        "geometry": {"kind": "mesh", "file": str(tmp_path / "balls.msh"), "length_unit": "um"},
        "discretization": {"kind": "tetrahedra"},
        "run": {"duration": duration, "tolerance": 1e-4},
    }
    run = quietly(resolve(given), monkeypatch)
    cells = run.system.discretization
    radii = np.linalg.norm(cells.centres, axis=1)
    radii = np.where(cells.parts == 1, np.minimum(radii, inner), np.maximum(radii, inner * (1 + 1e-9)))
    rate, mode = exchange_mode(radii, inner, outer, permeability, (0.22, 0.1))
    run.stepper.y[CALCIUM] = REST + mode
    run.run()
    assert run.host.implicit.evaluations > 0.5 * run.stepper.evaluations
    left = (run.do.to_host(run.stepper.y)[CALCIUM] - REST) / mode
    assert left == pytest.approx(np.exp(-rate * duration), rel=0.02)


MOVING: dict[str, Any] = {
    "magnesium": {"free": 600, "diffusivity": 0.2},
    "buffers": [
        {**BUFFER, "k_on": None, "K_d": None, "scheme": ["A + Ca <-> C : 0.5, 100", "A + Mg <-> M : 0.01, 10"]},
        {**CALRETICULIN, "k_on": None, "K_d": None, "scheme": ["A + Ca <-> C : 1e-3, 1", "A + Mg <-> M : 1e-3, 1"]},
    ],
}


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_magnesium_stays_on_its_side(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calcium that a store takes up sets magnesium free from its buffer, and it is all still there."""
    run = quietly(with_lumen(kind, **MOVING, run={"duration": 20, "tolerance": 1e-3}), monkeypatch)
    content, parts = run.system.chemistry.magnesium_content, run.system.discretization.parts
    before = [content @ run.do.weighted_sums(run.stepper.y, part) for part in (0, 1)]
    run.run()
    assert run.host.implicit.evaluations > 0.2 * run.stepper.evaluations
    after = [content @ run.do.weighted_sums(run.stepper.y, part) for part in (0, 1)]
    assert after == pytest.approx(before, rel=1e-13)
    free = run.do.to_host(run.stepper.y)[MAGNESIUM]
    assert free[parts == 1].mean() > 600.1


@pytest.mark.parametrize("backend", each_backend())
def test_a_quiet_stretch_ends_where_explicit_steps_end(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = with_lumen(run={"duration": 60, "tolerance": 1e-3})
    run = quietly(model, monkeypatch, backend)
    run.run()
    twin = quietly(model, monkeypatch, on=False)
    twin.run()
    assert run.stepper.evaluations < 0.5 * twin.stepper.evaluations
    ends = [r.do.to_host(r.stepper.y) for r in (run, twin)]
    np.testing.assert_allclose(*ends, rtol=5e-4)
    inside = run.system.discretization.parts == 1
    for field, y in zip(run.system.fields, ends[0], strict=True):
        assert not (field.buffer and y[inside != (field.buffer == "CR")].any())  # buffers stay on their side
    balance = run.balance()
    assert abs(balance.missing) < TOLERANCES["balance, float64"] * (balance.initial + balance.entered)
