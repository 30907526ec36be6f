"""Stairs of voxels and other short bumps taken from a surface, whose volume stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rdcalcium.surfaces.edges import edges_of, mean_edge, sheets
from rdcalcium.surfaces.triangles import Triangles, unit_rows
from rdcalcium.units import figures, nanometres

STRONGEST = 2.0  # k of the shortest wave that triangles can show: neighbouring corners are up and down in turn
SHARPNESS = 12.0  # terms of the filter over the root of its band; with fewer it lets pass what is much shorter
FEWEST, MOST = 10, 1000  # of these terms
ROUNDS = 3  # of putting the volume right


def smoothed(triangles: Triangles, length: float) -> tuple[Triangles, list[str]]:
    """The surface without bumps that are shorter than a length (µm), each sheet with its old volume; what was done.

    A low-pass filter moves corners (Taubin, Zhang & Golub 1996, ECCV, 283): of a wave of this length on equilateral
    triangles with sides h, a corner is off the mean of its neighbours by k / 2 of its height, k = (π h / length)². Then
    all corners of a sheet go along their normals, equally far.
    """
    mean = mean_edge(triangles)
    band = (np.pi * mean / length) ** 2
    if band >= STRONGEST:
        return triangles, [f"no bumps are shorter than {nanometres(length)}: its edges are {nanometres(mean, 3)} long"]
    made = _of_old_volume(replace(triangles, points=_filtered(triangles, band)), triangles)
    moved = np.linalg.norm(made.points - triangles.points, axis=1)
    areas = (sum(one.areas().values()) for one in (triangles, made))
    return made, [
        f"smoothed over {nanometres(length)}: corners moved by {nanometres(np.sqrt((moved**2).mean()), 2)} (root mean "
        f"square), {nanometres(moved.max(), 2)} at most; area {' -> '.join(figures(area) for area in areas)} um^2, "
        f"volume {' -> '.join(figures(one.volume()) for one in (triangles, made))} um^3"
    ]


def _filtered(triangles: Triangles, band: float) -> np.ndarray:
    """Corners (n, 3) µm after the filter of VTK."""
    import pyvista

    terms = int(np.clip(np.ceil(SHARPNESS / np.sqrt(band)), FEWEST, MOST))
    surface = pyvista.PolyData.from_regular_faces(triangles.points, triangles.faces)
    found = surface.smooth_taubin(n_iter=terms, pass_band=band, normalize_coordinates=True)
    points: np.ndarray = np.asarray(found.points, dtype=float)
    return points


def _of_old_volume(made: Triangles, old: Triangles) -> Triangles:
    """Each sheet as large as it was: dV = A dx."""
    count, sheet = sheets(edges_of(old.faces))
    wanted = np.bincount(sheet, old.signed_volumes(), count)
    of_corner = np.zeros(len(old.points), dtype=np.int64)
    of_corner[old.faces] = sheet[:, None]
    for _ in range(ROUNDS):
        volumes, areas = (np.bincount(sheet, of, count) for of in (made.signed_volumes(), made.areas_of_each()))
        step = (wanted - volumes) / areas
        normals = np.zeros_like(made.points)
        np.add.at(normals, made.faces, made.doubled_areas()[:, None])
        made = replace(made, points=made.points + step[of_corner, None] * unit_rows(normals))
    return made
