"""A Model on a Discretization: packed fields, reactions between them, sources and probes; numbers only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.discretization import Discretization, PointWeights
from rdcalcium.model import Buffer, Model
from rdcalcium.units import AMOUNT_PER_CHARGE

CALCIUM = 0  # the field of free calcium


@dataclass(frozen=True)
class Field:
    """One concentration that is computed in every control volume.

    name         "Ca", or "buffer.state"
    diffusivity  µm² ms⁻¹
    rest         µM, before the stimulus
    calcium      ions of calcium in each molecule
    """

    name: str
    diffusivity: float
    rest: float
    calcium: int


@dataclass(frozen=True)
class FreeForm:
    """What is left of a buffer: total minus its other states, with which it shares one diffusivity.

    total   µM
    others  fields to subtract
    """

    total: float
    others: tuple[int, ...]


State = int | FreeForm


@dataclass(frozen=True)
class Reaction:
    """Mass action, source (+ Ca) ⇌ target, with flux forward · [Ca] · source - backward · target in µM ms⁻¹.

    binds     whether calcium takes part in the forward step
    forward   µM⁻¹ ms⁻¹ if calcium binds, else ms⁻¹
    backward  ms⁻¹
    source, target  a field, or the free form of the buffer
    """

    label: str
    binds: bool
    forward: float
    backward: float
    source: State
    target: State

    @property
    def product(self) -> int:
        """A field whose diffusivity is that of the buffer."""
        return self.target if isinstance(self.target, int) else self.target.others[0]


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
class System:
    """Everything that a backend needs to know, as arrays and numbers."""

    discretization: Discretization
    fields: tuple[Field, ...]
    reactions: tuple[Reaction, ...]
    totals: dict[str, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Fields and control volumes: the shape of the state."""
        return len(self.fields), self.discretization.size

    @property
    def diffusivity(self) -> np.ndarray:
        """Diffusivity of each field, (fields,) µm² ms⁻¹."""
        return np.array([f.diffusivity for f in self.fields])

    @property
    def rest(self) -> np.ndarray:
        """Resting level of each field, (fields,) µM."""
        return np.array([f.rest for f in self.fields])

    @property
    def calcium_content(self) -> np.ndarray:
        """Calcium ions in each molecule of each field, (fields,)."""
        return np.array([f.calcium for f in self.fields])

    def index(self, name: str) -> int:
        """Position of a field by its name."""
        return [f.name for f in self.fields].index(name)

    @property
    def mobile_capture(self) -> float:
        """Rate at which mobile buffers at rest take up calcium, Σ k_on [free form], ms⁻¹."""
        binding = [r for r in self.reactions if r.binds and self.diffusivity[r.product] > 0]
        return sum(r.forward * self._at_rest(r.source) for r in binding)

    def _at_rest(self, state: State) -> float:
        if isinstance(state, FreeForm):
            return state.total - float(self.rest[list(state.others)].sum())
        return float(self.rest[state])

    def stiffness(self, calcium: float) -> float:
        """Bound on the spectral radius of the Jacobian, ms⁻¹, while [Ca] stays below `calcium` (µM).

        Diffusion plus, for the reactions, Σ k_on B_total + max over buffers of Σ (k_on [Ca] + k_off).
        """
        per_buffer: dict[str, float] = {}
        capture = 0.0
        for r in self.reactions:
            buffer = r.label.rpartition(".")[0]
            ligand = calcium if r.binds else 1.0
            per_buffer[buffer] = per_buffer.get(buffer, 0.0) + r.forward * ligand + r.backward
            capture += r.forward * self.totals[buffer] if r.binds else 0.0
        diffusion = float(self.diffusivity.max()) * self.discretization.radius
        return diffusion + capture + max(per_buffer.values(), default=0.0)


def build_system(model: Model, discretization: Discretization) -> System:
    """Pack the fields and reactions of a model: calcium first, then the bound states of each buffer."""
    fields = [Field("Ca", model.calcium.diffusivity, model.calcium.rest, 1)]
    reactions: list[Reaction] = []
    magnesium = model.magnesium.free if model.magnesium else 0.0
    for buffer in model.buffers:
        added, steps = _pack_buffer(buffer, len(fields), model.calcium.rest, magnesium)
        fields += added
        reactions += steps
    totals = {b.name: b.total for b in model.buffers}
    return System(discretization, tuple(fields), tuple(reactions), totals)


def _pack_buffer(buffer: Buffer, first: int, calcium: float, magnesium: float) -> tuple[list[Field], list[Reaction]]:
    """Fields and reactions of one buffer; its first state is total minus the others and needs no field."""
    scheme = buffer.kinetics()
    content = scheme.bound("Ca")
    occupancy = scheme.equilibrium(0.0, calcium, magnesium)
    bound = scheme.states[1:]
    fields = [
        Field(f"{buffer.name}.{state}", buffer.diffusivity, buffer.total * p, content[state])
        for state, p in zip(bound, occupancy[1:], strict=True)
    ]
    place: dict[str, State] = {state: first + i for i, state in enumerate(bound)}
    place[scheme.states[0]] = FreeForm(buffer.total, tuple(range(first, first + len(bound))))
    reactions = []
    for step, (forward, backward) in zip(scheme.transitions, scheme.rates(), strict=True):
        clamped = magnesium if step.ligand == "Mg" else 1.0
        reactions.append(
            Reaction(
                label=f"{buffer.name}.{step.source}->{step.target}",
                binds=step.ligand == "Ca",
                forward=float(forward) * clamped,
                backward=float(backward),
                source=place[step.source],
                target=place[step.target],
            )
        )
    return fields, reactions


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
        share = _computed_share(points, planes)
        counts[g] = share.sum()
        found: PointWeights = discretization.locator.source_weights(points)
        amount = found.weights * share[:, None] * AMOUNT_PER_CHARGE
        place = (found.indices.ravel(), np.full(found.indices.size, g))
        amounts = amounts + csr_array((amount.ravel(), place), shape=amounts.shape)
    cells = np.flatnonzero(abs(amounts).sum(axis=1))
    return Sources(cells, amounts[cells].toarray() / discretization.volumes[cells, None], counts)


def missed_near_pores(
    groups: Sequence[np.ndarray], planes: Sequence[tuple[int, float]], points: np.ndarray, system: System
) -> np.ndarray:
    """Calcium at points that the control volumes miss, for each group, (points, groups) µM per pA of each channel.

    Within microseconds of a change of the current calcium near a pore is at its steady state, and only the
    singular field of the pore itself is wrong on the cells; see discretization/near_field.py.
    """
    missed = np.zeros((len(points), len(groups)))
    diffusivity = system.fields[CALCIUM].diffusivity
    if diffusivity == 0:
        return missed
    kappa = float(np.sqrt(system.mobile_capture / diffusivity))
    for g, pores in enumerate(groups):
        if len(points) and len(pores):
            field = system.discretization.locator.missed(points, pores, kappa)
            missed[:, g] = field @ _computed_share(pores, planes)
    return missed * AMOUNT_PER_CHARGE / diffusivity


def _computed_share(points: np.ndarray, planes: Sequence[tuple[int, float]]) -> np.ndarray:
    """Share of the current of each channel that enters the computed part: half of it for one on a mirror plane."""
    on_plane = sum(np.abs(points[:, axis] - at) < 1e-9 for axis, at in planes)
    return 0.5 ** np.broadcast_to(on_plane, len(points))
