"""Bodies on a grid that are thinner than its cells: sheets let nothing through, rods and vesicles are passed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from rdcalcium.discretization import Discretization
from rdcalcium.discretization.grid import discretize_grid
from rdcalcium.geometry.cut import cut_cells
from rdcalcium.geometry.grid import RectilinearGrid, uniform_axis
from rdcalcium.solids import Ball, Block, Capsule, Frustum, Solid, Turned, Without, thickness, turn_of
from rdcalcium.solids.base import place

BOX = Block((-0.3, -0.3, 0.0), (0.3, 0.3, 0.4))
WIDE = 0.05


def made_of(*bodies: Solid, wide: float = WIDE) -> Discretization:
    x, y, z = (uniform_axis(low, high, wide) for low, high in zip(BOX.low, BOX.high, strict=True))
    cut = cut_cells((x.edges, y.edges, z.edges), Without(BOX, bodies))
    return discretize_grid(RectilinearGrid(x, y, z, cut.fill == 0, cut=cut))


def sides(made: Discretization) -> list[float]:
    """Volumes of the parts between which nothing flows, µm³."""
    _, part = connected_components(made.conductance > 0, directed=False)
    volumes = np.bincount(part, made.volumes)
    return sorted(volumes[volumes > 0].tolist())


def sheet(thick: float, height: float, normal: tuple[float, float, float], radius: float = 2.0) -> Frustum:
    middle, way = np.array([0.0, 0.0, height]), thick / 2 * np.array(normal) / np.linalg.norm(normal)
    return Frustum(place(middle - way), place(middle + way), radius, radius, ("sheet",) * 3)


@pytest.mark.parametrize("thick", [0.001, 0.02, 0.09])
@pytest.mark.parametrize("normal", [(0, 0, 1), (0.3, -0.2, 1), (1, 1, 0.2)], ids=["flat", "tilted", "steep"])
def test_nothing_passes_a_sheet_however_thin_it_is(thick: float, normal: tuple[float, float, float]) -> None:
    """Wherever it lies among the cells; on either side is about what there is."""
    for height in (0.2, 0.212):
        volumes = sides(made_of(sheet(thick, height, normal), wide=0.1))
        assert len(volumes) == 2
        assert sum(volumes) == pytest.approx(0.144, rel=0.25)
        assert volumes[0] > 0.35 * sum(volumes)


def test_a_sheet_with_a_rim_is_passed_around_it() -> None:
    assert len(sides(made_of(sheet(0.002, 0.21, (0.3, -0.2, 1), radius=0.2)))) == 1


@pytest.mark.parametrize("radius", [0.005, 0.015, 0.024])
def test_rods_and_vesicles_thinner_than_cells_let_calcium_pass_between_them(radius: float) -> None:
    """Rows of them, as near to each other as they can be without touching, in all places among the cells."""
    random = np.random.default_rng(1)
    heights = 0.2 + random.uniform(-0.5, 0.5, 8) * WIDE
    rods = [
        Capsule((-2, y, z), (2, y + 0.03, z), radius) for y, z in zip(np.arange(-4, 4) * 0.07, heights, strict=True)
    ]
    balls = [Ball((x, 0.0, z), (radius,) * 3) for x, z in zip(np.arange(-4, 4) * 0.07, heights, strict=True)]
    for bodies in (rods, balls):
        assert len(sides(made_of(*bodies))) == 1


def test_a_body_is_as_thick_as_its_shortest_extent() -> None:
    turned = Turned(Ball((0, 0, 0), (3.0, 2.0, 1.0)), turn_of(np.eye(3)[[1, 2, 0]]), (0, 0, 0))
    assert thickness(turned) == 2.0
    assert thickness(sheet(0.003, 0.1, (1, 2, 3))) == pytest.approx(0.003)
    assert thickness(Block((0, 0, 0), (1, 0.2, 3))) == 0.2
    assert thickness(Without(BOX, ())) == np.inf


@pytest.mark.parametrize("wide", [0.04, 0.06, 0.1])
def test_thin_tubules_and_small_vesicles_have_their_volume_and_area_in_wide_cells(wide: float) -> None:
    """Of π r² l + 4 π r³ / 3 and 2 π r l + 4 π r²."""
    edges = tuple(uniform_axis(low, high, wide).edges for low, high in zip(BOX.low, BOX.high, strict=True))
    bodies = {
        "tubule": (Capsule((-0.25, -0.2, 0.1), (0.25, 0.2, 0.3), 0.0125, "tubule"), 0.0125, np.sqrt(0.45)),
        "vesicle": (Ball((0.11, 0.03, 0.23), (0.02,) * 3, "vesicle"), 0.02, 0.0),
    }
    for name, (body, radius, length) in bodies.items():
        cut = cut_cells((edges[0], edges[1], edges[2]), Without(BOX, (body,)))
        volumes = np.multiply.outer(np.multiply.outer(*(np.diff(along) for along in edges[:2])), np.diff(edges[2]))
        volume = np.pi * radius**2 * length + 4 / 3 * np.pi * radius**3
        assert 0.144 - (cut.fill * volumes).sum() == pytest.approx(volume, rel=0.08)
        assert cut.walls[name][1].sum() == pytest.approx(2 * np.pi * radius * (length + 2 * radius), rel=0.04)
