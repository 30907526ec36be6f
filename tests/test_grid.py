"""Grids with bodies: which cells are in them, and how much is left."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium.geometry.axis import Axis
from rdcalcium.geometry.compartments import GridLumens
from rdcalcium.geometry.grid import RectilinearGrid, cells_inside
from rdcalcium.geometry.spacing import stretched_axis, uniform_axis
from rdcalcium.solids import Ball, Joined


def test_a_cell_is_inside_where_its_centre_lies_in_a_sphere() -> None:
    """Cell by cell; one sphere reaches out of the box, one is smaller than a cell, one holds nothing."""
    axes = (
        uniform_axis(-0.2, 0.2, 0.02),
        stretched_axis(-0.2, 0.2, (-0.02, 0.02), 0.01, 0.05, 1.3),
        uniform_axis(0.0, 0.3, 0.025),
    )
    centres = np.array([[0.0, 0.05, 0.1], [0.19, -0.19, 0.29], [0.01, 0.0, 0.0125], [0.1, 0.1, 0.1]])
    radii = np.array([0.06, 0.1, 0.004, 1e-6])
    balls = Joined(tuple(Ball((x, y, z), (r, r, r)) for (x, y, z), r in zip(centres.tolist(), radii, strict=True)))
    inside = cells_inside(axes, balls)
    grid = RectilinearGrid(*axes, lumens=GridLumens(("ER",), (balls,), inside.astype(np.uint8)))
    volume, expected = 0.0, np.zeros(grid.shape, dtype=bool)
    for i, j, k in np.ndindex(*grid.shape):
        place = np.array([axis.centres[n] for axis, n in zip(axes, (i, j, k), strict=True)])
        expected[i, j, k] = (((place - centres) ** 2).sum(axis=1) < radii**2).any()
        if not expected[i, j, k]:
            volume += np.prod([axis.widths[n] for axis, n in zip(axes, (i, j, k), strict=True)])
    assert np.array_equal(inside, expected)
    assert 0 < expected.sum() < expected.size / 2
    assert grid.fluid_volume == pytest.approx(volume, rel=1e-12)


def whole_widths(axis: Axis) -> np.ndarray:
    """Widths of cells; the half cell on a mirror plane counts twice."""
    widths = axis.widths.copy()
    widths[0] *= 2 if axis.begins_at_mirror else 1
    return widths


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("growth", [1.05, 1.2, 1.7])
@pytest.mark.parametrize("cells", [0.4, 1.3, 3.5, 7.2, 40.1, 40.25, 40.5, 40.9, 41.0])
def test_neighbouring_cells_differ_by_the_growth_at_most_up_to_the_ends(cells: float, growth: float, mirror: bool):
    """The fine part in the middle, at either end, and everywhere; around a pore, and not."""
    size = 0.01
    high = cells * size
    for low_end, high_end in ((0.45, 0.55), (0.0, 0.03), (0.03, 0.3), (0.97, 1.0), (0.0, 1.0)):
        for bulk in (size, 1.5 * size, 8 * size):
            for through in (None, 0.5 * high, low_end * high + 0.3 * size):
                focus = (low_end * high, high_end * high)
                axis = stretched_axis(0.0, high, focus, size, bulk, growth, through=through, mirror=mirror)
                widths = whole_widths(axis)
                assert abs(np.diff(np.log(widths))).max(initial=0.0) <= np.log(growth) + 1e-6
                assert (axis.edges[0], axis.edges[-1]) == (0.0, high)
                fine = (axis.edges[:-1] < focus[1]) & (axis.edges[1:] > focus[0])
                assert widths[fine].max() <= size * (1 + 1e-9)
                assert widths.max() <= bulk * (1 + 1e-9)


@pytest.mark.parametrize("pore", [0.0, 0.0123, -0.05])
def test_a_pore_lies_in_the_middle_of_its_cell(pore: float):
    axis = stretched_axis(-0.1003, 0.1, (-0.06, 0.02), 0.006, 0.02, 1.2, through=pore)
    cell = int(axis.find(np.array(pore)))
    assert axis.centres[cell] == pytest.approx(pore, abs=1e-12)
    assert axis.widths[cell] == pytest.approx(0.006)


@pytest.mark.parametrize("mirror", [False, True])
def test_the_cells_of_a_uniform_axis_are_of_one_width(mirror: bool):
    axis = uniform_axis(-0.3, 0.704, 0.01, mirror)
    np.testing.assert_allclose(whole_widths(axis), axis.widths[-1])
    assert axis.size == 101
    assert axis.begins_at_mirror == mirror
