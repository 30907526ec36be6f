"""What a terminal comes to before anything happens: what flows at rest, and the level at which that is in balance."""

from rdcalcium.resting.compartment import Compartment, Level, NoRestError, spreading
from rdcalcium.resting.drift import Drift, drift_at, drift_of, typed_drift
from rdcalcium.resting.inflow import resting_currents, resting_sources

__all__ = [
    "Compartment",
    "Drift",
    "Level",
    "NoRestError",
    "drift_at",
    "drift_of",
    "resting_currents",
    "resting_sources",
    "spreading",
    "typed_drift",
]
