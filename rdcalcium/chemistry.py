"""What a model computes in every control volume: fields, and the reactions between them; numbers, and no place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rdcalcium.model import Buffer, Model

CALCIUM = 0  # the field of free calcium


@dataclass(frozen=True)
class Field:
    """One concentration that is computed in every control volume.

    name         "Ca", or "buffer.state"
    diffusivity  µm² ms⁻¹
    rest         µM, before the stimulus
    calcium      ions of calcium in each molecule
    buffer       name of the buffer that it is a state of; none: it is free calcium
    """

    name: str
    diffusivity: float
    rest: float
    calcium: int
    buffer: str = ""


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

    buffer    name of the buffer that reacts
    binds     whether calcium takes part in the forward step
    forward   µM⁻¹ ms⁻¹ if calcium binds, else ms⁻¹
    backward  ms⁻¹
    source, target  a field, or the free form of the buffer
    """

    buffer: str
    binds: bool
    forward: float
    backward: float
    source: State
    target: State


def concentration(state: State, y: np.ndarray) -> np.ndarray:
    """Concentration (µM) of a reactant where the fields are y: a field, or the total minus the buffer's other forms.

    y  (fields, …) µM; the answer has its precision
    """
    if isinstance(state, FreeForm):
        return y.dtype.type(state.total) - sum(y[i] for i in state.others)
    return y[state]


def reaction_flux(r: Reaction, y: np.ndarray) -> np.ndarray:
    """Flux of a reaction where the fields are y, k_f c s - k_b t, µM ms⁻¹, in their precision."""
    real = y.dtype.type
    forward = concentration(r.source, y) * (y[CALCIUM] if r.binds else real(1))
    return real(r.forward) * forward - real(r.backward) * concentration(r.target, y)


@dataclass(frozen=True)
class Chemistry:
    """Fields, calcium first, the reactions between them, and the total (µM) of each buffer."""

    fields: tuple[Field, ...]
    reactions: tuple[Reaction, ...] = ()
    totals: tuple[tuple[str, float], ...] = ()

    @property
    def diffusivity(self) -> np.ndarray:
        """Diffusivity of each field, (fields,) µm² ms⁻¹."""
        return np.array([f.diffusivity for f in self.fields])

    @property
    def moving(self) -> int:
        """How many fields diffuse."""
        return int(np.count_nonzero(self.diffusivity))

    @property
    def rest(self) -> np.ndarray:
        """Resting level of each field, (fields,) µM."""
        return np.array([f.rest for f in self.fields])

    @property
    def calcium_content(self) -> np.ndarray:
        """Calcium ions in each molecule of each field, (fields,)."""
        return np.array([f.calcium for f in self.fields])

    def stiffness(self, calcium: float, radius: float) -> float:
        """Bound on the spectral radius of the Jacobian, ms⁻¹, while [Ca] stays below `calcium` (µM).

        Diffusion plus, for the reactions, Σ k_on B_total + max over buffers of Σ (k_on [Ca] + k_off).

        radius  bound on the spectral radius of the discrete Laplacian, µm⁻²
        """
        steady, binding = self.stiffness_terms(radius)
        return steady + float((binding[:, 0] * calcium + binding[:, 1]).max(initial=0.0))

    def stiffness_terms(self, radius: float) -> tuple[float, np.ndarray]:
        """Its part that does not depend on calcium (ms⁻¹), and of each buffer Σ k_on and Σ k_off, (buffers, 2)."""
        totals = dict(self.totals)
        per_buffer = {name: [0.0, 0.0] for name in totals}
        capture = 0.0
        for r in self.reactions:
            rates = per_buffer[r.buffer]
            rates[0] += r.forward if r.binds else 0.0
            rates[1] += r.backward if r.binds else r.forward + r.backward
            capture += r.forward * totals[r.buffer] if r.binds else 0.0
        diffusion = float(self.diffusivity.max()) * radius
        return diffusion + capture, np.array([*per_buffer.values()]).reshape(-1, 2)

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """Derivative of the rates of all reactions by each field, (fields, fields, …) ms⁻¹: of which, by which, where.

        y  (fields, …) µM, at one state or at many
        """
        jacobian = np.zeros((len(self.fields), *y.shape))
        for r in self.reactions:
            slope = np.zeros(y.shape)
            ligand = y[CALCIUM] if r.binds else np.ones(y.shape[1:])
            slope += np.multiply.outer(self._indicator(r.source), r.forward * ligand)
            slope -= np.multiply.outer(self._indicator(r.target), np.full(y.shape[1:], r.backward))
            if r.binds:
                slope[CALCIUM] += r.forward * concentration(r.source, y)
                jacobian[CALCIUM] -= slope
            for state, sign in ((r.source, -1), (r.target, 1)):
                if not isinstance(state, FreeForm):
                    jacobian[state] += sign * slope
        return jacobian

    def _indicator(self, state: State) -> np.ndarray:
        """Derivative of a reactant by each field."""
        slope = np.zeros(len(self.fields))
        if isinstance(state, FreeForm):
            slope[list(state.others)] = -1.0
        else:
            slope[state] = 1.0
        return slope

    @property
    def turnover(self) -> float:
        """Rate at which all reactions go forward at rest, and as fast back, µM ms⁻¹."""
        calcium = float(self.rest[CALCIUM])
        return sum(r.forward * (calcium if r.binds else 1.0) * self._at_rest(r.source) for r in self.reactions)

    def lowest(self, y: np.ndarray) -> float:
        """Lowest concentration of any reactant, where the fields are y (fields, …) µM."""
        free = {state for r in self.reactions for state in (r.source, r.target) if isinstance(state, FreeForm)}
        return float(min([y.min(), *(concentration(state, y).min() for state in free)]))

    def capture_rate(self, buffer: str) -> float:
        """Rate at which a buffer at rest takes up calcium, Σ k_on [free form], ms⁻¹."""
        return self._capture(r for r in self.reactions if r.buffer == buffer)

    @property
    def capture(self) -> float:
        """Rate at which all buffers at rest take up calcium, ms⁻¹."""
        return self._capture(self.reactions)

    def _capture(self, reactions: Iterable[Reaction]) -> float:
        return sum(r.forward * self._at_rest(r.source) for r in reactions if r.binds)

    def _at_rest(self, state: State) -> float:
        """Concentration (µM) of a reactant before the stimulus."""
        return float(concentration(state, self.rest))


