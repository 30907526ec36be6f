"""Whether a mesh is good enough: its couplings and its connections."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.discretization import Discretization, MeshQuality

NEGATIVE = 1e-3  # Σ|negative| / Σ positive couplings of a mesh above which dips below zero are to be expected


def judge_mesh(made: Discretization) -> Iterator[str]:
    """The couplings of a mesh; of a grid there is nothing to say."""
    if not isinstance(quality := made.quality, MeshQuality):
        return
    text = "no coupling is negative"
    if quality.negative:
        text = (
            f"negative couplings weigh {quality.negative_weight:.2g} of the positive ones "
            f"({100 * quality.negative:.2g} % of the edges)"
        )
    high = quality.negative_weight > NEGATIVE
    yield f"warning: {text}; a Delaunay mesh has none: concentrations may dip below zero" if high else text
    if set(made.surfaces) == {"membrane"}:
        yield "the mesh names no part of its surface: all of it is the membrane, on which channels may lie"
    if quality.parts > 1 and not made.membranes:  # lumens are parts of their own
        yield f"warning: the mesh consists of {quality.parts} parts that are not connected"
