"""A Model on a Discretization: its chemistry in every control volume, and the sources; numbers only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.chemistry import CALCIUM, Chemistry, Field, build_chemistry
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.mirrors import computed_share, shared_sources
from rdcalcium.discretization.parts import share
from rdcalcium.model import Model
from rdcalcium.patches import Patches, build_patches
from rdcalcium.patches.quiet import Room
from rdcalcium.step_bound import StepBound
from rdcalcium.units import AMOUNT_PER_CHARGE


@dataclass(frozen=True)
class Sources:
    """Which control volumes receive the current of each channel group.

    cells   (k,)         distinct control volumes
    shares  (k, groups)  µM ms⁻¹ in the cell per pA of inward current of one channel of the group
    counts  (groups,)    channels of the computed part; one on a mirror plane counts by its share
    """

    cells: np.ndarray
    shares: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class Resting:
    """A state in which a terminal rests, where that is not what its model says.

    calcium  µM, with which the chemistry is in equilibrium
    sites    (size,) numbers of the patches
    fields   (fields, n) µM; none: the same everywhere, as the chemistry says
    lumens   free calcium in each store whose lumen has control volumes, by its name, µM
    """

    calcium: float
    sites: np.ndarray
    fields: np.ndarray | None = None
    lumens: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """Control volumes that nothing but patches joins to others: the cytosol, or the lumen of a store.

    number  0 the cytosol, 1 the first lumen, …; none: there are no lumens
    room    how fast calcium diffuses in it, and how large it is
    fields  whether each is there, (fields,)
    """

    number: int | None
    room: Room
    fields: np.ndarray


@dataclass(frozen=True)
class System:
    """Everything that a backend needs to know, as arrays and numbers.

    shares   name of each buffer that is not everywhere -> share of each control volume in which it is, (n,)
    stored   name of each store whose lumen has control volumes -> free calcium there at rest, µM
    resting  where it rests; none: as the model says
    """

    chemistry: Chemistry
    discretization: Discretization
    shares: Mapping[str, np.ndarray] = field(default_factory=dict)
    patches: Patches = field(default_factory=Patches)
    stored: Mapping[str, float] = field(default_factory=dict)
    resting: Resting | None = None

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is computed in every control volume."""
        return self.chemistry.fields

    @property
    def shape(self) -> tuple[int, int]:
        """Fields and control volumes: the shape of the state."""
        return len(self.fields), self.discretization.size

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The cytosol, and each lumen that has control volumes."""
        whole = Room(self.fields[CALCIUM].diffusivity, self.discretization.total_volume)
        if not self.stored:
            return (Part(None, whole, np.ones(len(self.fields), dtype=bool)),)
        return (Part(0, whole, self._in(0)), *(self._lumen(number) for number in range(1, len(self.stored) + 1)))

    def _lumen(self, number: int) -> Part:
        """That of this number, in which all moves as fast as calcium does, relative to the cytosol."""
        cells = self.discretization
        mobility = 1.0 if cells.mobility is None else float(cells.mobility[cells.parts == number].mean())
        room = Room(mobility * self.fields[CALCIUM].diffusivity, float(cells.part_volumes(number).sum()))
        return Part(number, room, self._in(number))

    def _in(self, number: int) -> np.ndarray:
        """Whether each field is in a part, (fields,)."""
        within = self.discretization.within(number)
        shares = [self.shares.get(described.buffer) for described in self.fields]
        return np.array([share is None or bool((share * within).any()) for share in shares])

    @property
    def rest(self) -> np.ndarray:
        """Every field before the stimulus, (fields, n) µM: calcium at rest, and buffers in equilibrium with it.

        Where another rest was found, that.
        """
        if self.resting is not None and self.resting.fields is not None:
            return self.resting.fields.copy()
        rest = np.repeat(self.chemistry.rest[:, None], self.shape[1], axis=1)
        for number, calcium in enumerate(self.stored.values(), start=1):
            rest[CALCIUM, self.discretization.parts == number] = calcium
        for level, described in zip(rest, self.fields, strict=True):
            if described.buffer in self.shares:
                level *= self.shares[described.buffer]
        return rest

    @property
    def sites_at_rest(self) -> np.ndarray:
        """The numbers of the patches before the stimulus, (size,)."""
        return self.patches.start if self.resting is None else self.resting.sites

    @property
    def lengths(self) -> list[int]:
        """How many numbers a state keeps of each field, then of each row of the patches."""
        fields, n = self.shape
        return [n] * fields + [len(segment.patch.volumes) for segment in self.patches.segments]

    @property
    def step_bound(self) -> StepBound:
        """How fast it can react."""
        return StepBound(self.chemistry, self.discretization.radius, self.patches)

    def stiffness(self, calcium: float) -> float:
        """Bound on the spectral radius of the Jacobian, ms⁻¹, while [Ca] stays below `calcium` (µM)."""
        return self.step_bound.at(calcium)


def build_system(model: Model, discretization: Discretization) -> System:
    """The fields and reactions of a model, on control volumes, and what sits on their surfaces."""
    limited = {buffer.name: buffer.where for buffer in model.buffers if buffer.where}
    shares = {name: share(model, discretization.space, where) for name, where in limited.items()}
    if model.lumens:
        cytosol = discretization.space.part(0)
        shares |= {buffer.name: cytosol for buffer in model.buffers if buffer.where is None}
    stored = {store.name: store.rest for store in model.stores if store.lumen}
    return System(build_chemistry(model), discretization, shares, build_patches(model, discretization), stored)


def chemistry_at(model: Model, calcium: float, lumens: Mapping[str, float] | None = None) -> Chemistry:
    """The fields and reactions of a model, with all buffers in equilibrium with another calcium at rest.

    calcium  in the cytosol, µM
    lumens   in stores whose lumen has control volumes, by their names, µM; none: as the model says
    """
    there = {store.name: store.rest for store in model.stores} | dict(lumens or {})
    stores = tuple(store.model_copy(update={"rest": there[store.name]}) for store in model.stores)
    resting = model.calcium.model_copy(update={"rest": calcium})
    return build_chemistry(model.model_copy(update={"calcium": resting, "stores": stores}))


def resting_at(model: Model, system: System, resting: Resting) -> System:
    """The system of a model that rests there."""
    chemistry = chemistry_at(model, resting.calcium, resting.lumens)
    return replace(system, chemistry=chemistry, resting=resting, stored=resting.lumens or system.stored)


def place_sources(
    groups: Sequence[np.ndarray], planes: Sequence[tuple[int, float]], discretization: Discretization
) -> Sources:
    """Share the currents of channel groups among control volumes, whole and centred on each pore.

    groups  positions of the channels of each group, (channels, 3) µm
    planes  mirror planes (axis, coordinate); of a channel on one, half the current enters the computed part
    """
    amounts = csr_array((discretization.size, len(groups)))
    counts = np.zeros(len(groups))
    for g, points in enumerate(groups):
        counts[g] = computed_share(points, planes).sum()
        cells, amount = _amounts(points, planes, discretization)
        amounts = amounts + csr_array((amount.ravel(), (cells.ravel(), np.full(cells.size, g))), shape=amounts.shape)
    cells = np.flatnonzero(abs(amounts).sum(axis=1))
    return Sources(cells, amounts[cells].toarray() / discretization.volumes[cells, None], counts)


def place_channels(
    points: np.ndarray, planes: Sequence[tuple[int, float]], discretization: Discretization, cells: np.ndarray
) -> csr_array:
    """The same for every channel of a group by itself, (cells, channels) µM ms⁻¹ per pA.

    cells  control volumes of `place_sources`
    """
    found, amount = _amounts(points, planes, discretization)
    channel, corner = np.nonzero(amount)
    found, amount = found[channel, corner], amount[channel, corner]
    place = (np.searchsorted(cells, found), channel)
    return csr_array((amount / discretization.volumes[found], place), shape=(len(cells), len(points)))


def _amounts(
    points: np.ndarray, planes: Sequence[tuple[int, float]], discretization: Discretization
) -> tuple[np.ndarray, np.ndarray]:
    """Control volumes of each channel, and what they get of its 1 pA, µM µm³ ms⁻¹; both (channels, corners)."""
    cells, shares = shared_sources(points, planes, discretization)
    return cells, shares * AMOUNT_PER_CHARGE
