"""Where ways are longer diffusion is slower: fluxes through layers are exact, and all else is as if D were smaller."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.sparse.linalg import eigsh

import rdcalcium as rc
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization.build import discretize
from rdcalcium.errors import ModelError
from rdcalcium.integrators import limits
from rdcalcium.model import Box, Grid, Model, Tetrahedra
from rdcalcium.steady_state.solve import steady
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.models import FIXED, small_model
from tests.support import each_backend, simulate, slope

KINDS = ("grid", "tetrahedra")
SLOW = 1.6
D = 0.22


def layers(cells: int = 20, **changes: Any) -> Model:
    """A row of cells along x from -0.5 to 0.5 µm, in whose right half ways are 1.6 times as long."""
    right = {"kind": "box", "low": (0, -1, -1), "high": (1, 1, 1)}
    parts: dict[str, Any] = {
        "geometry": Box(size=(1, 0.05, 0.05)),
        "discretization": Grid(size_at_active_zone=(1 / cells, 0.05, 0.05)),
        "buffers": (),
        "channels": (),
        "probes": (),
        "tortuosity": ({"factor": SLOW, "where": right},),
    }
    return small_model(**parts | changes)


def test_what_flows_through_two_layers_meets_their_resistances_in_series() -> None:
    current = {"kind": "constant", "amplitude": 0.001}
    channel = {"name": "Ca", "positions": [[-0.475, 0, 0.025]], "place": "anywhere", "current": current}
    found = steady(layers(channels=(channel,)), held="x_max")
    c, x = found.y[CALCIUM], found.centres[:, 0]
    flux = 0.001 * AMOUNT_PER_CHARGE / 0.05**2
    resistance = np.where(x < 0, -x, 0) / D + SLOW**2 * (0.475 - np.maximum(x, 0)) / D
    assert c == pytest.approx(0.05 + flux * resistance, rel=1e-7)


def slowest_rate() -> float:
    """That of two layers between closed walls, by the roots of D k tan(k/2) + D' k' tan(k'/2) = 0, ms⁻¹."""
    slow = D / SLOW**2

    def unbalanced(rate: float) -> float:
        k, other = np.sqrt(rate / D), np.sqrt(rate / slow)
        return float(D * k * np.tan(k / 2) + slow * other * np.tan(other / 2))

    # Between the rates at which a quarter of a wave fits into the slow layer, and into the fast one.
    return float(brentq(unbalanced, slow * np.pi**2 * 1.0001, D * np.pi**2 * 0.9999))


@pytest.mark.parametrize("kind", KINDS)
def test_two_layers_relax_as_slowly_as_the_exact_mode(kind: str) -> None:
    found, sizes = [], (10, 20, 40) if kind == "grid" else (10, 20)
    for cells in sizes:
        size = 1 / cells
        choice = Grid(size_at_active_zone=(size, 0.05, 0.05)) if kind == "grid" else None
        mesh = Tetrahedra(size_at_active_zone=size, size_in_bulk=size)
        made = discretize(layers(cells, discretization=choice or mesh))
        volumes = made.volumes
        stiffness = -(made.laplacian().multiply(volumes[:, None])).tocsc()
        mass = np.sqrt(volumes)
        scaled = stiffness.multiply(1 / mass[:, None]).multiply(1 / mass).tocsc()
        rates = eigsh(scaled, k=2, sigma=-0.1, return_eigenvectors=False)
        found.append(D * float(np.max(rates)))
    errors = np.abs(np.array(found) / slowest_rate() - 1)
    if kind == "grid":
        assert slope(1 / np.array(sizes), errors) == pytest.approx(2, abs=0.2)
    assert errors[-1] < 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_long_ways_everywhere_are_a_small_diffusivity(kind: str) -> None:
    changes: dict[str, Any] = {"buffers": (FIXED,), "run": {"duration": 0.2, "tolerance": 1e-3}}
    tortuous = simulate(small_model(kind, tortuosity=({"factor": SLOW},), **changes))
    plain = simulate(small_model(kind, calcium={"diffusivity": D / SLOW**2}, **changes))
    assert tortuous.system.discretization.layout.headers[-1] == (
        "cut_faces.cuh" if kind == "grid" else "diffusion_mesh.cuh"
    )
    assert tortuous.values == pytest.approx(plain.values, rel=1e-6)  # calcium near the pore is corrected alike
    assert tortuous.balance().relative_error < 1e-12
    assert tortuous.system.stiffness(1.0) == pytest.approx(plain.system.stiffness(1.0), rel=1e-3)


@pytest.mark.parametrize("backend", each_backend())
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_every_backend_slows_alike(backend: str, precision: str) -> None:
    """In a shell around the vesicle, so that faces of all directions differ."""
    shell = {"kind": "layer", "within": 0.04, "of": "vesicles"}
    run = {"duration": 0.2, "tolerance": 1e-3, "precision": precision}
    model = small_model("grid", "fixed", tortuosity=({"factor": SLOW, "where": shell}, {"factor": 1.2}), run=run)
    reference, found = (simulate(model, name) for name in ("numpy", backend))
    assert found.values == pytest.approx(reference.values, rel=1e-9 if precision == "float64" else 1e-3)


def test_a_quiet_stretch_through_layers_ends_where_explicit_steps_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = {"kind": "pulse", "amplitude": 0.02, "start": 0, "duration": 0.2}
    channel = {"name": "Ca", "positions": [[-0.475, 0]], "current": pulse}
    ends = {}
    for above in (6, 10**6):
        monkeypatch.setattr(limits, "IMPLICIT_FROM", above)
        monkeypatch.setattr(limits, "IMPLICIT_ON", above / 2)
        run = simulate(layers(channels=(channel,), buffers=(FIXED,), run={"duration": 30, "tolerance": 1e-3}))
        ends[above] = run.do.to_host(run.stepper.y)
    assert ends[6] == pytest.approx(ends[10**6], rel=5e-3)


def test_overlapping_parts_multiply() -> None:
    parts = ({"factor": 2.0}, {"factor": SLOW, "where": {"kind": "sphere", "centre": (0, 0, 0), "radius": 0.1}})
    made = discretize(layers(tortuosity=parts))
    found = made.mobility_at(np.array([[0.0, 0, 0.02], [0.4, 0, 0.02]]))
    assert found == pytest.approx([1 / (4 * SLOW**2), 1 / 4], rel=1e-3)


def test_a_tortuosity_below_one_is_refused_and_check_says_where_ways_are_long() -> None:
    with pytest.raises(ModelError, match=r"greater than or equal to 1"):
        layers(tortuosity=({"factor": 0.6},))
    lines = rc.check(layers())
    assert any("diffusion is 2.56 times as slow in 0.00125 um^3, 50.000% of the terminal" in line for line in lines)
