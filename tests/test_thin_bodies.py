"""Bodies on a grid that are thinner than its cells: sheets let nothing through, rods and vesicles are passed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from rdcalcium.advice import check
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.grid import discretize_grid
from rdcalcium.geometry.cut import cut_cells
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.geometry.spacing import uniform_axis
from rdcalcium.model import Model
from rdcalcium.solids import Ball, Block, Capsule, Frustum, Solid, Turned, Without, thickness, turn_of, volume_and_area
from rdcalcium.solids.base import place

BOX = Block((-0.3, -0.3, 0.0), (0.3, 0.3, 0.4))
WIDE = 0.05


def made_of(*bodies: Solid, wide: float = WIDE) -> Discretization:
    x, y, z = (uniform_axis(low, high, wide) for low, high in zip(BOX.low, BOX.high, strict=True))
    cut = cut_cells((x.edges, y.edges, z.edges), Without(BOX, bodies))
    return discretize_grid(RectilinearGrid(x, y, z, cut=cut))


def sides(made: Discretization) -> list[float]:
    """Volumes of the parts between which nothing flows, µm³."""
    _, part = connected_components(made.conductance > 0, directed=False)
    volumes = np.bincount(part, made.volumes)
    return sorted(volumes[volumes > 0].tolist())


def sheet(thick: float, height: float, normal: tuple[float, float, float], radius: float = 2.0) -> Frustum:
    middle, way = np.array([0.0, 0.0, height]), thick / 2 * np.array(normal) / np.linalg.norm(normal)
    return Frustum(place(middle - way), place(middle + way), radius, radius, ("sheet",) * 3)


@pytest.mark.parametrize("thick", [0.001, 0.02, 0.09])
@pytest.mark.parametrize("normal", [(0, 0, 1), (0.3, -0.2, 1), (1, 1, 0.02)], ids=["flat", "tilted", "upright"])
def test_nothing_passes_a_sheet_however_thin_it_is(thick: float, normal: tuple[float, float, float]) -> None:
    """Wherever it lies among the cells; on either side is about what there is."""
    for height in (0.2, 0.212):
        volumes = sides(made_of(sheet(thick, height, normal), wide=0.1))
        assert len(volumes) == 2
        assert sum(volumes) == pytest.approx(0.144, rel=0.25)
        assert volumes[0] > 0.35 * sum(volumes)


@pytest.mark.parametrize("at", [-0.277, 0.22, 0.277, 0.29, 0.3, 0.31])
def test_nothing_passes_a_sheet_at_the_end_of_a_periodic_tile(at: float) -> None:
    """It and another one divide the tile in two rooms, in whichever of the cells beside the end it lies."""
    plates = [
        {"kind": "cylinder", "name": name, "base": (x - 0.004, 0, 0.2), "top": (x + 0.004, 0, 0.2), "radius": 0.4}
        for name, x in (("one", 0.0), ("other", at))
    ]
    shape = {"kind": "box", "size": (0.6, 0.3, 0.4), "periodic": ["x"], "obstacles": plates}
    cells = {"kind": "grid", "size_at_active_zone": WIDE, "size_in_bulk": WIDE}
    model = Model.model_validate({"geometry": shape, "discretization": cells, "run": {"duration": 1.0}})
    assert len(sides(discretize(model))) == 2


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


@pytest.mark.parametrize("body", ["ball", "tubule", "sheet"])
def test_lines_through_a_body_tell_its_volume_and_area(body: str) -> None:
    of, volume, area = {
        "ball": (Ball((0.01, 0, 0), (0.1,) * 3), 4e-3 / 3 * np.pi, 0.04 * np.pi),
        "tubule": (
            Capsule((0, 0, 0), (0.5, 0.2, 0.1), 0.0125),
            np.pi * 0.0125**2 * (np.sqrt(0.3) + 4 / 3 * 0.0125),
            2 * np.pi * 0.0125 * (np.sqrt(0.3) + 2 * 0.0125),
        ),
        "sheet": (sheet(0.01, 0.2, (1, 1, 3), radius=0.1), 1e-4 * np.pi, 0.022 * np.pi),
    }[body]
    low, high = of.bounds
    found = volume_and_area(of, place(np.subtract(low, 1e-3)), place(np.add(high, 1e-3)))
    assert found == pytest.approx((volume, area), rel=0.03)
    halved = volume_and_area(of, place(np.subtract(low, 1e-3)), ((low[0] + high[0]) / 2, high[1], high[2]))
    assert halved == pytest.approx((volume / 2, area / 2), rel=0.03)


def warnings_of(obstacle: dict[str, object], wide: float, **more: object) -> list[str]:
    shape = {"kind": "box", "size": (0.6, 0.6, 0.4), "obstacles": [obstacle]}
    cells = {"kind": "grid", "size_at_active_zone": wide, "size_in_bulk": wide}
    model = Model.model_validate({"geometry": shape, "discretization": cells, "run": {"duration": 1.0}, **more})
    return [line for line in check(model) if line.startswith("warning") and "volume" in line]


def test_check_says_what_cells_do_not_find_of_a_thin_body() -> None:
    rod = {"kind": "cylinder", "name": "rod", "base": (-0.2, 0.0, 0.21), "top": (0.2, 0.1, 0.21), "radius": 0.003}
    (line,) = warnings_of(rod, 0.05)
    found = re.search(
        r"'rod' is 6 nm thick, and cells of 50 nm find (\d+) % of its volume and (\d+) % of its surf", line
    )
    assert found
    assert 30 < int(found[1]) < int(found[2]) < 98
    assert not warnings_of(rod | {"radius": 0.0125}, 0.05)


def test_check_says_how_far_the_stairs_of_a_lumen_are_off() -> None:
    """A tubule of radius 30 nm in cells of 20 nm, with middles 14 or 32 nm from its axis: 4 (20 nm)² of π (30 nm)²."""
    tubule = {"kind": "tubule", "name": "ER", "path": [(-0.2, 0.0, 0.2), (0.2, 0.0, 0.2)], "radius": 0.03}
    pump = {"use": "SERCA_li_rinzel1994", "parameters": {"V_max": "2e-3 uM*um/ms"}}
    lumen = {"region": "ER", "diffusivity": 0.1}
    store = {"name": "reticulum", "rest": 200.0, "lumen": lumen, "transports": [pump]}
    (line,) = warnings_of(tubule, 0.02, stores=[store])
    assert "'ER' consists of whole cells, which have 5" in line
