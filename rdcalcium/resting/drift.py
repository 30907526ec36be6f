"""How fast calcium drifts while nothing happens, in a terminal that begins as its model says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rdcalcium.chemistry import CALCIUM
from rdcalcium.model.levels import LEAST_REST
from rdcalcium.resting.compartment import Compartment, Level
from rdcalcium.system import chemistry_at
from rdcalcium.units import AMOUNT_PER_CHARGE

STILL = 1e-9  # ms⁻¹, share of the resting level by which a terminal at rest may change: a tenth in a day
NUDGE = 1e-4  # relative change of calcium by which the capacity of buffers is taken


@dataclass(frozen=True)
class Drift:
    """Rates of change of free calcium, µM ms⁻¹.

    mean     of the whole terminal, with its buffers in equilibrium
    largest  of one control volume, before buffers and neighbours take their part; of a typed state of one without pore:
             beside a pore it would be the larger the smaller the control volume is, without a limit
    at       µm, where that is
    current  of all channels in a typed state, pA in the whole terminal; 0 in a rest that was found
    flow     sizes of what each control volume and each store gains or loses, added up and per volume of cytosol, as if
             nothing were buffered
    """

    mean: float
    largest: float
    at: tuple[float, float, float]
    flow: float
    current: float = 0.0

    def matters(self, level: float) -> bool:
        """Whether it is more than what is no drift at all, at a level of calcium in µM."""
        return self.flow > STILL * max(level, LEAST_REST)

    def shows(self, duration: float, tolerance: float, level: float) -> bool:
        """Whether it may be more than the tolerance of a run from a level in µM, when that ends, at a time in ms."""
        return self.flow * duration > tolerance * level


def typed_drift(compartment: Compartment, cells: np.ndarray, rates: np.ndarray) -> Drift:
    """That of the state which the model says.

    cells, rates  control volumes under channels (k,), and what these bring there, (k,) µM ms⁻¹
    """
    return drift_at(compartment, compartment.typed, cells, rates)


def drift_at(compartment: Compartment, level: Level, cells: np.ndarray, rates: np.ndarray) -> Drift:
    """That of a state in which calcium is the same everywhere: only surfaces and channels change it."""
    made, calcium = compartment.system.discretization, level.calcium
    (change, pores, stored), flow = np.zeros((3, made.size)), 0.0
    pores[cells] += rates
    for patch, one in zip(compartment.patches, compartment.settled, strict=True):
        lumen = level.lumens.get(patch.mechanism.name, 0.0)
        flux = float(one.flux(np.array([calcium]), lumen)[0])
        if patch.mechanism.store is None:
            np.subtract.at(pores if one.lets_in else change, patch.volumes, patch.weights * flux)
        else:  # which changes, whatever else takes or brings the same there
            np.subtract.at(stored, patch.volumes, patch.weights * flux)
            flow += abs(flux) * float(patch.extents.sum())
    flow += float(made.volumes @ np.abs(change + pores))
    change += stored
    current = compartment.model.copies * float(made.volumes @ pores) / AMOUNT_PER_CHARGE
    elsewhere = np.where(pores, 0.0, change)
    return replace(drift_of(compartment, calcium, elsewhere, change + pores, flow), current=current)


def drift_of(compartment: Compartment, calcium: float, change: np.ndarray, gained: np.ndarray, flow: float) -> Drift:
    """That of rates in all control volumes.

    calcium  on average over the cytosol, µM
    change   of free calcium, (n,) µM ms⁻¹
    gained   of free and bound calcium, (n,) µM ms⁻¹
    flow     sizes of what each control volume and each store gains or loses, added up, µM µm³ ms⁻¹
    """
    made, volume = compartment.system.discretization, compartment.volume
    mean = float(made.part_volumes(0) @ gained) / volume / capacity(compartment, calcium)
    worst = int(np.abs(change).argmax())
    x, y, z = made.centres[worst].tolist()
    return Drift(mean, float(change[worst]), (x, y, z), flow / volume)


def capacity(compartment: Compartment, calcium: float) -> float:
    """1 + κ: by how much all calcium of the cytosol rises with free calcium at a level in µM, buffers at rest."""
    more = calcium + NUDGE * max(calcium, LEAST_REST)
    chemistries = [chemistry_at(compartment.model, level) for level in (more, calcium)]
    totals = [float(each.calcium_content @ (each.rest * compartment.filled)) for each in chemistries]
    return (totals[0] - totals[1]) / (chemistries[0].rest[CALCIUM] - calcium)
