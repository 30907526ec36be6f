"""A shape of the cytosol is one file, or one class and one builder; all else follows from what it says of itself."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated, Literal, Union

import numpy as np
import pytest
from pydantic import Field

import rdcalcium as rc
from rdcalcium.advice import check
from rdcalcium.discretization.build import discretize
from rdcalcium.errors import InputError, ModelError
from rdcalcium.geometry.axes import grid_axes
from rdcalcium.geometry.builders import BUILDERS
from rdcalcium.geometry.cut import cut_cells
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.model import Box, Channels, ConstantCurrent, Grid, MeshFile, Model, Probe, Run, Shape, Tetrahedra, shapes
from rdcalcium.model.discovery import kinds_of
from rdcalcium.model.quantity import PositiveLength
from rdcalcium.results.provenance import scene
from rdcalcium.results.scene import Scene
from rdcalcium.solids import Ball
from tests.models import small_model

RADIUS = 0.2


class Dome(Shape):
    """Half a ball on the membrane z = 0."""

    kind: Literal["dome"] = "dome"
    radius: PositiveLength
    """Of the ball."""

    @property
    def bounds(self):
        """The box around it."""
        r = self.radius
        return (-r, -r, 0.0), (r, r, r)

    @property
    def walls(self):
        """Its floor."""
        return {"floor": (2, 0)}

    def require_inside(self, name, point):
        """Within its radius."""
        if math.hypot(*point) > self.radius:
            raise ValueError(f"{name} is outside the dome")

    def nearest_on_membrane(self, point):
        """Straight below."""
        return point[0], point[1], 0.0


class TerminalModel(Model):
    """A model that knows the dome as well."""

    geometry: Annotated[Box | MeshFile | Dome, Field(discriminator="kind")]


def dome_grid(model: Model, dome: Dome, choice: Grid) -> RectilinearGrid:
    axes = grid_axes(model)
    x, y, z = (axis.edges for axis in axes)
    return RectilinearGrid(*axes, cut=cut_cells((x, y, z), Ball((0.0, 0.0, 0.0), (dome.radius,) * 3), dome.walls))


def dome_model(**changes: object) -> Model:
    values = {
        "geometry": {"kind": "dome", "radius": f"{1000 * RADIUS} nm"},
        "discretization": Grid(size_at_active_zone=0.01),
        "channels": (Channels(name="Ca", positions=((0.0, 0.0),), current=ConstantCurrent(amplitude=0.01)),),
        "probes": (Probe(name="top", position=(0.0, 0.0, 0.15)),),
        "run": Run(duration=0.1),
    }
    return TerminalModel(**{**values, **changes})


@pytest.fixture
def known_dome(monkeypatch):
    monkeypatch.setitem(BUILDERS, (Dome, Grid), dome_grid)


@pytest.mark.usefixtures("known_dome")
def test_a_new_shape_is_advised_on_by_its_own_volume() -> None:
    lines = check(dome_model())
    volume = next(float(line.split()[4]) for line in lines if line.startswith("volume of the terminal"))
    assert volume == pytest.approx(2 / 3 * math.pi * RADIUS**3, rel=0.02)
    assert any(line.startswith("probe 'top' is 150 nm from the nearest channel") for line in lines)


@pytest.mark.usefixtures("known_dome")
def test_a_new_shape_has_the_walls_that_it_names() -> None:
    cells = discretize(dome_model())
    assert set(cells.surfaces) == {"floor", "membrane"}
    assert cells.surfaces["floor"].areas.sum() == pytest.approx(math.pi * RADIUS**2, rel=0.02)
    heights = cells.space.distance(cells.centres, "floor", 1.0)
    np.testing.assert_array_equal(heights, cells.centres[:, 2])


@pytest.mark.usefixtures("known_dome")
def test_a_new_shape_runs_and_keeps_its_calcium(tmp_path: Path) -> None:
    result = rc.run(dome_model(), "numpy", tmp_path / "run")
    assert result.about.status == "finished"
    assert result.summary.ledger.relative_error < 1e-12
    assert result.about.scene.to_json()["box"] == {"min": [-RADIUS, -RADIUS, 0.0], "max": [RADIUS, RADIUS, RADIUS]}
    probe = result.probes["top"].calcium
    assert float(probe[-1]) > 2 * float(probe[0])


def drawn(model: Model) -> Scene:
    """What pictures of a run would read, from run.json."""
    return Scene.from_json(scene(model, discretize(model)).to_json())


@pytest.mark.usefixtures("known_dome")
def test_the_membrane_of_pictures_is_that_of_the_shape_or_of_the_channels_on_it() -> None:
    constant = ConstantCurrent(amplitude=0.01)
    uncaged = Channels(name="uncaged", place="anywhere", positions=((0.0, 0.0, 0.1),), current=constant)
    assert drawn(small_model(channels=(uncaged,))).membrane == 0
    assert drawn(dome_model(channels=(uncaged,))).membrane is None
    assert drawn(dome_model()).membrane == 0


def test_pictures_read_where_the_mirrors_are() -> None:
    box = Box(size=(0.4, 0.3, 0.2), symmetry=("y",))
    quarter = drawn(small_model(geometry=box, probes=()))
    assert quarter.mirrors == {1: 0.0}
    np.testing.assert_array_equal(quarter.unfolded().lower, [-0.2, -0.15, 0])


@pytest.mark.usefixtures("known_dome")
def test_a_point_outside_a_new_shape_is_refused_by_the_shape() -> None:
    with pytest.raises(ModelError, match="probe 'top' is outside the dome"):
        dome_model(probes=(Probe(name="top", position=(0.15, 0.0, 0.15)),))


@pytest.mark.usefixtures("known_dome")
def test_a_shape_without_tetrahedra_says_what_is_possible() -> None:
    choice = Tetrahedra(size_at_active_zone=0.02)
    expected = "of a dome on tetrahedra; possible: any described shape on grid, .*surface on tetrahedra, dome on grid"
    with pytest.raises(InputError, match=expected):
        discretize(dome_model(discretization=choice))


LENS = '''
"""Lenses."""

from typing import Literal

from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.described import Described
from rdcalcium.solids import Ball, Common


class Lens(Described):
    """What two balls have in common."""

    kind: Literal["lens"] = "lens"
    radius: PositiveLength
    """Of the balls."""
    apart: PositiveLength
    """Between their middles."""

    @property
    def outline(self) -> Common:
        """Both."""
        low, high = ((0.0, 0.0, sign * self.apart / 2) for sign in (1, -1))
        return Common(tuple(Ball(at, (self.radius,) * 3) for at in (low, high)))
'''


@pytest.mark.parametrize("cells", ["grid", "tetrahedra"])
def test_a_described_shape_is_one_file_that_is_found_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: str
) -> None:
    """π (4 r + d) (2 r - d)² / 12, and two caps."""
    (tmp_path / "lens.py").write_text(LENS)
    monkeypatch.setattr(shapes, "__path__", [*shapes.__path__, str(tmp_path)])
    kinds = kinds_of(Shape, shapes.__name__)
    monkeypatch.delitem(sys.modules, f"{shapes.__name__}.lens")
    assert [kind.__name__ for kind in kinds if kind not in shapes.KINDS] == ["Lens"]

    class LensModel(Model):
        geometry: Annotated[Union[kinds], Field(discriminator="kind")]  # noqa: UP007 (of kinds that are found)

    r, d = 0.3, 0.3
    sizes = {"size_at_active_zone": 0.03} | ({"size_in_bulk": 0.05} if cells == "tetrahedra" else {})
    foot = (0.0, 0.0, d / 2 - r)
    pore = Channels(name="Ca", positions=(foot,), current=ConstantCurrent(amplitude=0.01))
    given = {"geometry": {"kind": "lens", "radius": r, "apart": d}, "discretization": {"kind": cells, **sizes}}
    made = discretize(LensModel(**given, channels=(pore,), run=Run(duration=0.1)))
    assert made.total_volume == pytest.approx(math.pi * (4 * r + d) * (2 * r - d) ** 2 / 12, rel=0.03)
    assert made.surfaces["membrane"].areas.sum() == pytest.approx(2 * math.pi * r * (2 * r - d), rel=0.03)
    with pytest.raises(ModelError, match="is outside the terminal"):
        LensModel(**given, probes=(Probe(name="p", position=(0.0, 0.0, 0.2)),), run=Run(duration=0.1))
