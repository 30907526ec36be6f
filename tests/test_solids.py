"""Bodies: how deep points lie in them, what their surfaces are called, and which point of them is the nearest."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium.solids import (
    Ball,
    Block,
    Common,
    Frustum,
    Joined,
    Solid,
    Without,
    nearest_on_surface,
    slopes,
    surface_points,
)

BALL = Ball((0.1, 0.0, 0.0), (0.3, 0.3, 0.3))
EGG = Ball((0.0, 0.0, 0.1), (0.3, 0.2, 0.1), "egg")
BLOCK = Block((-0.1, -0.2, 0.0), (0.1, 0.2, 0.3), {"z_min": "floor"})
CONE = Frustum((0.0, 0.0, 0.0), (0.0, 0.1, 0.4), 0.2, 0.05)
SOLIDS = {
    "ball": BALL,
    "egg": EGG,
    "block": BLOCK,
    "cone": CONE,
    "joined": Joined((BALL, EGG, CONE)),
    "common": Common((BALL, BLOCK)),
    "without": Without(BLOCK, (EGG,)),
}


def points(solid: Solid, count: int = 20000) -> np.ndarray:
    low, high = (np.array(corner) for corner in solid.bounds)
    return np.random.default_rng(2).uniform(low - 0.05, high + 0.05, (count, 3))


@pytest.mark.parametrize("solid", SOLIDS.values(), ids=SOLIDS)
def test_a_depth_is_nowhere_more_than_the_distance(solid: Solid) -> None:
    """Depth is a function of slope 1 at most, zero on the surface, and nothing inside is beyond the bounds."""
    p = points(solid)
    inside = solid.depth(p) > 0
    low, high = (np.array(corner) for corner in solid.bounds)
    assert np.all((p[inside] >= low) & (p[inside] <= high))
    assert inside.any()
    q = p + np.random.default_rng(3).normal(0, 0.01, p.shape)
    assert np.all(np.abs(solid.depth(p) - solid.depth(q)) <= np.linalg.norm(p - q, axis=1) * (1 + 1e-9) + 1e-12)


@pytest.mark.parametrize("solid", [BALL, EGG, CONE], ids=["ball", "egg", "cone"])
def test_a_body_touches_its_bounds(solid: Solid) -> None:
    on = surface_points(solid, 20000)
    np.testing.assert_allclose(solid.depth(on), 0, atol=1e-9)
    np.testing.assert_allclose([on.min(axis=0), on.max(axis=0)], solid.bounds, atol=5e-3)


@pytest.mark.parametrize("solid", SOLIDS.values(), ids=SOLIDS)
def test_the_nearest_point_of_a_surface_is_nearer_than_any_sample_of_it(solid: Solid) -> None:
    on = surface_points(solid, 20000)
    for wanted in points(solid, 5):
        found = nearest_on_surface(solid, tuple(wanted))
        assert abs(solid.depth(np.array([found]))[0]) < 1e-9
        assert np.linalg.norm(wanted - found) <= np.linalg.norm(on - wanted, axis=1).min() + 1e-6


def test_the_nearest_point_can_be_asked_of_one_piece() -> None:
    assert nearest_on_surface(BLOCK, (0.05, 0.1, 0.29), "floor") == pytest.approx((0.05, 0.1, 0.0), abs=1e-9)
    with pytest.raises(ValueError, match="no surface called 'roof'"):
        nearest_on_surface(BLOCK, (0, 0, 0), "roof")


def test_a_piece_of_surface_is_called_as_the_part_that_it_belongs_to() -> None:
    body = Without(BLOCK, (EGG,))
    assert body.names(np.array([[0.0, 0.0, 0.2], [0.05, 0.1, 0.0], [0.1, 0.15, 0.25]])).tolist() == [
        "egg", "floor", "x_max",
    ]  # fmt: skip


def test_slopes_are_normals_that_point_inwards() -> None:
    on = surface_points(EGG, 200)
    normal = -(on - np.array(EGG.centre)) / np.array(EGG.semi_axes) ** 2
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    np.testing.assert_allclose(slopes(EGG, on), normal, atol=1e-5)
