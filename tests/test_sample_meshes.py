"""The meshes of the folder meshes/: what their recipes say, and fit to compute on."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import diags_array
from scipy.sparse.linalg import expm_multiply

import rdcalcium as rc
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.model import Described
from tests.support import ROOT

MESHES = ROOT / "meshes"
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "make_meshes.py"))
RECIPES = SCRIPT["recipes"]()
TIMES = (1e-6, 1e-5, 1e-4)  # µm², of diffusion: from a node to the next, and over many of them


def file_of(name: str) -> Path:
    return MESHES / f"{name}.{RECIPES[name].get('format', 'msh')}"


def diffused(made: Discretization) -> np.ndarray:
    """What comes of a unit in each of some nodes, at all times, (times, n, nodes)."""
    conductance, size = made.assemble(), len(made.volumes)
    flows = conductance - diags_array(np.asarray(conductance.sum(axis=1)).ravel())
    starts = np.zeros((size, 6))
    starts[np.random.default_rng(1).integers(0, size, 6), np.arange(6)] = 1.0
    rates = diags_array(1 / made.volumes) @ flows
    return np.array([expm_multiply(t * rates, starts) for t in TIMES])


def test_every_mesh_has_a_recipe_and_is_small() -> None:
    files = {path for path in MESHES.iterdir() if path.suffix not in {".toml", ".md"}}
    assert files == {file_of(name) for name in RECIPES}
    assert all(path.stat().st_size < 1e6 for path in files)


@pytest.mark.parametrize("name", RECIPES)
def test_a_mesh_is_that_of_its_recipe(name: str) -> None:
    """Nodes on curved surfaces make it a little smaller than the body, whose size random points tell to a per cent."""
    mesh, shape = rc.read_mesh(file_of(name), "um"), SCRIPT["model"](RECIPES[name]).geometry
    assert isinstance(shape, Described)
    low, high = (np.array(corner) for corner in shape.bounds)
    points = np.random.default_rng(1).uniform(low, high, (100_000, 3))
    cytosol = np.mean(shape.cytosol().depth(points) > 0) * np.prod(high - low)
    assert mesh.volumes().sum() == pytest.approx(cytosol, rel=0.04)
    expected = {*shape.walls, *(obstacle.name for obstacle in shape.obstacles)}
    assert expected <= {*mesh.surfaces} - {"unnamed"}


@pytest.mark.parametrize("name", ["hemisphere", "calyx_lobe", "t_bar"])
def test_a_recipe_makes_its_mesh_again(tmp_path: Path, name: str) -> None:
    """With the same names, and about as many nodes: versions of Gmsh differ a little."""
    again, known = rc.read_mesh(SCRIPT["make"](name, tmp_path)), rc.read_mesh(file_of(name))
    assert again.areas() == pytest.approx(known.areas(), rel=0.01)
    assert len(again.points) == pytest.approx(len(known.points), rel=0.05)


@pytest.mark.parametrize("name", RECIPES)
def test_what_diffuses_stays_in_the_range_in_which_it_began(name: str) -> None:
    """The maximum principle: exactly where negative couplings are left out, and nearly where they keep their sign."""
    mesh = rc.read_mesh(file_of(name), "um")
    monotone = diffused(discretize_tetrahedra(mesh, monotone=True))
    assert monotone.min() >= -1e-12
    assert monotone.max() <= 1
    signed = diffused(discretize_tetrahedra(mesh))
    assert signed.min() > -2e-5
    assert signed.max() <= 1
    np.testing.assert_allclose(monotone, signed, atol=5e-3)
