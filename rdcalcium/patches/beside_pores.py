"""Pumps where calcium enters through the same membrane: what cells of a grid leave there goes with their width.

Within half a cell of width h a pump of slope P = dJ/dc takes P h / 2D of what enters: it does so at the calcium of the
cell, while what it takes in truth depends on where in their cells the pores lie. On
tetrahedra nodes lie on the membrane.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rdcalcium.model import Grid, Model, Pump
from rdcalcium.patches.base import Mechanism, Patch
from rdcalcium.patches.build import pump_mechanism
from rdcalcium.patches.pores import voltage_course
from rdcalcium.patches.settled import Settled
from rdcalcium.placement.membrane import Membrane

HIGH = 10.0  # µM, near open channels
LOWEST, NUDGE = 1e-3, 1e-4  # µM: calcium at which a slope is taken, and by how much it is changed for it
WORTH = 0.01  # share of calcium from which on it is worth a word, and errors are taken to go with the width


class BesidePores(NamedTuple):
    """The worst of all pores.

    share  P h / 2D: by which calcium that enters may be off
    slope  P, µm ms⁻¹, of all pumps there
    width  h, µm, of cells there, along the normal of the membrane
    """

    share: float
    slope: float
    width: float

    @property
    def matters(self) -> bool:
        """Whether it is worth a word."""
        return self.share > WORTH


def beside_pores(model: Model) -> BesidePores:
    """That of a placed model; all 0 where there is nothing of the kind."""
    none, cells, shape = BesidePores(0.0, 0.0, 0.0), model.discretization, model.geometry
    pores = np.array([point for group in model.channels for point in group.points]).reshape(-1, 3)
    on = [(_are_on(model, pump.surface, pores), pump) for pump in model.pumps_within]
    on = [(there, pump) for there, pump in on if there.any()]
    if not (on and isinstance(cells, Grid) and shape.outline is not None) or shape.brings_cells:
        return none
    if not model.calcium.diffusivity:  # then it stays in its cells, whatever their width
        return none
    slopes = np.sum([there * _slope(model, pump) for there, pump in on], axis=0)
    widths = np.linalg.norm(Membrane.of(model).inward(pores) * np.array(cells.size_at_active_zone), axis=1)
    worst = int(np.argmax(slopes * widths))
    slope, width = float(slopes[worst]), float(widths[worst])
    return BesidePores(slope * width / (2 * model.calcium.diffusivity), slope, width)


def _are_on(model: Model, surface: str, points: np.ndarray) -> np.ndarray:
    """Which points (n, 3) of the membrane a surface has: all if it is the membrane, else those in its active zones."""
    if surface == model.geometry.membrane_surface:
        return np.ones(len(points), dtype=bool)
    group = next((entry.names for entry in model.active_zones if entry.name == surface), ())
    zones = [zone for zone in model.zones if zone.name == surface or zone.name in group]
    found = [np.linalg.norm(points - np.array(zone.centre), axis=1) <= zone.radius for zone in zones]
    return np.any([np.zeros(len(points), dtype=bool), *found], axis=0)


def _slope(model: Model, pump: Pump) -> float:
    """The larger one of the slopes of its flux, settled, at rest and at HIGH, µm ms⁻¹."""
    rest = model.calcium.rest
    voltage = voltage_course(model.stimulus, model.run.duration) if model.stimulus else None
    return steepest(pump_mechanism(pump, rest, voltage, model.free_magnesium), rest)


def steepest(mechanism: Mechanism, rest: float) -> float:
    """The same of a mechanism on a membrane; rest in µM."""
    one, levels = np.ones(1), np.array([max(rest, LOWEST), HIGH])
    settled = Settled(Patch(mechanism, np.zeros(1, dtype=int), one, one))
    return float(settled.slope(levels, 0.0, NUDGE).max(initial=0.0))
