"""Tetrahedra of a bouton of 1.5 µm with many active zones: planned and made nodes, and the seconds that they take.

Thirty channels in each zone, on a disc of 250 nm, where edges are 5 nm; five vesicles are docked at each, 2 nm above
the membrane. Edges grow to 60 nm between the zones. Control volumes are what a run reads, made from the tetrahedra;
negative couplings are their share. All of it on one core.

The Laplacian is measured on Delaunay tetrahedra of a body-centred lattice whose points are shifted and numbered at
random: seconds of one core for volumes and couplings in the order of a run, and for all that a run reads.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np

from parts.setting import Setting, Tables
from rdcalcium.discretization.couplings import symmetric
from rdcalcium.discretization.laplacian import assembled
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.geometry.described_mesh import described_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.resolved import resolved
from rdcalcium.geometry.size_estimate import estimated_nodes
from rdcalcium.model import Sphere, Tetrahedra
from rdcalcium.model.shapes.spherical import Spherical

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
    middles = _spread(zones)
    channels = np.array([place for middle in middles for place in _disc(middle, ZONE * np.sqrt(_shares(CHANNELS)))])
    docked = [place for middle in middles for place in _disc(middle, np.full(vesicles, RING))]
    high = 1 - (VESICLE + ABOVE) / RADIUS
    obstacles = tuple(Sphere(centre=tuple((high * place).tolist()), radius=VESICLE) for place in docked)
    bouton, start = Spherical(radius=RADIUS, obstacles=obstacles), time.perf_counter()
    wanted = resolved(bouton, sizes, channels, np.zeros((0, 3)))
    planned = estimated_nodes(bouton.cytosol(bouton.hollow), [o.solid for o in obstacles], wanted)
    told = time.perf_counter()
    mesh = described_mesh(bouton, sizes, [tuple(place.tolist()) for place in channels])
    meshed = time.perf_counter()
    made = discretize_tetrahedra(mesh)
    done = time.perf_counter()
    return {
        "active zones": zones,
        "planned nodes": planned,
        "nodes": made.size,
        "tetrahedra": len(mesh.tetrahedra),
        "plan s": told - start,
        "mesh s": meshed - told,
        "control volumes s": done - meshed,
        "negative couplings": made.quality.negative,
    }


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


def _spread(count: int) -> np.ndarray:
    """Points (count, 3) µm on the bouton, evenly on a spiral from pole to pole."""
    height, around = 1 - 2 * _shares(count), np.pi * (1 + np.sqrt(5)) * np.arange(count)
    across = np.sqrt(1 - height**2)
    return RADIUS * np.stack([across * np.cos(around), across * np.sin(around), height], axis=1)


def _disc(middle: np.ndarray, away: np.ndarray) -> Iterator[np.ndarray]:
    """Points of the bouton so far (µm) from the middle of a zone, one after the other around it."""
    normal = middle / RADIUS
    one = np.cross(normal, np.eye(3)[np.abs(normal).argmin()])
    one /= np.linalg.norm(one)
    other = np.cross(normal, one)
    for distance, angle in zip(away, np.pi * (1 + np.sqrt(5)) * np.arange(len(away)), strict=True):
        place = middle + distance * (np.cos(angle) * one + np.sin(angle) * other)
        yield RADIUS * place / np.linalg.norm(place)


def _shares(count: int) -> np.ndarray:
    """So many numbers, evenly between 0 and 1."""
    return (np.arange(count) + 0.5) / count
