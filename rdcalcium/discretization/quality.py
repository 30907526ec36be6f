"""Figures of quality of control volumes: advice reads them, and run.json holds them with their units."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rdcalcium.units import NM_PER_UM

if TYPE_CHECKING:
    from rdcalcium.discretization.angles import Angles


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How good control volumes are; of those that have no place there is nothing to say.

    smallest  µm, narrowest side of a cell or shortest edge; not a number where there is no place
    largest   µm, widest side or longest edge
    remarks   sentences on the file that they come from: what was wrong in it, and what was done
    """

    smallest: float = math.nan
    largest: float = math.nan
    remarks: tuple[str, ...] = ()

    def figures(self) -> dict[str, float]:
        """Name -> number; a name says what it is in plain words, and its unit in brackets."""
        return {}


@dataclass(frozen=True, kw_only=True)
class GridQuality(Quality):
    """Of a rectilinear grid.

    solid  cells that hold nothing: obstacles fill them, or they are beyond the membrane
    cut    cells that a membrane crosses; none: all are whole
    """

    solid: int
    cut: int = 0

    def figures(self) -> dict[str, float]:
        """All of them."""
        return {
            "smallest cell (nm)": NM_PER_UM * self.smallest,
            "largest cell (nm)": NM_PER_UM * self.largest,
            "solid cells": self.solid,
        } | ({"cells that a membrane crosses": self.cut} if self.cut else {})


class Worst(NamedTuple):
    """The worst of something.

    value  of it
    place  where, µm
    """

    value: float
    place: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class MeshQuality(Quality):
    """Of tetrahedra.

    blended          nodes whose Voronoi cell was too small, see dual.guarded_sums
    capped           couplings that were made weaker or left out, see couplings
    negative         share of the couplings that are negative
    negative_weight  Σ|negative| / Σ positive couplings
    parts            that are not connected with each other
    gershgorin       bound on the spectral radius of the discrete Laplacian, µm⁻²
    spectral_radius  estimate of it from below, µm⁻²
    fastest          of the terms of the Gershgorin bound, µm⁻², and the node whose it is: where steps are made short
    steepest         of the ratios of the volumes of neighbouring nodes, and the smaller of the two
    most_negative    coupling, as a share of the positive ones of one of its nodes, and its middle; 0 if there is none
    count_angles     counts the dihedral angles of the tetrahedra, once
    """

    blended: int
    capped: int
    negative: float
    negative_weight: float
    parts: int
    gershgorin: float
    spectral_radius: float
    fastest: Worst
    steepest: Worst
    most_negative: Worst
    count_angles: Callable[[], Angles]

    @property
    def angles(self) -> Angles:
        """Dihedral angles of the tetrahedra."""
        return self.count_angles()

    def figures(self) -> dict[str, float]:
        """All of them."""
        return {
            "shortest edge (nm)": NM_PER_UM * self.smallest,
            "longest edge (nm)": NM_PER_UM * self.largest,
            "blended nodes": self.blended,
            "capped couplings": self.capped,
            "share of negative couplings": self.negative,
            "weight of negative couplings": self.negative_weight,
            "most negative coupling": self.most_negative.value,
            "smallest dihedral angle (degrees)": self.angles.smallest,
            "largest dihedral angle (degrees)": self.angles.largest,
            "slivers": self.angles.slivers,
            "largest ratio of neighbouring volumes": self.steepest.value,
            "connected parts": self.parts,
            "Gershgorin bound (1/um^2)": self.gershgorin,
            "spectral radius (1/um^2)": self.spectral_radius,
        }
