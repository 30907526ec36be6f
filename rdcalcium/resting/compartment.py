"""The terminal as one well-mixed compartment: calcium at which as much leaves as enters it, and no store gains any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from rdcalcium.chemistry import Chemistry
from rdcalcium.errors import RdcalciumError
from rdcalcium.model import Model
from rdcalcium.model.region import LumenRegion
from rdcalcium.patches.base import BOUND
from rdcalcium.patches.settled import Settled, UnsettledError, balance, settle
from rdcalcium.resting.inflow import on_average, resting_sources
from rdcalcium.system import System, chemistry_at
from rdcalcium.units import AMOUNT_PER_CHARGE

HIGHEST = 1000.0  # µM of calcium at rest, which no terminal survives


class NoRestError(RdcalciumError):
    """A terminal that rests nowhere, or only when it is empty."""


@dataclass(frozen=True)
class Level:
    """Where a compartment rests.

    calcium  free, µM
    lumens   free calcium of each store by its name, µM
    """

    calcium: float
    lumens: dict[str, float] = field(default_factory=dict)


class Compartment:
    """A model whose calcium is the same everywhere: its balance has one unknown, and each store one more.

    system    in which channels that calcium opens by chance do what they do on average
    typed     where the model says that it rests
    patches   those that the cytosol sees
    settled   the same in the voltage before the stimulus, each as one site
    entering  through channels, µM µm³ ms⁻¹
    volume    of the cytosol, µm³
    """

    def __init__(self, model: Model, system: System):
        self.model, self.system = model, on_average(model, system)
        self.patches = tuple(patch for patch in self.system.patches.patches if not patch.inside)
        self.settled = [one.lumped for one in settle(self.patches)]
        self.stores = [one for one in self.settled if one.patch.mechanism.store is not None]
        cells, rates = resting_sources(model, system.discretization)
        self.volume = system.discretization.total_volume
        self.entering = float(system.discretization.volumes[cells] @ rates)
        lumens = {one.patch.mechanism.name: one.typed_lumen for one in self.stores}
        self.typed = Level(model.calcium.rest, lumens | dict(system.stored))

    def leaving(self, calcium: float) -> float:
        """What leaves the terminal through patches less what enters through them, µM µm³ ms⁻¹; calcium in µM."""
        return sum((_taken(one, calcium) for one in self.settled if one.takes), 0.0)

    def rest(self) -> Level:
        """Where it rests; NoRestError where it does not."""
        for name in spreading(self.model):
            raise NoRestError(f"buffer {name!r} spreads from where it is")
        try:
            calcium = self._closed() if self._is_closed else self._open()
            return Level(calcium, self._lumens(calcium))
        except UnsettledError as error:
            raise NoRestError(f"{error}") from None

    @property
    def _is_closed(self) -> bool:
        """Whether nothing leaves nor enters."""
        return not any(one.takes for one in self.settled) and not self.entering

    def _open(self) -> float:
        """Calcium at which as much leaves as enters, µM."""
        excess = self.entering - self.leaving(self.typed.calcium)
        if not any(one.pumps and one.takes for one in self.settled):
            current = self.model.copies * excess / AMOUNT_PER_CHARGE
            raise NoRestError(f"{current:.3g} pA of calcium enters before the stimulus, and nothing takes it out")
        found = balance(lambda c: self.entering - self.leaving(c), self.typed.calcium, HIGHEST)
        if found is None and excess > 0:
            raise NoRestError("calcium enters before the stimulus faster than all pumps together take it out")
        if found is None:
            raise NoRestError("pumps take calcium out, nothing brings it in, and only an empty terminal would rest")
        return found

    def _closed(self) -> float:
        """Calcium at which it holds as much as the model says, with its stores in balance, µM."""
        there, first = self._content(self.typed, self.system.chemistry), self._lumens(self.typed.calcium)

        def excess(calcium: float) -> float:
            lumens = first if calcium == self.typed.calcium else self._lumens(calcium)
            return there - self._content(Level(calcium, lumens), chemistry_at(self.model, calcium, lumens))

        lacks = excess(self.typed.calcium)
        try:
            found = balance(excess, self.typed.calcium, HIGHEST)
        except UnsettledError:
            found = None
        if found is None:
            much = "let out more calcium than the terminal can hold" if lacks > 0 else "take up all calcium"
            raise NoRestError(f"the stores {much} before they are in balance with the cytosol")
        return found

    def _content(self, level: Level, chemistry: Chemistry) -> float:
        """Calcium in the cytosol, in stores, and held by what moves it, µM µm³."""
        held = self.volume * float(chemistry.calcium_content @ (chemistry.rest * self.filled))
        for one in self.settled:
            mechanism, lumen = one.patch.mechanism, level.lumens.get(one.patch.mechanism.name, 0.0)
            if mechanism.rests is None:
                rows = one.rows(np.array([level.calcium]), lumen)[:, 0]
                bound = [row.account == BOUND for row in mechanism.rows]
                held += float(one.patch.extents.sum() * (mechanism.calcium[bound] @ rows[bound]))
            held += lumen / mechanism.store if mechanism.store and one.patch.holds_a_store else 0.0
        made = self.system.discretization
        inside = enumerate(self.system.stored, start=1)  # what buffers hold there is among the fields
        return held + sum(level.lumens[name] * float(made.part_volumes(number).sum()) for number, name in inside)

    @property
    def filled(self) -> np.ndarray:
        """Share of the cytosol in which each field is, (fields,)."""
        volumes, shares = self.system.discretization.volumes, self.system.shares
        filled = {name: float(volumes @ share) / self.volume for name, share in shares.items()}
        return np.array([filled.get(described.buffer, 1.0) for described in self.system.fields])

    def _lumens(self, calcium: float) -> dict[str, float]:
        at = {one.patch.mechanism.name: one for one in self.stores}
        return {name: one.lumen(np.array([calcium]), self.typed.lumens[name]) for name, one in at.items()}


def spreading(model: Model) -> Iterator[str]:
    """Names of buffers that spread from where they are before the stimulus."""
    for buffer in model.buffers:
        if buffer.where and not isinstance(buffer.where, LumenRegion) and any(buffer.diffusivities.values()):
            yield buffer.name


def _taken(one: Settled, calcium: float) -> float:
    """By all sites of a patch, µM µm³ ms⁻¹."""
    return float(one.patch.extents.sum() * one.flux(np.array([calcium]))[0])
