"""The whole surface of a terminal of which a file has a half or a quarter, cut at mirror planes through the origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.surfaces.joining import FILE_ROUNDING, kept
from rdcalcium.surfaces.triangles import Triangles
from rdcalcium.units import nanometres


def mirrored(triangles: Triangles, axes: Sequence[int]) -> tuple[Triangles, list[str]]:
    """The surface with its images at these planes; what was done.

    The part in the file may be closed by a lid in the plane, which is no membrane, or open there. InputError where it
    goes beyond the plane, or does not reach it.
    """
    triangles, remarks = kept(triangles), []
    for axis in axes:
        letter, near = "xyz"[axis], FILE_ROUNDING * triangles.extent()
        points = triangles.points.copy()
        on = np.abs(points[:, axis]) <= near
        if not on.any() or points[:, axis].min() < -near:
            low, high = (end(points[:, axis]) for end in (np.min, np.max))
            raise InputError(
                f'symmetry = ["{letter}"] is for the part of a surface at {letter} >= 0, cut at {letter} = 0, and '
                f"the {letter} of this one goes from {nanometres(low)} to {nanometres(high)}: move and cut it where it "
                f"comes from, or leave {letter} out of symmetry"
            )
        points[on, axis] = 0.0
        lid = on[triangles.faces].all(axis=1)
        half = kept(replace(triangles, points=points), ~lid)
        triangles = replace(
            half,
            points=np.vstack([half.points, half.points * np.where(np.arange(3) == axis, -1.0, 1.0)]),
            faces=np.vstack([half.faces, half.faces[:, [0, 2, 1]] + len(half.points)]),
            piece=np.tile(half.piece, 2),
        )
        closed = "; the triangles in that plane are no membrane" if lid.any() else ""
        remarks.append(f"mirrored at {letter} = 0{closed}")
    return triangles, remarks
