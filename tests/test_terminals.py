"""Terminals and what stands in them: where they are, what they cite, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium.errors import ModelError
from rdcalcium.geometry.described_mesh import described_mesh
from rdcalcium.library import used_references
from rdcalcium.model import (
    Axon,
    Bouton,
    Box,
    Channels,
    ConstantCurrent,
    Hemisphere,
    Model,
    Obstacle,
    Ribbon,
    Run,
    Tetrahedra,
    Tubule,
)
from rdcalcium.solids import surface_points
from tests.models import small_model
from tests.shapes import OBSTACLES, PI, SHAPES

NAMES = pytest.mark.parametrize("name", SHAPES)


@NAMES
def test_a_terminal_touches_its_bounds_and_its_depth_is_no_more_than_the_distance(name: str) -> None:
    shape, _ = SHAPES[name]
    on = surface_points(shape.outline, 5000)
    low, high = (np.array(corner) for corner in shape.bounds)
    size = float((high - low).max())
    np.testing.assert_allclose([on.min(axis=0), on.max(axis=0)], shape.bounds, atol=0.03 * size)
    random = np.random.default_rng(1)
    p = random.uniform(low - 0.1 * size, high + 0.1 * size, (5000, 3))
    q = p + random.normal(0, 0.02 * size, p.shape)
    depth = shape.outline.depth
    assert np.all(np.abs(depth(p) - depth(q)) <= np.linalg.norm(p - q, axis=1) * (1 + 1e-9) + 1e-12)
    inside = p[depth(p) > 0]
    assert np.all((inside >= low) & (inside <= high))


@NAMES
def test_channels_sit_on_the_membrane_of_a_terminal(name: str) -> None:
    """The nearest point of it is known, and further from others of its points."""
    shape, _ = SHAPES[name]
    on = surface_points(shape.outline, 4000)
    on = on[shape.outline.names(on) == "membrane"]
    wanted = (0.05, 0.03, 0.02)
    found = np.array(shape.nearest_on_membrane(wanted))
    assert abs(shape.outline.depth(found[None])[0]) < 1e-9
    assert np.linalg.norm(found - wanted) <= np.linalg.norm(on - wanted, axis=1).min() + 1e-9


def test_the_membrane_of_a_lobe_and_of_a_sector_goes_through_the_origin() -> None:
    for name in ("sector", "calyx lobe", "hemisphere", "cylinder"):
        shape, _ = SHAPES[name]
        assert shape.nearest_on_membrane((0.0, 0.0, 0.01)) == pytest.approx((0, 0, 0), abs=1e-9)
        shape.require_inside("what is above it", (0.0, 0.0, 0.05))


def refused(geometry: dict) -> str:
    """What is said of a terminal."""
    with pytest.raises(ModelError) as error:
        Model(
            geometry=geometry,
            discretization={"kind": "tetrahedra", "size_at_active_zone": 0.02, "size_in_bulk": 0.1},
            channels=(Channels(name="Ca", positions=((0, 0, 0),), current=ConstantCurrent(amplitude=0.1)),),
            run=Run(duration=1),
        )
    return str(error.value)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (
            {"kind": "bouton", "semi_axes": [0.5, 0.5, 0.2], "axons": [{"radius": 0.25, "length": 0.3}]},
            "'axon' has a radius of 250 nm, and the bouton itself one of 200 nm across it; make the axon thinner",
        ),
        (
            {"kind": "bouton", "semi_axes": [0.5, 0.5, 0.2], "axons": 2 * [{"radius": 0.1, "length": 0.3}]},
            "two axons of the bouton have the same name",
        ),
        (
            {
                "kind": "bouton", "semi_axes": [0.5, 0.5, 0.2], "axons": [{"radius": 0.1, "length": 0.3}],
                "symmetry": ["x"],
            },
            "the bouton is not the same on both sides of x = 0; leave x out of symmetry",
        ),
        (
            {"kind": "calyx_lobe", "radius": 1, "thickness": 0.3, "extent": 4},
            "goes too far around a cell with a radius of 1000 nm; at most 2790 nm is a sheet",
        ),
        ({"kind": "sector", "radius": 0.5, "angle": 85}, "angle"),
        ({"kind": "hemisphere", "radius": 0}, "radius"),
        (
            {
                "kind": "hemisphere", "radius": 0.5,
                "obstacles": [{"kind": "tubule", "path": [[0, 0, 0.1], [0, 0, 0.1]]}],
            },
            "points 1 and 2 of the path are the same",
        ),
        (
            {
                "kind": "hemisphere", "radius": 0.5,
                "obstacles": [
                    {
                        "kind": "t_bar", "pedestal_radius": 0.05, "pedestal_height": 0.05, "table_radius": 0.04,
                        "table_thickness": 0.02,
                    },
                ],
            },
            "the table has to be the wider one",
        ),
        (
            {"kind": "hemisphere", "radius": 0.5, "obstacles": [{"kind": "ribbon", "upwards": [1, 0, 0]}]},
            "are one; say a second one",
        ),
        (
            {
                "kind": "hemisphere", "radius": 0.5,
                "obstacles": [{"kind": "cylinder", "base": [0, 0, 0.1], "top": [0, 0, 0.1], "radius": 0.02}],
            },
            "a cylinder needs a length",
        ),
    ],
)  # fmt: skip
def test_a_size_that_no_terminal_has_is_refused_in_a_sentence(geometry: dict, said: str) -> None:
    assert said in refused(geometry)


def test_an_axon_through_a_flat_side_may_be_wider_than_the_bouton_is_thick() -> None:
    assert Bouton(semi_axes=(0.5, 0.5, 0.2), axons=(Axon(direction=(0, 0, 1), radius=0.3, length=0.1),))


def test_a_bent_tubule_goes_through_all_points_of_its_path() -> None:
    bent = Tubule(path=((0, 0, 0.1), (0.1, 0, 0.1), (0.1, 0.1, 0.15)))
    assert bent.radius == 0.0125
    np.testing.assert_allclose(bent.solid.depth(np.array(bent.path)), bent.radius)


@pytest.mark.parametrize("name", OBSTACLES)
def test_what_is_moved_is_as_deep_elsewhere(name: str) -> None:
    obstacle, _ = OBSTACLES[name]
    points = np.random.default_rng(1).uniform(-0.2, 0.2, (200, 3))
    moved = obstacle.moved((0.3, -0.1, 0.2)).solid.depth(points + np.array([0.3, -0.1, 0.2]))
    np.testing.assert_allclose(moved, obstacle.solid.depth(points), atol=1e-12)


@pytest.mark.parametrize(
    ("obstacle", "cited"),
    [
        (Ribbon(foot=(0.25, 0.0, 0.0)), {"rameshkumar2025"}),
        (Ribbon(foot=(0.25, 0.0, 0.0), semi_axes=(0.1, 0.1, 0.2), elevation=0.02, stalk=(0.02, 0.02)), set()),
        (Tubule(path=((0, 0, 0.1), (0.1, 0, 0.1))), {"terasaki2018"}),
        (Tubule(path=((0, 0, 0.1), (0.1, 0, 0.1)), radius=0.03), set()),
    ],
)
def test_sizes_that_nobody_said_are_cited(obstacle: Obstacle, cited: set[str]) -> None:
    model = small_model(geometry=Box(size=(1, 1, 1), obstacles=(obstacle,)), probes=())
    keys = {paper["key"] for paper in used_references(model)}
    assert keys & {"rameshkumar2025", "terasaki2018"} == cited


def test_a_ribbon_stands_where_it_says() -> None:
    """As in the model of the zebrafish: 30 nm above the membrane, 380 nm high, and its stalk goes to the membrane."""
    ribbon = Ribbon()
    axis = np.array([[0, 0, z] for z in (0.001, 0.029, 0.409, 0.411)])
    assert (ribbon.solid.depth(axis) > 0).tolist() == [True, True, True, False]
    beside = np.array([[0.031, 0, 0.02], [0.029, 0, 0.02], [0, 0.016, 0.02], [0.189, 0, 0.22], [0, 0.0715, 0.22]])
    assert (ribbon.solid.depth(beside) > 0).tolist() == [False, True, False, True, False]
    lying = Ribbon(foot=(0.5, 0, 0), upwards=(-1, 0, 0), lengthwise=(0, 0, 1))
    moved = np.column_stack([0.5 - beside[:, 2], beside[:, 1], beside[:, 0]])
    np.testing.assert_allclose(lying.solid.depth(moved), ribbon.solid.depth(beside), atol=1e-12)


def test_a_ribbon_in_a_hemisphere_is_cut_out_of_its_mesh() -> None:
    """A quarter of it, with its name."""
    shape = Hemisphere(radius=0.6, symmetry=("x", "y"), obstacles=(Ribbon(),))
    mesh = described_mesh(shape, Tetrahedra(size_at_active_zone=0.02, size_in_bulk=0.15))
    assert set(mesh.surfaces) == {"membrane", "dome", "x_min", "y_min", "ribbon", "vesicles"}
    ribbon = 4 / 3 * PI * 0.19**2 * 0.07125
    stalk = 0.06 * 0.03 * 0.03
    assert mesh.volumes().sum() == pytest.approx((2 / 3 * PI * 0.6**3 - ribbon - stalk) / 4, rel=0.02)
