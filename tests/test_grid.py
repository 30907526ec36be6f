"""Grids with obstacles: which cells are solid, and how much is left."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium.geometry.grid import make_grid, stretched_axis, uniform_axis


def test_a_cell_is_solid_where_its_centre_lies_in_a_sphere() -> None:
    """Cell by cell; one sphere reaches out of the box, one is smaller than a cell, one holds nothing."""
    axes = (
        uniform_axis(-0.2, 0.2, 0.02),
        stretched_axis(-0.2, 0.2, (-0.02, 0.02), 0.01, 0.05, 1.3),
        uniform_axis(0.0, 0.3, 0.025),
    )
    centres = np.array([[0.0, 0.05, 0.1], [0.19, -0.19, 0.29], [0.01, 0.0, 0.0125], [0.1, 0.1, 0.1]])
    radii = np.array([0.06, 0.1, 0.004, 1e-6])
    grid = make_grid(axes, centres, radii)
    volume, solid = 0.0, np.zeros(grid.shape, dtype=bool)
    for i, j, k in np.ndindex(*grid.shape):
        place = np.array([axis.centres[n] for axis, n in zip(axes, (i, j, k), strict=True)])
        solid[i, j, k] = (((place - centres) ** 2).sum(axis=1) < radii**2).any()
        if not solid[i, j, k]:
            volume += np.prod([axis.widths[n] for axis, n in zip(axes, (i, j, k), strict=True)])
    assert np.array_equal(grid.solid, solid)
    assert 0 < solid.sum() < solid.size / 2
    assert grid.fluid_volume == pytest.approx(volume, rel=1e-12)
