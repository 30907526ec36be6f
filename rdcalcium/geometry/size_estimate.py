"""How many nodes tetrahedra of wanted sizes have that fill a body, before they are made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.geometry.sizes import Sizes
from rdcalcium.solids import Solid, Surface

WIDEST = 3.0  # edges along a cube in which they count as all alike
FIRST = 50  # cubes along the longest side of a body, at most, from which smaller ones are made
MOST = 2_000_000  # cubes of one size that are looked at
# Nodes of Gmsh's Delaunay tetrahedra in a volume of size³, and half of those on an area of size², fitted to meshes of
# balls and boxes; tests/test_described_mesh.py compares what is made.
IN_VOLUME, ON_SURFACE = 0.75, 0.6
SOME = 20  # points along each side of the box around a body
HALF_DIAGONAL = np.sqrt(3) / 2  # of a cube
BESIDE = 0.5 + 1e-6  # sides; cubes may begin at a plane wall
CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])


def estimated_nodes(body: Solid, closed: Sequence[Solid], sizes: Sizes) -> int:
    """About IN_VOLUME ∫ dV / size³ + ON_SURFACE ∫ dA / size², by cubes that are smaller where edges are shorter.

    A cube counts as far as its middle says: dA is the volume that is nearer to the surface than half its side, by side.

    closed  what is cut out of the body
    """
    centres, side = _first_cubes(body, sizes.bulk)
    total = 0.0
    while len(centres):
        depth = _depth(body, closed, centres, HALF_DIAGONAL * side)
        there = depth > -HALF_DIAGONAL * side
        centres, depth = centres[there], depth[there]
        size = sizes.at(centres)
        divided = (side > WIDEST * size) & (8 * len(centres) < MOST)
        inside, beside = np.clip(0.5 + depth / side, 0, 1), np.abs(depth) < BESIDE * side
        nodes = IN_VOLUME * inside * (side / size) ** 3 + ON_SURFACE * beside * (side / size) ** 2
        total += float(nodes[~divided].sum())
        side /= 2
        centres = (centres[divided][:, None] + side * CORNERS).reshape(-1, 3)
    return int(total)


def nodes_in(volume: float, size: float) -> int:
    """About how many nodes a volume (µm³) has inside, with edges of one length (µm)."""
    return int(IN_VOLUME * max(volume, 0.0) / size**3)


def rough_volume(body: Solid) -> float:
    """Volume of a body, µm³: exact of triangles, else by the share of some points in the box around it."""
    if isinstance(body, Surface):
        return body.surface.triangles.volume()
    low, high = (np.array(corner) for corner in body.bounds)
    sides = high - low
    shares = (np.arange(SOME) + 0.5) / SOME
    points = low + sides * np.stack(np.meshgrid(shares, shares, shares), axis=-1).reshape(-1, 3)
    return float((body.depth(points) > 0).mean() * sides.prod())


def _first_cubes(body: Solid, bulk: float) -> tuple[np.ndarray, float]:
    """Middles (c, 3) µm of cubes that fill the box around a body, and their side."""
    low, high = (np.array(corner) for corner in body.bounds)
    longest = float((high - low).max())
    side = max(min(longest, WIDEST * bulk), longest / FIRST)
    axes = [a + side * (np.arange(np.ceil((b - a) / side)) + 0.5) for a, b in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3), side


def _depth(body: Solid, closed: Sequence[Solid], points: np.ndarray, least: float) -> np.ndarray:
    """How deep points lie in what is left of a body, (p,) µm; right where it is less than so much, or in between."""
    depth = body.depth(points)
    tree = cKDTree(points)
    for solid in closed:
        low, high = (np.array(corner) for corner in solid.bounds)
        near = tree.query_ball_point((low + high) / 2, float(np.linalg.norm(high - low)) / 2 + least)
        depth[near] = np.minimum(depth[near], -solid.depth(points[near]))
    return depth
