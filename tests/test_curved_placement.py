"""Active zones on curved membranes: where they are, and what rules place in them."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist
from scipy.stats import chi2

import rdcalcium as rc
from rdcalcium.advice import left_out
from rdcalcium.advice.placement import placement
from rdcalcium.errors import ModelError
from rdcalcium.library import resolve
from rdcalcium.model import Model
from rdcalcium.model.kinds import kind_name
from rdcalcium.model.shapes import KINDS
from rdcalcium.placement import rows_of
from rdcalcium.placement.membrane import Membrane
from tests.shapes import FROM_FILES

PORE = {"kind": "constant", "amplitude": "0.1 pA"}
ROUND, LONG = (0.75, 0.75, 0.75), (0.4, 0.4, 1.0)


def bouton(axes: tuple[float, float, float] = ROUND, symmetry: tuple[str, ...] = (), **parts: Any) -> Model:
    """A round terminal with parts by rules."""
    return terminal({"kind": "ellipsoid", "semi_axes": axes, "symmetry": symmetry}, **parts)


def terminal(geometry: dict[str, Any], **parts: Any) -> Model:
    """Any shape with parts by rules."""
    cells = {"kind": "grid", "size_at_active_zone": "50 nm"}
    return resolve({"geometry": geometry, "discretization": cells, "run": {"duration": "1 ms"}, **parts})


def synapses(geometry: dict[str, Any] | None = None, **zones: Any) -> Model:
    """Active zones with docked vesicles, a pool, channels away from them, and sensors under them."""
    return terminal(
        geometry or {"kind": "ellipsoid", "semi_axes": ROUND},
        active_zones=[zones],
        vesicles=[
            {
                "name": "docked",
                "radius": "20 nm",
                "placement": {"kind": "uniform", "zones": "az", "count": 5, "height": "2 nm"},
            },
            {
                "name": "pool",
                "radius": "20 nm",
                "placement": {
                    **{"kind": "pool", "zones": "az", "fraction": 0.1, "height": "45 nm", "thickness": "0.2 um"},
                },
            },
        ],
        channels=[
            {
                "name": "Ca",
                "current": PORE,
                "placement": {"kind": "exclusion", "zones": "az", "count": 9, "around": "docked", "distance": "50 nm"},
            }
        ],
        sensors=[
            {"use": "felmy2003", "placement": {"kind": "under", "zones": "az", "around": "docked", "height": "2 nm"}}
        ],
    )


def test_rules_hold_on_a_bouton_with_twenty_active_zones() -> None:
    model = rc.placed(synapses(count=20, radius="0.14 um"))
    centres = np.array([zone.centre for zone in model.zones])
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 0.75, rtol=1e-9)
    np.testing.assert_allclose([zone.normal for zone in model.zones], -centres / 0.75, atol=1e-6)
    assert pdist(centres).min() >= 0.28
    pores = np.array(model.channels[0].points)
    np.testing.assert_allclose(np.linalg.norm(pores, axis=1), 0.75, rtol=1e-9)
    docked = np.array([s.centre for s in model.geometry.solids if s.name == "docked"])
    np.testing.assert_allclose(np.linalg.norm(docked, axis=1), 0.75 - 0.022, rtol=1e-9)
    assert cKDTree(docked / 0.728 * 0.75).query(pores)[0].min() >= 0.05 - 1e-9
    all_vesicles = np.array([s.centre for s in model.geometry.solids])
    assert pdist(all_vesicles).min() >= 0.04 - 1e-9
    assert np.linalg.norm(all_vesicles, axis=1).max() <= 0.75 - 0.022 + 1e-9
    np.testing.assert_allclose(model.sensors[0].positions, docked / 0.728 * 0.748, atol=1e-7)
    rows = [place for place in rows_of(model) if place.kind == "channel"]
    assert [row.zone for row in rows] == [f"az{i}" for i in range(20) for _ in range(9)]


SHAPES = {
    "box": {"size": [1.2, 1.2, 0.5]},
    "sphere": {"radius": 0.6},
    "ellipsoid": {"semi_axes": [0.7, 0.5, 0.6]},
    "hemisphere": {"radius": 0.6},
    "cylinder": {"radius": 0.6, "height": 0.4, "top_radius": 0.3},
    "bouton": {"semi_axes": [0.7, 0.7, 0.5], "axons": [{"radius": 0.1, "length": 0.5}]},
    "calyx_lobe": {"radius": 5, "thickness": 0.5, "extent": 1.6},
    "sector": {"radius": 0.75, "angle": 40},
}


def test_no_shape_is_left_out() -> None:
    """But for those from files, of which one without a body has no rules."""
    assert set(SHAPES) == {kind_name(kind) for kind in KINDS} - FROM_FILES


@pytest.mark.parametrize("kind", SHAPES)
def test_rules_hold_in_terminals_of_every_shape(kind: str) -> None:
    model = rc.placed(synapses({"kind": kind, **SHAPES[kind]}, count=2, radius="0.14 um"))
    outline = model.geometry.outline
    assert outline is not None
    pores = np.array(model.channels[0].points)
    assert len(pores) == 18
    assert set(outline.names(pores)) == {"membrane"}
    assert np.abs(outline.depth(pores)).max() < 1e-7
    vesicles = np.array([s.centre for s in model.geometry.solids])
    assert pdist(vesicles).min() >= 0.04 - 1e-9
    assert outline.depth(vesicles).min() >= 0.02 - 1e-6
    docked = vesicles[[s.name == "docked" for s in model.geometry.solids]]
    np.testing.assert_allclose(outline.depth(docked), 0.022, atol=1e-6)
    assert {place.zone for place in rows_of(model) if place.kind in ("channel", "sensor")} == {"az0", "az1"}


def crowded(geometry: dict[str, Any], thickness: str, **zones: Any) -> Model:
    """A pool of vesicles above each zone, with a channel under each of them."""
    pool = {"kind": "pool", "zones": "az", "fraction": 0.1, "thickness": thickness, **zones.pop("pool", {})}
    under = {"kind": "under", "zones": "az", "around": "pool"}
    return terminal(
        geometry,
        active_zones=[zones],
        vesicles=[{"name": "pool", "radius": "20 nm", "placement": pool}],
        channels=[{"name": "Ca", "current": PORE, "placement": under}],
    )


@pytest.mark.parametrize("centre", [(0.0, 0.0, 0.0), (0.6, 0.0, math.sqrt(5**2 - 0.6**2) - 5)])
def test_every_vesicle_of_a_lobe_has_its_foot_on_the_inner_face(centre: tuple[float, float, float]) -> None:
    """Also where the outer face or the rim is nearer. The inner face is a part of a ball around (0, 0, −5) µm."""
    lobe = {"kind": "calyx_lobe", "radius": 5, "thickness": 0.3, "extent": 1.6}
    model = rc.placed(crowded(lobe, "0.25 um", positions=[centre], radius="0.18 um"))
    vesicles = np.array([s.centre for s in model.geometry.solids])
    from_middle = vesicles + np.array([0.0, 0.0, 5.0])
    feet = 5 * from_middle / np.linalg.norm(from_middle, axis=1, keepdims=True) - [0.0, 0.0, 5.0]
    assert np.linalg.norm(from_middle, axis=1).max() > 5.15  # beyond the middle of the sheet
    np.testing.assert_allclose(model.channels[0].points, feet, atol=1e-6)
    assert {place.zone for place in rows_of(model)} == {"az0"}
    listed = Membrane.of(model).feet(vesicles)
    np.testing.assert_allclose(listed, feet, atol=1e-6)


def test_pools_of_a_flat_bouton_are_above_their_zone_although_the_other_side_is_nearer() -> None:
    flat = {"kind": "ellipsoid", "semi_axes": [0.5, 0.5, 0.12]}
    model = rc.placed(crowded(flat, "0.2 um", positions=[[0, 0, -0.12]], radius="0.14 um"))
    vesicles, pores = np.array([s.centre for s in model.geometry.solids]), np.array(model.channels[0].points)
    assert (vesicles[:, 2] > 0).sum() > 5
    assert len(pores) == len(vesicles)
    assert pores[:, 2].max() < 0
    normals = -pores / np.array([0.5, 0.5, 0.12]) ** 2
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    heights = ((vesicles - pores) * normals).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(vesicles, pores + heights * normals, atol=1e-6)
    assert {place.zone for place in rows_of(model)} == {"az0"}


def test_a_rule_that_leaves_out_vesicles_says_so() -> None:
    ball, zone = {"kind": "sphere", "radius": "0.75 um"}, {"positions": [[0, 0, -0.75]], "radius": "0.1 um"}
    model = crowded(ball, "0.1 um", **zone, pool={"radius": "0.2 um"})
    placed = rc.placed(model)
    served, there = len(placed.channels[0].points), len(placed.geometry.solids)
    assert 0 < served < there
    (sentence,) = left_out(model, placed)
    assert sentence.startswith(f"channels 'Ca': {served} of {there} 'pool' get their own, and {there - served} do not")
    assert not [*left_out(crowded(ball, "0.1 um", **zone), rc.placed(crowded(ball, "0.1 um", **zone)))]


@pytest.mark.parametrize("axes", [ROUND, LONG])
def test_zones_are_anywhere_with_the_same_probability_by_area(axes: tuple[float, float, float]) -> None:
    """Of a spheroid with semi-axes a, a, c a ring at height z has the area 2π a √(1 + (a² − c²) z² / c⁴) dz, Σ = 1."""
    a, c = axes[0], axes[2]
    points = Membrane.of(bouton(axes)).sample(np.random.default_rng(1), 4000)
    edges = np.linspace(-c, c, 11)
    area = [quad(lambda z: math.sqrt(1 + (a * a - c * c) * z * z / c**4), *ends)[0] for ends in pairwise(edges)]
    expected = 4000 * np.array(area) / sum(area)
    counts = np.histogram(points[:, 2], edges)[0]
    assert ((counts - expected) ** 2 / expected).sum() < chi2.ppf(1 - 6e-5, 9)


def test_a_lattice_on_a_bouton_seen_along_its_normal_is_one_of_a_plane() -> None:
    lattice = {"kind": "hexagonal", "zones": "az", "spacing": "40 nm", "count": 19, "angle": 0}
    zone = {"positions": [[0, 0, -0.75]], "radius": "0.2 um"}
    model = bouton(active_zones=[zone], channels=[{"name": "Ca", "current": PORE, "placement": lattice}])
    x, y, z = np.array(rc.placed(model).channels[0].points).T
    assert pdist(np.stack([x, y], axis=1)).min() == pytest.approx(0.04, rel=1e-9)
    np.testing.assert_allclose(z, -np.sqrt(0.75**2 - x**2 - y**2), rtol=1e-9)
    half = rc.placed(model.changed(geometry={"symmetry": ["x"]}))
    assert len(half.channels[0].points) == (x > -1e-9).sum() == 11


def test_what_is_on_the_other_side_of_a_bouton_is_not_near() -> None:
    zones = {"positions": [[0, 0, -0.75], [0, 0, 0.75]], "radius": "0.2 um"}
    model = synapses(**zones)
    pores = np.array(rc.placed(model).channels[0].points)
    assert (pores[:9, 2] < -0.7).all()
    assert (pores[9:, 2] > 0.7).all()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"active_zones": [{"positions": [[0, 0, 0.7]], "radius": 0.1}]},
            r"'az0' at .* is not on the membrane, but 50 nm inside",
        ),
        (
            {"channels": [{"name": "Ca", "current": PORE, "placement": {"kind": "uniform", "count": 3}}]},
            r"channels 'Ca': the membrane is no plane: name the active zones in which they are placed",
        ),
    ],
)
def test_what_a_curved_membrane_does_not_have_is_one_sentence(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        bouton(**parts)


def test_a_zone_that_is_wider_than_the_bouton_is_one_sentence() -> None:
    with pytest.raises(ModelError, match=r"0 zones .* one more with a radius of 800 nm does not"):
        rc.placed(bouton(active_zones=[{"count": 1, "radius": "0.8 um"}]))


def test_zones_of_half_a_bouton_are_in_it_as_a_whole() -> None:
    zones = rc.placed(bouton(symmetry=("x",), active_zones=[{"count": 10, "radius": "0.14 um"}])).zones
    assert min(zone.centre[0] for zone in zones) >= 0.13


def bouton_with_an_axon(**zones: Any) -> Model:
    """One whose axon is half of its membrane."""
    axon = {"direction": [1, 0, 0], "radius": "0.3 um", "length": "1.5 um"}
    geometry = {"kind": "bouton", "semi_axes": (0.5, 0.5, 0.5), "axons": [axon]}
    return terminal(geometry, active_zones=[{"radius": "80 nm", **zones}])


def test_active_zones_keep_off_an_axon_and_the_report_says_how_many_do_not() -> None:
    """Anywhere, some of eight are on an axon as long as that."""
    anywhere, off, on_it = (
        rc.placed(bouton_with_an_axon(count=8, **where)) for where in ({}, {"on": "bouton"}, {"on": "axon"})
    )
    for model, far in ((off, False), (on_it, True)):
        centres = np.array([zone.centre for zone in model.zones])
        assert (np.linalg.norm(centres, axis=1) > 0.5 + 1e-6).all() == far
        along = centres[:, 0] - 0.08
        assert (along > 0.4 - 1e-6).all() == far
    said = [line for line in placement(anywhere) if "or partly" in line]
    count = sum(np.linalg.norm(zone.centre) > 0.5 + 1e-6 for zone in anywhere.zones)
    assert 0 < count < 8
    (told,) = re.findall(r"of these, (\d+) zones on 'axon', or partly: on = 'bouton' keeps them off", "\n".join(said))
    assert count <= int(told) <= count + 5
    assert not any("or partly" in line for line in placement(off))


@pytest.mark.parametrize(
    ("zones", "said"),
    [
        ({"count": 2, "on": "axn"}, "the bouton has no part called 'axn'.*axon"),
        ({"positions": [[0, 0, -0.5]], "on": "axon"}, "their positions say where they are; leave out on"),
        ({"count": 200, "on": "bouton"}, "find room on 'bouton', and one more"),
    ],
)
def test_a_part_on_which_no_zone_can_be_is_one_sentence(
    zones: dict, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rdcalcium.placement.zones.PATIENCE", 2)
    with pytest.raises(rc.RdcalciumError, match=said):
        rc.placed(bouton_with_an_axon(**zones))


def test_a_terminal_without_parts_says_so() -> None:
    with pytest.raises(rc.ModelError, match="a sphere has no parts with names; leave out on = 'bouton'"):
        bouton_with_an_axon(count=1).changed(
            geometry={"kind": "sphere", "radius": 0.5}, active_zones=[{"count": 1, "radius": 0.1, "on": "bouton"}]
        )


def test_a_pool_near_the_rim_of_a_lobe_is_above_its_zone() -> None:
    """Although the rim, or the other face, is nearer to its vesicles than the membrane is."""
    lobe = {"kind": "calyx_lobe", "radius": 1, "thickness": 0.3, "extent": 1.2}
    angle = 0.6 - 0.16
    centre = (math.sin(angle), 0.0, math.cos(angle) - 1)
    pool = {"kind": "pool", "zones": "az", "count": 60, "height": "20 nm", "thickness": "0.26 um"}
    model = rc.placed(
        terminal(
            lobe,
            active_zones=[{"positions": [centre], "radius": 0.15}],
            vesicles=[{"name": "pool", "radius": "15 nm", "placement": pool}],
        )
    )
    vesicles = [place for place in rows_of(model) if place.kind == "vesicle"]
    centres = np.array([place.point for place in vesicles])
    rim = model.geometry.outline.names(centres) != "membrane"
    assert rim.sum() > 10
    assert {place.zone for place in vesicles} == {"az0"}
    assert max(math.hypot(*place.along) for place in vesicles) <= 0.15
