"""Figures of quality of control volumes: advice reads them, and run.json holds them with their units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rdcalcium.units import NM_PER_UM


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Of any control volumes; of those that have no place there is nothing to say.

    smallest  µm, narrowest side of a cell or shortest edge; not a number where there is no place
    largest   µm, widest side or longest edge
    """

    smallest: float = math.nan
    largest: float = math.nan

    def figures(self) -> dict[str, float]:
        """Name -> number; a name says what it is in plain words, and its unit in brackets."""
        return {}


@dataclass(frozen=True, kw_only=True)
class GridQuality(Quality):
    """Of a rectilinear grid.

    solid  cells that obstacles fill
    """

    solid: int

    def figures(self) -> dict[str, float]:
        """All of them."""
        return {
            "smallest cell (nm)": NM_PER_UM * self.smallest,
            "largest cell (nm)": NM_PER_UM * self.largest,
            "solid cells": self.solid,
        }


@dataclass(frozen=True, kw_only=True)
class MeshQuality(Quality):
    """Of tetrahedra.

    blended          nodes whose Voronoi cell was too small, see dual.guarded_sums
    capped           couplings that were made weaker, see couplings.stable
    negative         share of the couplings that are negative
    negative_weight  Σ|negative| / Σ positive couplings
    parts            that are not connected with each other
    gershgorin       bound on the spectral radius of the discrete Laplacian, µm⁻²
    spectral_radius  estimate of it from below, µm⁻²
    """

    blended: int
    capped: int
    negative: float
    negative_weight: float
    parts: int
    gershgorin: float
    spectral_radius: float

    def figures(self) -> dict[str, float]:
        """All of them."""
        return {
            "shortest edge (nm)": NM_PER_UM * self.smallest,
            "longest edge (nm)": NM_PER_UM * self.largest,
            "blended nodes": self.blended,
            "capped couplings": self.capped,
            "share of negative couplings": self.negative,
            "weight of negative couplings": self.negative_weight,
            "connected parts": self.parts,
            "Gershgorin bound (1/um^2)": self.gershgorin,
            "spectral radius (1/um^2)": self.spectral_radius,
        }
