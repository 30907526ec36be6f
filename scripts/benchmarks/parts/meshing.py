"""Tetrahedra of a bouton of 1.5 µm with many active zones: planned and made nodes, and the seconds that they take.

Zones are at random, discs of 250 nm, where edges are 5 nm; thirty channels are anywhere in each, and five vesicles
docked on a ring, 2 nm above the membrane. Edges grow to 60 nm between the zones. Control volumes are what a run reads,
made from the tetrahedra; negative couplings are their share. All of it on one core.

The Laplacian is measured on Delaunay tetrahedra of a body-centred lattice whose points are shifted and numbered at
random: seconds of one core for volumes and couplings in the order of a run, and for all that a run reads.
"""

from __future__ import annotations

import time
from itertools import permutations
from typing import Any

import numpy as np

import rdcalcium as rc
from parts.setting import Setting, Tables
from rdcalcium.discretization.couplings import symmetric
from rdcalcium.discretization.laplacian import assembled
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.geometry.builders import tetrahedra_of
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.planning import planned_nodes
from rdcalcium.library import resolve
from rdcalcium.model import Tetrahedra

RADIUS, ZONE, RING = 0.75, 0.125, 0.08  # µm, of the bouton, of an active zone, and of the vesicles around its middle
VESICLE, ABOVE = 0.02, 0.002  # µm, radius of a vesicle, and how far it is from the membrane
CHANNELS, VESICLES = 30, 5  # of each zone
ZONES = (1, 5, 20)
SIZES = Tetrahedra(size_at_active_zone=0.005, size_in_bulk=0.06)
SIDES, SPACING, SHIFT = (46, 100), 0.01, 0.075  # points along each axis; µm; as a share of that, at most
QUICK = Tetrahedra(size_at_active_zone=0.05, size_in_bulk=0.2)


def tables(setting: Setting) -> Tables:
    """A row for each number of zones."""
    if setting.quick:
        return {"": [_row(1, 0, QUICK)], "Laplacian": [_laplacian(6)]}
    return {"": [_row(zones, VESICLES, SIZES) for zones in ZONES], "Laplacian": [_laplacian(side) for side in SIDES]}


def _row(zones: int, vesicles: int, sizes: Tetrahedra) -> dict[str, Any]:
    start = time.perf_counter()
    model = rc.placed(bouton(zones, vesicles, sizes))
    placed = time.perf_counter()
    planned = planned_nodes(model)
    told = time.perf_counter()
    mesh = tetrahedra_of(model)
    meshed = time.perf_counter()
    made = discretize_tetrahedra(mesh)
    done = time.perf_counter()
    return {
        "active zones": zones,
        "planned nodes": planned,
        "nodes": made.size,
        "tetrahedra": len(mesh.tetrahedra),
        "place s": placed - start,
        "plan s": told - placed,
        "mesh s": meshed - told,
        "control volumes s": done - meshed,
        "negative couplings": made.quality.negative,
    }


def bouton(zones: int, vesicles: int, sizes: Tetrahedra) -> rc.Model:
    """A round one with so many active zones, and so many vesicles docked at each."""
    channels = {"kind": "uniform", "zones": "az", "count": CHANNELS}
    docked = {"kind": "ring", "zones": "az", "count": vesicles, "radius": RING, "height": ABOVE}
    spheres = [{"name": "docked", "radius": VESICLE, "placement": docked}] if vesicles else []
    return resolve(
        {
            "geometry": {"kind": "sphere", "radius": RADIUS},
            "discretization": sizes.model_dump(),
            "active_zones": [{"count": zones, "radius": ZONE}],
            "channels": [{"name": "Ca", "placement": channels, "current": {"kind": "constant", "amplitude": 0.1}}],
            "vesicles": spheres,
            "run": {"duration": 1},
        }
    )


def _laplacian(side: int) -> dict[str, Any]:
    mesh, start = _lattice(side), time.process_time()
    symmetric(assembled(mesh.points, mesh.tetrahedra).upper)
    summed = time.process_time()
    made = discretize_tetrahedra(mesh)
    return {
        "nodes": made.size,
        "tetrahedra": len(mesh.tetrahedra),
        "volumes and couplings s": summed - start,
        "control volumes s": time.process_time() - summed,
        "negative couplings": made.quality.negative,
    }


def _lattice(side: int) -> TetrahedralMesh:
    """Six tetrahedra between every eight of so many points along each axis: one for each way from corner to corner."""
    random, strides = np.random.default_rng(1), np.array([side**2, side, 1])
    axes = np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) / 2  # those of cubes with a point in the middle
    lattice = np.indices((side, side, side)).reshape(3, -1).T @ axes
    number = random.permutation(side**3)
    points = np.empty_like(lattice)
    points[number] = SPACING * (lattice + random.uniform(-SHIFT, SHIFT, lattice.shape))
    first = np.arange(side**3).reshape(side, side, side)[:-1, :-1, :-1].ravel()
    ways = [np.cumsum([0, *strides[list(way)]]) for way in permutations(range(3))]
    return TetrahedralMesh(points, number[np.concatenate([first[:, None] + way for way in ways])])
