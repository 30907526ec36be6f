"""Whether a mesh is good enough: what was wrong in its file, its couplings, its tetrahedra and its connections."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from rdcalcium.chemistry import build_chemistry
from rdcalcium.discretization import Discretization, MeshQuality
from rdcalcium.discretization.angles import SLIVER
from rdcalcium.model import Model
from rdcalcium.model.obstacles import OBSTACLES
from rdcalcium.units import figures, nanometres, time_span

NEGATIVE = 1e-3  # Σ|negative| / Σ positive couplings of a mesh above which dips below zero are to be expected
STEEP = 30.0  # ratio of neighbouring volumes: 8 and more are usual at the corners of a terminal
NEAR = 1e-6  # µm


def judge_mesh(model: Model, made: Discretization) -> Iterator[str]:
    """What to know of a mesh; of a grid there is nothing to say."""
    if not isinstance(quality := made.quality, MeshQuality):
        return
    yield from quality.remarks
    yield from _couplings(model, made, quality)
    yield from _tetrahedra(model, made, quality)
    yield _fastest(model, made, quality)
    if set(made.surfaces) == {"membrane"}:
        yield "the mesh names no part of its surface: all of it is the membrane, on which channels may lie"
    if quality.parts > 1 and not made.membranes:  # lumens are parts of their own
        yield f"warning: the mesh consists of {quality.parts} parts that are not connected"


def _couplings(model: Model, made: Discretization, quality: MeshQuality) -> Iterator[str]:
    """Which share is negative, what is done about them, and what that means."""
    if not quality.negative:
        left_out = f"; {quality.capped} that were negative are left out: monotone = true" if quality.capped else ""
        yield "no coupling is negative" + left_out
        return
    high = quality.negative_weight > NEGATIVE
    text = (
        f"negative couplings weigh {quality.negative_weight:.2g} of the positive ones "
        f"({100 * quality.negative:.2g} % of the edges), at most {figures(quality.most_negative.value, 2)} of those of "
        f"one node, {where(model, made, quality.most_negative.place)}; they keep their sign, and "
        f"{quality.capped or 'none'} of them had to be made weaker so that no mode can grow"
    )
    yield (
        f"warning: {text}; a Delaunay mesh has none: concentrations may dip below zero, unless you say monotone"
        if high
        else text
    )


def _tetrahedra(model: Model, made: Discretization, quality: MeshQuality) -> Iterator[str]:
    """Their angles, and how fast their sizes change."""
    angles = quality.angles
    slivers = f", slivers (below {SLIVER:g} or above {180 - SLIVER:g}): {angles.slivers}" if angles.slivers else ""
    yield (
        f"dihedral angles {figures(angles.smallest, 2)} to {figures(angles.largest)} degrees{slivers}, the flattest "
        f"tetrahedron {where(model, made, angles.flattest.tolist())}; Voronoi volumes do not suffer from flat ones"
    )
    ratio, place = quality.steepest
    at = where(model, made, place)
    text = f"neighbouring control volumes differ by a factor of {figures(ratio, 2)} at most, {at}"
    yield f"warning: {text}: let edges grow more slowly with the distance" if ratio > STEEP else text


def _fastest(model: Model, made: Discretization, quality: MeshQuality) -> str:
    """The control volume that makes steps short, and how short diffusion alone would make explicit ones."""
    fastest = float(build_chemistry(model).diffusivity.max()) * made.radius
    return (
        f"spectral radius of the mesh {figures(made.radius)} per um^2: diffusion alone would let explicit Euler steps "
        f"be {time_span(2 / fastest)}, because of the control volume {where(model, made, quality.fastest.place)}"
    )


def where(model: Model, made: Discretization, place: Sequence[float]) -> str:
    """A place (µm) in words: its coordinates, and how far it is from the nearest point or surface with a name."""
    away = {name: math.dist(place, point) for name, point in model.points_of_interest().items()}
    for body in model.geometry.standing:
        depth = abs(float(body.solid.depth(np.array([place]))[0]))
        away[body.called] = min(depth, away.get(body.called, math.inf))
    for name, surface in made.surfaces.items():
        if name not in (OBSTACLES, *(body.name for body in model.geometry.solids)):
            nodes = made.centres[surface.indices]
            away[f"surface {name!r}"] = float(np.linalg.norm(nodes - np.array(place), axis=1).min())
    at = f"at {nanometres(place, 4)}"
    if not away:
        return at
    name = min(away, key=lambda name: away[name])
    return f"{at}, {nanometres(away[name], 2)} from {name}" if away[name] > NEAR else f"{at}, at {name}"
