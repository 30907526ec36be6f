"""Whether a mesh is good enough: its couplings and its connections."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.discretization import Discretization

NEGATIVE = 1e-3  # Σ|negative| / Σ positive couplings of a mesh above which dips below zero are to be expected


def judge_mesh(made: Discretization) -> Iterator[str]:
    """The couplings of a mesh; of a grid there is nothing to say."""
    report = made.report
    if "negative_ratio" not in report:
        return
    ratio = report["negative_ratio"]
    text = (
        f"negative couplings weigh {ratio:.2g} of the positive ones "
        f"({100 * report['negative_couplings']:.2g} % of the edges)"
    )
    high = ratio > NEGATIVE
    yield f"warning: {text}; a Delaunay mesh has none: concentrations may dip below zero" if high else text
    if set(made.surfaces) == {"membrane"}:
        yield "the mesh names no part of its surface: all of it is the membrane, on which channels may lie"
    if report["pieces"] > 1:
        yield f"warning: the mesh consists of {report['pieces']} parts that are not connected"
