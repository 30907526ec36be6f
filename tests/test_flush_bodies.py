"""Faces of bodies that lie in a wall of the grid: they are no surface, and the wall is open beside them."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium.geometry.cut import CutCells, cut_cells
from rdcalcium.geometry.spacing import uniform_axis
from rdcalcium.solids import Ball, Block, Common, Frustum, Solid, Turned, Without, nearby, turn_of

BOX = Block((-0.3, -0.3, 0.0), (0.3, 0.3, 0.4))
ROUND = ("pillar",) * 3
PILLARS = {
    "standing": (
        Frustum((0.1, 0.0, 0.0), (0.1, 0.0, 0.3), 0.05, 0.05, ROUND),
        "membrane",
        0.36,
        0.03 * np.pi + 0.0025 * np.pi,
    ),
    "through": (Frustum((0.1, 0.0, 0.0), (0.1, 0.0, 0.4), 0.05, 0.05, ROUND), "z_max", 0.36, 0.04 * np.pi),
    "from_the_side": (
        Frustum((0.3, 0.0, 0.2), (0.1, 0.0, 0.2), 0.05, 0.05, ROUND),
        "x_max",
        0.24,
        0.02 * np.pi + 0.0025 * np.pi,
    ),
    "turned": (
        Turned(Frustum((0.0, 0.1, 0.0), (0.0, 0.1, 0.3), 0.05, 0.05, ROUND), turn_of(np.eye(3)[[1, 0, 2]]), (0, 0, 0)),
        "membrane",
        0.36,
        0.03 * np.pi + 0.0025 * np.pi,
    ),
}


def cells_of(body: Solid, wide: float) -> CutCells:
    x, y, z = uniform_axis(-0.3, 0.3, wide), uniform_axis(-0.3, 0.3, wide), uniform_axis(0.0, 0.4, wide)
    return cut_cells((x.edges, y.edges, z.edges), body, {"membrane": (2, 0)})


@pytest.mark.parametrize("which", PILLARS)
def test_a_wall_ends_where_a_body_stands_on_it(which: str) -> None:
    """What is left of it is right to second order, and the footprint is no surface."""
    pillar, wall, whole, surface = PILLARS[which]
    errors = []
    for wide in (0.04, 0.02):
        walls = cells_of(Without(BOX, (pillar,)), wide).walls
        errors.append(abs(walls[wall][1].sum() - whole + np.pi * 0.05**2))
        assert walls["pillar"][1].sum() < surface
    assert errors[1] < 0.02 * np.pi * 0.05**2
    assert np.log2(errors[0] / errors[1]) > 1.6


def test_the_round_membrane_at_the_end_of_a_cylinder_is_as_large_as_its_circle() -> None:
    for wide, most in ((0.06, 8e-3), (0.015, 5e-4)):
        body = Common((BOX, Frustum((0.0, 0.0, 0.0), (0.0, 0.0, 0.4), 0.1, 0.1, ("side", "membrane", "top"))))
        areas = {name: of.sum() for name, (_, of) in cells_of(body, wide).walls.items()}
        assert areas["membrane"] == pytest.approx(np.pi * 0.01, rel=most)
        assert areas["side"] == pytest.approx(2 * np.pi * 0.1 * 0.4, rel=most)


@pytest.mark.parametrize("top", [0.02, 0.3, 0.0])
def test_a_cone_without_the_end_that_a_region_ends_on_is_the_same_in_it(top: float) -> None:
    cone = Frustum((0.0, 0.0, 0.0), (0.0, 0.0, 0.3), 0.1, top)
    low, high = (-0.2, -0.2, 0.0), (0.2, 0.2, 0.2)
    points = np.random.default_rng(1).uniform(low, high, (2000, 3))
    near = nearby(cone, low, high)
    assert ((near.depth(points) > 0) == (cone.depth(points) > 0)).all()
    assert near.depth(np.array([[0.0, 0.05, 0.0]]))[0] > 0.04


def test_round_bodies_have_no_faces_to_leave_out() -> None:
    ball = Ball((0.0, 0.0, 0.0), (0.1, 0.1, 0.1))
    assert nearby(ball, (-1, -1, 0), (1, 1, 1)) is ball