def build_chemistry(model: Model) -> Chemistry:
    """The fields and reactions of a model: calcium first, then the bound states of each buffer."""
    fields = [Field("Ca", model.calcium.diffusivity, model.calcium.rest, 1)]
    reactions: list[Reaction] = []
    magnesium = model.magnesium.free if model.magnesium else 0.0
    for buffer in model.buffers:
        added, steps = _pack_buffer(buffer, len(fields), model.calcium.rest, magnesium)
        fields += added
        reactions += steps
    return Chemistry(tuple(fields), tuple(reactions), tuple((b.name, b.total) for b in model.buffers))


def _pack_buffer(buffer: Buffer, first: int, calcium: float, magnesium: float) -> tuple[list[Field], list[Reaction]]:
    """Fields and reactions of one buffer; its first state is total minus the others and needs no field."""
    scheme = buffer.kinetics()
    content = scheme.bound("Ca")
    occupancy = scheme.equilibrium(0.0, calcium, magnesium)
    bound = scheme.states[1:]
    fields = [
        Field(f"{buffer.name}.{state}", buffer.diffusivity, buffer.total * p, content[state], buffer.name)
        for state, p in zip(bound, occupancy[1:], strict=True)
    ]
    place: dict[str, State] = {state: first + i for i, state in enumerate(bound)}
    place[scheme.states[0]] = FreeForm(buffer.total, tuple(range(first, first + len(bound))))
    reactions = []
    for step, (forward, backward) in zip(scheme.transitions, scheme.rates(), strict=True):
        clamped = magnesium if step.ligand == "Mg" else 1.0
        reactions.append(
            Reaction(
                buffer=buffer.name,
                binds=step.ligand == "Ca",
                forward=float(forward) * clamped,
                backward=float(backward),
                source=place[step.source],
                target=place[step.target],
            )
        )
    return fields, reactions
