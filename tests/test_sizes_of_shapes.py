"""Every terminal, and everything that stands in one, has the volume and the surfaces that formulae say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest

from rdcalcium.geometry import resolved
from rdcalcium.geometry.cut import cut_cells
from rdcalcium.geometry.described_mesh import described_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.model import Box, Described, Tetrahedra
from rdcalcium.model.kinds import kind_name
from rdcalcium.model.obstacles import KINDS as KINDS_OF_OBSTACLES
from rdcalcium.model.shapes import KINDS as KINDS_OF_SHAPES
from rdcalcium.solids import Block, Common, Solid
from tests.shapes import FROM_FILES, OBSTACLES, SHAPES, Size
from tests.support import slope
from tests.tolerances import TOLERANCES

EXACT = 1e-9
SECOND, FIRST = 2 - TOLERANCES["order"], 0.7  # where two meshes tell 1 from 2, and edges are in few cells
CELLS = (14, 28)
# Surfaces with an edge in the midst of cells, which see it as rounded: there areas are right to first order.
SHARP = {
    "bouton": {"membrane"},
    "en passant": {"membrane", "other"},
    "sector": {"membrane", "side"},
    "calyx lobe": {"membrane", "outer", "rim"},
    "cylinder in it": {"rod"},
    "ribbon in it": {"ribbon"},
    "T-bar in it": {"T-bar"},
}


def errors(found: Size, expected: Size) -> dict[str, float]:
    """Of the volume, and of the area of each surface, relative."""
    assert set(found.areas) == set(expected.areas)
    of_areas = {name: abs(found.areas[name] / area - 1) for name, area in expected.areas.items()}
    return {"volume": abs(found.volume / expected.volume - 1), **of_areas}


def require_order(sizes: Sequence[float], found: Sequence[Mapping[str, float]], sharp: frozenset | set = frozenset()):
    """Each error falls as it should with the size of the cells, or is none."""
    for name in found[0]:
        coarse_and_fine = [each[name] for each in found]
        if max(coarse_and_fine) > EXACT:
            assert slope(sizes, coarse_and_fine) > (FIRST if name in sharp else SECOND), name


def test_no_shape_and_no_obstacle_is_left_out() -> None:
    """But for those that come from files, whose triangles say how large they are."""
    shapes, obstacles = ({one.kind for one, _ in table.values()} for table in (SHAPES, OBSTACLES))
    assert shapes == {kind_name(kind) for kind in KINDS_OF_SHAPES} - FROM_FILES
    assert obstacles == {kind_name(kind) for kind in KINDS_OF_OBSTACLES} - FROM_FILES


@pytest.fixture
def by_size(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """What meshes a shape with edges that are everywhere so many times as long, at round surfaces and gaps too."""

    def made(shape: Described, times: float, bulk: float, of_radius: float) -> TetrahedralMesh:
        monkeypatch.setattr(resolved, "ROUND", times * of_radius)
        monkeypatch.setattr(resolved, "_across", lambda sizes, *_: sizes)
        bulk *= times
        return described_mesh(shape, Tetrahedra(size_at_active_zone=bulk, size_in_bulk=bulk, growth=times * 0.4))

    return made


@pytest.mark.parametrize("name", SHAPES)
def test_tetrahedra_of_a_terminal_are_right_to_second_order(by_size, name: str) -> None:
    shape, expected = SHAPES[name]
    sizes, found = (1.0, 0.6), []
    for times in sizes:
        mesh = by_size(shape, times, 0.08, 0.25)
        found.append(errors(Size(float(mesh.volumes().sum()), mesh.areas()), expected))
    require_order(sizes, found)
    assert max(found[-1].values()) < 0.02


def test_obstacles_cut_out_of_tetrahedra_are_right_to_second_order(by_size) -> None:
    """All of them at once in a box. Its floor, on which some stand, goes through the origin and encloses nothing."""
    box = Box(size=(1.2, 1.2, 0.6), obstacles=tuple(obstacle for obstacle, _ in OBSTACLES.values()))
    sizes, found = (1.0, 0.5), []
    for times in sizes:
        mesh = by_size(box, times, 0.15, 0.45)
        found.append({})
        for name, (obstacle, expected) in OBSTACLES.items():
            size = Size(enclosed(mesh, obstacle.name), {obstacle.name: mesh.areas()[obstacle.name]})
            found[-1] |= {f"{name}: {key}": error for key, error in errors(size, expected).items()}
    require_order(sizes, found)
    assert max(found[-1].values()) < 0.025


def enclosed(mesh: TetrahedralMesh, name: str) -> float:
    """Volume inside a surface, Σ a·(b × c) / 6 over its triangles, which face it."""
    faces = mesh.boundary()
    own = np.isin(faces, mesh.surfaces[name]).all(axis=1)
    a, b, c = np.moveaxis(mesh.points[faces[own]], 1, 0)
    return -float((a * np.cross(b, c)).sum() / 6)


@pytest.mark.parametrize("name", SHAPES)
def test_cut_cells_of_a_terminal_are_right_to_second_order_but_at_sharp_edges(name: str) -> None:
    shape, expected = SHAPES[name]
    low, high = (np.array(corner) for corner in shape.bounds)
    faces = {f"{'xyz'[axis]}_{('min', 'max')[end]}": (wall, axis, end) for wall, (axis, end) in shape.walls.items()}
    walls = {face: place[1:] for face, place in faces.items()}
    found = []
    for cells in CELLS:
        size = cut(shape.cytosol(), low, high, walls, cells)
        areas: dict[str, float] = {}
        for face, area in size.areas.items():
            wall = faces[face][0] if face in faces else face
            areas[wall] = areas.get(wall, 0.0) + area
        found.append(errors(Size(size.volume, areas), expected))
    require_order([1 / cells for cells in CELLS], found, SHARP.get(name, frozenset()))
    assert found[-1]["volume"] < 2e-3
    assert max(found[-1].values()) < 0.03


@pytest.mark.parametrize("name", OBSTACLES)
def test_cut_cells_of_an_obstacle_are_right_to_second_order_but_at_sharp_edges(name: str) -> None:
    obstacle, expected = OBSTACLES[name]
    above = Common((obstacle.solid, Block((-9.0, -9.0, 0.0), (9.0, 9.0, 9.0), {"z_min": "floor"})))
    low, high = (np.array(corner) for corner in above.bounds)
    around = 0.02 * (high - low).max()
    low, high = low - around, high + around
    low[2] = max(low[2], 0.0)
    found = []
    for cells in CELLS:
        size = cut(above, low, high, {"floor": (2, 0)}, cells)
        found.append(errors(size._replace(areas={obstacle.name: size.areas[obstacle.name]}), expected))
    require_order([1 / cells for cells in CELLS], found, SHARP.get(f"{name} in it", frozenset()))
    assert found[-1]["volume"] < 2e-3
    assert max(found[-1].values()) < 0.01


def cut(solid: Solid, low: np.ndarray, high: np.ndarray, walls: Mapping[str, tuple[int, int]], cells: int) -> Size:
    """Of the body in a box, by the fractions of the cells of a grid."""
    edges = tuple(np.linspace(a, b, cells + 1) for a, b in zip(low, high, strict=True))
    found = cut_cells(edges, solid, walls)
    volume = float(found.fill.sum() * np.prod((high - low) / cells))
    return Size(volume, {name: float(areas.sum()) for name, (_, areas) in found.walls.items() if areas.sum() > EXACT})
