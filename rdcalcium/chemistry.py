"""What a model computes in every control volume: fields, and the reactions between them; numbers, and no place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import null_space

from rdcalcium.model import Buffer, Model, Pool
from rdcalcium.model.buffers import LIGHT
from rdcalcium.model.scheme import KineticScheme

CALCIUM = 0  # the field of free calcium
MAGNESIUM = 1  # that of free magnesium, where it is not clamped


@dataclass(frozen=True)
class Field:
    """One concentration that is computed in every control volume.

    name         "Ca", "Mg", or "buffer.state"
    diffusivity  µm² ms⁻¹
    rest         µM, before the stimulus; of a buffer that is not everywhere, where there is all of it
    calcium      ions of calcium in each molecule
    buffer       name of the buffer that it is a state of; none: it is a free ion
    magnesium    ions of magnesium in each molecule, where magnesium is a field
    everywhere   whether it is in all control volumes before the stimulus
    """

    name: str
    diffusivity: float
    rest: float
    calcium: int
    buffer: str = ""
    magnesium: int = 0
    everywhere: bool = True


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
    """Mass action, source (+ ligand) ⇌ target, with flux forward · [ligand] · source - backward · target in µM ms⁻¹.

    buffer    name of the buffer that reacts
    ligand    the field that takes part in the forward step; none: the buffer reacts alone, or with what is clamped
    forward   µM⁻¹ ms⁻¹ if a field binds, else ms⁻¹
    backward  ms⁻¹
    source, target  a field, or the free form of the buffer
    """

    buffer: str
    ligand: int | None
    forward: float
    backward: float
    source: State
    target: State


@dataclass(frozen=True)
class Photolysis:
    """What a flash of light does to one state of a cage, source → target.

    cage    name of the buffer
    source, target  a field, or the free form of the buffer
    rate    for a light of 1, ms⁻¹
    """

    cage: str
    source: State
    target: State
    rate: float


def concentration(state: State, y: np.ndarray) -> np.ndarray:
    """Concentration (µM) of a reactant where the fields are y: a field, or the total minus the buffer's other forms.

    y  (fields, …) µM; the answer has its precision
    """
    if isinstance(state, FreeForm):
        return y.dtype.type(state.total) - sum(y[i] for i in state.others)
    return y[state]


def reaction_flux(r: Reaction, y: np.ndarray) -> np.ndarray:
    """Flux of a reaction where the fields are y, k_f l s - k_b t, µM ms⁻¹, in their precision; l of the ligand."""
    real = y.dtype.type
    forward = concentration(r.source, y) * (real(1) if r.ligand is None else y[r.ligand])
    return real(r.forward) * forward - real(r.backward) * concentration(r.target, y)


@dataclass(frozen=True)
class Chemistry:
    """Fields, calcium first, the reactions between them, and the total (µM) of the largest pool of each buffer."""

    fields: tuple[Field, ...]
    reactions: tuple[Reaction, ...] = ()
    totals: tuple[tuple[str, float], ...] = ()
    photolysis: tuple[Photolysis, ...] = ()

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

    @property
    def magnesium_content(self) -> np.ndarray:
        """Magnesium ions in each molecule of each field, (fields,); none where magnesium is clamped."""
        return np.array([f.magnesium for f in self.fields])

    @property
    def stoichiometry(self) -> np.ndarray:
        """What one unit of each reaction adds to each field, (fields, reactions)."""
        changes = np.zeros((len(self.fields), len(self.reactions)))
        for i, r in enumerate(self.reactions):
            for field, sign in ((r.ligand, -1), (r.source, -1), (r.target, 1)):
                if isinstance(field, int):
                    changes[field, i] += sign
        return changes

    @cached_property
    def conserved(self) -> np.ndarray:
        """What no reaction changes besides calcium, (quantities, fields): sums of fields without free calcium.

        Of magnesium, and of each buffer whose free form is a field; an orthonormal basis of them.
        """
        return self._conserved(np.eye(len(self.fields))[:1])

    @cached_property
    def kept_in_place(self) -> np.ndarray:
        """What neither reactions nor diffusion change anywhere, of fields that do not move; (quantities, fields)."""
        return self._conserved(np.eye(len(self.fields))[self.diffusivity > 0])

    @cached_property
    def spread(self) -> np.ndarray:
        """The part of what is conserved besides calcium that is not kept in place, (quantities, fields)."""
        return self._conserved(np.vstack([np.eye(len(self.fields))[:1], self.kept_in_place]))

    def _conserved(self, normal_to: np.ndarray) -> np.ndarray:
        """An orthonormal basis of the sums of fields that no reaction changes, normal to some others."""
        return np.asarray(null_space(np.vstack([self.stoichiometry.T, normal_to])).T)

    def stiffness(self, calcium: float, radius: float) -> float:
        """Bound on the spectral radius of the Jacobian, ms⁻¹, while [Ca] stays below `calcium` (µM).

        Diffusion plus, for the reactions, Σ k_on B_total + max over buffers of Σ (k_on [Ca] + k_off).

        radius  bound on the spectral radius of the discrete Laplacian, µm⁻²
        """
        steady, binding = self.stiffness_terms(radius)
        return steady + float((binding[:, 0] * calcium + binding[:, 1]).max(initial=0.0))

    def stiffness_terms(self, radius: float) -> tuple[float, np.ndarray]:
        """Its part that does not depend on calcium (ms⁻¹), and of each buffer Σ k_on and Σ k_off, (buffers, 2).

        Magnesium stays below all that there is of it at rest, free and bound.
        """
        totals, magnesium = dict(self.totals), float(self.magnesium_content @ self.rest)
        per_buffer = {name: [0.0, 0.0] for name in totals}
        capture = 0.0
        for r in self.reactions:
            rates = per_buffer[r.buffer]
            rates[0] += r.forward if r.ligand == CALCIUM else 0.0
            rates[1] += r.backward + r.forward * {CALCIUM: 0.0, None: 1.0}.get(r.ligand, magnesium)
            capture += 0.0 if r.ligand is None else r.forward * totals[r.buffer]
        diffusion = float(self.diffusivity.max()) * radius
        return diffusion + capture, np.array([*per_buffer.values()]).reshape(-1, 2)

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """Derivative of the rates of all reactions by each field, (fields, fields, …) ms⁻¹: of which, by which, where.

        y  (fields, …) µM, at one state or at many
        """
        jacobian = np.zeros((len(self.fields), *y.shape))
        for r in self.reactions:
            slope = np.zeros(y.shape)
            ligand = np.ones(y.shape[1:]) if r.ligand is None else y[r.ligand]
            slope += np.multiply.outer(self._indicator(r.source), r.forward * ligand)
            slope -= np.multiply.outer(self._indicator(r.target), np.full(y.shape[1:], r.backward))
            if r.ligand is not None:
                slope[r.ligand] += r.forward * concentration(r.source, y)
                jacobian[r.ligand] -= slope
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
        rest = self.rest
        return sum(
            r.forward * (1.0 if r.ligand is None else float(rest[r.ligand])) * self._at_rest(r.source)
            for r in self.reactions
        )

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
        return sum(r.forward * self._at_rest(r.source) for r in reactions if r.ligand == CALCIUM)

    def _at_rest(self, state: State) -> float:
        """Concentration (µM) of a reactant before the stimulus."""
        return float(concentration(state, self.rest))


def build_chemistry(model: Model) -> Chemistry:
    """The fields and reactions of a model: calcium first, magnesium if it moves, then the states of each buffer."""
    fields = [Field("Ca", model.calcium.diffusivity, model.calcium.rest, 1)]
    if model.magnesium and model.magnesium.diffusivity is not None:
        fields.append(Field("Mg", model.magnesium.diffusivity, model.magnesium.free, 0, magnesium=1))
    ions = Ions(model.calcium.rest, model.magnesium.free if model.magnesium else 0.0, moving=len(fields) > MAGNESIUM)
    reactions: list[Reaction] = []
    photolysis: list[Photolysis] = []
    for buffer in model.buffers:
        for pool in buffer.pools():
            added, place = _pack_pool(buffer, pool, len(fields), ions)
            fields += added
            reactions += _reactions(buffer.name, pool.scheme, place, ions)
            driven = {(a, b): rate for (a, b), rate in buffer.photolysis().items() if a in place}
            photolysis += [Photolysis(buffer.name, place[a], place[b], rate) for (a, b), rate in driven.items()]
    totals = tuple((b.name, max(pool.total for pool in b.pools())) for b in model.buffers)
    return Chemistry(tuple(fields), tuple(reactions), totals, tuple(photolysis))


@dataclass(frozen=True)
class Ions:
    """Free calcium and magnesium at rest, µM, and whether magnesium is a field: if not, it is clamped."""

    calcium: float
    magnesium: float
    moving: bool


def _pack_pool(buffer: Buffer, pool: Pool, first: int, ions: Ions) -> tuple[list[Field], dict[str, State]]:
    """Fields of one pool of a buffer, which are numbered from `first` on, and which of them each state is.

    Where all states move alike, and the total is the same everywhere, it stays so: then the first state is that total
    minus the others, and needs no field.
    """
    scheme, of_each = pool.scheme, buffer.diffusivities
    diffusivity = {state: of_each[state] for state in scheme.states}
    calcium, magnesium = scheme.bound("Ca"), scheme.bound("Mg")
    occupancy = dict(zip(scheme.states, scheme.equilibrium(0.0, ions.calcium, ions.magnesium), strict=True))
    spread_evenly = buffer.where is None and len({*diffusivity.values()}) == 1
    states = scheme.states[1:] if spread_evenly else scheme.states
    fields = [
        Field(
            name=f"{buffer.name}.{state}",
            diffusivity=diffusivity[state],
            rest=pool.total * float(occupancy[state]),
            calcium=calcium[state],
            buffer=buffer.name,
            magnesium=magnesium[state] if ions.moving else 0,
            everywhere=buffer.where is None,
        )
        for state in states
    ]
    place: dict[str, State] = {state: first + i for i, state in enumerate(states)}
    if spread_evenly:
        place[scheme.states[0]] = FreeForm(pool.total, tuple(range(first, first + len(states))))
    return fields, place


def _reactions(buffer: str, scheme: KineticScheme, place: Mapping[str, State], ions: Ions) -> Iterator[Reaction]:
    """One for each transition that goes on in the dark; its states are found by `place`."""
    binding = {"Ca": CALCIUM, "Mg": MAGNESIUM if ions.moving else None, None: None}
    for step, (forward, backward) in zip(scheme.transitions, scheme.rates(), strict=True):
        if LIGHT in step.forward.names:
            continue
        clamped = ions.magnesium if step.ligand == "Mg" and not ions.moving else 1.0
        yield Reaction(
            buffer=buffer,
            ligand=binding[step.ligand],
            forward=float(forward) * clamped,
            backward=float(backward),
            source=place[step.source],
            target=place[step.target],
        )
