"""The same terminal said in two ways gives the same calcium; buffers end where thermodynamics says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from rdcalcium.chemistry import CALCIUM
from rdcalcium.geometry.described_mesh import described_mesh
from rdcalcium.geometry.files import write_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.library import buffer
from rdcalcium.model import Box, Channels, Grid, MeshFile, Probe, PulseCurrent, Sphere, Tetrahedra
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.models import ATP, FIXED, TWO_SITE, small_model
from tests.support import fresh, simulate


def pulse(amplitude: float, duration: float) -> Channels:
    """One channel in the middle of the membrane that opens at once."""
    current = PulseCurrent(amplitude=amplitude, start=0, duration=duration)
    return Channels.model_validate({"name": "Ca", "positions": [[0, 0]], "current": current})


def test_a_vesicle_bends_the_plume_on_a_grid_and_on_tetrahedra_alike() -> None:
    """Under, beside, above and behind a vesicle over the channel, while it is open; it holds calcium back."""
    vesicle = Sphere(centre=(0.0, 0.02, 0.035), radius=0.025)
    places = {
        "under": (0, 0.02, 0.004),
        "beside": (0.04, 0, 0.01),
        "above": (0, 0.02, 0.07),
        "behind": (0, 0.06, 0.03),
        "corner": (0.1, -0.1, 0.1),
    }
    probes = tuple(Probe(name=name, position=position) for name, position in places.items())

    def calcium(discretization: Grid | Tetrahedra, *obstacles: Sphere) -> np.ndarray:
        model = small_model(
            geometry=Box(size=(0.3, 0.3, 0.2), obstacles=obstacles),
            discretization=discretization,
            buffers=(FIXED, buffer("EGTA", total="1 mM")),
            channels=(pulse(0.2, 0.1),),
            probes=probes,
            run={"duration": 0.1},
        )
        found: np.ndarray = simulate(model).values[CALCIUM]
        return found

    grid = Grid(size_at_active_zone=(0.004, 0.004, 0.004), size_in_bulk=0.02, margin=0.03)
    on_grid = calcium(grid, vesicle)
    # Of the two the grid is nearer to the truth: 3 nm change it by 0.2 %.
    np.testing.assert_allclose(
        calcium(Tetrahedra(size_at_active_zone=0.004, size_in_bulk=0.02), vesicle), on_grid, rtol=0.03
    )
    np.testing.assert_allclose(calcium(grid.scaled(1.5), vesicle), on_grid, rtol=0.01)
    assert on_grid[0] > 1.2 * calcium(grid.scaled(1.5))[0]


def test_a_mesh_file_in_nm_and_one_in_um_are_the_same_terminal(tmp_path: Path) -> None:
    box = Box(size=(0.3, 0.3, 0.2), obstacles=(Sphere(centre=(0.0, 0.02, 0.035), radius=0.025),))
    mesh = described_mesh(box, Tetrahedra(size_at_active_zone=0.015, size_in_bulk=0.05), [(0, 0, 0)])
    large = TetrahedralMesh(1000 * mesh.points, mesh.tetrahedra, mesh.regions, mesh.surfaces)
    runs = []
    for unit, written in {"um": mesh, "nm": large}.items():
        write_mesh(written, tmp_path / f"{unit}.vtu")
        geometry = MeshFile(file=str(tmp_path / f"{unit}.vtu"), length_unit=unit)
        runs.append(simulate(small_model(geometry=geometry, discretization=Tetrahedra(), channels=(pulse(0.1, 0.1),))))
    a, b = runs
    assert a.steps == b.steps
    np.testing.assert_allclose(b.system.discretization.volumes, a.system.discretization.volumes, rtol=1e-9)
    np.testing.assert_allclose(b.values, a.values, rtol=1e-9)
    assert a.values[CALCIUM].max() > 0.1


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_nothing_goes_negative_in_ten_millimolar_of_bapta(kind: str) -> None:
    """A stiff reaction, and a current so strong that it uses up the chelator; looked at after every step."""
    bapta = buffer("BAPTA", total="10 mM")
    simulation = fresh(small_model(kind, buffers=(bapta,), channels=(pulse(50.0, 0.05),), probes=()))
    lowest, highest = np.inf, 0.0
    while not simulation.finished:
        simulation.advance()
        calcium, bound = np.asarray(simulation.do.to_host(simulation.stepper.y))
        lowest, highest = min(lowest, calcium.min(), bound.min()), max(highest, bound.max())
    assert lowest >= 0
    assert 0.9 * bapta.total < highest <= bapta.total


@pytest.mark.parametrize("buffers", [(TWO_SITE,), (ATP,), (TWO_SITE, ATP, FIXED)], ids=["two sites", "Mg", "all"])
def test_after_a_pulse_a_closed_box_comes_to_the_equilibrium_of_its_calcium(buffers: tuple) -> None:
    """Independent sites of K = 0.3/0.2 µM; ATP of K_Ca 200 and K_Mg 100 µM with 300 µM of Mg; fixed of K = 10 µM."""
    box = Box(size=(0.1, 0.1, 0.1))
    model = small_model(
        geometry=box,
        discretization=Grid(size_at_active_zone=0.02),
        buffers=buffers,
        channels=(pulse(0.05, 0.2),),
        probes=(),
        run={"duration": 60, "tolerance": 1e-3},
    )
    added = 0.05 * 0.2 * AMOUNT_PER_CHARGE / 0.1**3

    def states(c: float) -> dict[str, float]:
        site, fixed = c / (c + 1.5), c / (c + 10)
        free_of_both = 1 / (1 + c / 200 + 300 / 100)
        return {
            "Ca": c,
            "calretinin.CaB": 100 * 2 * site * (1 - site),
            "calretinin.Ca2B": 100 * site**2,
            "ATP.CaATP": 2000 * free_of_both * c / 200,
            "ATP.MgATP": 2000 * free_of_both * 300 / 100,
            "fixed.bound": 400 * fixed,
        }

    simulation = simulate(model)
    fields = simulation.system.fields

    def total(c: float) -> float:
        return sum(field.calcium * states(c)[field.name] for field in fields)

    c = brentq(lambda c: total(c) - total(0.05) - added, 0.05, 1e3)
    final = np.asarray(simulation.do.to_host(simulation.stepper.y))
    assert c > 4 * 0.05
    for field, values in zip(fields, final, strict=True):
        np.testing.assert_allclose(values, states(c)[field.name], rtol=1e-4, err_msg=field.name)
