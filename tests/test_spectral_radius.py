"""What is said of the fastest mode of a grid is true of its whole matrix."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium.discretization import Discretization
from rdcalcium.discretization.coefficients import axis_coefficients
from rdcalcium.discretization.grid import discretize_grid
from rdcalcium.discretization.spectral_radius import of_axes
from rdcalcium.geometry.axis import Axis
from rdcalcium.geometry.compartments import GridLumens
from rdcalcium.geometry.grid import RectilinearGrid, cells_inside
from rdcalcium.geometry.spacing import stretched_axis, uniform_axis
from rdcalcium.solids import Ball, Joined

AXES = {
    "uniform": tuple(uniform_axis(0.0, size, 0.02) for size in (0.16, 0.2, 0.1)),
    "stretched": tuple(stretched_axis(-0.2, 0.3, (-0.01, 0.01), fine, 0.1, 1.3) for fine in (0.01, 0.02, 0.04)),
    "mirrored": tuple(stretched_axis(0.0, 0.3, (0.0, 0.03), 0.01, 0.08, 1.4, mirror=a < 2) for a in range(3)),
    "one plane of cells": (uniform_axis(0.0, 0.02, 0.02), uniform_axis(0.0, 0.2, 0.02), uniform_axis(0.0, 0.3, 0.03)),
}


def fastest(cells: Discretization) -> float:
    """Largest eigenvalue of -L, from all of them."""
    there = np.flatnonzero(cells.volumes)
    half = np.sqrt(cells.volumes[there])
    matrix = cells.laplacian()[there][:, there].toarray()
    return float(np.linalg.eigvalsh(-half[:, None] * matrix / half).max())


def gershgorin(axes: tuple[Axis, ...]) -> float:
    """The simple bound: twice the largest sum of coefficients."""
    return sum(2 * np.sum(np.split(axis_coefficients(axis), 2), axis=0).max() for axis in axes)


@pytest.mark.parametrize("name", AXES)
def test_the_radius_of_a_grid_is_its_fastest_mode(name: str) -> None:
    grid = RectilinearGrid(*AXES[name])
    radius = discretize_grid(grid).radius
    assert radius == pytest.approx(fastest(discretize_grid(grid)), rel=1e-9)
    assert radius < gershgorin(AXES[name])


@pytest.mark.parametrize("name", ["stretched", "mirrored"])
def test_faces_that_lumens_close_make_no_mode_faster(name: str) -> None:
    rng = np.random.default_rng(1)
    ends = np.array([[axis.edges[0], axis.edges[-1]] for axis in AXES[name]]).T
    for _ in range(5):
        places, radii = rng.uniform(*ends, (6, 3)).tolist(), rng.uniform(0.02, 0.06, 6)
        balls = Joined(tuple(Ball((x, y, z), (r, r, r)) for (x, y, z), r in zip(places, radii, strict=True)))
        parts = cells_inside(AXES[name], balls).astype(np.uint8)
        grid = RectilinearGrid(*AXES[name], lumens=GridLumens(("ER",), (balls,), parts))
        assert parts.any()
        assert fastest(discretize_grid(grid)) <= of_axes([axis_coefficients(axis) for axis in AXES[name]]) * (1 + 1e-12)


def test_a_single_cell_has_no_mode_that_decays() -> None:
    assert of_axes([axis_coefficients(uniform_axis(0.0, 1.0, 1.0))] * 3) == 0.0
