"""Active zones, channels, sensors and vesicles that rules place: where they are, how many, and what cannot be."""

from __future__ import annotations

import math
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import ConvexHull, cKDTree
from scipy.spatial.distance import pdist
from scipy.stats import chi2

import rdcalcium as rc
from rdcalcium.advice.placement import placement
from rdcalcium.discretization.build import discretize
from rdcalcium.errors import InputError, ModelError
from rdcalcium.library import resolve
from rdcalcium.model import Model, write_toml
from rdcalcium.model.placement import KINDS
from rdcalcium.placement import coupling, rows_of
from rdcalcium.placement.rules import follow
from rdcalcium.results.distances import read_distances, write_distances
from rdcalcium.results.folder import AS_GIVEN, DISTANCES, MODEL, PLACEMENT
from rdcalcium.results.placement import read_places, write_places
from rdcalcium.view.zones import zones

SIGMAS = 4  # of a statistic of chance: 6e-5 of all seeds would fail
ROUNDING = 1e-9  # µm
ONE = {"positions": [[0, 0]], "radius": "200 nm"}
PORE = {"kind": "constant", "amplitude": "0.1 pA"}
SOME = {"name": "docked", "radius": "20 nm", "placement": {"kind": "uniform", "zones": "az", "count": 6}}


def terminal(zones: dict[str, Any] | None = None, seed: int = 1, **parts: Any) -> Model:
    """A membrane of 2 × 2 µm² with active zones, one of them at its centre unless they are said, and parts by rules."""
    return resolve(
        {
            "geometry": {"kind": "box", "size": ["2 um", "2 um", "0.5 um"], **parts.pop("geometry", {})},
            "discretization": {"kind": "grid", "size_at_active_zone": "0.1 um"},
            "active_zones": [zones or ONE],
            "run": {"duration": "0.01 ms", "seed": seed},
            **parts,
        }
    )


def channels(kind: str, name: str = "Ca", **rule: Any) -> dict[str, Any]:
    """A group of channels with a rule, in the zones called az."""
    return {"name": name, "current": PORE, "placement": {"kind": kind, "zones": "az", **rule}}


def points(model: Model, group: int = 0) -> np.ndarray:
    """Where a group of channels is, (n, 3)."""
    return np.array(rc.placed(model).channels[group].points)


