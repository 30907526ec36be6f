"""Bodies: how deep points lie in them, what their surfaces are called, and which point of them is the nearest."""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import rdcalcium.solids
from rdcalcium.geometry.occ import volumes
from rdcalcium.solids import (
    Ball,
    Block,
    Capsule,
    Common,
    Frustum,
    Joined,
    Solid,
    Surface,
    Turned,
    Without,
    from_data,
    met,
    mirrored,
    nearest_on_surface,
    only_name,
    share_space,
    slopes,
    surface_points,
    thickness,
    to_data,
    turn_of,
    ways_to,
)
from rdcalcium.solids.data import BODIES

BALL = Ball((0.1, 0.0, 0.0), (0.3, 0.3, 0.3))
EGG = Ball((0.0, 0.0, 0.1), (0.3, 0.2, 0.1), "egg")
BLOCK = Block((-0.1, -0.2, 0.0), (0.1, 0.2, 0.3), {"z_min": "floor"})
CONE = Frustum((0.0, 0.0, 0.0), (0.0, 0.1, 0.4), 0.2, 0.05)
TURN = Rotation.from_rotvec([0.3, -0.5, 1.1])
TURNED = Turned(EGG, turn_of(TURN.as_matrix()), (0.05, 0.0, 0.0))
ROD = Capsule((-0.1, 0.0, 0.1), (0.1, 0.2, 0.2), 0.06)
SOLIDS = {
    "ball": BALL,
    "egg": EGG,
    "block": BLOCK,
    "cone": CONE,
    "joined": Joined((BALL, EGG, CONE)),
    "common": Common((BALL, BLOCK)),
    "without": Without(BLOCK, (EGG,)),
    "rod": ROD,
    "turned": TURNED,
    "mirrored": mirrored(BLOCK, 0, 0.2),
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


@pytest.mark.parametrize("solid", [BALL, EGG, CONE, ROD, TURNED], ids=["ball", "egg", "cone", "rod", "turned"])
def test_a_body_touches_its_bounds(solid: Solid) -> None:
    on = surface_points(solid, 20000)
    np.testing.assert_allclose(solid.depth(on), 0, atol=1e-9)
    np.testing.assert_allclose([on.min(axis=0), on.max(axis=0)], solid.bounds, atol=5e-3)


@pytest.mark.parametrize("solid", SOLIDS.values(), ids=SOLIDS)
def test_the_nearest_point_of_a_surface_is_nearer_than_any_sample_of_it(solid: Solid) -> None:
    on = surface_points(solid, 5000)
    for wanted in points(solid, 3):
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


def test_a_turned_body_is_where_its_points_have_come_to() -> None:
    inside = points(EGG, 200)
    moved = np.array(TURNED.about) + TURN.apply(inside - np.array(TURNED.about))
    np.testing.assert_allclose(TURNED.depth(moved), EGG.depth(inside), atol=1e-12)
    image = inside * [-1, 1, 1] + [0.4, 0, 0]
    np.testing.assert_allclose(mirrored(EGG, 0, 0.2).depth(image), EGG.depth(inside), atol=1e-12)


def test_no_kind_of_body_is_left_out() -> None:
    """All can be written as data, made by OpenCASCADE, and are among those of these tests, but for one from a file.

    What `pieces` divides them into has no end, and is no body of a model. Each that it does not divide into others says
    how thick it is, and whether its surface has one name.
    """
    names = [module.name for module in iter_modules(rdcalcium.solids.__path__) if module.name != "pieces"]
    modules = [import_module(f"rdcalcium.solids.{name}") for name in names]
    classes = {found for module in modules for found in vars(module).values() if _is_body(found)}
    there = {found for found in classes if found.__module__ in {module.__name__ for module in modules}}
    assert there == set(BODIES)
    assert there == {type(solid) for solid in SOLIDS.values()} | {Surface}
    assert there <= set(volumes.registry)
    for asked in (thickness, only_name):
        assert there - {Common, Without} <= set(asked.registry)


def _is_body(found: object) -> bool:
    """Whether it is a class of bodies that one can make."""
    return isinstance(found, type) and is_dataclass(found) and hasattr(found, "depth") and hasattr(found, "bounds")


@pytest.mark.parametrize("solid", SOLIDS.values(), ids=SOLIDS)
def test_bodies_survive_json(solid: Solid) -> None:
    again = from_data(json.loads(json.dumps(to_data(solid))))
    assert again == solid
    np.testing.assert_array_equal(again.depth(points(solid, 50)), solid.depth(points(solid, 50)))


@pytest.mark.parametrize("apart", [1e-4, -1e-4])
def test_bodies_share_space_where_they_are_nearer_than_touching(apart: float) -> None:
    """Of a sphere beside an ellipsoid that is turned, at the end of a normal of its surface."""
    on = surface_points(TURNED, 20)[:20]
    for foot, inwards in zip(on, slopes(TURNED, on), strict=True):
        beside = Ball(tuple(foot - (0.1 + apart) * inwards), (0.1,) * 3)
        assert share_space(TURNED, beside) == share_space(beside, TURNED) == (apart < 0)
        assert share_space(Joined((BLOCK, TURNED)), beside) == (apart < 0 or share_space(BLOCK, beside))


def test_spheres_that_touch_share_no_space() -> None:
    """For the last digit either: 0.1 + 0.2 is not 0.3."""
    one = Ball((0.0, 0.0, 0.0), (0.1,) * 3)
    assert not share_space(one, Ball((0.3, 0.0, 0.0), (0.2,) * 3))
    assert share_space(one, Ball((0.2999, 0.0, 0.0), (0.2,) * 3))


@pytest.mark.parametrize("angle", [0.5, 0.05, 0.005])
def test_a_line_that_nearly_goes_along_a_body_meets_it(angle: float) -> None:
    """Where a plane is met at an angle, and not at all where a line goes along it."""
    start, arrived = np.array([[-0.5, 0.0, 0.4 * angle]]), 1e-7
    along = np.array([[1.0, 0.0, 0.0]])
    down = start + along - [0.0, 0.0, angle]
    block = Block((-1.0, -1.0, -1.0), (1.0, 1.0, 0.0))
    assert met(block, start, down, arrived) == pytest.approx([0.4], abs=arrived / angle)
    assert met(block, start, start + along, arrived) == [np.inf]


def test_ways_to_a_body_end_on_its_surface() -> None:
    """Of an ellipsoid: where a quadratic equation says."""
    start, direction = np.array([0.05, 0.02, -0.2]), np.array([0.1, 0.2, 0.5]) / np.sqrt(0.3)
    axes, centre = np.array(EGG.semi_axes), np.array(EGG.centre)
    a, b = direction / axes, (start - centre) / axes
    there = (-a @ b - np.sqrt((a @ b) ** 2 - (a @ a) * (b @ b - 1))) / (a @ a)
    ways = ways_to(EGG, np.array([start, EGG.centre, start]), np.array([direction, [0, 0, 1], [0, 0, -1]]))
    assert ways == pytest.approx([there, 0, np.inf], abs=1e-11)
