"""What enters through channels before the stimulus: gates may be open then, and other currents are a stimulus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rdcalcium.discretization import Discretization
from rdcalcium.model import Channels, GatedCurrent, Model
from rdcalcium.patches import Patches
from rdcalcium.patches.pores import pore_patches
from rdcalcium.system import System, place_sources


def resting_currents(model: Model) -> np.ndarray:
    """Current of one channel of each group on average, (groups,) pA: p_open i at the voltage before the stimulus.

    Of a gate that senses calcium zero: patches bring in what enters through it.
    """
    return np.array([_resting(group, model) for group in model.channels_within])


def _resting(group: Channels, model: Model) -> float:
    law, stimulus = group.current, model.stimulus
    if not isinstance(law, GatedCurrent) or stimulus is None or group.openings or group.follows_calcium:
        return 0.0
    is_open = group.kinetics().equilibrium(stimulus.at_rest)[group.open_mask].sum()
    return float(law.inward(np.array(is_open), np.array(stimulus.at_rest)))


def resting_sources(model: Model, discretization: Discretization) -> tuple[np.ndarray, np.ndarray]:
    """Control volumes under channels (k,), and the rate of change of calcium there, (k,) µM ms⁻¹."""
    currents = resting_currents(model)
    if not currents.any():
        return np.empty(0, dtype=np.int64), np.empty(0)
    sources = place_sources(model.pores(), [*model.geometry.mirrors.items()], discretization)
    return sources.cells, sources.shares @ currents


def on_average(model: Model, system: System) -> System:
    """With patches too, behind the others, of channels that open by chance in their calcium: what they let in then."""
    more = [*pore_patches(model, system.discretization, of="drawn")]
    patches, stiffnesses = system.patches.patches, system.patches.stiffnesses
    both = Patches((*patches, *(patch for patch, _ in more)), (*stiffnesses, *(stiffness for _, stiffness in more)))
    return replace(system, patches=both) if more else system