def spheres(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Centres (n, 3) and radii (n,) of the vesicles."""
    solids = rc.placed(model).geometry.solids
    return np.array([s.centre for s in solids]), np.array([s.radius for s in solids])


def nearest(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance along the membrane of each point of a to the nearest of b."""
    return np.asarray(cKDTree(b[:, :2]).query(a[:, :2])[0])


def test_every_rule_is_followed_by_a_file_of_its_name() -> None:
    assert len(KINDS) >= 11
    for kind in KINDS:
        assert follow.dispatch(kind).__module__ == kind.__module__.replace(".model.placement.", ".placement.rules.")


@pytest.mark.parametrize("seed", range(5))
def test_no_channel_is_in_a_zone_of_exclusion(seed: int) -> None:
    rule = channels("exclusion", count=14, around="docked", distance="50 nm", spacing="5 nm")
    model = terminal({"count": 6, "radius": "150 nm"}, seed, vesicles=[SOME], channels=[rule])
    found, (docked, _) = points(model), spheres(model)
    assert len(found) == 6 * 14
    assert len(docked) == 6 * 6
    assert nearest(found, docked).min() >= 0.05 - ROUNDING
    assert pdist(found).min() >= 0.005
    assert pdist(docked).min() >= 0.04 - ROUNDING  # hard spheres
    centres = np.array([zone.centre for zone in rc.placed(model).zones])
    assert nearest(found, centres).max() <= 0.15 + ROUNDING


def test_numbers_are_those_of_poisson() -> None:
    rule = channels("uniform", count={"poisson": 14})
    zones = {"positions": [[x, y] for x in np.linspace(-0.9, 0.9, 20) for y in np.linspace(-0.9, 0.9, 20)]}
    model = rc.placed(terminal({**zones, "radius": "10 nm"}, channels=[rule]))
    found = np.unique([p.zone for p in rows_of(model) if p.kind == "channel"], return_counts=True)[1]
    assert len(found) == 400
    assert abs(found.mean() - 14) < SIGMAS * math.sqrt(14 / 400)
    assert abs(found.var() - 14) < SIGMAS * 14 * math.sqrt(2 / 400)


def test_a_uniform_rule_fills_its_zone_evenly() -> None:
    x, y = points(terminal(channels=[channels("uniform", count=4000)]))[:, :2].T
    ring = np.minimum(10 * (x**2 + y**2) / 0.2**2, 9).astype(int)  # ten rings of one area
    sector = ((np.arctan2(y, x) / (2 * np.pi) + 0.5) * 12).astype(int) % 12
    counts = np.bincount(12 * ring + sector, minlength=120)
    assert ((counts - 4000 / 120) ** 2 / (4000 / 120)).sum() < chi2.ppf(1 - 6e-5, 119)


def test_without_zones_a_rule_fills_the_whole_membrane_evenly() -> None:
    group = {"name": "Ca", "current": PORE, "placement": {"kind": "uniform", "count": 4000}}
    x, y = points(terminal(channels=[group]))[:, :2].T
    counts = np.histogram2d(x, y, bins=10, range=[[-1, 1], [-1, 1]])[0]
    assert counts.sum() == 4000
    assert ((counts - 40) ** 2 / 40).sum() < chi2.ppf(1 - 6e-5, 99)


def test_neighbours_on_a_hexagonal_lattice_are_a_spacing_apart() -> None:
    found = points(terminal(channels=[channels("hexagonal", spacing="30 nm")]))[:, :2]
    cell = math.sqrt(3) / 2 * 0.03**2
    assert len(found) == pytest.approx(math.pi * 0.2**2 / cell, rel=0.05)
    inner = found[np.linalg.norm(found, axis=1) < 0.16]
    apart = np.linalg.norm(inner[:, None] - found, axis=2)
    apart.sort(axis=1)
    np.testing.assert_allclose(apart[:, 1:7], 0.03, rtol=1e-12)
    np.testing.assert_allclose(apart[:, 7], math.sqrt(3) * 0.03, rtol=1e-12)


def test_so_many_of_a_lattice_are_those_nearest_to_its_centre() -> None:
    seven = points(terminal(channels=[channels("hexagonal", spacing="30 nm", count=7, angle=0)]))
    angles = math.pi / 3 * np.arange(6)
    ring = 0.03 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert seven[0].tolist() == [0, 0, 0]
    assert nearest(ring, seven[1:]).max() < ROUNDING


def test_a_ring_has_one_radius_and_equal_angles() -> None:
    x, y, _ = points(terminal(channels=[channels("ring", radius="60 nm", count=8)])).T
    np.testing.assert_allclose(np.hypot(x, y), 0.06, rtol=1e-12)
    np.testing.assert_allclose(np.diff(np.unwrap(np.arctan2(y, x))), math.pi / 4, rtol=1e-9)


def test_channels_of_a_cluster_are_within_its_radius() -> None:
    rule = channels("clusters", clusters=3, radius="30 nm", count=12, spacing="6 nm", cluster_spacing="100 nm")
    found = points(terminal(channels=[rule]))
    assert len(found) == 36
    assert pdist(found).min() >= 0.006
    each = found.reshape(3, 12, 3)
    assert max(pdist(one).max() for one in each) <= 0.06
    assert min(pdist(each.mean(axis=1))) > 0.1 - 2 * 0.03


def test_channels_keep_their_spacing_from_those_of_other_clusters_that_overlap() -> None:
    rule = channels("clusters", clusters=4, radius="190 nm", count=40, spacing="15 nm")
    assert pdist(points(terminal(channels=[rule]))).min() >= 0.015


def test_a_cluster_is_in_its_zone_as_a_whole() -> None:
    """Its channels are uniform in a disc that is within the zone: the mean of r² around its centre is half of R²."""
    radius, count = 0.1, 400
    each = points(terminal(channels=[channels("clusters", clusters=8, radius=radius, count=count)])).reshape(
        8, count, 3
    )
    assert np.linalg.norm(each, axis=2).max() <= 0.2 + ROUNDING
    spread = ((each - each.mean(axis=1, keepdims=True)) ** 2).sum(axis=2).mean(axis=1)
    np.testing.assert_allclose(spread, radius**2 / 2, rtol=SIGMAS / math.sqrt(3 * count))  # r² is uniform up to R²


def test_a_cluster_as_large_as_its_zone_is_all_of_it() -> None:
    found = points(terminal(channels=[channels("clusters", radius="200 nm", count=300)]))
    assert 0.19 < np.linalg.norm(found, axis=1).max() <= 0.2 + ROUNDING


@pytest.mark.parametrize("kind", ["beside", "each"])
def test_the_nearest_vesicle_is_at_the_distance_that_is_said(kind: str) -> None:
    rule = channels(kind, count=3, around="docked", distance="35 nm")
    vesicles = {**SOME, "placement": {**SOME["placement"], "spacing": "60 nm"}}
    model = terminal(vesicles=[vesicles], channels=[rule])
    found, (docked, _) = points(model), spheres(model)
    np.testing.assert_allclose(nearest(found, docked), 0.035, atol=ROUNDING)
    assert len(found) == (3 if kind == "beside" else 3 * 6)


def test_each_vesicle_has_channels_of_its_own() -> None:
    vesicles = {**SOME, "placement": {**SOME["placement"], "spacing": "80 nm"}}
    model = terminal(vesicles=[vesicles], channels=[channels("each", count=2, around="docked", distance="20 nm")])
    owner = cKDTree(spheres(model)[0][:, :2]).query(points(model)[:, :2])[1]
    assert np.bincount(owner).tolist() == [2] * 6


def test_sensors_are_under_their_vesicles() -> None:
    docked = {**SOME, "placement": {**SOME["placement"], "height": "2 nm"}}
    under = {"use": "felmy2003", "placement": {"kind": "under", "zones": "az", "around": "docked", "height": "2 nm"}}
    model = rc.placed(terminal(vesicles=[docked], sensors=[under]))
    np.testing.assert_allclose([p[:2] for p in model.sensors[0].positions], spheres(model)[0][:, :2], atol=ROUNDING)
    np.testing.assert_allclose(spheres(model)[0][:, 2], 0.022)
    assert {p[2] for p in model.sensors[0].positions} == {0.002}


def test_perimeter_release_is_at_one_distance_from_the_edge_of_the_cluster() -> None:
    at_edge = {
        "name": "docked",
        "radius": "20 nm",
        "placement": {"kind": "perimeter", "zones": "az", "count": 5, "around": "Ca", "distance": "20 nm"},
    }
    model = terminal(vesicles=[at_edge], channels=[channels("clusters", radius="50 nm", count=25)])
    hull = ConvexHull(points(model)[:, :2])
    corners = hull.points[hull.vertices]
    feet = spheres(model)[0][:, :2]
    edges = [np.linspace(a, b, 2001) for a, b in pairwise([*corners, corners[0]])]
    np.testing.assert_allclose(nearest(feet, np.concatenate(edges)), 0.02, atol=1e-7)
    assert (hull.equations[:, :2] @ feet.T + hull.equations[:, 2:] > 0).any(axis=0).all()  # outside


def test_the_line_around_a_cluster_is_taken_evenly() -> None:
    two = channels("listed", positions=[["-50 nm", 0], ["50 nm", 0]])
    around = channels("perimeter", "around", count=3000, around="Ca", distance="30 nm")
    found = points(terminal(channels=[two, around]), 1)
    share = 2 * math.pi * 0.03 / (2 * math.pi * 0.03 + 2 * 0.1)  # of the arcs around both ends
    on_arcs = (np.abs(found[:, 0]) > 0.05).mean()
    assert abs(on_arcs - share) < SIGMAS * math.sqrt(share * (1 - share) / 3000)
    one = terminal(channels=[channels("listed", positions=[[0, 0]]), around])
    np.testing.assert_allclose(np.linalg.norm(points(one, 1), axis=1), 0.03, rtol=1e-9)


@pytest.mark.parametrize("fraction", [0.05, 0.25])
def test_a_pool_of_hard_spheres_fills_its_fraction(fraction: float) -> None:
    rule = {"kind": "pool", "zones": "az", "height": "50 nm", "thickness": "300 nm", "fraction": fraction}
    centres, radii = spheres(terminal(vesicles=[{"name": "pool", "radius": "20 nm", "placement": rule}]))
    one, volume = 4 / 3 * math.pi * 0.02**3, math.pi * 0.2**2 * 0.3
    assert abs(len(centres) * one - fraction * volume) <= one / 2
    assert pdist(centres).min() >= 0.04 - ROUNDING
    assert np.linalg.norm(centres[:, :2], axis=1).max() <= 0.18 + ROUNDING
    assert centres[:, 2].min() >= 0.07 - ROUNDING
    assert centres[:, 2].max() <= 0.33 + ROUNDING
    assert {*radii.tolist()} == {0.02}


def test_vesicles_of_a_pool_keep_clear_of_docked_ones_and_of_obstacles() -> None:
    docked = {
        "name": "docked",
        "radius": "25 nm",
        "placement": {"kind": "hexagonal", "zones": "az", "spacing": "60 nm"},
    }
    rule = {"kind": "pool", "zones": "az", "thickness": "150 nm", "count": 60}
    mitochondrion = {"name": "mitochondrion", "centre": [0, 0, 0.13], "radius": "60 nm"}
    pool = {"name": "pool", "radius": "20 nm", "placement": rule}
    centres, radii = spheres(terminal(geometry={"obstacles": [mitochondrion]}, vesicles=[docked, pool]))
    apart = np.linalg.norm(centres[:, None] - centres, axis=2) - radii[:, None] - radii
    assert apart[np.triu_indices(len(centres), 1)].min() >= -ROUNDING


STANDING: dict[str, dict[str, Any]] = {
    "t_bar": {
        **{"pedestal_radius": "60 nm", "pedestal_height": "50 nm"},
        **{"table_radius": "120 nm", "table_thickness": "20 nm"},
    },
    "ribbon": {"stalk": ["150 nm", "80 nm"]},
}


@pytest.mark.parametrize("kind", STANDING)
def test_channels_and_sensors_are_around_what_stands_in_a_zone(kind: str) -> None:
    geometry = {"obstacles": [{"kind": kind, **STANDING[kind]}], "size": ["2 um", "2 um", "0.8 um"]}
    sensors = {"use": "felmy2003", "placement": {"kind": "uniform", "zones": "az", "count": 50, "height": "40 nm"}}
    rules = [
        channels("uniform", count=200),
        channels("hexagonal", "lattice", spacing="30 nm"),
        channels("clusters", "clusters", clusters=3, radius="30 nm", count=12),
    ]
    model = rc.placed(terminal(geometry=geometry, channels=rules, sensors=[sensors]))
    (body,) = model.geometry.solids
    found = [np.array(group.points) for group in model.channels]
    assert [len(points) for points in (found[0], found[2])] == [200, 36]
    assert body.solid.depth(np.concatenate([*found, model.sensors[0].positions])).max() <= ROUNDING
    lattice = terminal(geometry={"size": ["2 um", "2 um", "0.8 um"]}, channels=[rules[1]])
    taken = (body.solid.depth(points(lattice)) > 0).sum()
    assert len(found[1]) == len(points(lattice)) - taken < len(points(lattice))


def test_a_body_of_a_tile_stands_in_the_next_one_too() -> None:
    geometry = {
        "size": ["0.6 um", "0.6 um", "0.6 um"],
        "periodic": ["x", "y"],
        "obstacles": [{"centre": ["0.28 um", "0.28 um", "0.2 um"], "radius": "180 nm"}],
    }
    rule = {"kind": "pool", "thickness": "400 nm", "count": 60}
    vesicles = [{"name": "pool", "radius": "20 nm", "placement": rule}]
    centres, radii = spheres(
        terminal({"positions": [[0, 0]], "radius": "100 nm"}, geometry=geometry, vesicles=vesicles)
    )
    tiles = [centres[0] + np.array([x, y, 0]) for x in (-0.6, 0, 0.6) for y in (-0.6, 0, 0.6)]
    assert cKDTree(tiles).query(centres[1:])[0].min() >= radii[0] + 0.02 - ROUNDING


def test_active_zones_are_apart_and_on_the_membrane() -> None:
    zones = rc.placed(terminal({"count": 20, "radius": "100 nm", "spacing": "300 nm"})).zones
    centres = np.array([zone.centre for zone in zones])
    assert [zone.name for zone in zones] == [f"az{i}" for i in range(20)]
    assert pdist(centres).min() >= 0.3
    assert np.abs(centres).max() <= 0.9
    assert {zone.normal for zone in zones} == {(0.0, 0.0, 1.0)}
    packed = rc.placed(terminal({"count": 20, "radius": "120 nm"})).zones
    assert pdist([zone.centre for zone in packed]).min() >= 0.24  # unless it is said, they do not overlap
    anywhere = rc.placed(terminal({"count": 20, "radius": "300 nm", "spacing": 0})).zones
    assert 0 < pdist([zone.centre for zone in anywhere]).min() < 0.3  # there is no room for so many side by side


@pytest.mark.parametrize(("size", "mean"), [({"radius": "10 nm"}, 0.01), ({"area": "1e-4 um^2"}, 1e-4)])
def test_sizes_of_zones_have_the_mean_and_the_spread_that_are_said(size: dict[str, str], mean: float) -> None:
    positions = [[x, y] for x in np.linspace(-0.9, 0.9, 20) for y in np.linspace(-0.9, 0.9, 20)]
    radii = np.array([zone.radius for zone in rc.placed(terminal({"positions": positions, **size, "cv": 0.4})).zones])
    drawn = radii if "radius" in size else math.pi * radii**2
    assert abs(drawn.mean() / mean - 1) < SIGMAS * 0.4 / 20
    assert abs(np.log(drawn).std() / math.sqrt(math.log(1.16)) - 1) < SIGMAS / math.sqrt(2 * 400)


def test_the_same_seed_gives_the_same_places_whatever_else_there_is() -> None:
    rule, other = channels("uniform", count=5), channels("uniform", "other", count=9)
    zones = {"count": 3, "radius": "100 nm"}
    first = points(terminal(zones, channels=[rule]))
    np.testing.assert_array_equal(points(terminal(zones, channels=[rule])), first)
    np.testing.assert_array_equal(points(terminal(zones, channels=[other, rule]), 1), first)
    assert not np.isclose(points(terminal(zones, 2, channels=[rule]))[:, :2], first[:, :2]).any()
    in_each = np.array(
        [place.along for place in rows_of(rc.placed(terminal(zones, channels=[rule]))) if place.kind == "channel"]
    )
    assert pdist(in_each.reshape(3, 10)).min() > 0.01  # and each zone has its own
    own = channels("uniform", count=5, seed=7)
    listed = {"positions": [[0, 0]], "radius": "100 nm"}
    np.testing.assert_array_equal(
        points(terminal(listed, 1, channels=[own])), points(terminal(listed, 2, channels=[own]))
    )


def test_a_placed_model_lists_all_places_and_reads_back() -> None:
    model = terminal(
        {"count": 2, "area": "0.05 um^2", "cv": 0.3}, vesicles=[SOME], channels=[channels("uniform", count=5)]
    )
    assert not model.is_placed
    placed = rc.placed(model)
    assert placed.is_placed
    assert rc.placed(placed) is placed
    assert resolve(tomllib.loads(write_toml(placed))) == placed
    assert resolve(tomllib.loads(write_toml(model))) == model


def test_listed_positions_take_the_place_of_a_rule_and_the_other_way_round() -> None:
    group = terminal(channels=[channels("uniform", count=5)]).channels[0]
    listed = group.changed(positions=[[0, 0]])
    assert (listed.placement, listed.positions) == (None, ((0, 0),))
    assert listed.changed(placement=group.placement) == group
    assert group.changed(name="other").placement == group.placement


def test_mirror_planes_keep_half_of_what_is_its_own_mirror_image() -> None:
    rule = channels("hexagonal", spacing="30 nm", angle=0)
    whole, half = (points(terminal(geometry={"symmetry": s}, channels=[rule])) for s in ((), ("x", "y")))
    kept = whole[(whole[:, :2] > -ROUNDING).all(axis=1)]
    assert len(half) == len(kept) < len(whole) / 2
    assert nearest(kept, half).max() < ROUNDING
    with pytest.raises(ModelError, match=r"^channels 'Ca' in az0 reach over the mirror plane x = 0, .* leave 'x' out"):
        rc.placed(terminal(geometry={"symmetry": ["x"]}, channels=[channels("uniform", count=4)]))
    aside = {"positions": [[0.5, 0]], "radius": "200 nm"}
    assert len(points(terminal(aside, geometry={"symmetry": ["x"]}, channels=[channels("uniform", count=4)]))) == 4


@pytest.mark.parametrize(
    ("zones", "parts", "message"),
    [
        ({"count": 80, "radius": "150 nm"}, {}, r"'az': \d+ zones with centres 300 nm apart find room on the membrane"),
        ({"count": 1, "radius": "2 um"}, {}, r"'az': 0 zones .* one more with a radius of 2000 nm does not"),
        ({"positions": [[0.9, 0]], "radius": "200 nm"}, {}, r"zone 'az0' at \(900, 0, 0\) nm .* reaches beyond the"),
        (ONE, {"channels": [channels("uniform", count=900, spacing="20 nm")]}, r"in az0: \d+ of 900 find room when"),
        (ONE, {"channels": [channels("hexagonal", spacing="90 nm", count=99)]}, r"in az0: \d+ of 99 find room on a"),
        (
            ONE,
            {"channels": [channels("hexagonal", spacing="0.01 nm", count=7)]},
            r"in az0: a lattice with a spacing of 0.01 nm has 1.5e\+09 sites there, and 1,000,000 at most are",
        ),
        (
            ONE,
            {"channels": [channels("clusters", radius="201 nm", count=3)]},
            r"in az0: a cluster with a radius of 201 nm is in its zone as a whole, in which one of 200 nm at most",
        ),
        (
            ONE,
            {"channels": [channels("ring", radius="300 nm", count=4)]},
            r"in az0: 4 of 4 places are beyond its edge, in a body, or outside the terminal; ask for fewer",
        ),
        (
            ONE,
            {"vesicles": [{**SOME, "placement": {"kind": "hexagonal", "zones": "az", "spacing": "30 nm", "count": 7}}]},
            r"in az0: 7 of 7 places are beyond its edge, in another vesicle or a body, .* farther apart",
        ),
        (
            ONE,
            {"channels": [channels("exclusion", count=1, around="docked", distance="1 um")], "vesicles": [SOME]},
            r"in az0: 0 of 1 find room when they are placed one after the other; ask for fewer",
        ),
        (
            ONE,
            {
                "vesicles": [
                    {
                        **SOME,
                        "placement": {"kind": "pool", "zones": "az", "fraction": 0.38, "thickness": "100 nm"},
                    }
                ]
            },
            r"^vesicles 'docked' in az0: \d+ of \d+ find room",
        ),
        (
            {"count": 1, "radius": "50 um"},
            {},
            r"^active zones 'az': a radius of 50000 nm is more than the terminal has, .* length_unit of its file\?$",
        ),
    ],
)
def test_what_does_not_fit_is_one_sentence(zones: dict[str, Any], parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        rc.placed(terminal(zones, **parts))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"channels": [channels("uniform", count=4, zones="az9")]},
            r"no active zones are called 'az9'; .*Did you mean 'az'",
        ),
        (
            {"channels": [channels("exclusion", count=4, around="dock", distance=0.1)], "vesicles": [SOME]},
            r"channels 'Ca': nothing is called 'dock'; .* Did you mean 'docked'",
        ),
        (
            {
                "channels": [
                    channels("beside", "a", count=1, around="b", distance=0.1),
                    channels("beside", "b", count=1, around="a", distance=0.1),
                ]
            },
            r"channels 'a' and channels 'b' are placed after each other in a circle",
        ),
        ({"channels": [{"name": "Ca", "current": PORE}]}, r"channels 'Ca' has no positions, and no rule of placement"),
        (
            {"channels": [{**channels("uniform", count=4), "positions": [[0, 0]]}]},
            r"channels 'Ca' has positions and a rule of placement; leave one of them out",
        ),
        ({"channels": [channels("pool", thickness=0.1, count=3)]}, r"channels 'Ca': a pool is of vesicles"),
        ({"channels": [channels("uniform", count=4, height=0.1)]}, r"channels 'Ca' are on the membrane: leave height"),
        ({"channels": [channels("uniform", count=0)]}, r"0 is no number of things; write a whole number of 1 to"),
        ({"active_zones": [{"radius": 0.1}]}, r"active zones 'az': say their count, or the positions"),
        ({"active_zones": [{"count": 2}]}, r"active zones 'az': say one of radius, area and radii"),
        (
            {
                "geometry": {"obstacles": [{"name": "Ca", "centre": [0, 0, 0.1], "radius": 0.05}]},
                "channels": [
                    channels("uniform", count=4),
                    channels("beside", "b", count=1, around="Ca", distance=0.1),
                ],
            },
            r"channels and vesicles are called 'Ca', and a rule needs to know which",
        ),
    ],
)
def test_a_rule_that_cannot_be_meant_is_one_sentence(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        terminal(**parts)


def test_chance_that_gives_nothing_is_one_sentence() -> None:
    with pytest.raises(ModelError, match=r"^channels 'Ca': chance gave none of them; take another seed, or a larger"):
        rc.placed(terminal(channels=[channels("uniform", count={"poisson": 1e-9})]))


def test_control_volumes_are_made_of_places_alone() -> None:
    with pytest.raises(ModelError, match=r"has rules of placement, and no places yet: rdcalcium.placed\(model\)"):
        discretize(terminal(channels=[channels("uniform", count=5)]))


def test_channels_of_keller_2015_keep_50_nm_from_sensors() -> None:
    found = rc.distances(rc.load("keller2015"), within=["40 nm", "60 nm"])
    assert 0.05 <= float(found.nearest.min()) < 0.055
    assert found.number.sel(within=0.04).sum() == 0
    np.testing.assert_array_equal(found.nearest, found.distance.min("channel"))
    np.testing.assert_array_equal(found.number.sel(within=0.06), (found.distance <= 0.06).sum("channel"))


def test_mirror_images_of_channels_are_near_too() -> None:
    model = terminal(
        geometry={"symmetry": ["x"]},
        channels=[{"name": "Ca", "current": PORE, "positions": [["30 nm", 0], [0, "80 nm"]]}],
        sensors=[{"name": "s", "use": "felmy2003", "positions": [["10 nm", 0, 0]]}],
    )
    found = rc.distances(model, within=["45 nm"])
    assert found.channel.values.tolist() == ["Ca 1", "Ca 2", "Ca 1 beyond x = 0 nm"]
    np.testing.assert_allclose(found.distance[0], [0.02, math.hypot(0.01, 0.08), 0.04], rtol=1e-12)
    assert found.number.item() == 2
    with pytest.raises(ModelError, match="distances are between channels and sensors"):
        rc.distances(terminal())


def test_a_run_keeps_how_far_each_sensor_is_from_channels(tmp_path: Path) -> None:
    pores = [{"name": "L type", "current": PORE, "positions": [["30 nm", 0], [0, "80 nm"]]}]
    sensors = [{"name": "s", "use": "felmy2003", "positions": [["10 nm", 0, 0], ["-10 nm", 0, 0]]}]
    tile = {"size": ["0.4 um", "0.4 um", "0.2 um"], "periodic": ["x"]}
    model = terminal(geometry=tile, channels=pores, sensors=sensors)
    result, known = rc.run(model, "numpy", tmp_path / "run", warn=lambda sentences: None), rc.distances(model)
    found = result.distances
    assert found.nearest_channel.values.tolist() == ["L type 1", "L type 1"]
    assert found.drop_vars("distance").drop_dims("channel").identical(known.drop_dims("channel"))
    assert found.channel.values.tolist() == [*dict.fromkeys(known.channel.values.tolist())]
    for name in found.channel.values.tolist():
        nearest = known.distance[:, known.channel.values == name].min("channel")
        np.testing.assert_array_equal(found.distance.sel(channel=name), nearest)
    write_distances(tmp_path / DISTANCES, coupling(rc.placed(model), most=1))
    assert read_distances(tmp_path).identical(known.drop_dims("channel"))
    assert [row.kind for row in result.placement] == ["active zone", *["channel"] * 2, *["sensor"] * 2]
    (tmp_path / DISTANCES).write_text("sensor\n1,2\n")
    with pytest.raises(InputError, match=r"distances.csv is damaged"):
        read_distances(tmp_path)
    (tmp_path / DISTANCES).unlink()
    with pytest.raises(InputError, match="without sensors or without channels"):
        read_distances(tmp_path)


def test_twenty_active_zones_run_in_one_terminal_and_their_places_are_kept(tmp_path: Path) -> None:
    under = {"use": "felmy2003", "placement": {"kind": "under", "zones": "az", "around": "docked", "height": "2 nm"}}
    model = terminal(
        {"count": 20, "radius": "100 nm", "spacing": "300 nm"},
        geometry={"size": ["2 um", "2 um", "0.2 um"]},
        vesicles=[{**SOME, "placement": {**SOME["placement"], "count": 2, "height": "2 nm"}}],
        channels=[channels("exclusion", count={"poisson": 6}, around="docked", distance="30 nm")],
        sensors=[under],
    )
    result = rc.run(model, out=tmp_path / "run", warn=lambda sentences: None)
    placed = rc.placed(model)
    rows = read_places(tmp_path / "run")
    assert rows == rows_of(placed)
    assert {row.zone for row in rows if row.kind == "sensor"} == {f"az{i}" for i in range(20)}
    assert len(result.probes) == 40
    assert rc.load(tmp_path / "run" / MODEL) == placed
    assert rc.load(tmp_path / "run" / AS_GIVEN) == model
    entered = result.ledger["entered (uM um^3)"][-1]
    per_channel = 0.01 * 0.1 * 5.182134  # ms pA, and µM µm³ per fC
    assert float(entered) == pytest.approx(per_channel * len(placed.channels[0].points), rel=1e-3)


def test_a_periodic_terminal_has_no_ends() -> None:
    """A spacing is kept, and the nearest channel looked for, across the ends of a tile."""
    spaced = {"name": "Ca", "current": PORE, "placement": {"kind": "uniform", "count": 300, "spacing": "70 nm"}}
    geometry = {"size": ["2 um", "2 um", "0.5 um"], "periodic": ["x", "y"]}
    found = points(terminal(geometry=geometry, channels=[spaced]))[:, :2]
    tiles = [found + np.array([x, y]) for x in (-2, 0, 2) for y in (-2, 0, 2)]
    assert pdist(np.concatenate(tiles)).min() >= 0.07
    sensors = [{"name": "s", "use": "felmy2003", "positions": [["-0.99 um", 0, 0]]}]
    pores = [{"name": "Ca", "current": PORE, "positions": [["0.99 um", 0]]}]
    assert rc.distances(terminal(geometry=geometry, channels=pores, sensors=sensors)).nearest.item() == pytest.approx(
        0.02
    )


def test_a_picture_has_a_panel_for_each_active_zone(tmp_path: Path) -> None:
    model = rc.placed(
        terminal({"count": 7, "radius": "100 nm"}, vesicles=[SOME], channels=[channels("uniform", count=3)])
    )
    write_places(tmp_path / PLACEMENT, model)
    drawn: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rdcalcium.view.zones.save", lambda figure, path: drawn.append(figure) or path)
        zones(tmp_path, tmp_path / "zones.png")
    panels = [axis for axis in drawn[0].axes if axis.get_title()]
    assert [axis.get_title() for axis in panels] == [f"az{i}" for i in range(7)]
    for axis in panels:
        assert len(axis.patches) == 1 + 6  # the rim, and the vesicles
        (dots,) = axis.collections
        assert len(dots.get_offsets()) == 3
        assert np.linalg.norm(dots.get_offsets(), axis=1).max() <= 100
    (tmp_path / PLACEMENT).unlink()
    with pytest.raises(InputError, match="has no active zones to draw"):
        zones(tmp_path, tmp_path / "zones.png")


def test_check_tells_numbers_densities_and_coupling_distances() -> None:
    model = terminal(
        {"count": 4, "radius": "100 nm"},
        channels=[channels("uniform", count=10)],
        sensors=[
            {
                "use": "felmy2003",
                "placement": {"kind": "beside", "zones": "az", "count": 2, "around": "Ca", "distance": 0.02},
            }
        ],
    )
    zones, there, watching, coupled = placement(rc.placed(model))
    assert zones.startswith("active zones 'az': 4 zones with a radius of 100 nm, 0.126 um^2 in all, centres at least")
    assert there == "channels 'Ca': 40 in active zones, 10 in each, 318 per um^2 of them"
    assert watching.startswith("sensors 'felmy2003': 8 in active zones, 2 in each")
    assert coupled == "coupling distance of sensors 'felmy2003', to the nearest channel: 20 nm, median 20 nm"
    assert any(line.startswith("coupling distance of sensors") for line in rc.check(model))


def everywhere(points: np.ndarray, periodic: float = 0.0) -> np.ndarray:
    """Points and their images: in the planes x = 0 and y = 0, or in the eight tiles around."""
    shifts = [np.array([x, y, 0.0]) for x in (0, -periodic, periodic) for y in (0, -periodic, periodic)]
    signs = [np.array([x, y, 1.0]) for x in (1, -1) for y in (1, -1)]
    return np.concatenate([points + by for by in shifts] if periodic else [points * sign for sign in signs])


AT_A_CORNER: dict[str, dict[str, Any]] = {
    "mirrors": {"symmetry": ["x", "y"], "size": ["0.4 um", "0.4 um", "0.5 um"]},
    "tiles": {"periodic": ["x", "y"], "size": ["0.2 um", "0.2 um", "0.5 um"]},
}


@pytest.mark.parametrize("kind", AT_A_CORNER)
def test_images_keep_all_distances_too(kind: str) -> None:
    """Hard spheres, exclusion and spacing, in a quarter of a terminal and in a tile."""
    listed = {"name": "listed", "centre": ["30 nm", "95 nm", "30 nm"], "radius": "25 nm"}
    uniform = {"kind": "uniform", "count": 8, "height": "2 nm"}
    rules = [
        channels("exclusion", "away", count=80, around="docked", distance="25 nm", zones=None),
        channels("uniform", "apart", count=25, spacing="25 nm", zones=None),
        channels("beside", "beside", count=8, around="listed", distance="32 nm", zones=None),
    ]
    model = terminal(
        {"positions": [["50 nm", "50 nm"]], "radius": "20 nm"},
        geometry={**AT_A_CORNER[kind], "obstacles": [listed]},
        vesicles=[{"name": name, "radius": "15 nm", "placement": uniform} for name in ("docked", "others")],
        channels=rules,
    )
    period = 0.0 if kind == "mirrors" else 0.2
    centres, radii = spheres(model)
    tree = cKDTree(everywhere(centres, period))
    near = [
        np.sort(np.linalg.norm(tree.data - one, axis=1) - np.tile(radii, tree.n // len(radii)))[1] for one in centres
    ]
    assert min(near - radii) >= -ROUNDING
    docked = everywhere(centres[1:9], period)
    away, apart, beside = (points(model, group) for group in range(3))
    assert nearest(away, docked).min() >= 0.025 - ROUNDING
    assert pdist(everywhere(apart, period)).min() >= 0.025 - ROUNDING
    np.testing.assert_allclose(nearest(beside, everywhere(centres[:1], period)), 0.032, atol=ROUNDING)


def test_a_vesicle_on_a_mirror_plane_is_its_own_image_and_one_beside_it_has_no_room() -> None:
    def listed(x: str) -> Model:
        rule = {"kind": "listed", "zones": "az", "positions": [[x, "70 nm"]]}
        return terminal(geometry={"symmetry": ["x", "y"]}, vesicles=[{**SOME, "placement": rule}])

    centres, _ = spheres(
        terminal(
            geometry={"symmetry": ["x"]},
            vesicles=[{**SOME, "placement": {"kind": "listed", "zones": "az", "positions": [[0, 0]]}}],
        )
    )
    assert centres.tolist() == [[0, 0, 0.02]]
    with pytest.raises(
        ModelError, match="1 of 1 places are beyond its edge, in another vesicle or a body, in a mirror"
    ):
        rc.placed(listed("11 nm"))


def test_active_zones_keep_their_spacing_from_images() -> None:
    zones = {"count": 5, "radius": "20 nm", "spacing": "320 nm"}
    for geometry, period in (({"symmetry": ["x", "y"]}, 0.0), ({"periodic": ["x", "y"]}, 2.0)):
        found = rc.placed(terminal(zones, geometry=geometry)).zones
        assert pdist(everywhere(np.array([zone.centre for zone in found]), period)).min() >= 0.32
