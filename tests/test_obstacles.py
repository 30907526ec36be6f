"""What stands in the cytosol: whatever its form, a model asks its body alone."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.advice.cells import cell_sizes, nm
from rdcalcium.advice.clefts import gaps
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.parts import any_inside
from rdcalcium.discretization.space import Nowhere
from rdcalcium.errors import InputError, ModelError
from rdcalcium.model import Box, Ellipsoid, Grid, Model, Sphere, Tetrahedra, doubts
from rdcalcium.model.region import Layer
from rdcalcium.results.provenance import scene
from rdcalcium.results.scene import Scene
from rdcalcium.steady_state.brief import brief
from tests.models import small_model
from tests.support import simulate

EGG = Ellipsoid(centre=(0.0, 0.1, 0.2), semi_axes=(0.2, 0.1, 0.05), axis=(1, 1, 0), second_axis=(0, 0, 1))


def box(*obstacles: object, **changes: object) -> Model:
    return small_model(geometry=Box(size=(1.0, 1.0, 1.0), obstacles=obstacles), probes=(), **changes)


def test_an_ellipsoid_has_its_axes_where_it_says() -> None:
    """The second goes to z, so that the third one is level and normal to the first."""
    diagonal = np.sqrt(0.5)
    ends = np.array(EGG.centre) + np.array(
        [
            [0.2 * diagonal, 0.2 * diagonal, 0],
            [0, 0, 0.1],
            [0.05 * diagonal, -0.05 * diagonal, 0],
        ]
    )
    np.testing.assert_allclose(EGG.solid.depth(ends), 0, atol=1e-9)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"axis": [1, 0, 0], "second_axis": [-2, 0, 0]}, "are one; say a second one"),
        ({"axis": [0, 0, 0]}, "is no direction"),
        ({"semi_axes": [0.1, 0.2]}, "semi_axes"),
    ],
)
def test_an_ellipsoid_without_three_axes_is_refused(said: dict, complaint: str) -> None:
    entry = {"kind": "ellipsoid", "centre": [0, 0, 0.2], "semi_axes": [0.1, 0.1, 0.1], **said}
    with pytest.raises(ModelError, match=complaint):
        Model.model_validate(box(entry).model_dump())


def test_a_table_without_a_kind_is_a_sphere() -> None:
    assert box({"centre": [0, 0, 0.2], "radius": 0.05}).geometry.solids == (Sphere(centre=(0, 0, 0.2), radius=0.05),)


@pytest.mark.parametrize(("height", "asked"), [(0.24, True), (0.26, False)])
def test_bodies_of_any_form_that_overlap_are_asked_about(height: float, asked: bool) -> None:
    """A lens that is 20 nm flat, and a vesicle of 25 nm over its middle."""
    lens = Ellipsoid(centre=(0, 0, 0.2), semi_axes=(0.2, 0.2, 0.02))
    said = [*doubts(box(lens, Sphere(centre=(0, 0, height), radius=0.025)))]
    assert any("1 (mitochondrion) and 2 (vesicle) overlap" in line for line in said) == asked


def test_the_gap_under_a_body_is_measured_straight_over_a_point() -> None:
    """Under an ellipsoid its lower surface is at z = c (1 - sqrt(1 - (x/a)^2)) from its lowest point."""
    low = Ellipsoid(centre=(0, 0, 0.06), semi_axes=(0.2, 0.1, 0.05))
    under, beside = {"name": "under", "position": (0.1, 0, 0.002)}, {"name": "beside", "position": (0.1, 0.09, 0.002)}
    model = box(low).changed(probes=[under, beside])
    (said,) = gaps(model, cell_sizes(model).locator)
    assert said.partition("probe")[2].startswith(f" 'under' lies in the gap of {nm(0.06 - 0.05 * np.sqrt(1 - 0.25))}")


def test_layers_around_bodies_of_any_form_are_as_thick_as_they_say() -> None:
    model = box(EGG)
    layer = Layer(of="mitochondrion", within=0.03)
    end = np.array(EGG.centre) + np.array([[0, 0, 0.1]])
    assert any_inside(model, Nowhere(), layer, end + np.array([0, 0, 0.029]))
    assert not any_inside(model, Nowhere(), layer, end + np.array([0, 0, 0.031]))


VESICLES = tuple(Sphere(centre=(x, 0.0, 0.3), radius=r) for x, r in ((-0.3, 0.15), (0.0, 0.12), (0.35, 0.1)))
TETRAHEDRA = Tetrahedra(size_at_active_zone=0.15, size_in_bulk=0.15)


@pytest.mark.parametrize("cells", [Grid(size_at_active_zone=0.05), TETRAHEDRA], ids=["grid", "tetrahedra"])
def test_bodies_that_share_a_name_are_surfaces_one_by_one(cells: Grid | Tetrahedra) -> None:
    """From 1 on, in the order of the model; two of these are less than a cell apart."""
    flux = {"law": "J", "parameters": {"J": "0.01 uM*um/ms"}, "leak": "none"}
    pumps = [{"name": name, "surface": name, **flux} for name in ("vesicle.1", "vesicle.2", "vesicle.3", "vesicle")]
    model = box(*VESICLES, pumps=pumps, discretization=cells)
    areas = {name: at.areas.sum() for name, at in discretize(model).surfaces.items()}
    for number, vesicle in enumerate(VESICLES, start=1):
        assert areas[f"vesicle.{number}"] == pytest.approx(4 * np.pi * vesicle.radius**2, rel=0.05)
    assert areas["vesicle"] == areas["vesicles"] == pytest.approx(sum(areas[f"vesicle.{k}"] for k in (1, 2, 3)))
    with pytest.raises(InputError, match=r"vesicle\.4.* vesicle, vesicle\.1, vesicle\.3.*Did you mean 'vesicle\.\d'"):
        simulate(box(*VESICLES, pumps=[{"name": "P", "surface": "vesicle.4", **flux}], discretization=cells))


def test_a_vesicle_that_reaches_into_the_next_tile_is_one_surface() -> None:
    tile = {"kind": "box", "size": [0.6, 0.6, 0.4], "periodic": ["x", "y"]}
    bodies = [{"centre": [x, 0.28, 0.2], "radius": 0.1} for x in (0.25, 0.0)]
    flux = {"law": "J", "parameters": {"J": "0.01 uM*um/ms"}, "leak": "none"}
    pump = {"name": "P", "surface": "vesicle.1", **flux}
    for cells in (Grid(size_at_active_zone=0.03), TETRAHEDRA):
        model = small_model(geometry=tile | {"obstacles": bodies}, pumps=[pump], probes=(), discretization=cells)
        assert discretize(model).surfaces["vesicle.1"].areas.sum() == pytest.approx(0.04 * np.pi, rel=0.05)


def test_the_layer_around_a_single_body_is_around_no_other() -> None:
    layer = Layer(of="vesicle.2", within=0.03)
    beside = np.array([[0.0, 0.0, 0.3 + 0.12 + 0.02]])
    assert any_inside(box(*VESICLES), Nowhere(), layer, beside)
    assert not any_inside(box(*VESICLES), Nowhere(), layer, beside + np.array([0.35, 0, -0.02]))


def test_a_mesh_that_is_written_names_single_bodies(tmp_path: Path) -> None:
    made = rc.mesh(box(*VESICLES, discretization=TETRAHEDRA))
    assert {"vesicle.1", "vesicle.2", "vesicle.3", "vesicle", "vesicles"} < set(made.surfaces)
    rc.write_mesh(made, tmp_path / "box.msh")
    assert rc.read_mesh(tmp_path / "box.msh", "um").areas() == pytest.approx(made.areas())


def test_no_body_is_called_as_one_of_several_others() -> None:
    with pytest.raises(ModelError, match=r"called 'vesicle\.2', as one of those that share the name 'vesicle'"):
        box(*VESICLES, Sphere(name="vesicle.2", centre=(0, 0.3, 0.3), radius=0.05))


def test_pictures_have_bodies_of_any_form_and_their_images() -> None:
    geometry = Box(size=(1.0, 1.0, 1.0), symmetry=("x",), obstacles=(EGG, Sphere(centre=(0.3, 0, 0.1), radius=0.05)))
    model = small_model(geometry=geometry, probes=())
    empty = discretize(small_model(probes=()))
    drawn = Scene.from_json(scene(model, empty).to_json())
    assert drawn.names["bodies"] == ("mitochondrion",)
    assert drawn.bodies == (EGG.solid,)
    assert len(drawn.vesicles) == 1
    whole = drawn.unfolded()
    end = np.array(EGG.centre) + 0.19 * np.sqrt(0.5) * np.array([1, 1, 0])
    away = np.array([end, end * [-1, 1, 1], [0.3, 0.0, 0.1], [-0.3, 0.0, 0.1], [0, -0.4, 0.8]])
    assert (drawn.outside(away, 0.02) < 0).tolist() == [True, False, True, False, False]
    assert (whole.outside(away, 0.02) < 0).tolist() == [True, True, True, True, False]
    assert whole.outside(away, 0.02).max() == 0.02


def test_the_surface_that_is_drawn_is_that_of_the_body() -> None:
    """Of an ellipsoid, and of two spheres that are joined, which have no surface inside each other."""
    from rdcalcium.solids import Ball, Joined
    from rdcalcium.view.bodies import surface_of

    found = surface_of(EGG.solid)
    np.testing.assert_allclose(EGG.solid.depth(found.points), 0, atol=1e-7)
    assert found.volume == pytest.approx(4 / 3 * np.pi * 0.2 * 0.1 * 0.05, rel=2e-3)
    one, other = (Ball((x, 0.0, 0.0), (0.1,) * 3) for x in (-0.05, 0.05))
    cap = 2 * np.pi * 0.1 * 0.05
    assert surface_of(Joined((one, other))).area == pytest.approx(2 * (4 * np.pi * 0.1**2 - cap), rel=5e-3)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"centre": [2, 0, 0.1], "radius": 0.1}, "is wholly outside the terminal"),
        ({"centre": [0.1, 0, -0.1], "radius": 0.05}, "is wholly outside the terminal"),
        ({"centre": [0.1, 0, -0.04], "radius": 0.05}, ""),
        ({"kind": "cylinder", "base": [0, 0, 0.2], "top": [0, 0, 0.202], "radius": 2}, ""),
        ({"kind": "ribbon", "foot": [0, 0, 0.1]}, "stands at .* has its foot 100 nm above the membrane: is that meant"),
        ({"kind": "ribbon", "foot": [0, 0, -0.02]}, "has its foot 20 nm outside the terminal: is that meant"),
        ({"kind": "ribbon"}, ""),
        ({"centre": ["11 nm", 0, 0.1], "radius": "20 nm"}, "over the mirror plane x = 0 and overlaps with its mirror"),
        ({"centre": ["20 nm", 0, 0.1], "radius": "20 nm"}, ""),
        ({"centre": [0, 0, 0.1], "radius": "20 nm"}, ""),
        (
            {"kind": "ellipsoid", "centre": [0, 0, 0.2], "semi_axes": [0.2, 0.1, 0.1], "axis": [1, 0, 0.3]},
            "over the mirror plane x = 0 and overlaps with its mirror",
        ),
    ],
)
def test_obstacles_that_are_hardly_meant_to_be_there_are_asked_about(body: dict, said: str) -> None:
    geometry = {"kind": "box", "size": [0.8, 0.8, 0.6], "symmetry": ["x"], "obstacles": [body]}
    found = doubts(box().changed(geometry=geometry, channels=()))
    assert len(found) == bool(said)
    assert re.search(said, "".join(found))


def test_calcium_under_like_vesicles_is_alike_on_tetrahedra() -> None:
    """Sensors at their undersides, all as far from the channel: the pole of a sphere there was up to 5 % off."""
    under = {"zones": "az", "height": "3 nm"}
    model = rc.Model(
        geometry={"kind": "box", "size": [0.24, 0.24, 0.16]},
        active_zones=[{"positions": [[0, 0]], "radius": "110 nm"}],
        channels=[{"name": "Ca", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": "0.1 pA"}}],
        vesicles=[
            {"name": "docked", "radius": "20 nm", "placement": under | {"kind": "ring", "radius": 0.06, "count": 4}}
        ],
        sensors=[rc.sensor("felmy2003", placement=under | {"kind": "under", "around": "docked"})],
        discretization={"kind": "tetrahedra", "size_at_active_zone": "6 nm", "size_in_bulk": "40 nm"},
        run={"duration": "1 ms"},
    )
    calcium = np.asarray(brief(rc.placed(model)).calcium)
    assert np.ptp(calcium) < 0.003 * calcium.mean()
